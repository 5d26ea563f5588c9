"""Who else claims to be the guest: another MAC with its address, or the guest itself in two places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.whose import is_one_mac
from vmpcap.migration.clocks import clock_doubt
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import Bools, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_text, mac_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

CLAIMS = tuple(NUMBER_OF[name] for name in ("garp_request", "garp_reply", "arp_request", "arp_reply"))
"""Kinds whose sender says: this address is mine (RFC 826; RFC 5227 section 2.4)."""

SETTLED_NS = NS_PER_S
"""Where nobody saw the guest run at its new place alone, frames this long after the moment are no second place."""

SAME_FRAME_NS = 100 * NS_PER_MS
"""A frame is on its way from one place to the other for no longer."""

OLD_PLACE = ("source", "domain:source")
"""Roles of points that show where the guest was before it moved."""
NEW_PLACE = "domain:destination"

MOST_SHARED = 3
"""So many times as many packets as are at one place only: then those at both are the rule."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What was found, or why nothing could be: found is None where it could not be examined."""

    found: bool | None
    because: str
    point: str = ""
    frames: tuple[int, ...] = ()
    since: int | None = None
    """When it was seen first, on the reference clock; None where nothing was found, or nobody needs it."""
    until: int | None = None
    """When it was seen last, likewise."""


NOT_EXAMINED = Conflict(None, "nobody asked")


def find_duplicate_address(guest: Moved, views: Sequence[PointView], moment: int | None = None) -> Conflict:
    """
    Does another MAC claim one of the guest's addresses in the same broadcast domain?

    That the guest has it there shows by its own ARP, or by packets with its MAC and that address. One machine after the
    other is no conflict: a guest that comes back with another MAC takes its address along. That it had the other MAC
    shows at its old place alone: elsewhere the same is seen of a machine that has its address.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock; None where nobody knows
    """
    if not guest.ips:
        return Conflict(None, "no address of the guest is known")
    examined, other, unseen, elsewhere = False, None, None, False
    for view in views:
        rows = view.arps
        claims = np.isin(rows.kind, CLAIMS)
        for high, low in guest.ips:
            mine = claims & (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
            for key in np.unique(rows.segment_key[mine]):
                here = np.flatnonzero(mine & (rows.segment_key == key))
                macs, at = np.unique(rows.sender_mac[here], return_index=True)
                first = dict(zip(macs.tolist(), rows.frame[here[at]].tolist(), strict=True))
                own = np.flatnonzero(_own_packets(guest, (high, low), view) & (view.journal.segment_key == key))
                if len(own):
                    first.setdefault(guest.mac, int(view.journal.frame[own[0]]))
                examined = examined or guest.mac == NO_MAC or guest.mac in first
                if guest.mac not in (NO_MAC, *first):
                    elsewhere = True
                    if not is_one_mac(view.journal.eth_src, [guest.mac]).any() and guest.mac not in rows.sender_mac:
                        claimed = f"{ip_text(high, low)} is claimed by {_texts(sorted(first))} at {view.name}"
                        unseen = unseen or f"{claimed}, where the guest sent nothing: it may be another domain"
                if len(first) > 1:
                    former = set(first) - {guest.mac}
                    if moment is not None and was_handed_over(guest, former, (high, low), views, moment):
                        told = _handed_over(guest, former, (high, low), views, moment, view.name)
                        one = replace(told, point=view.name, frames=tuple(first.values()))
                        other = one if other is None or one.found is None else other
                        continue
                    because = f"{ip_text(high, low)} is claimed by {_texts(sorted(first))} at {view.name}"
                    return Conflict(True, because, view.name, tuple(first.values()))
    if unseen or not examined:
        return other or Conflict(None, unseen or "no ARP of the guest's address is in view")
    where = " in its own segment" if elsewhere else ""
    return other or Conflict(False, f"every ARP with the guest's address{where} came from one MAC")


def _own_packets(guest: Moved, address: tuple[int, int], view: PointView) -> Bools:
    """Which packets show this address as the guest's own: from it or to it, with the guest's MAC?"""
    high, low = (np.uint64(half) for half in address)
    j, mac = view.journal, np.uint64(guest.mac)
    own: Bools = (j.eth_src == mac) & (j.src_high == high) & (j.src_low == low)
    own |= (j.eth_dst == mac) & (j.dst_high == high) & (j.dst_low == low)
    own &= (j.ip_version != 0) & (guest.mac != NO_MAC)
    return own


def was_handed_over(
    guest: Moved, former: set[int], address: tuple[int, int], views: Sequence[PointView], moment: int
) -> bool:
    """
    Did the other MACs use this address until the guest moved, and the guest's own MAC only since?

    By all that either sent, at every point: an ARP now and then would not tell when a machine stopped.
    """
    if guest.mac == NO_MAC:
        return False
    high, low = (np.uint64(half) for half in address)
    others = np.array(sorted(former), np.uint64)
    for view in views:
        begin, settled = on_point(view, moment - SETTLED_NS), on_point(view, moment + SETTLED_NS)
        rows, j = view.arps, view.journal
        claims = np.isin(rows.kind, CLAIMS) & (rows.sender_high == high) & (rows.sender_low == low)
        sent = (j.src_high == high) & (j.src_low == low)
        told = claims & (rows.sender_mac == np.uint64(guest.mac))
        if (told & (rows.ts_ns < begin)).any() or (_own_packets(guest, address, view) & (j.ts_ns < begin)).any():
            return False
        for ts, mac, mine in ((rows.ts_ns, rows.sender_mac, claims), (j.ts_ns, j.eth_src, sent)):
            if (mine & np.isin(mac, others) & (ts > settled)).any():
                return False
    return True


def _handed_over(
    guest: Moved, former: set[int], address: tuple[int, int], views: Sequence[PointView], moment: int, name: str
) -> Conflict:
    """What does an address that went from other MACs to the guest's own say? Its old place shows whose it was."""
    before = [mac for mac in sorted(former) if not _was_at_old_place(mac, address, views, moment)]
    own, ip = mac_text(guest.mac), ip_text(*address)
    if before:
        return Conflict(
            None,
            f"{ip} was {_texts(before)}'s at {name} until the guest moved and is {own}'s since: whether the guest had"
            " that MAC, or another machine has its address, only its old place would show",
        )
    return Conflict(
        False,
        f"{ip} was {_texts(sorted(former))}'s until the guest moved and is {own}'s since, at {name}: it came back with"
        " another MAC, and nobody uses the old one",
    )


def _texts(macs: Sequence[int]) -> str:
    return " and ".join(str(mac_text(mac)) for mac in macs)


def _was_at_old_place(mac: int, address: tuple[int, int], views: Sequence[PointView], moment: int) -> bool:
    """
    Did this MAC use the address where the guest was before it moved?

    What goes to all stations is heard at both ends of a stretched domain: where the new place heard it, too, only a
    packet to one station tells the place.
    """
    heard = [view for view in views if _used(mac, address, view, moment)]
    if any(view.role == NEW_PLACE for view in heard):
        heard = [view for view in heard if _used(mac, address, view, moment, to_one=True)]
    return any(view.role in OLD_PLACE for view in heard)


def _used(mac: int, address: tuple[int, int], view: PointView, moment: int, to_one: bool = False) -> bool:
    """Did this MAC send from the address at this point before that time: at all, or a packet to one station?"""
    high, low = (np.uint64(half) for half in address)
    end, rows, j = on_point(view, moment + SETTLED_NS), view.arps, view.journal
    claims = np.isin(rows.kind, CLAIMS) & (rows.sender_high == high) & (rows.sender_low == low)
    sent = (j.src_high == high) & (j.src_low == low) & (j.eth_src == np.uint64(mac)) & (j.ts_ns < end)
    if to_one:
        return bool((sent & ((j.eth_dst & GROUP_BIT) == 0)).any())
    return bool(sent.any() or (claims & (rows.sender_mac == np.uint64(mac)) & (rows.ts_ns < end)).any())


def find_second_place(guest: Moved, views: Sequence[PointView], moment: int) -> Conflict:
    """
    Did the guest's MAC go on sending in the source's domain what was not sent in the destination's?

    In a stretched domain the same frames appear on both sides; those are told by their IP identification and length.
    What was on its way when the guest moved is no second place: nothing is from when it ran at its new place.
    """
    old = next((v for v in views if v.role == "domain:source"), None)
    new = next((v for v in views if v.role == "domain:destination"), None)
    if old is None or new is None or guest.mac == NO_MAC:
        return Conflict(None, "it takes a point in each of the two domains to see a MAC in two places")
    missing = next((v for v in (old, new) if not v.journal_complete), None)
    if missing is not None:
        return Conflict(None, f"{missing.name} does not show every frame of the guest")
    since = _settled(old, new, guest, moment)
    strays = strays_at(old, new, guest, since)
    lacking = may_lack(old, new, guest, strays)
    if lacking:
        return Conflict(None, lacking)
    sure = [row for row in strays if _is_after(old, int(old.journal.ts_ns[row]), on_point(old, since))]
    if strays and not sure:
        return Conflict(None, _held_up(old, len(strays)))
    if strays := sure:
        frames = tuple(int(old.journal.frame[row]) for row in strays[:3])
        first, last = ((old.journal.ts_ns[row] - on_point(old, moment)) / NS_PER_S for row in (strays[0], strays[-1]))
        because = (
            f"{count_of(len(strays), 'packet')} of the guest's MAC appeared only at {old.name} after the switchover,"
            f" from {first:+.1f} s to {last:+.1f} s: somebody sends with it at its old place (a copy that goes on, a"
            " host that took it back, a loop), and each packet moves the MAC in every switch on its way"
        )
        since, until = (on_reference(old, int(old.journal.ts_ns[row])) for row in (strays[0], strays[-1]))
        return Conflict(True, because, old.name, frames, since, until)
    sent = f"the guest's MAC sent nothing at {old.name} that was not sent at {new.name}"
    return Conflict(False, f"from {(since - moment) / NS_PER_S:.2g} s after the switchover on {sent}")


def _is_after(view: PointView, ts: int, since: int) -> bool:
    """Did the packet of this time pass after the other for sure, both by the point's own clock?"""
    return not any(one.tells_not(ts) and ts - one.high_ns <= since for one in view.line.sets)


def _held_up(view: PointView, count: int) -> str:
    which = f"{count_of(count, 'packet')} of the guest's MAC are stamped together there"
    return f"{words_of_held_up(view)}: {which}, and other points show that such passed one after the other, before"


def words_of_held_up(view: PointView) -> str:
    """Why do some times of this point not tell when packets passed it?"""
    return f"the capture at {view.name} was held up, or its clock stood still"


def ran_there(new: PointView, old: PointView, guest: Moved, since: int) -> int | None:
    """
    When did the guest first send IP after that time that passed its new place alone? On that point's clock.

    What its MAC sends at the old place after that is a second place, and no announcement that came too early.
    """
    j = new.journal
    rows = [row for row in strays_at(new, old, guest, since) if j.ip_version[row] != 0]
    return min((int(j.ts_ns[row]) for row in rows), default=None)


def _settled(old: PointView, new: PointView, guest: Moved, moment: int) -> int:
    """From when on is a frame at the old place none that was on its way, on the reference clock?"""
    ran = ran_there(new, old, guest, moment)
    doubt = None if ran is None else clock_doubt(new, ran, old)
    if ran is None or doubt is None or old.drops or old.missing or old.truncated:
        return moment + SETTLED_NS
    return min(moment + SETTLED_NS, on_reference(new, ran) + SAME_FRAME_NS + doubt)


def strays_at(old: PointView, new: PointView, guest: Moved, since: int) -> list[int]:
    """
    Which packets did the guest's MAC send at its old place, and only there, after that time on the reference clock?

    Row numbers of the old point's journal, in the order of time. What came when the new point's capture had ended, or
    not begun, is not among them: it may have passed there unseen.
    """
    there = {_fingerprint(new, row) for row in _sent_after(new, guest, since - SETTLED_NS)}
    begin, end = (on_point(old, on_reference(new, ts)) for ts in (new.first_ts, new.last_ts - SAME_FRAME_NS))
    times = old.journal.ts_ns
    return [
        row
        for row in _sent_after(old, guest, since)
        if begin <= times[row] <= end and _fingerprint(old, row) not in there
    ]


def may_lack(old: PointView, new: PointView, guest: Moved, strays: Sequence[int]) -> str:
    """
    Why may these have passed the new place too, in a capture that lacks them? Empty: they did not.

    Whoever sends with the guest's MAC at its old place answers as often as the guest does. Where most of what the old
    place shows between the first and the last of them was seen at both, or the new one shows nothing that the guest
    sent, a capture is what is wrong.
    """
    if not strays:
        return ""
    times = old.journal.ts_ns
    begin, end = int(times[strays[0]]), int(times[strays[-1]])
    own = [row for row in _sent_after(old, guest, on_reference(old, begin) - SETTLED_NS) if begin <= times[row] <= end]
    if len(own) > MOST_SHARED * len(strays):
        lacks = f"{count_of(len(strays), 'packet')} of {len(own):,} that the guest sent past {old.name}"
        return f"{lacks} are not at {new.name} and the others are: its capture may lack them"
    if not _sent_after(new, guest, on_reference(old, begin) - SETTLED_NS):
        return f"{new.name} shows nothing that the guest sent: it may hold one direction"
    return ""


def same_packets(old: PointView, new: PointView, guest: Moved, since: int) -> int | None:
    """Which is the first packet with the guest's own MAC that both points saw after that time: its frame at the old?"""
    there = {_fingerprint(new, row) for row in _sent_after(new, guest, since - SETTLED_NS)}
    shared = (row for row in _sent_after(old, guest, since) if _fingerprint(old, row) in there)
    return next((int(old.journal.frame[row]) for row in shared), None)


def _sent_after(view: PointView, guest: Moved, since: int) -> list[int]:
    rows = frames_of(view, guest).sent_ip
    j = view.journal
    rows = rows[(j.ts_ns[rows] > on_point(view, since)) & (j.eth_src[rows] == np.uint64(guest.mac))]
    return [int(row) for row in rows]


def _fingerprint(view: PointView, row: int) -> tuple[int, ...]:
    j = view.journal
    return (
        int(j.ip_id[row]),
        int(j.ip_protocol[row]),
        int(j.dst_low[row]),
        int(j.payload_bytes[row]),
        int(j.icmp_seq[row]),
        int(j.tcp_seq[row]),
    )
