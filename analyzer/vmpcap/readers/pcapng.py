"""pcapng: sections of blocks, each section with its own byte order, interfaces and clocks."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np

from vmpcap.readers.columns import RecordColumns
from vmpcap.readers.defects import DefectLog
from vmpcap.readers.facts import NO_LINK_TYPE, Drops, Interface
from vmpcap.readers.kernels import blocks, find_pcapng, index, ticks
from vmpcap.readers.ledger import MAX_COMMENTS, MAX_INTERFACES, MAX_TEXT, Ledger
from vmpcap.readers.limits import BLOCK_OVERHEAD, LONGEST_BLOCK, longest_record
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.window import Window
from vmpcap.terms.errors import CaptureError
from vmpcap.terms.units import NS_PER_S

_BYTE_ORDERS: Final[dict[bytes, Literal["little", "big"]]] = {
    b"\x4d\x3c\x2b\x1a": "little",
    b"\x1a\x2b\x3c\x4d": "big",
}
_SMALLEST_SECTION: Final = 28
_SMALLEST_INTERFACE: Final = 20
_SMALLEST_STATISTICS: Final = 24
_UNKNOWN_LENGTH: Final = -1
_COMMENTS_AT_ONCE: Final = MAX_COMMENTS
"""As many as are kept of a capture, so that which ones are kept does not depend on where batches are cut."""
_MOST_OPTIONS: Final = 4096
"""Options that are read of one section, interface or statistics block; a thousand interfaces' worth."""
_LARGEST_OFFSET_S: Final = index.LATEST // NS_PER_S
_RESOLUTION_NAMES: Final = {0: "seconds", 3: "milliseconds", 6: "microseconds", 9: "nanoseconds"}
_MICROSECONDS: Final = 6

_COMMENT: Final = 1
_SECTION_TEXTS: Final = {2: "hardware", 3: "os", 4: "application"}
"""Options of a section header that are kept, and where in the Ledger."""
_INTERFACE_TEXTS: Final = {2: "name", 3: "description", 12: "os", 15: "hardware"}
"""Options of an interface description that are kept as text."""
_IF_SPEED: Final = 8
_IF_TSRESOL: Final = 9
_IF_FILTER: Final = 11
_IF_FCSLEN: Final = 13
_IF_TSOFFSET: Final = 14
_STATISTICS: Final = {4: "received", 5: "dropped", 6: "filter_accepted", 7: "os_dropped", 8: "delivered"}
"""Counters of an interface statistics block, all of 8 bytes."""


def clock_of(resolution: int) -> tuple[int, int]:
    """
    How do ticks of this if_tsresol become nanoseconds? The way and the factor that ticks_to_ns takes.

    >>> clock_of(6) == (ticks.MULTIPLY, 1000), clock_of(12) == (ticks.DIVIDE, 1000), clock_of(0x94) == (ticks.SHIFT, 20)
    (True, True, True)

    Notes
    -----
    2^64 ticks of 10^-37 s or less are no nanosecond, so a factor that is capped for those changes nothing.
    """
    power = resolution & 0x7F
    if resolution & 0x80:
        return ticks.SHIFT, power
    if power <= 9:
        return ticks.MULTIPLY, 10 ** (9 - power)
    if power <= 18:
        return ticks.DIVIDE, 10 ** (power - 9)
    return ticks.DIVIDE_TWICE, min(10 ** (power - 18), index.LATEST)


def resolution_text(resolution: int) -> str:
    """
    How is this if_tsresol written?

    >>> resolution_text(9), resolution_text(7), resolution_text(0x94)
    ('nanoseconds', '10^-7 s', '2^-20 s')
    """
    power = resolution & 0x7F
    if resolution & 0x80:
        return f"2^-{power} s"
    return _RESOLUTION_NAMES.get(power, f"10^-{power} s")


def fcs_bytes_of(length: int) -> int:
    """
    How many bytes of frame check sequence is this if_fcslen?

    The draft says bits and gives 4 as its example, so both are written; no link has one of 8 bytes or of 8 bits.

    >>> fcs_bytes_of(4), fcs_bytes_of(32), fcs_bytes_of(0)
    (4, 4, 0)
    """
    return length if length < 8 else length // 8


def text_of(value: bytes) -> str:
    """Which text is this? UTF-8, with replacements where it is not; of bounded length."""
    return value[:MAX_TEXT].rstrip(b"\0").decode("utf-8", "replace")


class PcapngReader:
    """Reads the packets of a pcapng capture, batch by batch."""

    def __init__(self, window: Window, path: str, batch_records: int, log: DefectLog) -> None:
        self._window = window
        self._sign: Literal["<", ">"] = "<"
        self._section_end: int | None = None
        self._section_interfaces = 0
        self._stand_in = -1
        self._found = 0
        self._longest_block = LONGEST_BLOCK
        self._columns = RecordColumns(batch_records)
        self._interface_numbers = np.zeros(MAX_INTERFACES + 1, dtype=np.int32)
        self._link_types = np.zeros(MAX_INTERFACES + 1, dtype=np.int32)
        self._clock_ways = np.zeros(MAX_INTERFACES + 1, dtype=np.int64)
        self._clock_factors = np.ones(MAX_INTERFACES + 1, dtype=np.int64)
        self._clock_offsets_ns = np.zeros(MAX_INTERFACES + 1, dtype=np.int64)
        self._comments = np.zeros((_COMMENTS_AT_ONCE, 3), dtype=np.int64)
        self.ledger = Ledger("", "", log)
        self.ledger.sections = 0
        if not self._enter_section():
            why = log.noted()[-1].detail
            raise CaptureError(f"cannot read {path!r}: its pcapng section header is damaged or cut: {why}")

    def batches(self) -> Iterator[RecordBatch]:
        """Which packets does the capture hold, in file order? Custom blocks are none, but have a frame number."""
        while True:
            why, needed = self._find()
            if why == index.NO_INTERFACE:
                self._make_stand_in()
                continue
            if why == index.FOR_READER and needed:
                self._take_block(needed)
                continue
            if why == index.FOR_READER and self._has_plain_section() and self._enter_section():
                continue  # a batch goes on over it: a capture may have a section for each packet
            if self._found:
                yield self._entered()
            if why == index.FULL:
                self._window.top_up()
            elif why != index.GAP and not self._go_on(why, needed):
                return

    def _entered(self) -> RecordBatch:
        """Which batch are the records found so far? Counts them in the ledger."""
        batch = self._columns.batch(self._window.lend(), self.ledger.next_frame, self._found)
        self._found = 0
        self.ledger.enter(batch, self._window.base)
        return batch

    def _go_on(self, why: int, needed: int) -> bool:
        """Can reading go on behind what stopped the kernel? Notes why not."""
        window, log = self._window, self.ledger.log
        if why == index.FOR_READER:
            return self._enter_section()
        if why == index.DAMAGED:
            log.note("damaged_record", self.ledger.next_frame, window.offset, self._damage())
            return False
        if window.refill(needed):
            return True
        if window.left:
            detail = f"needed {needed} bytes, found {window.left}"
            log.note("cut_short", self.ledger.next_frame, window.offset, detail)
        else:
            self._check_section_end()
        return False

    def _find(self) -> tuple[int, int]:
        """Run the kernel over the block: why did it end, and what is needed next?"""
        window, ledger, columns = self._window, self.ledger, self._columns
        ended = find_pcapng.find_pcapng_records(
            window.view,
            window.begin,
            window.base,
            ledger.next_frame,
            self._found,
            self._sign == ">",
            self._longest_block,
            self._stand_in,
            self._section_interfaces,
            self._interface_numbers,
            self._link_types,
            ledger.snaplens,
            self._clock_ways,
            self._clock_factors,
            self._clock_offsets_ns,
            ledger.sums,
            ledger.counts,
            ledger.interface_drops,
            columns.record_at,
            columns.captured_bytes,
            columns.wire_bytes,
            columns.ts_ns,
            columns.interface,
            columns.link_type,
            self._comments,
        )
        self._found, window.begin, why, needed, comments = (int(number) for number in ended)
        for frame, place, size in self._comments[: min(comments, _COMMENTS_AT_ONCE)].tolist():
            ledger.add_comment(frame, text_of(window.view[place : place + min(size, MAX_TEXT)].tobytes()))
        ledger.comments_left_out += max(comments - _COMMENTS_AT_ONCE, 0)
        return why, needed

    def _damage(self) -> str:
        """What is wrong with the block that the kernel refused?"""
        kind, total = struct.unpack(self._sign + "II", self._window.peek(8))
        if total < blocks.SMALLEST_BLOCK or total > self._longest_block:
            bounds = f"{blocks.SMALLEST_BLOCK} to {self._longest_block}"
            return f"block of type {kind:#x} claims {total} bytes, {bounds} can be"
        (again,) = struct.unpack(self._sign + "I", self._window.peek(total)[-4:])
        if again != total:
            return f"block of type {kind:#x} claims {total} bytes at its start and {again} at its end"
        return f"block of type {kind:#x} claims {total} bytes, too few for its own fields"

    def _has_plain_section(self) -> bool:
        """Does a section header come next that is in view, without options, and gives no reason for a note?"""
        window = self._window
        if window.left < _SMALLEST_SECTION or self._section_end not in (None, window.offset):
            return False
        head = window.peek(_SMALLEST_SECTION)
        order = _BYTE_ORDERS.get(head[8:12])
        if order is None:
            return False
        total, _, major, _, _, again = struct.unpack_from(("<" if order == "little" else ">") + "IIHHqI", head, 4)
        return bool(total == again == _SMALLEST_SECTION and major == 1)

    def _enter_section(self) -> bool:
        """Begin the section whose header comes next. Returns False, with a note, where it cannot be read."""
        window, log, frame = self._window, self.ledger.log, self.ledger.next_frame
        if not window.hold(_SMALLEST_SECTION):
            detail = f"needed {_SMALLEST_SECTION} bytes, found {window.left}"
            log.note("cut_short", frame, window.offset, detail)
            return False
        head = window.peek(_SMALLEST_SECTION)
        order = _BYTE_ORDERS.get(head[8:12])
        if order is None:
            detail = f"byte-order magic {head[8:12].hex(' ')} is none"
            log.note("damaged_section", frame, window.offset, detail)
            return False
        sign: Literal["<", ">"] = "<" if order == "little" else ">"
        total, _, major, minor, length = struct.unpack_from(sign + "IIHHq", head, 4)
        if total < _SMALLEST_SECTION or total > LONGEST_BLOCK or total % 4:
            detail = f"it claims {total} bytes, {_SMALLEST_SECTION} to {LONGEST_BLOCK} can be"
            log.note("damaged_section", frame, window.offset, detail)
            return False
        if not window.hold(total):
            log.note("cut_short", frame, window.offset, f"needed {total} bytes, found {window.left}")
            return False
        block = window.peek(total)
        (again,) = struct.unpack(sign + "I", block[-4:])
        if again != total:
            detail = f"it claims {total} bytes at its start and {again} at its end"
            log.note("damaged_section", frame, window.offset, detail)
            return False
        if major != 1:
            log.note("damaged_section", frame, window.offset, f"version {major}.{minor} is not known, only 1.x")
            return False
        self._check_section_end()
        self._begin_section(sign, order, f"{major}.{minor}")
        self._keep_section_options(block[24:-4])
        self._section_end = None if length == _UNKNOWN_LENGTH else window.offset + total + length
        window.begin += total
        return True

    def _begin_section(self, sign: Literal["<", ">"], order: str, version: str) -> None:
        ledger = self.ledger
        self._sign = sign
        self._section_interfaces = 0
        ledger.sections += 1
        ledger.variant = ledger.variant or version
        ledger.byte_order = order if ledger.byte_order in ("", order) else "mixed"

    def _keep_section_options(self, options: bytes) -> None:
        for code, value in self._options(options, "damaged_option"):
            if code == _COMMENT:
                self.ledger.add_comment(0, text_of(value))
            elif code in _SECTION_TEXTS and self.ledger.sections == 1:
                setattr(self.ledger, _SECTION_TEXTS[code], text_of(value))

    def _check_section_end(self) -> None:
        """Does the section end where its header said?"""
        if self._section_end is not None and self._section_end != self._window.offset:
            detail = f"said to end at {self._section_end}, ends at {self._window.offset}"
            self.ledger.log.note("section_length", self.ledger.next_frame, self._window.offset, detail)

    def _options(self, data: bytes, damage: str) -> Iterator[tuple[int, bytes]]:
        """Which options are these? Notes a defect of kind `damage` where one reaches past the end, or too many come."""
        at = 0
        for _ in range(_MOST_OPTIONS):
            if at + 4 > len(data):
                return
            code, size = struct.unpack_from(self._sign + "HH", data, at)
            at += 4
            if code == 0:
                return
            if at + size > len(data):
                self._note_here(damage, f"option {code}")
                return
            yield code, data[at : at + size]
            at += (size + 3) & ~3
        self._note_here(damage, f"more than {_MOST_OPTIONS} options in one block")

    def _take_block(self, size: int) -> None:
        """Read the interface or statistics block that comes next; the kernel has checked its length."""
        block = self._window.peek(size)
        (kind,) = struct.unpack_from(self._sign + "I", block)
        if kind == blocks.INTERFACE_BLOCK:
            self._describe_interface(block)
        else:
            self._keep_statistics(block)
        self._window.begin += size

    def _describe_interface(self, block: bytes) -> None:
        if len(block) < _SMALLEST_INTERFACE:
            self._note_here("damaged_interface", f"a description of {len(block)} bytes")
            self._take_number(self._make_stand_in())
            return
        link_type, _, snaplen = struct.unpack_from(self._sign + "HHI", block, 8)
        interface = Interface(link_type, snaplen=snaplen, section=self.ledger.sections - 1)
        clock = _MICROSECONDS
        for code, value in self._options(block[16:-4], "damaged_interface"):
            if code == _COMMENT:
                self.ledger.add_comment(0, text_of(value))
            elif code == _IF_TSRESOL and len(value) == 1:
                clock = value[0]
            else:
                interface = self._with_option(interface, code, value)
        self._number_interface(replace(interface, resolution=resolution_text(clock)), *clock_of(clock))

    def _with_option(self, interface: Interface, code: int, value: bytes) -> Interface:
        """What is known of the interface after this option?"""
        if code in _INTERFACE_TEXTS:
            changes: dict[str, Any] = {_INTERFACE_TEXTS[code]: text_of(value)}
            return replace(interface, **changes)
        if code == _IF_FILTER and value:
            text = text_of(value[1:]) if value[0] == 0 else f"a filter program of {len(value) - 1} bytes"
            return replace(interface, filter=text)
        if code == _IF_SPEED and len(value) == 8:
            return replace(interface, speed_bps=struct.unpack(self._sign + "Q", value)[0])
        if code == _IF_FCSLEN and len(value) == 1:
            return replace(interface, fcs_bytes=fcs_bytes_of(value[0]))
        if code == _IF_TSOFFSET and len(value) == 8:
            return replace(interface, tsoffset_s=struct.unpack(self._sign + "q", value)[0])
        return interface

    def _number_interface(self, interface: Interface, way: int, factor: int) -> None:
        """Give this interface its number; beyond the limit that of one just like it, or of the stand-in."""
        ledger = self.ledger
        if self._section_interfaces >= MAX_INTERFACES:
            self._note_here("too_many_interfaces", f"more than {MAX_INTERFACES} in one section")
            return
        if abs(interface.tsoffset_s) > _LARGEST_OFFSET_S:
            self._note_here("damaged_interface", f"a time offset of {interface.tsoffset_s} s")
            interface, way = replace(interface, resolution="unknown"), ticks.NO_CLOCK
        known = ledger.interface_like(interface) if ledger.is_full else ledger.add_interface(interface)
        if known is None:
            self._note_here("too_many_interfaces", f"more than {MAX_INTERFACES}")
            number = self._make_stand_in()
        else:
            number = known
            self._link_types[number] = interface.link_type
            self._clock_ways[number] = way
            self._clock_factors[number] = factor
            self._clock_offsets_ns[number] = 0 if way == ticks.NO_CLOCK else interface.tsoffset_s * NS_PER_S
            self._longest_block = max(self._longest_block, longest_record(interface.link_type) + BLOCK_OVERHEAD)
        self._take_number(number)

    def _take_number(self, number: int) -> None:
        """The next interface of the section has this number over all sections; those beyond the limit have none."""
        if self._section_interfaces < MAX_INTERFACES:
            self._interface_numbers[self._section_interfaces] = number
            self._section_interfaces += 1

    def _make_stand_in(self) -> int:
        """Which number has the interface of packets whose own was never described? It has no link type, no clock."""
        if self._stand_in < 0:
            unknown = Interface(NO_LINK_TYPE, resolution="unknown", section=self.ledger.sections - 1)
            self._stand_in = self.ledger.add_interface(unknown)
            self._link_types[self._stand_in] = NO_LINK_TYPE
            self._clock_ways[self._stand_in] = ticks.NO_CLOCK
        return self._stand_in

    def _keep_statistics(self, block: bytes) -> None:
        if len(block) < _SMALLEST_STATISTICS:
            self._note_here("damaged_option", f"an interface statistics block of {len(block)} bytes")
            return
        (local,) = struct.unpack_from(self._sign + "I", block, 8)
        if local >= self._section_interfaces:
            self._note_here("damaged_option", f"statistics of interface {local}, which is not described")
            return
        number = int(self._interface_numbers[local])
        found = self.ledger.statistics.get(number, Drops(number))
        for code, value in self._options(block[20:-4], "damaged_option"):
            if code == _COMMENT:
                self.ledger.add_comment(0, text_of(value))
            elif code in _STATISTICS and len(value) == 8:
                counter = struct.unpack(self._sign + "Q", value)[0]
                changes: dict[str, Any] = {_STATISTICS[code]: counter if counter <= index.LATEST else None}
                found = replace(found, **changes)
        self.ledger.statistics[number] = found

    def _note_here(self, kind: str, detail: str) -> None:
        self.ledger.log.note(kind, self.ledger.next_frame + self._found, self._window.offset, detail)
