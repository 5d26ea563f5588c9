"""Packets that take a way they need not: to the old site's gateway and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.loops import Loop, find_loop
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_text, mac_text
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_S, count_of

ROUND_NS: Final = NS_PER_S
"""A packet that goes to the other site and back is back within this; later its identification is another packet's."""

SETTLED_NS: Final = NS_PER_S
"""Frames still on their way when the guest moved may cross once more."""
LEAST_CROSSING: Final = 3
"""Fewer frames than this may be strays."""
ANSWERS: Final = (NUMBER_OF["arp_reply"], NUMBER_OF["solicited_na"])


@dataclass(frozen=True, slots=True)
class Detour:
    """What was found, or why nothing could be: found is None where it could not be examined."""

    found: bool | None
    because: str
    point: str = ""
    frames: tuple[int, ...] = ()


def find_trombone(guest: Moved, views: Sequence[PointView], moment: int) -> Detour:
    """
    Do the guest's packets leave its new site over the link between the sites, to a gateway that stayed at the old one?

    One that comes back has its TTL lowered by a router there: same addresses, identification, length, numbers. One that
    goes on from there is seen once, on its way to that router's MAC. Packets that two routers hand to and fro cross
    more than twice: a loop, and no detour (`find_guest_loop`).
    """
    between = [v for v in views if v.role == "wan"]
    if not between:
        return Detour(None, "it takes a point on the link between the sites (role wan) to see a packet cross it twice")
    found = [one for view in between if (one := _at_link(guest, view, views, moment)) is not None]
    if not found:
        return Detour(None, "no packet of the guest crossed the link between the sites after the switchover")
    return min(found, key=lambda one: (True, None, False).index(one.found))


def find_guest_loop(guest: Moved, views: Sequence[PointView], moment: int) -> Detour | None:
    """
    Where did two routers hand packets of the guest, or for it, to and fro since it moved? None where none did.

    At the point that shows most of them: each router on the loop takes the other for the way.
    """
    loops = [(view, find_loop(view.journal, _crossing(guest, view, moment))) for view in views]
    found = [(view, loop) for view, loop in loops if loop is not None]
    if not found:
        return None
    view, loop = max(found, key=lambda one: one[1].packets)
    j, when = view.journal, on_point(view, moment)
    begin, end = (f"+{(ts - when) / NS_PER_S:.1f} s" for ts in (loop.begin, loop.end))
    because = f"{loop.words(view.name)}, from {begin} to {end} after the switchover"
    return Detour(True, because, view.name, (int(j.frame[loop.first]), int(j.frame[loop.rows[0]])))


def _at_link(guest: Moved, view: PointView, views: Sequence[PointView], moment: int) -> Detour | None:
    """What does this link show? None where it was watched, and no packet of the guest crossed it."""
    crossing = _crossing(guest, view, moment)
    loop = find_loop(view.journal, crossing)
    twice = _crossed_twice(view, crossing if loop is None else _not_meanwhile(view, crossing, loop))
    if twice is not None:
        return twice
    away = _leaves_by(guest, view, views, moment)
    if away is not None:
        return away
    if not view.journal_complete:
        return Detour(None, f"{view.name} does not show every packet of the guest")
    if view.last_ts <= on_point(view, moment + SETTLED_NS):
        return Detour(None, f"the capture of {view.name} ends before the guest had settled at its new place")
    if not len(crossing):
        return None
    others = "" if loop is None else ", but for those that a routing loop held"
    if guest.mac == NO_MAC:
        because = (
            f"no packet of the guest crossed {view.name} twice{others}; whom it sends to is not known without its MAC"
        )
        return Detour(None, because, view.name)
    because = f"no packet of the guest crossed {view.name} twice, or to a gateway beyond it{others}"
    return Detour(False, because, view.name)


def _crossing(guest: Moved, view: PointView, moment: int) -> npt.NDArray[np.int64]:
    """Rows of the packets from and for the guest that passed here since it moved."""
    frames = frames_of(view, guest)
    rows: npt.NDArray[np.int64] = np.sort(np.concatenate([frames.sent_ip, frames.asked]))
    since: npt.NDArray[np.int64] = rows[view.journal.ts_ns[rows] > on_point(view, moment)]
    return since


def _not_meanwhile(view: PointView, rows: npt.NDArray[np.int64], loop: Loop) -> npt.NDArray[np.int64]:
    """Which of these passed before or after that loop? What still went round when it ended has passed but twice."""
    ts = view.journal.ts_ns[rows]
    kept: npt.NDArray[np.int64] = rows[(ts < loop.begin) | (ts > loop.end + ROUND_NS)]
    return kept


def _crossed_twice(view: PointView, rows: npt.NDArray[np.int64]) -> Detour | None:
    """Which of these packets came back over this link with its TTL lowered? None where none does."""
    j = view.journal
    seen: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for row in rows:
        key = (
            int(j.ip_id[row]),
            int(j.src_low[row]),
            int(j.dst_low[row]),
            int(j.ip_protocol[row]),
            int(j.payload_bytes[row]),
            int(j.icmp_seq[row]),
            int(j.tcp_seq[row]),
        )
        here = (int(j.ts_ns[row]), int(j.ttl[row]), int(j.frame[row]))
        first = seen.setdefault(key, here)
        if here[0] - first[0] > ROUND_NS:
            seen[key] = here  # the identification was used again
        elif first[1] == here[1] + 1:
            because = f"packets crossed {view.name} twice, the second time with a TTL one lower"
            return Detour(True, because, view.name, (first[2], here[2]))
    return None


def _leaves_by(guest: Moved, view: PointView, views: Sequence[PointView], moment: int) -> Detour | None:
    """
    Which router beyond this link does the guest send its packets to? None where it does to none.

    Its own frames, to a MAC whose frames cross as well: what a switch floods, for it does not know the way, proves no
    place, and no other place either. Where several routers share that MAC it is to be where the guest is; of one that
    has none beside it nobody knows whether there is a shorter way.
    """
    j, since = view.journal, on_point(view, moment + SETTLED_NS)
    if guest.mac == NO_MAC:
        return None
    sent = frames_of(view, guest).sent_ip
    sent = sent[(j.eth_src[sent] == np.uint64(guest.mac)) & (j.ts_ns[sent] > since)]
    sent = sent[(j.eth_dst[sent] & GROUP_BIT) == 0]
    macs, counts = np.unique(j.eth_dst[sent], return_counts=True)
    found: list[Detour] = []
    for mac, count in sorted(zip(macs.tolist(), counts.tolist(), strict=True), key=lambda one: -one[1]):
        rows = sent[j.eth_dst[sent] == np.uint64(mac)]
        shared = virtual_mac(mac) is not None
        if count < LEAST_CROSSING or not (shared or _routes(view, views, mac, rows)):
            continue
        frames = (int(j.frame[rows[0]]), int(j.frame[rows[-1]]))
        sends = bool(((j.eth_src == np.uint64(mac)) & (j.ts_ns > since)).any())
        own = _stands_for_it(views, view, mac, since) if not shared else ""
        last_ns = on_reference(view, int(j.ts_ns[rows[-1]])) - moment
        found.append(_beyond(view, mac, count, frames, own, last_ns, shared=shared, sends=sends))
    return min(found, key=lambda one: one.found is None, default=None)


def _beyond(
    view: PointView, mac: int, count: int, frames: tuple[int, ...], own: str, last_ns: int, shared: bool, sends: bool
) -> Detour:
    """What do the guest's frames to this MAC say: a shared gateway's or not, one that sends here, too?"""
    name = mac_text(mac)
    if not sends:
        because = (
            f"{count_of(count, 'packet')} of the guest passed {view.name} to {name}, and none from there was seen:"
            " whether it stands beyond the link, or a switch floods what it does not know, is not in view"
        )
        return Detour(None, because, view.name, frames)
    because = f"{count_of(count, 'packet')} of the guest left its new site over {view.name} to {name} beyond it"
    because += f", the last +{last_ns / NS_PER_S:.1f} s after the switchover"
    if shared:
        because += ", a gateway that several routers share: that of the old site takes them"
        return Detour(True, because, view.name, frames)
    if own:
        return Detour(True, f"{because}, though {own} at its new site", view.name, frames)
    because += "; whether its new site has a gateway of its own is not in view"
    return Detour(None, because, view.name, frames)


def _stands_for_it(views: Sequence[PointView], link: PointView, mac: int, since: int) -> str:
    """
    Which other machine at the new site says that an address of this router is its own, in words? Empty for none.

    It sends nothing over the link: what does may stand at the old site, or be the guest's next router there. What the
    router only answers for may be a neighbour's (proxy ARP, RFC 1027).
    """
    addresses = _addresses_of(views, mac, answers=False)
    for there in (view for view in views if view.role == "domain:destination"):
        arps = there.arps
        for other in sorted(set(arps.sender_mac.tolist()) - {mac, 0, NO_MAC}):
            shared = addresses & _addresses_of([there], other, answers=False)
            crosses = (link.journal.eth_src == np.uint64(other)) & (link.journal.ts_ns > since)
            if shared and not crosses.any():
                return f"{mac_text(other)} stands for {ip_text(*min(shared))}, too,"
    return ""


def _addresses_of(views: Sequence[PointView], mac: int, answers: bool = True) -> set[tuple[int, int]]:
    """Which addresses does this MAC call its own, when asked for them or also unasked?"""
    own: set[tuple[int, int]] = set()
    for there in views:
        arps = there.arps
        mine = (arps.sender_mac == np.uint64(mac)) & (answers | ~np.isin(arps.kind, ANSWERS))
        own |= set(zip(arps.sender_high[mine].tolist(), arps.sender_low[mine].tolist(), strict=True))
    return own - {(0, 0)}


def _routes(view: PointView, views: Sequence[PointView], mac: int, rows: npt.NDArray[np.int64]) -> bool:
    """May this MAC be a router's: does it take packets for others than its own addresses, as far as these are known?"""
    j = view.journal
    targets = set(zip(j.dst_high[rows].tolist(), j.dst_low[rows].tolist(), strict=True))
    return not targets <= _addresses_of(views, mac)
