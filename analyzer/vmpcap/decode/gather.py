"""Quantities of packets side by side: the batches of several files as chunks that own their memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from vmpcap.decode.arrivals import ARP, RARP, read_arrivals
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.decode.fields.mirrors import NO_CLOCK, read_clocks
from vmpcap.decode.fragments import WholeWalker
from vmpcap.decode.frames import Arrivals, Frames
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.sources import Capture, open_capture

Values = npt.NDArray[Any]

GIVEN: Final = ("ts_ns", "captured_bytes", "wire_bytes", "interface", "link_type")
"""Quantities that the reader knows without a walk; the frame and the point are two more."""
ARRIVED: Final = {
    "arp_kind": "kind",
    "arp_opcode": "opcode",
    "arp_sender_mac": "sender_mac",
    "arp_sender_high": "sender_high",
    "arp_sender_low": "sender_low",
    "arp_target_mac": "target_mac",
    "arp_target_high": "target_high",
    "arp_target_low": "target_low",
}
"""Quantities of ARP and RARP bodies, and what they are called among the arrivals; 0 in frames without such a body."""


CLOCKS: Final = ("mirror_clock_ns", "mirror_clock_unit_ns")
"""Quantities of hardware clocks of mirrors, as `read_clocks` gives them."""
OBSERVED: Final = {"stream": -1, "marks": 0, "ack_rtt_ns": -1, "flight_bytes": -1, "initial_rtt_ns": 0}
"""Quantities that whole streams tell, by an observer of all packets, and what they are where nobody observes."""
Observe = Callable[[Frames, int], Mapping[str, Values]]
"""What is observed in a batch, by its frames and the number of the first; batches come in their order."""


class Source(NamedTuple):
    """A capture point and its files, in order."""

    point: str
    files: tuple[str, ...]
    max_unpacked_bytes: int | None = None
    """What a packed file may unpack to; None: the reader's own limit."""


class Watcher(Protocol):
    """Whoever looks on while captures are read."""

    def saw(self, path: str, capture: Capture) -> None:
        """A part of this file was read."""

    def ended(self, source: Source, path: str, capture: Capture) -> None:
        """This file was read as far as it can be."""


class Chunk:
    """Room for so many rows of some quantities. Arrays are given away with their rows, and never written again."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._arrays: dict[str, Values] = {}
        self.rows = 0

    def put(self, name: str, values: Values) -> None:
        """Copy the values of one quantity behind the rows that are there."""
        array = self._arrays.get(name)
        if array is None:
            dtype = np.uint64 if values.dtype == np.uint64 else np.int64
            array = self._arrays[name] = np.empty((self._room, *values.shape[1:]), dtype)
        array[self.rows : self.rows + len(values)] = values

    def take(self, most: int) -> dict[str, Values]:
        """The rows so far, no more than these; the chunk is empty then."""
        count = min(self.rows, most)
        taken = {name: array[:count] for name, array in self._arrays.items()}
        self._arrays, self.rows = {}, 0
        return taken


def gather(
    sources: Sequence[Source],
    quantities: frozenset[str],
    chunk_rows: int,
    most_rows: int | None,
    watcher: Watcher,
    rules: tuple[Rule, ...] = (),
    observer: Callable[[], Observe] | None = None,
) -> Iterator[dict[str, Values]]:
    """
    What are these quantities of every packet, in the order of sources, files and frames?

    Parameters
    ----------
    sources : read one after the other
    quantities : names of `Frames`, of GIVEN, ARRIVED and CLOCKS, `frame`, `point` (its place in `sources`) and `copy`
    chunk_rows : rows of an answer, a batch more or less; of a stream an answer comes with each batch
    most_rows : rows after which reading stops; None: never
    rules : what a user said of numbers that the walk meets
    observer : makes who observes the streams of a capture point, and is asked only for OBSERVED

    Raises
    ------
    CaptureError
        A file cannot be read as a capture.
    """
    left = most_rows if most_rows is not None else np.iinfo(np.int64).max
    chunk = Chunk(chunk_rows + DEFAULT_BATCH_RECORDS)
    decoder = Decoder(quantities, rules, observer)
    for number, source in enumerate(sources):
        decoder.begin_point(number)
        for path in source.files:
            if left <= chunk.rows:
                break
            with open_capture(
                path, batch_records=DEFAULT_BATCH_RECORDS, max_bytes=source.max_unpacked_bytes
            ) as capture:
                for batch in capture.batches():
                    decoder.put(batch, chunk)
                    watcher.saw(path, capture)
                    is_stream = capture.progress()[1] is None
                    if chunk.rows >= min(chunk_rows, left) or is_stream:
                        rows = chunk.rows
                        yield chunk.take(left)
                        left -= rows
                    if left <= 0:
                        return
                watcher.ended(source, path, capture)
    if chunk.rows:
        yield chunk.take(left)


class Decoder:
    """Does of the decoding what these quantities need: a walk, the bodies of ARP, the search for copies."""

    def __init__(
        self,
        quantities: frozenset[str],
        rules: tuple[Rule, ...] = (),
        observer: Callable[[], Observe] | None = None,
    ) -> None:
        self._rules = rules
        self._observed = [name for name in OBSERVED if name in quantities]
        self._observer = observer
        self._observe: Observe | None = None
        self._quantities = quantities
        self._given = [name for name in GIVEN if name in quantities]
        self._arrived = [name for name in ARRIVED if name in quantities]
        self._walked = [name for name in Frames._fields if name in quantities and name not in GIVEN]
        self._clocks = [name for name in CLOCKS if name in quantities]
        self._seeks_copies = "copy" in quantities
        self._point = 0
        self._walker: WholeWalker | None = None
        self._copies = CopyFinder()

    def begin_point(self, number: int) -> None:
        """What comes next was captured elsewhere: no part of a packet and no copy is of what came before."""
        self._point = number
        self._copies = CopyFinder()
        if self._observed and self._observer is not None:
            self._observe = self._observer()
        if self._walked or self._arrived or self._clocks or self._seeks_copies or self._observed:
            self._walker = WholeWalker(DEFAULT_BATCH_RECORDS, self._rules)

    def put(self, batch: RecordBatch, chunk: Chunk) -> None:
        """Put the quantities of this batch into the chunk."""
        rows = len(batch.record_at)
        if "frame" in self._quantities:
            chunk.put("frame", np.arange(batch.first_frame, batch.first_frame + rows))
        if "point" in self._quantities:
            chunk.put("point", np.full(rows, self._point))
        for name in self._given:
            chunk.put(name, getattr(batch, name))
        if self._walker is not None:
            self._put_walked(*self._walker.walk(batch), batch.first_frame, chunk)
        chunk.rows += rows

    def _put_walked(self, whole: RecordBatch, frames: Frames, first_frame: int, chunk: Chunk) -> None:
        for name in self._walked:
            chunk.put(name, getattr(frames, name))
        if self._seeks_copies:
            chunk.put("copy", self._copies.mark(whole, frames))
        if self._observed:
            observed = self._observe(frames, first_frame) if self._observe is not None else {}
            for name in self._observed:
                chunk.put(name, observed.get(name, np.full(len(frames.stop), OBSERVED[name])))
        if self._clocks:
            for name, values in zip(CLOCKS, _clocks(whole, frames), strict=True):
                if name in self._clocks:
                    chunk.put(name, values)
        if self._arrived:
            arrivals = read_arrivals(whole, frames)
            for name in self._arrived:
                chunk.put(name, _spread(arrivals, ARRIVED[name], len(frames.stop)))


def _clocks(whole: RecordBatch, frames: Frames) -> tuple[Values, Values]:
    """What do hardware clocks of mirrors show at each frame, and in which unit?"""
    rows = len(frames.stop)
    clock, unit = np.full(rows, NO_CLOCK), np.full(rows, NO_CLOCK)
    if (frames.mirror_at >= 0).any():
        read_clocks(whole.buffer, whole.record_at, whole.captured_bytes, frames.mirror_at, clock, unit)
    return clock, unit


def _spread(arrivals: Arrivals, name: str, rows: int) -> Values:
    """This quantity of the ARP and RARP bodies at the rows of their frames, 0 in all others."""
    values: Values = getattr(arrivals, name)
    spread = np.zeros(rows, values.dtype)
    is_arp = (arrivals.kind == ARP) | (arrivals.kind == RARP)
    spread[arrivals.row[is_arp]] = values[is_arp]
    return spread
