"""Which tunnel endpoints carry whose frames: outer addresses beside the inner ones, where the pair changes."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.bits import Bytes, be16, be32, byte
from vmpcap.decode.frames import I32, I64, U8, U64, Frames
from vmpcap.decode.steps import STEPS
from vmpcap.readers.columns import read_only
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.kernels import kernel
from vmpcap.terms.wire import ETHERTYPE_IPV4, LINKTYPE_ETHERNET

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
    """uint64[k]: IPv4 source of the carrying packet in the high half, its target in the low half."""


class Places(NamedTuple):
    """What is remembered from batch to batch."""

    pair: U64
    """uint64[PLACES]: which pair of machines, mixed; 0 for none."""
    outer: U64
    """uint64[PLACES]: their carriers at last."""


def no_places() -> Places:
    """Nothing is known yet."""
    return Places(np.zeros(PLACES, np.uint64), np.zeros(PLACES, np.uint64))


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
    state_pair, state_outer : uint64[PLACES]
        Carried over batches.
    out_row, out_outer : int64[r], uint64[r]
        As many as the answer are written.

    Notes
    -----
    Only frames with one IPv4 header outside: of a mirror of an overlay nobody says which header carries.
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
        if at + 22 > end or be16(buffer, base + at) != ETHERTYPE_IPV4 or byte(buffer, base + at + 2) >> 4 != 4:
            continue
        outer = np.uint64(be32(buffer, base + at + 14)) << np.uint64(32) | np.uint64(be32(buffer, base + at + 18))
        pair = (eth_src[row] * np.uint64(_MIX)) ^ eth_dst[row] ^ (np.uint64(vni[row]) << np.uint64(40))
        pair = (pair ^ (pair >> np.uint64(29))) * np.uint64(_MIX) | np.uint64(1)
        place = np.int64(pair >> np.uint64(52))
        if state_pair[place] == pair and state_outer[place] == outer:
            continue
        state_pair[place] = pair
        state_outer[place] = outer
        out_row[written] = row
        out_outer[written] = outer
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
        return Carriers(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    within &= batch.link_type == LINKTYPE_ETHERNET
    if wanted is not None:
        within &= wanted
    rows = np.flatnonzero(within)
    out_row, out_outer = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)
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
