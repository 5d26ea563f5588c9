"""Segments too large for the way between two points: seen at the first only, while smaller ones came to both."""

from dataclasses import replace

import numpy as np

from vmpcap.points.kernels.keys import Kept
from vmpcap.points.passage import MOST_FRAMES, Passage


def count_too_large(passage: Passage, here: Kept, there: Kept, size: int | None, window: tuple[int, int]) -> Passage:
    """
    The same, with segments of this size lost between the points also where the second recorded nothing afterwards.

    Parameters
    ----------
    here, there : the stream's data at both points
    size : of segments that were sent again and never acknowledged; None where there are none
    window : when a packet must have left to be looked for at the second point, by the first one's clock

    Notes
    -----
    A point that a stream ends at shows nothing behind its last small segment, so its capture does not tell whether it
    went on. That they were sent again in vain, and that it shows none of that size but smaller ones, does.
    """
    most = int(there.payload_bytes.max(initial=0))
    if size is None or passage.lost is None or not 0 < most < size:
        return passage
    is_outside = (here.ts_ns < window[0]) | (here.ts_ns > window[1])
    gone = np.flatnonzero(is_outside & (here.payload_bytes >= size) & ~np.isin(here.key, there.key))[: passage.outside]
    frames = sorted({*passage.lost_frames, *(int(frame) for frame in here.frame[gone])})
    return replace(
        passage,
        sent=passage.sent + len(gone),
        lost=passage.lost + len(gone),
        outside=passage.outside - len(gone),
        lost_frames=tuple(frames[:MOST_FRAMES]),
    )
