"""Round trips of several connections as one distribution, and which part of the path they cross."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import Connection, RttSummary, Side
from vmpcap.measures.results import Coverage, HistogramBin, Rtt
from vmpcap.terms.units import NS_PER_MS, NS_PER_US, ms

I64 = npt.NDArray[np.int64]

NEAR_NS = 100 * NS_PER_US
"""A half of the path that is this short is inside the host or on its cable."""

NEAR_SHARE = 0.05
"""A half that takes less than this share of the other one leaves the full path's figure as it is."""


SLOW_LEAST_NS: Final = NS_PER_MS // 2
"""A handshake that took so much longer than an echo was not answered at once, ..."""

SLOW_SHARE: Final = 0.1
"""... or longer by this share of the echo, where that is more."""

LEAST_PROMPT = 20
"""Fewer samples than this have no 95th percentile below their largest."""

MEASURED_BY: Final[dict[str | None, Literal["ack", "timestamp_echo", "handshake"]]] = {
    "rtt": "ack",
    "prompt_rtt": "timestamp_echo",
    "loop_rtt": "timestamp_echo",
    None: "handshake",
}
"""By the name that samples have on a Side."""


@dataclass(frozen=True, slots=True)
class Path:
    """One connection of a transfer: its connection, who sent the data, who answered."""

    connection: Connection
    data: Side
    back: Side
    source_connects: bool


def describe_rtt(paths: Sequence[Path], at_source: bool) -> Rtt:
    """
    How long is the round trip between the two ends, and how much of it is in view?

    Parameters
    ----------
    at_source : whether this capture point is known to be the source host's own NIC

    Notes
    -----
    Data to ACK covers the half between the capture point and the destination; at the sender that is the full path.
    Where the capture point is elsewhere, timestamp echoes (data, its ACK, the first data that echoes the ACK's stamp;
    RFC 7323) give the full path. Those that hold no wait of the sender are taken; where they are too few the handshake,
    and without one all of them, of which only the lower end says something of the path: they lean high, never low. So
    the shortest stands beside a handshake that took longer, which then is none of the idle path.
    What the receiver held an ACK back for is no part of the idle path: as many of its longest samples are left out.
    """
    far_low = _least(p.data.rtt.min_ns for p in paths)
    near_low = _least(_near_half(p) for p in paths)
    handshake = _least(p.connection.handshake_ns for p in paths)
    loops = sum(p.data.loop_rtt.samples for p in paths), sum(p.data.prompt_rtt.samples for p in paths)
    coverage, because, kind = _coverage(far_low, near_low, handshake, loops, at_source)
    is_by_name = kind == "rtt" and coverage == "full" and not _is_beside(far_low, near_low)
    chosen = [getattr(p.data, kind) for p in paths] if kind else []
    idle = [p.data.idle_rtt for p in paths] if kind == "rtt" else []
    handshakes = [h for p in paths if (h := p.connection.handshake_ns) is not None]
    further = handshakes if kind == "prompt_rtt" else []
    values, counts = merge_buckets(chosen, further)
    idle_values, idle_counts = merge_buckets(idle, handshakes if coverage == "full" else [])
    if kind == "rtt":
        idle_counts = _without_largest(idle_counts, sum(p.back.delayed_acks for p in paths))
    low = _least([*(s.min_ns for s in chosen), *further])
    high = max((m for m in (*(s.max_ns for s in chosen), *further) if m is not None), default=None)
    if coverage == "full" and not counts.sum() and handshakes:
        echo = _least(_echo_bound(p) for p in paths)
        if echo is not None and echo < min(handshakes):
            if min(handshakes) - echo > max(SLOW_LEAST_NS, SLOW_SHARE * echo):
                idle_values, idle_counts = merge_buckets([])
            handshakes.append(echo)
            because = f"both halves seen in the handshake, and in {echo / 1e6:.3f} ms at most by a timestamp echo"
        values, counts = merge_buckets([], handshakes)
        low, high = min(handshakes), max(handshakes)
    is_spread = kind != "loop_rtt"
    told = (50, 90, 95, 99) if is_spread else ()
    upper: dict[str, Any] = {f"p{n}_ms": _percentile(values, counts, n, low) for n in told}
    return Rtt(
        samples=int(counts.sum()),
        min_ms=ms(low),
        max_ms=ms(high) if is_spread else None,
        p5_ms=_percentile(values, counts, 5, low),
        **upper,
        idle_ms=_percentile(idle_values, idle_counts, 5, None),
        idle_samples=int(idle_counts.sum()),
        handshake_ms=ms(handshake),
        coverage=coverage,
        coverage_because=because,
        unproven_half_ms=ms(near_low) if is_by_name else None,
        measured_by=MEASURED_BY[kind] if coverage is not None else None,
        histogram=_histogram(values, counts, merge_buckets(idle) if kind == "rtt" and coverage is not None else None)
        if is_spread
        else [],
        delayed_acks=sum(p.back.delayed_acks for p in paths) if coverage is not None and kind == "rtt" else None,
        **(_by_stamps(paths) if coverage is not None and kind == "rtt" else {}),
    )


def held_ns(paths: Sequence[Path]) -> int:
    """
    For how long did the receiver hold back nearly every ACK? 0 where it held back few.

    A window of one or two segments leaves it none to wait for: each round then takes that much longer. Beside the
    receiver all that is more than the shortest time is its own.
    """
    low = _least(ns for p in paths for ns in (p.data.rtt.min_ns, _far_half(p)))
    if low is None or (low > NEAR_NS and not any(p.back.delayed_acks for p in paths)):
        return 0
    values, counts = merge_buckets([p.data.idle_rtt for p in paths])
    most = _percentile(values, counts, 5, low)
    return 0 if most is None else int(most * NS_PER_MS) - low


def empty_path_ns(paths: Sequence[Path]) -> int:
    """
    What does the empty path beyond this point take at least, from data until its ACK? 0 where no handshake is in view.

    Only a handshake surely met nothing of the stream's own; where a host was slow to answer it the data's shortest.
    """
    shake = _least(_far_half(p) for p in paths)
    least = _least((shake, *(p.data.rtt.min_ns for p in paths)))
    return 0 if shake is None or least is None else least


def _without_largest(counts: I64, some: int) -> I64:
    """The counts of all samples but so many of the longest, one at least: values go up."""
    kept = max(int(counts.sum()) - some, 1)
    below = np.cumsum(counts) - counts
    left: I64 = np.clip(kept - below, 0, counts)
    return left


def _by_stamps(paths: Sequence[Path]) -> dict[str, Any]:
    """The same half of the path, from data until its time stamp came back."""
    stamped = [p.data.stamp_rtt for p in paths]
    values, counts = merge_buckets(stamped)
    low = _least(s.min_ns for s in stamped)
    return {
        "ts_samples": int(counts.sum()),
        "ts_min_ms": ms(low),
        "ts_p50_ms": _percentile(values, counts, 50, low),
        "ts_p95_ms": _percentile(values, counts, 95, low),
    }


def _near_half(path: Path) -> int | None:
    """The half between the capture point and the data's sender: the handshake's, or the shortest timestamp echo."""
    c = path.connection
    handshake = c.synack_to_ack_ns if path.source_connects else c.syn_to_synack_ns
    return _least((handshake, path.data.near_rtt.min_ns))


def _echo_bound(path: Path) -> int | None:
    """
    What does the whole path take at most, by the shortest timestamp echo and the data's shortest way to its ACK?

    Each of them may hold waits of a host or of a queue, and none is shorter than the path: a handshake that took longer
    was not answered at once.
    """
    near, far = path.data.near_rtt.min_ns, path.data.rtt.min_ns
    return _least((path.data.loop_rtt.min_ns, None if near is None or far is None else near + far))


def _far_half(path: Path) -> int | None:
    """The half between the capture point and the receiver, by the handshake."""
    c = path.connection
    return c.syn_to_synack_ns if path.source_connects else c.synack_to_ack_ns


def _coverage(
    far: int | None, near: int | None, handshake: int | None, loops: tuple[int, int], at_source: bool
) -> tuple[Coverage | None, str, str | None]:
    """
    Which samples stand for the path: their coverage, how we know, and their name on a Side.

    Parameters
    ----------
    loops : how many round trips timestamp echoes gave, and how many of them without a wait of the sender
    """
    if near is not None and _is_beside(far, near):
        return "full", f"the sender's half takes {near / 1e6:.3f} ms: the capture point is beside it", "rtt"
    if far is not None and at_source and near is not None:
        return "full", f"named the source host's own NIC, though the sender's half takes {near / 1e6:.3f} ms", "rtt"
    if far is not None and at_source:
        return "full", "the capture point is the source host's own NIC", "rtt"
    if loops[1] >= LEAST_PROMPT:
        return "full", "both halves seen, by timestamp echoes of a sender that was sending", "prompt_rtt"
    if handshake is not None:
        return "full", "both halves seen in the handshake only", None
    if loops[0]:
        return "full", "both halves seen, by timestamp echoes, but with waits of the sender: it is no more", "loop_rtt"
    if far is not None:
        return "destination_half", "only the half between the capture point and the destination is in view", "rtt"
    return None, "no data was seen together with its acknowledgement", None


def _is_beside(far: int | None, near: int | None) -> bool:
    """Is the sender's half so short, of itself or beside the other, that the point stands beside the sender?"""
    return far is not None and near is not None and near <= far and (near <= NEAR_NS or near <= NEAR_SHARE * far)


def merge_buckets(summaries: Sequence[RttSummary], exact_ns: Sequence[int] = ()) -> tuple[I64, I64]:
    """All samples as sorted values and their counts, in nanoseconds; buckets stand at their lower edge."""
    values = np.concatenate([s.bucket_low_ns for s in summaries] + [np.asarray(exact_ns, np.int64)])
    counts = np.concatenate([s.bucket_count for s in summaries] + [np.ones(len(exact_ns), np.int64)])
    unique, at = np.unique(values, return_inverse=True)
    sums = np.zeros(len(unique), np.int64)
    np.add.at(sums, at, counts)
    return unique.astype(np.int64), sums


def _percentile(
    values: I64,
    counts: I64,
    percent: int,
    low: int | None,
) -> float | None:
    """The nearest-rank percentile in ms: the smallest value with at least that share of the samples at or below it."""
    total = int(counts.sum())
    if not total:
        return None
    rank = max(1, -(-total * percent // 100))
    value = int(values[np.searchsorted(np.cumsum(counts), rank)])
    return ms(value if low is None else max(value, low))


def _histogram(values: I64, counts: I64, idle: tuple[I64, I64] | None) -> list[HistogramBin]:
    """
    The distribution in bins that are an eighth of an octave wide (9 %): enough for a picture.

    `idle` are the values and counts of those samples among them that met an idle path; None where nobody knows.
    """
    if not counts.sum():
        return []
    at = _bin_of(values)
    bins = []
    for key in np.unique(at):
        low, high = 2.0 ** (int(key) / 8), 2.0 ** ((int(key) + 1) / 8)
        of_idle = None if idle is None else int(idle[1][_bin_of(idle[0]) == key].sum())
        bins.append(
            HistogramBin(low_ms=low / 1e6, high_ms=high / 1e6, count=int(counts[at == key].sum()), idle=of_idle)
        )
    return bins


def _bin_of(values: I64) -> I64:
    found: I64 = np.floor(np.log2(np.maximum(values, 1)) * 8).astype(np.int64)
    return found


def _least(values: Iterable[int | None]) -> int | None:
    return min((v for v in values if v is not None), default=None)
