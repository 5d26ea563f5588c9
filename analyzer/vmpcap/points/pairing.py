"""The same packet at two points: found by its key, k-th with k-th where both points saw it equally often."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.joining import Joined, join
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.sightings import SightingLog
from vmpcap.terms.arrays import MIXER
from vmpcap.terms.members import is_among

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

LEAST_TRANSLATED: Final = 8
"""Packets that two groups must share by loose keys to be taken for one: fewer may be chance."""


SIZE_MIXER: Final = np.uint64(0xC2B2AE3D27D4EB4F)
"""Stirred with the size of a packet that has a name of its own no longer."""

ECHO_NUMBER: Final = np.uint32(0xFFFF)
"""Of an echo's identifier and number the number: translators rewrite identifiers as they do ports."""

MOSTLY_KEPT: Final = 0.9
"""From this share of packets on whose identification is the same at both points, a translator kept it."""


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
    joined = _join_once(here, there)
    pairs_here, pairs_there, has_ids = _find_translated(here, there, joined.left, joined.right)
    left, right = joined.left, joined.right
    translated = 0
    if len(pairs_here):
        here, there = (_by_numbers(k, p, has_ids, mask) for k, p in ((here, pairs_here), (there, pairs_there)))
        joined = _join_once(here, there)
        here = _without_unknown_kinds(here, pairs_here, joined.left)
        there = _without_unknown_kinds(there, pairs_there, joined.right)
        is_meant = np.isin(here.pair[joined.left], pairs_here) == np.isin(there.pair[joined.right], pairs_there)
        left, right = joined.left[is_meant], joined.right[is_meant]
        translated = int(np.isin(here.pair[left], pairs_here).sum())
    every = joined if not here.is_copy.any() and not there.is_copy.any() else join(here.key, there.key)
    return Paired(here, there, left, right, joined.disagree, every.more_here, every.more_there, translated, mask)


def _join_once(here: Kept, there: Kept) -> Joined:
    """Which rows are the same packet, without what a point shows a second time?"""
    once_here, once_there = np.flatnonzero(here.is_copy == 0), np.flatnonzero(there.is_copy == 0)
    joined = join(here.key[once_here], there.key[once_there])
    return joined._replace(left=once_here[joined.left], right=once_there[joined.right])


def only(kept: Kept, rows: Bools | I64) -> Kept:
    """The packets that this mask or index names."""
    columns: Any = [column[rows] for column in kept[:-1]] + [kept.totals]
    return Kept(*columns)


def _find_translated(here: Kept, there: Kept, left: I64, right: I64) -> tuple[U64, U64, Bools]:
    """
    Which pairs of addresses became which ones on the way? uint64[n] at either point; bool[n]: with the identification.

    By loose keys, of pairs of addresses that the keys did not find at all. TCP has a loose key of its own, and an ICMP
    echo its number and identification; only what each point saw once is taken, and only where the same two pairs of
    addresses share several. Nothing else is known by so much that many packets are not alike by chance.
    """
    rest_here, rest_there = (
        rows[_is_tcp(k, rows) | _is_numbered_echo(k, rows)]
        for k, rows in ((here, _never_found(here, left)), (there, _never_found(there, right)))
    )
    named_here, named_there = (
        np.where(_is_tcp(k, rows), k.loose[rows], _without_addresses(k, k.ip_id)[rows])
        for k, rows in ((here, rest_here), (there, rest_there))
    )
    keys_here, at_here, count_here = np.unique(named_here, return_index=True, return_counts=True)
    keys_there, at_there, count_there = np.unique(named_there, return_index=True, return_counts=True)
    once_here, once_there = count_here == 1, count_there == 1
    _, i, j = np.intersect1d(keys_here[once_here], keys_there[once_there], assume_unique=True, return_indices=True)
    row_here, row_there = rest_here[at_here[once_here][i]], rest_there[at_there[once_there][j]]
    both = np.stack((here.pair[row_here], there.pair[row_there]), axis=1)
    if not len(both):
        return both[:, 0], both[:, 1], np.zeros(0, bool)
    links, of_link, count = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    same = (here.ip_id[row_here] == there.ip_id[row_there]) & (here.ip_id[row_here] != 0)
    kept = np.bincount(of_link.ravel(), weights=same, minlength=len(links)) >= MOSTLY_KEPT * count
    enough = count >= LEAST_TRANSLATED
    return links[enough, 0], links[enough, 1], kept[enough]


def _is_tcp(kept: Kept, rows: I64) -> Bools:
    """Only TCP has a loose key that is not its key."""
    is_tcp: Bools = kept.loose[rows] != kept.key[rows]
    return is_tcp


def _is_numbered_echo(kept: Kept, rows: I64) -> Bools:
    is_echo: Bools = (kept.echo[rows] != 0) & (kept.ip_id[rows] != 0)
    return is_echo


def _without_addresses(kept: Kept, ip_id: npt.NDArray[np.integer[Any]]) -> U64:
    """What names a packet that is no TCP: identification, size, and an echo's number, whose identifier is a port."""
    number, size = ip_id.astype(np.uint64), kept.payload_bytes.astype(np.uint64)
    name: U64 = number * MIXER ^ (size << np.uint64(16) | (kept.echo & ECHO_NUMBER).astype(np.uint64)) * SIZE_MIXER
    return name


def _by_numbers(kept: Kept, pairs: U64, has_ids: Bools, mask: int) -> Kept:
    """
    The same, where TCP between these addresses goes by its numbers, and by the identification where that was kept.

    Without it segments that were sent again are alike. Not by the loose key itself: that the two differ is what TCP is
    known by. What is no TCP goes by identification and size. Where nothing but the addresses names it nobody can find
    it again under other ones, so it is no loss either: it is passed over as a second copy is. So is all of it in a
    sample of the packets, which was drawn by the addresses.
    """
    is_ours, is_tcp = is_among(kept.pair, pairs), kept.loose != kept.key
    number = np.where(is_among(kept.pair, pairs[has_ids]), kept.ip_id, 0).astype(np.uint64)
    by_size = _without_addresses(kept, number)
    key = np.where(is_ours, np.where(is_tcp, ~kept.loose ^ (number * MIXER), by_size), kept.key)
    loose = np.where(is_ours & ~is_tcp, key, kept.loose)
    is_nameless = is_ours & ~is_tcp & ((number == 0) | (mask != 0))
    return kept._replace(key=key, loose=loose, is_copy=np.where(is_nameless, np.uint8(1), kept.is_copy))


def _without_unknown_kinds(kept: Kept, pairs: U64, found: I64) -> Kept:
    """
    The same, of these addresses passed over what is of a kind of which nothing was found at the other point.

    Behind one address may be many: that the TCP of one of them is known tells nothing of another's pings.
    """
    is_ours = is_among(kept.pair, pairs)
    kind = (kept.loose == kept.key).astype(np.uint64) + (kept.echo != 0)
    named = kept.pair ^ (kind + np.uint64(1)) * SIZE_MIXER
    is_unknown = is_ours & (kind > 0) & ~is_among(named, named[found])
    return kept._replace(is_copy=np.where(is_unknown, np.uint8(1), kept.is_copy))


def _never_found(kept: Kept, rows: I64) -> I64:
    """Rows whose pair of addresses has no row among these, copies left out."""
    return np.flatnonzero(~is_among(kept.pair, kept.pair[rows]) & (kept.is_copy == 0))
