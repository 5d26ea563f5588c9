"""Whose packets are these: which addresses are a guest's, and which rows go between it and somebody else?"""

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC, distinct_addresses
from vmpcap.terms.units import NO_TIME

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

Address = tuple[int, int]
"""High and low half; IPv4 as IPv4-mapped."""

MOST_ADDRESSES: Final = 16
"""A MAC that sends from more addresses than this is a router's; they are not its own."""

LATER_FRAGMENT: Final = 2


def addresses_of(journal: JournalColumns, macs: Collection[int]) -> set[Address]:
    """From which IP addresses do these MACs send? None where there are so many that the MAC is a router's."""
    found: set[Address] = set()
    for mac in macs:
        sent = np.flatnonzero(journal.eth_src == np.uint64(mac))
        sent = sent[journal.ip_version[sent] != 0]
        high, low, _ = distinct_addresses(journal.src_high[sent], journal.src_low[sent])
        own = set(zip(high.tolist(), low.tolist(), strict=True)) - NOBODY
        if len(own) <= MOST_ADDRESSES:
            found |= own
    return found


NOBODY: Final = frozenset({(0, 0), (0, IPV4_MAPPED)})
"""The unspecified addresses."""


def _is_group(high: U64, low: U64) -> Bools:
    """Multicast of either version, or the limited broadcast."""
    is_v4 = (high == 0) & (low >> np.uint64(32) == np.uint64(IPV4_MAPPED >> 32))
    v4 = low & np.uint64(0xFFFF_FFFF)
    group: Bools = np.where(is_v4, v4 >= np.uint64(0xE000_0000), high >> np.uint64(56) == np.uint64(0xFF))
    return group


def is_one_of(high: U64, low: U64, addresses: Collection[Address]) -> Bools:
    """Which of these are one of the addresses?"""
    found = np.zeros(len(high), np.bool_)
    for one_high, one_low in addresses:
        found |= (high == np.uint64(one_high)) & (low == np.uint64(one_low))
    return found


def is_one_mac(column: U64, macs: Collection[int]) -> Bools:
    """Which of these are one of the MACs? For a few MACs far faster than numpy's isin."""
    found = np.zeros(len(column), np.bool_)
    for mac in macs:
        found |= column == np.uint64(mac)
    return found


FRESH_TTLS: Final = (64, 128, 255)
"""With these a packet has passed no router yet (the usual initial values)."""


def may_be_the_guests(journal: JournalColumns, macs: Collection[int], addresses: Collection[Address]) -> Bools:
    """
    Which rows from or to one of these addresses may be the guest's, and no twin's in another segment?

    All in segments where one of its MACs is seen. In others only where the address's packets came over a router: a
    machine that sends from there directly, with another MAC, has the same address in another network. What most of its
    packets there show counts: a firewall resets a connection in the guest's name. Without a MAC nothing can be told
    apart, and all rows may be.
    """
    allowed = np.ones(journal.rows, np.bool_)
    if not macs:
        return allowed
    home = is_one_mac(journal.eth_src, macs) | is_one_mac(journal.eth_dst, macs)
    if home.any() and not journal.segment_key.any():
        return allowed  # there is one segment only, as in most captures
    sent = is_one_of(journal.src_high, journal.src_low, addresses) & (journal.ip_version != 0)
    elsewhere = sent & ~np.isin(journal.segment_key, np.unique(journal.segment_key[home]))
    direct = elsewhere & np.isin(journal.ttl, FRESH_TTLS) & (journal.eth_src != np.uint64(NO_MAC))
    for key in np.unique(journal.segment_key[direct]):
        there = journal.segment_key == key
        if 2 * np.count_nonzero(direct & there) >= np.count_nonzero(elsewhere & there):
            allowed &= ~there
    return allowed


def rows_between(journal: JournalColumns, guests: Collection[Address], allowed: Bools) -> I64:
    """
    Which rows are unicast between one of the guests and somebody else? By time.

    Later fragments have no ports and are left out.
    """
    from_guest = is_one_of(journal.src_high, journal.src_low, guests)
    to_guest = is_one_of(journal.dst_high, journal.dst_low, guests)
    usable = allowed & (from_guest != to_guest) & (journal.ip_fragment != LATER_FRAGMENT) & (journal.ts_ns != NO_TIME)
    usable &= ~_is_group(journal.dst_high, journal.dst_low)
    rows = np.flatnonzero(usable)
    return rows[np.argsort(journal.ts_ns[rows], kind="stable")]
