"""The kernel that picks the frames of a few stations out of many."""

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import kernel

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


@kernel
def mark_whose(
    ts_ns: I64,
    eth_src: U64,
    eth_dst: U64,
    src_high: U64,
    src_low: U64,
    dst_high: U64,
    dst_low: U64,
    macs: U64,
    addresses: U64,
    windows: I64,
    out_is_whose: Bools,
) -> None:
    """
    Which frames are from or to one of these MACs or addresses, within one of these stretches of time?

    Parameters
    ----------
    ts_ns : int64[n]
        Nanoseconds.
    eth_src, eth_dst, src_high, src_low, dst_high, dst_low : uint64[n]
        MACs, and the halves of addresses.
    macs : uint64[m]
    addresses : uint64[a, 2]
        High and low half.
    windows : int64[w, 2]
        From and to in nanoseconds, both included.
    out_is_whose : bool[n]
    """
    for i in range(ts_ns.shape[0]):
        is_near = False
        for w in range(windows.shape[0]):
            is_near |= windows[w, 0] <= ts_ns[i] <= windows[w, 1]
        is_whose = False
        if is_near:
            for m in range(macs.shape[0]):
                is_whose |= eth_src[i] == macs[m] or eth_dst[i] == macs[m]
            for a in range(addresses.shape[0]):
                high, low = addresses[a, 0], addresses[a, 1]
                is_whose |= (src_high[i] == high and src_low[i] == low) or (dst_high[i] == high and dst_low[i] == low)
        out_is_whose[i] = is_whose
