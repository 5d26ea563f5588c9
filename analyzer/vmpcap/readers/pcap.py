"""Classic pcap: a file header of 24 bytes, then records; microseconds or nanoseconds, in either byte order."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from vmpcap.readers.columns import RecordColumns
from vmpcap.readers.defects import DefectLog
from vmpcap.readers.facts import Interface
from vmpcap.readers.kernels import find_pcap, index
from vmpcap.readers.kernels.index import FILE_HEADER_BYTES
from vmpcap.readers.ledger import MAX_INTERFACES, Ledger
from vmpcap.readers.limits import longest_record
from vmpcap.readers.record_headers import NOKIA, PATCHED, PATCHED_FOR_SMP, USUAL, RecordHeader, choose_layout
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.window import Window
from vmpcap.terms.errors import CaptureError

_USUAL_VERSION: Final = (2, 4)
_LINK_TYPE_AT: Final = 20
_FCS_STATED: Final = 0x0400_0000
_MEANINGLESS: Final = 0x0BFF_0000
"""Bits of the link type field: whether its top four hold a length, and those that hold nothing."""


@dataclass(frozen=True, slots=True)
class PcapKind:
    """What the magic number of a classic pcap promises."""

    name: str
    """Empty for the usual kind."""
    fraction_ns: int
    """Nanoseconds in one unit of the second time field."""
    layouts: tuple[RecordHeader, ...]
    """The promised record header, then those that some writers use under the same magic number."""


MICROSECONDS: Final = PcapKind("", 1000, (USUAL, PATCHED, NOKIA))
NANOSECONDS: Final = PcapKind("", 1, (USUAL,))
MODIFIED: Final = PcapKind("modified", 1000, (PATCHED, PATCHED_FOR_SMP))
"""Kuznetsov's libpcap patch: interface number, protocol and packet type follow the usual 16 bytes."""
_OLD: Final = PcapKind("", 1000, (USUAL,))
"""Before version 2.4 nobody had other record headers."""
_AIX: Final = PcapKind("AIX", 1, (USUAL,))
_AIX_VERSION: Final = (2, 2)
_AIX_LINK_TYPES: Final = {6: 1, 9: 6, 24: 0}
"""AIX writes the ifType of RFC 1573 for Ethernet, Token Ring and loopback, under version 2.2, and nanoseconds."""


@dataclass(frozen=True, slots=True)
class PcapHeader:
    """The file header of a classic pcap."""

    major: int
    minor: int
    snaplen: int
    link_type: int
    fcs_bytes: int | None
    meaningless_bits: int
    """Bits of the link type field that should be zero."""

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
    hold the length of the frame check sequence in 16-bit words. Without bit 26 the top bits say nothing. The other bits
    are to be ignored; Wireshark refuses such a file.
    """
    sign = "<" if byte_order == "little" else ">"
    major, minor, _, _, snaplen, link = struct.unpack_from(sign + "HHiIII", head, 4)
    fcs_bytes = (link >> 28) * 2 if link & _FCS_STATED else None
    return PcapHeader(major, minor, snaplen, link & 0xFFFF, fcs_bytes, link & _MEANINGLESS)


def kind_of(header: PcapHeader, promised: PcapKind) -> tuple[PcapKind, int]:
    """
    Which kind of pcap is this really, and which link type has it?

    Notes
    -----
    As Wireshark decides: version 2.2 with an ifType in place of the link type is AIX' tcpdump. An old PPP capture
    (link type 9) of version 2.2 would be taken for its Token Ring.
    """
    if promised is not MICROSECONDS or header.order == index.AS_WRITTEN:
        return promised, header.link_type
    if (header.major, header.minor) == _AIX_VERSION and header.link_type in _AIX_LINK_TYPES:
        return _AIX, _AIX_LINK_TYPES[header.link_type]
    return _OLD, header.link_type


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
        head = window.peek(FILE_HEADER_BYTES)
        self._promised = kind
        self._magic, self._version = struct.unpack_from(">II" if self._big else "<II", head)
        self.ledger = Ledger("", byte_order, log)
        self._columns = RecordColumns(batch_records)
        self._byte_order: Literal["little", "big"] = byte_order
        self._take_header()
        self.ledger.variant = f"{self._kind.name} {self._header.version}".strip()
        version = (self._header.major, self._header.minor)
        if version != _USUAL_VERSION and self._header.order == index.AS_WRITTEN:
            self.ledger.log.note("odd_version", None, 4, f"version {self._header.version}")
        promised = self._kind.layouts[0]
        layout = choose_layout(window, self._kind.layouts, byte_order, self._longest, head[:8])
        if layout is not promised:
            detail = f"record headers of {layout.size} bytes instead of {promised.size}"
            log.note("odd_header", 1, FILE_HEADER_BYTES, detail)
        self._header_bytes = layout.size

    def batches(self) -> Iterator[RecordBatch]:
        """Which records does the file hold, in file order?"""
        window, ledger, columns = self._window, self.ledger, self._columns
        while True:
            first_frame = ledger.next_frame
            ended = find_pcap.find_pcap_records(
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
            count, window.begin, why, needed = (int(number) for number in ended)
            if count:
                batch = columns.batch(window.lend(), first_frame, count)
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
        self._kind, link_type = kind_of(self._header, self._promised)
        interface = Interface(
            link_type,
            snaplen=self._header.snaplen,
            resolution="nanoseconds" if self._kind.fraction_ns == 1 else "microseconds",
            fcs_bytes=self._header.fcs_bytes,
        )
        number = self.ledger.interface_like(interface)
        if number is None:
            if self.ledger.is_full:
                return False
            number = self.ledger.add_interface(interface)
        if self._header.meaningless_bits:
            detail = f"bits {self._header.meaningless_bits:#010x} beside link type {link_type}"
            self.ledger.log.note("odd_link_type", None, self._window.offset + _LINK_TYPE_AT, detail)
        self._longest = longest_record(link_type)
        self._columns.hold(interface=number, link_type=link_type)
        self._window.begin += FILE_HEADER_BYTES
        return True

    def _join(self) -> bool:
        """Read on in the file that was appended to this one; the window holds its header."""
        ledger = self.ledger
        ledger.log.note("joined_files", ledger.next_frame, self._window.offset)
        ledger.sections += 1
        if self._take_header():
            return True
        detail = f"a file header unlike the {MAX_INTERFACES} before it"
        ledger.log.note("damaged_record", ledger.next_frame, self._window.offset, detail)
        return False
