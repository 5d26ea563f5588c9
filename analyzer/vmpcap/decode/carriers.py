"""Which tunnel endpoints carry whose frames: outer addresses beside the inner ones, where the pair changes."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.bits import Bytes, be16, be32, byte
from vmpcap.decode.frames import I32, I64, U8, U64, Frames
from vmpcap.decode.steps import STEPS
from vmpcap.readers.columns import read_only
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.kernels import Int, inline_kernel, kernel
from vmpcap.terms.wire import ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINKTYPE_ETHERNET

_NUMBERS: Final = {step.name: number + 1 for number, step in enumerate(STEPS)}
_IPV4: Final = _NUMBERS["ip"]
_IPV6: Final = _NUMBERS["ipv6"]

PLACES: Final = 4096
"""Pairs of machines whose carriers are remembered; two that fall on one place are told again at each change."""
_MOST_TAGS: Final = 2
_MIX: Final = 0x9E37_79B9_7F4A_7C15


class Carriers(NamedTuple):
    """Frames in an overlay by which the carriers of a pair became known or changed. Owned."""

    row: I64
    """int64[k]: index into the Frames of the batch."""
    outer: U64
    """uint64[k, 4]: source of the carrying packet, then its target, each in two halves (terms/addresses.py)."""


class Places(NamedTuple):
    """What is remembered from batch to batch."""

    pair: U64
    """uint64[PLACES]: which pair of machines, mixed; 0 for none."""
    outer: U64
    """uint64[PLACES, 4]: their carriers at last."""


def no_places() -> Places:
    """Nothing is known yet."""
    return Places(np.zeros(PLACES, np.uint64), np.zeros((PLACES, 4), np.uint64))


@inline_kernel
def be64(buffer: Bytes, at: np.int64) -> np.uint64:
    """Which number of eight bytes stands here?"""
    return np.uint64(be32(buffer, at)) << np.uint64(32) | np.uint64(be32(buffer, at + 4))


@inline_kernel
def read_ends(buffer: Bytes, at: np.int64, end: np.int64, out_outer: U64, row: Int) -> bool:
    """Write between which addresses the packet behind this EtherType goes; False where it is none of IP."""
    if at + 22 > end:
        return False
    kind, version = be16(buffer, at), byte(buffer, at + 2) >> 4
    if kind == ETHERTYPE_IPV4 and version == 4:
        out_outer[row, 0] = out_outer[row, 2] = 0
        out_outer[row, 1] = np.uint64(IPV4_MAPPED) | np.uint64(be32(buffer, at + 14))
        out_outer[row, 3] = np.uint64(IPV4_MAPPED) | np.uint64(be32(buffer, at + 18))
        return True
    if kind == ETHERTYPE_IPV6 and version == 6 and at + 42 <= end:
        for part in range(4):
            out_outer[row, part] = be64(buffer, at + 10 + 8 * part)
        return True
    return False


@kernel
def find_changes(
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    rows: I64,
    eth_src: U64,
    eth_dst: U64,
    vni: I64,
    ip_version: U8,
    path_high: U64,
    path_low: U64,
    state_pair: U64,
    state_outer: U64,
    out_row: I64,
    out_outer: U64,
) -> int:
    """
    Which of these frames are carried between other endpoints than the last of the same two machines?

    Parameters
    ----------
    buffer : uint8[n]
    record_at, captured_bytes : int64[m], int32[m]
    rows : int64[r]
        Frames in an overlay, captured with an Ethernet header in front.
    eth_src, eth_dst, vni, ip_version, path_high, path_low : of all m frames, as in Frames
    state_pair, state_outer : uint64[PLACES], uint64[PLACES, 4]
        Carried over batches.
    out_row, out_outer : int64[r], uint64[r, 4]
        As many as the answer are written, and the next row of `out_outer` is used to compare.

    Notes
    -----
    Only frames with one IP header outside: of a mirror of an overlay nobody says which header carries.
    """
    written = 0
    for r in range(rows.shape[0]):
        row = rows[r]
        base = record_at[row]
        end = np.int64(captured_bytes[row])
        headers = 0
        for i in range(8):
            shift = np.uint64(8 * i)
            for step in (np.int64((path_high[row] >> shift) & 0xFF), np.int64((path_low[row] >> shift) & 0xFF)):
                if step in (_IPV4, _IPV6):
                    headers += 1
        if headers != (2 if ip_version[row] != 0 else 1):
            continue
        at = np.int64(12)
        for _ in range(_MOST_TAGS):
            if at + 6 > end:
                break
            kind = be16(buffer, base + at)
            if kind in (0x8100, 0x88A8):
                at += 4
        if not read_ends(buffer, base + at, base + end, out_outer, written):
            continue
        pair = (eth_src[row] * np.uint64(_MIX)) ^ eth_dst[row] ^ (np.uint64(vni[row]) << np.uint64(40))
        pair = (pair ^ (pair >> np.uint64(29))) * np.uint64(_MIX) | np.uint64(1)
        place = np.int64(pair >> np.uint64(52))
        is_known = state_pair[place] == pair
        for part in range(4):
            is_known = is_known and state_outer[place, part] == out_outer[written, part]
        if is_known:
            continue
        state_pair[place] = pair
        out_row[written] = row
        for part in range(4):
            state_outer[place, part] = out_outer[written, part]
        written += 1
    return written


def read_carriers(batch: RecordBatch, frames: Frames, places: Places, wanted: npt.NDArray[np.bool_] | None) -> Carriers:
    """
    By which frames of this batch did the carriers of two machines become known, or change?

    Parameters
    ----------
    batch, frames : the records and what the walk says of them
    places : carried over batches
    wanted : bool[m]
        Which frames are asked for; None: all.
    """
    within = frames.vni >= 0
    if not within.any():
        return Carriers(np.zeros(0, np.int64), np.zeros((0, 4), np.uint64))
    within &= batch.link_type == LINKTYPE_ETHERNET
    if wanted is not None:
        within &= wanted
    rows = np.flatnonzero(within)
    out_row, out_outer = np.zeros(len(rows), np.int64), np.zeros((len(rows), 4), np.uint64)
    written = find_changes(
        batch.buffer,
        batch.record_at,
        batch.captured_bytes,
        read_only(rows),
        frames.eth_src,
        frames.eth_dst,
        frames.vni,
        frames.ip_version,
        frames.path_high,
        frames.path_low,
        places.pair,
        places.outer,
        out_row,
        out_outer,
    )
    return Carriers(out_row[:written].copy(), out_outer[:written].copy())
