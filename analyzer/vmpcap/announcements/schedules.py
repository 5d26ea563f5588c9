"""Whose rhythm is this? Known announcement schedules and how a series of times is held against them."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from vmpcap.terms.units import NS_PER_MS, NS_PER_S


class Schedule(NamedTuple):
    """When a hypervisor repeats its announcement after one event."""

    name: str
    offsets_ms: tuple[int, ...]
    """Each frame after the first one of the row."""
    early_first_ms: int
    """One more frame comes up to this long before the first of the row (at once, the rest on a tick); 0: none."""
    tolerance_ms: int
    """How far a gap between two frames may be off: timers fire late, captures jitter."""
    matches_per_extra: int
    """One frame outside the schedule is forgiven for this many inside it."""
    round_gaps: bool
    """Whole seconds: met by chance by anything that repeats itself every second."""
    guest_joins: bool
    """Whether the guest's own announcements follow it, so that it shows without a RARP."""
    source: str


ESXI_TICKS_MS: Final = (0, 1000, 2000, 4000, 7000, 12000, 20000, 33000, 54000)
"""After the host's next one-second tick; gaps of 1, 1, 2, 3, 5, 8, 13, 21 s."""

SCHEDULES: Final[tuple[Schedule, ...]] = (
    Schedule("qemu", (0, 50, 200, 450, 800), 0, 40, 4, False, True, "QEMU announce-* parameters 50, 100, 550, 5"),
    Schedule("esxi", ESXI_TICKS_MS, 1000, 150, 6, True, False, "two public captures, every MAC"),
    Schedule("esxi", (0, 2000, 6000, 12000, 22000, 38000), 0, 300, 6, True, False, "a published observation, 7.0 U2"),
)
"""
Known schedules; the better match stands, the earlier row where two match equally.

QEMU's gaps follow gap_k = min(initial + k * step, max) and may be set by its user: see has_growing_gaps.
"""

ONE_SENDING_NS: Final = 5 * NS_PER_MS
"""Frames this near to each other are one sending: copies, or one announcement per address."""

LEAST_MATCHES: Final = 3

STEADY_SHARE: Final = 0.15
"""Gaps that differ by no more than this share of the longest are one gap repeated."""


LEAST_GROWING_GAPS: Final = 4
"""Fewer growing gaps than this may be chance."""

STEADY_BEGINNING: Final = 4
"""A known schedule (ESXi's) begins with up to this many sendings at one steady gap."""


class Match(NamedTuple):
    """How a series of times stands to a schedule."""

    schedule: str
    matched: int
    """Sendings that are where the schedule has one."""
    extra: int
    """Sendings that are not."""
    lost: int
    """Times of the schedule without a sending, between the first and the last that match."""


def sendings(ts_ns: Sequence[int]) -> list[int]:
    """At which times was something sent? Sorted; frames nearer than ONE_SENDING_NS to the one before count once."""
    distinct: list[int] = []
    last = None
    for ts in sorted(ts_ns):
        if last is None or ts - last > ONE_SENDING_NS:
            distinct.append(ts)
        last = ts
    return distinct


def gap_fits(schedule: Schedule, earlier: int, later: int, gap_ns: int) -> bool:
    """May this much time lie between these two frames of a schedule? Place -1 is the early first frame."""
    tolerance = schedule.tolerance_ms * NS_PER_MS
    high = low = schedule.offsets_ms[later] * NS_PER_MS
    if earlier < 0:
        high += schedule.early_first_ms * NS_PER_MS
        return max(0, low - tolerance) <= gap_ns <= high + tolerance
    nominal = low - schedule.offsets_ms[earlier] * NS_PER_MS
    return abs(gap_ns - nominal) <= tolerance


def places(schedule: Schedule) -> range:
    """The places of a schedule's frames, -1 for the early first one where there is one."""
    return range(-1 if schedule.early_first_ms else 0, len(schedule.offsets_ms))


def match(schedule: Schedule, times: Sequence[int]) -> Match:
    """
    How many of these sendings are where the schedule has one?

    Parameters
    ----------
    times : distinct sendings, rising, nanoseconds

    Notes
    -----
    The longest chain of sendings whose gaps are all the schedule's; any of the schedule's frames may be missing.
    Gaps are measured from one matching frame to the next, so a slow clock does not add up.
    """
    chains: list[dict[int, tuple[int, int]]] = []
    best = (0, 0)
    for i, here in enumerate(times):
        chain: dict[int, tuple[int, int]] = {}
        for place in places(schedule):
            longest = (1, 0)
            for j in range(i):
                gap = here - times[j]
                for before, (length, lost) in chains[j].items():
                    if before < place and gap_fits(schedule, before, place, gap):
                        longest = max(longest, (length + 1, lost - (place - before - 1)))
            chain[place] = longest
            best = max(best, longest)
        chains.append(chain)
    return Match(schedule.name, best[0], len(times) - best[0], -best[1])


def most_sendings(schedule: Schedule) -> int:
    """More sendings than this can never be one event of the schedule."""
    frames = len(places(schedule))
    return frames + frames // schedule.matches_per_extra


def is_convincing(schedule: Schedule, found: Match) -> bool:
    """Is this match more than chance? Enough frames, few outside the schedule, not more lost than seen."""
    return (
        found.matched >= LEAST_MATCHES
        and found.extra <= found.matched // schedule.matches_per_extra
        and found.lost <= found.matched
    )


def is_steady(times: Sequence[int]) -> bool:
    """Are all gaps the same, so that nothing tells a schedule from a plain repetition?"""
    gaps = [b - a for a, b in itertools.pairwise(times)]
    return bool(gaps) and max(gaps) - min(gaps) <= STEADY_SHARE * max(gaps)


def has_growing_gaps(times: Sequence[int]) -> bool:
    """
    Do the gaps grow by a constant step up to a cap, as QEMU's do whatever its parameters are?

    Only whole series of five frames or more are recognised; a step within the tolerance is a plain repetition.
    """
    tolerance = 25 * NS_PER_MS
    gaps = [b - a for a, b in itertools.pairwise(times)]
    if len(gaps) < LEAST_GROWING_GAPS or max(gaps) > 10 * NS_PER_S:
        return False
    steps = [b - a for a, b in itertools.pairwise(gaps)]
    step = steps[0]
    if step <= 2 * tolerance or abs(steps[1] - step) > 2 * tolerance:
        return False
    growing = True
    for now in steps[2:]:
        grows, stays = abs(now - step) <= 2 * tolerance, abs(now) <= 2 * tolerance
        if growing and not grows:
            growing = False  # the last step up to the cap may be a part of one
            if not -2 * tolerance <= now <= step:
                return False
        elif not growing and not stays:
            return False
    return True


def best_match(times: Sequence[int], by_guest: bool = False) -> Match | None:
    """Which known schedule do these distinct, rising sendings follow? None where none is convincing."""
    best: Match | None = None
    for schedule in SCHEDULES:
        if by_guest and not schedule.guest_joins:
            continue
        if len(times) > most_sendings(schedule):
            continue
        found = match(schedule, times)
        if is_convincing(schedule, found) and (best is None or found.matched > best.matched):
            best = found
    if best is None and has_growing_gaps(times):
        best = Match("qemu", len(times), 0, 0)
    return best


def fit(ts_ns: Sequence[int], by_guest: bool = False) -> str | None:
    """
    Whose schedule do these announcements of one event follow?

    Parameters
    ----------
    ts_ns : times of the frames, nanoseconds, in any order
    by_guest : whether they are the guest's own (gratuitous ARP, neighbour advertisements), without any RARP

    Returns
    -------
    The schedule's name, `other` where no known one fits, None where there are too few frames to tell: fewer than
    three sendings, or up to four at one steady gap, as ESXi's schedule begins.

    Notes
    -----
    Frames may be missing. A gap may be off by the schedule's tolerance (40 ms for QEMU, 150 ms for ESXi). The name
    says whose rhythm it is, not who sent it.
    """
    times = sendings(ts_ns)
    if len(times) < LEAST_MATCHES:
        return None
    if is_steady(times):
        return None if len(times) <= STEADY_BEGINNING else "other"
    found = best_match(times, by_guest)
    return found.schedule if found is not None else "other"
