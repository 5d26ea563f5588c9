"""What tells a cold migration from a restart: a disk carried meanwhile, another address (domain notes 4.16)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.flows.streams import STREAMS
from vmpcap.migration.moved import on_point
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import count_of
from vmpcap.terms.wire import IP_TCP

LEAST_BULK_BYTES: Final = 4_000_000
"""Less than this on NFC's port is management."""

NFC_PORT: Final = next(row.first_port for row in STREAMS if row.key == "nfc")


def carried(views: Sequence[PointView], last: int, begun: int) -> tuple[str, tuple[PointView, int]] | None:
    """Did NFC carry bulk between two hosts while the machine was silent?"""
    for view in views:
        j = view.journal
        mine = (j.ip_protocol == IP_TCP) & ((j.dst_port == NFC_PORT) | (j.src_port == NFC_PORT)) & (j.payload_bytes > 0)
        mine &= (j.ts_ns >= on_point(view, last)) & (j.ts_ns <= on_point(view, begun))
        rows = np.flatnonzero(mine)
        pairs = list(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), j.dst_low[rows].tolist(), strict=True))
        for pair in sorted(set(pairs)):
            here = rows[[one == pair for one in pairs]]
            volume = int(j.payload_bytes[here].sum())
            if volume >= LEAST_BULK_BYTES:
                ends = f"{ip_text(pair[0], pair[1])} to {ip_text(int(j.dst_high[here[0]]), pair[2])}"
                words = f"{volume / 1e6:.0f} MB went from {ends} on port {NFC_PORT} (NFC) meanwhile"
                return words, (view, int(j.frame[here[0]]))
    return None


def readdressed(
    mac: int, views: Sequence[PointView], begun: int, old: set[tuple[int, int]], new: set[tuple[int, int]]
) -> str:
    """The old address, the new one, and what became of those who still asked for the old."""
    asked = 0
    for view in views:
        j, when = view.journal, on_point(view, begun)
        for high, low in old:
            to_it = (j.dst_high == np.uint64(high)) & (j.dst_low == np.uint64(low)) & (j.ts_ns >= when)
            asked = max(asked, int(to_it.sum()))
    names = [", ".join(sorted(ip_text(*one) for one in ips)) for ips in (old, new)]
    words = f"it came back as {names[1]} with the same MAC, and nothing came from {names[0]} any more"
    return f"{words} ({count_of(asked, 'packet')} for it in vain)" if asked else words
