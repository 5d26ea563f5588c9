"""Who speaks with whom inside tunnels that no overlay number tells apart: EtherIP, fences, labels."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.bits import Bytes, be16, be32, be64, byte
from vmpcap.decode.frames import I32, I64, U8, U64, Frames
from vmpcap.decode.steps import STEPS
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.wire import ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINKTYPE_ETHERNET

Bools = npt.NDArray[np.bool_]

KINDS: Final = ("", "etherip", "fence", "mpls", "labelled_gre")
"""By the number that stands for each; all but the last are names of steps. OTV on a Nexus 7000 is labels in GRE."""

FENCE: Final = KINDS.index("fence")
_MPLS: Final = KINDS.index("mpls")
_LABELLED_GRE: Final = KINDS.index("labelled_gre")
_GRE: Final = 255
"""Stands for the step gre in the table of kinds: none by itself."""
ETHERTYPE_FENCE: Final = 0x88DE
MORE_PARTS: Final = 0x04
"""Flag of a fenced frame that was cut because it did not fit (Wireshark, packet-vmlab.c)."""

MOST_PAIRS: Final = 1024
SLOTS: Final = 4 * MOST_PAIRS
PROBES: Final = 16
_MOST_TAGS: Final = 2
_MAPPED: Final = np.uint64(IPV4_MAPPED)
_MIX: Final = 0x9E37_79B9_7F4A_7C15

PAIRS: Final = 0
LEFT_OUT: Final = 1
TOTALS: Final = 2

Ends = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""Source and target, in halves."""
_NOWHERE: Final[Ends] = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))

PATHS: Final = 64
_PATH_SHIFT: Final = 58
"""Of 64 bits the upper six."""


def _kinds() -> npt.NDArray[np.uint8]:
    kinds = np.zeros(256, np.uint8)
    for number, step in enumerate(STEPS):
        if step.name in KINDS:
            kinds[number + 1] = KINDS.index(step.name)
        if step.name == "gre":
            kinds[number + 1] = _GRE
    kinds.flags.writeable = False
    return kinds


_KIND_OF_STEP: Final = _kinds()


class Pairs(NamedTuple):
    """Machines that speak inside a tunnel, by place; carried from batch to batch."""

    kind: U8
    """uint8[SLOTS]: of KINDS; 0 free."""
    eth_src: U64
    eth_dst: U64
    vni: I64
    """int64[SLOTS]: the fence's id, or what the walk says of an overlay inside."""
    outer: U64
    """uint64[SLOTS, 4]: source and target of the carrying packets, in halves, IPv4 as IPv4-mapped; 0 without."""
    first_frame: I64
    first_ts: I64
    last_frame: I64
    last_ts: I64
    frames: I64
    most_bytes: I32
    """int32[SLOTS]: of the largest frame, with all that carries it."""
    parts: I64
    """int64[SLOTS]: fenced frames that were cut."""
    first_part: I64
    """int64[SLOTS]: the first such frame, 0 without."""
    totals: I64
    """int64[TOTALS]"""
    path: U64
    """uint64[PATHS, 2]: paths that were met, each at the place that its bits say."""
    path_kind: U8
    """uint8[PATHS]: their kinds."""


def no_pairs() -> Pairs:
    """Nobody spoke yet."""
    types: dict[str, Any] = {"kind": np.uint8, "eth_src": np.uint64, "eth_dst": np.uint64}
    types.update(most_bytes=np.int32)
    columns: Any = {name: np.zeros(SLOTS, types.get(name, np.int64)) for name in Pairs._fields}
    columns.update(
        outer=np.zeros((SLOTS, 4), np.uint64),
        totals=np.zeros(TOTALS, np.int64),
        path=np.zeros((PATHS, 2), np.uint64),
        path_kind=np.zeros(PATHS, np.uint8),
    )
    return Pairs(**columns)


@inline_kernel
def find_pair(
    state: Pairs, kind: np.int64, eth_src: np.uint64, eth_dst: np.uint64, vni: np.int64, outer: Ends
) -> np.int64:
    """Where are these two between these ends? -1 where they are new and there is no room."""
    mixed = (eth_src * np.uint64(_MIX)) ^ eth_dst ^ (np.uint64(vni) << np.uint64(40)) ^ np.uint64(kind)
    for half in outer:
        mixed = ((mixed ^ (mixed >> np.uint64(29))) * np.uint64(_MIX)) ^ half
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(_MIX)
    begin = np.int64(mixed >> np.uint64(33))
    for probe in range(PROBES):
        slot = (begin + probe) & (SLOTS - 1)
        if state.kind[slot] == 0:
            if state.totals[PAIRS] == MOST_PAIRS:
                return np.int64(-1)
            state.totals[PAIRS] += 1
            state.kind[slot] = kind
            for place in range(4):
                state.outer[slot, place] = outer[place]
            state.eth_src[slot], state.eth_dst[slot], state.vni[slot] = eth_src, eth_dst, vni
            return np.int64(slot)
        is_same = state.eth_src[slot] == eth_src and state.eth_dst[slot] == eth_dst and state.vni[slot] == vni
        for place in range(4):
            is_same = is_same and state.outer[slot, place] == outer[place]
        if is_same and state.kind[slot] == kind:
            return np.int64(slot)
    return np.int64(-1)


@inline_kernel
def kind_of(path_high: np.uint64, path_low: np.uint64, kind_of_step: U8) -> np.int64:
    """Which of KINDS is the outermost on this path? 0 without."""
    behind_gre = False
    for half in (path_high, path_low):
        for i in range(8):
            kind = np.int64(kind_of_step[(half >> np.uint64(56 - 8 * i)) & np.uint64(0xFF)])
            if kind == _GRE:
                behind_gre = True
            elif kind != 0:
                return np.int64(_LABELLED_GRE) if kind == _MPLS and behind_gre else kind
    return np.int64(0)


@inline_kernel
def behind_tags(buffer: Bytes, base: np.int64, end: np.int64) -> np.int64:
    """Where stands the ethertype behind the outermost tags?"""
    at = np.int64(12)
    for _ in range(_MOST_TAGS):
        if at + 6 <= end and be16(buffer, base + at) in (0x8100, 0x88A8):
            at += 4
    return at


@inline_kernel
def outer_of(buffer: Bytes, base: np.int64, end: np.int64, at: np.int64) -> Ends:
    """Between which addresses is it carried? 0 without."""
    none = np.uint64(0)
    if at + 22 > end:
        return none, none, none, none
    p, ethertype = base + at, be16(buffer, base + at)
    if ethertype == ETHERTYPE_IPV4:
        source, target = np.uint64(be32(buffer, p + 14)), np.uint64(be32(buffer, p + 18))
        return none, _MAPPED | source, none, _MAPPED | target
    if ethertype == ETHERTYPE_IPV6 and at + 42 <= end:
        return be64(buffer, p + 10), be64(buffer, p + 18), be64(buffer, p + 26), be64(buffer, p + 34)
    return none, none, none, none


@kernel
def note_pairs(
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    link_type: I32,
    first_frame: int,
    wanted: Bools,
    ts_ns: I64,
    wire_bytes: I32,
    eth_src: U64,
    eth_dst: U64,
    vni: I64,
    path_high: U64,
    path_low: U64,
    kind_of_step: U8,
    state: Pairs,
) -> None:
    """
    Who speaks with whom in which of these tunnels?

    Parameters
    ----------
    buffer : uint8[n]
    record_at, captured_bytes : int64[m], int32[m]
    link_type : int32[m]
        Only where frames begin with an Ethernet header outer addresses and flags are read.
    first_frame : number of the first
    wanted : bool[m], or bool[0] for all
    ts_ns, wire_bytes, eth_src, eth_dst, vni, path_high, path_low : [m], as in Frames
    kind_of_step : uint8[256]
    state : Pairs
    """
    last_high = last_low = np.uint64(0)
    kind = np.int64(0)
    for i in range(path_high.shape[0]):
        if path_high[i] != last_high or path_low[i] != last_low:
            last_high, last_low = path_high[i], path_low[i]
            place = ((last_high ^ last_low) * np.uint64(_MIX)) >> np.uint64(_PATH_SHIFT)
            if last_high != state.path[place, 0] or last_low != state.path[place, 1]:
                state.path[place, 0], state.path[place, 1] = last_high, last_low
                state.path_kind[place] = kind_of(last_high, last_low, kind_of_step)
            kind = np.int64(state.path_kind[place])
        if kind == 0 or (wanted.shape[0] != 0 and not wanted[i]):
            continue
        base, end, at = record_at[i], np.int64(captured_bytes[i]), np.int64(0)
        outer = _NOWHERE
        if link_type[i] == LINKTYPE_ETHERNET:
            at = behind_tags(buffer, base, end)
            outer = outer_of(buffer, base, end, at)
        slot = find_pair(state, kind, eth_src[i], eth_dst[i], vni[i], outer)
        if slot < 0:
            state.totals[LEFT_OUT] += 1
            continue
        if state.frames[slot] == 0:
            state.first_frame[slot], state.first_ts[slot] = first_frame + i, ts_ns[i]
        state.frames[slot] += 1
        state.last_frame[slot], state.last_ts[slot] = first_frame + i, ts_ns[i]
        state.most_bytes[slot] = max(state.most_bytes[slot], wire_bytes[i])
        is_fenced = kind == FENCE and at != 0 and at + 3 <= end and be16(buffer, base + at) == ETHERTYPE_FENCE
        if is_fenced and byte(buffer, base + at + 2) & MORE_PARTS:
            state.parts[slot] += 1
            state.first_part[slot] = first_frame + i if state.first_part[slot] == 0 else state.first_part[slot]


_ALL: Final = np.zeros(0, np.bool_)


def note_tunnelled(batch: RecordBatch, frames: Frames, state: Pairs, wanted: Bools | None) -> None:
    """Add what this batch shows; wanted is bool[m], None for all."""
    note_pairs(
        batch.buffer,
        batch.record_at,
        batch.captured_bytes,
        batch.link_type,
        batch.first_frame,
        _ALL if wanted is None else np.ascontiguousarray(wanted),
        frames.ts_ns,
        frames.wire_bytes,
        frames.eth_src,
        frames.eth_dst,
        frames.vni,
        frames.path_high,
        frames.path_low,
        _KIND_OF_STEP,
        state,
    )
