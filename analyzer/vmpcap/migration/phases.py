"""The stream in phases: set-up, bulk, bursts, switchover, resume."""

from vmpcap.migration.results import Phase, PhaseKind
from vmpcap.migration.stream import Activity, StreamFigures
from vmpcap.terms.units import iso_utc, mbps


def name_phases(start_ts: int, figures: StreamFigures, stun: tuple[int, int] | None) -> list[Phase]:
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
    what flowed after it (post-copy) is the resume phase. Where the capture lacks acknowledged bytes, the
    rate of a phase is of what was acknowledged in it, though its payload is only what was seen.
    """
    phases: list[Phase] = []
    first = figures.first_data_ts
    if first is None:
        return phases
    setup_end = figures.setup.to_ts if figures.setup is not None else first
    if setup_end > start_ts:
        phases.append(_phase("setup", 1, start_ts, setup_end, figures.setup.new_bytes if figures.setup else 0))
    edge = stun if stun is not None else (2**63 - 1, 2**63 - 1)
    inside = sum(_split(activity, edge, figures, phases) for activity in figures.activities)
    if stun is not None:
        phases.append(_phase("switchover", 1, stun[0], stun[1], inside))
    return sorted(phases, key=lambda p: (p.start_ts, p.end_ts))


def _split(activity: Activity, stun: tuple[int, int], figures: StreamFigures, phases: list[Phase]) -> int:
    """Cut one activity at the bracket's edges; returns how many bytes flowed inside the bracket."""
    pieces: tuple[tuple[PhaseKind, int, int], ...] = (
        ("bulk", activity.from_ts, min(activity.to_ts, stun[0])),
        ("switchover", max(activity.from_ts, stun[0]), min(activity.to_ts, stun[1])),
        ("resume", max(activity.from_ts, stun[1]), activity.to_ts),
    )
    whole = sum(1 for _, low, high in pieces if high > low) == 1
    inside = 0
    for kind, low, high in pieces:
        if high <= low:
            continue
        together = figures.together
        size = activity.new_bytes if whole or together is None else together.between(together.new_bytes, low, high)
        rated = size
        if figures.missed_bytes and together is not None:
            rated = together.between(together.delivered_bytes, low, high)
        if kind == "bulk":
            number = 1 + sum(p.kind in ("bulk", "burst") for p in phases)
            phases.append(_phase("bulk" if number == 1 else "burst", number, low, high, size, rated))
        elif kind == "switchover":
            inside += size
        elif size > 0:
            phases.append(_phase(kind, 1 + sum(p.kind == "resume" for p in phases), low, high, size, rated))
    return inside


def _phase(kind: PhaseKind, n: int, start: int, end: int, size: int, rated: int | None = None) -> Phase:
    return Phase(
        kind=kind,
        n=n,
        start_ts=iso_utc(start) or "",
        end_ts=iso_utc(end) or "",
        payload_bytes=size,
        mbps=mbps(size if rated is None else rated, end - start),
    )
