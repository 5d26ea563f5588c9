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
_LISP: Final = _NUMBERS["lisp"]
_IPV4: Final = _NUMBERS["ip"]
_IPV6: Final = _NUMBERS["ipv6"]

PLACES: Final = 4096
"""Pairs of machines whose carriers are remembered; two that fall on one place are told again at each change."""
MOST_BARE: Final = 64
"""Pairs of stations between which LISP passes without an instance, so that what is not in it is told apart."""
LEAST_DEPTH: Final = 5
"""Ethernet, IP, UDP, LISP and IP: a path with fewer steps has no LISP in it."""
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
    bare: set[tuple[int, int]]
    """MACs of the stations between which LISP without an instance was seen."""


def no_places() -> Places:
    """Nothing is known yet."""
    return Places(np.zeros(PLACES, np.uint64), np.zeros((PLACES, 4), np.uint64), set())


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


@inline_kernel
def on_path(high: np.uint64, low: np.uint64) -> tuple[np.int64, bool]:
    """How many IP headers are on this path, and is LISP?"""
    headers, in_lisp = np.int64(0), False
    for i in range(8):
        shift = np.uint64(8 * i)
        for step in (np.int64((high >> shift) & 0xFF), np.int64((low >> shift) & 0xFF)):
            if step in (_IPV4, _IPV6):
                headers += 1
            if step == _LISP:
                in_lisp = True
    return headers, in_lisp


@inline_kernel
def behind_tags(buffer: Bytes, base: np.int64, end: np.int64) -> np.int64:
    """Where in the frame stands the EtherType behind its VLAN tags?"""
    at = np.int64(12)
    for _ in range(_MOST_TAGS):
        if at + 6 > end:
            break
        kind = be16(buffer, base + at)
        if kind in (0x8100, 0x88A8):
            at += 4
    return at


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
    src_low: U64,
    dst_low: U64,
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
        Frames in an overlay, captured with an Ethernet header in front; of those without a number only such as may be
        in LISP, or pass between stations that sent some.
    eth_src, eth_dst, vni, ip_version, src_low, dst_low, path_high, path_low : of all m frames, as in Frames
    state_pair, state_outer : uint64[PLACES], uint64[PLACES, 4]
        Carried over batches.
    out_row, out_outer : int64[r], uint64[r, 4]
        As many as the answer are written, and the next row of `out_outer` is used to compare.

    Notes
    -----
    Only frames with one IP header outside: of a mirror of an overlay nobody says which header carries. LISP has no
    Ethernet header inside, and without an instance no number: its machines are known by their addresses too, and a
    packet between them that is in no LISP is carried by nothing: zeros.
    """
    written = 0
    for r in range(rows.shape[0]):
        row = rows[r]
        base = record_at[row]
        end = np.int64(captured_bytes[row])
        headers, in_lisp = on_path(path_high[row], path_low[row])
        is_bare = vni[row] < 0
        is_native = is_bare and not in_lisp
        if headers != (2 if ip_version[row] != 0 and not is_native else 1):
            continue
        at = behind_tags(buffer, base, end)
        if is_native:
            for part in range(4):
                out_outer[written, part] = 0
        elif not read_ends(buffer, base + at, base + end, out_outer, written):
            continue
        pair = (eth_src[row] * np.uint64(_MIX)) ^ eth_dst[row] ^ (np.uint64(vni[row]) << np.uint64(40))
        if is_bare:
            pair = (pair ^ (src_low[row] * np.uint64(_MIX))) * np.uint64(_MIX) ^ dst_low[row]
        pair = (pair ^ (pair >> np.uint64(29))) * np.uint64(_MIX) | np.uint64(1)
        place = np.int64(pair >> np.uint64(52))
        is_known = state_pair[place] == pair
        for part in range(4):
            is_known = is_known and state_outer[place, part] == out_outer[written, part]
        if is_known or (is_native and state_pair[place] != pair):
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
    is_asked = np.full(len(frames.vni), batch.link_type == LINKTYPE_ETHERNET)
    if wanted is not None:
        is_asked &= wanted
    numbered = (frames.vni >= 0) & is_asked
    deep = (frames.vni < 0) & (frames.depth >= LEAST_DEPTH) & (frames.ip_version != 0) & is_asked
    bare = _between(frames, places.bare) & is_asked
    if not numbered.any() and not deep.any() and not bare.any():
        return Carriers(np.zeros(0, np.int64), np.zeros((0, 4), np.uint64))
    known = Places(places.pair.copy(), places.outer.copy(), places.bare) if deep.any() else places
    found = _find(batch, frames, known, np.flatnonzero(numbered | deep | bare))
    new = found.row[frames.vni[found.row] < 0]
    pairs = set(zip(frames.eth_src[new].tolist(), frames.eth_dst[new].tolist(), strict=True)) - places.bare
    if pairs:  # what passes between these outside of LISP counts from here on
        places.bare.update(sorted(pairs)[: max(MOST_BARE - len(places.bare), 0)])
        bare = _between(frames, places.bare) & is_asked
        found = _find(batch, frames, places, np.flatnonzero(numbered | bare))
    elif known is not places:
        places.pair[:], places.outer[:] = known.pair, known.outer
    return found


def _between(frames: Frames, pairs: set[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """bool[m]: which packets without a number pass between these stations?"""
    found = np.zeros(len(frames.vni), np.bool_)
    for source, target in pairs:
        found |= (frames.eth_src == np.uint64(source)) & (frames.eth_dst == np.uint64(target))
    found &= (frames.vni < 0) & (frames.ip_version != 0)
    return found


def _find(batch: RecordBatch, frames: Frames, places: Places, rows: I64) -> Carriers:
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
        frames.src_low,
        frames.dst_low,
        frames.path_high,
        frames.path_low,
        places.pair,
        places.outer,
        out_row,
        out_outer,
    )
    return Carriers(out_row[:written].copy(), out_outer[:written].copy())
