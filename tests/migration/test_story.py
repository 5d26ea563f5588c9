"""All of it together: which migrations there are, who moved, what was left aside."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.migration.make import (
    GUEST,
    MS,
    QEMU_PAGES,
    S,
    announced,
    asks_and_answers,
    series,
    side,
    stream,
    view,
)
from vmpcap.measures.connections import Connection
from vmpcap.migration.stories import Told
from vmpcap.migration.story import tell
from vmpcap.migration.stream.stream_facts import stream_filter
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.units import iso_utc

OTHER = 0x0050_5600_0001


def told(*views: PointView, ports: tuple[int, ...] = (), guests: tuple[str, ...] = ()) -> Told:
    return tell(views, ports, guests, ())


def opening(first: bytes, **more: Any) -> Connection:
    """A stream that begins with these bytes."""
    made = stream(**more)
    return replace(made, sides=(replace(made.sides[0], opening=first), made.sides[1]))


def test_a_migration_is_told_once_however_many_points_saw_it() -> None:
    """With its guest, its outcome and the point whose figures are given."""
    source = view("src", "source", streams=(stream(),))
    gateway = view("gw", "gateway", series=(announced(S + 5 * MS),), journal=asks_and_answers(0, 5 * S, 10 * MS))
    (only,) = told(view("dst", "destination", streams=(stream(),)), gateway, source).stories
    assert (only.point, only.outcome.outcome) == ("src", "completed")
    assert [guest.result.mac for guest in only.guests] == ["00:50:56:aa:77:10"]
    assert only.guests[0].result.ips == ["10.77.0.10"]


def test_what_is_refused_at_one_point_and_known_at_another_is_not_refused() -> None:
    """A point that saw only the end of the stream does not contradict one that saw it whole."""
    whole = stream()
    little = replace(whole, sides=(side(packets=9, payload_bytes=90_000), side(packets=9)))
    result = told(view("a", streams=(whole,)), view("b", streams=(little,)))
    assert len(result.stories) == 1
    assert result.refused == ()
    alone = told(view("b", streams=(little,)))
    assert (alone.stories, len(alone.refused)) == ((), 1)


def test_announcements_of_others_are_counted() -> None:
    """Once each, whatever they were."""
    here = view(
        streams=(stream(),),
        series=(announced(S + 5 * MS), announced(300 * S, mac=OTHER), announced(500 * S, mac=OTHER)),
        last_ts=600 * S,
    )
    assert told(here).other_announcements == 2


@pytest.mark.parametrize(
    ("first", "encrypted"),
    [
        (bytes.fromhex("160301"), True),
        (b"QEVM\x00\x00\x00\x03", False),
        (bytes.fromhex("0000000003000500"), False),
        (b"", None),
    ],
)
def test_encrypted_is_only_said_where_the_first_bytes_say_it(first: bytes, encrypted: bool | None) -> None:
    """Encrypted vMotion shows no handshake of its own: without a magic nobody knows."""
    (only,) = told(view(streams=(opening(first),))).stories
    assert only.encrypted is encrypted


def test_an_aborted_migration_keeps_no_guest_that_was_only_guessed() -> None:
    """Traffic that paused when the stream was given up names nobody."""
    given_up = opening(b"QEVM\x00\x00\x00\x03\x07\x00\x00\x00\x0dpc-")
    given_up = replace(given_up, sides=(replace(given_up.sides[0], closing=QEMU_PAGES), given_up.sides[1]))
    paused = asks_and_answers(0, 3 * S, 10 * MS, (900 * MS, 1200 * MS))
    (only,) = told(view("up", "source", streams=(given_up,)), view("client", "client", journal=paused)).stories
    assert only.outcome.outcome == "aborted"
    assert only.guests == ()


def test_a_named_guest_is_told_of_though_nothing_announced_it() -> None:
    """--guest MAC."""
    (only,) = told(view(streams=(stream(),)), guests=("00:50:56:aa:77:10",)).stories
    assert [guest.moved.mac for guest in only.guests] == [GUEST]
    assert only.guests[0].result.confidence == "high"


def test_a_named_port_is_looked_at() -> None:
    """--port N."""
    odd = view(streams=(stream(b_port=9999),))
    assert told(odd).stories == ()
    assert len(told(odd, ports=(9999,)).stories) == 1


@pytest.mark.parametrize(
    ("addresses", "word"),
    [({}, "ip.addr == 10.10.1.11"), ({"a_ip": "fd00::1", "b_ip": "fd00::2"}, "ipv6.addr == fd00::1")],
)
def test_the_streams_filter_can_be_pasted(addresses: dict[str, str], word: str) -> None:
    """Addresses of its version, and its port."""
    (only,) = told(view(streams=(stream(**addresses),))).stories
    assert only.stream_filter.startswith(word)
    assert only.stream_filter.endswith("tcp.port == 8000")
    assert stream_filter(only.move.best.transfer) == only.stream_filter


def flowing(seconds: float = 2.0) -> Connection:
    """Data for so long, evenly."""
    whole, bins = stream(seconds=seconds), round(seconds * 100)
    ran = series(bins, 10 * MS, 0, new_bytes=[500_000] * bins, acked_bytes=[500_000] * bins, segments=1)
    return replace(whole, sides=(replace(whole.sides[0], series=ran), whole.sides[1]))


def test_phases_carry_the_switchover_only_on_the_streams_own_clock() -> None:
    """A bracket of other points is put beside the stream where the clocks are known well enough, and not elsewhere."""
    talk = asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS))
    gateway = view("gw", "gateway", series=(announced(S),), journal=talk)
    for offset, shown in ((Offset(-MS, MS, 5), True), (Offset(90 * S, 91 * S, 5), False)):
        up = view("src", "source", streams=(flowing(),), offset=offset)
        (only,) = told(gateway, up).stories
        assert any(phase.kind == "switchover" for phase in only.phases) == shown


def test_a_clock_that_nothing_compares_cuts_no_stream_that_went_on_by_it() -> None:
    """It may be off: what would be told as resumed had all flowed before. One that ended in the switchover fits."""
    talk = asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS))
    gateway = view("gw", "gateway", series=(announced(S),), journal=talk)
    both = {"bulk", "switchover"}
    cases = (2.0, {"bulk"}, "went on after"), (1.0, both, ""), (0.7, {"bulk"}, "had ended before")
    for seconds, kinds, word in cases:
        up = view("src", "source", streams=(flowing(seconds),), offset=None)
        (only,) = told(gateway, up).stories
        assert {phase.kind for phase in only.phases} - {"setup"} == kinds
        assert ("were not compared" in only.phases_because) == ("switchover" not in kinds)
        assert word in only.phases_because


def test_phases_stand_on_the_streams_clock() -> None:
    """The bracket of a point whose clock is 100 s behind, where the stream runs."""
    talk = asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS))
    behind = Offset(-100 * S - MS, -100 * S + MS, 5)
    late = talk._replace(ts_ns=talk.ts_ns - 100 * S)
    gateway = view("gw", "gateway", series=(announced(-99 * S),), journal=late, offset=behind)
    (only,) = told(view("src", "source", streams=(flowing(),)), gateway).stories
    (stun,) = [phase for phase in only.phases if phase.kind == "switchover"]
    assert (stun.start_ts, stun.end_ts) == (iso_utc(821 * MS), iso_utc(1011 * MS))


def test_tags_before_and_after_are_those_of_one_point() -> None:
    """Compared where the guest was seen before and after, never at the hosts' NICs."""
    talk = asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS))
    tags = np.where(talk.ts_ns > S, 20, 10).astype(np.int32)
    gateway = view("gw", "gateway", series=(announced(S),), journal=talk._replace(vlan_outer_id=tags))
    up = view("src", "source", streams=(stream(),), journal=talk)
    (only,) = told(up, gateway).stories
    guest = only.guests[0]
    assert (guest.vlans_before, guest.vlans_after, guest.vlan_point) == ([10], [20], "gw")


@pytest.mark.parametrize(
    ("known", "certain"),
    [
        ({}, True),
        ({"max_payload_bytes": 1400}, False),
        ({"max_payload_bytes": 65_160}, False),
        ({"retransmissions": 3, "packets": 10_000}, False),
        ({"retransmissions": 3, "packets": 7_000}, True),
        ({"unique_bytes": 10_001_460, "packets": 10_000}, False),
    ],
    ids=["all_acked", "small", "offload", "resent", "no_smaller_would_do", "not_all_acked"],
)
def test_a_full_sized_segment_got_through_only_where_it_certainly_was_acknowledged(
    known: dict[str, Any], certain: bool
) -> None:
    """What was sent is not what arrived: full-sized ones may be lost and come again in smaller pieces."""
    connection = stream(size=10_000_000)
    sent = replace(connection.sides[0], **{"packets": 10_000, **known})
    (story,) = told(view("src", "source", streams=(replace(connection, sides=(sent, connection.sides[1])),))).stories
    assert story.large_segments_acked is certain


def test_nothing_is_told_of_nothing() -> None:
    """No points, no streams, no announcements."""
    assert told() == Told((), 0, ())
    assert told(view()) == Told((), 0, ())
