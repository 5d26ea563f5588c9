"""Compressed captures: unpacked in a thread of their own, so that unpacking and analysis run side by side."""

import bz2
import lzma
import os
import queue
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from vmpcap.readers.defects import DefectLog
from vmpcap.readers.inputs import LULL_S, PlainInput
from vmpcap.readers.limits import UNPACKED_FLOOR, UNPACKED_RATIO
from vmpcap.terms.errors import EngineError

_PACKED_PIECE: Final = 256 << 10
_UNPACKED_PIECE: Final = 1 << 20
_PIECES_AHEAD: Final = 4
"""What the thread reads at once, hands on at once, and may be ahead of the analysis."""
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


class UnpackedInput:
    """The unpacked bytes of a packed input."""

    def __init__(self, source: PlainInput, packing: Packing, log: DefectLog, max_bytes: int | None) -> None:
        self._source = source
        self._packing = packing
        self._log = log
        self._max_bytes = max_bytes
        self._decoder: Decoder | None = self._new_decoder()
        self._pieces: queue.Queue[bytes | BaseException] = queue.Queue(_PIECES_AHEAD)
        self._piece = memoryview(b"")
        self._head = b""
        self._ended = False
        self._unpacked_bytes = 0
        self._stop = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._work, name=f"vmpcap {packing.name}", daemon=True)
        self._thread.start()

    @property
    def bytes_read(self) -> int:
        """How many packed bytes were read so far? The thread is a little ahead of the analysis."""
        return self._source.bytes_read

    @property
    def size(self) -> int | None:
        """How many packed bytes has the file? None for a stream."""
        return self._source.size

    def peek(self, count: int) -> bytes:
        """Which unpacked bytes come first? Up to `count`, fewer only at the end."""
        while len(self._head) < count and self._next_piece():
            self._head += bytes(self._piece)
            self._piece = memoryview(b"")
        return self._head[:count]

    def readinto(self, into: memoryview) -> int:
        """How many unpacked bytes were put into the front of `into`? At least one, or 0 at the end."""
        if self._head:
            self._piece = memoryview(self._head)
            self._head = b""
        if not self._next_piece():
            return 0
        size = min(len(self._piece), len(into))
        into[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def has_more(self, until: float) -> bool:
        """Is there more to be had without a long wait? For a file the answer is always yes."""
        if self._source.is_regular or self._piece or self._head or self._ended:
            return True
        wait = min(LULL_S, until - time.monotonic())
        if wait <= 0:
            return False
        try:
            self._take(self._pieces.get(timeout=wait))
        except queue.Empty:
            return False
        return True

    def close(self) -> None:
        """End the thread, then close the file."""
        self._stop.set()
        if self._thread.is_alive():
            os.write(self._wake_write, b"x")
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._pieces.get_nowait()
            self._thread.join(0.01)
        if not self._source.closed:
            os.close(self._wake_read)
            os.close(self._wake_write)
        self._source.close()

    def _next_piece(self) -> bool:
        """Is there an unpacked piece in hand, after waiting for one?"""
        while not self._piece and not self._ended:
            self._take(self._pieces.get())
        return bool(self._piece)

    def _take(self, piece: bytes | BaseException) -> None:
        if isinstance(piece, BaseException):
            self._ended = True
            raise piece
        self._piece = memoryview(piece)
        self._ended = not piece

    def _new_decoder(self) -> Decoder:
        try:
            return self._packing.opens()
        except ImportError as problem:
            raise EngineError(
                f"cannot unpack {self._source.path!r}: {self._packing.name} needs a library that is missing "
                f"({problem}); install vmpcap with its dependencies, or unpack the file first"
            ) from problem

    # What follows runs in the thread.

    def _work(self) -> None:
        try:
            self._unpack_all()
        except Exception as problem:
            self._pieces.put(problem)
        else:
            self._pieces.put(b"")

    def _packed(self) -> bytes:
        """Which packed bytes come next? Empty at the end, or when the reader has closed."""
        piece = bytearray(_PACKED_PIECE)
        if not self._source.wait_readable(self._wake_read):
            return b""
        got = self._source.readinto(memoryview(piece))
        return bytes(piece[:got])

    def _unpack_all(self) -> None:
        data = b""
        stalled = False
        while not self._stop.is_set():
            if self._decoder is None:
                found = self._find_member(data)
                if found is None:
                    return
                data, self._decoder = found, self._new_decoder()
            elif not data and (self._decoder.needs_input or stalled):
                data = self._packed()
                if not data:
                    self._note_cut()
                    return
            before = self._unpacked_bytes
            kept = self._unpack_some(data)
            if kept is None:
                return
            data = kept
            stalled = self._unpacked_bytes == before

    def _unpack_some(self, data: bytes) -> bytes | None:
        """Hand on what these bytes unpack to. Returns what stands behind the member; None where reading must end."""
        decoder = self._decoder
        assert decoder is not None
        try:
            piece = decoder.decompress(data, _UNPACKED_PIECE)
        except Exception as problem:  # the libraries' errors have no base in common
            self._log.note("damaged_packing", None, self.bytes_read, f"{self._packing.name}: {problem}")
            return None
        self._unpacked_bytes += len(piece)
        limit = self._max_bytes
        if limit is None:
            limit = UNPACKED_FLOOR + UNPACKED_RATIO * self.bytes_read
        if self._unpacked_bytes > limit:
            piece = piece[: len(piece) - (self._unpacked_bytes - limit)]
            self._log.note("unpacked_limit", None, self.bytes_read, f"more than {limit} bytes")
        if piece:
            self._pieces.put(piece)
        if self._unpacked_bytes > limit:
            return None
        if not decoder.eof:
            return b""
        self._decoder = None
        return decoder.unused_data or b""

    def _find_member(self, data: bytes) -> bytes | None:
        """Where does the next member begin? None where there is none; what stands there instead is noted."""
        magic = self._packing.magic
        while True:
            if self._packing.padded:
                data = data.lstrip(b"\0")
            if data.startswith(magic) or (self._packing.skippable and is_skippable(data)):
                return data
            more = self._packed() if len(data) < len(magic) else b""
            if not more:
                break
            data += more
        if data and magic.startswith(data):
            self._note_cut()
        elif data and not self._stop.is_set():
            self._log.note("trailing_bytes", None, self.bytes_read, f"behind the {self._packing.name} data")
        return None

    def _note_cut(self) -> None:
        if not self._stop.is_set():
            self._log.note("cut_packing", None, self.bytes_read, f"the {self._packing.name} data has no end")
