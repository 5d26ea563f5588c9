"""Whether a proxy ends the stream's TCP connection on the way and begins another: each end then sees half a path."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.outages import UNANSWERED, match_echoes
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.transfers import Link
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import ECHOES

LEAST_PINGS: Final = 3
"""So many echoes must agree: one alone may have waited for ARP or a busy host."""

MUCH_LONGER: Final = 4
LEAST_LONGER_NS: Final = NS_PER_MS
"""A time that is so many times another, and this much longer, is that of another way: no jitter of a link or a host."""

OTHER_ACKS: Final = 1.1
FEW_ACKS: Final = 50
"""Acknowledgements that pass two points are as many at both, but for losses: a tenth more, or so many, are others."""

SETTLED_NS: Final = NS_PER_S
"""Echoes sooner after the last data may have stood in its queue."""


def find_split(move: Move) -> Detour:
    """
    Is one TCP connection of the stream two, joined by a proxy?

    Notes
    -----
    Two points prove it: the same connection has different initial sequence numbers there, and more than the numbers
    differs. Numbers alone are also rewritten by firewalls, which pass everything else on. One point proves it where one
    host answers echoes in far more time than TCP: somebody nearer acknowledges for it.
    """
    between = _between_points(move)
    if between is not None and between.found:
        return between
    for sighting in move.sightings:
        nearer = _nearer_than_pings(sighting)
        if nearer is not None:
            return nearer
    if between is not None:
        return between
    odd = next((sign for sighting in move.sightings for sign in _signs(sighting)), "")
    because = "it takes the handshake at two points to see whether TCP is split between them"
    return Detour(None, f"{because}; {odd}" if odd else because)


def longest_part_ns(move: Move) -> int | None:
    """How long is the longest of the joined connections, by the shortest whole round trip that its point saw?"""
    parts = []
    for sighting in move.sightings:
        links = sighting.transfer.links
        trips = [ns for link in links for ns in (link.connection.handshake_ns, link.data.loop_rtt.min_ns)]
        known = [ns for ns in trips if ns is not None]
        if known:
            parts.append(min(known))
    return max(parts, default=None)


def wan_side(move: Move) -> Sighting | None:
    """
    Where is that of the joined connections seen that crosses the WAN?

    At a point on the WAN whose whole round trip is the longest that any point saw: one before the proxy, or one that
    saw no round trip, does not count.
    """
    own = move.at_role("wan")
    if own is None or not own.transfer.established:
        return None
    there, longest = longest_part_ns(Move((own,))), longest_part_ns(move)
    return own if there is not None and there == longest else None


def _between_points(move: Move) -> Detour | None:
    """What do handshakes say that were seen at two points? None where none was."""
    seen: dict[object, tuple[Sighting, Link]] = {}
    found: Detour | None = None
    for sighting in move.sightings:
        for link in sighting.transfer.links:
            if link.data.isn is None or link.data.syn_frame is None:
                continue
            first, there = seen.setdefault(link.key, (sighting, link))
            if first is sighting:
                continue
            two = f"{first.view.name} and {sighting.view.name}"
            if there.is_relayed != link.is_relayed:
                relays = " and ".join(_relays_of(there, link))
                because = f"{relays} end TCP between {two} and pass on all that comes: TCP is split between them"
                return Detour(True, because, sighting.view.name, (link.data.syn_frame,))
            if there.data.isn == link.data.isn:
                found = found or Detour(False, "the initial sequence numbers are the same at every point")
                continue
            because = f"{two} see different initial sequence numbers"
            proof = _more_than_numbers(there, link)
            if proof:
                return Detour(
                    True,
                    f"{because} and {proof}: TCP is split between them",
                    sighting.view.name,
                    (link.data.syn_frame,),
                )
            found = Detour(None, f"{because}: TCP is split between them, or a firewall rewrites the numbers")
    return found


def _relays_of(one: Link, other: Link) -> tuple[str, str]:
    """Whom does the source send to, and who sends to the destination, of connections that relays join?"""
    near, far = (other, one) if one.is_relayed else (one, other)
    return near.destination, far.source


def _more_than_numbers(one: Link, other: Link) -> str:
    """What else differs between a connection at two points that no firewall changes? Empty where nothing does."""
    sides = ((one.data, other.data), (one.back, other.back))
    if any(None not in (a.window_scale, b.window_scale) and a.window_scale != b.window_scale for a, b in sides):
        return "window scales"
    shakes = sorted(ns for link in (one, other) if (ns := link.connection.handshake_ns) is not None)
    if len(shakes) > 1 and _is_much_longer(shakes[1], shakes[0]):
        return f"handshakes of {_ms(shakes[0])} and {_ms(shakes[1])}"
    fewer, more = sorted((one.back.packets, other.back.packets))
    if fewer and more > fewer * OTHER_ACKS + FEW_ACKS:
        return f"{fewer:,} and {more:,} acknowledgements"
    return ""


def _nearer_than_pings(sighting: Sighting) -> Detour | None:
    """Does a host answer TCP in far less time than echoes, while no data is on the way? Then another answers for it."""
    transfer, view = sighting.transfer, sighting.view
    links = transfer.links
    halves = (
        (transfer.source, transfer.destination, [link.data.rtt.min_ns for link in links]),
        (transfer.destination, transfer.source, [link.data.near_rtt.min_ns for link in links]),
    )
    for asker, answerer, trips in halves:
        known = [ns for ns in trips if ns is not None]
        pings = _pings(view.journal, asker, answerer, transfer.first_data_ts, transfer.last_data_ts)
        if not known or len(pings) < LEAST_PINGS:
            continue
        ping_ns, frames = min(pings)
        if _is_much_longer(ping_ns, min(known)):
            because = (
                f"at {view.name} {answerer} answers {len(pings)} echoes in {_ms(ping_ns)} at least, but TCP in"
                f" {_ms(min(known))}: somebody nearer answers for it, and TCP is split there"
            )
            return Detour(True, because, view.name, frames)
    return None


def _pings(
    j: JournalColumns, asker: str, answerer: str, first_data: int | None, last_data: int | None
) -> list[tuple[int, tuple[int, int]]]:
    """How long did each echo take that was asked while no data was on the way, and in which two frames was it seen?"""
    (from_high, from_low), (to_high, to_low) = ip_halves(asker), ip_halves(answerer)
    asks = (j.src_high == np.uint64(from_high)) & (j.src_low == np.uint64(from_low))
    asks &= (j.dst_high == np.uint64(to_high)) & (j.dst_low == np.uint64(to_low))
    replies = (j.src_high == np.uint64(to_high)) & (j.src_low == np.uint64(to_low))
    replies &= (j.dst_high == np.uint64(from_high)) & (j.dst_low == np.uint64(from_low))
    found = []
    for protocol, request, reply in ECHOES:
        asked = np.flatnonzero(asks & (j.ip_protocol == protocol) & (j.icmp_type == request))
        answered = np.flatnonzero(replies & (j.ip_protocol == protocol) & (j.icmp_type == reply))
        for ident in np.unique(j.icmp_id[asked]):
            mine, theirs = asked[j.icmp_id[asked] == ident], answered[j.icmp_id[answered] == ident]
            answers = match_echoes(j.icmp_seq[mine], mine, j.icmp_seq[theirs], theirs)
            for row, at in zip(mine, answers, strict=True):
                if at == UNANSWERED or _is_busy(int(j.ts_ns[row]), first_data, last_data):
                    continue
                took = int(j.ts_ns[theirs[at]] - j.ts_ns[row])
                if took >= 0:
                    found.append((took, (int(j.frame[row]), int(j.frame[theirs[at]]))))
    return found


def _is_busy(ts: int, first_data: int | None, last_data: int | None) -> bool:
    """Was the stream's data on the way then, or about to be?"""
    if first_data is None or last_data is None:
        return True
    return first_data - SETTLED_NS // 10 <= ts <= last_data + SETTLED_NS


def _signs(sighting: Sighting) -> Iterator[str]:
    """What looks like a split at one point, and may be something else?"""
    for link in sighting.transfer.links:
        ttls = (link.back.ttl_min, link.back.ttl_max)
        if None not in ttls and ttls[0] != ttls[1]:
            yield f"at {sighting.view.name} answers come with a TTL of {ttls[0]} and of {ttls[1]}, as from two machines"
        shake, trip = link.connection.syn_to_synack_ns, link.data.rtt.min_ns
        if shake is not None and trip is not None and _is_much_longer(shake, trip):
            yield (
                f"at {sighting.view.name} the SYN was answered in {_ms(shake)}, data in {_ms(trip)}, as by a proxy that"
                " connects onward first"
            )


def _is_much_longer(long_ns: int, short_ns: int) -> bool:
    return long_ns >= MUCH_LONGER * short_ns and long_ns - short_ns >= LEAST_LONGER_NS


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_MS:.3g} ms"
