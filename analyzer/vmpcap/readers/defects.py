"""What is wrong with a capture, counted: nothing is repaired in silence."""

from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

from vmpcap.terms.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class DefectKind:
    """One way in which a capture can be wrong."""

    name: str
    ends_reading: bool
    """True where packets behind this place may exist that were not read."""
    meaning: str


DEFECT_KINDS: Final = (
    DefectKind("cut_short", True, "the file ends inside a record: the capture was interrupted or is still written"),
    DefectKind("damaged_record", True, "a record or block says lengths that cannot be: reading stopped there"),
    DefectKind("damaged_section", True, "a pcapng section header makes no sense: reading stopped there"),
    DefectKind("cut_packing", True, "the compressed stream ends before its own end mark"),
    DefectKind("damaged_packing", True, "the compressed stream does not unpack or fails its checksum"),
    DefectKind(
        "packing_memory",
        True,
        "the compressed stream asks for more memory than vmpcap gives it (zstd 128 MiB, xz 256 MiB): unpack it first",
    ),
    DefectKind(
        "unpacked_limit",
        True,
        "the compressed input unpacks to more than the stated limit (--max-unpacked): stopped there",
    ),
    DefectKind("read_error", True, "the system refused to read on"),
    DefectKind("stopped", True, "whoever asked for the report had it made of what was read by then (--partial)"),
    DefectKind("shrank_while_read", True, "the file became shorter while it was read"),
    DefectKind("grew_while_read", False, "the file became longer while it was read: it may still be written"),
    DefectKind("trailing_bytes", False, "bytes behind the end of the compressed stream, ignored"),
    DefectKind("odd_version", False, "the file header names an unknown version; read as the usual one"),
    DefectKind("odd_link_type", False, "the link type has bits set that mean nothing; they are ignored"),
    DefectKind("odd_header", False, "record headers are of another length than the magic number promises"),
    DefectKind("joined_files", False, "pcap files that were appended to each other with their headers; all are read"),
    DefectKind("time_backwards", False, "a packet is stamped before the one in front of it"),
    DefectKind("untimed", False, "packets without a timestamp"),
    DefectKind("time_out_of_range", False, "a timestamp beyond 1677-2262, clipped to that range"),
    DefectKind("invalid_fraction", False, "a fraction of a second of one second or more; added as it stands"),
    DefectKind("captured_over_wire", False, "more bytes captured than the packet is said to have had"),
    DefectKind("captured_over_snaplen", False, "more bytes captured than the snapshot length; all of them are used"),
    DefectKind("no_bytes", False, "packets of which no byte was captured"),
    DefectKind("wire_length_clipped", False, "a wire length of 2 GiB or more, clipped to 2^31 - 1"),
    DefectKind("captured_over_block", False, "more bytes claimed than the pcapng block holds; cut to the block"),
    DefectKind("unknown_interface", False, "packets of an interface that was never described: no link type, no time"),
    DefectKind("too_many_interfaces", False, "interface descriptions beyond the limit, ignored"),
    DefectKind("damaged_interface", False, "an interface description or its options cannot be read fully"),
    DefectKind("damaged_option", False, "an option of a block reaches past the block; options behind it are not read"),
    DefectKind("unaligned_block", False, "a pcapng block whose length is no multiple of 4"),
    DefectKind("section_length", False, "a pcapng section whose stated length does not lead to its end"),
    DefectKind("skipped_block", False, "pcapng blocks that are no packets to us: custom, journal, unknown"),
    DefectKind("link_error", False, "packets that the capturing interface marked as received with an error"),
    DefectKind("dropped", False, "packets that the capture itself says it lost"),
)
"""Every kind, from what ends the reading to what only has to be known."""

_BY_NAME: Final = {row.name: row for row in DEFECT_KINDS}


@dataclass(frozen=True, slots=True)
class Defect:
    """How often one thing was wrong, and where it began."""

    kind: str
    count: int
    first_frame: int | None
    """Frame number of the first case; for what ends the reading, the frame that could not be read."""
    offset: int | None
    """
    Where the first case begins, in bytes from the start of the (unpacked) capture; for damaged packing, how many
    bytes were unpacked.
    """
    detail: str = ""
    largest: int | None = None
    """The largest case: nanoseconds of a step back in time, bytes or ticks of a value that is too large."""

    @property
    def ends_reading(self) -> bool:
        """May there be packets behind this place that were not read?"""
        return _BY_NAME[self.kind].ends_reading

    @property
    def meaning(self) -> str:
        """What is wrong, in one sentence?"""
        return _BY_NAME[self.kind].meaning


@dataclass(slots=True)
class DefectLog:
    """Defects noted one at a time; those that kernels count stand in a Tally."""

    _noted: dict[str, Defect] = field(default_factory=dict)

    def note(
        self, kind: str, frame: int | None = None, offset: int | None = None, detail: str = "", count: int = 1
    ) -> None:
        """Count this defect; place and detail of its first case stay. Raises KeyError for an unlisted kind."""
        _BY_NAME[kind]
        seen = self._noted.get(kind)
        if seen is None:
            self._noted[kind] = Defect(kind, count, frame, offset, detail)
        else:
            self._noted[kind] = Defect(kind, seen.count + count, seen.first_frame, seen.offset, seen.detail)

    def noted(self) -> list[Defect]:
        """Which defects were noted? In the order of their first case."""
        return list(self._noted.values())


def one_each(defects: list[Defect]) -> list[Defect]:
    """Which defects are these, with one row a kind? Some are noted and counted; the place is that of the first case."""
    rows: dict[str, Defect] = {}
    for defect in defects:
        seen = rows.get(defect.kind, defect)
        first = min(seen, defect, key=lambda row: inf if row.offset is None else row.offset)
        both = [row.largest for row in (seen, defect) if row.largest is not None]
        count = defect.count if seen is defect else seen.count + defect.count
        rows[defect.kind] = replace(first, count=count, largest=max(both, default=None))
    return list(rows.values())


def in_table_order(defects: list[Defect]) -> list[Defect]:
    """Which order do defects have everywhere? That of DEFECT_KINDS, worst first."""
    place = {row.name: number for number, row in enumerate(DEFECT_KINDS)}
    return sorted(defects, key=lambda defect: place[defect.kind])


def step_text(nanoseconds: int) -> str:
    """
    How long is this step, as a person reads it?

    >>> step_text(1_500_000_000)
    '1.500000000 s'
    """
    whole, rest = divmod(nanoseconds, NS_PER_S)
    return f"{whole}.{rest:09d} s"
