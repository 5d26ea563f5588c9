"""Path identifiers of BGP (RFC 7911): who puts one before each route, by what both agreed to, or by the bytes alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from vmpcap.announcements.routes.fields import Short, packed_prefix, part

Family = tuple[int, int]
"""Address family and sub-family."""
Prefixes = list[tuple[int | None, str]]
"""Each with its identifier; None without."""

ID_BYTES: Final = 4
CAPABILITIES: Final = 2
"""Kind of optional parameter (RFC 5492 4)."""
ADD_PATH: Final = 69
ENTRY: Final = 4
RECEIVES: Final = (1, 3)
SENDS: Final = (2, 3)
"""What a speaker is able to (RFC 7911 4)."""
EXTENDED: Final = 255
"""Instead of a length: two bytes of it follow, and so for each parameter (RFC 9072 2)."""
OPEN_HEAD: Final = 9


@dataclass(slots=True)
class Agreed:
    """What the OPEN messages in view say of path identifiers, by sender and receiver of the connection."""

    offers: dict[tuple[str, str], dict[Family, int]] = field(default_factory=dict)

    def hear(self, source: str, target: str, body: bytes) -> None:
        """
        What does this OPEN offer?

        Raises
        ------
        Short
            Its lengths contradict each other.
        """
        self.offers[source, target] = dict(_offers(body))

    def has_ids(self, source: str, target: str, family: Family) -> bool | None:
        """Does this sender put identifiers before its routes? None where one of the two OPENs is not in view."""
        mine, theirs = self.offers.get((source, target)), self.offers.get((target, source))
        if mine is None or theirs is None:
            return None
        return mine.get(family) in SENDS and theirs.get(family) in RECEIVES


def _offers(body: bytes) -> Iterator[tuple[Family, int]]:
    for code, value in capabilities(body):
        for one in range(0, len(value) - ENTRY + 1, ENTRY) if code == ADD_PATH else ():
            yield (int.from_bytes(value[one : one + 2], "big"), value[one + 2]), value[one + 3]


def capabilities(body: bytes) -> Iterator[tuple[int, bytes]]:
    """
    What is this OPEN's sender able to: codes, each with its value (RFC 5492)?

    Raises
    ------
    Short
        Its lengths contradict each other.
    """
    at, wide = OPEN_HEAD + 1, 1
    end = at + part(body, OPEN_HEAD, 1)[0]
    if body[OPEN_HEAD] == EXTENDED and len(body) > at and body[at] == EXTENDED:
        end = at + 3 + int.from_bytes(part(body, at + 1, 2), "big")
        at, wide = at + 3, 2
    while at < end:
        kind, length = part(body, at, 1)[0], int.from_bytes(part(body, at + 1, wide), "big")
        value = part(body, at + 1 + wide, length)
        at += 1 + wide + length
        if kind == CAPABILITIES:
            yield from _capabilities(value)


def _capabilities(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        code, length = part(data, at, 2)
        yield code, part(data, at + 2, length)
        at += 2 + length


def read_prefixes(data: bytes, size: int, has_ids: bool | None) -> Prefixes:
    """
    Which routes stand here, each with its path's identifier?

    Parameters
    ----------
    size : bytes of an address
    has_ids : what both agreed to; None where that is not in view, and the bytes must tell

    Raises
    ------
    Short
        They are not all there, in the one way or the other.

    Notes
    -----
    Identifiers are small numbers: read as routes their zero bytes are the default route, again and again. No message
    says one route twice, nor one with bits set behind its length (RFC 4271 4.3 lets them be any, speakers clear them).
    """
    if has_ids is not None:
        return list(_with_ids(data, size) if has_ids else _plain(data, size))
    try:
        plain: Prefixes | None = list(_plain(data, size))
    except Short:
        plain = None
    if plain is not None and len({prefix for _, prefix in plain}) == len(plain):
        return plain
    try:
        return list(_with_ids(data, size))
    except Short:
        if plain is None:
            raise
        return plain


def _plain(data: bytes, size: int) -> Iterator[tuple[int | None, str]]:
    at = 0
    while at < len(data):
        prefix, at = packed_prefix(data, at + 1, data[at], size)
        yield None, prefix


def _with_ids(data: bytes, size: int) -> Iterator[tuple[int | None, str]]:
    at = 0
    while at < len(data):
        number = int.from_bytes(part(data, at, ID_BYTES), "big")
        length = part(data, at + ID_BYTES, 1)[0]
        prefix, at = packed_prefix(data, at + ID_BYTES + 1, length, size)
        yield number, prefix
