"""What the page's charts are drawn from: the report's series as numbers after the migration's start."""

import base64
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, Final

import msgspec
import numpy as np

from vmpcap.measures.results import Rtt
from vmpcap.measures.sequence_graph import KINDS, SequenceGraph, Strokes
from vmpcap.migration.results import Guest
from vmpcap.report.chart_words import chart_end
from vmpcap.report.document import Migration, Report
from vmpcap.report.shares import known_shares
from vmpcap.report.words import seconds_between

MOST_MARKS: Final = 200
"""Announcements that are drawn into one chart."""


def chart_data(report: Report, graphs: Mapping[str, SequenceGraph] = {}) -> str:
    """
    The data of all charts as JSON that may stand in a script element: it holds no `<`.

    By the id of the migration. Times are seconds after its start; long columns are float32 (times float64) in base64,
    little endian, which is half the size of digits.
    """
    data = {m.id: _of_migration(m, report) for m in report.migrations}
    for name, graph in graphs.items():
        data[name]["sequence"] = {kind: _strokes(getattr(graph, kind)) for kind in KINDS}
    return msgspec.json.encode(data).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _of_migration(m: Migration, report: Report) -> dict[str, Any]:
    least, most = _ends(m.rtt)
    return {
        "goodput": {
            "at": _packed((p.at_s for p in m.series), "<f8"),
            "mbps": _packed(p.mbps for p in m.series),
            "until": chart_end(m),
            "limit": report.profile.throughput_mbps_min,
            "phases": [[p.kind, p.n, *_from_start(m, p.start_ts, p.end_ts)] for p in m.phases],
            "limits": [[p.limit, *_from_start(m, p.start_ts, p.end_ts)] for p in m.throughput.limits],
            "switchovers": [b for g in m.guests[:3] if (b := _switchover(m, g)) is not None],
            "marks": list(_marks(m))[:MOST_MARKS],
        },
        "rtt": {
            "low": _packed(max(b.low_ms, least) for b in m.rtt.histogram),
            "high": _packed(min(b.high_ms, most) for b in m.rtt.histogram),
            "count": _packed(float(b.count) for b in m.rtt.histogram),
            "apart": [b.idle for b in m.rtt.histogram] if all(b.idle is not None for b in m.rtt.histogram) else None,
            "shares": _shares(m.rtt),
            "limit": report.profile.rtt_ms_max,
            "idle": m.rtt.idle_ms,
            "p50": m.rtt.p50_ms,
            "p95": m.rtt.p95_ms,
        },
        "over_time": [
            [*_from_start(m, s.start_ts, s.end_ts), s.least_ms, s.median_ms, s.most_ms, s.resent_bytes]
            for s in m.rtt.over_time
        ],
    }


def _ends(rtt: Rtt) -> tuple[float, float]:
    """Between which durations are bins drawn? Their own ends lie outside; of one duration alone they are kept."""
    if rtt.min_ms is None or rtt.max_ms is None or rtt.min_ms == rtt.max_ms:
        return 0.0, inf
    return rtt.min_ms, rtt.max_ms


def _shares(rtt: Rtt) -> dict[str, str]:
    """Durations in ms, and the percentage of the samples that took at most so long."""
    known = known_shares(rtt)
    return {"at": _packed((at for at, _ in known), "<f8"), "share": _packed((share for _, share in known), "<f8")}


def _strokes(one: Strokes) -> dict[str, str]:
    """Numbers as float64: a stream has more bytes than a float32 tells apart."""
    columns = {"at": one.at_s, "low": one.low, "high": one.high, "count": one.count}
    return {name: _packed(map(float, column), "<f8") for name, column in columns.items()}


def _packed(values: Iterable[float], dtype: str = "<f4") -> str:
    return base64.b64encode(np.fromiter(values, dtype).tobytes()).decode()


def _from_start(m: Migration, *times: str | None) -> list[float | None]:
    return [seconds_between(m.start_ts, ts) for ts in times]


def _switchover(m: Migration, guest: Guest) -> list[float | None] | None:
    """From when to when did it last? None where the two ends are not known, or nobody knows how far they are apart."""
    bracket = guest.switchover.bracket
    ends = _from_start(m, bracket.from_ts, bracket.to_ts)
    return None if None in ends or guest.switchover.bracket_ms is None else ends


def _marks(m: Migration) -> Iterable[tuple[float, str]]:
    """When was which announcement seen where?"""
    for guest in m.guests:
        for point, heard in guest.announcements.by_point.items():
            for ts, kind in zip(heard.times, heard.frame_kinds, strict=False):
                at = seconds_between(m.start_ts, ts)
                if at is not None:
                    yield at, f"{kind} at {point}"
