"""Guests that the user named and that are nowhere in view: nothing can be told of them, and that is said."""

from collections.abc import Sequence

import numpy as np

from vmpcap.migration.guest.guests import address_of
from vmpcap.migration.moved import Moved, guest_name
from vmpcap.migration.views import PointView


def not_in_view(wanted: Sequence[str], views: Sequence[PointView], told: Sequence[Moved]) -> list[str]:
    """
    Which addresses that were named as guests' does no frame have? One sentence each, with the guests that are in view.

    None where frames had to be left out: it may have been in those.
    """
    if not all(view.journal_complete for view in views):
        return []
    names = list(dict.fromkeys(guest_name(guest) for guest in told if guest.heard))
    known = f"guests in view: {', '.join(names)}" if names else "no guest was announced in view"
    return [
        f"--guest {text}: no frame of these captures has this address, so nothing is told of it; {known}"
        for text in wanted
        if not any(_has(view, address_of(text)) for view in views)
    ]


def _has(view: PointView, address: int | tuple[int, int]) -> bool:
    """Did anybody at this point send from or to this MAC or IP address, or ask for it?"""
    j, arps = view.journal, view.arps
    if isinstance(address, int):
        mac = np.uint64(address)
        is_told = bool((arps.sender_mac == mac).any()) or any(series.mac == address for series in view.series)
        return is_told or bool(((j.eth_src == mac) | (j.eth_dst == mac)).any())
    high, low = (np.uint64(half) for half in address)
    ends = ((j.src_high, j.src_low), (j.dst_high, j.dst_low))
    asked = ((arps.sender_high, arps.sender_low), (arps.target_high, arps.target_low))
    return any(bool(((one_high == high) & (one_low == low)).any()) for one_high, one_low in (*ends, *asked))
