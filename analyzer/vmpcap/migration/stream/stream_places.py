"""Where a point stands on the way of a migration's stream: beside the source, beside the destination, between."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.stream.moves import Move, Sighting, has_super_segments
from vmpcap.migration.stream.transfers import Link
from vmpcap.terms.units import NS_PER_US, count_of

Proposal = tuple[str | None, str]
"""A role, or None where nothing is sure; and why."""

NEAR_NS: Final = 100 * NS_PER_US
"""A host that answers within this stands beside the point: light goes 10 km and back in it."""
CLEARLY: Final = 4
"""How many times as far as the one end the other must be, where no second point tells the order."""

Half = Callable[[Link], int | None]


def _syn_half(link: Link) -> int | None:
    """The destination's half by the handshake."""
    c = link.connection
    return c.syn_to_synack_ns if link.data.syn_ts is not None else c.synack_to_ack_ns


def _ack_half(link: Link) -> int | None:
    """The source's half by the handshake."""
    c = link.connection
    return c.synack_to_ack_ns if link.data.syn_ts is not None else c.syn_to_synack_ns


HALVES: Final[tuple[tuple[Half, int], ...]] = (
    (_syn_half, 1),
    (_ack_half, -1),
    (lambda link: link.data.rtt.min_ns, 1),
    (lambda link: link.data.near_rtt.min_ns, -1),
)
"""Times of one connection at one point, and whether the point nearer to the source sees the longer (1) or shorter."""


def place_on_stream(sighting: Sighting, move: Move) -> Proposal:
    """Which role has this point by what it shows of the stream, and by what other points show of it?"""
    lowered, answers_lowered = _lowered(sighting, forward=True), _lowered(sighting, forward=False)
    if lowered is None or answers_lowered is None:
        return (
            None,
            "it shows the stream in one direction only, or no TTL of it: at which end it stands is not to be told",
        )
    if lowered and answers_lowered:
        return (
            "wan",
            "both directions of the stream had passed a router before they came here: it stands between the hosts",
        )
    here = sighting.view.name
    order = {s.view.name: order_on_stream(sighting, s) for s in move.sightings if s.view.name != here}
    source, destination = half_of(sighting, near_source=True), half_of(sighting, near_source=False)
    if not lowered and source is not None and source <= NEAR_NS:
        is_first = bool(order) and all(o > 0 for o in order.values())
        if answers_lowered or is_first or _is_clear(source, destination):
            return "source", _because("source", source, lowered, answers_lowered, order, sighting)
    if not answers_lowered and destination is not None and destination <= NEAR_NS:
        is_last = bool(order) and all(o < 0 for o in order.values())
        if lowered or is_last or _is_clear(destination, source):
            return "destination", _because("destination", destination, lowered, answers_lowered, order, sighting)
    if source is not None and destination is not None and min(source, destination) > NEAR_NS:
        return "wan", (
            f"the source is at least {source / NS_PER_US:.0f} us and the destination {destination / NS_PER_US:.0f} us"
            " away, there and back"
        )
    return None, "both hosts are as near as a host takes to answer, and no other point tells which of them is nearer"


def order_on_stream(one: Sighting, other: Sighting) -> int:
    """
    Does the one point stand nearer to the source (1), the other (-1), or does nothing tell (0)?

    The same packets and their answers pass both points, so that who is nearer to the source sees the destination's half
    longer by as much as the way between the points takes. No common clock is needed. All that tells must agree: two
    halves of the handshake, or the least times of data and of ACKs.
    """
    links = {link.key: link for link in other.transfer.links}
    votes: list[int] = []
    for link in one.transfer.links:
        there = links.get(link.key)
        if there is None:
            continue
        for half, sign in HALVES:
            a, b = half(link), half(there)
            if a is not None and b is not None and a != b:
                votes.append(sign if a > b else -sign)
    return votes[0] if len(votes) > 1 and len(set(votes)) == 1 else 0


def _is_clear(near: int, far: int | None) -> bool:
    return far is not None and far >= CLEARLY * near


def _lowered(sighting: Sighting, forward: bool) -> bool | None:
    """Had packets of this direction passed a router? None where none shows a TTL."""
    sides = [link.data if forward else link.back for link in sighting.transfer.links]
    ttls = [ttl for side in sides for ttl in (side.ttl_min, side.ttl_max) if ttl]
    return all(hops_from_ttl(ttl) for ttl in ttls) if ttls else None


def half_of(sighting: Sighting, near_source: bool) -> int | None:
    """The least time that this end took to answer, as seen here."""
    wanted = (half for half, sign in HALVES if (sign < 0) == near_source)
    return min((t for half in wanted for t in _times(half, sighting.transfer.links)), default=None)


def _times(half: Half, links: Sequence[Link]) -> Iterator[int]:
    return (t for link in links if (t := half(link)) is not None)


def _because(
    end: str, near: int, lowered: bool, answers_lowered: bool, order: dict[str, int], sighting: Sighting
) -> str:
    words = [f"no router stands between it and the {end}, which answers within {near / NS_PER_US:.0f} us"]
    if lowered or answers_lowered:
        words.append("the other direction's TTL had been lowered")
    wanted = 1 if end == "source" else -1
    beyond = [name for name, o in order.items() if o == wanted]
    if beyond:
        words.append(f"{'data passes it before' if end == 'source' else 'data passes it after'} {', '.join(beyond)}")
    if has_super_segments(sighting.transfer):
        words.append(
            "it shows segments before the network card cut them"
            if end == "source"
            else "it shows segments that the network card joined"
        )
    resent = sum(link.data.retransmissions for link in sighting.transfer.links)
    if resent and end == "source":
        words.append(f"it shows {count_of(resent, 'segment')} sent again")
    return "; ".join(words)
