"""Routing loops: packets that two routers hand to and fro, each of which takes the other for the way."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.units import NS_PER_S, count_of

I64 = npt.NDArray[np.int64]

ROUND_NS: Final = NS_PER_S
"""A packet is back within this; later its identification is another packet's."""
LEAST_LOST: Final = 2
"""So many routers at least has a packet passed that goes from the one to the other once more."""
LEAST_PACKETS: Final = 3
"""Fewer may be chance: identifications that were used again."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Packets that passed one link in one direction more than once, each time with a lower TTL."""

    rows: I64
    """Of the journal, by time: every sighting of these packets after the first in its direction."""
    first: int
    """Row of the first sighting of the first of them."""
    packets: int
    frames: int
    """All in which these packets were seen."""
    ends: tuple[int, int]
    """MACs of the two routers."""
    begin: int
    end: int
    """When the first of them was seen, and the last once more, on the point's clock."""

    def words(self, name: str) -> str:
        """What is it, at the point of that name?"""
        one, other = (mac_text(mac) for mac in self.ends)
        return (
            f"a routing loop at {name}: {count_of(self.packets, 'packet')} went to and fro between {one} and {other}, "
            f"each time with a lower TTL ({count_of(self.frames, 'frame')}): each of the two routers "
            "took the other for the way"
        )


def find_loop(j: JournalColumns, rows: I64) -> Loop | None:
    """
    Which of these packets go to and fro between two routers?

    The same packet from the same MAC to the same MAC, with a TTL that two routers or more have lowered meanwhile: files
    of several places that were merged show other MACs, and a mirror or a detour there and back has no such second time.
    """
    rows = rows[(j.eth_src[rows] != np.uint64(NO_MAC)) & (j.ip_version[rows] != 0)]
    if len(rows) < LEAST_PACKETS:
        return None
    key = packet_keys(j, rows, ("src_high", "dst_high", "dst_low", "eth_src", "eth_dst"))
    order = np.lexsort((j.ts_ns[rows], key))
    rows, key = rows[order], key[order]
    ts, ttl = j.ts_ns[rows], j.ttl[rows].astype(np.int64)
    again = (key[1:] == key[:-1]) & (ts[1:] - ts[:-1] <= ROUND_NS) & (ttl[:-1] - ttl[1:] >= LEAST_LOST)
    packets = np.unique(packet_keys(j, rows[1:][again], ("dst_low",)))
    if len(packets) < LEAST_PACKETS:
        return None
    back = np.sort(rows[1:][again])
    earlier = rows[:-1][again]
    first = int(earlier[np.argmin(j.ts_ns[earlier])])
    frames = int(np.isin(packet_keys(j, rows, ("dst_low",)), packets).sum())
    times = int(j.ts_ns[first]), int(j.ts_ns[back].max())
    return Loop(back, first, len(packets), frames, (int(j.eth_src[first]), int(j.eth_dst[first])), *times)
