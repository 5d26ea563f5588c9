"""Schedules: whose rhythm a series of announcements has."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.public import nanoseconds, oracle_of
from vmpcap.announcements.schedules import SCHEDULES, best_match, fit, has_growing_gaps, sendings
from vmpcap.announcements.series import split_sendings

MS = 1_000_000
QEMU_MS = (0, 50, 200, 450, 800)
ESXI_MS = (0, 640, 1640, 2640, 4640, 7640, 12640, 20640, 33640, 54640)
COARSE_MS = (0, 2000, 6000, 12000, 22000, 38000)


def ns(times_ms: tuple[float, ...]) -> list[int]:
    return [int(t * MS) for t in times_ms]


@pytest.mark.parametrize(
    ("times_ms", "name"),
    [
        (QEMU_MS, "qemu"),
        (ESXI_MS, "esxi"),
        (COARSE_MS, "esxi"),
        ((0, 199, 349, 599, 949), "qemu"),  # the first timer fired late: a guest busy with post-copy
        ((0, 1000, 2000, 3000, 4000, 5000, 6000), "other"),  # once a second: a guest's own habit
        ((0, 300, 310, 5000), "other"),
        ((0, 50), None),
        ((0,), None),
        ((), None),
        ((0, 1000, 2000), None),  # ESXi's schedule begins like this, and so does once a second
    ],
)
def test_a_schedule_is_told_by_its_gaps(times_ms: tuple[float, ...], name: str | None) -> None:
    """Known schedules by name, too few frames as None, everything else as other."""
    assert fit(ns(times_ms)) == name


def test_copies_of_a_frame_are_one_sending() -> None:
    """A mirror port that shows each frame twice does not change the schedule."""
    twice = [t + late for t in ns(QEMU_MS) for late in (0, 30_000)]
    assert sendings(twice) == ns(QEMU_MS)
    assert fit(twice) == "qemu"


@given(st.data())
def test_losing_one_frame_never_turns_one_hypervisor_into_another(data: st.DataObject) -> None:
    """With one frame lost and timers that fire late, a whole schedule keeps its name."""
    times_ms, name, jitter_ms = data.draw(st.sampled_from([(QEMU_MS, "qemu", 15), (ESXI_MS, "esxi", 60)]))
    late = data.draw(st.lists(st.integers(0, jitter_ms), min_size=len(times_ms), max_size=len(times_ms)))
    lost = data.draw(st.integers(0, len(times_ms) - 1))
    times = [(t + d) * MS for i, (t, d) in enumerate(zip(times_ms, late, strict=True)) if i != lost]
    assert fit(times) == name


@given(st.lists(st.integers(0, 60_000 * MS), max_size=12), st.data())
def test_losing_any_frame_of_anything_never_names_another_hypervisor(times: list[int], data: st.DataObject) -> None:
    """Whatever was seen: without one of its frames it is not taken for the other hypervisor."""
    before = fit(times)
    if before not in ("qemu", "esxi"):
        return
    lost = data.draw(st.integers(0, len(times) - 1))
    assert fit(times[:lost] + times[lost + 1 :]) in (before, "other", None)


@given(st.integers(0, 10**18), st.permutations(ns(ESXI_MS)))
def test_neither_order_nor_epoch_matter(start: int, times: list[int]) -> None:
    """A schedule is gaps, not times."""
    assert fit([start + t for t in times]) == "esxi"


@pytest.mark.parametrize(
    ("initial", "step", "most", "rounds"), [(100, 100, 1000, 8), (50, 100, 550, 10), (20, 300, 2000, 6)]
)
def test_qemu_is_recognised_with_other_parameters(initial: int, step: int, most: int, rounds: int) -> None:
    """gap_k = min(initial + k * step, max), as QEMU's announce-* parameters have it."""
    times = [0]
    for k in range(rounds - 1):
        times.append(times[-1] + min(initial + k * step, most) * MS)
    assert has_growing_gaps(times) or best_match(times) is not None
    assert fit(times) == "qemu"


def test_the_guests_own_announcements_are_not_esxis() -> None:
    """ESXi's hosts send no gratuitous ARP, so a guest's rhythm is never named after them."""
    assert fit(ns(ESXI_MS), by_guest=True) == "other"
    assert fit(ns(QEMU_MS), by_guest=True) == "qemu"


def test_every_row_says_where_it_comes_from() -> None:
    """Offsets rise from zero, tolerances stay below half the shortest gap where gaps tell schedules apart."""
    for schedule in SCHEDULES:
        gaps = [b - a for a, b in zip(schedule.offsets_ms[:-1], schedule.offsets_ms[1:], strict=True)]
        assert schedule.offsets_ms[0] == 0
        assert min(gaps) > 0
        assert schedule.tolerance_ms < min(gaps)
        assert schedule.source


CAPTURES = Path(__file__).resolve().parents[2] / "captures"
REAL_QEMU = [
    pytest.param([round(rarp["t"] * 1e9) for rarp in point["rarp"]], id=f"{path.parent.name}-{name}")
    for path in sorted(CAPTURES.glob("*/truth.json"))
    for name, point in json.loads(path.read_text())["captures"].items()
    if len(point["rarp"]) == 5
]


@pytest.mark.parametrize("times", REAL_QEMU)
def test_real_qemu_is_recognised_at_every_point_that_heard_it(times: list[int]) -> None:
    """Timers of real hosts, bridges and switches: the lab's own times, each point by itself."""
    assert fit(times) == "qemu"
    gaps = [(b - a) / MS for a, b in itertools.pairwise(times)]
    assert [round(gap / 50) * 50 for gap in gaps] == [50, 150, 250, 350]


def test_every_real_qemu_was_asked() -> None:
    """Seven migrations that were announced, at three points at least."""
    assert len(REAL_QEMU) >= 21


REAL_ESXI = {
    # events of each MAC in a public capture of real hosts, read by eye: a frame at once, one at the next tick of the
    # host, then after 1, 1, 2, 3, 5, 8, 13 and 21 s; a new event begins the row anew and cuts the former one short
    "00:50:56:8e:2d:ce": [7, 10, 7, 10, 5],
    "00:50:56:8e:4d:ed": [6, 10, 6, 9],
    "00:0c:29:1c:23:03": [6, 9, 6, 9, 6, 6],
    "00:0c:29:27:e0:79": [7, 10],
    "00:0c:29:f5:ed:15": [6, 10],
}


@pytest.mark.parametrize("mac", REAL_ESXI)
def test_real_esxi_is_recognised_event_by_event(mac: str) -> None:
    """Each event by itself, whole or cut short, has ESXi's schedule and no other."""
    entries = oracle_of("wswiki__vmware-rarp-garp.pcap")["arp"]
    times = [nanoseconds(entry["time"]) for entry in entries if entry["opcode"] == 3 and entry["sender_mac"] == mac]
    groups = split_sendings(times)
    assert [len(group) for group in groups] == REAL_ESXI[mac]
    for group in groups:
        assert fit(group) == "esxi"


def test_the_events_of_real_esxi_hold_every_frame() -> None:
    """145 announcements are in that capture."""
    assert sum(map(sum, REAL_ESXI.values())) == 145
