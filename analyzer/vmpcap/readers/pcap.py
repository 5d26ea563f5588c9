"""Classic pcap: a file header of 24 bytes, then records; microseconds or nanoseconds, in either byte order."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from vmpcap.readers import index
from vmpcap.readers.columns import RecordColumns
from vmpcap.readers.defects import DefectLog
from vmpcap.readers.facts import Interface
from vmpcap.readers.index import FILE_HEADER_BYTES
from vmpcap.readers.ledger import MAX_INTERFACES, Ledger
from vmpcap.readers.limits import longest_record
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.window import Window
from vmpcap.terms.errors import CaptureError

_USUAL_VERSION: Final = (2, 4)
_PROBE_BYTES: Final = 65536
_PROBE_RECORDS: Final = 16
"""How far a guess about odd record headers looks."""


@dataclass(frozen=True, slots=True)
class PcapKind:
    """What the magic number of a classic pcap promises."""

    name: str
    """Empty for the usual kind."""
    fraction_ns: int
    """Nanoseconds in one unit of the second time field."""
    record_header_bytes: int
    other_header_bytes: tuple[int, ...]
    """Lengths that some writers use under the same magic number, tried only where the promised one cannot be."""


MICROSECONDS: Final = PcapKind("", 1000, 16, (24, 20))
NANOSECONDS: Final = PcapKind("", 1, 16, ())
MODIFIED: Final = PcapKind("modified", 1000, 24, (28, 16))
"""Kuznetzov's libpcap patch: interface number, protocol and packet type follow the usual 16 bytes."""


@dataclass(frozen=True, slots=True)
class PcapHeader:
    """The file header of a classic pcap."""

    major: int
    minor: int
    snaplen: int
    link_type: int
    fcs_bytes: int | None

    @property
    def version(self) -> str:
        """How is the version written?"""
        return f"{self.major}.{self.minor}"

    @property
    def order(self) -> int:
        """In which order do the two lengths of a record stand? (As libpcap reads old versions.)"""
        if self.major == 543 or (self.major == 2 and self.minor < 3):
            return index.SWAPPED
        if self.major == 2 and self.minor == 3:
            return index.SWAPPED_IF_LONGER
        return index.AS_WRITTEN


def read_header(head: bytes, byte_order: Literal["little", "big"]) -> PcapHeader:
    """
    What does this file header say?

    Notes
    -----
    draft-ietf-opsawg-pcap, section 4: the link type is the low 16 bits of its field; bit 26 says that the top four bits
    hold the length of the frame check sequence in 16-bit words. Without bit 26 the top bits say nothing.
    """
    sign = "<" if byte_order == "little" else ">"
    major, minor, _, _, snaplen, link = struct.unpack_from(sign + "HHiIII", head, 4)
    fcs_bytes = (link >> 28) * 2 if link & 0x0400_0000 else None
    return PcapHeader(major, minor, snaplen, link & 0xFFFF, fcs_bytes)


class PcapReader:
    """Reads the records of a classic pcap, batch by batch."""

    def __init__(
        self,
        window: Window,
        path: str,
        batch_records: int,
        log: DefectLog,
        *,
        byte_order: Literal["little", "big"],
        kind: PcapKind,
    ) -> None:
        if not window.refill(FILE_HEADER_BYTES):
            raise CaptureError(
                f"cannot read {path!r}: its pcap file header is cut short: needed {FILE_HEADER_BYTES} bytes, "
                f"found {window.left}; copy the file again"
            )
        self._window = window
        self._big = byte_order == "big"
        self._kind = kind
        head = window.peek(FILE_HEADER_BYTES)
        self._header = read_header(head, byte_order)
        self._magic, self._version = struct.unpack_from(">II" if self._big else "<II", head)
        self.ledger = Ledger(f"{kind.name} {self._header.version}".strip(), byte_order, log)
        self._columns = RecordColumns(batch_records)
        self._byte_order: Literal["little", "big"] = byte_order
        self._take_header()
        self._header_bytes = kind.record_header_bytes
        if (self._header.major, self._header.minor) > _USUAL_VERSION and self._header.order == index.AS_WRITTEN:
            self.ledger.log.note("odd_version", None, 4, f"version {self._header.version}")
        if kind.other_header_bytes:
            self._header_bytes = self._guess_header_bytes()

    def batches(self) -> Iterator[RecordBatch]:
        """Which records does the file hold, in file order?"""
        window, ledger, columns = self._window, self.ledger, self._columns
        while True:
            first_frame = ledger.next_frame
            count, at, why, needed = index.find_pcap_records(
                window.view,
                window.begin,
                window.base,
                first_frame,
                self._big,
                self._kind.fraction_ns,
                self._header_bytes,
                self._magic,
                self._version,
                self._header.order,
                self._longest,
                ledger.counts,
                columns.record_at,
                columns.captured_bytes,
                columns.wire_bytes,
                columns.ts_ns,
            )
            window.begin = at
            if count:
                batch = columns.batch(window.view, first_frame, count)
                ledger.enter(batch, window.base)
                yield batch
            if why == index.FULL:
                window.top_up()
            elif not self._go_on(why, needed):
                return

    def _go_on(self, why: int, needed: int) -> bool:
        """Can reading go on behind what stopped the kernel? Notes why not."""
        window, log = self._window, self.ledger.log
        if why == index.FILE_HEADER:
            return self._join()
        if why == index.DAMAGED:
            detail = f"the record claims {needed} captured bytes, at most {self._longest} can be"
            log.note("damaged_record", self.ledger.next_frame, window.offset, detail)
            return False
        if window.refill(needed):
            return True
        if window.left:
            detail = f"needed {needed} bytes, found {window.left}"
            log.note("cut_short", self.ledger.next_frame, window.offset, detail)
        return False

    def _take_header(self) -> bool:
        """
        Begin the file whose header comes next: its link type and lengths hold from here on.

        Returns False where that would be one interface too many.
        """
        head = self._window.peek(FILE_HEADER_BYTES)
        self._header = read_header(head, self._byte_order)
        interface = Interface(
            self._header.link_type,
            snaplen=self._header.snaplen,
            resolution="nanoseconds" if self._kind.fraction_ns == 1 else "microseconds",
            fcs_bytes=self._header.fcs_bytes,
        )
        known = self.ledger.interfaces
        if interface not in known and len(known) >= MAX_INTERFACES:
            return False
        number = known.index(interface) if interface in known else self.ledger.add_interface(interface)
        self._longest = longest_record(self._header.link_type)
        self._columns.interface[:] = number
        self._columns.link_type[:] = self._header.link_type
        self._window.begin += FILE_HEADER_BYTES
        return True

    def _join(self) -> bool:
        """Read on in the file that was appended to this one; the window holds its header."""
        ledger = self.ledger
        ledger.log.note("joined_files", ledger.next_frame, self._window.offset)
        ledger.sections += 1
        if self._take_header():
            return True
        detail = f"a file header with yet another link type; {MAX_INTERFACES} were seen"
        ledger.log.note("damaged_record", ledger.next_frame, self._window.offset, detail)
        return False

    def _guess_header_bytes(self) -> int:
        """
        How long are the record headers really?

        The promised length stands unless records of that length cannot be and those of another length can. Only what
        is in the block is looked at, so that a live pipe need not wait.
        """
        self._window.refill(self._kind.record_header_bytes)
        head = self._window.peek(_PROBE_BYTES)
        promised = self._kind.record_header_bytes
        if self._is_chain(head, promised, least=2):
            return promised
        for other in self._kind.other_header_bytes:
            if self._is_chain(head, other, least=_PROBE_RECORDS):
                detail = f"record headers of {other} bytes instead of {promised}"
                self.ledger.log.note("odd_header", 1, FILE_HEADER_BYTES, detail)
                return other
        return promised

    def _is_chain(self, head: bytes, header_bytes: int, least: int) -> bool:
        """
        Do the first `least` records look sound if their headers have this length?

        Fewer are enough where the bytes at hand end before; two at least must be seen, unless the chain ends exactly.
        """
        at = seen = 0
        while seen < least and at + header_bytes <= len(head):
            fraction, captured, wire = struct.unpack_from(">III" if self._big else "<III", head, at + 4)
            if self._header.order != index.AS_WRITTEN:
                captured, wire = min(captured, wire), max(captured, wire)
            if fraction * self._kind.fraction_ns >= 1_000_000_000 or captured > min(wire, self._longest):
                return False
            at += header_bytes + captured
            seen += 1
        return seen >= min(2, least) or at == len(head)
