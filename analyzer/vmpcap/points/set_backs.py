"""When a capture's own clock was set back, as the order of all its frames tells: a stream's own among them."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.backwards import LEAST_BACK_NS, set_backs
from vmpcap.terms.frame_numbers import parted
from vmpcap.terms.units import NO_TIME

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_SETS: Final = 64
"""So many of the largest are kept."""
BESIDE: Final = 3
"""Frames before a batch that must be known: a step is told from one frame out of order by two on either side of it."""
BEFORE, AFTER, LAST, FRAME = range(4)


def no_set_backs() -> I64:
    """The rows of a point without any."""
    return np.zeros((0, 4), np.int64)


@dataclass(slots=True)
class SetBackLog:
    """
    Between which two times in a row was this clock set back? The largest steps.

    Of several files each by itself: where one ends and the next begins earlier, they need not have been cut from one.
    """

    _rows: I64 = field(default_factory=no_set_backs)
    _last: I64 = field(default_factory=lambda: np.zeros((2, 0), np.int64))

    def absorb(self, ts_ns: I64, first_frame: int, inside: Bools | None) -> None:
        """
        Take in the next batch.

        Parameters
        ----------
        ts_ns : int64[m], NO_TIME where a frame has none
        inside : bool[m], only these frames count; None: all
        """
        if self._last.shape[1] and parted(int(self._last[1, -1]))[0] != parted(first_frame)[0]:
            self._last = self._last[:, :0]
        if inside is None and len(ts_ns) >= BESIDE and _is_rising(self._last[0], ts_ns):
            self._last = np.stack((ts_ns[-BESIDE:], first_frame + len(ts_ns) - np.arange(BESIDE, 0, -1)))
            return
        wanted = np.flatnonzero(ts_ns != NO_TIME if inside is None else inside & (ts_ns != NO_TIME))
        ts, frame = np.concatenate((self._last, np.stack((ts_ns[wanted], first_frame + wanted))), axis=1)
        last = set_backs(ts)
        if len(last):
            new = np.stack((ts[last], ts[last + 1], frame[last], frame[last + 1]), axis=1)
            rows = np.concatenate((self._rows, new))
            largest = np.argsort(rows[:, AFTER] - rows[:, BEFORE], kind="stable")[:MOST_SETS]
            self._rows = rows[np.sort(largest)]
        self._last = np.stack((ts[-BESIDE:], frame[-BESIDE:]))

    def rows(self) -> I64:
        """
        int64[k, 4], in the order of the capture: the time right before it was set and the one right after, ns, and the
        frames that have them.
        """
        return self._rows


def _is_rising(last: I64, ts_ns: I64) -> bool:
    """Does no frame of these, nor of the last before them, lie far before another? What most batches do."""
    if ts_ns.min() == NO_TIME or (len(last) and int(last.max()) - int(ts_ns[:BESIDE].min()) > LEAST_BACK_NS):
        return False
    return bool((ts_ns[1:] - ts_ns[:-1]).min(initial=0) >= -LEAST_BACK_NS)
