"""Series: which announcements are one event."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.announcements.made import GUEST, Row, make_rows
from tests.announcements.test_schedules import ESXI_MS, MS, QEMU_MS
from vmpcap.announcements.rows import no_rows
from vmpcap.announcements.series import Series, gather_series, mark_boots
from vmpcap.terms.addresses import ip_halves

S = 1000 * MS


def rarps(*times_ms: float, start_ms: float = 0) -> list[Row]:
    return [Row(int((start_ms + t) * MS)) for t in times_ms]


def series_of(rows: list[Row]) -> list[Series]:
    return gather_series(make_rows(rows))


def test_there_and_back_within_four_seconds_is_two_events() -> None:
    """A restarted schedule is a new event, however soon."""
    found = series_of(rarps(*QEMU_MS) + rarps(*QEMU_MS, start_ms=4000))
    assert [(s.count, s.schedule, s.first_ts) for s in found] == [(5, "qemu", 0), (5, "qemu", 4 * S)]


def test_the_way_back_is_an_event_even_where_two_of_its_frames_are_lost() -> None:
    """Three frames that start the schedule anew are enough."""
    found = series_of(rarps(*QEMU_MS) + rarps(50, 200, 800, start_ms=3000))
    assert [s.count for s in found] == [5, 3]


def test_late_repetitions_of_esxi_are_the_same_event() -> None:
    """Ten frames over 55 s, the last 21 s after the one before, are one event."""
    (found,) = series_of(rarps(*ESXI_MS))
    assert (found.count, found.schedule) == (10, "esxi")


def test_a_restarted_esxi_schedule_is_a_second_event() -> None:
    """Six frames, then the whole schedule anew: the second event cuts the first one short."""
    found = series_of(rarps(*ESXI_MS[:6]) + rarps(*ESXI_MS, start_ms=9200))
    assert [(s.count, s.schedule) for s in found] == [(6, "esxi"), (10, "esxi")]


def test_after_a_quiet_minute_everything_is_new() -> None:
    """Single frames 61 s apart are events, 30 s apart they are one."""
    assert [s.count for s in series_of(rarps(0, 61_000, 122_000))] == [1, 1, 1]
    assert [s.count for s in series_of(rarps(0, 30_000, 60_000))] == [3]


def test_a_train_of_even_announcements_is_one_event() -> None:
    """Once a second for half a minute is a habit, not thirty moves."""
    (found,) = series_of(rarps(*range(0, 30_000, 1000)))
    assert (found.count, found.schedule) == (30, "other")


def test_the_guests_own_announcements_join_the_hypervisors() -> None:
    """Gratuitous ARP interleaved with RARPs is one event, and teaches the address."""
    garps = [Row(int((t + 30) * MS), "garp_request", ip="10.77.0.10") for t in QEMU_MS]
    nas = [Row(int((t + 31) * MS), "unsolicited_na", ip="fe80::250:56ff:feaa:7710") for t in QEMU_MS]
    (found,) = series_of(rarps(*QEMU_MS) + garps + nas)
    assert found.kinds == (("rarp_announce", 5), ("garp_request", 5), ("unsolicited_na", 5))
    assert found.schedule == "qemu"
    assert set(found.ips) == {ip_halves("10.77.0.10"), ip_halves("fe80::250:56ff:feaa:7710")}


def test_each_of_two_events_gets_its_own_gratuitous_arps() -> None:
    """A guest's announcement goes to the event it follows, or is just ahead of."""
    garps = [Row(int(t * MS), "garp_request", ip="10.77.0.10") for t in (30, 400, 3900, 4030)]
    found = series_of(rarps(*QEMU_MS) + rarps(*QEMU_MS, start_ms=4000) + garps)
    assert [s.count_of("garp_request") for s in found] == [2, 2]


def test_without_rarps_the_guests_announcements_are_the_series() -> None:
    """Where RARPs are filtered, the gratuitous ARPs that follow QEMU's rounds still show both moves."""
    garps = [Row(int((t + back) * MS), "garp_request", ip="10.0.0.9") for back in (0, 5000) for t in QEMU_MS]
    assert [(s.count, s.schedule) for s in series_of(garps)] == [(5, "qemu"), (5, "qemu")]


def test_other_machines_and_other_domains_stay_apart() -> None:
    """A MAC is a series of its own in each broadcast domain."""
    rows = rarps(*QEMU_MS)
    other_mac = [r._replace(mac=GUEST + 1) for r in rows]
    other_domain = [r._replace(segment=7) for r in rows]
    found = series_of(rows + other_mac + other_domain)
    assert {(s.mac, s.segment_key, s.count) for s in found} == {(GUEST, 0, 5), (GUEST + 1, 0, 5), (GUEST, 7, 5)}


def test_questions_are_no_announcements() -> None:
    """Requests, replies and probes make no series; nor does nothing at all."""
    kinds = ("arp_request", "arp_reply", "arp_probe", "rarp_request", "rarp_reply", "solicited_na", "nd_request")
    assert series_of([Row(i * S, kind) for i, kind in enumerate(kinds)]) == []
    assert gather_series(no_rows()) == []


def test_a_boot_is_marked_not_hidden() -> None:
    """What the context says about a MAC is written on its series."""
    found = mark_boots(series_of(rarps(0, 50)), {GUEST: "answered"})
    assert [s.boot for s in found] == ["answered"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200_000), st.booleans(), st.integers(0, 2)), max_size=30), st.integers())
def test_every_announcement_is_in_exactly_one_series_whatever_its_order(
    drawn: list[tuple[int, bool, int]], seed: int
) -> None:
    """Frames are neither lost nor counted twice, and the order in which rows come does not matter."""
    rows = [Row(ms * MS, "garp_request" if garp else "rarp_announce", GUEST + who) for ms, garp, who in drawn]
    found = series_of(rows)
    assert sorted(f for s in found for f in s.frames) == list(range(1, len(rows) + 1))
    assert all(list(s.times) == sorted(s.times) for s in found)
    shuffled = rows[:]
    random.Random(seed).shuffle(shuffled)
    again = series_of(shuffled)
    assert sorted((s.mac, s.times, s.schedule) for s in again) == sorted((s.mac, s.times, s.schedule) for s in found)


@pytest.mark.parametrize("burst", [(0, 500), (0, 300, 1300)])
def test_the_same_few_gaps_once_more_are_another_event(burst: tuple[int, ...]) -> None:
    """Two RARPs of a host whose schedule nobody knows, and 13 s later, after a move, as many as far apart."""
    found = series_of(rarps(*burst) + rarps(*burst, start_ms=13_065))
    assert [(s.count, s.first_ts) for s in found] == [(len(burst), 0), (len(burst), 13_065 * MS)]


@pytest.mark.parametrize(
    "times",
    [
        (0, 500, 13_000, 13_900),
        (0, 500, 1_700, 2_200),
        (0, 500, 10_000, 10_500, 20_000, 20_500),
        (0, 500, 13_000),
        (0, 13_000),
    ],
    ids=["another shape", "hardly apart", "kept up at one pace", "one frame", "single frames"],
)
def test_what_has_no_shape_that_comes_again_is_one_event(times: tuple[int, ...]) -> None:
    """Events can be too few, hardly too many."""
    assert [s.count for s in series_of(rarps(*times))] == [len(times)]


GROWS = (0, 1_000, 2_000, 4_000, 9_000, 17_000)
"""Nobody's schedule that is known, and like ESXi's: the pauses grow."""


@pytest.mark.parametrize("again_ms", [4_700, 8_000, 10_250, 17_600, 40_000])
def test_growing_gaps_that_begin_anew_are_another_event_however_soon(again_ms: int) -> None:
    """A guest that goes back within its host's series: the one host breaks off, the other begins."""
    before = [ms for ms in GROWS if ms < again_ms]
    found = series_of(rarps(*before) + rarps(*GROWS, start_ms=again_ms))
    assert [(s.count, s.first_ts) for s in found] == [(len(before), 0), (len(GROWS), again_ms * MS)]


@pytest.mark.parametrize(
    "times",
    [
        GROWS,
        (0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 13_000),
        (0, 1_000, 2_000, 4_000, 9_000, 10_250, 11_250),
        (0, 1_000, 2_000, 4_000, 9_000, 10_250, 12_250, 14_250, 19_250),
        (0, 2_000, 3_000, 7_000, 9_000, 10_000, 14_000),
    ],
    ids=["once", "even at first", "too few of the second", "one of the second lost", "no growth"],
)
def test_what_does_not_begin_as_it_began_is_one_event(times: tuple[int, ...]) -> None:
    assert [s.count for s in series_of(rarps(*times))] == [len(times)]


def test_a_machines_own_pairs_of_gratuitous_arps_are_one_event() -> None:
    """Who defends its address says it twice each time (RFC 5227 2.4): no host announces anything."""
    garps = [Row(int(t * MS), "garp_request", ip="10.0.0.9") for t in (0, 500, 13_000, 13_500)]
    assert [s.count for s in series_of(garps)] == [4]
