"""What one point shows of where a guest was: before its move, after it, on its own link or over routers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packet_keys import ENDS, packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.views import PointView
from vmpcap.points.nearness import nearer
from vmpcap.points.resolution import resolution
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

MARGIN_NS: Final = 200 * NS_PER_MS
"""Frames this near to the first announcement are neither before nor after: a guest may run before it is announced."""
FEWEST: Final = 3
"""Frames that are a conversation and not a stray one."""
NEARLY_ALL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Times:
    """When a point saw frames of the guest, ns from the moment of its move on the point's own clock."""

    sent: I64
    """Unicast of the guest, sorted."""
    asked: I64
    """Unicast to it, sorted."""

    def talks(self, since: int, until: int) -> bool:
        """Did the guest talk with somebody in this time, both ways?"""
        return all(_count(times, since, until) >= FEWEST for times in (self.sent, self.asked))

    def speaks(self, since: int, until: int) -> bool:
        """Did the guest send at least one frame in this time?"""
        return _count(self.sent, since, until) > 0


@dataclass(frozen=True, slots=True)
class Place:
    """One point's sight of one guest."""

    view: PointView
    guest: Moved
    moment: int | None
    """When the guest changed places, on the point's clock; None where that is not known."""
    on_link: Times
    """Frames on the guest's own link: its MAC, or an address of it with a TTL that nobody lowered."""
    tunnelled: int
    """Frames of the guest's link that an overlay or another tunnel carried."""
    sent_hops: tuple[int, int]
    """Packets of the guest that came over routers, and those that did not."""
    asked_hops: tuple[int, int]
    """The same of packets to it."""
    own: I64
    """When frames of its MAC passed, to groups among them, ns from its move; empty where nobody knows its MAC."""

    @property
    def is_on_link(self) -> bool:
        """Does it show any frame of the guest's own link?"""
        return bool(len(self.on_link.sent) or len(self.on_link.asked))

    def appears(self, since: int, until: int) -> int:
        """How many frames of its MAC passed here in this time, outside tunnels?"""
        return _count(self.own, since, until)

    def is_asked(self, since: int, until: int) -> bool:
        """Did others go on asking for it on its own link?"""
        return _count(self.on_link.asked, since, until) >= FEWEST


def place_of(view: PointView, guest: Moved, moment: int | None) -> Place:
    """
    What does this point show of this guest?

    Parameters
    ----------
    moment : when it changed places, on the reference clock; a point that heard it announced goes by that instead
    """
    j, frames = view.journal, frames_of(view, guest)
    heard = guest.series_at(view)
    own_moment = None
    if heard is not None:
        own_moment = heard.first_ts
    elif moment is not None and view.offset is not None:
        own_moment = on_point(view, moment)
    mac = np.uint64(guest.mac)
    has_mac = guest.mac != NO_MAC
    in_tunnel = (j.vni >= 0) | ((j.segment_key != 0) & (j.vlan_outer_id < 0))
    to_group = (j.eth_dst & GROUP_BIT) != 0
    sent, asked = _mask(j.rows, frames.sent), _mask(j.rows, frames.asked)
    is_routed = np.isin(j.ttl, [ttl for ttl in np.unique(j.ttl).tolist() if hops_from_ttl(ttl)]) & (j.ip_version != 0)
    by_mac = ((j.eth_src == mac) | (j.eth_dst == mac)) & has_mac
    mine = j.eth_src == mac if has_mac else np.zeros(j.rows, np.bool_)
    on_link = ~in_tunnel & ~to_group & (mine | (sent & ~is_routed & (j.ip_version != 0)))
    to_it = asked | ((j.eth_dst == mac) & has_mac)
    # over routers the MAC is a router's; on the link packets to the guest bear its own
    stations = np.unique(j.eth_src[on_link])
    to_link = ~in_tunnel & ~to_group & to_it & np.isin(j.eth_dst, stations)
    start = own_moment if own_moment is not None else 0
    sent_ip, far = sent & (j.ip_version != 0) & ~mine, asked & ~(by_mac | np.isin(j.eth_dst, stations))
    return Place(
        view=view,
        guest=guest,
        moment=own_moment,
        on_link=Times(np.sort(j.ts_ns[on_link]) - start, np.sort(j.ts_ns[to_link]) - start),
        tunnelled=int((in_tunnel & (sent | asked | by_mac)).sum()),
        sent_hops=(int((sent_ip & is_routed).sum()), int((sent_ip & ~is_routed).sum())),
        asked_hops=(int((far & is_routed).sum()), int((far & ~is_routed).sum())),
        own=np.sort(np.concatenate((j.ts_ns[mine & ~in_tunnel], _bodies_of(view, guest)))) - start,
    )


def _bodies_of(view: PointView, guest: Moved) -> I64:
    """When did ARP and RARP bodies of its MAC pass, which stand in no journal, outside tunnels?"""
    rows = view.arps
    if guest.mac == NO_MAC:
        return np.zeros(0, np.int64)
    times: I64 = rows.ts_ns[(rows.eth_src == np.uint64(guest.mac)) & (rows.vni < 0)]
    return times


def is_nearer(one: Place, other: Place) -> int:
    """Does the one point stand nearer to the guest (1), the other (-1), or does nothing tell (0)?"""
    sent = _same_packets(one, other, "sent_ip")
    asked = _same_packets(one, other, "asked")
    coarse = _resolution_at(one.view) + _resolution_at(other.view)
    return nearer(*sent, *asked, coarse)


def _resolution_at(view: PointView) -> int:
    j = view.journal
    return resolution(j.ts_ns, packet_keys(j, np.arange(j.rows)))


def _same_packets(one: Place, other: Place, which: str) -> tuple[I64, I64]:
    """When the one point saw the guest's packets that both saw once, and by how much later the other did."""
    (here, row, ts), (there, _, other_ts) = (_once(place, which) for place in (one, other))
    _, i, k = np.intersect1d(here, there, assume_unique=True, return_indices=True)
    order = np.argsort(row[i])
    i, k = i[order], k[order]
    by_time = np.argsort(ts[i], kind="stable")
    return ts[i][by_time], (other_ts[k] - ts[i])[by_time]


def _once(place: Place, which: str) -> tuple[U64, I64, I64]:
    """Keys of those of the guest's packets that this point saw once, rising; their rows, and when that was."""
    view, guest = place.view, place.guest
    asked = ("seen_once", which, guest.mac, guest.ips, guest.unmeant)
    if asked not in view.found:
        rows: I64 = getattr(frames_of(view, guest), which)
        keys, at, count = np.unique(
            packet_keys(view.journal, rows, (*ENDS, "icmp_type")), return_index=True, return_counts=True
        )
        once = rows[at[count == 1]]
        view.found[asked] = keys[count == 1], once, view.journal.ts_ns[once]
    found: tuple[U64, I64, I64] = view.found[asked]
    return found


def _mask(rows: int, which: I64) -> Bools:
    mask = np.zeros(rows, np.bool_)
    mask[which] = True
    return mask


def _count(times: I64, since: int, until: int) -> int:
    return int(np.searchsorted(times, until, "right") - np.searchsorted(times, since, "left"))


def nearly_all(few_and_many: Sequence[int]) -> int:
    """Which of two counts is nearly all of both: 0 the first, 1 the second, -1 neither, or there are too few?"""
    total = sum(few_and_many)
    if total < FEWEST:
        return -1
    return next((n for n, count in enumerate(few_and_many) if count >= NEARLY_ALL * total), -1)
