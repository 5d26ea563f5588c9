"""Would a point have shown an announcement that passed it? Only where it would does its silence say anything."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import HAS_OPCODE, NUMBER_OF
from vmpcap.announcements.repeated import COPY_NS
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.sightings import announced_among, frames_of
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC
from vmpcap.terms.units import count_of
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_RARP

ONE_WAY: Final = (
    "no frame that the guest sent is in the capture, only frames to it: it may hold one direction, and announcements"
    " come from the other"
)

ARPS: Final = "ARP or RARP"

RARPS: Final = tuple(NUMBER_OF[kind] for kind in ("rarp_announce", "rarp_request", "rarp_reply"))
COMMON: Final = (ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP)
"""Types of frames that a filter is likely to ask for by name: IP and ARP."""

IPV6_GROUPS: Final = 0x3333
"""How the MACs begin to which IPv6 multicast is sent (RFC 2464 7)."""

LEAST_ASKED: Final = 3
"""So many packets for a guest must find it silent before it is taken for cut off."""

Bools = npt.NDArray[np.bool_]
U64 = npt.NDArray[np.uint64]

NOTHING_OF_IT: Final = (
    "no frame from or to the guest on its own link was read there around the switchover: nothing shows that an"
    " announcement in its segment could be read"
)


def why_deaf(view: PointView, guest: Moved, since: int, until: int) -> str:
    """
    Why would this point not have heard an announcement that passed it between these times? Empty where it would.

    It hears the guest's segment where it shows, in this time, frames on the guest's own link. Frames of other segments,
    of a tunnel's own link, or of the guest behind a router show nothing of it. A filter that lets only the guest's
    addresses pass, and so no RARP, shows the same as a quiet link: it is known only where the capture states it.
    """
    if view.left_out:
        return view.left_out[0]
    unread = _unread_bodies(view, since, until)
    if unread:
        frames = count_of(unread, "ARP or RARP frame")
        return f"{frames} of that time could not be read: cut by a snaplen, or not about IPv4"
    if not _reads_its_link(view, guest, since, until):
        return NOTHING_OF_IT
    return "" if _hears_its_side(view, guest) else ONE_WAY


def _families(guest: Moved) -> str:
    """Among which frames would its announcement be? ARP and RARP, unless it was heard as neighbour discovery only."""
    kinds = {kind for _, series in guest.heard for kind, _ in series.kinds}
    return "neighbour discovery" if kinds == {"unsolicited_na"} else ARPS


def _shows_any(view: PointView, guest: Moved) -> bool:
    """Does the capture hold any frame of the announcement's own kind, whoever sent it, at any time?"""
    is_arp = HAS_OPCODE[view.arps.kind]
    return bool((~is_arp).any() if _families(guest) != ARPS else is_arp.any())


def why_hidden(view: PointView, guest: Moved) -> str:
    """
    What says that a filter may have hidden any announcement here? Empty where frames of its kind are in the capture.

    A link on which guests talk has some. A filter that left them all out shows the same as a link without any.
    """
    if _shows_any(view, guest):
        return ""
    return f"its capture holds no {_families(guest)} of anybody: a filter may have hidden the announcement too"


def why_group_hidden(view: PointView, guest: Moved) -> str:
    """
    What says that a filter may have hidden whatever is sent to everybody? Empty where the capture holds some of it.

    Unicast ARP, spanning tree and LLDP pass the filter "not broadcast". Inside a tunnel it cannot tell.
    """
    if _shows_to_everybody(view, guest) or (view.journal.vni[frames_of(view, guest).sent] > 0).any():
        return ""
    group = "broadcast" if _families(guest) == ARPS else "IPv6 multicast"
    return f"its capture holds no {group} of anybody: a filter may have hidden the announcement too"


def _shows_to_everybody(view: PointView, guest: Moved) -> bool:
    """
    Does the capture hold any frame to the same receivers as the announcement: all, or those of IPv6?

    What a bridge keeps to its own link (01:80:c2:00:00:0x) and other protocols' groups show nothing of these.
    """
    to = np.concatenate((view.journal.eth_dst, view.arps.eth_dst))
    if _families(guest) == ARPS:
        return bool((to == np.uint64(BROADCAST_MAC)).any())
    return bool((to >> np.uint64(32) == np.uint64(IPV6_GROUPS)).any())


def why_rarp_hidden(view: PointView, guest: Moved) -> str:
    """
    What says that a filter may have hidden RARP here, though it let ARP pass? Empty: it would show.

    ARP and RARP are two types of frames, and a quiet link has no RARP of others. It would have shown RARP where it
    shows any, or frames that are neither IP nor ARP (spanning tree, LLDP, IS-IS): nobody asks for these by name. Inside
    a tunnel a filter cannot tell the one from the other. A gratuitous ARP that was heard elsewhere would show anyway.
    """
    kinds = {kind for _, series in guest.heard for kind, _ in series.kinds}
    if kinds and not any(kind.startswith("rarp") for kind in kinds):
        return ""
    if any(kind.startswith("garp") for kind in kinds) or shows_other_types(view):
        return ""
    if (view.journal.vni[frames_of(view, guest).sent] > 0).any():
        return ""
    return ONLY_ARP


ONLY_ARP: Final = (
    "its capture holds ARP, but no RARP of anybody and nothing else beside IP: a filter that lets these pass may have"
    " hidden the announcement"
)


def shows_other_types(view: PointView) -> bool:
    """Does the capture hold any RARP, or any other frame that is neither IP nor ARP?"""
    j = view.journal
    of_type = ~np.isin(j.ethertype, COMMON) & (j.eth_dst != np.uint64(NO_MAC))
    return bool(of_type.any()) or bool(np.isin(view.arps.kind, RARPS).any())


def is_cut_off(view: PointView, guest: Moved, others: Sequence[PointView], moment: int) -> bool:
    """
    Was the guest asked here after its move and sent nothing that came here, though it sent elsewhere?

    Then no filter explains that its announcement is missing: nothing of it came. An announcement elsewhere is its
    host's word, not the guest's own.
    """
    when = on_point(view, moment)
    frames, ts = frames_of(view, guest), view.journal.ts_ns
    if (ts[frames.sent] > when).any() or np.count_nonzero(ts[frames.asked] > when) < LEAST_ASKED:
        return False
    return any(_sends_itself(other, guest, on_point(other, moment)) for other in others if other.name != view.name)


def _sends_itself(view: PointView, guest: Moved, when: int) -> bool:
    """Did the guest send a frame there after that time that is no announcement?"""
    j, sent = view.journal, frames_of(view, guest).sent
    sent = sent[j.ts_ns[sent] > when]
    return bool((~announced_among(view, guest, sent)).any())


def _hears_its_side(view: PointView, guest: Moved) -> bool:
    """
    Did this point ever see a frame that came from the guest: does the capture hold what comes from its side?

    Where its MAC is not known, a packet from its address.
    """
    return bool(len(frames_of(view, guest).sent)) or bool((view.arps.sender_mac == np.uint64(guest.mac)).any())


def _unread_bodies(view: PointView, since: int, until: int) -> int:
    """
    How many frames of ARP or RARP in this time are there whose body was not read?

    A frame is told by its number, with its file, and its time. Of what a mirror shows twice the first is read, and the
    other bears its addresses right after it.
    """
    j, rows = view.journal, view.arps
    is_one = ((j.ethertype == ETHERTYPE_ARP) | (j.ethertype == ETHERTYPE_RARP)) & _within(j.ts_ns, since, until)
    is_read = _within(rows.ts_ns, since, until)
    read = set(zip(rows.frame[is_read].tolist(), rows.ts_ns[is_read].tolist(), strict=True))
    unread = [at for at in np.flatnonzero(is_one).tolist() if (int(j.frame[at]), int(j.ts_ns[at])) not in read]
    return sum(not _is_copy(j, at, rows) for at in unread)


def _is_copy(j: JournalColumns, at: int, rows: AnnouncementRows) -> bool:
    """Was a frame of the same two addresses read right before this one?"""
    late = j.ts_ns[at] - rows.ts_ns
    is_near = (late >= 0) & (late <= COPY_NS)
    return bool((is_near & (rows.eth_src == j.eth_src[at]) & (rows.eth_dst == j.eth_dst[at])).any())


def _reads_its_link(view: PointView, guest: Moved, since: int, until: int) -> bool:
    """
    Is there, in this time, an IP packet from or to the guest's MAC, or ARP about its address in a segment of its own?

    Where its MAC is not known, a packet from its address that no router passed on, by its TTL.
    """
    j, rows = view.journal, view.arps
    mine: Bools = np.zeros(len(j.ts_ns), np.bool_)
    if guest.mac == NO_MAC:
        sent = frames_of(view, guest).sent
        ttls = np.unique(j.ttl[sent[_within(j.ts_ns[sent], since, until)]])
        return any(hops_from_ttl(ttl) == 0 for ttl in ttls.tolist() if ttl > 0)
    mac = np.uint64(guest.mac)
    mine = ((j.eth_src == mac) | (j.eth_dst == mac)) & (j.ip_version != 0)  # MACsec shows addresses and nothing else
    if (mine & _within(j.ts_ns, since, until)).any():
        return True
    told = (rows.sender_mac == mac) | (rows.target_mac == mac)
    own: U64 = np.concatenate((j.segment_key[mine], rows.segment_key[told]))
    about = told | _named(view, guest)
    return bool((about & np.isin(rows.segment_key, own) & _within(rows.ts_ns, since, until)).any())


def _named(view: PointView, guest: Moved) -> Bools:
    """Which ARP and neighbour-discovery bodies name an address of the guest?"""
    rows = view.arps
    named: Bools = np.zeros(len(rows), np.bool_)
    for high, low in guest.ips:
        for one_high, one_low in ((rows.sender_high, rows.sender_low), (rows.target_high, rows.target_low)):
            named |= (one_high == np.uint64(high)) & (one_low == np.uint64(low))
    return named


def _within(ts_ns: npt.NDArray[np.int64], since: int, until: int) -> Bools:
    return (ts_ns >= since) & (ts_ns <= until)


def shows_arp(view: PointView) -> bool:
    """Does the capture hold any ARP of anybody, which RARP is not?"""
    return bool((HAS_OPCODE[view.arps.kind] & ~np.isin(view.arps.kind, RARPS)).any())
