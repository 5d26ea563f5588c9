"""How captures are compressed, and which decoder undoes it."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

_XZ_MEMORY: Final = 256 << 20
"""Memory that an xz stream may ask for; `xz -9` asks for 65 MiB. libzstd itself stops at windows of 128 MiB."""
_GZIP_FIXED: Final = 10
_GZIP_CHECKSUM: Final = 2
_GZIP_EXTRA: Final = 4
_GZIP_NAME: Final = 8
_GZIP_COMMENT: Final = 16
_GZIP_RESERVED: Final = 0xE0
"""Bytes that every gzip header has, and the flags that say what else it has."""
_GZIP_LONGEST_HEADER: Final = 256 << 10
"""A name or comment that does not end within this is none."""
_SKIPPABLE_MASK: Final = 0xFFFF_FFF0
_SKIPPABLE: Final = 0x184D_2A50
"""Frames without data that zstd and lz4 share (RFC 8878 3.1.2); pzstd begins its files with one."""


class Decoder(Protocol):
    """One member of a compressed stream, as the standard library's decompressors do it."""

    @property
    def eof(self) -> bool:
        """Has the member ended?"""

    @property
    def needs_input(self) -> bool:
        """Must more packed bytes be given before more comes out?"""

    @property
    def unused_data(self) -> bytes | None:
        """What stood behind the end of the member?"""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """What do these packed bytes (and those kept from before) unpack to? At most max_length bytes."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A way in which a capture can be compressed."""

    name: str
    magic: bytes
    opens: Callable[[], Decoder]
    """A decoder for one member."""
    skippable: bool = False
    """True where frames without data may stand before and between the members."""
    padded: bool = False
    """True where zero bytes may stand behind a member."""


def gzip_header_bytes(head: bytes | bytearray) -> int | None:
    """
    How long is the header of this gzip member? None where it has not ended yet (RFC 1952, section 2.3).

    Raises ValueError where it cannot be one.
    """
    if len(head) < _GZIP_FIXED:
        return None
    if not head.startswith(b"\x1f\x8b\x08") or head[3] & _GZIP_RESERVED:
        raise ValueError("the header is none of gzip")
    at = _GZIP_FIXED
    if head[3] & _GZIP_EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (_GZIP_NAME, _GZIP_COMMENT):
        if head[3] & flag:
            at = head.find(0, at) + 1
            if at == 0:
                if len(head) > _GZIP_LONGEST_HEADER:
                    raise ValueError("the header does not end")
                return None
    if head[3] & _GZIP_CHECKSUM:
        at += 2
        if len(head) >= at and int.from_bytes(head[at - 2 : at], "little") != zlib.crc32(head[: at - 2]) & 0xFFFF:
            raise ValueError("the header has another checksum than it says")
    return at if at <= len(head) else None


class GzipDecoder:
    """
    One gzip member: its header is read here, the rest by ISA-L, which checks length and CRC.

    ISA-L itself misreads a header of several fields that is given to it in pieces, as a pipe does.
    """

    def __init__(self) -> None:
        from isal import igzip_lib

        self._rest: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR_VER)
        self._head = bytearray()
        self._is_behind_header = False

    @property
    def eof(self) -> bool:
        """Has the member ended?"""
        return self._rest.eof

    @property
    def needs_input(self) -> bool:
        """Must more packed bytes be given before more comes out?"""
        return not self._is_behind_header or self._rest.needs_input

    @property
    def unused_data(self) -> bytes | None:
        """What stood behind the end of the member?"""
        return self._rest.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """What do these packed bytes (and those kept from before) unpack to? At most max_length bytes."""
        if not self._is_behind_header:
            self._head += data
            size = gzip_header_bytes(self._head)
            if size is None:
                return b""
            self._is_behind_header = True
            data = bytes(self._head[size:])
            self._head.clear()
        return self._rest.decompress(data, max_length)


def open_gzip() -> Decoder:
    """Which decoder unpacks one gzip member? ISA-L's, several times as fast as zlib."""
    return GzipDecoder()


def open_zstd() -> Decoder:
    """Which decoder unpacks one zstd frame? The standard library's (3.14), or its backport."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports import zstd  # type: ignore[no-redef,unused-ignore]
    decoder: Decoder = zstd.ZstdDecompressor()
    return decoder


def open_lz4() -> Decoder:
    """Which decoder unpacks one lz4 frame?"""
    import lz4.frame

    decoder: Decoder = lz4.frame.LZ4FrameDecompressor()
    return decoder


def open_xz() -> Decoder:
    """Which decoder unpacks one xz stream?"""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def open_bzip2() -> Decoder:
    """Which decoder unpacks one bzip2 stream?"""
    return bz2.BZ2Decompressor()


def is_skippable(head: bytes) -> bool:
    """Does a frame without data begin here?"""
    return len(head) >= 4 and int.from_bytes(head[:4], "little") & _SKIPPABLE_MASK == _SKIPPABLE


def behind_skippable(head: bytes) -> bytes:
    """What stands behind the frames without data at the start? Empty where that is not in `head`."""
    while is_skippable(head):
        if len(head) < 8:
            return b""
        head = head[8 + struct.unpack_from("<I", head, 4)[0] :]
    return head
