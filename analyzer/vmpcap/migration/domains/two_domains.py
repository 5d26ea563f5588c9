"""What the guest's old broadcast domain and its new one are to each other: same, stretched, equivalent or different."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.migration.announced.reach import asks_nobody
from vmpcap.migration.announced.several_places import why_several
from vmpcap.migration.announced.trail import LEAST_NESTED, exchanges_with, is_farther
from vmpcap.migration.announced.vlans import find_retagged, others_use
from vmpcap.migration.domains.apart import shown_apart
from vmpcap.migration.domains.spans import ANSWERED_BEFORE_NS, span_between
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.conflicts import same_packets
from vmpcap.migration.packets.reachable import judge_reachability, outbound_only
from vmpcap.migration.results import PointAnnouncements
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text, mac_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

Word = Literal["same", "stretched", "equivalent", "different", "undecided"]

RECENT_NS: Final = 5 * NS_PER_S
"""Where the guest sent this shortly before it moved, it lived; longer ago it may have lived elsewhere."""

SETTLED_NS: Final = NS_PER_S
"""Frames still on their way when the guest moved tell nothing of its new place."""

SITE_RTT_NS: Final = 500_000
"""
From this round trip on, two places are two sites: 50 km of fibre. Switches of one site take a tenth of it; a stretch
over a few kilometres does too, and is not told from one site by its delay.
"""


@dataclass(frozen=True, slots=True)
class Named:
    """The word, and what it rests on."""

    word: Word
    because: str


def name_domains(
    guest: Moved,
    views: Sequence[PointView],
    by_point: Mapping[str, PointAnnouncements],
    moment: int,
    until: int | None = None,
    unreached: bool | None = None,
) -> Named:
    """
    What are the two domains to each other?

    Parameters
    ----------
    moment : when the guest changed places, by its first announcement in view
    until : up to when it certainly was at its old place, on the reference clock; None: up to the moment
    unreached : whether nobody reaches it since; None: as these points show it

    Notes
    -----
    A frame with the guest's MAC that is seen on both sides crossed no router: that is one domain, whatever else is
    seen, unless in another VLAN of the same switches than the guest was in. That frames are not seen on the other side
    says less, since filters drop them: two domains are told apart only by points that were alive then, and by more than
    RARP.
    """
    until = moment if until is None else min(until, moment)
    other = _in_another_vlan(guest, views, by_point, until)
    if other:
        return Named("different", other)
    one = _shown_as_one(guest, views, by_point, moment, until)
    if one:
        return _by_distance(guest, views, by_point, moment, one)
    retagged = find_retagged(guest, views, moment)
    if retagged is not None and retagged.translated:
        return Named("stretched", retagged.translated)
    gateway = _gateway_of_both(guest, views, moment)
    apart = shown_apart(guest, views, moment)
    if gateway is not None and (gateway.differs or apart):
        return Named("equivalent", "; ".join(part for part in (gateway.words, apart) if part))
    if gateway is not None:
        return Named("undecided", f"{gateway.words}: one domain, or two that are alike; nothing else tells which")
    news = [v for v in views if v.role == "domain:destination" and v.journal_complete and not v.left_out]
    cut_off = next((found for v in news if (found := outbound_only(v, guest, moment, views))), None)
    if cut_off is not None and cut_off.is_alone:
        return Named("different", "; ".join(part for part in (cut_off.because, apart) if part))
    if apart:
        return Named("different", f"{apart}; nothing of the old gateway is seen at the new place")
    if retagged is not None and retagged.may_be_astray:
        if unreached is None:
            unreached = judge_reachability(guest, views, moment).answer == "no"
        if unreached and retagged.left_behind:
            return Named("different", f"{retagged.words}, and nobody reaches it any more: {retagged.left_behind}")
        if unreached and not others_use(retagged, guest, views, moment):
            nobody = (
                f"nobody reaches it any more, and nobody else's frames are in view with {retagged.kind} {retagged.now}"
            )
            return Named(
                "undecided", f"{retagged.words}; {nobody}: another network, or its own by a way that is broken"
            )
        if unreached:
            return Named("different", f"{retagged.words}, and nobody reaches it any more")
    return Named("undecided", _why_undecided(guest, views, moment))


def _why_undecided(guest: Moved, views: Sequence[PointView], moment: int) -> str:
    roles = {view.role for view in views}
    if not roles & {"domain:source", "gateway"}:
        return "no point stands in the domain that the guest left (role domain:source or gateway)"
    if not roles & {"domain:destination", "gateway"}:
        return "no point stands in the domain that the guest came to (role domain:destination or gateway)"
    return (
        "no frame of the guest is seen on both sides, no gateway that answers on both, and nothing that was certainly"
        " missing on one of them"
    )


def _in_another_vlan(
    guest: Moved, views: Sequence[PointView], by_point: Mapping[str, PointAnnouncements], until: int
) -> str:
    """
    Did its announcement come to the place that it left in another VLAN than its frames had there? Empty: not known.

    Where one of both bears no tag they may be one: an access port takes it off.
    """
    for view in views:
        came = {tag for tag in by_point[view.name].vlan[:1] if tag > 0}
        if view.role != "domain:source" or not came:
            continue
        j, end = view.journal, on_point(view, until)
        rows = np.flatnonzero(_from_it(view, guest) & (j.ts_ns < end) & (j.ts_ns >= end - RECENT_NS))
        had = set(np.unique(j.vlan_outer_id[rows]).tolist())
        if had and min(had) > 0 and not had & came:
            return (
                f"at {view.name} the guest was in VLAN {min(had)} shortly before (frame {int(j.frame[rows[-1]])}), and"
                f" the announcement of its new place came there in VLAN {min(came)} (frame"
                f" {by_point[view.name].frames[0]})"
            )
    return ""


# one domain


def _shown_as_one(
    guest: Moved, views: Sequence[PointView], by_point: Mapping[str, PointAnnouncements], moment: int, until: int
) -> str:
    """
    Which frame of the guest was seen on both sides? Empty where none is known to have been.

    A capture that begins after the move shows the guest's new place before a repeated announcement of it.
    """
    old = [v.name for v in views if v.role == "domain:source" and by_point[v.name].seen]
    if old:
        return f"the announcement of its new place was also heard in the domain that it left, at {', '.join(old)}"
    for view in views:
        series = guest.series_at(view)
        if view.role != "gateway" or series is None or by_point[view.name].reached != "reached":
            continue
        frame = _last_sent_before(view, guest, min(series.first_ts, on_point(view, until)), {series.segment_key})
        if frame is not None:
            return (
                f"{view.name} saw the guest in the same segment shortly before (frame {frame}) and heard the"
                f" announcement of its new place (frame {series.frames[0]})"
            )
    return _its_frames_on_both_sides(guest, views, moment, until)


def _last_sent_before(view: PointView, guest: Moved, when: int, segments: Iterable[int]) -> int | None:
    """Which is the last frame with the guest's MAC in these segments, shortly before that time on the point's clock?"""
    j = view.journal
    mine = _from_it(view, guest) & (j.ts_ns < when) & (j.ts_ns >= when - RECENT_NS)
    rows = np.flatnonzero(mine & np.isin(j.segment_key, np.array([*segments], np.uint64)))
    return int(j.frame[rows[-1]]) if len(rows) else None


def _from_it(view: PointView, guest: Moved) -> Bools:
    """Which frames carry the guest's MAC as their sender? A capture that shows no receiver ("any") mixes interfaces."""
    j = view.journal
    if guest.mac == NO_MAC:
        return np.zeros(len(j.ts_ns), np.bool_)
    mine: Bools = (j.eth_src == np.uint64(guest.mac)) & (j.eth_dst != np.uint64(NO_MAC))
    return mine


def _is_timed(view: PointView, guest: Moved) -> bool:
    """Is it known when the guest moved, on this point's clock?"""
    first = guest.first_heard
    return first is not None and (
        view.name == first[0].name or (view.offset is not None and first[0].offset is not None)
    )


def _its_frames_on_both_sides(guest: Moved, views: Sequence[PointView], moment: int, until: int) -> str:
    """Did one point see the guest's MAC before and after in one segment, or two points the same packet of it after?"""
    for view in views:
        if view.role != "gateway" or not _is_timed(view, guest):
            continue
        if why_several(view, guest) or asks_nobody(view, guest, moment):
            continue  # one capture of several segments
        j, when = view.journal, on_point(view, moment)
        after = np.flatnonzero(_from_it(view, guest) & (j.ts_ns > when + SETTLED_NS))
        left = on_point(view, until)
        before = _last_sent_before(view, guest, left, np.unique(j.segment_key[after]).tolist()) if len(after) else None
        if before is not None:
            return (
                f"at {view.name} the guest's own frames came from its old place (frame {before}) and from its new one"
                f" (frame {int(j.frame[after[0]])}) in one segment"
            )
    for old in (v for v in views if v.role == "domain:source"):
        for new in (v for v in views if v.role == "domain:destination"):
            shared = same_packets(old, new, guest, moment + SETTLED_NS)
            if shared is not None:
                both = f"{new.name} and, with the guest's own MAC, at {old.name}"
                return f"the same packet of the guest was seen at {both} (frame {shared})"
    return ""


def _by_distance(
    guest: Moved, views: Sequence[PointView], by_point: Mapping[str, PointAnnouncements], moment: int, one: str
) -> Named:
    """One domain: at one place, or stretched between two?"""
    between = _between_sites(guest, views, by_point)
    if between:
        return Named("stretched", f"{one}; {between}")
    span = span_between(guest, views, moment)
    if span is None:
        return Named("undecided", f"{one}: it is one domain; nothing tells how far its two ends are apart")
    low, high = span.low_ns / NS_PER_MS, span.high_ns / NS_PER_MS
    far = f"its two ends are {low:.2f} to {high:.2f} ms apart, there and back, {span.because}"
    if span.low_ns >= SITE_RTT_NS:
        return Named("stretched", f"{one}; {far}")
    looked = _looked_between(guest, views, moment) if span.high_ns < SITE_RTT_NS else ""
    if looked:
        return Named("same", f"{one}; {far}, and {looked}, between them, shows no link to another site")
    if span.high_ns < SITE_RTT_NS:
        near = f"{far}, and no point stands between them: a link to another site near by would look the same"
        return Named("undecided", f"{one}: it is one domain; {near}")
    return Named("undecided", f"{one}: it is one domain; whether it is stretched is not known: {far}")


def _looked_between(guest: Moved, views: Sequence[PointView], moment: int) -> str:
    """
    Which point stands between a place of the guest and the rest of its domain? Empty where none was looked at.

    Of two at one side the one that is certainly farther from the guest: a switch port beyond the host's own bridge,
    which shows what leaves the host. The gateway's port is an end.
    """
    new = [view for view in views if view.role == "domain:destination"]
    old = [view for view in views if view.role == "domain:source"]
    beyond = [one.name for one in new for other in new if is_farther(one, other, guest, moment)]
    beyond += [one.name for one in old for other in old if _was_farther(one, other, guest, moment)]
    return beyond[0] if beyond else ""


def _was_farther(one: PointView, other: PointView, guest: Moved, moment: int) -> bool:
    """Did the guest's answers before its move take longer at the first point than at the second, never less?"""
    here, there = (exchanges_with(view, guest, moment - ANSWERED_BEFORE_NS, moment) for view in (one, other))
    longer = [here[key] - there[key] for key in here.keys() & there.keys()]
    return sum(d > 0 for d in longer) >= LEAST_NESTED and not any(d < 0 for d in longer)


def _between_sites(guest: Moved, views: Sequence[PointView], by_point: Mapping[str, PointAnnouncements]) -> str:
    """What stands between the two ends: a tunnel, a link between the sites, another tag?"""
    heard = [(v, series) for v in views if (series := guest.series_at(v)) is not None]
    for view, series in heard:
        if series.vni >= 0:
            return f"VNI {series.vni} carried it at {view.name}"
    for view, _ in heard:
        if view.role == "wan":
            return f"it crossed {view.name}, between the sites"
    tags = {role: {s.vlan_outer_id for v, s in heard if v.role == role and s.vlan_outer_id > 0} for role in ENDS}
    old, new = tags["domain:source"], tags["domain:destination"]
    if old and new and not old & new:
        return f"VLAN {min(new)} at its new place is VLAN {min(old)} at the old one: translated on the way"
    return ""


ENDS: Final = ("domain:source", "domain:destination")


# two gateways


@dataclass(frozen=True, slots=True)
class _Gateway:
    """The old gateway's address answers at the new place."""

    words: str
    differs: bool
    """By another MAC than at the old one."""


def _gateway_of_both(guest: Moved, views: Sequence[PointView], moment: int) -> _Gateway | None:
    """Does the address of the guest's old gateway speak at its new place, and with which MAC?"""
    same: _Gateway | None = None
    for old in (v for v in views if v.role in ("domain:source", "gateway")):
        claims = gateways_before(old, guest, on_point(old, moment))
        for new in (v for v in views if v.role in ("domain:destination", "gateway") and v.name != old.name):
            for high, low, mac, frame in _claims_after(new, guest, moment, set(claims)):
                known, address = claims[high, low], ip_text(high, low)
                if mac in known:
                    both = f"{old.name} and at {new.name} (frame {frame})"
                    words = f"the gateway {address} ({mac_text(mac)}) answers at {both}"
                    same = same or _Gateway(words, differs=False)
                    continue
                was = ", ".join(str(mac_text(one)) for one in sorted(known))
                words = (
                    f"the gateway {address} is {was} at {old.name} and {mac_text(mac)} at {new.name} (frame {frame})"
                )
                return _Gateway(words, differs=True)
    return same


def gateways_before(view: PointView, guest: Moved, when: int) -> dict[tuple[int, int], set[int]]:
    """
    Which addresses has the guest's gateway, and which MACs speak for them? Before that time on the point's clock.

    A gateway is a MAC that brings packets of other addresses than those it claims in ARP.
    """
    j, rows = view.journal, view.arps
    if guest.mac == NO_MAC:
        return {}
    mac = np.uint64(guest.mac)
    early = (j.ts_ns < when) & (j.ip_version != 0)
    to_it = early & (j.eth_dst == mac)
    found: dict[tuple[int, int], set[int]] = {}
    for router in np.unique(j.eth_src[to_it]):
        claimed = (rows.sender_mac == router) & (rows.ts_ns < when) & (rows.sender_low != np.uint64(0))
        own = {(int(h), int(low)) for h, low in zip(rows.sender_high[claimed], rows.sender_low[claimed], strict=True)}
        brought = to_it & (j.eth_src == router)
        peers = set(zip(j.src_high[brought].tolist(), j.src_low[brought].tolist(), strict=True))
        if own and peers - own:
            for address in own - set(guest.ips):
                found.setdefault(address, set()).add(int(router))
    return found


def _claims_after(
    view: PointView, guest: Moved, moment: int, addresses: set[tuple[int, int]]
) -> list[tuple[int, int, int, int]]:
    """Who claims one of these addresses there after the move: (address halves, MAC, frame), the first of each MAC."""
    if not addresses or not _is_timed(view, guest) or not _lives_there(view, guest, moment):
        return []
    rows = view.arps
    seen: dict[tuple[int, int, int], int] = {}
    for row in np.flatnonzero((rows.ts_ns > on_point(view, moment)) & (rows.sender_mac != np.uint64(guest.mac))):
        address = (int(rows.sender_high[row]), int(rows.sender_low[row]))
        if address in addresses:
            seen.setdefault((*address, int(rows.sender_mac[row])), int(rows.frame[row]))
    return [(*key, frame) for key, frame in seen.items()]


def _lives_there(view: PointView, guest: Moved, moment: int) -> bool:
    """Does this point see the guest's own MAC send at its new place?"""
    j, rows, when = view.journal, view.arps, on_point(view, moment)
    told = (rows.sender_mac == np.uint64(guest.mac)) & (rows.ts_ns >= when)
    return bool((_from_it(view, guest) & (j.ts_ns >= when)).any() or told.any())
