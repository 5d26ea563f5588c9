"""The MACs that a guest had before it moved, by what it sent."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from vmpcap.measures.whose import FRESH_TTLS, is_one_of
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.conflicts import was_handed_over
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC
from vmpcap.terms.router_macs import virtual_mac

Address = tuple[int, int]

IN_ITS_DOMAIN: Final = ("gateway", "domain:source", None)
"""Where the guest's own MAC stands in its frames before it moves."""


def sent_before(
    guest: Moved, ips: Collection[Address], views: Sequence[PointView], moment: int, roles: Collection[str | None]
) -> set[int]:
    """
    From which other MACs did these addresses of the guest send until it moved, and from none of them since?

    Not through a router: with a TTL as machines begin with, by a MAC that sends for no other address. One that goes on
    sending is another machine with the address, as of an anycast service, and one beside the guest's own MAC is none
    that it had before.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    if guest.mac == NO_MAC:
        return set()
    found: set[int] = set()
    for view in (view for view in views if view.role in roles):
        j, rows = view.journal, frames_of(view, guest).sent_ip
        early = rows[(j.ts_ns[rows] < on_point(view, moment)) & np.isin(j.ttl[rows], FRESH_TTLS)]
        for address in ips:
            mine = early[is_one_of(j.src_high[early], j.src_low[early], [address])]
            macs = {int(mac) for mac in np.unique(j.eth_src[mine])} - {guest.mac, NO_MAC, 0} - found
            macs = {mac for mac in macs if virtual_mac(mac) is None and not _sends_for_others(mac, guest.ips, view)}
            found |= {mac for mac in macs if was_handed_over(guest, {mac}, address, views, moment)}
    return found


def _sends_for_others(mac: int, ips: Collection[Address], view: PointView) -> bool:
    """Does this MAC send IP packets for addresses that are not the guest's, as a router does?"""
    j = view.journal
    theirs = (j.eth_src == np.uint64(mac)) & (j.ip_version == 4)
    return bool((theirs & ~is_one_of(j.src_high, j.src_low, ips) & (j.src_low != np.uint64(IPV4_MAPPED))).any())
