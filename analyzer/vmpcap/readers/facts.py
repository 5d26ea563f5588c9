"""What a capture says about itself: its interfaces, its losses, its bounds."""

from dataclasses import dataclass
from typing import Final

NO_LINK_TYPE: Final = -1
"""Link type of packets whose interface was never described."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of a capture, numbered over all sections of the file."""

    link_type: int
    """LINKTYPE_ number, NO_LINK_TYPE for the stand-in of interfaces that were never described."""
    name: str | None = None
    description: str | None = None
    snaplen: int = 0
    """Bytes kept of a packet; 0: no limit stated."""
    resolution: str = "microseconds"
    """Time resolution as text: 'microseconds', 'nanoseconds', '10^-7 s', '2^-20 s', 'unknown'."""
    tsoffset_s: int = 0
    """Seconds to be added to every timestamp (already added in RecordBatch.ts_ns)."""
    filter: str | None = None
    os: str | None = None
    hardware: str | None = None
    fcs_bytes: int | None = None
    """Bytes of frame check sequence at the end of packets; None: not stated."""
    speed_bps: int | None = None
    """Speed of the link as the capture states it, in bit/s."""
    section: int = 0
    """Section of the file, from 0."""


@dataclass(frozen=True, slots=True)
class Drops:
    """What one interface says it lost. None: not stated, which is not 0."""

    interface: int
    received: int | None = None
    """isb_ifrecv: packets received by the interface."""
    dropped: int | None = None
    """isb_ifdrop: packets dropped by the interface for want of resources."""
    os_dropped: int | None = None
    """isb_osdrop: packets dropped by the operating system."""
    filter_accepted: int | None = None
    """isb_filteraccept: packets that passed the capture filter."""
    delivered: int | None = None
    """isb_usrdeliv: packets delivered to the user."""
    between_packets: int = 0
    """Sum of epb_dropcount (and of the obsolete block's drop counts): packets lost between two that were kept."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in the capture, as it stands there: hostile until it is sanitized for display."""

    frame: int
    """Frame it belongs to; 0: the capture, a section or an interface."""
    text: str


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What is known of a capture so far; final once the last batch was taken."""

    path: str
    format: str
    """'pcap' or 'pcapng'."""
    variant: str
    """'2.4', 'modified 2.4', '1.0': version and, where it is not the usual one, the kind."""
    packing: str
    """'none', 'gzip', 'zstd', 'lz4', 'xz', 'bzip2'."""
    byte_order: str
    """'little', 'big', or 'mixed' (sections of both)."""
    time_resolution: str
    """As Interface.resolution, or 'mixed'."""
    link_types: tuple[int, ...]
    """Link types of the interfaces with packets (of all, where none has any), each once, in order of appearance."""
    packets: int
    wire_bytes: int
    captured_bytes: int
    first_ts_ns: int | None
    """Time of the first timed packet in file order; earliest_ts_ns may lie before it."""
    last_ts_ns: int | None
    earliest_ts_ns: int | None
    latest_ts_ns: int | None
    truncated: bool
    """True where reading ended before the end of the capture: cut, damaged or refused."""
    complete: bool
    """True once reading has ended, for whatever reason."""
    bytes_read: int
    """Bytes read of the file (packed bytes where it is packed)."""
    size: int | None
    """Bytes of the file when it was opened; None for a stream."""
    sections: int = 1
    hardware: str | None = None
    os: str | None = None
    application: str | None = None
    """What wrote the capture, as the first section says."""
