"""The kernel that counts what was found: packets, bytes, times, and what is wrong with them."""

import numpy as np

from vmpcap.readers.kernels.index import (
    BACKWARDS,
    CAPTURED,
    EARLIEST,
    FIRST_TS,
    LAST_TS,
    LATEST,
    LONGEST,
    MAX_TS,
    MIN_TS,
    NO_BYTES,
    OUT_OF_RANGE,
    OVER_SNAPLEN,
    OVER_WIRE,
    PACKETS,
    UNTIMED,
    WIRE,
    WIRE_CLIPPED,
    Int,
    Int32s,
    Int64s,
    count_defect,
)
from vmpcap.terms.kernels import kernel
from vmpcap.terms.units import NO_TIME


@kernel
def tally_records(
    record_at: Int64s,
    captured_bytes: Int32s,
    wire_bytes: Int32s,
    ts_ns: Int64s,
    interface: Int32s,
    snaplens: Int64s,
    base: Int,
    first_frame: Int,
    state_sums: Int64s,
    state_counts: Int64s,
    state_interface_packets: Int64s,
) -> None:
    """
    How many packets, how many bytes, from when to when, and what is odd about them?

    Parameters
    ----------
    record_at, ts_ns : int64[n]
    captured_bytes, wire_bytes, interface : int32[n]
    snaplens : int64[interfaces]
        0: no limit.
    base, first_frame : int64
    state_sums : int64[SUMS]
    state_counts : int64[kinds, 4]
    state_interface_packets : int64[interfaces or more]

    Notes
    -----
    Time runs backwards where a timed packet is stamped before the timed one in front of it, whatever the interface.
    Files of several interfaces do this without anything being wrong with the clocks.
    """
    last = state_sums[LAST_TS]
    earliest = state_sums[MIN_TS]
    latest = state_sums[MAX_TS]
    wire_sum = np.int64(0)
    captured_sum = np.int64(0)
    for i in range(record_at.shape[0]):
        captured = np.int64(captured_bytes[i])
        wire = np.int64(wire_bytes[i])
        stamp = ts_ns[i]
        port = interface[i]
        frame = first_frame + i
        offset = base + record_at[i]
        wire_sum += wire
        captured_sum += captured
        state_interface_packets[port] += 1
        if captured > wire:
            count_defect(state_counts, OVER_WIRE, frame, offset, captured - wire)
        if captured == 0:
            count_defect(state_counts, NO_BYTES, frame, offset, wire)
        if snaplens[port] != 0 and captured > snaplens[port]:
            count_defect(state_counts, OVER_SNAPLEN, frame, offset, captured)
        if wire == LONGEST:
            count_defect(state_counts, WIRE_CLIPPED, frame, offset, wire)
        if stamp == NO_TIME:
            count_defect(state_counts, UNTIMED, frame, offset, np.int64(0))
            continue
        if stamp == LATEST or stamp == EARLIEST:
            count_defect(state_counts, OUT_OF_RANGE, frame, offset, np.int64(0))
        if last == NO_TIME:
            state_sums[FIRST_TS] = stamp
            earliest = stamp
            latest = stamp
        elif stamp < last:
            step = np.int64(LATEST)
            if last < 0 or stamp >= last - LATEST:
                step = last - stamp
            count_defect(state_counts, BACKWARDS, frame, offset, step)
        earliest = min(earliest, stamp)
        latest = max(latest, stamp)
        last = stamp
    state_sums[LAST_TS] = last
    state_sums[MIN_TS] = earliest
    state_sums[MAX_TS] = latest
    state_sums[WIRE] += wire_sum
    state_sums[CAPTURED] += captured_sum
    state_sums[PACKETS] += record_at.shape[0]
