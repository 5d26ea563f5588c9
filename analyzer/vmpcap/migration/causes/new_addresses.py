"""Did the guest come back under other addresses, so that nobody reaches it by those that it had?"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.measures.whose import FRESH_TTLS
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text
from vmpcap.terms.wire import ETHERTYPE_IPV4, ETHERTYPE_IPV6

NOBODYS: Final = ("0.0.0.0", "::", "fe80:", "169.254.")  # noqa: S104 - an address that is read, not bound
"""Addresses of who has none yet, or none beyond its link (RFC 3927, RFC 4291)."""
MOST_TOLD: Final = 4


def new_addresses(guest: Moved, views: Sequence[PointView], back: Mark) -> list[str]:
    """
    From which addresses does the guest's MAC send at its new place, where it uses none of those that it had?

    Empty where it still uses one, and where no point at its new place shows what it sends. Packets that other routers
    lowered the TTL of are not its own.
    """
    found: dict[str, None] = {}
    had = {ip_text(high, low) for high, low in guest.ips}
    for view in views:
        if view.role != "domain:destination" or guest.mac == NO_MAC:
            continue
        j = view.journal
        own = (j.eth_src == np.uint64(guest.mac)) & (j.ts_ns >= on_clock_of(view, back.view, back.ts))
        own &= np.isin(j.ethertype, (ETHERTYPE_IPV4, ETHERTYPE_IPV6)) & np.isin(j.ttl, FRESH_TTLS)
        for high, low in sorted(set(zip(j.src_high[own].tolist(), j.src_low[own].tolist(), strict=True))):
            text = ip_text(high, low)
            if text in had:
                return []
            if not text.startswith(NOBODYS):
                found[text] = None
    return list(found)[:MOST_TOLD]
