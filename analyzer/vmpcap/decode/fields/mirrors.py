"""The hardware clock of ERSPAN III: draft-foschiano-erspan 4.3."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.bits import Bytes, be16, be32
from vmpcap.terms.kernels import kernel
from vmpcap.terms.units import NS_PER_S

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

NO_CLOCK: Final = -1
"""Of a frame without such a header, or with a unit that only its owner knows."""
UNITS_NS: Final = (100_000, 100, 1, NO_CLOCK)
"""By the granularity field: 100 us, 100 ns, the nanoseconds of IEEE 1588, and what a user has set."""
_STAMP_AT: Final = 4
_LAST_WORD_AT: Final = 10  # P, frame type, hardware, direction, granularity, O
_PLATFORM_AT: Final = 12
_BEYOND_AT: Final = 16
_WHOLE_BYTES: Final = 20
_OF_1588: Final = 2
_MOST_NS: Final = (1 << 63) - 1


@kernel
def read_clocks(
    buffer: Bytes, record_at: I64, captured_bytes: I32, mirror_at: I32, out_clock_ns: I64, out_unit_ns: I64
) -> None:
    """
    What did the clock of the outermost mirror show, and in which unit does it count?

    Parameters
    ----------
    buffer : uint8[n]
    record_at, captured_bytes, mirror_at : [m]
        As of a walked batch; the first twelve bytes of the header are captured.
    out_clock_ns, out_unit_ns : int64[m]
        NO_CLOCK where there is none.

    Notes
    -----
    The 32 bits come round: after five days at 100 us, seven minutes at 100 ns. Where a platform's header follows, it
    may have the seconds that belong to nanoseconds (5, 6) or the upper half of a count (0, 3, 7). Without it the
    nanoseconds of IEEE 1588 begin anew with each second, and which second it was is not told.
    """
    for i in range(mirror_at.shape[0]):
        out_clock_ns[i] = NO_CLOCK
        out_unit_ns[i] = NO_CLOCK
        if mirror_at[i] < 0:
            continue
        at = record_at[i] + mirror_at[i]
        last = be16(buffer, at + _LAST_WORD_AT)
        granularity = (last >> 1) & 3
        unit = np.int64(UNITS_NS[granularity])
        if unit == NO_CLOCK:
            continue
        out_unit_ns[i] = unit
        count = be32(buffer, at + _STAMP_AT)
        clock = count * unit
        if last & 1 and mirror_at[i] + _WHOLE_BYTES > captured_bytes[i]:
            clock = np.int64(NO_CLOCK)  # the rest of it may be where nothing was captured
        elif last & 1:
            platform = be32(buffer, at + _PLATFORM_AT) >> 26
            beyond = be32(buffer, at + _BEYOND_AT)
            if granularity == _OF_1588 and platform in (5, 6):
                clock += beyond * NS_PER_S
            elif granularity != _OF_1588 and platform in (0, 3, 7):
                # a time after the year 2262 is none
                is_time = beyond < (_MOST_NS // unit) >> 32
                clock = ((beyond << 32) | count) * unit if is_time else np.int64(NO_CLOCK)
        out_clock_ns[i] = clock
