"""Bytes of a capture into record batches. What varies stands here; it is told by first bytes, never by file name."""

from functools import partial
from typing import Final

from vmpcap.readers.packings import (
    Packing,
    open_bzip2,
    open_gzip,
    open_lz4,
    open_xz,
    open_zstd,
)
from vmpcap.readers.pcap import MICROSECONDS, MODIFIED, NANOSECONDS, PcapReader
from vmpcap.readers.pcapng import PcapngReader
from vmpcap.readers.reader import Format

FORMATS: Final = (
    Format(b"\xd4\xc3\xb2\xa1", "pcap", partial(PcapReader, byte_order="little", kind=MICROSECONDS)),
    Format(b"\xa1\xb2\xc3\xd4", "pcap", partial(PcapReader, byte_order="big", kind=MICROSECONDS)),
    Format(b"\x4d\x3c\xb2\xa1", "pcap", partial(PcapReader, byte_order="little", kind=NANOSECONDS)),
    Format(b"\xa1\xb2\x3c\x4d", "pcap", partial(PcapReader, byte_order="big", kind=NANOSECONDS)),
    Format(b"\x34\xcd\xb2\xa1", "pcap", partial(PcapReader, byte_order="little", kind=MODIFIED)),
    Format(b"\xa1\xb2\xcd\x34", "pcap", partial(PcapReader, byte_order="big", kind=MODIFIED)),
    Format(b"\x0a\x0d\x0d\x0a", "pcapng", PcapngReader),
)
"""Capture formats. The byte order of pcapng is that of each section, so one row reads both."""

PACKINGS: Final = (
    Packing("gzip", b"\x1f\x8b\x08", open_gzip, padded=True),
    Packing("zstd", b"\x28\xb5\x2f\xfd", open_zstd, skippable=True),
    Packing("lz4", b"\x04\x22\x4d\x18", open_lz4, skippable=True),
    Packing("xz", b"\xfd7zXZ\x00", open_xz, padded=True),
    Packing("bzip2", b"BZh", open_bzip2),
)
"""Packings that are undone while reading."""
