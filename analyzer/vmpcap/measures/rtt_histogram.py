"""Round-trip times of all sides and kinds, as sparse histograms that can be merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import RttSummary
from vmpcap.measures.kernels.histogram import BUCKET, BUCKET_BITS, FILLED, LEFT_OUT, add_buckets, add_samples
from vmpcap.terms.arrays import WRAPPING

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

PERCENTS: Final = (5, 50, 90, 95, 99)
_LEAST_PLACES: Final = 1 << 12
_PIECE: Final = 1 << 16
_MOST_PLACES: Final = 1 << 23
"""Some 200 MB; samples that would need a new bucket beyond three quarters of it are left out and counted."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Filled buckets in the order of their owners, and of their values within."""

    owner: U64
    least_ns: I64
    span_ns: I64
    count: I64

    def of(self, owners: tuple[int, ...]) -> "Buckets":
        """The buckets of these owners together, in the order of their values."""
        bounds = np.searchsorted(self.owner, np.array([[one, one + 1] for one in owners], np.uint64)).tolist()
        parts = [slice(low, high) for low, high in bounds if low < high] or [slice(0, 0)]
        if len(parts) == 1:
            (of,) = parts
            return Buckets(self.owner[of], self.least_ns[of], self.span_ns[of], self.count[of])
        least = np.concatenate([self.least_ns[p] for p in parts])
        order = np.argsort(least, kind="stable")
        return Buckets(
            owner=np.concatenate([self.owner[p] for p in parts])[order],
            least_ns=least[order],
            span_ns=np.concatenate([self.span_ns[p] for p in parts])[order],
            count=np.concatenate([self.count[p] for p in parts])[order],
        )

    def none(self) -> "Buckets":
        """No bucket of these."""
        return Buckets(self.owner[:0], self.least_ns[:0], self.span_ns[:0], self.count[:0])

    def above_zero(self) -> "Buckets":
        """The samples that took any time; Wireshark does not show those of 0, which are below the clock's step."""
        some = (self.least_ns > 0) | (self.span_ns > 0)
        return Buckets(self.owner[some], self.least_ns[some], self.span_ns[some], self.count[some])


class RttHistogram:
    """
    How often did each side see each round-trip time?

    A bucket keeps its smallest and largest sample. Percentiles are exact while no bucket has more than two samples, and
    otherwise within 0.2 %. Minimum and maximum are exact up to half an hour, and within 0.2 % beyond.
    """

    def __init__(self, most_places: int = _MOST_PLACES) -> None:
        """Hold samples in so many places at most, a power of two."""
        self._most_places = most_places
        self._table: Records = np.zeros(_LEAST_PLACES, dtype=BUCKET)
        self._counts = np.zeros(2, dtype=np.int64)

    @WRAPPING
    def absorb(self, sample_key: U64, sample_ns: I64, used: int) -> None:
        """Add this many samples."""
        self._make_room(used)
        add_samples(sample_key, sample_ns, used, self._table, self._counts)

    @WRAPPING
    def merge(self, other: "RttHistogram") -> None:
        """Add all of another histogram's samples; both must name their owners alike. What finds no room is left out."""
        filled = other._table[other._table["key"] != 0]
        self._make_room(len(filled))
        add_buckets(filled, self._table, self._counts)
        self._counts[LEFT_OUT] += other.left_out

    def finish(self, group_bits: int = 0, groups: Bools | None = None) -> Buckets:
        """
        All buckets, sorted; one that holds two samples is given as two, so that what is exact stays exact.

        Parameters
        ----------
        groups : bool[n], which groups of owners are wanted; None for all
        group_bits : owners that differ in these low bits only are one group
        """
        keys = self._table["key"]
        parts = []
        for first in range(0, len(keys), _PIECE):  # little by little: all at once would cost half the table again
            part = keys[first : first + _PIECE]
            is_wanted = part != 0
            if groups is not None:
                group = (part[is_wanted] - np.uint64(1)) >> np.uint64(BUCKET_BITS + group_bits)
                is_wanted[is_wanted] = groups[group.astype(np.int64)]
            parts.append(np.flatnonzero(is_wanted) + first)
        places = np.concatenate(parts)
        filled = self._table[places[np.argsort(keys[places])]]
        pair = (filled["count"] == 2) & (filled["span_ns"] > 0)
        owner = (filled["key"] - np.uint64(1)) >> np.uint64(BUCKET_BITS)
        least, span, count = (filled[name].astype(np.int64) for name in ("least_ns", "span_ns", "count"))
        if pair.any():
            times = np.where(pair, 2, 1)
            is_second = np.zeros(int(times.sum()), np.bool_)
            is_second[np.cumsum(times)[pair] - 1] = True
            owner, count = np.repeat(owner, times), np.repeat(np.where(pair, 1, count), times)
            least = np.repeat(least, times) + np.where(is_second, np.repeat(span, times), 0)
            span = np.repeat(np.where(pair, 0, span), times)
        return Buckets(owner=owner, least_ns=least, span_ns=span, count=count)

    @property
    def left_out(self) -> int:
        """How many samples found no room?"""
        return int(self._counts[LEFT_OUT])

    def _make_room(self, more: int) -> None:
        needed = (int(self._counts[FILLED]) + more) * 4 // 3 + 1
        if needed <= len(self._table) or len(self._table) >= self._most_places:
            return
        table = np.zeros(min(1 << (needed - 1).bit_length(), self._most_places), dtype=BUCKET)
        self._counts[FILLED] = 0
        add_buckets(self._table, table, self._counts)
        self._table = table


def nearest_ranks(least_ns: I64, span_ns: I64, count: I64, percents: Sequence[float]) -> list[int | None]:
    """
    Which samples have at least these shares of all samples at or below them? None without samples.

    Within a bucket of more than two samples they are taken as evenly spread over its span.
    """
    upto = np.cumsum(count)
    if not len(upto) or upto[-1] == 0:
        return [None] * len(percents)
    ranks = np.maximum(1, np.ceil(upto[-1] * np.array(percents) / 100 - 1e-9).astype(np.int64))
    at = np.searchsorted(upto, ranks)
    within = ranks - (upto[at] - count[at]) - 1
    ns: list[int | None] = (least_ns[at] + span_ns[at] * within // np.maximum(count[at] - 1, 1)).tolist()
    return ns


def summarise(own: Buckets, ambiguous: int) -> RttSummary:
    """
    What is the distribution of these samples?

    Parameters
    ----------
    own : in the order of their values
    ambiguous : how many samples were left out because the data had been sent more than once
    """
    least, span, count = own.least_ns, own.span_ns, own.count
    p5, p50, p90, p95, p99 = nearest_ranks(least, span, count, PERCENTS)
    return RttSummary(
        samples=int(count.sum()),
        min_ns=int(least.min()) if len(least) else None,
        p5_ns=p5,
        p50_ns=p50,
        p90_ns=p90,
        p95_ns=p95,
        p99_ns=p99,
        max_ns=int((least + span).max()) if len(least) else None,
        ambiguous=ambiguous,
        bucket_low_ns=least,
        bucket_count=count,
    )
