"""What do bytes look like that nothing names? Each thing that may stand there is scored by its form."""

from typing import Final

import numpy as np

from vmpcap.decode import tables
from vmpcap.decode.bits import Bytes, Offset, be16, be32, byte
from vmpcap.decode.tables import Tables
from vmpcap.decode.words import Shape, Space
from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.wire import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ETHERTYPE_RARP,
    LENGTH_MOST,
)

# Scores are about as many bits as would have to agree by chance.
LEAST_SCORE: Final = 4
"""Four bits say which IP it is, where labels end; what scores less is like anything."""
_VERSION: Final = 4
_PROTOCOL: Final = 3  # one of some thirty of 256
_FITS: Final = 5  # a length up to what is there
_EXACT: Final = 11  # the length that is there
_CHECKSUM: Final = 16
_TYPE: Final = 16  # one ethertype
_KNOWN_TYPE: Final = 10  # one of a few dozen
_LENGTH: Final = 16  # the length that is there instead of a type
_LENGTH_OF_PADDED: Final = 10
_BODY: Final = 48  # the first six bytes of ARP
_ETHERTYPES: Final = int(Space.ETHERTYPE) << tables.KEY_BITS
_PROTOCOLS: Final = int(Space.IP_PROTOCOL) << tables.KEY_BITS
_ABOUT_IPV4: Final = 0x0001_0800_0604
_TAGS_PASSED: Final = 4
_PADDING: Final = 46
_WORD: Final = 4
ENOUGH: Final = {Shape.ETHERNET: 34, Shape.IPV4: 20, Shape.IPV6: 40}
"""Captured bytes that say that a shape is not there: Ethernet and an IPv4 header; a header of IP."""
_SHAPES: Final = len(Shape)
_ENOUGH: Final = tuple(ENOUGH.get(shape, _WORD) for shape in Shape)
UNJUDGED: Final = -1
CERTAIN: Final = 255
"""A lead that stands for: nothing was weighed, the first bytes leave no other way."""
TOLD: Final = -1
"""A lead that stands for: a user said so."""


@inline_kernel
def ipv4_sum(buffer: Bytes, at: Offset, length: Offset) -> np.int64:
    """What is the one's complement sum of this header? 0xFFFF where its checksum is right (RFC 1071)."""
    total = np.int64(0)
    for offset in range(0, length, 2):
        total += be16(buffer, at + offset)
    total = (total & 0xFFFF) + (total >> 16)
    return np.int64((total & 0xFFFF) + (total >> 16))


@inline_kernel
def score_length(end: Offset, wire_end: Offset) -> np.int64:
    """How much does a length that ends here tell?"""
    if end > wire_end:
        return np.int64(0)
    return np.int64(_EXACT if end == wire_end else _FITS)


@inline_kernel
def score_ipv4(buffer: Bytes, at: Offset, captured_end: Offset, wire_end: Offset, steps: Tables) -> np.int64:
    """How much does this look like IPv4? 0 where it cannot be."""
    if at + 20 > captured_end or byte(buffer, at) >> 4 != 4:
        return np.int64(0)
    header = 4 * (byte(buffer, at) & 0x0F)
    total = be16(buffer, at + 2)
    if header < 20 or 0 < total < header:
        return np.int64(0)
    score = np.int64(_VERSION)
    if total != 0:
        score += score_length(at + total, wire_end)
    if steps.entries[_PROTOCOLS + byte(buffer, at + 9)] != 0:
        score += _PROTOCOL
    if at + header <= captured_end and ipv4_sum(buffer, at, header) == 0xFFFF:
        score += _CHECKSUM
    return score


@inline_kernel
def score_ipv6(buffer: Bytes, at: Offset, captured_end: Offset, wire_end: Offset, steps: Tables) -> np.int64:
    """How much does this look like IPv6? 0 where it cannot be."""
    if at + 40 > captured_end or byte(buffer, at) >> 4 != 6:
        return np.int64(0)
    score = np.int64(_VERSION) + score_length(at + 40 + be16(buffer, at + 4), wire_end)
    if steps.entries[_PROTOCOLS + byte(buffer, at + 6)] != 0:
        score += _PROTOCOL
    return score


@inline_kernel
def score_ethernet(buffer: Bytes, at: Offset, captured_end: Offset, wire_end: Offset, steps: Tables) -> np.int64:
    """
    How much does this look like an Ethernet header? 0 where it cannot be.

    A source is never a group (IEEE 802.3 3.2.3). What the type names must look like it where it is IP or ARP. Tags of
    any kind are passed: behind one, the last bytes of addresses and tag look like addresses themselves.
    """
    if at + 14 > captured_end or byte(buffer, at + 6) & 1:
        return np.int64(0)
    kind = be16(buffer, at + 12)
    inside = at + 14
    score = np.int64(0)
    for _ in range(_TAGS_PASSED):
        tag = np.int64(steps.entries[_ETHERTYPES + kind])
        rule = tag << tables.RULE_BITS
        past = inside + np.int64(steps.lengths[tag << tables.LENGTH_BITS])
        if steps.rules[rule + tables.FEATURES] & tables.NAMES_ETHERTYPE and past <= captured_end:
            kind = be16(buffer, inside + steps.rules[rule + tables.NEXT_AT])
            inside = past
            score += _TYPE
    if kind <= LENGTH_MOST:
        left = wire_end - inside
        if kind < 3 or kind > left or (kind != left and left > _PADDING):
            return np.int64(0)
        return score + (_LENGTH if kind == left else _LENGTH_OF_PADDED)
    if kind in (ETHERTYPE_ARP, ETHERTYPE_RARP):
        if inside + 6 > captured_end:
            return score + _TYPE
        is_body = (be32(buffer, inside) << 16) | be16(buffer, inside + 4) == _ABOUT_IPV4
        return score + _TYPE + _BODY if is_body else np.int64(0)
    if kind in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
        if inside + (20 if kind == ETHERTYPE_IPV4 else 40) > captured_end:
            return score + _TYPE
        if kind == ETHERTYPE_IPV4:
            found = score_ipv4(buffer, inside, captured_end, wire_end, steps)
        else:
            found = score_ipv6(buffer, inside, captured_end, wire_end, steps)
        return score + _TYPE + found if found > 0 else np.int64(0)
    return score + _KNOWN_TYPE if steps.entries[_ETHERTYPES + kind] != 0 else np.int64(0)


@inline_kernel
def weigh(
    shape: np.int64, buffer: Bytes, begin: Offset, at: Offset, captured_end: Offset, wire_end: Offset, steps: Tables
) -> np.int64:
    """How much do the bytes at `begin` look like this shape? What is not weighed has the least that is enough."""
    if shape == Shape.ETHERNET:
        return score_ethernet(buffer, begin, captured_end, wire_end, steps)
    if shape == Shape.IPV4:
        return score_ipv4(buffer, begin, captured_end, wire_end, steps)
    if shape == Shape.IPV6:
        return score_ipv6(buffer, begin, captured_end, wire_end, steps)
    return np.int64(LEAST_SCORE if shape == Shape.ANYTHING or wire_end - at < _WORD else 0)


@inline_kernel
def choose(
    buffer: Bytes, at: Offset, captured_end: Offset, wire_end: Offset, steps: Tables, rule: Offset
) -> tuple[np.int64, np.int64]:
    """
    Which step do these bytes look like most, and by how many bits does it lead?

    The step is 0 where nothing is likely, UNJUDGED where more bytes might have told. The lead is before the best
    candidate that weighs other bytes, or CERTAIN, or TOLD.

    Parameters
    ----------
    at, captured_end, wire_end : places in the buffer
    rule : where the choosing row begins in the rules

    Notes
    -----
    Of equal scores the earlier candidate wins, so rows list what is more usual first. A mistake shows as a path that
    nobody built; the path says that the step was chosen.
    """
    best, found = np.int64(LEAST_SCORE - 1), np.int64(0)
    second = np.int64(0)
    best_weighed = np.int64(-1)
    is_certain = False
    is_unjudged = False
    has_word = at + _WORD <= captured_end
    word = be32(buffer, at) if has_word else np.int64(0)
    for c in range(steps.rules[rule + tables.FIRST_CANDIDATE], steps.rules[rule + tables.PAST_CANDIDATE]):
        mask = steps.candidates[c, tables.CANDIDATE_MASK]
        shape = steps.candidates[c, tables.CANDIDATE_SHAPE]
        if shape == Shape.TOLD:
            if be32(buffer, at - _WORD) & mask == steps.candidates[c, tables.CANDIDATE_VALUE]:
                return np.int64(steps.candidates[c, tables.CANDIDATE_STEP]), np.int64(TOLD)
            continue
        if mask != 0 and has_word and word & mask != steps.candidates[c, tables.CANDIDATE_VALUE]:
            continue
        begin = at + steps.candidates[c, tables.CANDIDATE_AT]
        is_unjudged |= begin + _ENOUGH[shape] > captured_end
        if mask != 0 and not has_word:
            continue
        score = weigh(shape, buffer, begin, at, captured_end, wire_end, steps)
        entered = np.int64(steps.candidates[c, tables.CANDIDATE_STEP])
        # two that weigh the same bytes in the same way are told apart by their first bytes, not by their weights
        weighed = begin * _SHAPES + shape
        is_rival = weighed != best_weighed
        if score > best:
            second = best if found != 0 and is_rival else second
            is_certain = not Shape.ETHERNET <= shape <= Shape.IPV6
            best, found, best_weighed = score, entered, weighed
        elif is_rival:
            second = max(second, score)
    if found == 0:
        return np.int64(UNJUDGED if is_unjudged else 0), np.int64(0)
    return found, np.int64(CERTAIN) if is_certain else min(best - second, np.int64(CERTAIN - 1))
