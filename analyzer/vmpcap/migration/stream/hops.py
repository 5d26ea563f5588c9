"""How the stream's packets travelled: over routers or not, as TTL, MACs and SYN options tell."""

from collections.abc import Iterable
from typing import Final, Literal

from vmpcap.migration.results import Path
from vmpcap.migration.stream.ends import stands_beside
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.next_hops import find_next_hops
from vmpcap.migration.stream.segment_sizes import find_clamping
from vmpcap.migration.stream.strange_resets import strange_resets
from vmpcap.migration.stream.symptoms import find_symptoms, find_unreachables
from vmpcap.terms.addresses import NOBODYS_MACS, mac_text
from vmpcap.terms.wire import ICMP_REDIRECT, IP_ICMP

INITIAL_TTLS: Final = (64, 128, 255)
"""What hosts start with: Linux and ESXi 64, Windows 128, routers and some Unixes 255. Others would be misread."""

IP_AND_TCP_BYTES: Final = {4: 40, 6: 60}


def hops_from_ttl(ttl: int) -> int:
    """How many routers did a packet with this TTL pass, if it started with a usual one?"""
    return next(initial for initial in INITIAL_TTLS if ttl <= initial) - ttl


def describe_path(move: Move) -> Path:
    """
    Did the stream go over routers, how many, through whom?

    Hops to a point count only when that point is at the end of that direction: on the way they are a part. Equal MACs
    of request and answer with no hop counted anywhere is adjacency.
    """
    forward = _hops(move, "destination")
    backward = _hops(move, "source")
    parts = [p for s in move.sightings for p in (_most(s, True), _most(s, False)) if p is not None]
    routed = any(p > 0 for p in parts) if parts else None
    odd = _odd_start(move)
    if odd is not None and not _lowered_in_view(move):
        routed = forward = backward = None
    whole = forward is not None or backward is not None
    word: Literal["adjacent", "routed", "undecided"] = "undecided"
    if routed:
        word, because = "routed", "the TTL of the packets had been lowered on the way"
        if not _lowered_in_view(move):
            because += ", if the hosts start with 64, 128 or 255 as most do"
    elif routed is False and (whole or _both_untouched(move.best)):
        word, because = "adjacent", "no TTL was lowered between the two ends"
    elif routed is False:
        routed, because = None, "no TTL was lowered up to the capture point; the rest of the path is not in view"
    elif odd is not None:
        because = f"a host sent with a TTL of {odd} beside the capture point: from what it counts down is not known"
    else:
        because = "no packet of the stream shows a TTL"
    mss = _least(m for s in move.sightings for link in s.transfer.links for m in (link.data.mss, link.back.mss))
    clamping = find_clamping(move)
    version = 6 if ":" in move.best.transfer.source else 4
    next_hops = find_next_hops(move, forward, backward)
    differ = None if forward is None or backward is None else forward != backward
    return Path(
        routed=routed,
        hops_source_to_destination=forward,
        hops_destination_to_source=backward,
        next_hop_macs=_next_hops(move) if word == "routed" else [],
        mtu=mss + IP_AND_TCP_BYTES[version] if mss else None,
        mss=mss,
        mss_clamped=clamping.is_clamped,
        mss_clamped_because=clamping.because,
        mss_offered=clamping.sizes,
        redirects=_redirects(move),
        word=word,
        because=because,
        asymmetric=differ,
        next_hops=next_hops,
        unreachables=find_unreachables(move),
        symptoms=find_symptoms(move, next_hops, {"to_destination": forward, "to_source": backward}),
    )


def _odd_start(move: Move) -> int | None:
    """Which TTL does a host send with, seen beside it, that no host is known to start with?"""
    for sighting in move.sightings:
        for end in ("source", "destination"):
            if sighting.view.role == end or (sighting.view.role in (None, "wan") and stands_beside(sighting, end)):
                sides = [link.data if end == "source" else link.back for link in sighting.transfer.links]
                odd = [side.ttl_max for side in sides if side.ttl_max and hops_from_ttl(side.ttl_max)]
                if odd:
                    return odd[0]
    return None


def _lowered_in_view(move: Move) -> bool:
    """Did packets of one direction pass with different TTLs, before and after a router?"""
    for forward in (True, False):
        sides = [link.data if forward else link.back for s in move.sightings for link in s.transfer.links]
        ttls = {ttl for side in sides for ttl in (side.ttl_min, side.ttl_max) if ttl} - _only_resets(move, forward)
        if len(ttls) > 1:
            return True
    return False


def _only_resets(move: Move, forward: bool) -> set[int]:
    """TTLs of this direction that only resets of somebody between the hosts have."""
    return {reset.ttl for s in move.sightings for reset in strange_resets(s) if reset.forward is forward}


def _part(sighting: Sighting, forward: bool) -> int | None:
    """Hops between the sender of this direction and the capture point."""
    sides = [link.data if forward else link.back for link in sighting.transfer.links]
    strange = {reset.ttl for reset in strange_resets(sighting) if reset.forward is forward}
    ttls = [s.ttl_min if s.ttl_max in strange else s.ttl_max for s in sides if s.ttl_max]
    return min(hops_from_ttl(ttl) for ttl in ttls if ttl) if ttls else None


def _most(sighting: Sighting, forward: bool) -> int | None:
    """The most hops that any packet of this direction had behind it: copies from the far side of a router count too."""
    sides = [link.data if forward else link.back for link in sighting.transfer.links]
    strange = {reset.ttl for reset in strange_resets(sighting) if reset.forward is forward}
    ttls = [s.ttl_max if s.ttl_min in strange else s.ttl_min for s in sides if s.ttl_min]
    return max(hops_from_ttl(ttl) for ttl in ttls if ttl) if ttls else None


def _hops(move: Move, end: Literal["source", "destination"]) -> int | None:
    """Hops of the direction that ends at this host, from a point beside that host."""
    for sighting in move.sightings:
        if sighting.view.role == end or (sighting.view.role in (None, "wan") and stands_beside(sighting, end)):
            return _part(sighting, forward=end == "destination")
    return None


def _both_untouched(sighting: Sighting) -> bool:
    return _most(sighting, True) == 0 and _most(sighting, False) == 0


def _next_hops(move: Move) -> list[str]:
    """Whom did the hosts hand their packets to, seen from the points beside them?"""
    macs = []
    for sighting in move.sightings:
        for link in sighting.transfer.links:
            side = {"source": link.data, "destination": link.back}.get(sighting.view.role or "")
            if side is not None and side.packets and side.first_eth_dst not in NOBODYS_MACS:
                macs.append(mac_text(side.first_eth_dst))
    return sorted({m for m in macs if m is not None})


def _redirects(move: Move) -> int:
    """ICMP redirects (type 5, RFC 792) seen at the stream's points: a better router stands on the segment."""
    total = 0
    for sighting in move.sightings:
        j = sighting.view.journal
        redirects = (j.ip_protocol == IP_ICMP) & (j.icmp_type == ICMP_REDIRECT) & (j.ip_version == 4)
        total = max(total, int(redirects.sum()))
    return total


def _least(values: Iterable[int | None]) -> int | None:
    return min((v for v in values if v), default=None)
