"""Who else claims to be the guest: a second MAC with its address, or its own MAC in a second place; and too early."""

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
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.early import find_early_announcement, without_early
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import find_duplicate_address, find_second_place
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import NO_MAC, ip_halves

INTRUDER = 0x0002_0000_BB02
SWITCH = 10 * S


def guest(*heard_at: PointView, mac: int = GUEST) -> Moved:
    return Moved(mac, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in heard_at), "high", "")


# duplicate address


@pytest.mark.parametrize("kind", ["garp_request", "garp_reply", "arp_request", "arp_reply"])
def test_two_macs_with_one_address_are_a_conflict(kind: str) -> None:
    """Whoever sends ARP from an address claims it; both claims are named with their frames."""
    number = NUMBER_OF[kind]
    here = view("gw", arps=arps((S, number, GUEST, GUEST_IP, GUEST_IP), (2 * S, number, INTRUDER, GUEST_IP, GUEST_IP)))
    found = find_duplicate_address(guest(), [here])
    assert (found.found, found.point, sorted(found.frames)) == (True, "gw", [1, 2])
    assert "00:02:00:00:bb:02" in found.because
    assert GUEST_IP in found.because


def test_a_probe_claims_nothing() -> None:
    """Cisco's device tracking and every careful host ask with 0.0.0.0 whether an address is taken."""
    garp, probe = NUMBER_OF["garp_request"], NUMBER_OF["arp_probe"]
    asked = arps((S, garp, GUEST, GUEST_IP, GUEST_IP), (2 * S, probe, INTRUDER, "0.0.0.0", GUEST_IP))
    assert find_duplicate_address(guest(), [view("gw", arps=asked)]).found is False


def test_whoever_asks_for_the_guest_does_not_claim_to_be_it() -> None:
    """The guest's address as the target is a question."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    talk = arps((S, request, GATEWAY, "10.77.0.1", GUEST_IP), (S + MS, reply, GUEST, GUEST_IP, "10.77.0.1"))
    assert find_duplicate_address(guest(), [view("gw", arps=talk)]).found is False


def test_the_same_address_in_two_domains_is_no_conflict() -> None:
    """Fenced copies and tenants use the same addresses on purpose: each broadcast domain counts by itself."""
    garp = NUMBER_OF["garp_request"]
    rows = arps((S, garp, GUEST, GUEST_IP, GUEST_IP), (2 * S, garp, INTRUDER, GUEST_IP, GUEST_IP))
    rows.segment_key[1] = 7
    assert find_duplicate_address(guest(), [view("gw", arps=rows)]).found is False


def test_without_an_address_or_an_arp_nothing_was_examined() -> None:
    """Undecided, with the reason."""
    nobody = Moved(GUEST, (), (), "high", "")
    assert find_duplicate_address(nobody, [view("gw")]).found is None
    assert "no address" in find_duplicate_address(nobody, [view("gw")]).because
    assert find_duplicate_address(guest(), [view("gw")]).found is None


@pytest.mark.parametrize(
    ("old_at", "new_at", "found"),
    [((S, 2 * S), (11 * S, 12 * S), False), ((S, 13 * S), (11 * S, 12 * S), True), ((S,), (2 * S, 11 * S), True)],
)
def test_an_address_that_goes_from_one_mac_to_the_other_is_no_conflict(
    old_at: tuple[int, ...], new_at: tuple[int, ...], found: bool
) -> None:
    """The guest came back with another MAC: one after the other. Not where the old one claims it later, or both did."""
    garp = NUMBER_OF["garp_request"]
    claims = [(ts, garp, INTRUDER, GUEST_IP, GUEST_IP) for ts in old_at]
    claims += [(ts, garp, GUEST, GUEST_IP, GUEST_IP) for ts in new_at]
    here = view("src", "domain:source", arps=arps(*sorted(claims)))
    told = find_duplicate_address(guest(), [here], SWITCH)
    assert told.found is found
    assert find_duplicate_address(guest(), [here]).found is True
    if not found:
        assert "came back with another MAC" in told.because


@pytest.mark.parametrize("role", ["domain:destination", "gateway", None])
def test_a_machine_at_the_new_place_with_the_guests_address_is_not_taken_for_the_guest_before(role: str | None) -> None:
    """It spoke before the guest came and not since, as machines do that nobody asks; no old place is in view."""
    garp = NUMBER_OF["garp_request"]
    claims = arps((S, garp, INTRUDER, GUEST_IP, GUEST_IP), (11 * S, garp, GUEST, GUEST_IP, GUEST_IP))
    told = find_duplicate_address(guest(), [view("dst", role, arps=claims)], SWITCH)
    assert (told.found, told.point, told.frames) == (None, "dst", (1, 2))
    assert "only its old place would show" in told.because
    silent = view("src", "domain:source")
    assert find_duplicate_address(guest(), [silent, view("dst", role, arps=claims)], SWITCH).found is None
    if role == "domain:destination":  # a stretched domain: its broadcast is heard at both ends
        heard = view("src", "domain:source", arps=arps((S, garp, INTRUDER, GUEST_IP, GUEST_IP)))
        assert find_duplicate_address(guest(), [heard, view("dst", role, arps=claims)], SWITCH).found is None
    had_it = view("src", "domain:source", journal=journal((S, INTRUDER, GATEWAY, GUEST_IP, PEER_IP)))
    assert find_duplicate_address(guest(), [had_it, view("dst", role, arps=claims)], SWITCH).found is False


def test_a_machine_that_goes_on_with_the_guests_address_is_a_conflict_whatever_it_claims() -> None:
    """Its ARP is from before the move, its packets are not."""
    garp = NUMBER_OF["garp_request"]
    told = arps((S, garp, INTRUDER, GUEST_IP, GUEST_IP), (11 * S, garp, GUEST, GUEST_IP, GUEST_IP))
    sends = journal((20 * S, INTRUDER, GATEWAY, GUEST_IP, PEER_IP))
    assert find_duplicate_address(guest(), [view("gw", arps=told, journal=sends)], SWITCH).found is True


@pytest.mark.parametrize(
    "packet", [(S, GUEST, GATEWAY, GUEST_IP, PEER_IP), (S, GATEWAY, GUEST, PEER_IP, GUEST_IP)], ids=["from", "to"]
)
@pytest.mark.parametrize("kind", ["garp_request", "arp_request", "arp_reply"])
def test_a_guest_that_sends_no_arp_has_its_address_by_its_packets(
    kind: str, packet: tuple[int, int, int, str, str]
) -> None:
    """A stranger's ARP for the address of a guest that only sends, or is sent, packets: both are named."""
    claims = arps(*((ts, NUMBER_OF[kind], INTRUDER, GUEST_IP, GUEST_IP) for ts in (9 * S, 11 * S)))
    here = view("gw", arps=claims, journal=journal(packet))
    told = find_duplicate_address(guest(), [here], SWITCH)
    assert (told.found, told.point, told.frames) == (True, "gw", (1, 1))
    assert "00:02:00:00:bb:02" in told.because
    assert "00:50:56:aa:77:10" in told.because


def test_a_strangers_arp_where_nothing_of_the_guest_is_seen_does_not_pass() -> None:
    """Its domain may be another, or not: the guest's own ARP elsewhere says nothing of it."""
    garp = NUMBER_OF["garp_request"]
    alone = view("dst", arps=arps((S, garp, INTRUDER, GUEST_IP, GUEST_IP)))
    home = view("src", arps=arps((S, garp, GUEST, GUEST_IP, GUEST_IP)))
    for views in ([alone], [home, alone], [alone, home]):
        told = find_duplicate_address(guest(), views)
        assert told.found is None
        assert "at dst, where the guest sent nothing" in told.because


# second place


def sent_by_guest(*times: int, first_id: int = 1000) -> JournalColumns:
    """Packets of the guest to its peer, told apart by their identification."""
    rows = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    return rows._replace(ip_id=(np.arange(len(times)) + first_id).astype(np.uint32))


AFTER = tuple(SWITCH + 2 * S + n * 100 * MS for n in range(5))


def two_domains(old: JournalColumns, new: JournalColumns, **more: object) -> list[PointView]:
    return [view("src", "domain:source", journal=old), view("dst", "domain:destination", journal=new, **more)]


def test_packets_of_the_guest_only_at_its_old_place_are_a_second_place() -> None:
    """Split brain, or a clone: its MAC goes on where it left."""
    found = find_second_place(guest(), two_domains(sent_by_guest(*AFTER), sent_by_guest(*AFTER, first_id=2000)), SWITCH)
    assert (found.found, found.point, found.frames) == (True, "src", (1, 2, 3))
    assert (found.since, found.until) == (AFTER[0], AFTER[-1])
    assert found.because.startswith("5 packets")


def test_in_a_stretched_domain_the_same_packets_pass_both_places() -> None:
    """Told by their identification: what was sent at the new place and heard at the old one is no flap."""
    late = sent_by_guest(*(ts + MS for ts in AFTER))
    assert find_second_place(guest(), two_domains(late, sent_by_guest(*AFTER)), SWITCH).found is False


def test_a_few_packets_that_the_new_places_capture_lacks_are_no_second_place() -> None:
    """Thirty packets heard at both places, five of them missing in the one: whoever else sent would send as many."""
    every = tuple(SWITCH + 2 * S + n * 100 * MS for n in range(30))
    full = sent_by_guest(*every)
    rows = np.flatnonzero(np.arange(len(every)) % 6 != 3)
    found = find_second_place(guest(), two_domains(full, full.take(rows)), SWITCH)
    assert found.found is None
    assert "its capture may lack them" in found.because


def test_a_new_place_that_shows_nothing_of_the_guest_tells_no_second_one() -> None:
    """It may hold one direction, as captures of one port of a switch do."""
    found = find_second_place(guest(), two_domains(sent_by_guest(*AFTER), journal()), SWITCH)
    assert found.found is None
    assert "one direction" in found.because


def test_packets_still_on_their_way_are_no_second_place() -> None:
    """What the old place sends within a second of the switchover may have been sent before: the pass says from when."""
    early = sent_by_guest(SWITCH + 200 * MS, SWITCH + 900 * MS)
    told = find_second_place(guest(), two_domains(early, sent_by_guest(*AFTER, first_id=2000)), SWITCH)
    assert told.found is False
    assert told.because.startswith("from 1 s after the switchover on")


@pytest.mark.parametrize(("offset_ms", "found"), [((0, 0), True), ((-300, 300), False)])
def test_a_guest_that_runs_at_its_new_place_sends_nothing_more_at_its_old_one(
    offset_ms: tuple[int, int], found: bool
) -> None:
    """Within the second: it was at the new place 20 ms after the moment, alone, as far as the clocks tell."""
    early = sent_by_guest(SWITCH + 10 * MS, SWITCH + 200 * MS, SWITCH + 300 * MS)
    new = sent_by_guest(SWITCH + 20 * MS, *AFTER, first_id=2000)
    low, high = (ms * MS for ms in offset_ms)
    told = find_second_place(guest(), two_domains(early, new, offset=Offset(low, high, 3)), SWITCH)
    assert told.found is found
    assert told.frames == ((2, 3) if found else ())
    assert told.because.startswith("2 packets" if found else "from 0.42 s after the switchover on")


def test_nothing_of_the_sort_is_said_by_a_capture_that_dropped_packets() -> None:
    """What passed the new place alone may have passed the old one unseen."""
    early, new = sent_by_guest(SWITCH + 200 * MS), sent_by_guest(SWITCH + 20 * MS, *AFTER, first_id=2000)
    old, there = two_domains(early, new)
    assert find_second_place(guest(), [old, there], SWITCH).found is True
    assert find_second_place(guest(), [replace(old, drops=3), there], SWITCH).found is False


def test_the_routers_copies_of_a_packet_are_not_the_guests_mac() -> None:
    """The guest's address behind another MAC is a routed packet."""
    routed = journal(*((ts, GATEWAY, INTRUDER, GUEST_IP, PEER_IP) for ts in AFTER))
    assert find_second_place(guest(), two_domains(routed, sent_by_guest(*AFTER)), SWITCH).found is False


def test_a_second_place_takes_two_points_and_a_mac() -> None:
    """One domain in view, or a guest known by its address alone: nobody can say."""
    old, new = two_domains(sent_by_guest(*AFTER), sent_by_guest(*AFTER))
    assert find_second_place(guest(), [old], SWITCH).found is None
    assert find_second_place(guest(), [new], SWITCH).found is None
    assert find_second_place(guest(mac=NO_MAC), [old, new], SWITCH).found is None


def test_a_second_place_takes_every_frame_of_both() -> None:
    """What is missing at the new place may have been left out there."""
    points = two_domains(sent_by_guest(*AFTER), sent_by_guest(*AFTER, first_id=2000), journal_complete=False)
    found = find_second_place(guest(), points, SWITCH)
    assert found.found is None
    assert "dst" in found.because


# announced too early


def announced_while_running(until: int, announced_at: int = SWITCH, **more: object) -> list[PointView]:
    """The guest answers at its old place until then; it is announced at the new one, and heard at both."""
    old = view("src", "domain:source", journal=asks_and_answers(0, until, 10 * MS))
    new = view(
        "dst", "domain:destination", series=(announced(announced_at),),
        journal=sent_by_guest(until + S, until + 2 * S, first_id=60_000), **more,
    )  # fmt: skip
    return [old, new]


def test_a_guest_that_goes_on_after_its_announcement_was_announced_too_early() -> None:
    """By as long as it went on at its old place, between its first and its last frame then."""
    points = announced_while_running(SWITCH + 300 * MS)
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms == pytest.approx(291.0)
    assert found.point == "src"
    assert len(found.frames) == 2


def test_an_announcement_after_the_last_frame_is_in_order() -> None:
    """Negative by the time since the guest's last frame at its old place."""
    points = announced_while_running(SWITCH - 200 * MS)
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms == pytest.approx(-209.0)


@pytest.mark.parametrize(("late_ms", "doubt_ms", "early_ms"), [(2, 1, -209.0), (2, 3, None), (-2, 1, -9.0)])
def test_an_answer_from_the_new_place_that_passes_the_old_one_is_no_frame_of_before(
    late_ms: int, doubt_ms: int, early_ms: float | None
) -> None:
    """The guest answers before it announces itself; what was at the new place first came from there."""
    talk = asks_and_answers(0, SWITCH, 10 * MS, (SWITCH - 200 * MS, SWITCH - 10 * MS))
    from_there = talk.ts_ns > SWITCH - 200 * MS
    there = talk.take(from_there)
    old = view("src", "domain:source", journal=talk._replace(ts_ns=talk.ts_ns + np.where(from_there, late_ms * MS, 0)))
    new = view("dst", "domain:destination", series=(announced(SWITCH),), journal=there)
    new = replace(new, offset=Offset(-doubt_ms * MS, doubt_ms * MS, 9))
    found = find_early_announcement(guest(new), [old, new])
    if early_ms is None:
        assert found.early_ms is None or found.early_ms > -209.0
    else:
        assert found.early_ms == pytest.approx(early_ms, abs=abs(late_ms) + 1)


def test_in_a_stretched_domain_the_new_places_frames_are_not_the_old_ones() -> None:
    """After the announcement the old place hears what the new one sends: the same packets."""
    talk = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH + 10 * MS))
    points = [
        view("src", "domain:source", journal=talk),
        view("dst", "domain:destination", series=(announced(SWITCH),), journal=talk),
    ]
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms is not None
    assert found.early_ms < 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"offset": Offset(-300 * MS, 300 * MS, 3)}, "which came first is not known"),
        ({"drops": 4}, "does not show every frame"),
        ({"truncated": True}, "does not show every frame"),
        ({"journal_complete": False}, "does not show every frame"),
    ],
)
def test_too_early_takes_clocks_that_tell_the_order_and_a_whole_capture(more: dict[str, object], words: str) -> None:
    """Within the doubt there is no order of frames, and a frame that was missed is no proof of a second place."""
    points = announced_while_running(SWITCH + 300 * MS, **more)
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms is None
    assert words in found.because


def test_how_early_it_was_is_told_on_one_clock() -> None:
    """The new place's clock is 100 ms behind, give or take one: of 291 ms by the clocks 191 are left."""
    points = announced_while_running(SWITCH + 300 * MS, offset=Offset(-101 * MS, -99 * MS, 3))
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms == pytest.approx(191.0)


def test_too_early_takes_both_domains_and_an_announcement() -> None:
    """Each of the three is asked for by name."""
    old, new = announced_while_running(SWITCH + 300 * MS)
    assert find_early_announcement(guest(new), [new]).early_ms is None
    assert find_early_announcement(guest(new), [old]).early_ms is None
    assert "no announcement" in find_early_announcement(guest(), [old, new]).because


def test_a_second_place_long_after_is_not_called_early() -> None:
    """A minute later the same MAC at the old place is something else."""
    old = view("src", "domain:source", journal=sent_by_guest(5 * S, SWITCH + 61 * S))
    new = view("dst", "domain:destination", series=(announced(SWITCH),))
    found = find_early_announcement(guest(new), [old, new])
    assert found.early_ms == pytest.approx(-5000.0)


def test_a_guest_that_was_never_heard_before_cannot_be_early() -> None:
    """Nothing at the old place before the announcement: no bound."""
    old = view("src", "domain:source", journal=sent_by_guest(SWITCH + 90 * S))
    new = view("dst", "domain:destination", series=(announced(SWITCH),))
    assert find_early_announcement(guest(new), [old, new]).early_ms is None


APART = None
"""The offset of a clock that nothing compares with the others'."""


@pytest.mark.parametrize("last", [SWITCH - 150 * MS, SWITCH + 300 * MS])
def test_of_two_clocks_that_nothing_compares_neither_frame_is_the_first(last: int) -> None:
    """By the clocks as they are it would be a pass, or a fail."""
    points = announced_while_running(last, offset=APART)
    found = find_early_announcement(guest(points[1]), points)
    assert found.early_ms is None
    assert "the clocks of dst and src were not compared" in found.because


@pytest.mark.parametrize(("last_before", "expected"), [(150 * MS, -150.0), (12 * MS, None)])
def test_a_stream_on_a_clock_of_its_own_decides_nothing_where_the_guest_had_fallen_silent(
    last_before: int, expected: float | None
) -> None:
    """It sent every 10 ms. Silent for 150 ms it had been stopped; for 12 ms its requests may have been drawn away."""
    times = range(SWITCH - last_before - 200 * 10 * MS, SWITCH - last_before + 1, 10 * MS)
    old = view("src", "domain:source", journal=sent_by_guest(*times))
    new = view("dst", "domain:destination", series=(announced(SWITCH),))
    stream = view("up", "source", offset=APART)
    for ahead in (-3 * S, 300 * MS, 3 * S):
        found = find_early_announcement(guest(new), [old, new, stream], (stream, SWITCH + ahead))
        assert found.early_ms == expected
        if expected is None:
            assert "the clocks of dst and up were not compared" in found.because


def test_an_announcement_was_heard_first_at_no_clock_that_nothing_compares() -> None:
    """A gateway's clock that is half a second behind heard nothing before anybody sent it."""
    new = view("dst", "domain:destination", series=(announced(SWITCH),))
    gateway = view("gw", "gateway", series=(announced(SWITCH - 500 * MS),), offset=APART)
    for heard in ((new, gateway), (gateway, new)):
        first = guest(*heard).first_heard
        assert first is not None
        assert first[0].name == "dst"
    alone = guest(gateway).first_heard
    assert alone is not None
    assert alone[0].name == "gw"


def test_an_announcement_that_came_too_early_is_no_sign_of_when_the_guest_moved() -> None:
    """What was announced before its last frame at the old place is left out of what the switchover is told by."""
    points = announced_while_running(SWITCH + 300 * MS)
    early = find_early_announcement(guest(points[1]), points)
    assert early.drawn is not None
    assert (early.drawn[0].ts, early.drawn[1].view.name) == (SWITCH, "src")
    assert early.drawn[1].ts <= SWITCH + 300 * MS
    assert without_early(guest(points[1]), early).heard == ()
