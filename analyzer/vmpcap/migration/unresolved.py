"""Hosts that ask for another in vain, so that no stream between them could begin."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.peer_streams import groups_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NS_PER_S, count_of

HOST_NICS: Final = ("source", "destination")
ARP_REQUEST: Final = NUMBER_OF["arp_request"]
LEAST_ASKED: Final = 3
"""So many requests without an answer, over so long, are no lost one."""
LEAST_NS: Final = NS_PER_S
MOST_FRAMES: Final = 12
ADDRESS: Final = np.uint64(0xFFFF_FFFF)

Pair = tuple[int, int, int, int]
"""Who asks, and for whom: halves of both addresses."""


def asked_for_in_vain(views: Sequence[PointView]) -> list[str]:
    """
    For whom did a host ask at its migration NIC without any sign of him there? One sentence for each.

    By ARP; whether the one that it asked for is the host to migrate to is not on the wire.
    """
    found = []
    for view in views:
        if view.role in HOST_NICS and view.journal_complete and not view.left_out:
            found += [_say(view, pair, rows) for pair, rows in _requests(view).items() if _is_in_vain(view, pair, rows)]
    return found


def _requests(view: PointView) -> dict[Pair, list[int]]:
    """Which rows are requests of the same machine for the same other one? Probes and claims of an address are none."""
    rows = view.arps
    own = (rows.sender_high == rows.target_high) & (rows.sender_low == rows.target_low)
    asks = (rows.kind == ARP_REQUEST) & ~own & ((rows.sender_low & ADDRESS) != 0)
    columns = (rows.sender_high, rows.sender_low, rows.target_high, rows.target_low)
    found: dict[Pair, list[int]] = {}
    for group in groups_of(np.flatnonzero(asks), *(column[asks] for column in columns)):
        high, low, its_high, its_low = (int(column[group[0]]) for column in columns)
        found[high, low, its_high, its_low] = group.tolist()
    return found


def _is_in_vain(view: PointView, pair: Pair, rows: Sequence[int]) -> bool:
    """Was it asked often enough, for long enough, and nothing of the other seen here at any time?"""
    arps, j = view.arps, view.journal
    if len(rows) < LEAST_ASKED or int(arps.ts_ns[rows[-1]] - arps.ts_ns[rows[0]]) < LEAST_NS:
        return False
    high, low = np.uint64(pair[2]), np.uint64(pair[3])
    told = (arps.sender_high == high) & (arps.sender_low == low)
    return not told.any() and not ((j.src_high == high) & (j.src_low == low)).any()


def _say(view: PointView, pair: Pair, rows: Sequence[int]) -> str:
    who, whom = ip_text(*pair[:2]), ip_text(*pair[2:])
    frames = ", ".join(str(int(view.arps.frame[row])) for row in rows[:MOST_FRAMES])
    return (
        f"at {view.name}, a host's migration NIC, {who} asked {count_of(len(rows), 'time')} by ARP for {whom}, and"
        " nobody answered: if that is the other host, no stream could begin"
        f" ({view.name}: frame.number in {{{frames}}})"
    )
