"""One capture point, read once from front to back: flows, streams, announcements, journal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.carriers import CarrierLog
from vmpcap.announcements.complaints import ComplaintLog
from vmpcap.announcements.control import ControlLog
from vmpcap.announcements.rows import AnnouncementLog
from vmpcap.announcements.tunnelled import TunnelledLog
from vmpcap.decode.arrivals import read_arrivals
from vmpcap.decode.decode_as import DATA
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.decode.fragments import WholeWalker
from vmpcap.decode.frames import I32, U8, Arrivals, Frames
from vmpcap.decode.guesses import Guess, GuessCounter
from vmpcap.flows.kernels.naming import BY_FIRST_BYTES
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower
from vmpcap.measures.gaps import GapLog
from vmpcap.measures.journal import NO_FLOW, Journal
from vmpcap.measures.tunnels import TunnelCounter
from vmpcap.points.set_backs import SetBackLog
from vmpcap.points.sightings import SightingLog
from vmpcap.readers.defects import Defect
from vmpcap.readers.facts import CaptureFacts, Drops
from vmpcap.readers.interfaces import interface_keys
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.sources import CUT, Capture, open_capture
from vmpcap.runs.control_frames import StopCounter
from vmpcap.runs.requests import PointFiles, Request, number_of_file
from vmpcap.runs.taken import Taken
from vmpcap.terms.beside import ALONE, Begun, Beside
from vmpcap.terms.errors import RequestError
from vmpcap.terms.frame_numbers import with_file
from vmpcap.terms.units import NO_TIME, count_of

Progress = Callable[[str, int, int | None], None]
"""Told now and then: which file, bytes read of it, bytes it has (None for a stream)."""
Stage = Callable[[str], None]
"""Told what is done from now on."""


def untold(stage: str) -> None:
    """Nobody wants to know."""


JOURNAL_ROWS: Final = 600_000
"""Frames that are kept one by one per point: about 70 MB. What does not fit is read again once the guests are known."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file of a point, after it was read."""

    facts: CaptureFacts
    defects: tuple[Defect, ...]
    drops: tuple[Drops, ...]
    not_walked: dict[str, int]
    guesses: tuple[Guess, ...]
    first_frame: int
    """Number of the file's first frame within the point."""
    filters: tuple[str, ...] = ()
    """Capture filters that its interfaces state."""
    interfaces: tuple[str, ...] = ()
    """How the interfaces are told that packets of the point were taken on."""
    control: dict[str, int] = field(default_factory=dict)
    """Frames that end at a known protocol of routers and switches, by its name: no walk that ended early."""


@dataclass(slots=True)
class PointRead:
    """All that one pass over a point's files leaves behind."""

    files: PointFiles
    flows: FlowTable
    follower: Follower
    copies: CopyFinder
    announcements: AnnouncementLog
    journal: Journal
    reads: list[FileRead] = field(default_factory=list)
    begun: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    """bool[flows], with --since or --until: whether the flow had a frame inside yet."""
    first_ts: int | None = None
    last_ts: int | None = None
    tunnels: TunnelCounter = field(default_factory=TunnelCounter)
    incomplete: int = 0
    """Packets that came in parts and never became whole."""
    has_parts: bool = False
    """Whether any packet came in parts."""
    sightings: SightingLog = field(default_factory=lambda: SightingLog(0))
    """Packets by names that other points give them too; none where there is no other point."""
    full_in: int = 0
    """Which of its files, from 0, the journal was full in first; what it shows of those before is whole."""
    complaints: ComplaintLog = field(default_factory=ComplaintLog)
    control: ControlLog = field(default_factory=ControlLog)
    """Frames of routing and gateway redundancy protocols."""
    carriers: CarrierLog = field(default_factory=CarrierLog)
    """Endpoints of tunnels that carried frames of overlays."""
    tunnelled: TunnelledLog = field(default_factory=TunnelledLog)
    """Machines inside EtherIP, fences and labels."""
    gaps: GapLog = field(default_factory=GapLog)
    """When no frame at all passed."""
    set_backs: SetBackLog = field(default_factory=SetBackLog)
    """When its clock was set back."""
    was_told_data: bool = False
    """Whether a user said of some packets that nobody is to look inside."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pass is for; what is not wanted is not done."""

    flows: bool = True
    announcements: bool = True
    journal: bool = True
    sightings: bool = True
    """Packets by which points are compared; kept only where there are several."""


def read_point(
    files: PointFiles, request: Request, wanted: Wanted, progress: Progress | None = None, beside: Beside = ALONE
) -> PointRead:
    """
    What do this point's files hold?

    Files are read in the order given, as one capture: flows go on from one to the next. Frame numbers are those of
    their own file, behind the number of the file where there are several. `beside` may do a part of the work for each
    batch.

    Raises
    ------
    CaptureError
        A file cannot be read as a capture.
    RequestError
        A file has no interface of a name that was asked for.
    """
    flows = FlowTable(request.ports)
    follower = Follower(flows, beside)
    read = PointRead(files, flows, follower, CopyFinder(), AnnouncementLog(files.name), Journal(JOURNAL_ROWS))
    if wanted.sightings and len(request.points) > 1:
        read.sightings = SightingLog()
    walker = WholeWalker(DEFAULT_BATCH_RECORDS, request.decode_as)
    seen = 0
    for path in files.files:
        stops, guesses, taken = StopCounter(), GuessCounter(), Taken(files.interfaces)
        before = with_file(number_of_file(request, files, path), 0)
        with (
            open_capture(
                path,
                batch_records=DEFAULT_BATCH_RECORDS,
                max_bytes=request.max_unpacked_bytes,
                is_enough=request.is_enough,
            ) as capture,
            closing(beside.ahead(_until_enough(capture, request, bool(read.reads)))) as batches,
        ):
            begun: Sequence[Begun[Any]] = ()
            for batch in batches:
                whole, frames = walker.walk(batch)
                _settle(begun)  # of the batch before, beside this walk: from here on flows are named
                chosen = taken.choose(batch, capture.interfaces)
                stops.absorb(whole, frames, chosen)
                guesses.absorb(frames, batch.first_frame)
                whole = whole._replace(first_frame=before + whole.first_frame)
                inside = chosen_rows(frames, request, chosen)
                begun = _absorb(read, whole, frames, inside, chosen, wanted, beside)
                if progress is not None:
                    progress(path, *capture.progress())
            _settle(begun)
            if capture.facts.complete:
                _refuse_missing(taken, path, capture)
            was_stopped = request.is_enough() and (capture.was_left or not capture.facts.complete)
            all_packets, facts = capture.facts.packets, taken.facts(capture.facts, capture.interfaces)
            facts = replace(facts, truncated=facts.truncated or was_stopped)
            read.reads.append(
                FileRead(
                    facts,
                    _stopped(capture) if was_stopped else tuple(capture.defects),
                    tuple(taken.of_interfaces(capture.drops, capture.interfaces)),
                    stops.not_walked(),
                    guesses.guesses(),
                    seen + 1,
                    tuple(dict.fromkeys(one.filter for one in taken.used(capture.interfaces) if one.filter)),
                    taken.described(capture.interfaces),
                    stops.control(),
                )
            )
        if not read.journal.overflowed:
            read.full_in = len(read.reads)
        seen += all_packets
        _widen(read, facts, request)
    read.incomplete, read.has_parts = walker.incomplete, walker.met_parts
    read.was_told_data = any(rule.row == DATA for rule in request.decode_as)
    _forget_calls(read)
    return read


def _forget_calls(read: PointRead) -> None:
    """
    Take out of the journal what streams that only their first bytes tell had sent before those.

    Of streams that their ports tell nothing is written down, and where a batch ends is nobody's matter.
    """
    late = read.flows.flows["nominated"] == BY_FIRST_BYTES
    if late.any() and not read.journal.overflowed:
        ids = read.journal.columns().flow_id
        read.journal.keep_only(~((ids != NO_FLOW) & late[ids]))


def _until_enough(capture: Capture, request: Request, goes_on: bool) -> Iterator[RecordBatch]:
    """
    The batches until somebody has enough: one that was read is used, or the capture's end would be said too late.

    Of a file that `goes_on` from another of its point nothing is read after that: there would be a hole before it.
    """
    if goes_on and request.is_enough():
        return
    for batch in capture.batches():
        yield batch
        if request.is_enough():
            return


def _refuse_missing(taken: Taken, path: str, capture: Capture) -> None:
    """Raises RequestError where this file has no interface of a name that was asked for: no packet is no answer."""
    missing = taken.missing(capture.interfaces)
    if missing:
        there = ", ".join(dict.fromkeys(interface_keys(capture.interfaces))) or "none"
        raise RequestError(
            f"{path}#{missing[0]}: there is no interface {missing[0]!r} in this file; there are: {there}"
        )


def _stopped(capture: Capture) -> tuple[Defect, ...]:
    """The defects of a capture that somebody had enough of: that it ends in a record, too, was asked for."""
    packets = capture.facts.packets
    said = Defect("stopped", 1, packets + 1, None, f"after {count_of(packets, 'packet')}, as asked")
    return (*(defect for defect in capture.defects if not (capture.was_left and defect.kind in CUT)), said)


def chosen_rows(frames: Frames, request: Request, chosen: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_] | None:
    """Which frames were asked for, by their time and of those chosen by their interface? None: all."""
    return _both(_inside(frames, request), chosen)


def _inside(frames: Frames, request: Request) -> npt.NDArray[np.bool_] | None:
    """Which frames lie within --since and --until? None: all."""
    if request.since_ns is None and request.until_ns is None:
        return None
    low = request.since_ns if request.since_ns is not None else np.iinfo(np.int64).min
    high = request.until_ns if request.until_ns is not None else np.iinfo(np.int64).max
    within: npt.NDArray[np.bool_] = (frames.ts_ns >= low) & (frames.ts_ns <= high) & (frames.ts_ns != NO_TIME)
    return within


def _both(one: npt.NDArray[np.bool_] | None, other: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_] | None:
    """Rows of both; None: all."""
    return other if one is None else one if other is None else one & other


def _absorb(
    read: PointRead,
    batch: RecordBatch,
    frames: Frames,
    inside: npt.NDArray[np.bool_] | None,
    chosen: npt.NDArray[np.bool_] | None,
    wanted: Wanted,
    beside: Beside,
) -> Sequence[Begun[Any]]:
    """
    What of this batch is kept? Flows are named by all frames: Wireshark counts the streams of the whole file.

    What is returned may still be being made: it is to be settled before anything else is done to the flows.

    A packet that another interface shows as well is no copy: frames not `chosen` are not compared, as if untimed.
    """
    is_wanted = inside is None or bool(inside.any())
    seen = frames if chosen is None else frames._replace(ts_ns=np.where(chosen, frames.ts_ns, NO_TIME))
    has_sightings = wanted.sightings and read.sightings.budget > 0
    is_marked = is_wanted and (wanted.flows or has_sightings)
    copies = beside.begin(lambda: read.copies.mark(batch, seen)) if is_marked else None
    if is_wanted:
        read.tunnels.absorb(frames, inside)
        read.gaps.absorb(frames.ts_ns, batch.first_frame, inside)
        read.set_backs.absorb(frames.ts_ns, batch.first_frame, inside)
    if wanted.announcements and is_wanted:
        arrivals = read_arrivals(batch, frames)
        if inside is not None:
            columns: Any = (column[inside[arrivals.row]] for column in arrivals)
            arrivals = Arrivals(*columns)
        read.announcements.collect(batch.first_frame, frames, arrivals)
        read.control.collect(batch, frames, inside)
        read.carriers.collect(batch, frames, inside)
        read.tunnelled.collect(batch, frames, inside)
    if not wanted.flows:
        if copies is not None:
            read.sightings.keep(batch, frames, inside, batch.first_frame, copies.made())
        return ()
    flow_id, side = read.flows.name(frames, batch.first_frame)
    if copies is None:
        return ()
    is_copy = copies.made()  # once: alone it is made when it is asked for, and made again every time
    if has_sightings:
        read.sightings.keep(batch, frames, inside, batch.first_frame, is_copy)
    if inside is not None:
        flow_id = np.where(inside, flow_id, NO_FLOW).astype(np.int32)
        _begin_inside(read, flow_id, frames, batch.first_frame)
    analysed = read.follower.begin(batch, frames, flow_id, side, is_copy)
    if not wanted.journal:
        return (analysed,)
    return analysed, beside.begin(lambda: _write_down(read, batch, frames, inside, flow_id, side))


def _settle(begun: Sequence[Begun[Any]]) -> None:
    """All of this is made, each once."""
    for one in begun:
        one.made()


def _write_down(
    read: PointRead, batch: RecordBatch, frames: Frames, inside: npt.NDArray[np.bool_] | None, flow_id: I32, side: U8
) -> None:
    """Which frames of this batch does the story need one by one?"""
    of_streams = _of_streams(read.flows, flow_id)
    read.complaints.collect(batch, frames, inside, of_streams)
    rows = ~of_streams
    read.journal.keep(batch.first_frame, frames, rows if inside is None else rows & inside, flow_id, side)


def _begin_inside(read: PointRead, flow_id: npt.NDArray[np.int32], frames: Frames, first_frame: int) -> None:
    """Let each flow begin with its first frame inside; its sides and numbers stay those of the whole file."""
    flows = read.flows.flows
    begun = np.zeros(len(flows), np.bool_)
    begun[: len(read.begun)] = read.begun
    rows = np.flatnonzero(flow_id != NO_FLOW)
    ids, first = np.unique(flow_id[rows], return_index=True)
    is_new = ~begun[ids]
    flows["first_ts"][ids[is_new]] = frames.ts_ns[rows[first[is_new]]]
    flows["first_frame"][ids[is_new]] = first_frame + rows[first[is_new]]
    begun[ids] = True
    read.begun = begun


def _of_streams(flows: FlowTable, flow_id: I32) -> npt.NDArray[np.bool_]:
    """Which frames belong to flows whose ports nominate them as migration streams, or whose first bytes did by now?"""
    found: npt.NDArray[np.bool_] = flow_id != NO_FLOW
    if len(flows.flows):
        found &= flows.flows["nominated"][flow_id] != 0
    return found


def _widen(read: PointRead, facts: CaptureFacts, request: Request) -> None:
    """Where does this file begin and end, as far as it was asked for? --until ends a point as a shorter file would."""
    if facts.earliest_ts_ns is None or facts.latest_ts_ns is None:
        return
    first = max(facts.earliest_ts_ns, request.since_ns if request.since_ns is not None else facts.earliest_ts_ns)
    last = min(facts.latest_ts_ns, request.until_ns if request.until_ns is not None else facts.latest_ts_ns)
    if first > last:
        return
    read.first_ts = first if read.first_ts is None else min(read.first_ts, first)
    read.last_ts = last if read.last_ts is None else max(read.last_ts, last)
