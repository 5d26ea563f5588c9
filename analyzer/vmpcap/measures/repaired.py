"""What one acknowledgement tells of at once had come all the while that it waited for a repaired hole."""

import numpy as np
import numpy.typing as npt

from vmpcap.measures.series import Together


def carried_bytes(together: Together) -> npt.NDArray[np.int64]:
    """
    How many bytes did the path deliver in each bin, those behind a hole counted while they came?

    int64[bins], of the same sum as `delivered_bytes`. Behind a lost segment the cumulative acknowledgement stands
    still while what follows goes on arriving; it tells of all that in the moment in which the hole is filled, a rate
    that no link has. An acknowledgement that gives a round trip answers data that waited for no hole: the bins from one
    with such to the next, or to the last that moves, share what they tell, evenly, where something was resent in them.

    Notes
    -----
    A sender that waited in that time for its timeout is taken to have sent evenly too: the rate leans low there. Holes
    that were filled within a bin are left as they are.
    """
    delivered = together.delivered_bytes
    is_sure = together.rtt_min_ns >= 0
    is_sure[np.flatnonzero(delivered)[-1:]] = True
    sure = np.flatnonzero(is_sure & (delivered > 0))
    resent = np.concatenate(([0], np.cumsum(together.resent_bytes)))
    carried = delivered.copy()
    low, high = sure[:-1], sure[1:]
    is_repaired = (high - low > 1) & (resent[high + 1] > resent[low])
    for begin, end in _joined(low[is_repaired], high[is_repaired]):
        share, rest = divmod(int(delivered[begin : end + 1].sum()), end + 1 - begin)
        carried[begin : end + 1] = share
        carried[end] += rest
    return carried


def _joined(low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Stretches of bins, those that have an end in common as one."""
    begins = np.flatnonzero(np.append(True, low[1:] != high[:-1])) if len(low) else np.zeros(0, np.int64)
    ends = np.append(begins[1:], len(low)) - 1 if len(low) else begins
    return list(zip(low[begins].tolist(), high[ends].tolist(), strict=True))
