"""Wireshark's TCP analysis of one capture point: the marks of each segment, and how many each side of a flow has."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.flows.table import FlowTable
from vmpcap.measures.kernels import analysis_state as at
from vmpcap.measures.kernels.analysis import analyse
from vmpcap.measures.kernels.layout import ARENA_LIMIT, ARENA_LINKS
from vmpcap.measures.rtt_histogram import Buckets, RttHistogram
from vmpcap.terms.arrays import WRAPPING, doorway, reserve

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_UNACKED: Final = 1 << 23
_ECHO_PLACES: Final = 1 << 20
"""Some 25 MB: a flood of connections shall not double what round trips take."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that Wireshark says of a segment."""

    name: str
    """As in tcp.analysis.<name>."""
    bit: int
    counted_as: str
    """Which column of a flow's side counts it."""
    when: str


MARKS: Final = (
    Mark("retransmission", at.RETRANSMISSION, "retransmissions", "its numbers lie before the next expected one"),
    Mark("fast_retransmission", at.FAST_RETRANSMISSION, "fast_retransmissions", "so soon after two duplicate ACKs"),
    Mark("spurious_retransmission", at.SPURIOUS_RETRANSMISSION, "spurious_retransmissions", "it was acknowledged"),
    Mark("out_of_order", at.OUT_OF_ORDER, "out_of_order", "it comes later than its numbers by less than a round trip"),
    Mark("lost_segment", at.LOST_SEGMENT, "lost_segments", "numbers before it were not seen"),
    Mark("ack_lost_segment", at.ACK_LOST_SEGMENT, "acked_unseen", "it acknowledges numbers that were not seen"),
    Mark("duplicate_ack", at.DUPLICATE_ACK, "duplicate_acks", "the same ACK and window once more"),
    Mark("keep_alive", at.KEEP_ALIVE, "keep_alives", "at most a byte, one number before the next expected one"),
    Mark("keep_alive_ack", at.KEEP_ALIVE_ACK, "keep_alive_acks", "a repeated ACK after a keep-alive"),
    Mark("zero_window", at.ZERO_WINDOW, "zero_windows", "it offers no room"),
    Mark("zero_window_probe", at.ZERO_WINDOW_PROBE, "zero_window_probes", "one byte although there is no room"),
    Mark("zero_window_probe_ack", at.ZERO_WINDOW_PROBE_ACK, "zero_window_probe_acks", "its answer: still no room"),
    Mark("window_full", at.WINDOW_FULL, "window_fulls", "it reaches the edge of what the receiver offered"),
    Mark("window_update", at.WINDOW_UPDATE, "window_updates", "the same ACK with another window"),
    Mark("reused_ports", at.REUSED_PORTS, "reused_ports", "a SYN between ends that had a connection before"),
)
"""In the order in which a person would explain them. What counts is Wireshark 4.0 with its default preferences."""


class Analysis:
    """
    What Wireshark would mark in the packets of one flow table.

    Memory is address space from the start and real where it is used: some 200 bytes a flow.
    """

    def __init__(self, table: FlowTable) -> None:
        self.table = table
        arena = np.zeros(ARENA_LINKS + (_UNACKED >> 2), dtype=np.int32)
        arena[ARENA_LIMIT] = _UNACKED
        self._state = at.AnalysisState(
            sides=reserve(2 * table.room, at.ANALYSED),
            counted=reserve(2 * table.room, at.COUNTED),
            told=reserve(2 * table.room, at.TOLD),
            timed=reserve(table.room, at.TIMED),
            echoed=reserve(2 * table.room, at.ECHOED),
            unacked=reserve(_UNACKED, at.UNACKED),
            arena=arena,
        )
        self._echoes = RttHistogram(_ECHO_PLACES)
        self._out = _room(0)
        self._no_copies: Any = doorway(np.zeros(0), np.uint8)

    @WRAPPING
    def absorb(
        self, frames: Frames, flow_id: I32, side: U8, first_frame: int, is_copy: U8 | None = None
    ) -> at.Analysed:
        """
        What is said of each row of this batch? Batches come in file order; where they are cut does not matter.

        Parameters
        ----------
        flow_id, side : int32[m], uint8[m], as FlowTable.name gave them
        first_frame : frame number of row 0
        is_copy : uint8[m], as CopyFinder marks them; without it nothing is one

        Returns
        -------
        Analysed[m], scratch that the next call overwrites
        """
        rows = flow_id.shape[0]
        if self._out.marks.shape[0] < rows:
            self._out = _room(rows)
            self._no_copies = doorway(np.zeros(rows), np.uint8)
        room = self._out
        out = room._replace(
            marks=room.marks[:rows], ack_rtt_ns=room.ack_rtt_ns[:rows], flight_bytes=room.flight_bytes[:rows]
        )
        copies = self._no_copies[:rows] if is_copy is None else is_copy
        analyse(frames, flow_id, side, copies, first_frame, self.table.all_flows, self._state, out)
        self._echoes.absorb(out.echo_key, out.echo_ns, int(out.echoes[0]))
        return out

    @property
    def counted(self) -> npt.NDArray[np.void]:
        """COUNTED[flows, 2]: marks by the side that sent them. A view."""
        return self._state.counted[: 2 * self.table.count].reshape(-1, 2)

    @property
    def told(self) -> npt.NDArray[np.void]:
        """
        TOLD[flows, 2]: our own word on each side's old segments. A view.

        Sent again and came late are proven by time stamp or IP identification; what neither tells counts as neither, so
        both lean low. Needless: reports of duplicates by the receiver (RFC 2883), each once, where it sends them. By
        Eifel (RFC 3522): of several repetitions under way only the first is judged, so this leans low, too.
        """
        return self._state.told[: 2 * self.table.count].reshape(-1, 2)

    def finish_echoes(self, flows: Bools | None = None) -> Buckets:
        """
        How long did data take until its time stamp came back? By owner: 2 * flow + side.

        Parameters
        ----------
        flows : bool[n], which flows are wanted; None for all

        Notes
        -----
        An owner with fewer samples than told["rtt_ts_samples"] found no room for the rest: its spread is not known.
        """
        return self._echoes.finish(1, flows)

    @property
    def initial_rtt_ns(self) -> npt.NDArray[np.int64]:
        """int64[flows]: from a connection's last SYN to its first ACK (tcp.analysis.initial_rtt); 0 where unknown."""
        leads = self.table.flows["lead"]
        known: npt.NDArray[np.int64] = self._state.timed["initial_rtt_ns"][leads]
        return known

    def initial_rtt_of(self, flow_id: I32, first_frame: int) -> npt.NDArray[np.int64]:
        """int64[m]: which initial round trip is known of each row's stream by then? 0 where none."""
        frames = first_frame + np.arange(len(flow_id))
        timed = self._state.timed[self.table.flows["lead"][np.maximum(flow_id, 0)]] if self.table.count else None
        if timed is None:
            return np.zeros(len(flow_id), np.int64)
        is_known = (flow_id >= 0) & (frames >= timed["known_frame"])
        return np.where(is_known, timed["initial_rtt_ns"], 0)


def _room(rows: int) -> at.Analysed:
    return at.Analysed(
        marks=np.empty(rows, np.int32),
        ack_rtt_ns=np.empty(rows, np.int64),
        flight_bytes=np.empty(rows, np.int64),
        echo_key=np.empty(rows, np.uint64),
        echo_ns=np.empty(rows, np.int64),
        echoes=np.zeros(1, np.int64),
    )
