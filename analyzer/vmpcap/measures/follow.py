"""Following flows over batches: what was measured of each of them at one capture point."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.flows.streams import magic_table
from vmpcap.flows.table import FlowTable
from vmpcap.measures.analysis import Analysis
from vmpcap.measures.connections import OPENED_WINDOW, Connection, Marked, Pause, RttSummary, Side, StreamSeries
from vmpcap.measures.kernels import layout as at
from vmpcap.measures.kernels.analysis_state import REPORTS_UNSEEN, STAMPS_UNSEEN, Analysed
from vmpcap.measures.kernels.follow import follow
from vmpcap.measures.rtt_histogram import Buckets, RttHistogram, summarise
from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import NO_MAC, ip_text
from vmpcap.terms.arrays import WRAPPING, doorway, reserve
from vmpcap.terms.beside import ALONE, Begun, Beside
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import IP_TCP, IP_UDP

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

STREAM_SIDES: Final = 4096
"""Sides of nominated flows that get series, pauses and full-path samples; the rest is followed as other flows are."""

_ENTRIES: Final = 1 << 24
_HOLES: Final = 1 << 22
_BINS: Final = 1 << 20
_SAMPLES_PER_ROW: Final = 4


def _arena(records: int) -> I32:
    """An arena for this many records, all free."""
    arena = np.zeros(at.ARENA_LINKS + (records >> 2), dtype=np.int32)
    arena[at.ARENA_LIMIT] = records
    return arena


class Follower:
    """
    What was measured of every flow of one table.

    All memory is address space from the start and real only where it is used: it grows with the flows that appear, not
    with the capture's length.
    """

    def __init__(self, table: FlowTable, beside: Beside = ALONE) -> None:
        """Follow the flows of this table; Wireshark's analysis is made beside our own where a thread is given."""
        self.table = table
        self._beside = beside
        self.analysis = Analysis(table)
        sides = 2 * table.room
        self._state = at.State(
            sides=reserve(sides, at.SIDE),
            more=reserve(sides, at.MORE),
            rare=reserve(sides, at.RARE),
            openings=np.zeros((sides, at.OPENING_BYTES), dtype=np.uint8),
            shakes=reserve(table.room, at.SHAKE),
            entries=reserve(_ENTRIES, at.ENTRY),
            entry_arena=_arena(_ENTRIES),
            holes=reserve(_HOLES, at.HOLE),
            hole_arena=_arena(_HOLES),
            bins=reserve(_BINS, at.BIN),
            bin_arena=_arena(_BINS),
            streams=reserve(STREAM_SIDES, at.STREAM),
            pauses=np.zeros((STREAM_SIDES, at.MOST_PAUSES), dtype=at.PAUSE),
            echoes=np.zeros((STREAM_SIDES, at.MOST_ECHOES), dtype=at.ECHO),
            closings=np.zeros((STREAM_SIDES, at.OPENING_BYTES), dtype=np.uint8),
            magics=magic_table(),
            sample_key=np.empty(0, dtype=np.uint64),
            sample_ns=np.empty(0, dtype=np.int64),
            counts=np.zeros(at.COUNTS, dtype=np.int64),
        )
        self._rtt = RttHistogram()
        self._no_copies: Any = doorway(np.zeros(0), np.uint8)

    def absorb(self, batch: RecordBatch, frames: Frames, flow_id: I32, side: U8, is_copy: U8 | None = None) -> None:
        """What do the frames of this batch add? As `begin`, with all of it done."""
        self.begin(batch, frames, flow_id, side, is_copy).made()

    @WRAPPING
    def begin(
        self, batch: RecordBatch, frames: Frames, flow_id: I32, side: U8, is_copy: U8 | None = None
    ) -> Begun[Analysed]:
        """
        What do the frames of this batch add? Batches come in file order; where they are cut does not matter.

        Wireshark's analysis of them may still be being made: ask for it, once, before the next batch is followed. Their
        round trips are counted by who found them: whoever is beside has enough to do, and would have to fetch them.

        Parameters
        ----------
        flow_id, side : int32[m], uint8[m], as FlowTable.name gave them
        is_copy : uint8[m], as CopyFinder marks them; copies within a segment are counted as duplicates and left out
        """
        rows = flow_id.shape[0]
        self._make_room(rows)
        copies = self._no_copies[:rows] if is_copy is None else is_copy
        state = self._state
        state.counts[at.SAMPLES] = 0
        flows = self.table.all_flows
        analysed = self._beside.begin(lambda: self.analysis.absorb(frames, flow_id, side, batch.first_frame, copies))
        buffer, record_at, captured_bytes = batch.buffer, batch.record_at, batch.captured_bytes
        follow(
            frames, flow_id, side, copies, batch.first_frame, buffer, record_at, captured_bytes, flows, state
        )  # fmt: skip
        self._rtt.absorb(state.sample_key, state.sample_ns, int(state.counts[at.SAMPLES]))
        return analysed

    def finish(self) -> Buckets:
        """Which round-trip times were seen, by side and kind? (side * 8 + kind, layout.KIND_...)"""
        return self._rtt.finish()

    @property
    def sides(self) -> npt.NDArray[np.void]:
        """SIDE[flows, 2]. A view."""
        return self._state.sides[: 2 * self.table.count].reshape(-1, 2)

    @property
    def more(self) -> npt.NDArray[np.void]:
        """MORE[flows, 2]. A view."""
        return self._state.more[: 2 * self.table.count].reshape(-1, 2)

    @property
    def rare(self) -> npt.NDArray[np.void]:
        """RARE[flows, 2]. A view."""
        return self._state.rare[: 2 * self.table.count].reshape(-1, 2)

    @property
    def streams_left_out(self) -> int:
        """How many sides of nominated flows got no series because there were too many?"""
        return int(self._state.counts[at.STREAMS_LEFT_OUT])

    @property
    def backward_samples(self) -> int:
        """How many round trips were not measured because a time was missing or the clock stepped back?"""
        return int(self._state.counts[at.BACKWARD])

    @property
    def samples_left_out(self) -> int:
        """How many round-trip times found no room in the histogram?"""
        return self._rtt.left_out

    def connections(
        self,
        min_payload: int = 0,
        nominated_only: bool = False,
        most: int | None = None,
        path_text: Callable[[int, int], str] = lambda high, low: "",
        among: npt.NDArray[np.bool_] | None = None,
    ) -> list[Connection]:
        """
        What was measured of each flow, in the order of their first packets?

        Parameters
        ----------
        min_payload : leave out flows with fewer payload bytes than this in both directions together
        nominated_only : leave out flows whose ports are no migration's and whose first bytes are none's
        most : so many of those with the most payload, the first among equals
        path_text : how a path is written (decode.paths)
        among : bool[flows], leave out all other flows
        """
        flows, sides = self.table.flows, self.sides
        payload = sides["payload_bytes"].sum(axis=1)
        wanted = payload >= min_payload
        if nominated_only:
            wanted &= flows["nominated"] != 0
        if among is not None:
            wanted &= among
        chosen = np.flatnonzero(wanted)
        if most is not None and len(chosen) > most:
            chosen = np.sort(chosen[np.argsort(-payload[chosen], kind="stable")[:most]])
        wanted[:] = False
        wanted[chosen] = True
        buckets, shakes = self._rtt.finish(at.KIND_BITS + 1, wanted), self.handshakes()
        echoes = self.analysis.finish_echoes(wanted)
        return [self._connection(int(flow), buckets, echoes, shakes, path_text) for flow in chosen]

    def handshakes(self) -> tuple[I64, I64, I64]:
        """
        How long did each flow's handshake take, and its two halves?

        Returns int64[flows] three times, in ns, -1 where unknown: SYN to ACK, SYN to SYN/ACK, SYN/ACK to ACK.

        Notes
        -----
        Unknown where one of the three was not seen, came out of order, or has no time. Of a SYN that was sent again
        the last one before the answer counts: if the answer was the first one's, the figure is too short. A SYN that
        comes again sooner than it can have been sent again is a copy of a mirrored packet, and the first one counts: it
        leans high by what lies between the two. A SYN/ACK that was sent again leaves only its own half known.
        """
        shakes, flags = self._state.shakes[: self.table.count], self.sides["flags"]
        listens = flags & (at.SYN_SEEN | at.SYN_ACKS) == at.SYN_SEEN | at.SYN_ACKS
        calls = flags & (at.SYN_SEEN | at.SYN_ACKS) == at.SYN_SEEN
        answered = listens.any(axis=1) & calls.any(axis=1) & (shakes["syn_ts"] != NO_TIME)
        shaken = answered & (flags & at.SHAKEN != 0).any(axis=1) & ~(flags & at.SHAKE_RESENT != 0).any(axis=1)

        def between(first: str, second: str, known: npt.NDArray[np.bool_]) -> I64:
            begin, end = shakes[first], shakes[second]
            good = known & (begin > EARLIEST) & (end < LATEST) & (end >= begin)
            return np.where(good, end - begin, -1)

        return (
            between("syn_ts", "ack_ts", shaken),
            between("syn_ts", "synack_ts", answered),
            between("synack_ts", "ack_ts", shaken),
        )

    def _make_room(self, rows: int) -> None:
        needed = _SAMPLES_PER_ROW * rows
        if self._state.sample_key.shape[0] < needed:
            self._state = self._state._replace(
                sample_key=np.empty(needed, dtype=np.uint64), sample_ns=np.empty(needed, dtype=np.int64)
            )
            self._no_copies = doorway(np.zeros(rows), np.uint8)

    def _connection(
        self,
        flow: int,
        buckets: Buckets,
        echoes: Buckets,
        shakes: tuple[I64, I64, I64],
        path_text: Callable[[int, int], str],
    ) -> Connection:
        one = self.table.flows[flow]
        protocol, stream = int(one["protocol"]), int(one["stream"])
        sides = (self._side(flow, 0, buckets, echoes), self._side(flow, 1, buckets, echoes))
        whole, first_half, second_half = (_known(of_all[flow], of_all[flow] >= 0) for of_all in shakes)
        last = max(sides, key=lambda s: (NO_TIME if s.last_ts is None else s.last_ts, s.last_frame or 0))
        first_ts = int(one["first_ts"])
        return Connection(
            flow_id=flow,
            protocol=protocol,
            tcp_stream=stream if protocol == IP_TCP else None,
            udp_stream=stream if protocol == IP_UDP else None,
            nominated=bool(one["nominated"]),
            a_ip=ip_text(int(one["a_high"]), int(one["a_low"])),
            a_port=int(one["a_port"]),
            b_ip=ip_text(int(one["b_high"]), int(one["b_low"])),
            b_port=int(one["b_port"]),
            encapsulation=path_text(int(one["path_high"]), int(one["path_low"])),
            segment_key=int(one["segment_key"]),
            vlan_outer_id=int(one["vlan_outer_id"]),
            vlan_inner_id=int(one["vlan_inner_id"]),
            vni=int(one["vni"]),
            first_ts=first_ts,
            first_frame=int(one["first_frame"]),
            last_ts=last.last_ts if last.last_ts is not None else first_ts,
            last_frame=last.last_frame if last.last_frame is not None else int(one["first_frame"]),
            handshake_ns=whole,
            syn_to_synack_ns=first_half,
            synack_to_ack_ns=second_half,
            sides=sides,
        )

    def _side(self, flow: int, side: int, buckets: Buckets, echoes: Buckets) -> Side:
        k = 2 * flow + side
        one, more, other = self._state.sides[k], self._state.more[k], self._state.sides[k ^ 1]
        rare = self._state.rare[k]
        flags, seen = int(one["flags"]), bool(one["packets"])
        is_tcp = int(self.table.flows[flow]["protocol"]) == IP_TCP
        shift, peer_shift = window_shift(one, more, other), window_shift(other, self._state.more[k ^ 1], one)
        told = self.analysis.told[flow, side]
        slot = int(one["slot"]) - 1
        has_data = bool(flags & at.DATA_SEEN)
        stamped = echoes.of((k,))
        is_whole = int(stamped.count.sum()) == int(told["rtt_ts_samples"])

        def own(*kinds: int) -> Buckets:
            return buckets.of(tuple(_owner(k, kind) for kind in kinds))

        ambiguous = int(own(at.KIND_AMBIGUOUS).count.sum())

        def rtt(*kinds: int) -> RttSummary:
            return summarise(own(*kinds), ambiguous)

        return Side(
            packets=int(one["packets"]),
            wire_bytes=int(one["wire_bytes"]),
            payload_bytes=int(one["payload_bytes"]),
            unique_bytes=int(one["unique_bytes"] if is_tcp else one["payload_bytes"]),
            marked=Marked(*map(int, self.analysis.counted[flow, side].item())) if is_tcp else None,
            sent_again=int(told["sent_again"]),
            came_late=int(told["came_late"]),
            late_most_segments=int(told["late_most_segments"]),
            late_most_ns=int(told["late_most_ns"]),
            needless=_known(told["needless"], not told["unseen_bits"] & REPORTS_UNSEEN),
            needless_eifel=_known(told["needless_eifel"], not told["unseen_bits"] & STAMPS_UNSEEN),
            delayed_acks=int(told["delayed_acks"]),
            resent_reported=int(told["resent_reported"]),
            resent_timeout=int(told["resent_timeout"]),
            resent_tail=int(told["resent_tail"]),
            retransmissions=int(rare["retransmissions"]),
            retransmitted_bytes=int(rare["retransmitted_bytes"]),
            out_of_order=int(rare["out_of_order"]),
            zero_windows=int(rare["zero_windows"]),
            keep_alives=int(rare["keep_alives"]),
            wraps=int(more["wraps"]),
            missing_bytes=int(rare["hole_bytes"]) - int(rare["filled_bytes"]),
            holes_left_out=int(rare["holes_left_out"]),
            duplicates=int(rare["duplicates"]),
            mirrored=int(rare["mirrored"]),
            answering=int(other["packets"]),
            first_ts=_time(more["first_ts"], seen),
            first_frame=_known(more["first_frame"], seen),
            last_ts=_time(one["last_ts"], seen),
            last_frame=_known(one["last_frame"], seen),
            first_data_ts=_time(more["first_data_ts"], has_data),
            first_data_frame=_known(more["first_data_frame"], has_data),
            last_data_ts=_time(one["last_data_ts"], has_data),
            last_data_frame=_known(one["last_data_frame"], has_data),
            syn_ts=_time(more["syn_ts"], flags & at.SYN_SEEN),
            syn_frame=_known(more["syn_frame"], flags & at.SYN_SEEN),
            fin_ts=_time(more["fin_ts"], flags & at.FIN_SEEN),
            fin_frame=_known(more["fin_frame"], flags & at.FIN_SEEN),
            rst_ts=_time(rare["rst_ts"], flags & at.RST_SEEN),
            rst_frame=_known(rare["rst_frame"], flags & at.RST_SEEN),
            isn=_known(more["isn"], flags & at.SYN_SEEN),
            mss=_known(more["mss"], more["mss"]),
            window_scale=_known(more["window_scale"], flags & at.SCALES),
            sack_permitted=bool(flags & at.SACKS),
            max_payload_bytes=int(one["max_payload"]),
            max_flight_bytes=int(one["max_flight"]),
            max_window_bytes=None if shift is None or not is_tcp else int(one["window_max"]) << shift,
            acked_bytes=int(one["acked_bytes"]),
            ttl_min=_known(one["ttl_min"], seen),
            ttl_max=_known(one["ttl_max"], seen),
            first_eth_src=int(more["first_eth_src"]) if seen else NO_MAC,
            last_eth_src=int(one["last_eth_src"]) if seen else NO_MAC,
            first_eth_dst=int(more["first_eth_dst"]) if seen else NO_MAC,
            last_eth_dst=int(one["last_eth_dst"]) if seen else NO_MAC,
            eth_src_changed=bool(flags & at.MAC_CHANGED),
            opening=self._state.openings[k, : more["opening_bytes"]].tobytes(),
            closing=self._state.closings[slot, : self._state.streams[slot]["closing_bytes"]].tobytes()
            if slot >= 0
            else b"",
            rtt=rtt(at.KIND_ONCE),
            rtt_left_out=int(rare["rtt_left_out"]),
            idle_rtt=summarise(_with_last(own(at.KIND_IDLE), one, more), ambiguous),
            ack_rtt=summarise(own(*at.ACK_RTT_KINDS).above_zero(), ambiguous),
            loop_rtt=rtt(at.KIND_LOOP, at.KIND_WAITED),
            prompt_rtt=rtt(at.KIND_LOOP),
            near_rtt=rtt(at.KIND_NEAR),
            stamp_rtt=summarise(stamped if is_whole else stamped.none(), 0),
            series=self._series(slot, peer_shift) if slot >= 0 else None,
            pauses=self._pauses(slot) if slot >= 0 else (),
            pauses_left_out=int(self._state.streams[slot]["pauses_left_out"]) if slot >= 0 else 0,
        )

    def _series(self, slot: int, peer_shift: int | None) -> StreamSeries:
        """The filled bins of a stream; windows are scaled by the peer's factor, where that is known."""
        stream = self._state.streams[slot]
        begin = int(stream["bins_at"])
        bins = self._state.bins[begin : begin + int(stream["bins_used"])]
        happened = (bins["segments"] > 0) | (bins["acked_bytes"] > 0)
        count = int(np.flatnonzero(happened)[-1]) + 1 if happened.any() else 0
        bins = bins[:count]
        window = bins["window_min"]
        scaled = np.where(window == 0, 0, OPENED_WINDOW) if peer_shift is None else window << peer_shift
        scaled = np.where(window < 0, -1, scaled)
        return StreamSeries(
            start_ns=int(stream["start_ns"]),
            width_ns=int(stream["width_ns"]),
            new_bytes=bins["new_bytes"].copy(),
            acked_bytes=bins["acked_bytes"].copy(),
            resent_bytes=bins["resent_bytes"].copy(),
            segments=bins["segments"].copy(),
            rtt_min_ns=bins["rtt_min_ns"].copy(),
            rtt_max_ns=bins["rtt_max_ns"].copy(),
            window_min_bytes=scaled,
            flight_max_bytes=bins["flight_max"].copy(),
            first_frame=bins["first_frame"].copy(),
            last_frame=bins["last_frame"].copy(),
            sent_first_ts=bins["sent_first_ts"].copy(),
            sent_last_ts=bins["sent_last_ts"].copy(),
            acked_first_ts=bins["acked_first_ts"].copy(),
            acked_first_bytes=bins["acked_first_bytes"].copy(),
            acked_last_ts=bins["acked_last_ts"].copy(),
            before_bytes=int(stream["before_bytes"]),
        )

    def _pauses(self, slot: int) -> tuple[Pause, ...]:
        kept = self._state.pauses[slot, : self._state.streams[slot]["pauses_used"]]
        return tuple(Pause(*one) for one in kept.tolist())


def _with_last(idle: Buckets, one: Any, more: Any) -> Buckets:
    """These round trips of the idle path and the side's last one, if no ACK followed that on its heels."""
    if one["idle_state"] != at.IDLE_ALONE:
        return idle
    place = int(np.searchsorted(idle.least_ns, more["idle_ns"]))

    def insert(column: npt.NDArray[Any], value: int) -> npt.NDArray[Any]:
        return np.concatenate((column[:place], np.array([value], column.dtype), column[place:]))

    return Buckets(
        owner=insert(idle.owner, 0),
        least_ns=insert(idle.least_ns, int(more["idle_ns"])),
        span_ns=insert(idle.span_ns, 0),
        count=insert(idle.count, 1),
    )


def _owner(k: int, kind: int) -> int:
    return (k << at.KIND_BITS) | kind


def _known(value: Any, known: Any) -> int | None:
    return int(value) if known else None


def _time(value: Any, known: Any) -> int | None:
    return int(value) if known and value != NO_TIME else None


def window_shift(one: Any, more: Any, other: Any) -> int | None:
    """
    By how many bits are this side's windows scaled? None where the handshake was not seen well enough to say.

    Scaling is in force only if both SYNs offer it, and a SYN/ACK offers it only in answer (RFC 7323 2.2).
    """
    flags, peer = int(one["flags"]), int(other["flags"])
    if not flags & at.SYN_SEEN or more["window_scale"] == at.UNKNOWN_SCALE:
        return None
    if flags & at.SYN_ACKS or not flags & at.SCALES:
        return int(more["window_scale"]) if flags & at.SCALES else 0
    if not peer & at.SYN_SEEN:
        return None
    return int(more["window_scale"]) if peer & at.SCALES else 0
