"""Which share of the round trips took no longer than that: what is known of it, and nothing between."""

from itertools import accumulate
from typing import Final

from vmpcap.measures.results import Rtt

TOLD: Final = (("p5_ms", 5.0), ("p50_ms", 50.0), ("p90_ms", 90.0), ("p95_ms", 95.0), ("p99_ms", 99.0))
"""The percentiles that are told as figures, and the share that each stands for."""


def known_shares(rtt: Rtt) -> list[tuple[float, float]]:
    """
    At which durations, ms, is it known how many percent of the samples took at most so long?

    At the percentiles that are told, and where bins end. Between two of these the share lies between theirs: a curve
    that stays at the lower one until the next says "at least so much" everywhere, and never another figure than told.
    """
    total = sum(one.count for one in rtt.histogram)
    if not total or rtt.min_ms is None or rtt.max_ms is None:
        return []
    found = [(value, share) for name, share in TOLD if (value := getattr(rtt, name)) is not None]
    sums = accumulate(one.count for one in rtt.histogram)
    ends = [(one.high_ms, 100.0 * count / total) for one, count in zip(rtt.histogram, sums, strict=True)]
    found += [(high, share) for high, share in ends if high < rtt.max_ms]
    known = [(rtt.min_ms, 0.0), *sorted(found), (rtt.max_ms, 100.0)]
    highest = accumulate((share for _, share in known), max)
    return [(at, share) for (at, _), share in zip(known, highest, strict=True)]
