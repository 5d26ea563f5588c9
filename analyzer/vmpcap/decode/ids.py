"""Ids that headers give: of tags, overlays and tunnels, and how they are told apart."""

import numpy as np

from vmpcap.decode import tables
from vmpcap.decode.bits import Bytes, Offset, be16, be32, be64, byte
from vmpcap.decode.columns import NO_ID
from vmpcap.decode.frames import I32
from vmpcap.terms.kernels import inline_kernel


@inline_kernel
def mix_id(key: np.uint64, word: np.uint64) -> np.uint64:
    """Which key has seen this id too? Never 0. Products of 32 bits only, so nothing overflows."""
    low = (key ^ word) & np.uint64(0xFFFFFFFF)
    high = (key ^ word) >> np.uint64(32)
    mixed = (low * np.uint64(0x9E3779B1)) ^ (high * np.uint64(0x85EBCA77))
    turned = (mixed << np.uint64(32)) | (mixed >> np.uint64(32))
    return (turned ^ (high << np.uint64(7))) | np.uint64(1)


@inline_kernel
def kept_id(buffer: Bytes, start: Offset, end: Offset, rules: I32, place: Offset) -> np.int64:
    """Which id does this header give by the four rules from `place` on? NO_ID where a flag says that there is none."""
    when = rules[place + 3]
    if when != 0 and byte(buffer, start) & when != when:
        return np.int64(NO_ID)
    at = rules[place]
    word = be32(buffer, start + at if at >= 0 else end + at)
    return np.int64((word >> rules[place + 1]) & rules[place + 2])


@inline_kernel
def tunnel_of(buffer: Bytes, network: Offset, step: np.int64, name: np.int64, inner_name: np.int64) -> np.uint64:
    """Which key has the tunnel of this kind and these names between these addresses (none: below 0)? Never 0."""
    key = mix_id(np.uint64(0), (np.uint64(step) << np.uint64(40)) | np.uint64(name - NO_ID))
    if network >= 0 and byte(buffer, network) >> 4 == 4:
        key = mix_id(key, be64(buffer, network + 12))
    elif network >= 0:
        for word in range(4):
            key = mix_id(key, be64(buffer, network + 8 + 8 * word))
    return key if inner_name == NO_ID else mix_id(key, np.uint64(inner_name))


@inline_kernel
def unusual_key(buffer: Bytes, start: Offset, end: Offset, rules: I32, rule: Offset) -> np.int64:
    """What has the number of the next header in it, besides the 16 bits where it usually stands?"""
    features = rules[rule + tables.FEATURES]
    if features & tables.NEXT_LITTLE_ENDIAN:
        at = start + rules[rule + tables.NEXT_AT]
        return np.int64(byte(buffer, at) | (byte(buffer, at + 1) << 8))
    if features & tables.NEXT_AFTER_HEADER:
        at = end + rules[rule + tables.NEXT_AT]
        if features & tables.NEXT_IS_COMPRESSED and (end - start) & 1:
            return np.int64(byte(buffer, end - 1))
        return np.int64((be16(buffer, at) & rules[rule + tables.NEXT_MASK]) >> rules[rule + tables.NEXT_SHIFT])
    if features & tables.NEXT_EITHER_ORDER:
        first = be16(buffer, start + rules[rule + tables.NEXT_AT])
        second = be16(buffer, start + rules[rule + tables.NEXT_AT] + 2)
        return np.int64(second if first == 0 or second == 0 else -first)  # no family has bits in both: none is it then
    if features & tables.NEXT_SELECTS:
        flags = byte(buffer, start) & rules[rule + tables.SELECT_MASK]
        return np.int64((flags >> rules[rule + tables.SELECT_SHIFT]) << tables.KEY_BITS)
    return np.int64(0)
