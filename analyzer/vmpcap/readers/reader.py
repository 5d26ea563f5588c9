"""What every reader of a format offers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from vmpcap.readers.defects import DefectLog
from vmpcap.readers.ledger import Ledger
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.window import Window


class Reader(Protocol):
    """Reads one capture, front to back."""

    @property
    def ledger(self) -> Ledger:
        """What is known of the capture so far?"""

    def batches(self) -> Iterator[RecordBatch]:
        """Which records does the capture hold, in file order?"""


@dataclass(frozen=True, slots=True)
class Format:
    """A capture format as its first bytes tell it."""

    magic: bytes
    name: str
    """'pcap' or 'pcapng'."""
    opens: Callable[[Window, str, int, DefectLog], Reader]
    """A reader from the window at the start of the capture, the path for messages, the records in a batch, the log."""
