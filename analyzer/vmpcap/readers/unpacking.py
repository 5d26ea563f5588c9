"""Compressed captures: unpacked in a thread of their own, so that unpacking and analysis run side by side."""

import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from vmpcap.readers.defects import DefectLog
from vmpcap.readers.inputs import LULL_S, PlainInput
from vmpcap.readers.limits import UNPACKED_FLOOR, UNPACKED_RATIO
from vmpcap.readers.packings import Decoder, Packing, is_skippable
from vmpcap.terms.errors import EngineError

_PACKED_PIECE: Final = 256 << 10
_UNPACKED_PIECE: Final = 1 << 20
_PIECES_AHEAD: Final = 4
"""What the thread reads at once, hands on at once, and may be ahead of the analysis."""
_SLICE: Final = 4 << 10
"""What a decoder is given at once: little, for what it had unpacked of a slice is lost where it meets damage."""
_REPEATABLE_PACKED: Final = 64 << 10
_REPEATABLE_UNPACKED: Final = 16 << 20
"""Up to these sizes a damaged member is unpacked again, byte by byte: nothing in front of the damage is lost."""


class Feed:
    """Packed bytes, taken little by little; a small member costs no more than its size."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._bytes = b""
        self._at = 0

    def peek(self, count: int) -> bytes:
        """Which bytes come next? Up to `count`, fewer only at the end."""
        while len(self._bytes) - self._at < count:
            more = self._read()
            if not more:
                break
            self._bytes, self._at = self._bytes[self._at :] + more, 0
        return self._bytes[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """Which bytes come next? At least one and at most `count`, none at the end."""
        self.peek(1)
        taken = self._bytes[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def give_back(self, count: int) -> None:
        """Put back the last `count` bytes of what was taken last."""
        self._at -= count

    def skip_zeroes(self) -> None:
        """Go on to the next byte that is not zero."""
        zeroes = True
        while zeroes:
            taken = self.take(_SLICE)
            rest = taken.lstrip(b"\0")
            self.give_back(len(rest))
            zeroes = bool(taken) and not rest


class Member:
    """What was fed to one decoder, kept while that is little."""

    def __init__(self) -> None:
        self.unpacked_bytes = 0
        self._packed: bytearray | None = bytearray()

    def keep(self, packed: bytes) -> None:
        """Keep these bytes too, or nothing any more where it becomes much."""
        if self._packed is not None:
            self._packed += packed
            if len(self._packed) > _REPEATABLE_PACKED:
                self._packed = None

    def again(self, decoder: Decoder) -> bytes:
        """What stands between the bytes that were unpacked and the damage? Nothing where that is not known."""
        if self._packed is None or self.unpacked_bytes > _REPEATABLE_UNPACKED:
            return b""
        found = bytearray()
        seen = 0
        with suppress(Exception):
            for at in range(len(self._packed)):
                piece = decoder.decompress(bytes(self._packed[at : at + 1]), _UNPACKED_PIECE)
                found += piece[max(self.unpacked_bytes - seen, 0) :]
                seen += len(piece)
                if len(found) > _UNPACKED_PIECE:
                    break
        return bytes(found)


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
        self._gathered = bytearray()
        self._member = Member()
        self._feed = Feed(self._read_packed)
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

    @property
    def is_regular(self) -> bool:
        """Do the packed bytes come from a file on a disk?"""
        return self._source.is_regular

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
            self._hand_on()
        except Exception as problem:
            self._pieces.put(problem)
        else:
            self._pieces.put(b"")

    def _read_packed(self) -> bytes:
        """Which packed bytes come next? Empty at the end, or when the reader has closed."""
        self._hand_on()
        piece = bytearray(_PACKED_PIECE)
        if not self._source.wait_readable(self._wake_read):
            return b""
        got = self._source.readinto(memoryview(piece))
        return bytes(piece[:got])

    def _unpack_all(self) -> None:
        feed = self._feed
        stalled = False
        while not self._stop.is_set():
            if self._decoder is None:
                if not self._is_at_member():
                    return
                self._decoder, self._member = self._new_decoder(), Member()
            packed = feed.take(_SLICE) if self._decoder.needs_input or stalled else b""
            if not packed and (self._decoder.needs_input or stalled):
                self._note_cut()
                return
            before = self._unpacked_bytes
            if not self._unpack(packed):
                return
            stalled = self._unpacked_bytes == before
            if self._decoder.eof:
                feed.give_back(len(self._decoder.unused_data or b""))
                self._decoder = None

    def _unpack(self, packed: bytes) -> bool:
        """Gather what these bytes unpack to. Returns False, with a note, where reading must end."""
        decoder = self._decoder
        assert decoder is not None
        self._member.keep(packed)
        try:
            piece = decoder.decompress(packed, _UNPACKED_PIECE)
        except Exception as problem:  # the libraries' errors have no base in common
            self._gather(self._member.again(self._new_decoder()))
            self._hand_on()
            self._log.note("damaged_packing", None, self._unpacked_bytes, f"{self._packing.name}: {problem}")
            return False
        self._member.unpacked_bytes += len(piece)
        return self._gather(piece)

    def _gather(self, piece: bytes) -> bool:
        """Put this with what is handed on next. Returns False, with a note, where that is more than may be unpacked."""
        limit = self._max_bytes
        if limit is None:
            limit = UNPACKED_FLOOR + UNPACKED_RATIO * self.bytes_read
        room = limit - self._unpacked_bytes
        self._gathered += piece[:room]
        self._unpacked_bytes += min(len(piece), room)
        if len(self._gathered) >= _UNPACKED_PIECE or len(piece) > room:
            self._hand_on()
        if len(piece) > room:
            self._log.note(
                "unpacked_limit", None, self._unpacked_bytes, f"more than {limit} bytes; --max-unpacked lifts the limit"
            )
        return len(piece) <= room

    def _hand_on(self) -> None:
        """Give the reader what was gathered; waits where the reader is behind."""
        if self._gathered:
            self._pieces.put(bytes(self._gathered))
            self._gathered.clear()

    def _is_at_member(self) -> bool:
        """Does another member begin behind the one that ended? What stands there instead is noted."""
        magic = self._packing.magic
        if self._packing.padded:
            self._feed.skip_zeroes()
        head = self._feed.peek(max(len(magic), 4))
        if head.startswith(magic) or (self._packing.skippable and is_skippable(head)):
            return True
        if head and magic.startswith(head):
            self._note_cut()
        elif head and not self._stop.is_set():
            self._log.note("trailing_bytes", None, self._unpacked_bytes, f"behind the {self._packing.name} data")
        return False

    def _note_cut(self) -> None:
        if not self._stop.is_set():
            detail = f"the {self._packing.name} data ends after {self.bytes_read} packed bytes, without its end mark"
            self._log.note("cut_packing", None, self._unpacked_bytes, detail)
