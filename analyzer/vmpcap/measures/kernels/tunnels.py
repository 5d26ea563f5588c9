"""Numbers that a tunnel gives its packets: what is missing among them was lost before the capture."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import Int, inline_kernel, kernel
from vmpcap.terms.units import NO_TIME

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

MOST_TUNNELS: Final = 1024
SLOTS: Final = 4 * MOST_TUNNELS
PROBES: Final = 16
"""Places that a tunnel may take, from its key on."""
WINDOW: Final = 64
"""Numbers behind the newest of which it is known whether they were seen, as IPsec remembers them (RFC 4303 3.4.3)."""
MOST_MISSING: Final = 1 << 20
"""A step further than this is no loss but another count."""
NO_NUMBER: Final = -1
NUMBERS: Final = 1 << 32
_HALF: Final = NUMBERS >> 1
BINS: Final = 512
FIRST_WIDTH_NS: Final = 10_000_000
"""Bins begin as long as this and become twice as long whenever a packet lies behind them."""


class Tunnels(NamedTuple):
    """Every numbered tunnel so far, carried from batch to batch."""

    key: U64
    """uint64[SLOTS]: Frames.tunnel_key; 0 free."""
    step: U8
    """uint8[SLOTS]: Frames.tunnel_step of its first packet."""
    newest: I64
    """int64[SLOTS]: highest number so far, counted on where 32 bits come round."""
    oldest: I64
    """int64[SLOTS]: where the count began."""
    seen: U64
    """uint64[SLOTS]: which of the last 64 numbers were seen; the lowest bit is the newest."""
    restart: I64
    """int64[SLOTS]: the number that would show that the count began anew, NO_NUMBER without."""
    packets: I64
    missing: I64
    reordered: I64
    duplicates: I64
    restarts: I64
    totals: I64
    """int64[TOTALS]"""
    wire_bytes: I64
    first_ts: I64
    last_ts: I64
    bins: I64
    """int64[SLOTS, BINS]: bytes by time, from the first packet of any tunnel on."""
    span: I64
    """int64[2]: when the bins begin (NO_TIME before any packet), and how long each is, ns."""
    source: U64
    """uint64[SLOTS, 2]: of the innermost IP header of the first packet; of ESP that is the tunnel's own."""
    target: U64


FOLLOWED: Final = 0
NOT_FOLLOWED: Final = 1
TOTALS: Final = 2


@inline_kernel
def find_tunnel(state: Tunnels, key: np.uint64, step: Int) -> np.int64:
    """Where is this tunnel? -1 where it is new and there is no room."""
    begin = np.int64(key >> np.uint64(32))
    for probe in range(PROBES):
        slot = (begin + probe) % SLOTS
        if state.key[slot] == key:
            return np.int64(slot)
        if state.key[slot] == 0:
            if state.totals[FOLLOWED] == MOST_TUNNELS:
                return np.int64(-1)
            state.totals[FOLLOWED] += 1
            state.key[slot] = key
            state.step[slot] = step
            return np.int64(slot)
    return np.int64(-1)


@inline_kernel
def begin_count(state: Tunnels, slot: np.int64, number: Int, seen: Int) -> None:
    """Begin to count at this number, the last of so many in a row."""
    state.newest[slot] = number
    state.oldest[slot] = number - seen + 1
    state.seen[slot] = (np.uint64(1) << np.uint64(seen)) - np.uint64(1)
    state.restart[slot] = NO_NUMBER


@inline_kernel
def widen_bins(state: Tunnels) -> None:
    """Put each two neighbours together, so that half of the bins are free again."""
    for slot in range(SLOTS):
        if state.packets[slot] == 0:
            continue
        for i in range(BINS // 2):
            state.bins[slot, i] = state.bins[slot, 2 * i] + state.bins[slot, 2 * i + 1]
        for i in range(BINS // 2, BINS):
            state.bins[slot, i] = 0
    state.span[1] *= 2


@inline_kernel
def place_bytes(state: Tunnels, slot: np.int64, ts: Int, size: Int) -> None:
    """Count these bytes at their time. What has none, or lies before the first packet, is left out of the bins."""
    if ts == NO_TIME:
        return
    if state.span[0] == NO_TIME:
        state.span[0] = ts
    since = ts - state.span[0]
    if since < 0:
        return
    while since // state.span[1] >= BINS:
        widen_bins(state)
    state.bins[slot, since // state.span[1]] += size


@kernel
def count_numbers(
    tunnel_key: U64,
    tunnel_seq: I64,
    tunnel_step: U8,
    ts_ns: I64,
    wire_bytes: I32,
    src_high: U64,
    src_low: U64,
    dst_high: U64,
    dst_low: U64,
    state: Tunnels,
) -> None:
    """
    How many packets of each tunnel came, how many are missing between them?

    Parameters
    ----------
    tunnel_key, tunnel_seq, tunnel_step, ts_ns, wire_bytes, src_high, src_low, dst_high, dst_low : [m]
        As in Frames, in capture order.
    state : Tunnels

    Notes
    -----
    What is missing leans high by packets that come more than 64 numbers late, and where a device numbers several
    tunnels with one count; low where the first or last packets are missing. A number far away begins another count only
    if the next one follows it (RFC 3550 A.1).
    """
    for i in range(tunnel_seq.shape[0]):
        if tunnel_seq[i] < 0:
            continue
        slot = find_tunnel(state, tunnel_key[i], tunnel_step[i])
        if slot < 0:
            state.totals[NOT_FOLLOWED] += 1
            continue
        number = np.int64(tunnel_seq[i])
        state.packets[slot] += 1
        state.wire_bytes[slot] += wire_bytes[i]
        place_bytes(state, slot, np.int64(ts_ns[i]), np.int64(wire_bytes[i]))
        state.last_ts[slot] = ts_ns[i]
        if state.packets[slot] == 1:
            state.first_ts[slot] = ts_ns[i]
            state.source[slot, 0], state.source[slot, 1] = src_high[i], src_low[i]
            state.target[slot, 0], state.target[slot, 1] = dst_high[i], dst_low[i]
            begin_count(state, slot, number, 1)
            continue
        ahead = ((number - state.newest[slot] + _HALF) & (NUMBERS - 1)) - _HALF
        if 0 < ahead <= MOST_MISSING:
            state.missing[slot] += ahead - 1
            state.newest[slot] += ahead
            passed = state.seen[slot] << np.uint64(ahead) if ahead < WINDOW else np.uint64(0)
            state.seen[slot] = passed | np.uint64(1)
            state.restart[slot] = NO_NUMBER
        elif -WINDOW < ahead <= 0:
            bit = np.uint64(1) << np.uint64(-ahead)
            if state.newest[slot] + ahead < state.oldest[slot]:
                state.reordered[slot] += 1
            elif state.seen[slot] & bit:
                state.duplicates[slot] += 1
            else:
                state.seen[slot] |= bit
                state.missing[slot] -= 1
                state.reordered[slot] += 1
        elif number == state.restart[slot]:
            state.restarts[slot] += 1
            begin_count(state, slot, number, 2)
        else:
            state.restart[slot] = (number + 1) & (NUMBERS - 1)
