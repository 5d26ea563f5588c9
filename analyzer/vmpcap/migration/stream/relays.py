"""Streams that are the parts of one migration, on both sides of relays that end TCP (HCX's Mobility Agents)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Final

from vmpcap.migration.moved import on_reference
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.units import NS_PER_S

LEAST_BYTES: Final = 1 << 20
"""Of less two streams may carry equally much by chance."""
ALIKE: Final = 0.001
"""A relay passes on every byte; hosts may say a little to it in its own name."""
APART_NS: Final = 2 * NS_PER_S
"""By so much it may begin and end later: it hands on what it gets, and keeps no migration back."""
GIVEN_NS: Final = 60 * NS_PER_S
"""Clocks that nothing compares, and that people set, are seldom off by more: what is further apart is two events."""
ROUND: Final = (1000, 1024)
"""Multiples of these are made up (a test's, a disk's): two may carry as many without being one."""

Found = Sequence[tuple[PointView, list[Transfer]]]
One = tuple[PointView, Transfer]


def join_relayed(found: Found) -> tuple[list[tuple[PointView, list[Transfer]]], list[str]]:
    """
    Which stream that leaves the source host for a relay is the one that another relay brings to the destination host?

    Gives the transfers, of which both parts have one name then, and a sentence for each that was joined. HCX's
    appliances end TCP at either site, so that numbers and addresses are others. Both carried as much to the byte, each
    way, and no third did; one is seen at the source's own card alone, the other at the destination's. That was at the
    same time; where nothing compares the clocks, it took as long, and the number is none that two have by being made.
    """
    near = [one for one in _seen_at(found, "source") if not _is_at(one, found, "destination")]
    far = [one for one in _seen_at(found, "destination") if not _is_at(one, found, "source")]
    pairs = [(a, b) for a, b in product(near, far) if _carried_alike(a, b)]
    often = [id(transfer) for pair in pairs for _, transfer in pair]
    pairs = [(a, b) for a, b in pairs if often.count(id(a[1])) == often.count(id(b[1])) == 1]
    named = {id(b[1]): _named_as(b[1], a[1]) for a, b in pairs}
    joined = [(view, [named.get(id(transfer), transfer) for transfer in transfers]) for view, transfers in found]
    return joined, [_say_joined(a, b) for a, b in pairs]


def _seen_at(found: Found, role: str) -> Iterator[One]:
    """Streams with data of one connection, as points of this role show them."""
    for view, transfers in found:
        if view.role == role:
            yield from ((view, transfer) for transfer in transfers if transfer.established and len(transfer.links) == 1)


def _is_at(one: One, found: Found, role: str) -> bool:
    """Does a point of this role show the same connection?"""
    keys = {link.key for link in one[1].links}
    return any(
        keys & {link.key for link in transfer.links}
        for view, transfers in found
        if view.role == role
        for transfer in transfers
    )


def _carried_alike(near: One, far: One) -> bool:
    """Did both carry the same number of bytes each way, at the same time as far as is known, between four hosts?"""
    (a_view, a), (b_view, b) = near, far
    forth, _ = _bytes_of(a)
    if {a.source, a.destination} & {b.source, b.destination} or forth < LEAST_BYTES or _bytes_of(a) != _bytes_of(b):
        return False
    begins = on_reference(b_view, b.start_ts) - on_reference(a_view, a.start_ts)
    ends = on_reference(b_view, b.end_ts) - on_reference(a_view, a.end_ts)
    if is_compared(a_view, b_view):
        return max(abs(begins), abs(ends)) <= APART_NS
    is_made_up = any(forth % size == 0 for size in ROUND)
    return not is_made_up and abs(ends - begins) <= APART_NS and abs(begins) <= GIVEN_NS


def _bytes_of(transfer: Transfer) -> tuple[int, int]:
    """Of data and of what was answered, each counted once."""
    (link,) = transfer.links
    return link.data.unique_bytes, link.back.unique_bytes


def _named_as(far: Transfer, near: Transfer) -> Transfer:
    (link,), (known,) = far.links, near.links
    return replace(far, links=(replace(link, known_as=known.named, is_relayed=True),))


def _say_joined(near: One, far: One) -> str:
    (a_view, a), (b_view, b) = near, far
    forth, back = _bytes_of(a)
    is_timed = is_compared(a_view, b_view)
    when = "at the same time" if is_timed else "in as long a time"
    doubt = "" if is_timed else "; nothing compares their clocks: that it was at the same time is not known"
    return (
        f"{a.source} to {a.destination} at {a_view.name} and {b.source} to {b.destination} at {b_view.name} are told as"
        f" one migration through relays that end TCP (HCX's Mobility Agents, a proxy): {a.destination} took from the"
        f" source, {when}, exactly as much as {b.source} gave to the destination, {forth:,} bytes, and"
        f" {back:,} went back in both{doubt}"
    )


def say_relayed(moves: Sequence[Move]) -> list[str]:
    """
    Which two streams, of four hosts, carried equally much at the same time, and no third? One sentence each.

    HCX and proxies end TCP at either site: their numbers are others, and nothing in the packets proves that it is one.
    """
    pairs = [pair for pair in combinations(moves, 2) if _may_be_one(*pair)]
    often = [id(move) for pair in pairs for move in pair]
    return [
        f"{_named(a)} and {_named(b)} carried equally much at the same time{_by_which(a, b)} ({_bytes(a):,} bytes):"
        " they may be one migration through relays that end TCP (HCX, a proxy), which is told as two"
        for a, b in pairs
        if often.count(id(a)) == often.count(id(b)) == 1
    ]


def _by_which(a: Move, b: Move) -> str:
    is_timed = is_compared(a.best.view, b.best.view)
    return "" if is_timed else " by their clocks as given, which nothing compares"


def _may_be_one(a: Move, b: Move) -> bool:
    if _hosts(a) & _hosts(b) or min(_bytes(a), _bytes(b)) < LEAST_BYTES:
        return False
    is_alike = abs(_bytes(a) - _bytes(b)) <= ALIKE * _bytes(a)
    return is_alike and all(abs(one - other) <= APART_NS for one, other in zip(_span(a), _span(b), strict=True))


def _bytes(move: Move) -> int:
    """Of data, each counted once."""
    return sum(link.data.unique_bytes for link in move.best.transfer.links)


def _span(move: Move) -> tuple[int, int]:
    """From when to when, on the reference clock."""
    view = move.best.view
    return on_reference(view, move.start_ts), on_reference(view, move.end_ts)


def _hosts(move: Move) -> set[str]:
    return {move.best.transfer.source, move.best.transfer.destination}


def _named(move: Move) -> str:
    return f"{move.best.transfer.source} to {move.best.transfer.destination} at {move.best.view.name}"
