"""The same packet at two points: found by its key, k-th with k-th where both points saw it equally often."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import Kept
from vmpcap.points.sightings import SightingLog

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

LEAST_TRANSLATED: Final = 8
"""Packets that two groups must share by loose keys to be taken for one: fewer may be chance."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Two points' packets and which of them are the same."""

    one: Kept
    other: Kept
    row_one: I64
    """int64[n]: rows of `one` that are found again"""
    row_other: I64
    """int64[n]: and which rows of `other` they are"""
    surplus: int
    """Packets seen unequally often: which of them is which nobody knows, none of them is paired."""
    repeated_one: int
    """How many more of them the first point saw."""
    repeated_other: int
    translated: int
    """Pairs found without addresses and identification: somebody rewrote them on the way."""
    mask: int
    """The sampling that both share; 0: every packet is here."""

    @property
    def scale(self) -> int:
        """How many packets stands each one for?"""
        return self.mask + 1

    @property
    def late_ns(self) -> I64:
        """int64[n]: by how much the other point's clock shows a packet later."""
        late: I64 = self.other.ts_ns[self.row_other] - self.one.ts_ns[self.row_one]
        return late


def pair_packets(one: SightingLog, other: SightingLog) -> Paired:
    """Which packets did both of these points see?"""
    mask = max(one.mask, other.mask)
    return pair_kept(
        only(one.rows(), one.rows().loose & np.uint64(mask) == 0),
        only(other.rows(), other.rows().loose & np.uint64(mask) == 0),
        mask,
    )


def pair_kept(here: Kept, there: Kept, mask: int) -> Paired:
    """The same of these packets of two points, both sampled by this mask."""
    left, right, surplus, extra_one, extra_other = _match(here.key, there.key)
    further = _match_translated(here, there, left, right)
    return Paired(
        here,
        there,
        np.concatenate((left, further[0])),
        np.concatenate((right, further[1])),
        surplus,
        extra_one,
        extra_other,
        len(further[0]),
        mask,
    )


def only(kept: Kept, rows: Bools | I64) -> Kept:
    """The packets that this mask or index names."""
    columns: Any = [column[rows] for column in kept[:-1]] + [kept.totals]
    return Kept(*columns)


def _match(here: U64, there: U64) -> tuple[I64, I64, int, int, int]:
    """Rows of equal keys, k-th with k-th where the counts agree; then how many agree not, and whose are more."""
    order_here, order_there = np.argsort(here, kind="stable"), np.argsort(there, kind="stable")
    keys_here, begin_here, count_here = np.unique(here[order_here], return_index=True, return_counts=True)
    keys_there, begin_there, count_there = np.unique(there[order_there], return_index=True, return_counts=True)
    _, at_here, at_there = np.intersect1d(keys_here, keys_there, assume_unique=True, return_indices=True)
    more = count_here[at_here] - count_there[at_there]
    agree = more == 0
    count = count_here[at_here][agree]
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    left = order_here[np.repeat(begin_here[at_here][agree], count) + nth]
    right = order_there[np.repeat(begin_there[at_there][agree], count) + nth]
    surplus = int(np.minimum(count_here[at_here], count_there[at_there])[~agree].sum())
    return left, right, surplus, int(more[more > 0].sum()), int(-more[more < 0].sum())


def _match_translated(here: Kept, there: Kept, left: I64, right: I64) -> tuple[I64, I64]:
    """
    The same by loose keys, of pairs of addresses that the keys did not find at all.

    Only TCP has a loose key of its own; only what each point saw once is taken, and only where the same two pairs of
    addresses share several.
    """
    rest_here, rest_there = _never_found(here, left), _never_found(there, right)
    keys_here, at_here, count_here = np.unique(here.loose[rest_here], return_index=True, return_counts=True)
    keys_there, at_there, count_there = np.unique(there.loose[rest_there], return_index=True, return_counts=True)
    once_here, once_there = count_here == 1, count_there == 1
    _, i, j = np.intersect1d(keys_here[once_here], keys_there[once_there], assume_unique=True, return_indices=True)
    row_here, row_there = rest_here[at_here[once_here][i]], rest_there[at_there[once_there][j]]
    both = np.stack((here.pair[row_here], there.pair[row_there]), axis=1)
    if not len(both):
        return row_here, row_there
    _, inverse, count = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    enough = count[inverse.reshape(-1)] >= LEAST_TRANSLATED
    return row_here[enough], row_there[enough]


def _never_found(kept: Kept, rows: I64) -> I64:
    """Rows whose pair of addresses has no row among these."""
    return np.flatnonzero(~np.isin(kept.pair, np.unique(kept.pair[rows])))
