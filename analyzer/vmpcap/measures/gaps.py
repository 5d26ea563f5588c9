"""When a capture point showed nothing at all: the stretches between two frames in which no other came."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.units import NO_TIME, NS_PER_MS

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_GAP_NS: Final = 20 * NS_PER_MS
"""Shorter ones change no figure that is told: they are less than the doubt of an outage."""

MOST_GAPS: Final = 1024
"""So many of the longest are kept: of a quiet point every stretch between two frames is one."""

FROM_TS, TO_TS, FROM_FRAME, TO_FRAME = range(4)


@dataclass(slots=True)
class GapLog:
    """
    Which stretches of at least LEAST_GAP_NS passed without any frame? The longest, by the point's own clock.

    A frame that is stamped earlier than one before it (several receive queues) ends no stretch. Nor does one that is
    stamped later than it came: where the next frame lies in the stretch, it ends there.
    """

    most: int = MOST_GAPS
    left_out: int = 0
    """Shorter stretches that were let go."""
    _rows: I64 = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    _latest: int | None = None
    _latest_frame: int = 0

    def absorb(self, ts_ns: I64, first_frame: int, inside: Bools | None) -> None:
        """
        Take in the next batch.

        Parameters
        ----------
        ts_ns : int64[m], NO_TIME where a frame has none
        inside : bool[m], only these frames count; None: all
        """
        if not len(ts_ns):
            return
        is_open = len(self._rows) > 0 and int(self._rows[-1, TO_FRAME]) == self._latest_frame
        if inside is None and self._latest is not None and not is_open and _is_dense(ts_ns, self._latest):
            self._latest = max(self._latest, int(ts_ns.max()))
            self._latest_frame = first_frame + len(ts_ns) - 1
            return
        wanted = ts_ns != NO_TIME if inside is None else inside & (ts_ns != NO_TIME)
        rows = np.flatnonzero(wanted)
        if not len(rows):
            return
        ts, frames = ts_ns[rows], first_frame + rows
        begin = int(ts[0]) if self._latest is None else self._latest
        latest = np.maximum.accumulate(np.concatenate(([begin], ts)))
        before = np.concatenate(([self._latest_frame], frames[:-1]))
        if is_open:
            last, self._rows = self._rows[-1:], self._rows[:-1]
            self._keep(_ended_by(last, ts[:1], frames[:1]))
        wide = np.flatnonzero(ts - latest[:-1] >= LEAST_GAP_NS)
        if len(wide):
            following = np.minimum(wide + 1, len(ts) - 1)
            new = np.stack((latest[:-1][wide], ts[wide], before[wide], frames[wide]), axis=1)
            self._keep(_ended_by(new, ts[following], frames[following]))
        self._latest, self._latest_frame = int(latest[-1]), int(frames[-1])

    def _keep(self, new: I64) -> None:
        self._rows = np.concatenate((self._rows, new))
        if len(self._rows) > 2 * self.most:
            self._rows = self._longest()

    def _longest(self) -> I64:
        length = self._rows[:, TO_TS] - self._rows[:, FROM_TS]
        kept = np.sort(np.argsort(-length, kind="stable")[: self.most])
        self.left_out += len(self._rows) - len(kept)
        return self._rows[kept]

    def rows(self) -> I64:
        """int64[k, 4], by time: from and to, ns, and the frames there."""
        if len(self._rows) > self.most:
            self._rows = self._longest()
        return self._rows[np.argsort(self._rows[:, FROM_TS], kind="stable")]


def _ended_by(rows: I64, ts: I64, frames: I64) -> I64:
    """These stretches, each with the frame after its last one: where that lies inside, the stretch ends there."""
    is_inside = (ts > rows[:, FROM_TS]) & (ts < rows[:, TO_TS])
    rows[is_inside, TO_TS], rows[is_inside, TO_FRAME] = ts[is_inside], frames[is_inside]
    return rows[rows[:, TO_TS] - rows[:, FROM_TS] >= LEAST_GAP_NS]


def _is_dense(ts_ns: I64, latest: int) -> bool:
    """Do all of these follow each other, and the latest before them, too soon for a gap? What most batches do."""
    if int(ts_ns[0]) - latest >= LEAST_GAP_NS or ts_ns.min() == NO_TIME:
        return False
    return bool((ts_ns[1:] - ts_ns[:-1]).max(initial=0) < LEAST_GAP_NS)


def no_gaps() -> I64:
    """The rows of a point without any."""
    return np.zeros((0, 4), np.int64)
