"""Whether the announcement reached the domain, and whether anybody reached the guest."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    announced,
    arps,
    asks_and_answers,
    journal,
    view,
)
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.series import Series
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.reach import Heard, follow_announcements
from vmpcap.migration.announced.several_places import why_several
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.exchanges import functional_proof
from vmpcap.migration.packets.reachable import judge_reachability
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.units import iso_utc

SWITCH = 10 * S


def guest(*heard_at: PointView) -> Moved:
    return Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in heard_at), "high", "")


def heard(name: str, role: str | None, **more: object) -> PointView:
    return view(name, role, series=(announced(SWITCH, SWITCH + 50 * MS),), **more)


def alive(name: str, role: str | None, **more: object) -> PointView:
    """The guest is asked and answers, others ask and are announced: nothing is filtered out."""
    others = arps(
        (2 * S, NUMBER_OF["rarp_announce"], 0x005056AA7799, "0.0.0.0", "0.0.0.0"),
        (3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"),
    )
    return view(name, role, **({"journal": asks_and_answers(0, 20 * S, 10 * MS), "arps": others} | more))


def test_the_gateways_port_decides() -> None:
    """Heard there is reached."""
    gateway = heard("gw", "gateway")
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == "reached"
    seen = told.announcements.by_point["gw"]
    assert seen.frames == [200, 201]
    assert seen.times == [iso_utc(ts) for ts in gateway.series[0].times]
    assert seen.frame_kinds == list(gateway.series[0].frame_kinds)


def test_heard_at_the_host_but_not_at_a_live_gateway_is_not_reached() -> None:
    """The host sent it; the domain did not get it."""
    host, gateway = heard("br", "domain:destination"), alive("gw", "gateway")
    told = follow_announcements(guest(host), [host, gateway], SWITCH, qemu=True)
    assert told.domain.verdict == "not_reached"
    assert told.announcements.by_point["gw"].seen is False


def test_the_hosts_own_bridge_alone_decides_nothing() -> None:
    """A frame there proves that the host sent it, not that the domain got it."""
    host = heard("br", "domain:destination")
    told = follow_announcements(guest(host), [host], SWITCH, qemu=True)
    assert told.domain.verdict == "not_observable"
    assert "own bridge" in told.domain.because


def test_unicast_that_is_answered_there_proves_the_domain() -> None:
    """Somebody reached the guest at its new place."""
    host = heard("br", "domain:destination", journal=asks_and_answers(SWITCH + 5 * MS, 20 * S, 10 * MS))
    told = follow_announcements(guest(host), [host], SWITCH, qemu=True)
    assert told.domain.verdict == "reached"


def test_silence_proves_nothing_at_points_that_cannot_hear() -> None:
    """A client, a point that dropped packets, one that ends too early, one that saw nothing else."""
    host = heard("br", "domain:destination")
    deaf = [
        alive("client", "client"),
        alive("dropped", "gateway", drops=3),
        alive("short", "gateway", last_ts=SWITCH + 500 * MS),
        alive("late", "gateway", first_ts=SWITCH + 1),
        view("mute", "gateway"),
        alive("raw", "gateway", link_carries_announcements=False),
    ]
    told = follow_announcements(guest(host), [host, *deaf], SWITCH, qemu=True)
    for point in deaf:
        answer = told.announcements.by_point[point.name]
        assert (answer.seen, answer.reached) == (None, "not_observable"), point.name
        assert answer.because
    assert told.domain.verdict == "not_observable"


def test_announcements_that_belong_to_an_earlier_event_here_are_no_silence() -> None:
    """A capture that lacks some frames makes one event of two: what it shows then is not called missing."""
    host = heard("br", "domain:destination")
    other = announced(SWITCH - 5 * S, SWITCH - 4 * S, SWITCH + 100 * MS, SWITCH + 400 * MS)
    told = follow_announcements(guest(host), [host, alive("port", "gateway", series=(other,))], SWITCH, qemu=True)
    answer = told.announcements.by_point["port"]
    assert (answer.seen, answer.reached) == (None, "not_observable")
    assert "2 announcements of the same MAC" in answer.because


def test_silence_everywhere_needs_the_time_that_esxi_takes_to_repeat() -> None:
    """Where nobody heard it, 10 s of silence say nothing, a minute does."""
    short, long = alive("gw", "gateway", last_ts=20 * S), alive("gw", "gateway", last_ts=80 * S)
    assert follow_announcements(guest(), [short], SWITCH, qemu=False).domain.verdict == "not_observable"
    assert follow_announcements(guest(), [long], SWITCH, qemu=False).domain.verdict == "not_reached"


def test_what_an_uncompared_clock_shows_of_the_guest_is_not_called_nowhere() -> None:
    """Its new bridge is an hour ahead, its port leads nowhere: five RARPs stand there, whenever that was."""
    hour = SWITCH + 3600 * S
    rarps = announced(*(hour + n * MS for n in (0, 50, 200)))
    bridge = view("br", "domain:destination", series=(rarps,), offset=None)
    gateway = alive("gw", "gateway", last_ts=80 * S)
    because = follow_announcements(guest(), [bridge, gateway], SWITCH, qemu=True).domain.because
    assert "nor anywhere else but for 3 of the same MAC at br (from frame 200 on), whose clock nothing" in because
    alone = follow_announcements(guest(), [gateway], SWITCH, qemu=True).domain.because
    assert "nor anywhere else; other frames were" in alone


def test_a_delay_across_clocks_that_disagree_is_corrected() -> None:
    """137 ms of offset are not 137 ms of delay: three are left, and one of doubt."""
    host = heard("br", "domain:destination")
    gateway = view("gw", "gateway", series=(announced(SWITCH + 140 * MS),), offset=Offset(136 * MS, 138 * MS, 5))
    told = follow_announcements(guest(host, gateway), [host, gateway], SWITCH, qemu=True)
    seen = told.announcements.by_point["gw"]
    assert (seen.delay_ms, seen.delay_uncertainty_ms) == (pytest.approx(3.0), pytest.approx(1.0))
    assert told.announcements.by_point["br"].delay_ms == 0.0


def test_no_delay_is_given_between_clocks_that_were_not_compared() -> None:
    """Nothing shows how they stand."""
    host = heard("br", "domain:destination")
    gateway = view("gw", "gateway", series=(announced(SWITCH + 3 * MS),), offset=None)
    told = follow_announcements(guest(host, gateway), [host, gateway], SWITCH, qemu=True)
    assert told.announcements.by_point["gw"].delay_ms is None


def test_an_answered_request_is_reachability() -> None:
    """One exchange after the switchover is proof, with its two frames."""
    client = view(
        "client", "client", journal=asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH + 50 * MS))
    )
    told = judge_reachability(guest(), [client], SWITCH)
    assert told.answer == "yes"
    assert len(told.frames) == 2


def test_requests_unanswered_to_the_end_are_unreachability() -> None:
    """The client asks on and on."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("client", "client", journal=lost, last_ts=20 * S)], SWITCH)
    assert told.answer == "no"
    assert "went unanswered" in told.because


def test_silence_where_frames_were_left_out_is_no_unreachability() -> None:
    """The answers may be among them."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    client = view("client", "client", journal=lost, last_ts=20 * S, journal_complete=False)
    assert judge_reachability(guest(), [client], SWITCH).answer == "unknown"


def test_two_unanswered_requests_are_not_enough() -> None:
    """Little evidence is no evidence."""
    few = asks_and_answers(0, SWITCH + 20 * MS, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("client", "client", journal=few, last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_a_guest_that_only_sends_is_cut_off() -> None:
    """Its own ARP requests repeat, and nothing for it ever arrives."""
    request = NUMBER_OF["arp_request"]
    asking = arps(*((SWITCH + n * S, request, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)))
    bridge = view("br", "domain:destination", arps=asking, last_ts=20 * S)
    told = judge_reachability(guest(bridge) if bridge.series else guest(), [bridge], SWITCH)
    assert told.answer == "no"
    assert told.because.startswith("outbound only")


def test_nothing_in_view_is_unknown() -> None:
    """Want of evidence is never a verdict."""
    assert judge_reachability(guest(), [view("gw", "gateway")], SWITCH).answer == "unknown"


def test_what_the_source_bridge_sees_is_no_proof_of_the_new_place() -> None:
    """A guest that never left also answers there."""
    source = view("src", "domain:source", journal=asks_and_answers(0, 20 * S, 10 * MS))
    assert judge_reachability(guest(), [source], SWITCH).answer == "unknown"


# announcements, further


def in_vlan(number: int, rows: JournalColumns) -> JournalColumns:
    return rows._replace(vlan_outer_id=np.full(rows.rows, number, np.int32))


def tagged(number: int) -> Series:
    return replace(announced(SWITCH, SWITCH + 50 * MS), vlan_outer_id=number)


@pytest.mark.parametrize(
    ("before", "verdict"), [(200, "reached"), (100, "not_reached"), (-1, "not_reached"), (None, "not_observable")]
)
def test_an_announcement_counts_in_the_guests_own_vlan(before: int | None, verdict: str) -> None:
    """Whoever was in VLAN 100 and is announced in 200 is not found; of a guest not seen before nobody can tell."""
    known = {} if before is None else {"journal": in_vlan(before, asks_and_answers(0, SWITCH - S, 100 * MS))}
    gateway = view("gw", "gateway", series=(tagged(200),), **known)
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == verdict
    assert verdict == "reached" or "VLAN 200" in told.domain.because


def test_an_answer_in_the_announced_vlan_shows_that_it_is_the_right_one() -> None:
    """Not seen before, asked and answered there afterwards; where it was elsewhere before, the two contradict."""
    after = asks_and_answers(SWITCH + S, 15 * S, 100 * MS)
    gateway = view("gw", "gateway", series=(tagged(200),), journal=in_vlan(200, after))
    assert follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True).domain.verdict == "reached"
    both = asks_and_answers(SWITCH - 2 * S, 15 * S, 100 * MS, (SWITCH - S, SWITCH + S))
    vlans = np.where(both.ts_ns < SWITCH, 100, 200).astype(np.int32)
    moved = view("gw", "gateway", series=(tagged(200),), journal=both._replace(vlan_outer_id=vlans))
    assert follow_announcements(guest(moved), [moved], SWITCH, qemu=True).domain.verdict == "not_observable"


@pytest.mark.parametrize(("silent", "verdict"), [(20 * MS, "not_observable"), (2 * S, "not_reached")])
def test_an_untagged_announcement_of_a_guest_that_tags_itself_matters_only_while_it_is_silent(
    silent: int, verdict: str
) -> None:
    """Asked and answered in VLAN 20 before and after: its own first frame shows switches the way, soon or late."""
    rows = asks_and_answers(SWITCH - 2 * S, 15 * S, 10 * MS, (SWITCH - S, SWITCH + silent))
    series = announced(SWITCH, SWITCH + 50 * MS)
    gateway = view("gw", "gateway", series=(series,), journal=in_vlan(20, rows))
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == verdict
    assert "untagged, but the guest was in VLAN 20 before" in told.domain.because
    assert ("that did not matter" in told.domain.because) == (verdict == "not_observable")


def test_an_untagged_announcement_proves_nothing_where_the_guests_own_frames_have_a_tag() -> None:
    """At its new host's port, where nothing was seen of it before; a mirror that tags what goes to it proves none."""
    after = asks_and_answers(SWITCH + 20 * MS, 15 * S, 10 * MS)
    series = announced(SWITCH, SWITCH + 50 * MS)
    port = view("port", "domain:destination", series=(series,), journal=in_vlan(20, after))
    told = follow_announcements(guest(port), [port], SWITCH, qemu=True)
    assert told.domain.verdict == "not_observable"
    assert "untagged, but the guest's own frames are in VLAN 20 (frame 2)" in told.domain.because
    one_way = after._replace(vlan_outer_id=np.where(after.eth_dst == GUEST, 20, -1).astype(np.int32))
    mirror = view("port", "domain:destination", series=(series,), journal=one_way)
    assert follow_announcements(guest(mirror), [mirror], SWITCH, qemu=True).domain.verdict == "reached"


def test_an_announcement_in_two_vlans_is_looked_for_in_the_guests() -> None:
    """A copy in another VLAN does not undo the one that arrived."""
    before = in_vlan(100, asks_and_answers(0, SWITCH - S, 100 * MS))
    gateway = view("gw", "gateway", series=(tagged(200), tagged(100)), journal=before)
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == "reached"
    assert told.announcements.by_point["gw"].vlan == [100]


def told_at(points: list[PointView], heard_at: tuple[PointView, ...], qemu: bool = True) -> Heard:
    return follow_announcements(guest(*heard_at), points, SWITCH, qemu=qemu)


def test_silence_after_esxis_announcement_needs_the_time_of_its_repetitions() -> None:
    """The host repeats itself for most of a minute: what the gateway has not heard in 10 s may still come."""
    host = view("br", "domain:destination", series=(announced(SWITCH, SWITCH + S, schedule="esxi"),))
    soon, late = alive("gw", "gateway", last_ts=20 * S), alive("gw", "gateway", last_ts=SWITCH + 38 * S)
    short = told_at([host, soon], (host,), qemu=False)
    assert (short.domain.verdict, short.announcements.by_point["gw"].seen) == ("not_observable", None)
    assert "38 s of silence are needed" in short.announcements.by_point["gw"].because
    assert told_at([host, late], (host,), qemu=False).domain.verdict == "not_reached"


@pytest.mark.parametrize(
    ("seconds", "role", "offset", "is_lost"),
    [
        ((0, 2, 6, 12), "domain:destination", Offset(0, 0, 1), True),
        ((0, 2), "domain:destination", Offset(0, 0, 1), False),
        ((0, 1, 2, 4), "domain:destination", Offset(0, 0, 1), False),
        ((0, 2, 6, 21.5), "domain:destination", Offset(0, 0, 1), True),
        ((0, 2, 21.5), "domain:destination", Offset(0, 0, 1), False),
        ((0, 2, 6, 12), "domain:source", Offset(0, 0, 1), False),
        ((0, 2, 6, 12), "domain:destination", None, False),
    ],
    ids=["four", "two", "within 4 s", "three in time", "two in time", "elsewhere", "clocks not compared"],
)
def test_announcements_that_the_new_place_heard_in_time_and_that_did_not_come_are_lost(
    seconds: tuple[float, ...], role: str, offset: Offset | None, is_lost: bool
) -> None:
    """ESXi may repeat for longer than the gateway was captured (22 s); what it had sent by then had time to come."""
    times = [SWITCH + int(second * S) for second in seconds]
    host = view("br", role, series=(announced(*times, schedule="esxi"),), offset=offset)
    gateway = alive("gw", "gateway", last_ts=SWITCH + 22 * S)
    told = told_at([host, gateway], (host,), qemu=False)
    answer = told.announcements.by_point["gw"]
    assert (answer.seen, answer.reached) == ((False, "not_reached") if is_lost else (None, "not_observable"))
    assert ("that br heard came here in the 22 s" in answer.because) is is_lost
    deaf = alive("gw", "gateway", last_ts=SWITCH + 22 * S, drops=1)
    assert told_at([host, deaf], (host,), qemu=False).announcements.by_point["gw"].seen is None


def test_qemus_rhythm_at_another_point_shortens_the_wait() -> None:
    """Five frames within 800 ms: whoever has not heard them after a second has missed them."""
    host = heard("br", "domain:destination")
    assert told_at([host, alive("gw", "gateway", last_ts=20 * S)], (host,), qemu=False).domain.verdict == "not_reached"


def test_an_answer_after_the_guest_had_spoken_proves_nothing_of_the_announcement() -> None:
    """Its own ARP a second later told the switches the way; the RARPs may have been dropped before them."""
    talk = asks_and_answers(SWITCH + 1200 * MS, 20 * S, 10 * MS)
    own = journal((SWITCH + 1100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    spoken = JournalColumns(*(np.concatenate(pair) for pair in zip(own, talk, strict=True)))  # type: ignore[arg-type]
    host = heard("br", "domain:destination", journal=spoken)
    told = told_at([host], (host,))
    assert told.domain.verdict == "not_observable"
    assert "before" in told.domain.because


def test_the_announcements_own_frames_are_no_words_of_the_guest() -> None:
    """They are in the journal too, and are what is asked about."""
    talk = asks_and_answers(SWITCH + 100 * MS, 20 * S, 10 * MS)
    rarp = journal((SWITCH + 50 * MS, GUEST, 0xFFFFFFFFFFFF, "0.0.0.0", "0.0.0.0"))
    rarp = rarp._replace(frame=np.array([201]), ip_version=np.zeros(1, np.uint8))
    both = JournalColumns(*(np.concatenate(pair) for pair in zip(rarp, talk, strict=True)))  # type: ignore[arg-type]
    host = heard("br", "domain:destination", journal=both)
    assert told_at([host], (host,)).domain.verdict == "reached"


def test_the_gateway_decides_before_the_hosts_bridge() -> None:
    """Heard at the bridge and answered there, not heard at a live gateway: not reached."""
    host = heard("br", "domain:destination", journal=asks_and_answers(SWITCH + 5 * MS, 20 * S, 10 * MS))
    told = told_at([host, alive("gw", "gateway")], (host,))
    assert told.domain.verdict == "not_reached"
    assert told.deciding is not None
    assert told.deciding.name == "gw"


def test_a_gateway_that_could_not_hear_leaves_the_next_point_to_decide() -> None:
    """It dropped packets: the bridge, with somebody's unicast answered, is the best that is left."""
    host = heard("br", "domain:destination", journal=asks_and_answers(SWITCH + 5 * MS, 20 * S, 10 * MS))
    told = told_at([host, alive("gw", "gateway", drops=1)], (host,))
    assert told.domain.verdict == "reached"
    assert told.deciding is not None
    assert told.deciding.name == "br"


@pytest.mark.parametrize("role", ["wan", "source", "destination", "domain:source"])
def test_a_sighting_on_the_way_is_no_arrival(role: str) -> None:
    """Inside a tunnel, between the sites, or in the domain that was left."""
    point = heard("p", role)
    told = told_at([point], (point,))
    assert told.announcements.by_point["p"].seen is True
    assert told.announcements.by_point["p"].reached == "not_observable"
    assert told.domain.verdict == "not_observable"


def test_a_point_that_was_not_named_proves_arrival_only_with_an_answer() -> None:
    """It may stand anywhere."""
    quiet = heard("p", None)
    assert told_at([quiet], (quiet,)).domain.verdict == "not_observable"
    answered = heard("p", None, journal=asks_and_answers(SWITCH + 5 * MS, 20 * S, 10 * MS))
    assert told_at([answered], (answered,)).domain.verdict == "reached"


def test_what_each_point_heard_is_listed_with_its_delay_tags_and_frames() -> None:
    """Delay after the earliest sighting anywhere; the count is the most that one point heard."""
    host = view("br", "domain:destination", series=(announced(SWITCH, SWITCH + 50 * MS, SWITCH + 200 * MS),))
    tagged = replace(announced(SWITCH + 3 * MS), vlan_outer_id=10, vlan_inner_id=20, vni=5001)
    gateway = view("gw", "gateway", series=(tagged,))
    told = told_at([host, gateway], (host, gateway)).announcements
    assert (told.count, told.kinds, told.schedule) == (3, {"rarp_announce": 3}, "qemu")
    assert (told.by_point["br"].delay_ms, told.by_point["gw"].delay_ms) == (0.0, 3.0)
    assert (told.by_point["gw"].vlan, told.by_point["gw"].vni, told.by_point["gw"].frames) == ([10, 20], 5001, [200])
    assert (told.by_point["br"].vlan, told.by_point["br"].vni) == ([], None)


def test_copies_for_several_tunnel_endpoints_are_not_counted_as_announcements() -> None:
    """Each of the host's two passes once for every other endpoint (RFC 7348 4.2); in its bridge it passes once."""
    new = heard("vtep-bridge", "domain:destination")
    core = view("core", "wan", series=(announced(*(SWITCH + n * MS for n in (0, 1, 50, 51))),))
    told = follow_announcements(guest(core, new), [core, new], SWITCH, qemu=True).announcements
    assert (told.count, told.kinds) == (2, {"rarp_announce": 2})
    alone = follow_announcements(guest(core), [core], SWITCH, qemu=True).announcements
    assert alone.count == 4


def test_an_answer_to_somebody_else_is_no_proof() -> None:
    """One asks and is not answered; another is answered and had not asked."""
    rows = []
    for n in range(20):
        rows.append((SWITCH + n * 10 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP))
        rows.append((SWITCH + n * 10 * MS + MS, GUEST, GATEWAY, GUEST_IP, "10.99.0.99"))
    assert functional_proof(view("p", journal=journal(*rows)), guest(), SWITCH) is None


def test_the_proof_is_the_first_question_that_was_answered() -> None:
    """With both frames; a question before the switchover does not count."""
    rows = [
        (SWITCH - 5 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        (SWITCH + 1 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
        (SWITCH + 9 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        (SWITCH + 10 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
    ]
    proof = functional_proof(view("p", journal=journal(*rows)), guest(), SWITCH)
    assert proof is not None
    assert (proof.question_frame, proof.answer_frame) == (3, 4)


def tcp(*rows: tuple[int, bool, int, int, int, int, int]) -> JournalColumns:
    """TCP between the peer's port 3306 and the guest: (ts, from the guest, its port, flags, seq, ack, payload)."""
    there, back = (GUEST, GATEWAY, GUEST_IP, PEER_IP), (GATEWAY, GUEST, PEER_IP, GUEST_IP)
    columns = journal(*((row[0], *(there if row[1] else back)) for row in rows))._asdict()
    columns["ip_protocol"][:] = 6
    for n, (_, is_guests, port, flags, seq, ack, size) in enumerate(rows):
        columns["src_port"][n], columns["dst_port"][n] = (port, 3306) if is_guests else (3306, port)
        columns["tcp_flags"][n], columns["tcp_seq"][n], columns["tcp_ack"][n] = flags, seq, ack
        columns["payload_bytes"][n] = size
    return JournalColumns(**columns)


SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10


def test_another_connection_is_no_answer_to_what_the_peer_sent_in_the_last() -> None:
    """The SYN-ACKs go to the old place, and the guest tries again and again; one that it heard, it acknowledges."""
    rows = []
    for n in range(9):
        ts, port = SWITCH + n * 100 * MS, 50030 + n
        rows += [(ts, True, port, SYN, 7, 0, 0), (ts + 2 * MS, False, port, SYN_ACK, 900, 8, 0)]
    again = [(SWITCH + S, True, 50030, SYN, 7, 0, 0), (SWITCH + S + MS, False, 50030, SYN_ACK, 900, 8, 0)]
    assert functional_proof(view("p", journal=tcp(*rows, *again)), guest(), SWITCH) is None
    heard_it = (SWITCH + 2 * S, True, 50038, ACK, 8, 901, 0)
    proof = functional_proof(view("p", journal=tcp(*rows, *again, heard_it)), guest(), SWITCH)
    assert proof is not None
    assert (proof.question_frame, proof.answer_frame) == (18, 21)


def test_data_that_the_guest_does_not_acknowledge_is_not_answered() -> None:
    """It sends its own again in the same connection, with the acknowledgement that it sent before the move."""
    rows = [(SWITCH + n * S, True, 50030, ACK, 100, 900, 50) for n in range(1, 5)]
    rows += [(SWITCH + n * S + MS, False, 50030, ACK, 900, 150, 30) for n in range(1, 5)]
    rows += [(SWITCH + n * S + 2 * MS, False, 50030, ACK, 930, 150, 0) for n in range(1, 5)]
    assert functional_proof(view("p", journal=tcp(*sorted(rows))), guest(), SWITCH) is None
    rows.append((SWITCH + 5 * S, True, 50030, ACK, 150, 930, 0))
    proof = functional_proof(view("p", journal=tcp(*sorted(rows))), guest(), SWITCH)
    assert proof is not None
    assert proof.answer_ts == SWITCH + 5 * S


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_guest_that_only_sends_has_heard_its_acknowledgements_if_it_goes_on(is_heard: bool) -> None:
    """Unheard it fills its window, waits, and sends again what it sent; heard it sends more all the time."""
    rows = []
    for n in range(30):
        more = n if is_heard or n < 5 else 0
        rows.append((SWITCH + n * 100 * MS, True, 50030, ACK, 100 + 50 * more, 900, 50))
        rows.append((SWITCH + n * 100 * MS + MS, False, 50030, ACK, 900, 150 + 50 * min(more, n), 0))
    proof = functional_proof(view("p", journal=tcp(*rows)), guest(), SWITCH)
    assert (proof is not None) == is_heard


@pytest.mark.parametrize("first", [100, 2**32 - 400])
@pytest.mark.parametrize("lost", [1, 8])
def test_an_acknowledgement_that_was_lost_does_not_make_a_guest_deaf(lost: int, first: int) -> None:
    """What it had not heard to be there it sends again, so often; then it hears, and sends more for seconds."""
    rows, end = [], (first + 250) % 2**32
    for n in range(5):
        rows.append((SWITCH + n * 100 * MS, True, 50030, ACK, (first + 50 * n) % 2**32, 900, 50))
        rows.append((SWITCH + n * 100 * MS + MS, False, 50030, ACK, 900, (first + 50 * n + 50) % 2**32, 0))
    for n in range(lost):
        again = SWITCH + S + n * 200 * MS
        rows.append((again, True, 50030, ACK, (end - 50) % 2**32, 900, 50))
        rows.append((again + MS, False, 50030, ACK, 900, end, 0))
    deaf = functional_proof(view("p", journal=tcp(*rows)), guest(), SWITCH)
    assert deaf is None
    goes_on = SWITCH + S + lost * 200 * MS
    for n in range(30):
        rows.append((goes_on + n * 100 * MS, True, 50030, ACK, (end + 50 * n) % 2**32, 900, 50))
        rows.append((goes_on + n * 100 * MS + MS, False, 50030, ACK, 900, (end + 50 * n + 50) % 2**32, 0))
    proof = functional_proof(view("p", journal=tcp(*rows)), guest(), SWITCH)
    assert proof is not None
    assert proof.question_ts >= goes_on - 200 * MS
    assert proof.answer_ts - proof.question_ts >= S


def test_the_first_question_is_the_first_by_time() -> None:
    """A file of several interfaces need not be in that order."""
    rows = [
        (SWITCH + 9 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        (SWITCH + 10 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
        (SWITCH + 1 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        (SWITCH + 2 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
    ]
    proof = functional_proof(view("p", journal=journal(*rows)), guest(), SWITCH)
    assert proof is not None
    assert (proof.question_ts, proof.answer_ts) == (SWITCH + 1 * MS, SWITCH + 2 * MS)


def test_the_guests_own_next_ping_is_no_answer_to_a_reply() -> None:
    """Its pings are answered to its old place: it asks on."""
    rows = []
    for n in range(9):
        rows.append((SWITCH + n * S, GUEST, GATEWAY, GUEST_IP, PEER_IP))
        rows.append((SWITCH + n * S + MS, GATEWAY, GUEST, PEER_IP, GUEST_IP))
    pings = journal(*rows)
    pings.icmp_type[::2], pings.icmp_id[:] = 8, 1
    pings.icmp_seq[:] = np.arange(len(rows)) // 2
    assert functional_proof(view("p", journal=pings), guest(), SWITCH) is None
    pings.icmp_type[:] = np.where(pings.icmp_type == 8, 0, 8)  # the peer asks, and the guest replies to the one before
    assert functional_proof(view("p", journal=pings), guest(), SWITCH) is None
    pings.icmp_seq[2::2] -= 1
    proof = functional_proof(view("p", journal=pings), guest(), SWITCH)
    assert proof is not None
    assert (proof.question_frame, proof.answer_frame) == (2, 3)


def test_a_broadcast_is_no_question_to_the_guest() -> None:
    """Group traffic reaches everybody: its arrival proves nothing."""
    group = 0x01005E000001
    rows = [
        (SWITCH + 1 * MS, GATEWAY, group, PEER_IP, "224.0.0.1"),
        (SWITCH + 2 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
    ]
    assert functional_proof(view("p", journal=journal(*rows)), guest(), SWITCH) is None


# reachability, further


def test_arp_requests_for_the_guest_that_nobody_answers_are_unreachability() -> None:
    """The gateway lost it: it asks who has the address, again and again."""
    request = NUMBER_OF["arp_request"]
    asking = arps(*((SWITCH + n * S, request, GATEWAY, "10.77.0.1", GUEST_IP) for n in range(1, 5)))
    told = judge_reachability(guest(), [view("gw", "gateway", arps=asking, last_ts=20 * S)], SWITCH)
    assert (told.answer, told.point) == ("no", "gw")
    assert "4 ARP requests for it" in told.because


def test_at_the_hosts_bridge_unanswered_requests_do_not_say_no() -> None:
    """There the answer may leave by another port: only where requests come from can tell."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("br", "domain:destination", journal=lost, last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_a_guest_that_sends_and_is_sent_to_is_not_cut_off() -> None:
    """Something arrives for it: it is not outbound only, and not yet reachable either."""
    rows = [(SWITCH + n * 100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(1, 40)]
    rows.append((SWITCH + 5 * S, GATEWAY, GUEST, "10.99.0.99", GUEST_IP))
    told = judge_reachability(
        guest(), [view("br", "domain:destination", journal=journal(*rows), last_ts=20 * S)], SWITCH
    )
    assert told.answer == "unknown"


def test_outbound_only_takes_three_frames_and_three_seconds() -> None:
    """Little evidence is none."""
    rows = [(SWITCH + n * 100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(1, 5)]
    other = (SWITCH - S, GATEWAY, GATEWAY + 1, "10.77.0.1", "10.77.0.99")
    for count, end, answer in ((4, 20 * S, "no"), (2, 20 * S, "unknown"), (4, SWITCH + 2 * S, "unknown")):
        bridge = view("br", "domain:destination", journal=pings(other, *rows[:count]), last_ts=end)
        assert judge_reachability(guest(), [bridge], SWITCH).answer == answer


def test_where_what_the_guest_sends_arrives_the_way_back_fails() -> None:
    """Its requests are seen at the far router: it is not reached, and not alone in its network either."""
    rows = [(SWITCH + n * 100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(1, 5)]
    bridge = view(
        "br",
        "domain:destination",
        journal=pings((SWITCH - S, GATEWAY, 5, "10.77.0.1", "10.77.0.99"), *rows),
        last_ts=20 * S,
    )
    far = pings(
        (SWITCH - S, GATEWAY, 5, "10.77.0.1", "10.77.0.99"),
        *((ts + MS, GATEWAY, 5, src, dst) for ts, _, _, src, dst in rows),
    )
    far.ttl[:] = 63
    told = judge_reachability(guest(), [bridge, view("wan", "wan", journal=far, last_ts=20 * S)], SWITCH)
    assert told.answer == "no"
    assert not told.is_alone
    assert "what it sends came to wan (frame 2): the way back fails" in told.because
    assert judge_reachability(guest(), [bridge], SWITCH).is_alone


@pytest.mark.parametrize(("apart_s", "answer"), [(1, "no"), (20, "unknown")])
def test_of_one_direction_only_requests_that_are_repeated_say_that_nothing_arrived(apart_s: int, answer: str) -> None:
    """A capture may hold what the guest sends alone: who refreshes its neighbours every 20 s was answered."""
    asked = [(SWITCH + n * apart_s * S, NUMBER_OF["arp_request"], GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 4)]
    bridge = view("br", "domain:destination", arps=arps(*asked), last_ts=SWITCH + 90 * S)
    assert judge_reachability(guest(), [bridge], SWITCH).answer == answer


def pings(*rows: tuple[int, int, int, str, str]) -> JournalColumns:
    """Echo requests."""
    made = journal(*rows)
    return made._replace(icmp_type=np.full(made.rows, 8, np.uint8))


def test_what_needs_no_answer_is_not_outbound_only() -> None:
    """Neighbour advertisements and mDNS go to groups; echo replies and one-way datagrams are answers to nothing."""
    group = 0x3333_0000_0001
    rows = [(SWITCH + n * 100 * MS, GUEST, group, GUEST_IP, "224.0.0.251") for n in range(1, 9)]
    alone = [(SWITCH + n * 100 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(1, 9)]
    one_way = journal(*alone)._replace(ip_protocol=np.full(8, 17, np.uint8), dst_port=np.full(8, 514, np.uint16))
    for made in (pings(*rows), journal(*alone), one_way):
        bridge = view("br", "domain:destination", journal=made, last_ts=20 * S)
        assert judge_reachability(guest(), [bridge], SWITCH).answer == "unknown"


@pytest.mark.parametrize(
    ("before", "arrives_at", "answer"), [("dead", "", "unknown"), ("dead", "old", "unknown"), ("", "old", "unknown")]
)
def test_who_asks_for_the_dead_in_vain_is_not_cut_off(before: str, arrives_at: str, answer: str) -> None:
    """It asked in vain before it moved, too, or its question arrives in the old domain, where nobody is so called."""
    request, dead = NUMBER_OF["arp_request"], "10.77.0.200"
    asked = [(SWITCH + n * S, request, GUEST, GUEST_IP, dead) for n in range(1, 6)]
    early = [(SWITCH - n * S, request, GUEST, GUEST_IP, dead) for n in range(4, 0, -1)]
    old = [*(early if before else []), *(asked if arrives_at else [])]
    points = [
        view("old", "domain:source", arps=arps(*old), last_ts=20 * S),
        view("new", "domain:destination", arps=arps(*asked), last_ts=20 * S),
    ]
    assert judge_reachability(guest(), points, SWITCH).answer == answer


@pytest.mark.parametrize("arrives_at", ["", "old"])
def test_who_asks_in_vain_for_one_that_lived_is_cut_off(arrives_at: str) -> None:
    """It asked for it again and again before as well, and was told."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    asked = [(SWITCH + n * S, request, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)]
    early = [(SWITCH - n * S, request, GUEST, GUEST_IP, "10.77.0.1") for n in range(4, 0, -1)]
    told = (SWITCH - S + MS, reply, GATEWAY, "10.77.0.1", GUEST_IP)
    points = [
        view("old", "domain:source", arps=arps(*early, told, *(asked if arrives_at else [])), last_ts=20 * S),
        view("new", "domain:destination", arps=arps(*asked), last_ts=20 * S),
    ]
    assert judge_reachability(guest(), points, SWITCH).answer == "no"


def test_a_guest_whose_arp_requests_are_answered_is_not_cut_off() -> None:
    """The replies are not IP, and arrive all the same."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    talk = []
    for n in range(1, 6):
        talk.append((SWITCH + n * S, request, GUEST, GUEST_IP, "10.77.0.1"))
        talk.append((SWITCH + n * S + MS, reply, GATEWAY, "10.77.0.1", GUEST_IP))
    rows = arps(*talk)
    rows.target_mac[rows.kind == reply] = GUEST
    assert judge_reachability(guest(), [view("br", "domain:destination", arps=rows)], SWITCH).answer == "unknown"


def test_arp_requests_for_the_guest_that_it_answers_are_no_unreachability() -> None:
    """An idle guest answers nothing but the gateway's ARP."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    talk = []
    for n in range(1, 6):
        talk.append((SWITCH + n * S, request, GATEWAY, "10.77.0.1", GUEST_IP))
        talk.append((SWITCH + n * S + MS, reply, GUEST, GUEST_IP, "10.77.0.1"))
    told = judge_reachability(guest(), [view("gw", "gateway", arps=arps(*talk), last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_where_replies_were_never_seen_arp_requests_do_not_say_no() -> None:
    """Any port of the domain hears the broadcast request; the unicast reply goes by another."""
    request = NUMBER_OF["arp_request"]
    asking = arps(*((SWITCH + n * S, request, GATEWAY, "10.77.0.1", GUEST_IP) for n in range(1, 5)))
    assert judge_reachability(guest(), [view("p", arps=asking, last_ts=20 * S)], SWITCH).answer == "unknown"


def test_a_stream_that_was_never_answered_does_not_say_no() -> None:
    """A sender of syslog messages expects nothing back, before the move and after it."""
    rows = [(n * 100 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(200)]
    told = judge_reachability(guest(), [view("gw", "gateway", journal=journal(*rows), last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_an_answer_anywhere_beats_silence_elsewhere() -> None:
    """The gateway's question was answered; the client's path is broken, which is another matter."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    gateway = view("gw", "gateway", journal=asks_and_answers(0, 20 * S, 10 * MS))
    told = judge_reachability(guest(), [view("client", "client", journal=lost, last_ts=20 * S), gateway], SWITCH)
    assert (told.answer, told.point) == ("yes", "gw")


def test_the_switchover_is_looked_for_on_each_points_clock_too() -> None:
    """What a client whose clock is 100 s ahead saw at its own 105 s was before the switchover."""
    ahead = Offset(100 * S - MS, 100 * S + MS, 9)
    early = view("client", "client", journal=asks_and_answers(100 * S, 105 * S, 10 * MS), offset=ahead, last_ts=120 * S)
    assert judge_reachability(guest(), [early], SWITCH).answer == "unknown"
    later = view("client", "client", journal=asks_and_answers(100 * S, 115 * S, 10 * MS), offset=ahead, last_ts=120 * S)
    assert judge_reachability(guest(), [later], SWITCH).answer == "yes"


def test_answers_may_leave_by_another_gateway() -> None:
    """The old gateway's port hears the guest's announcement and passes requests: who is not answered there may be."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    gateway = heard("gw", "gateway", journal=lost, last_ts=20 * S)
    assert judge_reachability(guest(gateway), [gateway], SWITCH).answer == "unknown"
    deaf = view("gw", "gateway", journal=lost, last_ts=20 * S)
    assert judge_reachability(guest(), [deaf], SWITCH).answer == "no"
    request = NUMBER_OF["arp_request"]
    sought = arps(*((SWITCH + n * S, request, GATEWAY, "10.77.0.1", GUEST_IP) for n in range(1, 5)))
    asking = heard("gw", "gateway", journal=lost, arps=sought, last_ts=20 * S)
    assert judge_reachability(guest(asking), [asking], SWITCH).answer == "no"


def test_of_two_gateways_the_one_that_knew_the_guest_decides() -> None:
    """A gateway of another VLAN hears the announcement, the guest's own does not: it landed in the other's domain."""
    stranger, own = heard("a-gw78", "gateway"), alive("gw77", "gateway")
    told = follow_announcements(guest(stranger), [stranger, own], SWITCH, qemu=True)
    assert told.deciding is own
    assert told.domain.verdict == "not_reached"


@pytest.mark.parametrize(
    ("now", "answered", "verdict"), [(78, False, "not_observable"), (78, True, "reached"), (77, False, "reached")]
)
def test_a_gateway_that_never_saw_the_guest_may_be_that_of_its_other_vlan(
    now: int, answered: bool, verdict: str
) -> None:
    """VLAN 77 on the trunk before and 78 since: an untagged gateway that hears it now may be that of 78."""
    old = view("trunk-a", "domain:source", journal=in_vlan(77, asks_and_answers(0, SWITCH - S, 10 * MS)))
    spoken = arps((SWITCH + S, NUMBER_OF["arp_request"], GUEST, GUEST_IP, "10.77.0.1"))
    spoken.vlan_outer[0] = now
    new = view("trunk-b", "domain:destination", arps=spoken)
    talk = asks_and_answers(SWITCH + S, SWITCH + 2 * S, 10 * MS)
    gateway = heard("gw", "gateway", **({"journal": talk} if answered else {}))
    told = follow_announcements(guest(gateway), [old, new, gateway], SWITCH, qemu=True)
    assert told.domain.verdict == verdict
    assert ("other VLAN's gateway" in told.domain.because) == (verdict == "not_observable")


@pytest.mark.parametrize(("is_alone", "knew_it"), [(True, False), (False, False), (True, True)])
def test_a_gateway_that_never_saw_the_guest_may_be_of_the_network_in_which_it_is_alone(
    is_alone: bool, knew_it: bool
) -> None:
    """At its new place the guest asks again and again, and nothing for it arrives: the RARP came to a stranger."""
    asks = arps(*((SWITCH + n * S, NUMBER_OF["arp_request"], GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 5)))
    talk = {} if is_alone else {"journal": asks_and_answers(SWITCH + S, SWITCH + 2 * S, 10 * MS)}
    new = view("new", "domain:destination", arps=asks, **talk)
    gateway = heard("gw", "gateway", **({"journal": asks_and_answers(0, SWITCH - S, 10 * MS)} if knew_it else {}))
    told = follow_announcements(guest(gateway), [new, gateway], SWITCH, qemu=True)
    assert (told.domain.verdict == "not_observable") is (is_alone and not knew_it)
    assert ("another network's gateway" in told.domain.because) is (is_alone and not knew_it)


@pytest.mark.parametrize("is_lost", [False, True])
def test_another_gateway_proves_nothing_while_the_guests_own_asks_for_it_in_vain(is_lost: bool) -> None:
    """It may be that of the VLAN in which the guest woke up; the one it had before sees no frame of it since."""
    before = asks_and_answers(0, SWITCH - S, 10 * MS)
    asked = asks_and_answers(0, SWITCH + 5 * S, 10 * MS, (SWITCH - S, SWITCH + 9 * S), answers=False)
    own = view("gw", "gateway", journal=asked if is_lost else before, last_ts=20 * S)
    other = heard("gw2", "gateway", last_ts=20 * S)
    told = follow_announcements(guest(other), [own, other], SWITCH, qemu=True)
    assert told.announcements.by_point["gw2"].reached == ("not_observable" if is_lost else "reached")
    assert ("its gateway before" in told.announcements.by_point["gw2"].because) is is_lost


@pytest.mark.parametrize(("answered", "verdict"), [(False, "not_observable"), (True, "reached")])
def test_a_segment_in_which_the_guest_asks_in_vain_may_be_another(answered: bool, verdict: str) -> None:
    """Never seen there before, and nobody answers its ARP requests; one answer shows that it is at home."""
    rows = [(SWITCH + n * S, NUMBER_OF["arp_request"], GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 5)]
    asked = arps(*rows, (SWITCH + 5 * S, NUMBER_OF["arp_reply"], GATEWAY, "10.77.0.1", GUEST_IP))
    asked.target_mac[4] = GUEST
    gateway = heard("gw", "gateway", arps=asked if answered else asked.take(np.arange(4)))
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == verdict
    assert ("another segment" in told.domain.because) == (not answered)


@pytest.mark.parametrize("role", [None, "wan", "domain:source"])
def test_unanswered_requests_say_no_only_where_an_answer_must_pass(role: str | None) -> None:
    """A point without a name may be the place that the guest left, or a link that its answers no longer take."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("p", role, journal=lost, last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_requests_that_soon_stop_do_not_say_no() -> None:
    """Thirty in 0.3 s, then routers send them another way: what the next would have met is not in view."""
    few = asks_and_answers(0, SWITCH + 300 * MS, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("client", "client", journal=few, last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_silence_where_nobody_said_what_the_place_is_decides_nothing() -> None:
    """It may be the domain that the guest left: where the same silence at a gateway's port is a no."""
    assert told_at([alive("gw", "gateway")], ()).domain.verdict == "not_reached"
    told = told_at([alive("p", None)], ())
    assert told.domain.verdict == "not_observable"
    assert "stands at a place that was not named" in told.domain.because


@pytest.mark.parametrize(("ttl", "verdict"), [(64, "not_reached"), (62, "not_observable")])
def test_a_guest_without_a_mac_is_on_a_link_where_no_router_passed_its_packets_on(ttl: int, verdict: str) -> None:
    """By the TTL: behind a router no announcement can be heard."""
    seen = alive("gw", "gateway")
    rows = seen.journal._replace(ttl=np.full(seen.journal.rows, ttl, seen.journal.ttl.dtype))
    nameless = Moved(NO_MAC, (ip_halves(GUEST_IP),), (), "low", "")
    told = follow_announcements(nameless, [replace(seen, journal=rows)], SWITCH, qemu=True)
    assert told.domain.verdict == verdict


def test_announcements_of_a_guest_known_by_its_address_may_be_those_of_another_time() -> None:
    """Its packets show its MAC, and that was announced 3 s earlier by a clock that nothing compares."""
    seen = alive("gw", "gateway", offset=None, series=(announced(SWITCH - 3 * S),))
    ttls = seen.journal._replace(ttl=np.full(seen.journal.rows, 64, seen.journal.ttl.dtype))
    nameless = Moved(NO_MAC, (ip_halves(GUEST_IP),), (), "high", "")
    told = follow_announcements(nameless, [replace(seen, journal=ttls)], SWITCH, qemu=True)
    assert told.domain.verdict == "not_observable"
    assert "they may be the same" in told.domain.because


def mirrored(late_ns: int, of_rarp: int, from_ts: int = 0, of_others: int = 2) -> PointView:
    """A gateway's port at which all frames since then stand twice, so much later; and the RARP this often."""
    talk = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 100 * MS, SWITCH + 20 * MS))
    talk = talk._replace(icmp_seq=(talk.ts_ns // (10 * MS)).astype(talk.icmp_seq.dtype), ip_id=talk.ip_id + 1)
    rarp = journal(*((SWITCH + n * late_ns, GUEST, 0xFFFFFFFFFFFF, "0.0.0.0", "0.0.0.0") for n in range(of_rarp)))
    rarp = rarp._replace(
        frame=np.arange(200, 200 + of_rarp) + 100_000,
        ip_version=np.zeros(of_rarp, np.uint8),
        ip_id=np.zeros(of_rarp, rarp.ip_id.dtype),
    )
    again = talk.take(talk.ts_ns >= from_ts)
    again = again._replace(ts_ns=again.ts_ns + late_ns, frame=again.frame + 50_000)
    asks = journal(*((S + n * late_ns, GATEWAY, 0xFFFFFFFFFFFF, "10.77.0.1", "10.77.0.255") for n in range(of_others)))
    asks = asks._replace(frame=asks.frame + 200_000, ip_id=np.full(of_others, 99, asks.ip_id.dtype))
    both = JournalColumns(*(np.concatenate(parts) for parts in zip(talk, again, rarp, asks, strict=True)))
    series = replace(announced(SWITCH), frames=(100_200,))
    rows = both.take(np.argsort(both.ts_ns, kind="stable"))
    return view("gw", "gateway", journal=rows, series=(series,), last_ts=20 * S)


@pytest.mark.parametrize(
    ("late_ns", "of_rarp", "from_ts", "of_others", "verdict"),
    [
        (3_000, 2, 0, 2, "reached"),
        (3_000, 1, 0, 2, "not_observable"),
        (MS, 2, 0, 2, "not_observable"),
        (3_000, 2, SWITCH, 2, "not_observable"),
        (3_000, 2, 0, 3, "not_observable"),
    ],
    ids=["both directions of a port", "the RARP at one of two", "two places", "a second port since", "three places"],
)
def test_a_mirror_that_shows_every_frame_as_often_tells_where_the_announcement_was(
    late_ns: int, of_rarp: int, from_ts: int, of_others: int, verdict: str
) -> None:
    """Ingress and egress of one port: each frame twice, and the announcement too."""
    here = mirrored(late_ns, of_rarp, from_ts, of_others)
    assert told_at([here], (here,)).domain.verdict == verdict
    assert bool(why_several(here, guest(here))) is (verdict != "reached")


def test_a_request_that_a_mirror_shows_twice_is_asked_once() -> None:
    """Pings every 10 ms, of which none was answered since the switchover: each counts once."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - S, SWITCH), answers=False)
    lost = lost._replace(icmp_seq=(lost.ts_ns // (10 * MS)).astype(lost.icmp_seq.dtype), ip_id=lost.ip_id + 1)
    again = lost._replace(ts_ns=lost.ts_ns + 3_000, frame=lost.frame + 50_000)
    both = JournalColumns(*(np.concatenate(pair) for pair in zip(lost, again, strict=True)))
    rows = both.take(np.argsort(both.ts_ns, kind="stable"))
    once, twice = (
        judge_reachability(guest(), [view("c", "client", journal=j, last_ts=20 * S)], SWITCH) for j in (lost, rows)
    )
    assert once.answer == "no"
    assert twice.because == once.because
