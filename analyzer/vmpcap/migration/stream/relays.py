"""Streams that may be the parts of one migration, on both sides of relays that end TCP."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from vmpcap.migration.moved import on_reference
from vmpcap.migration.stream.moves import Move
from vmpcap.terms.units import NS_PER_S

LEAST_BYTES: Final = 1 << 20
"""Of less two streams may carry equally much by chance."""
ALIKE: Final = 0.001
"""A relay passes on every byte; hosts may say a little to it in its own name."""
APART_NS: Final = 2 * NS_PER_S
"""By so much it may begin and end later: it hands on what it gets, and keeps no migration back."""


def say_relayed(moves: Sequence[Move]) -> list[str]:
    """
    Which two streams, of four hosts, carried equally much at the same time, and no third? One sentence each.

    HCX and proxies end TCP at either site: their numbers are others, and nothing in the packets proves that it is one.
    """
    pairs = [pair for pair in combinations(moves, 2) if _may_be_one(*pair)]
    often = [id(move) for pair in pairs for move in pair]
    return [
        f"{_named(a)} and {_named(b)} carried equally much at the same time ({_bytes(a):,} bytes): they may be one"
        " migration through relays that end TCP (HCX, a proxy), which is told as two"
        for a, b in pairs
        if often.count(id(a)) == often.count(id(b)) == 1
    ]


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
