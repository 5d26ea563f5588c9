"""Every packing as something that packs: by other libraries than the readers use, where there are any."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable

import lz4.frame
from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 6, mtime=0),
    "zstd": zstd.compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
    "xz": lambda data: lzma.compress(data, preset=0),
    "bzip2": lambda data: bz2.compress(data, 1),
}
NAMES = tuple(PACKERS)
CHECKED = ("gzip", "lz4", "xz", "bzip2")
"""Packings whose end holds a checksum of the content, as they are packed here."""


def zstd_checked(data: bytes) -> bytes:
    """A zstd frame with a checksum at its end, as the command-line tool writes it."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


def gzip_with(data: bytes, checksum: bool, extra: bool, name: bool, comment: bool) -> bytes:
    """A gzip member whose header has these optional fields."""
    flags = checksum * 2 + extra * 4 + name * 8 + comment * 16
    head = bytes((0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255))
    head += extra * b"\x04\0ab\0\0" + name * b"name\0" + comment * b"comment\0"
    head += checksum * (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(data) + packer.flush()
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
