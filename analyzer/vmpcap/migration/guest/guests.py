"""Which guest a migration moved: the announcements that fit it in time, or the traffic that stopped with it."""

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.series import Series
from vmpcap.measures.whose import addresses_of
from vmpcap.migration.guest.by_host_route import by_host_route
from vmpcap.migration.guest.changed_hosts import changed_hosts, went_on_there
from vmpcap.migration.guest.elsewhere import (
    arrives_at,
    heard_together,
    ran_there_before,
    stayed_behind,
    was_sent_at,
    were_elsewhere,
)
from vmpcap.migration.guest.newcomers import with_address
from vmpcap.migration.guest.probes import probed_from
from vmpcap.migration.guest.silent_guests import MOST_GUESTS, by_silence, stood_still
from vmpcap.migration.guest.storms import is_storm
from vmpcap.migration.guest.unannounced import stopped_beside
from vmpcap.migration.moved import Confidence, Moved, on_reference
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC, ip_halves, mac_number
from vmpcap.terms.errors import RequestError
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

Bools = npt.NDArray[np.bool_]
EARLIEST_NS: Final = NS_PER_S
"""An announcement this long before the first data is somebody else's."""
LATEST_NS: Final = 60 * NS_PER_S
"""An ESXi host repeats for about 55 s (domain notes 10.1); a first announcement later than this is another event."""
SURE_NS: Final = 2 * NS_PER_S
"""A first announcement this near to the stream's end is its own."""
TWIN_NS: Final = 200 * NS_PER_MS
"""Announcements that start together are the vNICs of one guest."""
TOGETHER_NS: Final = 10 * NS_PER_S
"""The silence of one machine does not tell apart two streams that ended within this."""
MOST_ADDRESSES: Final = 16
OWN_ARPS: Final = (NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"])


@dataclass(frozen=True, slots=True)
class _Candidate:
    mac: int
    first_ts: int
    heard: tuple[tuple[PointView, Series], ...]
    has_probed: bool = False
    """Is first_ts that of a probe?"""


def find_guests(
    moves: Sequence[Move], views: Sequence[PointView], wanted: Sequence[str] = ()
) -> tuple[list[tuple[Moved, ...]], int]:
    """
    Which guests did each move carry, and how many announced guests belong to none?

    Returns one tuple of guests per move. Announcements are joined to the move whose stream ended nearest before them
    (or was running: post-copy); each is given away once.
    """
    candidates = _candidates(views)
    macs, ips = _wanted(wanted)
    taken: set[int] = set()
    result: list[tuple[Moved, ...]] = []
    own = _nearest_of_each(moves, candidates)
    for place, move in enumerate(moves):
        if not move.best.transfer.established:
            result.append(())
            continue
        others = {candidate for other, candidate in own.items() if other != place}
        free = [c for i, c in enumerate(candidates) if i not in taken | others]
        free = _of_this_move(move, moves[0], free, macs, views)
        chosen = _choose(move, free, macs)
        events = [[c, *_more_of(c, move, moves[0], free)] for c in chosen]
        numbers = {id(candidate): i for i, candidate in enumerate(candidates)}
        taken |= {numbers[id(candidate)] for parts in events for candidate in parts}
        near = [c for c in candidates if _distance(move, c) is not None]
        rivals = len({c.mac for c in near}) + _twins(chosen)
        guests = [_with_host(_as_moved(move, parts, views, rivals, macs), move, moves[0], views) for parts in events]
        if len(guests) == 1 and rivals == 1:
            guests = [with_address(guests[0], move, views)]
        guests += [_named(mac, ips, views) for mac in macs if mac not in {g.mac for g in guests}]
        if not guests and ips:
            guests = [_named(NO_MAC, ips, views)]
        if not guests:
            guests = _unannounced(move, views)
        result.append(tuple(guests))
    result = _without_claims(result, moves)
    return _with_those_beside(result, views, macs or ips), len(candidates) - len(taken)


def _unannounced(move: Move, views: Sequence[PointView]) -> list[Moved]:
    """Who moved though nobody announced it: who was missed, else whose host route moved, else who fell silent."""
    silent = by_silence(move, views)
    if any(one.confidence != "low" for one in silent):
        return silent
    led_elsewhere = by_host_route(move, views)
    names = {address for one in silent if not one.by_one_seldom for address in one.ips}
    return silent if all(set(one.ips) <= names for one in led_elsewhere) else led_elsewhere


def _with_those_beside(
    found: Sequence[tuple[Moved, ...]], views: Sequence[PointView], named: Collection[object]
) -> list[tuple[Moved, ...]]:
    """The same with machines that stopped with them, which nobody announced, each once; none where guests are named."""
    every, told = [guest for guests in found for guest in guests], []
    for guests in found:
        beside = [] if named else stopped_beside(guests, every, views)
        every += beside
        told.append((*guests, *beside))
    return told


def _without_claims(found: Sequence[tuple[Moved, ...]], moves: Sequence[Move]) -> list[tuple[Moved, ...]]:
    """The same, without a machine that is taken for one move's by its silence, but for another's that ended beside."""

    def is_anothers(one: Moved, place: int) -> bool:
        if one.heard or one.confidence == "high":
            return False
        names: set[object] = {*one.ips, one.mac}
        beside = (n for n, other in enumerate(moves) if n != place and _end_together(other, moves[place]))
        return any(names & ({*guest.ips, guest.mac} - {NO_MAC}) for n in beside for guest in found[n])

    return [tuple(g for g in guests if not is_anothers(g, place)) for place, guests in enumerate(found)]


def _end_together(one: Move, other: Move) -> bool:
    """Did these streams end so near to each other that one silence spans both ends?"""
    ends = [
        on_reference(move.best.view, move.best.transfer.last_data_ts)
        for move in (one, other)
        if move.best.transfer.last_data_ts is not None
    ]
    return len(ends) == 2 and abs(ends[0] - ends[1]) <= TOGETHER_NS


def announced_guests(views: Sequence[PointView]) -> list[Moved]:
    """
    Every machine that was announced, once for each event, in the order of time.

    By a hypervisor's RARP; or by gratuitous ARP or ND with its addresses, as Hyper-V does, and any machine that starts.
    """
    found = []
    for candidate in _candidates(views):
        series = [s for _, s in candidate.heard]
        is_told = any(s.count_of("rarp_announce") or s.ips for s in series)
        if is_told and not _is_storm(candidate):
            ips = _addresses_of(candidate.mac, candidate.heard, views)
            found.append(Moved(candidate.mac, ips, candidate.heard, "medium", ""))
    return found


def is_by_host(guest: Moved) -> bool:
    """Did a hypervisor announce it by RARP?"""
    return any(series.count_of("rarp_announce") for _, series in guest.heard)


def named_guest(text: str, views: Sequence[PointView]) -> Moved:
    """Which machine is this that the user named? By its address alone where nobody announced it with its MAC."""
    address = address_of(text)
    for guest in announced_guests(views):
        if address == guest.mac or address in guest.ips:
            return replace(guest, confidence="high")
    return _named(address, (), views) if isinstance(address, int) else _named(NO_MAC, (address,), views)


def _of_this_move(
    move: Move, first: Move, candidates: Sequence[_Candidate], macs: Sequence[int], views: Sequence[PointView]
) -> list[_Candidate]:
    """
    Which of them may have come with this move?

    Not those that another one near it shows to have been elsewhere, or that went on where they were, at either end.
    """
    near = [c for c in candidates if _distance(move, c) is not None]
    elsewhere = were_elsewhere([c.heard for c in near], move, first)
    return [
        c
        for c, is_elsewhere in zip(near, elsewhere, strict=True)
        if c.mac in macs
        or not (
            is_elsewhere or stayed_behind(c.mac, move, first, views) or ran_there_before(c.heard, move, first, views)
        )
    ]


def _nearest_of_each(moves: Sequence[Move], candidates: Sequence[_Candidate]) -> dict[int, int]:
    """
    Which announcement belongs to which move, where several moves end together? By their places in both lists.

    The nearest pairs first, a hypervisor's announcement before a machine's own; one for each move. Streams that end
    within a moment of each other are followed by their guests in their own order. What is left may be a second vNIC of
    one of them.
    """
    if len(moves) < 2:
        return {}
    pairs = [
        (not _by_hypervisor(candidate) or _is_storm(candidate), distance, place, number)
        for place, move in enumerate(moves)
        if move.best.transfer.established
        for number, candidate in enumerate(candidates)
        if (distance := _distance(move, candidate)) is not None and distance <= SURE_NS
    ]
    own: dict[int, int] = {}
    for _, _, place, number in sorted(pairs):
        if place not in own and number not in own.values():
            own[place] = number
    _uncross(own, {(place, number): distance for _, distance, place, number in pairs})
    return own


def _uncross(own: dict[int, int], distances: dict[tuple[int, int], int]) -> None:
    """Give two moves each other's announcement, where that leaves neither of them far off (least squares)."""
    for one, other in itertools.combinations(sorted(own), 2):
        now = (distances[one, own[one]], distances[other, own[other]])
        swapped = (distances.get((one, own[other]), SURE_NS), distances.get((other, own[one]), SURE_NS))
        if sum(d * d for d in swapped) < sum(d * d for d in now):
            own[one], own[other] = own[other], own[one]


def _twins(chosen: Sequence[_Candidate]) -> int:
    """How many of these are another machine with the MAC of one before it, in another domain?"""
    return len({(c.mac, c.heard[0][1].segment_key) for c in chosen}) - len({c.mac for c in chosen})


def _wanted(wanted: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
    addresses = [address_of(text) for text in wanted]
    return [a for a in addresses if isinstance(a, int)], [a for a in addresses if not isinstance(a, int)]


def address_of(text: str) -> int | tuple[int, int]:
    """Which MAC, or which IP address by its halves, is this? Raises RequestError for anything else."""
    try:
        return ip_halves(text)
    except ValueError:
        try:
            return mac_number(text)
        except ValueError as error:
            raise RequestError(f"--guest {text}: neither a MAC nor an IP address") from error


def _candidates(views: Sequence[PointView]) -> list[_Candidate]:
    """
    One candidate per MAC and event: the same event heard at several points is one.

    Of events within a moment of each other the nearest are one; where more were heard, they are told apart first.
    """
    by_mac: dict[int, list[tuple[int, PointView, Series]]] = {}
    for place, view in enumerate(views):
        for series in view.series:
            if series.boot != "answered":
                by_mac.setdefault(series.mac, []).append((place, view, series))
    candidates = []
    for mac, events in by_mac.items():
        heard_at = Counter(place for place, _, _ in events)
        groups: list[dict[int, tuple[PointView, Series]]] = []
        for place, view, series in sorted(events, key=lambda event: -heard_at[event[0]]):
            fitting = [group for group in groups if place not in group and _is_same_event(group.values(), view, series)]
            home = min(fitting, key=lambda group: _apart(group.values(), view, series), default=None)
            if home is None:
                groups.append({place: (view, series)})
            else:
                home[place] = (view, series)
        for group in groups:
            heard = tuple(group[place] for place in sorted(group))
            since = min(on_reference(v, s.first_ts) for v, s in heard)
            probed = probed_from(mac, views, since)
            candidates.append(_Candidate(mac, since if probed is None else probed, heard, probed is not None))
    return sorted(candidates, key=lambda c: c.first_ts)


def _is_same_event(group: Collection[tuple[PointView, Series]], view: PointView, series: Series) -> bool:
    begin, end = on_reference(view, series.first_ts), on_reference(view, series.last_ts)
    return any(
        on_reference(at, other.first_ts) <= end + NS_PER_S and begin <= on_reference(at, other.last_ts) + NS_PER_S
        for at, other in group
    )


def _apart(group: Collection[tuple[PointView, Series]], view: PointView, series: Series) -> int:
    """How far is the start of this event from the nearest start in the group?"""
    begin = on_reference(view, series.first_ts)
    return min(abs(begin - on_reference(at, other.first_ts)) for at, other in group)


def _distance(move: Move, candidate: _Candidate) -> int | None:
    """How far is this announcement from the moment it should follow? None where it cannot belong to the move."""
    transfer = move.best.transfer
    first, last = transfer.first_data_ts, transfer.last_data_ts
    if first is None or last is None:
        return None
    first, last = on_reference(move.best.view, first), on_reference(move.best.view, last)
    if not first - EARLIEST_NS <= candidate.first_ts <= last + LATEST_NS:
        return None
    distance = abs(candidate.first_ts - last)
    starting = transfer.stream.live and any(series.boot == "starting" for _, series in candidate.heard)
    return None if starting and distance > SURE_NS else distance


def _choose(move: Move, candidates: Sequence[_Candidate], macs: Sequence[int]) -> list[_Candidate]:
    near = [(d, c) for c in candidates if (d := _distance(move, c)) is not None]
    if macs:
        return [c for _, c in near if c.mac in macs]
    if not near:
        return []
    _, best = min(near, key=lambda pair: (_is_storm(pair[1]), pair[0]))
    if not _by_hypervisor(best):
        # a machine that speaks for itself may do so by chance just when a host speaks for its guest
        beside = [(d, c) for d, c in near if abs(c.first_ts - best.first_ts) <= TWIN_NS and _by_hypervisor(c)]
        best = min(beside, key=lambda pair: pair[0])[1] if beside else best
    if _by_hypervisor(best):
        near = [(d, c) for d, c in near if _by_hypervisor(c)]
    twins = [c for _, c in near if abs(c.first_ts - best.first_ts) <= TWIN_NS and not _is_same_machine(c, best)]
    if len(twins) >= MOST_GUESTS:
        nearest = sorted(twins, key=lambda c: abs(c.first_ts - best.first_ts))[: MOST_GUESTS - 1]
        twins = sorted(nearest, key=lambda c: c.first_ts)
    return [best, *twins]


def _is_same_machine(one: _Candidate, other: _Candidate) -> bool:
    """Have both one MAC in one domain, as a point that heard both tells it?"""
    domains = [{(view.name, series.segment_key) for view, series in c.heard} for c in (one, other)]
    return one.mac == other.mac and bool(domains[0] & domains[1])


def _more_of(chosen: _Candidate, move: Move, first: Move, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """
    Which other events of this machine came with the same move?

    A hypervisor that announces the guest while its memory still flows does so again when it runs: that is one guest,
    announced too early. What the host did that it was to leave is not of the move.
    """
    begin, role = move.best.transfer.first_data_ts, arrives_at(move, first)
    since = chosen.first_ts if begin is None else on_reference(move.best.view, begin)
    return [
        c
        for c in candidates
        if c is not chosen and _is_same_machine(c, chosen) and not _is_storm(c) and since <= c.first_ts
        if abs(c.first_ts - chosen.first_ts) <= TWIN_NS
        or (_by_hypervisor(c) and c.first_ts < chosen.first_ts and was_sent_at(c.heard, role))
    ]


def _is_storm(candidate: _Candidate) -> bool:
    """Is this machine announced again and again, by no hypervisor's schedule? Then its first frame marks no moment."""
    return any(s.schedule not in ("qemu", "esxi") and is_storm([s]) for _, s in candidate.heard)


def _as_moved(
    move: Move, parts: Sequence[_Candidate], views: Sequence[PointView], rivals: int, macs: Sequence[int]
) -> Moved:
    candidate = parts[0]
    distance = _distance(move, candidate) or 0
    schedule = candidate.heard[0][1].schedule
    which = "its first announcement" if len(parts) == 1 else f"the nearest of its {len(parts)} announcements"
    which = "its first probe for its address" if candidate.has_probed else which
    when = f"{which} came {distance / 1e6:.0f} ms from the stream's last data"
    if not any(is_compared(move.best.view, view) for part in parts for view, _ in part.heard):
        when += ", by clocks that nothing compares"
    confidence: Confidence
    if candidate.mac in macs:
        confidence, because = "high", f"named by the user; {when}"
    elif distance <= SURE_NS and not _by_hypervisor(candidate):
        confidence, because = "medium", f"{when}; any machine sends such announcements, not only one that moved"
    elif distance <= SURE_NS and rivals == 1:
        confidence, because = "high", f"{when}, and no other guest announced itself around the stream"
    elif distance <= SURE_NS or (schedule == "qemu" and rivals == 1):
        confidence, because = "medium", f"{when}; {count_of(rivals, 'guest')} announced themselves around the stream"
    else:
        confidence, because = "low", f"{when}: an association by time only"
    heard = heard_together([part.heard for part in parts])
    guest = Moved(candidate.mac, _addresses_of(candidate.mac, heard, views), heard, confidence, because)
    is_unsure = confidence == "low" or (candidate.has_probed and confidence == "medium")
    if is_unsure and (shown := stood_still(guest, move, views, candidate.first_ts)):
        return replace(guest, confidence="medium", because=f"{when}; {shown}")
    return guest


def _with_host(guest: Moved, move: Move, first: Move, views: Sequence[PointView]) -> Moved:
    """The same, with whether it changed hosts while the stream ran: that is more than an association by time."""
    shown, is_low = changed_hosts(guest, move, first, views), guest.confidence == "low"
    when = guest.because.partition(": an association")[0]
    if not shown:
        gone = went_on_there(guest, move, first, views) if is_low else ""
        return replace(guest, confidence="medium", because=f"{when}; {gone}") if gone else guest
    return replace(
        guest,
        changed_hosts=True,
        confidence="medium" if is_low else guest.confidence,
        because=f"{when}; {shown}" if is_low else guest.because,
    )


def _addresses_of(
    mac: int, heard: Sequence[tuple[PointView, Series]], views: Sequence[PointView]
) -> tuple[tuple[int, int], ...]:
    """
    Which addresses does this machine use, by its announcements and its packets?

    One that sends from several, and gives another as its own by ARP, forwards for those: it is a router.
    """
    announced = {halves for _, series in heard for halves in series.ips}
    sent = {one for view in views for one in addresses_of(view.journal, [mac])}
    told, from_v4 = _told_by_itself(mac, views), {one for one in sent if _is_ipv4(one)}
    if told and len(from_v4) > 1 and not told & from_v4:
        sent = told
    elif not any(_is_ipv4(one) for one in announced | sent):
        sent |= told
    return tuple(sorted(announced | sent))[:MOST_ADDRESSES]


def _told_by_itself(mac: int, views: Sequence[PointView]) -> set[tuple[int, int]]:
    """
    Which addresses does this MAC give as its own where it asks or answers by ARP? None where there are several.

    Who answers for others (proxy ARP) gives theirs; a probe (RFC 5227) gives none.
    """
    found: set[tuple[int, int]] = set()
    for view in views:
        rows = view.arps
        own = np.isin(rows.kind, OWN_ARPS) & (rows.sender_mac == np.uint64(mac)) & (rows.eth_src == np.uint64(mac))
        own &= (rows.sender_low & np.uint64(0xFFFF_FFFF)) != 0
        found |= set(zip(rows.sender_high[own].tolist(), rows.sender_low[own].tolist(), strict=True))
    return found if len(found) == 1 else set()


def _is_ipv4(address: tuple[int, int]) -> bool:
    return address[0] == 0 and address[1] >> 32 == IPV4_MAPPED >> 32


def _by_hypervisor(candidate: _Candidate) -> bool:
    """Does it look like a hypervisor's doing: a RARP, or the rhythm of one?"""
    return any(s.schedule in ("qemu", "esxi") or s.count_of("rarp_announce") for _, s in candidate.heard)


def _named(mac: int, ips: Sequence[tuple[int, int]], views: Sequence[PointView]) -> Moved:
    addresses = set(ips)
    for view in views:
        addresses |= addresses_of(view.journal, [mac]) if mac != NO_MAC else set()
    return Moved(mac, tuple(sorted(addresses)), (), "high", "named by the user; no announcement of it was seen")
