"""The stream in phases: set-up, bulk, bursts, switchover, resume."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.series import Together
from vmpcap.migration.results import Phase, PhaseKind
from vmpcap.migration.stream.figures import Activity, StreamFigures
from vmpcap.terms.units import iso_utc, mbps

I64 = npt.NDArray[np.int64]

Bracket = tuple[int, int]
Spread = tuple[I64, I64]
"""Times, and what had flowed until each of them."""

NEVER: Final = (2**63 - 1, 2**63 - 1)


def name_phases(start_ts: int, figures: StreamFigures, stun: Bracket | None) -> list[Phase]:
    """
    Which phases did the stream go through?

    Parameters
    ----------
    start_ts : the stream's first packet, ns
    stun : the switchover bracket on the same clock, where it is known

    Notes
    -----
    Pauses separate a first bulk from later bursts: pre-copy passes without a pause between them stay one bulk, so the
    number of bursts is at most the number of passes. What flowed inside the bracket is the switchover's own transfer;
    what flowed after it (post-copy) is the resume phase. Phases lie within the stream: the bracket is cut to it, and
    one that begins before the first pass or behind the last data does not say which bytes were the switchover's, so
    there is no such phase. Where the capture lacks acknowledged bytes, the rate of a phase is of what was acknowledged
    in it, though its payload is only what was seen.
    """
    phases: list[Phase] = []
    first = figures.first_data_ts
    if first is None:
        return phases
    setup_end = figures.setup.to_ts if figures.setup is not None else first
    if setup_end > start_ts:
        phases.append(_phase("setup", 1, start_ts, setup_end, figures.setup.new_bytes if figures.setup else 0))
    edge = _cut_to_stream(stun, figures)
    inside = sum(_split(activity, edge, figures, phases) for activity in figures.activities)
    if edge[0] < edge[1]:
        phases.append(_phase("switchover", 1, edge[0], edge[1], inside))
    return sorted(phases, key=lambda p: (p.start_ts, p.end_ts))


def _cut_to_stream(stun: Bracket | None, figures: StreamFigures) -> Bracket:
    """Between which edges of the stream was the switchover? Twice the same where only its end, or nothing, is known."""
    if stun is None or not figures.activities:
        return NEVER
    first, last = figures.activities[0].from_ts, figures.activities[-1].to_ts
    if stun[0] >= last or (stun[0] <= first and stun[1] >= last):
        return NEVER
    end = min(stun[1], last)
    return (stun[0], end) if stun[0] > first else (end, end)


def _split(activity: Activity, stun: Bracket, figures: StreamFigures, phases: list[Phase]) -> int:
    """Cut one activity at the bracket's edges; returns how many bytes flowed inside the bracket."""
    pieces: tuple[tuple[PhaseKind, int, int], ...] = (
        ("bulk", activity.from_ts, min(activity.to_ts, stun[0])),
        ("switchover", max(activity.from_ts, stun[0]), min(activity.to_ts, stun[1])),
        ("resume", max(activity.from_ts, stun[1]), activity.to_ts),
    )
    together = figures.together
    seen = _spread(activity, together, None if together is None else together.new_bytes)
    acknowledged = seen
    if figures.missed_bytes and together is not None:
        acknowledged = _spread(activity, together, together.delivered_bytes)
    inside = 0
    for kind, low, high in pieces:
        if high < low or (high == low and activity.to_ts > activity.from_ts):
            continue
        size, rated = (_between(spread, low, high) for spread in (seen, acknowledged))
        carried_ns = _carried(activity, low, high)
        if kind == "bulk":
            number = 1 + sum(p.kind in ("bulk", "burst") for p in phases)
            phases.append(_phase("bulk" if number == 1 else "burst", number, low, high, size, rated, carried_ns))
        elif kind == "switchover":
            inside += size
        elif size > 0:
            phases.append(_phase(kind, 1 + sum(p.kind == "resume" for p in phases), low, high, size, rated, carried_ns))
        if high == low:
            break  # all at one moment: it belongs to one of them
    return inside


def _carried(activity: Activity, low: int, high: int) -> int:
    """How long did what was sent from low to high, a part of the activity, take to be sent or, if longer, to arrive?"""
    whole = activity.to_ts - activity.from_ts
    return activity.carried_ns * (high - low) // whole if whole else activity.carried_ns


def _spread(activity: Activity, together: Together | None, values: I64 | None) -> Spread:
    """
    How many bytes had flowed since the activity's begin, at each edge of its bins?

    The first and the last bin count from and to the activity's own ends: all their bytes flowed between those.
    """
    ends = (activity.from_ts, activity.to_ts)
    if together is None or values is None:
        return np.array(ends), np.array([0, activity.new_bytes])
    begin, width = together.start_ns, together.width_ns
    a, b = (ends[0] - begin) // width, -(-(ends[1] - begin) // width)
    edges = np.clip(begin + np.arange(a, max(b, a + 1) + 1) * width, *ends)
    flowed = np.concatenate((np.zeros(1, np.int64), np.cumsum(values[a : a + len(edges) - 1])))
    return edges[: len(flowed)], flowed


def _between(spread: Spread, low: int, high: int) -> int:
    """Bytes from low to high; within a bin they are taken to have flowed evenly. Neighbours add up to the whole."""
    edges, flowed = spread
    if low == edges[0] and high == edges[-1]:
        return int(flowed[-1])
    at_low, at_high = np.rint(np.interp([low - edges[0], high - edges[0]], edges - edges[0], flowed))
    return int(at_high) - int(at_low)


def _phase(
    kind: PhaseKind, n: int, start: int, end: int, size: int, rated: int | None = None, carried_ns: int | None = None
) -> Phase:
    return Phase(
        kind=kind,
        n=n,
        start_ts=iso_utc(start) or "",
        end_ts=iso_utc(end) or "",
        payload_bytes=size,
        mbps=mbps(size if rated is None else rated, end - start if carried_ns is None else carried_ns),
    )
