"""What is not a capture we read, but can be named: a better answer than "unknown"."""

from dataclasses import dataclass
from string import printable
from typing import Final

_EDITCAP: Final = "convert it with `editcap -F pcapng IN OUT`"
_UNPACK: Final = "unpack it and name the capture inside"
_ORIGINAL: Final = "name the capture itself (pcap or pcapng)"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something that is often handed over in place of a capture."""

    magic: bytes
    what: str
    advice: str
    at: int = 0


FOREIGN: Final = (
    Foreign(b"snoop\0\0\0", "a Solaris snoop capture", _EDITCAP),
    Foreign(b"RTSS", "a Microsoft Network Monitor 1 capture", _EDITCAP),
    Foreign(b"GMBU", "a Microsoft Network Monitor 2 capture", _EDITCAP),
    Foreign(b"TRSNIFF data", "a DOS Sniffer capture", _EDITCAP),
    Foreign(b"XCP\0", "a NetXRay or Windows Sniffer capture", _EDITCAP),
    Foreign(b"iptrace ", "an AIX iptrace capture", _EDITCAP),
    Foreign(b"\x7fver", "an OmniPeek capture", _EDITCAP),
    Foreign(b"btsnoop\0", "a Bluetooth HCI log", _EDITCAP),
    Foreign(b"LOGG", "a Vector BLF log", _EDITCAP),
    Foreign(b"\x54\x52\x00\x64\x00", "an HP-UX nettl trace", _EDITCAP),
    Foreign(b"\x1c\x00\x01\xac", "an IXIA hardware capture", _EDITCAP),
    Foreign(b"\x1c\x00\x01\xab", "an IXIA software capture", _EDITCAP),
    Foreign(b"\xac\x01\x00\x1c", "an IXIA hardware capture", _EDITCAP),
    Foreign(b"\xab\x01\x00\x1c", "an IXIA software capture", _EDITCAP),
    Foreign(b"\xa1\xe2\xcb\x12", "a capture with extended headers", _EDITCAP),
    Foreign(b"PK\x03\x04", "a zip archive", _UNPACK),
    Foreign(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    Foreign(b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    Foreign(b"\x1f\x9d", "a file packed by compress", _UNPACK),
    Foreign(b"\x02\x21\x4c\x18", "a file in the legacy lz4 format", _UNPACK),
    Foreign(b"LZIP", "a file packed by lzip", _UNPACK),
    Foreign(b"\x5d\x00\x00", "a file packed by lzma", _UNPACK),
    Foreign(b"ustar", "a tar archive", _UNPACK, at=257),
    Foreign(b"SQLite format 3\0", "a database", _ORIGINAL),
    Foreign(b"PAR1", "a Parquet file", _ORIGINAL),
    Foreign(b"ARROW1", "an Arrow file", _ORIGINAL),
    Foreign(b"%PDF", "a PDF document", _ORIGINAL),
    Foreign(b"\x7fELF", "a program", _ORIGINAL),
    Foreign(b"MZ", "a Windows program", _ORIGINAL),
    Foreign(b"\x89PNG", "a picture", _ORIGINAL),
    Foreign(b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch it with `git lfs pull`"),
    Foreign(b"<?xml", "an XML file, perhaps tshark's PDML", _ORIGINAL),
    Foreign(b"<!DOCTYPE", "a web page, perhaps a login page saved in place of the download", "download it again"),
    Foreign(b"<html", "a web page, perhaps a login page saved in place of the download", "download it again"),
    Foreign(b"{", "a JSON file, perhaps a decoded capture", _ORIGINAL),
    Foreign(b"[", "a JSON file, perhaps a decoded capture", _ORIGINAL),
)
"""In order; the first row that fits names it."""
_PRINTABLE: Final = frozenset(printable.encode())
HEAD_BYTES: Final = 512
"""How much of the start these rows look at."""


def name_foreign(head: bytes) -> Foreign:
    """What do these first bytes belong to, and what can be done about it?"""
    for row in FOREIGN:
        if head[row.at : row.at + len(row.magic)] == row.magic:
            return row
    if all(byte in _PRINTABLE for byte in head):
        return Foreign(b"", "a text file, perhaps the printed output of tcpdump", "capture with `tcpdump -w FILE`")
    if not any(head):
        return Foreign(b"", "all zeroes at its start, perhaps a failed copy", "copy it again")
    return Foreign(b"", f"nothing we know (it begins with {head[:4].hex(' ')})", f"if Wireshark opens it, {_EDITCAP}")
