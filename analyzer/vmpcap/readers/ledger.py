"""The book a reader keeps: records handed on, what was found odd, what the file said about itself."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.readers.defects import Defect, DefectLog, in_table_order, one_each, step_text
from vmpcap.readers.facts import NO_LINK_TYPE, Comment, Drops, Interface
from vmpcap.readers.kernels import index, tally
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.units import NO_TIME

MAX_INTERFACES: Final = 4096
"""Descriptions of interfaces that are kept, over all sections; merged captures have some hundreds."""
MAX_COMMENTS: Final = 1000
"""Comments that are kept; later ones are only counted."""
MAX_TEXT: Final = 1024
"""Bytes that are kept of any one text out of a capture."""

_SHOW_LARGEST: Final = (
    index.OVER_WIRE,
    index.OVER_SNAPLEN,
    index.OVER_BLOCK,
    index.INVALID_FRACTION,
    index.UNKNOWN_INTERFACE,
    index.DAMAGED_OPTION,
    index.UNALIGNED,
    index.DROPPED,
)
"""Counted defects whose largest value helps to see what went wrong."""


def _no_times() -> npt.NDArray[np.int64]:
    sums = np.zeros(index.SUMS, dtype=np.int64)
    sums[[index.FIRST_TS, index.LAST_TS, index.MIN_TS, index.MAX_TS]] = NO_TIME
    return sums


@dataclass(slots=True)
class Ledger:
    """Everything that is kept of a capture besides the records themselves; its size does not grow with the file."""

    variant: str
    byte_order: str
    log: DefectLog
    interfaces: list[Interface] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    comments_left_out: int = 0
    statistics: dict[int, Drops] = field(default_factory=dict)
    sections: int = 1
    hardware: str | None = None
    os: str | None = None
    application: str | None = None
    sums: npt.NDArray[np.int64] = field(default_factory=_no_times)
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((len(index.COUNTED), 4), dtype=np.int64))
    interface_packets: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(MAX_INTERFACES + 1, dtype=np.int64)
    )
    interface_drops: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(MAX_INTERFACES + 1, dtype=np.int64))
    snaplens: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(MAX_INTERFACES + 1, dtype=np.int64))
    _alike: dict[Interface, int] = field(default_factory=dict)

    @property
    def next_frame(self) -> int:
        """Which frame number has the next packet? Wireshark's: some pcapng blocks take one without being a packet."""
        return int(self.sums[index.PACKETS] + self.sums[index.NOT_PACKETS]) + 1

    @property
    def is_full(self) -> bool:
        """Are there as many interfaces as are kept?"""
        return len(self.interfaces) >= MAX_INTERFACES

    def add_interface(self, interface: Interface) -> int:
        """Which number does this interface get? The caller has asked is_full."""
        self.interfaces.append(interface)
        number = len(self.interfaces) - 1
        self.snaplens[number] = interface.snaplen
        self._alike.setdefault(replace(interface, section=0), number)
        return number

    def interface_like(self, interface: Interface) -> int | None:
        """Which interface was first described just like this one, in whatever section? None where none was."""
        return self._alike.get(replace(interface, section=0))

    def add_comment(self, frame: int, text: str) -> None:
        """Keep this comment, or count it where enough are kept."""
        if len(self.comments) < MAX_COMMENTS:
            self.comments.append(Comment(frame, text))
        else:
            self.comments_left_out += 1

    def enter(self, batch: RecordBatch, base: int) -> None:
        """Count the records of this batch; base is the offset of its buffer in the capture."""
        tally.tally_records(
            batch.record_at,
            batch.captured_bytes,
            batch.wire_bytes,
            batch.ts_ns,
            batch.interface,
            self.snaplens,
            base,
            batch.first_frame,
            self.sums,
            self.counts,
            self.interface_packets,
        )

    def time(self, place: int) -> int | None:
        """Which time stands at this place of the sums? None where no packet had one."""
        value = int(self.sums[place])
        return None if value == NO_TIME else value

    def link_types(self) -> tuple[int, ...]:
        """Which link types have packets (or are described, where no packet was seen)?"""
        used = [row.link_type for row, seen in zip(self.interfaces, self.interface_packets, strict=False) if seen]
        return tuple(dict.fromkeys(used or [row.link_type for row in self.interfaces]))

    def resolution(self) -> str:
        """Which time resolution have the described interfaces?"""
        texts = {row.resolution for row in self.interfaces if row.link_type != NO_LINK_TYPE}
        return texts.pop() if len(texts) == 1 else "mixed" if texts else "unknown"

    def drops(self) -> list[Drops]:
        """What did the interfaces say they lost? Only those that said something."""
        found = dict(self.statistics)
        for number in range(len(self.interfaces)):
            between = int(self.interface_drops[number])
            if between:
                found[number] = replace(found.get(number, Drops(number)), between_packets=between)
        return [found[number] for number in sorted(found)]

    def defects(self) -> list[Defect]:
        """What is wrong so far? Noted and counted defects, worst first."""
        counted = [self._counted(kind) for kind in range(len(index.COUNTED)) if self.counts[kind, index.COUNT]]
        return in_table_order(one_each(self.log.noted() + counted + self._stated_losses()))

    def _stated_losses(self) -> list[Defect]:
        """What do interface statistics say was lost, where no packet said so already?"""
        if self.counts[index.DROPPED, index.COUNT]:
            return []
        lost = sum((row.dropped or 0) + (row.os_dropped or 0) for row in self.statistics.values())
        return [Defect("dropped", lost, None, None, "as the interface statistics say")] if lost else []

    def _counted(self, kind: int) -> Defect:
        count, frame, offset, largest = (int(value) for value in self.counts[kind])
        detail = ""
        if kind == index.BACKWARDS:
            detail = f"largest step {step_text(largest)}"
        elif kind in _SHOW_LARGEST:
            detail = f"largest {largest}"
        elif kind == index.SKIPPED:
            detail = f"{int(self.sums[index.NOT_PACKETS])} of them take a frame number, as in Wireshark"
        return Defect(index.COUNTED[kind], count, frame, offset, detail, largest)
