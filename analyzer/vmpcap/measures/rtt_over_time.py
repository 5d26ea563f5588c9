"""How the round trips of a stream changed while it ran."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import Side
from vmpcap.measures.results import Rtt, RttSpan
from vmpcap.measures.series import WINDOW_NS, put_together
from vmpcap.terms.units import iso_utc, ms

I64 = npt.NDArray[np.int64]

MOST_SPANS: Final = 60
"""Enough for a picture as wide as a terminal, and little in a report."""


def rtt_over_time(sides: Sequence[Side], rtt: Rtt) -> list[RttSpan]:
    """
    What were the round trips in each part of the transfer?

    Parameters
    ----------
    sides : those that sent the data
    rtt : of all of it; without round trips from data to ACK that stand for the path nothing is told over time

    Notes
    -----
    Parts are equally long, 100 ms at least, and at most MOST_SPANS. Bins of 10 ms keep only their smallest and their
    largest sample: the median is that of the smallest ones, hence it leans low where samples are dense.
    """
    together = put_together(sides)
    if together is None or rtt.measured_by != "ack":
        return []
    bins, width = len(together.new_bytes), together.width_ns
    least, most, flight = (np.full(bins, -1, np.int64) for _ in range(3))
    for one in (side.series for side in sides if side.series is not None):
        at = (one.start_ns - together.start_ns + np.arange(len(one.new_bytes)) * one.width_ns) // width
        np.maximum.at(most, at, one.rtt_max_ns)
        per_bin = np.full(bins, -1, np.int64)
        np.maximum.at(per_bin, at, one.flight_max_bytes)
        flight = np.where(per_bin < 0, flight, np.maximum(flight, 0) + per_bin)
    least = together.rtt_min_ns
    per = max(1, WINDOW_NS // width, -(-bins // MOST_SPANS))
    spans = []
    for a in range(0, bins, per):
        inside = slice(a, min(a + per, bins))
        start, end = (together.start_ns + n * width for n in (inside.start, inside.stop))
        some = least[inside][least[inside] >= 0]
        flying = flight[inside][flight[inside] >= 0]
        spans.append(
            RttSpan(
                start_ts=iso_utc(start) or "",
                end_ts=iso_utc(end) or "",
                least_ms=ms(int(some.min())) if len(some) else None,
                median_ms=ms(int(np.median(some))) if len(some) else None,
                most_ms=ms(int(most[inside].max())) if len(some) else None,
                flight_bytes=int(np.median(flying)) if len(flying) else None,
                resent_bytes=int(together.resent_bytes[inside].sum()),
            )
        )
    return spans
