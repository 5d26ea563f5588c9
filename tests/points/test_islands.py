"""Two groups of points at the same hosts: where both show the same difference of these, each host has one clock."""

from dataclasses import replace

import numpy as np
import pytest

from tests.points.made import MS, US, S
from vmpcap.points.clock import Offset
from vmpcap.points.islands import on_its_hosts_clock, on_the_hosts_clocks
from vmpcap.points.sets import Set
from vmpcap.points.timeline import Leg, Timeline, Track, constant_timeline

ROLES = ("source", "destination", "domain:source", "domain:destination", "gateway")
NOW = 1_000 * S


def line(group: int, offset: int, doubt: int = 0) -> Timeline:
    """A point that shows so much more than its group's reference."""
    known = constant_timeline(Offset(offset - doubt, offset + doubt, 9))
    return replace(known, group=group, is_given=not known.legs)


def hosts(ahead: int, stream_ahead: int | None = None, doubt: int = 300 * US) -> dict[int, Timeline]:
    """The source's clock is so far ahead; the stream's points are held against the source's."""
    stream = ahead if stream_ahead is None else stream_ahead
    return {0: line(1, 0), 1: line(1, -stream, doubt), 2: line(0, ahead, 10 * US), 3: line(0, 0), 4: line(0, 0)}


def middles(ahead: int) -> list[int]:
    return [NOW + ahead, NOW, NOW + ahead, NOW, NOW]


@pytest.mark.parametrize("ahead", [3 * S, -3 * S, 60 * S, -3600 * S])
def test_what_is_taken_for_the_streams_clocks_is_the_hosts(ahead: int) -> None:
    """What happened at once is taken for that, at both hosts; that something was earlier is never claimed by it."""
    found = on_the_hosts_clocks(hosts(ahead), ROLES, middles(ahead))
    assert set(found) == {0, 1}
    assert abs(found[0].on_reference(NOW + ahead) - NOW) <= MS
    assert abs(found[1].on_reference(NOW) - NOW) <= MS
    assert abs(found[0].on_point(NOW) - NOW - ahead) <= MS
    assert {one.group for one in found.values()} == {1}


@pytest.mark.parametrize(
    ("ahead", "stream_ahead", "doubt"),
    [
        (3 * S, 3 * S + 20 * MS, 300 * US),  # the hosts' points have clocks of their own
        (3 * S, -3 * S, 300 * US),
        (300 * MS, 300 * MS, 300 * US),  # so near they may be by chance
        (3 * S, 3 * S, 2 * S),  # and so is what leaves seconds open
    ],
)
def test_another_difference_or_a_small_one_shows_nothing(ahead: int, stream_ahead: int, doubt: int) -> None:
    """Then the clocks stay as they are."""
    assert on_the_hosts_clocks(hosts(ahead, stream_ahead, doubt), ROLES, middles(ahead)) == {}


def test_a_clock_that_was_set_or_several_points_of_a_role_show_nothing() -> None:
    """Nor where one point of the four is not there, or where packets join the groups anyway."""
    lines = hosts(3 * S)
    was_set = {**lines, 2: replace(lines[2], sets=(Set(NOW, NOW + S, S, S, True),))}
    joined = {place: replace(one, group=0) for place, one in lines.items()}
    for given, roles in [
        (was_set, ROLES),
        (joined, ROLES),
        (lines, ("source", "destination", "domain:source", None, "gateway")),
        (lines, ("source", "destination", "domain:source", "domain:destination", "domain:destination")),
    ]:
        assert on_the_hosts_clocks(given, roles, middles(3 * S)) == {}


def test_clocks_that_run_apart_are_compared_at_one_time() -> None:
    """By 30 ppm, and the guest's points captured for a minute before: the same clocks, 0.9 ms nearer then."""
    ahead, run = 3 * S, 900 * US
    edges = np.array([-30.0 * S, 0.0, 30.0 * S])

    def running(group: int, sign: int) -> Timeline:
        begin = NOW + (0 if sign > 0 else ahead)
        offset = sign * ahead + edges * sign * run / (30 * S)
        return Timeline(group, (Leg(Track(begin, 0, edges, offset - 10 * US, offset + 10 * US), True),), False)

    lines = {0: line(1, 0), 1: running(1, -1), 2: running(0, 1), 3: line(0, 0), 4: line(0, 0)}
    early = [NOW + ahead, NOW, NOW + ahead - 30 * S, NOW - 30 * S, NOW - 30 * S]
    assert set(on_the_hosts_clocks(lines, ROLES, early)) == {0, 1}


SPAN = 4 * S


def one_uplink(ahead: int, bridge: int, uplink_at: int | None = None) -> dict[int, Timeline]:
    """
    Where does the stream's only point, at the host whose bridge is that place, come to lie?

    That host's clock is so far ahead of all others. Bridge 1 is the source's, 2 the destination's.
    """
    lines = {0: line(1, 0), 1: line(0, 0), 2: line(0, 0), 3: line(0, 0)}
    lines[bridge] = line(0, ahead, 300 * US)
    roles = ("source" if bridge == 1 else "destination", "domain:source", "domain:destination", "gateway")
    starts = [NOW + ahead if uplink_at is None else uplink_at, NOW, NOW, NOW]
    starts[bridge] += ahead
    return on_its_hosts_clock(lines, roles, [(begin, begin + SPAN) for begin in starts])


@pytest.mark.parametrize("bridge", [1, 2])
@pytest.mark.parametrize("ahead", [3600 * S, -3600 * S, 86_400 * S])
def test_the_only_point_of_a_stream_is_by_the_clock_of_the_guests_point_at_its_host(ahead: int, bridge: int) -> None:
    """An hour ahead of all others both captured at once: the stream is put beside the guest, in a group of its own."""
    found = one_uplink(ahead, bridge)
    assert set(found) == {0}
    assert abs(found[0].on_reference(NOW + ahead + S) - NOW - S) <= MS
    assert found[0].group == 1


@pytest.mark.parametrize(
    ("ahead", "uplink_at"),
    [
        (3600 * S, NOW),  # beside the others: its clock is right, or was that of nobody
        (3600 * S, NOW + 1800 * S),  # beside none
        (3600 * S, NOW - 30 * S),  # a migration's own stream may have been captured half a minute before the rest
        (300 * MS, None),  # so little may be by chance
        (20 * S, None),  # and captures so near to each other may be of one time as they stand
    ],
)
def test_a_point_that_fits_another_clock_as_well_stays_where_it_is(ahead: int, uplink_at: int | None) -> None:
    """Nothing is taken then."""
    assert one_uplink(ahead, 1, uplink_at) == {}


@pytest.mark.parametrize(("bridge_at", "is_put"), [(1, True), (300, False), (-3600, False)])
def test_a_port_that_leads_nowhere_is_by_the_clock_of_the_stream_at_its_host(bridge_at: int, is_put: bool) -> None:
    """Only five RARPs stand there, which no other point saw, a second after the stream began; or at another time."""
    ahead = 3600 * S
    lines = {0: line(1, 0), 1: line(1, ahead, 10 * US), 2: line(0, 0), 3: line(2, 0), 4: line(0, 0)}
    starts = [NOW, NOW + ahead, NOW, NOW + ahead + bridge_at * S, NOW]
    found = on_its_hosts_clock(lines, ROLES, [(begin, begin + SPAN) for begin in starts])
    assert set(found) == ({3} if is_put else set())
    assert not is_put or abs(found[3].on_reference(NOW + ahead) - NOW) <= MS


def test_of_two_points_of_the_stream_none_is_put_by_one_host() -> None:
    """What both hosts' points show is another question."""
    lines, ahead = hosts(3600 * S), 3600 * S
    starts = [NOW + ahead, NOW, NOW + ahead, NOW, NOW]
    assert on_its_hosts_clock(lines, ROLES, [(begin, begin + SPAN) for begin in starts]) == {}
