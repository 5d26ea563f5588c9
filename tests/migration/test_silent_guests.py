"""A guest that was announced long after its stream, or by nobody: what tells that it stopped with it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, journal, moves_of, stream, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guest import silent_guests
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.outcome import judge_outcome
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.by_address import rows_of_each
from vmpcap.migration.stories import Story
from vmpcap.migration.story import tell
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.wire import TCP_ACK, TCP_RST, TCP_SYN
from vmpcap.verdicts.guest_rules import announcement_reached_destination, guest_reachable_after, switchover
from vmpcap.verdicts.profile import load_profile

BEGINS, LASTS = 5 * S, 1.0
ENDS = BEGINS + S
BACK = ENDS + 3 * S
"""A stun of three seconds."""


def talk(*times: int, skip: int = 0, after: int = TCP_ACK) -> JournalColumns:
    """The guest's segments of one connection, a hundred bytes each; `skip` bytes are missing before those after."""
    made = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    late = np.array(times) >= BACK
    return made._replace(
        ip_protocol=np.full(len(times), 6, np.uint8),
        src_port=np.full(len(times), 2049, np.uint16),
        dst_port=np.full(len(times), 40_000, np.uint16),
        tcp_seq=(100 * np.arange(len(times)) + skip * late).astype(np.uint32),
        payload_bytes=np.full(len(times), 100, np.int32),
        tcp_flags=np.where(late, after, TCP_ACK).astype(np.uint16),
    )


BEFORE = tuple(range(0, ENDS - 40 * MS, 100 * MS))
AFTER = tuple(range(BACK + 10 * MS, BACK + S, 100 * MS))


def seen(rows: JournalColumns, **more: object) -> list[PointView]:
    """A point with the stream, one with the guest, which its host announces three seconds after the stream."""
    series = (announced(BACK, BACK + S, schedule="esxi"),)
    return [view("src", streams=(stream(BEGINS, LASTS),)), view("lan", series=series, journal=rows, **more)]


def joined(views: list[PointView]) -> Moved:
    (guests,), _ = find_guests(moves_of(*views), views)
    (guest,) = guests
    return guest


def test_a_guest_that_stopped_with_its_stream_is_its_own_though_it_was_announced_long_after() -> None:
    """Silent from 61 ms before the last data until its host's RARP, and its connection goes on: no other machine is."""
    views = seen(talk(*BEFORE, *AFTER))
    guest = joined(views)
    assert (guest.mac, guest.confidence) == (GUEST, "medium")
    assert "came 3001 ms from the stream's last data; but it said nothing from 99 ms before" in guest.because
    assert "1 connection of it went on" in guest.because
    (move,) = moves_of(*views)
    assert judge_outcome(move, (guest,), views).outcome == "completed"


@pytest.mark.parametrize(
    "views",
    [
        seen(talk(*BEFORE, ENDS + S, ENDS + 2 * S, *AFTER)),
        seen(talk(*BEFORE[:-30], *AFTER)),
        seen(talk(*BEFORE[::35], *AFTER)),
        seen(talk(*BEFORE, *AFTER, skip=1 << 24)),
        seen(talk(*BEFORE, *AFTER, after=TCP_RST)),
        seen(talk(*BEFORE)),
        seen(talk(*BEFORE, *AFTER), offset=None),
    ],
    ids=[
        "it spoke meanwhile",
        "it stopped long before",
        "it pauses as long at other times",
        "another connection",
        "it denies the connection",
        "it never spoke again",
        "clocks that nothing compares",
    ],
)
def test_what_does_not_stop_with_the_stream_is_joined_by_time_only(views: list[PointView]) -> None:
    """A stranger whose host's uplink failed over, or a machine that started, is announced some seconds after, too."""
    guest = joined(views)
    assert guest.confidence == "low"
    assert "an association by time only" in guest.because
    (move,) = moves_of(*views)
    assert judge_outcome(move, (guest,), views).outcome == "unknown"


def test_clocks_that_are_known_to_differ_are_put_on_one() -> None:
    """The point of the guest is an hour ahead."""
    hour = 3600 * S
    rows = talk(*BEFORE, *AFTER)
    late = announced(BACK + hour, BACK + S + hour, schedule="esxi")
    views = [
        view("src", streams=(stream(BEGINS, LASTS),)),
        view(
            "lan",
            series=(late,),
            journal=rows._replace(ts_ns=rows.ts_ns + hour),
            offset=Offset(hour - MS, hour + MS, 9),
            first_ts=hour,
            last_ts=hour + 100 * S,
        ),
    ]
    assert joined(views).confidence == "medium"


# without an announcement, in a crowd

DEAD_IP, DEAD = "10.77.0.40", 0x0050_5600_0040
ASKERS = ("10.99.1.1", "10.99.1.2")


def pings(to: str, mac: int, whose: str, times: range, answered: range) -> list[tuple[int, int, int, str, str]]:
    """Echo requests at these times, and an answer to each that falls into the second."""
    rows = []
    for ts in times:
        rows.append((ts, GATEWAY, mac, whose, to))
        if answered.start <= ts < answered.stop:
            rows.append((ts + MS, mac, GATEWAY, to, whose))
    return rows


def dies(at: int, until: int, ip: str = GUEST_IP, mac: int = GUEST, askers: tuple[str, ...] = ASKERS) -> list[object]:
    """A machine that each of these asks every 40 ms to the end, and that answers up to its death."""
    return [row for whose in askers for row in pings(ip, mac, whose, range(0, until, 40 * MS), range(at))]


def crowd(ends: int, until: int) -> list[object]:
    """Six others that answer every 20 ms, and that nobody asks for a while from 50 ms before the stream ends."""
    rows = []
    for n in range(6):
        times = [*range(0, ends - 50 * MS, 20 * MS), *range(ends + (100 + 90 * n) * MS, until, 20 * MS)]
        for ts in times:
            rows += pings(f"10.77.0.{20 + n}", DEAD + 20 + n, f"10.99.2.{n}", range(ts, ts + 1), range(until))
    return rows


def talking(*parts: list[object]) -> JournalColumns:
    """All of that in the order of time; what goes to a machine of this network are requests, the rest answers."""
    made = journal(*sorted(row for part in parts for row in part))
    made.icmp_type[:] = np.where(made.eth_src == GATEWAY, 8, 0)
    return made


def by_silence(rows: JournalColumns, *streams: object) -> list[tuple[int, ...]]:
    """The MACs of the guests of each of these streams."""
    point = view("gw", "gateway", streams=streams or (stream(BEGINS, LASTS),), journal=rows, last_ts=20 * S)
    found, _ = find_guests(moves_of(point), [point])
    return [tuple(guest.mac for guest in guests) for guests in found]


def test_of_a_crowd_in_which_some_always_pause_the_guest_is_the_one_that_several_ask_in_vain() -> None:
    """Six others say nothing just then, as nobody asks them; what two peers ask of this one has no answer any more."""
    rows = talking(dies(ENDS - 40 * MS, 20 * S), crowd(ENDS, 20 * S))
    assert by_silence(rows) == [(GUEST,)]
    point = view("gw", streams=(stream(BEGINS, LASTS),), journal=rows, last_ts=20 * S)
    ((guest,),), _ = find_guests(moves_of(point), [point])
    assert (guest.ips, guest.confidence) == ((ip_halves(GUEST_IP),), "medium")
    assert "the only one that several peers then asked in vain" in guest.because


OTHER_DEAD = dies(ENDS - 80 * MS, 20 * S, DEAD_IP, DEAD)


@pytest.mark.parametrize(
    "parts",
    [
        [crowd(ENDS, 20 * S)],
        [crowd(ENDS, 20 * S), dies(ENDS - 40 * MS, 20 * S, askers=ASKERS[:1])],
        [crowd(ENDS, 20 * S), dies(ENDS - 40 * MS, 20 * S), OTHER_DEAD],
        [crowd(ENDS, 20 * S), dies(ENDS - 40 * MS, ENDS + 900 * MS)],
    ],
    ids=["nobody is asked in vain", "one peer asks", "two are asked in vain", "asked for less than a second"],
)
def test_where_no_one_machine_of_a_crowd_is_surely_missed_no_guest_is_named(parts: list[list[object]]) -> None:
    """One that a single peer asks in vain may be a client that its server had spoken with, and that went home."""
    assert by_silence(talking(*parts)) == [()]


@pytest.mark.parametrize("parts", [[], [crowd(ENDS, 20 * S)]], ids=["alone", "in a crowd"])
def test_a_machine_that_was_asked_in_vain_before_the_stream_began_did_not_stop_with_it(
    parts: list[list[object]],
) -> None:
    """The guest of another migration that was lost there, and is asked on over this one's end: three seconds dead."""
    assert by_silence(talking(dies(BEGINS - 3 * S, 20 * S), *parts)) == [()]
    assert by_silence(talking(dies(ENDS - 40 * MS, 20 * S), *parts)) == [(GUEST,)]


def test_one_silence_over_the_ends_of_two_streams_belongs_to_neither() -> None:
    """They end 300 ms apart, between two other hosts each; one after the other they are told apart."""
    rows = talking(dies(ENDS - 40 * MS, 20 * S))
    beside = stream(BEGINS + 300 * MS, LASTS, flow_id=1, a_ip="10.10.1.21", b_ip="10.10.1.22")
    later = stream(BEGINS + 8 * S, LASTS, flow_id=1, a_ip="10.10.1.21", b_ip="10.10.1.22")
    assert by_silence(rows, stream(BEGINS, LASTS), beside) == [(), ()]
    assert by_silence(rows, stream(BEGINS, LASTS), later) == [(GUEST,), ()]


# of a migration that was given up


def given_up(*parts: list[object], late: int) -> Story:
    """The destination resets the stream so long after its last data, which all had arrived; seen at the old host."""
    made = stream(BEGINS, LASTS)
    reset = replace(made.sides[1], rst_ts=ENDS - MS + late, rst_frame=99)
    cut = replace(made, last_ts=ENDS + late, sides=(replace(made.sides[0], fin_ts=None, fin_frame=None), reset))
    rows = talking(*parts)
    point = view("esxA", "domain:source", streams=(cut,), journal=rows, last_ts=30 * S)
    (only,) = tell([point], (), (), ()).stories
    assert only.outcome.outcome == "aborted"
    return only


def stunned(until: int, askers: tuple[str, ...] = ASKERS) -> list[object]:
    """The guest answers its peers up to 40 ms before the stream's end, and from then on again; asked all the time."""
    rows = []
    for whose in askers:
        rows += pings(GUEST_IP, GUEST, whose, range(0, until, 40 * MS), range(ENDS - 40 * MS))
        rows += pings(GUEST_IP, GUEST, whose, range(until, 20 * S, 40 * MS), range(until, 20 * S))
    return rows


def test_the_outage_of_a_guest_that_came_back_to_its_old_place_is_told() -> None:
    """Stopped for two seconds, until the destination gave up: two peers had no answer meanwhile."""
    only = given_up(stunned(ENDS + 2 * S), late=2 * S)
    assert "reset the connection 2.0 s after the last data, all of which had been acknowledged" in only.outcome.because
    (guest,) = only.guests
    assert (guest.moved.mac, guest.moved.confidence, guest.moved.heard) == (GUEST, "medium", ())
    assert [round(one.peer.outage_ms or 0) for one in guest.suffered] == [2040, 2040]
    assert not any(one.peer.breakdown for one in guest.suffered), "it changed no places: nothing to spend it on"
    for rule in (announcement_reached_destination, guest_reachable_after):
        answer = rule(only, load_profile("vsphere4"))
        assert (answer.outcome, "not completed" in answer.because) == ("undecided", True)


@pytest.mark.parametrize(
    "parts",
    [[stunned(ENDS - 40 * MS)], [stunned(ENDS + 2 * S, ASKERS[:1])], [crowd(ENDS, 20 * S)]],
    ids=["nobody missed it", "one peer did", "others pause"],
)
def test_where_a_migration_is_given_up_nobody_is_its_guest_for_a_pause_alone(parts: list[list[object]]) -> None:
    """It went on where it was, as far as anybody can say."""
    assert given_up(*parts, late=2 * S).guests == ()


def test_a_reset_among_the_data_is_one_in_mid_stream() -> None:
    """Sent and acknowledged as it was: a reset so soon after it came between two segments."""
    assert "reset the connection in mid-stream" in given_up(stunned(ENDS + 2 * S), late=20 * MS).outcome.because


# asked once a second


def seldom(
    answered: int, *, since: int = 290 * MS, every: int = S, ip: str = GUEST_IP, mac: int = GUEST
) -> list[object]:
    """One peer that asks every second, to the end, and has its answer up to that time."""
    return pings(ip, mac, ASKERS[0], range(since, 20 * S, every), range(answered))


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([seldom(ENDS)], (GUEST,)),
        ([seldom(ENDS, every=4 * S, since=1500 * MS)], (GUEST,)),
        ([seldom(ENDS, every=9 * S)], ()),
        ([seldom(ENDS), seldom(ENDS, ip=DEAD_IP, mac=DEAD)], ()),
        ([seldom(ENDS), seldom(20 * S, ip=DEAD_IP, mac=DEAD)], (GUEST,)),
        ([seldom(BEGINS - 2 * S)], ()),
        ([seldom(ENDS + 1500 * MS)], ()),
        ([seldom(ENDS), dies(ENDS - 40 * MS, 20 * S, DEAD_IP, DEAD)], (DEAD,)),
    ],
    ids=[
        "it stops with the stream",
        "asked every four seconds",
        "asked too seldom to tell when",
        "two stop",
        "another goes on",
        "it stopped long before",
        "it stops later",
        "one that is asked often tells more",
    ],
)
def test_a_machine_that_is_pinged_once_a_second_and_stops_with_the_stream_is_the_guest(
    parts: list[list[object]], wanted: tuple[int, ...]
) -> None:
    """Between two pings lies the stream's end; of the next ones none has an answer."""
    assert by_silence(talking(*parts)) == [wanted]


def test_one_peer_that_asks_seldom_decides_nothing() -> None:
    """Any machine that is watched by pings may be switched off then: neither its loss nor its return tells."""
    point = view("gw", "gateway", streams=(stream(BEGINS, LASTS),), journal=talking(seldom(ENDS)), last_ts=20 * S)
    (only,) = tell([point], (), (), ()).stories
    (guest,) = only.guests
    assert (guest.moved.mac, guest.moved.confidence) == (GUEST, "low")
    assert guest.suffered[0].is_cut_off
    for rule in (switchover, guest_reachable_after):
        answer = rule(only, load_profile("qemu-default"))
        assert (answer.outcome, "may be another machine" in answer.because) == ("undecided", True)


def test_one_peer_that_asks_often_decides_still() -> None:
    """Silent to 40 ms, and at once gone for good: so near to the stream's end it is the guest's."""
    rows = talking(dies(ENDS - 40 * MS, 20 * S, askers=ASKERS[:1]))
    point = view("gw", "gateway", streams=(stream(BEGINS, LASTS),), journal=rows, last_ts=20 * S)
    (only,) = tell([point], (), (), ()).stories
    assert switchover(only, load_profile("qemu-default")).outcome == "fail"


def by_tcp(tries: range, seqs: range, peer: str, server_port: int, own_port: int, **more: int) -> JournalColumns:
    """A peer's segments: each answered up to the stream's end; those that are tried then bear these numbers in turn."""
    rows = []
    before = [*range(200 * MS, ENDS - 200 * MS, 1500 * MS)]
    for ts in before:
        rows += [(ts, GATEWAY, GUEST, peer, GUEST_IP), (ts + MS, GUEST, GATEWAY, GUEST_IP, peer)]
    made = journal(*rows, *((ts, GATEWAY, GUEST, peer, GUEST_IP) for ts in tries))
    asks, late = made.eth_src == GATEWAY, made.ts_ns >= ENDS
    size = np.where(asks, more.get("size", 80), 0)
    seq = np.where(asks, 80 * np.arange(len(asks)), 0)
    seq[late] = 80 * len(asks) + 80 * np.array([seqs[n % len(seqs)] for n in range(late.sum())])
    return made._replace(
        ip_protocol=np.full(len(asks), 6, np.uint8),
        src_port=np.where(asks, server_port, own_port).astype(np.uint16),
        dst_port=np.where(asks, own_port, server_port).astype(np.uint16),
        tcp_seq=seq.astype(np.uint32),
        payload_bytes=size.astype(np.int32),
        tcp_flags=np.where(late, more.get("flags", TCP_ACK), TCP_ACK).astype(np.uint16),
    )


TRIES = range(ENDS + 300 * MS, ENDS + 9 * S, S)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (by_tcp(TRIES, range(1), PEER_IP, 443, 50_000), ()),
        (by_tcp(TRIES, range(99), PEER_IP, 443, 50_000), ()),
        (by_tcp(TRIES, range(1), PEER_IP, 50_000, 443), ()),
        (by_tcp(TRIES, range(99), PEER_IP, 50_000, 443), (GUEST,)),
        (by_tcp(TRIES, range(1), PEER_IP, 50_000, 5432, flags=TCP_SYN, size=0), ()),
        (by_tcp(TRIES, range(99), PEER_IP, 50_000, 5432, flags=TCP_SYN, size=0), (GUEST,)),
    ],
    ids=[
        "a server sends a client one segment again",
        "a server goes on to send to a client",
        "a client sends one segment again",
        "a client asks on",
        "one connection is tried again and again",
        "connection after connection is tried",
    ],
)
def test_who_is_seldom_asked_by_tcp_is_the_guest_only_by_different_requests_of_clients(
    rows: JournalColumns, wanted: tuple[int, ...]
) -> None:
    """A phone that left the air is sent one segment by its server for minutes: nobody asked for it."""
    assert by_silence(rows) == [wanted]


def test_two_servers_that_send_to_a_client_that_left_do_not_miss_it() -> None:
    """Each goes on with its own segment: two peers in vain, of which none asked anything."""
    parts = [by_tcp(TRIES, range(1), peer, 443, 50_000) for peer in ASKERS]
    both = JournalColumns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    assert by_silence(both.take(np.argsort(both.ts_ns, kind="stable"))) == [()]


def test_a_router_that_looks_for_a_neighbour_that_left_asks_nothing_of_it() -> None:
    """Three unicast solicitations, a second apart (RFC 4861 7.3.3)."""
    rows = talking(pings(GUEST_IP, GUEST, ASKERS[0], range(290 * MS, ENDS + 3 * S, S), range(ENDS)))
    kind = np.where(rows.eth_src == GATEWAY, 135, 136).astype(rows.icmp_type.dtype)
    assert by_silence(rows._replace(ip_protocol=np.full_like(rows.ip_protocol, 58), icmp_type=kind)) == [()]
    assert by_silence(rows) == [(GUEST,)]


@pytest.mark.parametrize("many", [500])
def test_no_column_is_gone_through_once_for_each_of_many_addresses(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so many that are pinged every few seconds, all gone at once, the rows are looked up together."""
    many = 500
    parts = [
        seldom(ENDS, every=4 * S, since=1500 * MS, ip=f"10.78.{n // 200}.{n % 200}", mac=DEAD + n) for n in range(many)
    ]
    looked: list[int] = []

    def counted(*columns: Any) -> Any:
        looked.append(len(columns[2]))
        return rows_of_each(*columns)

    monkeypatch.setattr(silent_guests, "rows_of_each", counted)
    assert by_silence(talking(*parts)) == [()]
    assert many in looked
    assert len(looked) < 20
