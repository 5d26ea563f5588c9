"""Hosts that ask for another in vain, so that no stream between them could begin."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.peer_streams import groups_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, distinct_addresses, ip_text
from vmpcap.terms.units import NS_PER_S, count_of

HOST_NICS: Final = ("source", "destination")
ARP_REQUEST: Final = NUMBER_OF["arp_request"]
LEAST_ASKED: Final = 3
"""So many requests without an answer, over so long, are no lost one."""
LEAST_NS: Final = NS_PER_S
AGAIN_NS: Final = 3 * NS_PER_S
"""Who has no answer asks again each second (RFC 1122 2.3.2.1); what comes later is a new question."""
MOST_FRAMES: Final = 12
MOST_NAMED: Final = 3
"""Addresses that one host asks for in vain are named up to this; a sweep asks for a whole network."""
MOST_HOSTS: Final = 8
"""So many machines are told of; at a host's own NIC there is one."""
ADDRESS: Final = np.uint64(0xFFFF_FFFF)

I64 = npt.NDArray[np.int64]
Halves = tuple[int, int]


class Asked(NamedTuple):
    """Requests of one machine for another."""

    who: Halves
    whom: Halves
    rows: I64


def asked_for_in_vain(views: Sequence[PointView]) -> list[str]:
    """
    For whom did a host ask at its migration NIC without any sign of him there? One sentence for each, of many a count.

    By ARP; whether the one that it asked for is the host to migrate to is not on the wire. Whom packets were sent to
    was found, be it where this capture does not show it.
    """
    found = []
    for view in views:
        if view.role in HOST_NICS and view.journal_complete and not view.left_out:
            known = _known(view)
            by_host: dict[Halves, list[Asked]] = {}
            for asked in _requests(view):
                if asked.whom not in known and _is_in_vain(view, asked.rows):
                    by_host.setdefault(asked.who, []).append(asked)
            for who, vain in [*by_host.items()][:MOST_HOSTS]:
                found += _of_one(view, who, vain)
            if len(by_host) > MOST_HOSTS:
                more = count_of(len(by_host) - MOST_HOSTS, "further machine")
                found.append(f"at {view.name}, {more} asked for others by ARP in vain")
    return found


def _known(view: PointView) -> set[Halves]:
    """Of whom is there any sign: who spoke, or was sent a packet of his own?"""
    arps, j = view.arps, view.journal
    to_one = (j.eth_dst & GROUP_BIT) == 0
    pairs = (
        (arps.sender_high, arps.sender_low),
        (j.src_high, j.src_low),
        (j.dst_high[to_one], j.dst_low[to_one]),
    )
    found = (distinct_addresses(high, low) for high, low in pairs)
    return {one for highs, lows, _ in found for one in zip(highs.tolist(), lows.tolist(), strict=True)}


def _requests(view: PointView) -> list[Asked]:
    """Which rows are requests of the same machine for the same other one? Probes and claims of an address are none."""
    rows = view.arps
    own = (rows.sender_high == rows.target_high) & (rows.sender_low == rows.target_low)
    asks = (rows.kind == ARP_REQUEST) & ~own & ((rows.sender_low & ADDRESS) != 0)
    columns = (rows.sender_high, rows.sender_low, rows.target_high, rows.target_low)
    found = []
    for group in groups_of(np.flatnonzero(asks), *(column[asks] for column in columns)):
        high, low, its_high, its_low = (int(column[group[0]]) for column in columns)
        found.append(Asked((high, low), (its_high, its_low), group))
    return found


def _is_in_vain(view: PointView, rows: I64) -> bool:
    """Was it asked often enough, for long enough, each time soon after the last?"""
    ts = view.arps.ts_ns[rows]
    rows_of_questions = np.split(ts, np.flatnonzero(np.diff(ts) > AGAIN_NS) + 1)
    return any(len(one) >= LEAST_ASKED and int(one[-1] - one[0]) >= LEAST_NS for one in rows_of_questions)


def _of_one(view: PointView, who: Halves, vain: Sequence[Asked]) -> list[str]:
    words = [_say(view, asked) for asked in vain[:MOST_NAMED]]
    if len(vain) > MOST_NAMED:
        more = count_of(len(vain) - MOST_NAMED, "further address", "further addresses")
        words.append(f"at {view.name}, {ip_text(*who)} asked by ARP for {more} in vain, as a sweep of a network does")
    return words


def _say(view: PointView, asked: Asked) -> str:
    frames = ", ".join(str(int(view.arps.frame[row])) for row in asked.rows[:MOST_FRAMES].tolist())
    return (
        f"at {view.name}, a host's migration NIC, {ip_text(*asked.who)} asked {count_of(len(asked.rows), 'time')} by"
        f" ARP for {ip_text(*asked.whom)}, and nobody answered: if that is the other host, no stream could begin"
        f" ({view.name}: frame.number in {{{frames}}})"
    )
