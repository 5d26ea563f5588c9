"""How captures are compressed, and which decoder undoes it."""

import bz2
import lzma
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

_XZ_MEMORY: Final = 256 << 20
"""Memory that an xz stream may ask for; `xz -9` asks for 65 MiB. libzstd itself stops at windows of 128 MiB."""
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


def open_gzip() -> Decoder:
    """Which decoder unpacks one gzip member? ISA-L's; it checks length and CRC."""
    from isal import igzip_lib

    decoder: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decoder


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
