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
    """Packets seen unequally often, copies at one point aside: which is which nobody knows, none of them is paired."""
    repeated_one: int
    """How many more the first point saw, copies among them."""
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
    left, right, surplus = _match_once(here, there)
    pairs_here, pairs_there = _find_translated(here, there, left, right)
    translated = 0
    if len(pairs_here):
        here, there = _by_numbers(here, pairs_here), _by_numbers(there, pairs_there)
        left, right, surplus = _match_once(here, there)
        is_meant = np.isin(here.pair[left], pairs_here) == np.isin(there.pair[right], pairs_there)
        left, right = left[is_meant], right[is_meant]
        translated = int(np.isin(here.pair[left], pairs_here).sum())
    extra_one, extra_other = _more_often(here.key, there.key)
    return Paired(here, there, left, right, surplus, extra_one, extra_other, translated, mask)


def _match_once(here: Kept, there: Kept) -> tuple[I64, I64, int]:
    """As `_match`, without what a point shows a second time."""
    once_here, once_there = np.flatnonzero(here.is_copy == 0), np.flatnonzero(there.is_copy == 0)
    left, right, surplus = _match(here.key[once_here], there.key[once_there])
    return once_here[left], once_there[right], surplus


def only(kept: Kept, rows: Bools | I64) -> Kept:
    """The packets that this mask or index names."""
    columns: Any = [column[rows] for column in kept[:-1]] + [kept.totals]
    return Kept(*columns)


def _match(here: U64, there: U64) -> tuple[I64, I64, int]:
    """Rows of equal keys, k-th with k-th where the counts agree; then how many agree not."""
    order_here, order_there = np.argsort(here, kind="stable"), np.argsort(there, kind="stable")
    keys_here, begin_here, count_here = np.unique(here[order_here], return_index=True, return_counts=True)
    keys_there, begin_there, count_there = np.unique(there[order_there], return_index=True, return_counts=True)
    _, at_here, at_there = np.intersect1d(keys_here, keys_there, assume_unique=True, return_indices=True)
    agree = count_here[at_here] == count_there[at_there]
    count = count_here[at_here][agree]
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    left = order_here[np.repeat(begin_here[at_here][agree], count) + nth]
    right = order_there[np.repeat(begin_there[at_there][agree], count) + nth]
    surplus = int(np.minimum(count_here[at_here], count_there[at_there])[~agree].sum())
    return left, right, surplus


def _more_often(here: U64, there: U64) -> tuple[int, int]:
    """How many more of the packets that both points saw has each of them?"""
    keys_here, count_here = np.unique(here, return_counts=True)
    keys_there, count_there = np.unique(there, return_counts=True)
    _, at_here, at_there = np.intersect1d(keys_here, keys_there, assume_unique=True, return_indices=True)
    more = count_here[at_here] - count_there[at_there]
    return int(more[more > 0].sum()), int(-more[more < 0].sum())


def _find_translated(here: Kept, there: Kept, left: I64, right: I64) -> tuple[U64, U64]:
    """
    Which pairs of addresses became which ones on the way? uint64[n] at either point.

    By loose keys, of pairs of addresses that the keys did not find at all. Only TCP has a loose key of its own; only
    what each point saw once is taken, and only where the same two pairs of addresses share several.
    """
    rest_here, rest_there = _never_found(here, left), _never_found(there, right)
    keys_here, at_here, count_here = np.unique(here.loose[rest_here], return_index=True, return_counts=True)
    keys_there, at_there, count_there = np.unique(there.loose[rest_there], return_index=True, return_counts=True)
    once_here, once_there = count_here == 1, count_there == 1
    _, i, j = np.intersect1d(keys_here[once_here], keys_there[once_there], assume_unique=True, return_indices=True)
    row_here, row_there = rest_here[at_here[once_here][i]], rest_there[at_there[once_there][j]]
    both = np.stack((here.pair[row_here], there.pair[row_there]), axis=1)
    if not len(both):
        return both[:, 0], both[:, 1]
    links, count = np.unique(both, axis=0, return_counts=True)
    enough = links[count >= LEAST_TRANSLATED]
    return enough[:, 0], enough[:, 1]


def _by_numbers(kept: Kept, pairs: U64) -> Kept:
    """
    The same, where TCP between these addresses goes by its numbers alone: segments sent again are alike then.

    Not by the loose key itself: that the two differ is what TCP is known by.
    """
    is_renamed = np.isin(kept.pair, pairs) & (kept.loose != kept.key)
    return kept._replace(key=np.where(is_renamed, ~kept.loose, kept.key))


def _never_found(kept: Kept, rows: I64) -> I64:
    """Rows whose pair of addresses has no row among these, copies left out."""
    return np.flatnonzero(~np.isin(kept.pair, np.unique(kept.pair[rows])) & (kept.is_copy == 0))
