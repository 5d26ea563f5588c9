"""Headers whose length no single byte tells: how long is this one?"""

from typing import Final

import numpy as np

from vmpcap.decode import tables
from vmpcap.decode.bits import Bytes, Offset, be16, byte
from vmpcap.decode.frames import I32
from vmpcap.decode.words import GRE_ROUTE, LITTLE_COUNT, NFLOG_FIELDS, NFQUEUE_FIELDS, PPP_HEADER, TZSP_TAGS
from vmpcap.terms.kernels import inline_kernel

_LABEL_BYTES: Final = 4
_NFLOG_FIXED_BYTES: Final = 4
_NFLOG_FIELD_BYTES: Final = 4
_NFLOG_PACKET: Final = 9  # NFULA_PAYLOAD of linux/netfilter/nfnetlink_log.h
_NFQUEUE_PACKET: Final = 10  # NFQA_PAYLOAD of linux/netfilter/nfnetlink_queue.h
_TZSP_FIXED_BYTES: Final = 4
_TZSP_PADDING: Final = 0
_TZSP_LAST: Final = 1
_BOTTOM_OF_STACK: Final = 0x100
_PPP_ADDRESS: Final = 0xFF
_GRE_WITH_CHECKSUM: Final = 8
_ROUTE_ENTRY: Final = 4


@inline_kernel
def measure_stack(buffer: Bytes, start: Offset, at: Offset, end: Offset) -> np.int64:
    """How long is the label stack at `at`? Past `end` where it has no bottom before that."""
    length = np.int64(0)
    while at + length + _LABEL_BYTES <= end:
        is_bottom = be16(buffer, start + length + 2) & _BOTTOM_OF_STACK
        length += _LABEL_BYTES
        if is_bottom:
            return length
    return np.int64(end - at + _LABEL_BYTES)


@inline_kernel
def measure_fields(buffer: Bytes, start: Offset, at: Offset, end: Offset, packet: int) -> np.int64:
    """How long is the header of fields at `at`, up to its packet? Past `end` where no field before that holds one."""
    length = np.int64(_NFLOG_FIXED_BYTES)
    while at + length + _NFLOG_FIELD_BYTES <= end:
        field = start + length
        is_little = byte(buffer, field + 3) == 0  # types are below 256, in the order of the host that wrote them
        size = byte(buffer, field) | (byte(buffer, field + 1) << 8) if is_little else be16(buffer, field)
        kind = byte(buffer, field + 2) if is_little else byte(buffer, field + 3)
        if kind == packet:
            return length + _NFLOG_FIELD_BYTES
        if size < _NFLOG_FIELD_BYTES:
            break
        length += (size + 3) & ~3
    return np.int64(end - at + _NFLOG_FIELD_BYTES)


@inline_kernel
def measure_tzsp(buffer: Bytes, start: Offset, at: Offset, end: Offset) -> np.int64:
    """How long is the TZSP header at `at`, with its tags? Past `end` where none before that is the last."""
    length = np.int64(_TZSP_FIXED_BYTES)
    while at + length < end:
        tag = byte(buffer, start + length)
        length += 1
        if tag == _TZSP_LAST:
            return length
        if tag != _TZSP_PADDING:
            if at + length >= end:
                break
            length += 1 + byte(buffer, start + length)
    return np.int64(end - at + 1)


@inline_kernel
def measure_ppp(buffer: Bytes, start: Offset, at: Offset, end: Offset) -> np.int64:
    """How long is the PPP header at `at`? Past `end` where its protocol does not begin before that."""
    length = np.int64(2 if byte(buffer, start) == _PPP_ADDRESS else 0)
    if at + length >= end:
        return length + 1
    return length + (1 if byte(buffer, start + length) & 1 else 2)


@inline_kernel
def measure_route(buffer: Bytes, start: Offset, at: Offset, end: Offset) -> np.int64:
    """How long is the GRE header at `at`, with its routing entries? Past `end` where none before that is empty."""
    flags = byte(buffer, start)
    length = np.int64(_GRE_WITH_CHECKSUM + (4 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    while at + length + _ROUTE_ENTRY <= end:
        family, size = be16(buffer, start + length), byte(buffer, start + length + 3)
        length += _ROUTE_ENTRY
        if family == 0 and size == 0:
            return length
        length += size
    return np.int64(end - at + 1)


@inline_kernel
def measure_special(
    header: np.int64, buffer: Bytes, start: Offset, at: Offset, end: Offset, rules: I32, rule: Offset
) -> np.int64:
    """How long is a header whose length no single byte tells? Below 0 where it cannot be one."""
    if header == LITTLE_COUNT:
        counted_at = start + rules[rule + tables.LENGTH_AT]
        counted = byte(buffer, counted_at) | (byte(buffer, counted_at + 1) << 8)
        return counted if counted >= rules[rule + tables.NEEDS] else np.int64(-1)
    if header == NFLOG_FIELDS:
        return measure_fields(buffer, start, at, end, _NFLOG_PACKET)
    if header == NFQUEUE_FIELDS:
        return measure_fields(buffer, start, at, end, _NFQUEUE_PACKET)
    if header == TZSP_TAGS:
        return measure_tzsp(buffer, start, at, end)
    if header == PPP_HEADER:
        return measure_ppp(buffer, start, at, end)
    if header == GRE_ROUTE:
        return measure_route(buffer, start, at, end)
    return measure_stack(buffer, start, at, end)
