"""The doorway for captures: a file, standard input or a pipe, packed or not, becomes batches of records."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from vmpcap.readers import FORMATS, PACKINGS
from vmpcap.readers.defects import Defect, DefectLog
from vmpcap.readers.facts import CaptureFacts, Comment, Drops, Interface
from vmpcap.readers.foreign import HEAD_BYTES, name_foreign
from vmpcap.readers.inputs import Input, PlainInput
from vmpcap.readers.kernels.index import (
    CAPTURED,
    FIRST_TS,
    LAST_TS,
    MAX_TS,
    MIN_TS,
    PACKETS,
    WIRE,
)
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS, DEFAULT_BLOCK_BYTES
from vmpcap.readers.packings import Packing, behind_skippable, is_skippable
from vmpcap.readers.reader import Format, Reader
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.unpacking import UnpackedInput
from vmpcap.readers.window import Window
from vmpcap.terms.errors import CaptureError

CUT: Final = frozenset({"cut_short", "cut_packing"})
"""How the end of a capture is called that came in the middle of something."""
_SKIPPABLE_LOOK: Final = 64 << 10
"""How far behind frames without data the packing is looked for."""


class Capture:
    """
    One capture, read once from front to back.

    Facts, defects, interfaces, comments and drops are those of what was read so far; they are final once `batches`
    has ended. To read a file again, open it again.
    """

    def __init__(self, path: str, source: Input, packing: str, row: Format, reader: Reader, log: DefectLog) -> None:
        self.path = path
        self._source = source
        self._packing = packing
        self._format = row
        self._reader = reader
        self._log = log
        self._complete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and of the unpacking thread; a second time does nothing."""
        self._source.close()

    def batches(self) -> Iterator[RecordBatch]:
        """
        Which records does the capture hold, in file order?

        A batch is valid until the next but one is asked for. A batch is never empty. Iterating a second time goes on
        where the first left off.
        """
        yield from self._reader.batches()
        self._complete = True

    @property
    def interfaces(self) -> list[Interface]:
        """Which interfaces does the capture describe? RecordBatch.interface counts along this list."""
        return self._reader.ledger.interfaces

    @property
    def comments(self) -> list[Comment]:
        """Which comments stand in the capture? The first thousand; they are hostile until sanitized for display."""
        return self._reader.ledger.comments

    @property
    def drops(self) -> list[Drops]:
        """What does the capture itself say it lost? Only interfaces that say something."""
        return self._reader.ledger.drops()

    @property
    def defects(self) -> list[Defect]:
        """What is wrong with the capture, as far as it was read? Worst first."""
        found = self._reader.ledger.defects()
        if not self._complete:
            return found
        stop = self._reader.ledger.next_frame
        return [
            replace(row, first_frame=stop) if row.ends_reading and row.first_frame is None else row for row in found
        ]

    @property
    def facts(self) -> CaptureFacts:
        """What is known of the capture so far?"""
        ledger = self._reader.ledger
        return CaptureFacts(
            path=self.path,
            format=self._format.name,
            variant=ledger.variant,
            packing=self._packing,
            byte_order=ledger.byte_order,
            time_resolution=ledger.resolution(),
            link_types=ledger.link_types(),
            packets=int(ledger.sums[PACKETS]),
            wire_bytes=int(ledger.sums[WIRE]),
            captured_bytes=int(ledger.sums[CAPTURED]),
            first_ts_ns=ledger.time(FIRST_TS),
            last_ts_ns=ledger.time(LAST_TS),
            earliest_ts_ns=ledger.time(MIN_TS),
            latest_ts_ns=ledger.time(MAX_TS),
            truncated=any(defect.ends_reading for defect in ledger.defects()),
            complete=self._complete,
            bytes_read=self._source.bytes_read,
            size=self._source.size,
            sections=ledger.sections,
            hardware=ledger.hardware,
            os=ledger.os,
            application=ledger.application,
        )

    @property
    def was_left(self) -> bool:
        """Was a stream given up before its end, or did whoever wrote it break off in a record?"""
        ended_in_a_record = any(defect.kind in CUT for defect in self._reader.ledger.defects())
        return self._source.was_left or (ended_in_a_record and not self._source.is_regular)

    def progress(self) -> tuple[int, int | None]:
        """How many bytes of the file were read, of how many? None for a stream."""
        return self._source.bytes_read, self._source.size


def open_capture(
    path: str | Path,
    *,
    batch_records: int = DEFAULT_BATCH_RECORDS,
    block_bytes: int = DEFAULT_BLOCK_BYTES,
    max_bytes: int | None = None,
    is_enough: Callable[[], bool] = bool,
) -> Capture:
    """
    Which capture is this file? `-` is standard input.

    Parameters
    ----------
    path
        A file, a named pipe, or `-`. Format and packing are told by the first bytes, never by the name.
    batch_records
        Records in a batch at most.
    block_bytes
        Bytes read at once; a batch lies in one block. A larger record makes the block grow, within limits.py.
    max_bytes
        Bytes that a packed input may unpack to; what lies behind is not read and noted as `unpacked_limit`. None: 4 GiB
        plus a thousand times the packed size. Memory does not depend on it.
    is_enough
        Asked while a pipe is silent: is what came by now to be all? `bool()` is False: never.

    Raises
    ------
    CaptureError
        The input cannot be opened, is empty, or does not begin as a capture.
    EngineError
        The library for its packing is missing.
    """
    name = str(path)
    found = opened(name, max_bytes, is_enough)
    try:
        row = _format_of(name, found)
        reader = row.opens(Window(found.source, block_bytes), name, batch_records, found.log)
    except BaseException:
        found.source.close()
        raise
    packing = "none" if found.packing is None else found.packing.name
    return Capture(name, found.source, packing, row, reader, found.log)


class Opened(NamedTuple):
    """The unpacked bytes of an input, of whatever format."""

    source: Input
    packing: Packing | None
    log: DefectLog


def opened(path: str, max_bytes: int | None, is_enough: Callable[[], bool] = bool) -> Opened:
    """
    Which bytes has this input, behind its packing?

    Raises CaptureError where it cannot be opened, EngineError where the library for its packing is missing.
    """
    log = DefectLog()
    plain = PlainInput(path, log, is_enough)
    try:
        packing = _packing_of(plain)
        source: Input = plain if packing is None else UnpackedInput(plain, packing, log, max_bytes)
    except BaseException:
        plain.close()
        raise
    return Opened(source, packing, log)


def _packing_of(source: PlainInput) -> Packing | None:
    """How is this input packed? None where it is not."""
    head = source.peek(8)
    if is_skippable(head):
        head = behind_skippable(source.peek(_SKIPPABLE_LOOK))
    return next((row for row in PACKINGS if head.startswith(row.magic)), None)


def _format_of(path: str, found: Opened) -> Format:
    """Which format has this capture? Raises CaptureError, naming what was found instead."""
    magic = found.source.peek(4)
    for row in FORMATS:
        if magic.startswith(row.magic):
            return row
    problem = refused(path, found)
    if problem is not None:
        raise problem
    doing = f"cannot read {path!r} as a capture: "
    known = next((row for row in FORMATS if row.magic.startswith(magic)), None)
    if known is not None:
        raise CaptureError(f"{doing}only {len(magic)} bytes of a {known.name} header are there; copy the file again")
    foreign = name_foreign(found.source.peek(HEAD_BYTES))
    raise CaptureError(f"{doing}it is {_inside(found)}{foreign.what}, not pcap or pcapng; {foreign.advice}")


def refused(path: str, found: Opened) -> CaptureError | None:
    """Why is this no capture of any format: without a byte, or packed twice? None where it may be one."""
    doing = f"cannot read {path!r} as a capture: "
    head = found.source.peek(4)
    if not head:
        broken = next((defect for defect in found.log.noted() if defect.ends_reading), None)
        if broken is not None:
            advice = (
                "unpack it first (zstd -d --long=31, xz -d)"
                if broken.kind == "packing_memory"
                else "copy the file again"
            )
            return CaptureError(f"{doing}nothing could be read of it ({broken.detail}); {advice}")
        return CaptureError(
            f"{doing}{_inside(found) or 'it has '}no bytes; was the capture stopped before its first packet?"
        )
    if found.packing is None:
        return None
    head = found.source.peek(HEAD_BYTES)
    if any(head.startswith(row.magic) for row in PACKINGS):
        return CaptureError(f"{doing}it is packed twice ({found.packing.name} outside); unpack it once")
    return None


def _inside(found: Opened) -> str:
    return "" if found.packing is None else f"{found.packing.name} data with "
