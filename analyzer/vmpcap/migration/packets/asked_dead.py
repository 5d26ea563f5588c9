"""What a guest asks for and would not be told in any network: whoever was dead before it moved, or never lived."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.questions import are_asked_by
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_S

AGAIN_NS: Final = 3 * NS_PER_S
"""A second request so soon says that the first had no answer."""
LEAST_AGAIN: Final = 2
"""So often asked for again, without a frame of its own in view, it is dead."""
BEYOND: Final = ("domain:source", "gateway")

Address = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Known:
    """What the points show of those whom a guest asks, by their addresses."""

    alive: frozenset[Address]
    """They spoke before the guest moved."""
    dead: frozenset[Address]
    """It asked for them before it moved as well, again and again, and nothing of them is in view."""
    crossing: str
    """Which broadcast shows that its new network is the one of before; empty where none does."""

    def would_answer(self, address: Address) -> bool:
        """Does silence of this one say anything of the network? In the network of before only of who lived in it."""
        return address not in self.dead and (not self.crossing or address in self.alive)


def known_of(guest: Moved, view: PointView, moment: int, views: Iterable[PointView]) -> Known:
    """
    Of whom does this point at the guest's new place show, and the others before, that they live or are dead?

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    every = [view, *(other for other in views if other.name != view.name)]
    alive: set[Address] = set()
    again: Counter[Address] = Counter()
    for one in every:
        when = on_point(one, moment)
        alive |= _heard(one, guest, when)
        again |= asked_again(one, guest, until=when)
    dead = frozenset(address for address, count in again.items() if count >= LEAST_AGAIN and address not in alive)
    return Known(frozenset(alive), dead, _crossing(guest, view, moment, every))


def _heard(view: PointView, guest: Moved, when: int) -> set[Address]:
    """Whose own packets to the guest, or ARP bodies, passed here before that time on the point's clock?"""
    j, rows = view.journal, view.arps
    asked = frames_of(view, guest).asked
    asked = asked[j.ts_ns[asked] <= when]
    told = (rows.ts_ns <= when) & (rows.sender_mac != np.uint64(guest.mac)) & (rows.sender_low != 0)
    return {
        *zip(j.src_high[asked].tolist(), j.src_low[asked].tolist(), strict=True),
        *zip(rows.sender_high[told].tolist(), rows.sender_low[told].tolist(), strict=True),
    }


def asked_again(view: PointView, guest: Moved, since: int | None = None, until: int | None = None) -> Counter[Address]:
    """
    How often did the guest ask once more for the MAC of an address that it had just asked for, between these times?

    Within AGAIN_NS: RFC 1122 2.3.2.1 has no more than one a second while nobody answers, as RFC 4861 10 has
    (RETRANS_TIMER); a refresh comes tens of seconds later.
    """
    rows = view.arps
    is_asked = are_asked_by(view.arps, guest)
    if since is not None:
        is_asked &= rows.ts_ns > since
    if until is not None:
        is_asked &= rows.ts_ns <= until
    last: dict[Address, int] = {}
    again: Counter[Address] = Counter()
    for at in np.flatnonzero(is_asked)[np.argsort(rows.ts_ns[is_asked], kind="stable")].tolist():
        target, ts = (int(rows.target_high[at]), int(rows.target_low[at])), int(rows.ts_ns[at])
        again[target] += target in last and ts - last[target] <= AGAIN_NS
        last[target] = ts
    return again


def _crossing(guest: Moved, view: PointView, moment: int, every: Sequence[PointView]) -> str:
    """
    Do the guest's questions arrive where it came from, or broadcasts of those it talked with there at its new place?

    A virtual router's MAC, which each side may have of its own, shows nothing.
    """
    if guest.mac == NO_MAC:
        return ""
    macs: set[int] = set()
    for one in every:
        rows, j = one.arps, one.journal
        if one.role == "domain:source":
            brought = np.unique(j.eth_src[j.eth_dst == np.uint64(guest.mac)])
            macs |= {int(mac) for mac in brought if virtual_mac(int(mac)) is None}
        series = guest.series_at(one)
        is_timed = not is_moment_unknown(one, guest, every)
        if one.role in BEYOND and (is_timed or series is not None):
            when = series.first_ts if series is not None and not is_timed else on_point(one, moment)
            if (are_asked_by(rows, guest) & (rows.ts_ns > when)).any():
                return f"what it asks by broadcast arrives at {one.name}"
    rows, when = view.arps, on_point(view, moment)
    tags = np.unique(rows.vlan_outer[are_asked_by(view.arps, guest) & (rows.ts_ns > when)])
    heard = (rows.ts_ns > when) & np.isin(rows.eth_src, np.array(sorted(macs), np.uint64))
    heard &= ((rows.eth_dst & np.uint64(GROUP_BIT)) != 0) & np.isin(rows.vlan_outer, tags)
    return f"broadcasts of a machine it talked with before arrive at {view.name}" if heard.any() else ""
