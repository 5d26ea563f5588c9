"""What went to the guest's old place and to nowhere else: what routes are judged by with no point beside peers."""

from typing import Final

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, journal
from tests.migration.test_lisp_data import OLD as OLD_LOCATOR
from tests.migration.test_lisp_data import sent
from tests.migration.test_mechanisms import MOMENT, after, case, judged, news, point, worked
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.views import PointView

ROUTER: Final = 0x0200_0000_0B01
OLD, NEW = "192.0.2.2", "192.0.2.6"
OTHER = "10.99.0.7"
PROTOCOLS: Final = ("rip", "eigrp", "bgp", "ospf", "isis")
STEP: Final = 200 * MS


def said(name: str, *rows: tuple[int, str, str]) -> PointView:
    """A link between routers, on which these say this of the guest's route."""
    end = ".00-00" if name == "isis" else ""
    told = [
        news(ts, action, name, sender=who, origin=who + end, metric=2, sequence=1 + n)
        for n, (ts, who, action) in enumerate(rows)
    ]
    return point("core", "wan", told)


def asked(name: str, role: str, peer: str, begin: int, end: int, answered: bool = False) -> PointView:
    """A place at which a peer asks the guest from then to then."""
    rows = []
    for ts in range(begin, end, STEP):
        rows.append((ts, ROUTER, GUEST, peer, GUEST_IP))
        if answered:
            rows.append((ts + MS, GUEST, ROUTER, GUEST_IP, peer))
    made = journal(*rows)
    made.icmp_seq[:] = made.ts_ns // STEP % 60_000
    made.ip_id[:] = 0
    return point(name, role, journal=made)


def told(wan: PointView, *views: PointView) -> Case:
    """The guest's move, of which no peer's outage is known."""
    one = case(wan, *views, peers=[])
    return Case(**{**{name: getattr(one, name) for name in one.__slots__}, "views": (wan, *views)})


LOST_AT_A = asked("a", "domain:source", PEER_IP, 0, after(30_000))
FINE_AT_B = asked("b", "domain:destination", OTHER, after(2_000), after(50_000), answered=True)
BOTH: Final = ((0, OLD, "announce"), (after(2_000), NEW, "announce"))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_packets_that_are_lost_at_the_old_place_show_that_the_old_way_is_followed(name: str) -> None:
    """Four peers were cut off for half a minute, and it said that no peer shows which way is followed."""
    found = judged(name, told(said(name, *BOTH), LOST_AT_A, FINE_AT_B))
    assert found is not None
    assert found.worked == "no"
    stays = "in 48.0 s of view" if name == "rip" else "never withdrew"  # a route of RIP may stand for 180 s
    assert stays in found.because
    assert "packets of 1 peer for it came to its old place at a from +7.0 s until +29.8 s" in found.because
    assert "a" in [one.point for one in found.evidence]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_they_fail_a_route_that_left_late_or_that_nobody_took_over(name: str) -> None:
    """While the old way stood they were lost; or no other way came at all."""
    late = said(name, *BOTH, (after(29_500), OLD, "withdraw"))
    assert worked(name, told(late, LOST_AT_A, FINE_AT_B)) == "no"
    gone = said(name, (0, OLD, "announce"), (MOMENT - 100 * MS, OLD, "withdraw"))
    found = judged(name, told(gone, LOST_AT_A, FINE_AT_B))
    assert found is not None
    assert (found.worked, "came to its old place at a" in found.because) == ("no", True)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_came_to_the_new_place_too_or_was_answered_is_not_lost(name: str) -> None:
    """Floods pass both places; an answer may take another way; a place that is not watched shows nothing."""
    there = asked("b", "domain:destination", PEER_IP, 0, after(50_000))
    answers = asked("far", None, PEER_IP, after(2_000), after(50_000), answered=True)
    ended = asked("b", "domain:destination", OTHER, after(2_000), after(4_000), answered=True)
    for views in (
        (LOST_AT_A, there),
        (LOST_AT_A, FINE_AT_B, answers),
        (LOST_AT_A,),
        (asked("a", "domain:source", PEER_IP, 0, after(6_500)), FINE_AT_B),
        (LOST_AT_A, point("b", "domain:destination", journal=ended.journal, last_ts=after(4_000))),
    ):
        found = judged(name, told(said(name, *BOTH), *views))
        assert found is not None
        assert (found.worked, "old place" in found.because) == ("undecided", False)


def test_it_is_no_fault_of_a_route_that_came_and_whose_old_one_went() -> None:
    """Then they are lost for another reason, which nobody may call well."""
    in_time = said("ospf", *BOTH, (after(2_500), OLD, "withdraw"))
    found = judged("ospf", told(in_time, LOST_AT_A, FINE_AT_B))
    assert found is not None
    assert (found.worked, "not for want of it" in found.because) == ("undecided", True)


def test_the_way_that_packets_take_is_told_where_points_on_both_ways_show_it() -> None:
    """What became of them is another question."""
    still = asked("core-to-A", "wan", PEER_IP, 0, after(30_000))
    to_b = point("core-to-B", "wan", journal=journal((after(9), GATEWAY, ROUTER, OTHER, "10.99.0.1")))
    found = judged("ospf", told(said("ospf", *BOTH), still, to_b))
    assert found is not None
    assert found.worked == "undecided"
    assert "took the way that they had before, past core-to-A, and 0 another, past core and core-to-B" in found.because
    assert "no peer shows" not in found.because


def test_lisp_data_to_the_old_locator_is_no_pass_where_no_peer_is_in_view() -> None:
    """Whether the old site passes them on is not known; where the new one saw none of them, they were lost."""
    found = sent(OLD_LOCATOR, [])
    assert (found.worked, "still went to 1.1.1.1" in found.because) == ("undecided", True)
    found = sent(OLD_LOCATOR, [], beside=[FINE_AT_B])
    assert (found.worked, "36 of these came to no point at its new place" in found.because) == ("no", True)
