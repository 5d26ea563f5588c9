"""Tunnel endpoints of one capture point: between which addresses frames of two machines were carried, since when."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.carriers import Places, no_places, read_carriers
from vmpcap.decode.frames import I64, U64, Frames
from vmpcap.readers.records import RecordBatch

ROW_BUDGET: Final = 100_000
"""Changes kept per capture point: about 7 MB."""


class CarrierRows(NamedTuple):
    """One row per change, in capture order; all of length n."""

    frame: I64
    ts_ns: I64
    eth_src: U64
    eth_dst: U64
    vni: I64
    outer: U64
    """
    uint64[n, 4]: source of the carrying packet and its target, each in two halves; zeros where a packet
    of machines that LISP had carried was in none.
    """
    src_low: U64
    """Of the carried packet, as the next; 0 without IP."""
    dst_low: U64
    path_high: U64
    path_low: U64


_DTYPES: Final = {"frame": np.int64, "ts_ns": np.int64, "vni": np.int64}
"""Everything else is uint64."""


@dataclass(slots=True)
class CarrierLog:
    """Which endpoints carried whose frames; what did not fit is counted."""

    budget: int = ROW_BUDGET
    kept: int = 0
    left_out: int = 0
    _places: Places = field(default_factory=no_places)
    _chunks: list[CarrierRows] = field(default_factory=list)

    def collect(self, batch: RecordBatch, frames: Frames, inside: npt.NDArray[np.bool_] | None = None) -> None:
        """
        Which carriers became known in this batch, or changed?

        Parameters
        ----------
        batch, frames : the records and what the walk says of them; what is kept is copied
        inside : bool[m]
            Which frames are asked for; None: all.
        """
        found = read_carriers(batch, frames, self._places, inside)
        room = self.budget - self.kept
        self.left_out += max(len(found.row) - room, 0)
        at, outer = found.row[:room], found.outer[:room]
        if not len(at):
            return
        self.kept += len(at)
        self._chunks.append(
            CarrierRows(
                frame=at + batch.first_frame,
                ts_ns=frames.ts_ns[at],
                eth_src=frames.eth_src[at],
                eth_dst=frames.eth_dst[at],
                vni=frames.vni[at],
                outer=outer,
                src_low=frames.src_low[at],
                dst_low=frames.dst_low[at],
                path_high=frames.path_high[at],
                path_low=frames.path_low[at],
            )
        )

    def until(self, ts_ns: int) -> "CarrierLog":
        """The same up to that time, for whom later changes are another's."""
        cut: Any = ((column[chunk.ts_ns <= ts_ns] for column in chunk) for chunk in self._chunks)
        chunks = [CarrierRows(*columns) for columns in cut]
        kept = sum(len(chunk.ts_ns) for chunk in chunks)
        return CarrierLog(self.budget, kept, self.left_out, self._places, chunks)

    def rows(self) -> CarrierRows:
        """Everything kept."""
        names = CarrierRows._fields
        if not self._chunks:
            empty: Any = (np.zeros((0, 4) if name == "outer" else 0, _DTYPES.get(name, np.uint64)) for name in names)
            return CarrierRows(*empty)
        joined: Any = (np.concatenate([getattr(chunk, name) for chunk in self._chunks]) for name in names)
        return CarrierRows(*joined)
