"""The frames that are not bulk stream, kept as plain columns: who spoke when, within a stated budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.stops import FIRST_FRAGMENT
from vmpcap.measures.kernels.keeping import write_down
from vmpcap.terms.arrays import reserve

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

Bools = npt.NDArray[np.bool_]

ROW_BUDGET: Final = 1_000_000
"""Frames kept per capture point: about 130 MB."""

NO_FLOW: Final = -1


class JournalColumns(NamedTuple):
    """One row per kept frame, in capture order; one array per quantity, all of length n. Owned."""

    frame: I64
    """int64[n]: frame number in its file, from 1."""
    ts_ns: I64
    flow_id: I32
    """int32[n]: the caller's flow number, NO_FLOW without one."""
    side: U8
    """uint8[n]: 0 where the sender of the flow's first packet sent this one."""
    eth_src: U64
    eth_dst: U64
    segment_key: U64
    vlan_outer_id: I32
    vni: I64
    ethertype: U16
    src_high: U64
    src_low: U64
    dst_high: U64
    dst_low: U64
    ip_version: U8
    ip_protocol: U8
    ttl: U8
    ip_id: U32
    ip_fragment: U8
    src_port: U16
    dst_port: U16
    payload_bytes: I32
    tcp_seq: U32
    tcp_ack: U32
    tcp_flags: U16
    icmp_type: U8
    icmp_id: U16
    icmp_seq: U16
    wire_bytes: I32

    def take(self, which: Bools | I64) -> "JournalColumns":
        """Which rows does this mask or index name?"""
        columns: Any = (column[which] for column in self)
        return JournalColumns(*columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.frame)


_DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "frame": np.int64,
    "ts_ns": np.int64,
    "flow_id": np.int32,
    "side": np.uint8,
    "vlan_outer_id": np.int32,
    "vni": np.int64,
    "ethertype": np.uint16,
    "ip_version": np.uint8,
    "ip_protocol": np.uint8,
    "ttl": np.uint8,
    "ip_id": np.uint32,
    "ip_fragment": np.uint8,
    "src_port": np.uint16,
    "dst_port": np.uint16,
    "payload_bytes": np.int32,
    "tcp_seq": np.uint32,
    "tcp_ack": np.uint32,
    "tcp_flags": np.uint16,
    "icmp_type": np.uint8,
    "icmp_id": np.uint16,
    "icmp_seq": np.uint16,
    "wire_bytes": np.int32,
}
"""Everything else is uint64."""

REASONS: Final[tuple[tuple[str, int], ...]] = (("icmp", 1), ("icmpv6", 58), ("tcp", 6), ("udp", 17))
"""By which word frames that did not fit are counted; the rest is `other`."""


OFTEN_ZERO: Final = frozenset({"segment_key", "src_high", "dst_high"})
"""Columns that are zero for IPv4 outside of any tag: as long as they are, they take no memory."""


def empty_journal() -> JournalColumns:
    """The journal of a capture without frames."""
    return JournalColumns(*(np.empty(0, _DTYPES.get(name, np.uint64)) for name in JournalColumns._fields))


@dataclass(slots=True)
class Journal:
    """
    Which frames does the story need one by one?

    The first frames up to the budget are kept, the rest is counted by what it carried: after first_left_out_ts the
    journal shows nothing, and what it does not show may still have been there.
    """

    budget: int = ROW_BUDGET
    kept: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Frames that did not fit, by what they carried."""
    first_left_out_frame: int | None = None
    first_left_out_ts: int | None = None
    _columns: JournalColumns | None = None

    @property
    def overflowed(self) -> bool:
        """Had frames to be left out?"""
        return bool(self.left_out)

    def keep(
        self, first_frame: int, frames: Frames, keep: Bools, flow_id: I32 | None = None, side: U8 | None = None
    ) -> None:
        """
        Which of this batch's frames are written down?

        Parameters
        ----------
        first_frame : frame number of the batch's first row
        frames : the walked batch, m rows; what is kept is copied
        keep : bool[m]
        flow_id, side : int32[m], uint8[m]
            The caller's flow of each frame and which side sent it; without them NO_FLOW and 0.
        """
        # the first part of a packet has no transport of its own: the packet stands at the frame that completes it
        chosen = np.flatnonzero(keep & (frames.stop != FIRST_FRAGMENT))
        room = self.budget - self.kept
        if len(chosen) > room:
            self._count_left_out(first_frame, frames, chosen[room:])
            chosen = chosen[:room]
        if not len(chosen):
            return
        if flow_id is None:
            flow_id = np.full(len(keep), NO_FLOW, np.int32)
        if side is None:
            side = np.zeros(len(keep), np.uint8)
        write_down(frames, chosen, first_frame, flow_id, side, self._room(), self.kept)
        self.kept += len(chosen)

    def keep_only(self, wanted: Bools) -> None:
        """Let go of all rows but these, bool[kept]; their room is free again. No views of them may be held."""
        if self._columns is None:
            return
        count = int(np.count_nonzero(wanted))
        columns: Any = self._columns
        for name, column in zip(JournalColumns._fields, columns, strict=True):
            column[:count] = column[: self.kept][wanted]
            if name in OFTEN_ZERO:  # keep relies on zeros beyond what is kept
                column[count : self.kept] = 0
        self.kept = count

    def take_over(self, other: "Journal", wanted: Bools) -> None:
        """
        Write down these rows of another journal, bool[other.kept], as the first of this empty one.

        Of the other only the counts stay. Each of its columns is let go of once it was copied, so that nothing is held
        twice; that needs callers who hold no other view of them. There must be room for the rows.
        """
        count = int(np.count_nonzero(wanted))
        if not count:
            other.give_up()
            return
        given = other.give_up()
        columns: Any = self._room()
        for name, column in zip(JournalColumns._fields, columns, strict=True):
            values = given.pop(0)[wanted]
            if name not in OFTEN_ZERO or values.any():
                column[:count] = values
        self.kept = count

    def columns(self) -> JournalColumns:
        """Everything kept, in the order in which it was given. Views, read-only; what is kept later is not in them."""
        if self._columns is None:
            return empty_journal()
        views: list[Any] = [column[: self.kept] for column in self._columns]
        for view in views:
            view.flags.writeable = False
        return JournalColumns(*views)

    def give_up(self) -> list[npt.NDArray[Any]]:
        """All columns in the order of JournalColumns: the caller's from now on. Only the counts stay."""
        columns: list[Any] = list(self.columns())
        self._columns, self.kept = None, 0
        return columns

    def _room(self) -> JournalColumns:
        """The columns in their full length: address space, which becomes memory where it is written."""
        if self._columns is None:
            columns: Any = (reserve(self.budget, _DTYPES.get(name, np.uint64)) for name in JournalColumns._fields)
            self._columns = JournalColumns(*columns)
        return self._columns

    def _count_left_out(self, first_frame: int, frames: Frames, rows: npt.NDArray[np.intp]) -> None:
        if self.first_left_out_frame is None:
            self.first_left_out_frame = first_frame + int(rows[0])
            self.first_left_out_ts = int(frames.ts_ns[rows[0]])
        counts = np.bincount(frames.ip_protocol[rows], minlength=256)
        named = {name: int(counts[number]) for name, number in REASONS}
        named["other"] = len(rows) - sum(named.values())
        for name, count in named.items():
            if count:
                self.left_out[name] = self.left_out.get(name, 0) + count
