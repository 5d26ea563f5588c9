"""Compressed captures: unpacked in a thread of their own, so that unpacking and analysis run side by side."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
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
_LARGE_SLICE: Final = 64 << 10
"""
What a decoder is given at once. It gives nothing of a slice in which it meets damage: a file is then unpacked again up
to there, so slices of large members may be large; of a pipe that part is lost, so they are small.
"""
_REPEATABLE_PACKED: Final = 64 << 10
_REPEATABLE_UNPACKED: Final = 16 << 20
"""Up to these sizes a damaged member of a pipe is unpacked again, byte by byte: nothing in front is lost."""

_WANT_OF_MEMORY: Final = ("too much memory", "Memory usage limit")
"""What zstd and xz say of a stream that is sound and larger in its window than they may hold."""


class Feed:
    """Packed bytes, taken little by little; a small member costs no more than its size."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._bytes = b""
        self._at = 0
        self.offset = 0
        """How many bytes were taken."""

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
        self.offset += len(taken)
        return taken

    def give_back(self, count: int) -> None:
        """Put back the last `count` bytes of what was taken last."""
        self._at -= count
        self.offset -= count

    def skip_zeroes(self) -> None:
        """Go on to the next byte that is not zero."""
        zeroes = True
        while zeroes:
            taken = self.take(_SLICE)
            rest = taken.lstrip(b"\0")
            self.give_back(len(rest))
            zeroes = bool(taken) and not rest

    def forget(self) -> None:
        """Hold nothing any more: neither bytes nor whoever they came from, who holds this."""
        self._read, self._bytes, self._at = _nothing_more, b"", 0


def _nothing_more() -> bytes:
    return b""


class Member:
    """What was fed to one decoder: where it stands in a file, or its bytes, kept while they are few."""

    def __init__(self, source: PlainInput, begin: int) -> None:
        self.unpacked_bytes = 0
        self._source = source
        self._begin = begin
        self._fed = 0
        self._last = 0
        self._packed: bytearray | None = None if source.is_regular else bytearray()

    @property
    def slice_bytes(self) -> int:
        """How much is fed next? What a small member does not use of it would be copied for nothing."""
        return _LARGE_SLICE if self._source.is_regular and self._fed >= _LARGE_SLICE else _SLICE

    def keep(self, packed: bytes) -> None:
        """Remember that these bytes were fed too."""
        self._fed += len(packed)
        self._last = len(packed)
        if self._packed is not None:
            self._packed += packed
            if len(self._packed) > _REPEATABLE_PACKED:
                self._packed = None

    def again(self, decoder: Decoder) -> Iterator[bytes]:
        """What stands between the bytes that were unpacked and the damage? Nothing where that is not known."""
        seen = 0
        with suppress(Exception):  # the damage itself
            for packed in self._slices_again():
                for piece in _pieces_of(decoder, packed):
                    yield piece[max(self.unpacked_bytes - seen, 0) :]
                    seen += len(piece)

    def _slices_again(self) -> Iterator[bytes]:
        """What was fed once more; byte by byte where the damage may be."""
        if self._source.is_regular:
            sound = self._fed - self._last
            for at in range(0, sound, _LARGE_SLICE):
                yield self._source.look_back(self._begin + at, min(_LARGE_SLICE, sound - at))
            last = self._source.look_back(self._begin + sound, self._last)
        else:
            last = bytes(self._packed or b"") if self.unpacked_bytes <= _REPEATABLE_UNPACKED else b""
        for at in range(len(last)):
            yield last[at : at + 1]


def _pieces_of(decoder: Decoder, packed: bytes) -> Iterator[bytes]:
    """What do these bytes unpack to? Piece by piece, until the decoder needs more."""
    is_asked = True
    while is_asked:
        piece = decoder.decompress(packed, _UNPACKED_PIECE)
        yield piece
        packed = b""
        is_asked = bool(piece) and not decoder.needs_input and not decoder.eof


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
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._member = Member(source, 0)
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

    @property
    def was_left(self) -> bool:
        """Was the stream of packed bytes given up?"""
        return self._source.was_left

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
        self._feed.forget()
        self._decoder, self._piece, self._head = None, memoryview(b""), b""

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
                self._decoder, self._member = self._new_decoder(), Member(self._source, feed.offset)
            packed = feed.take(self._member.slice_bytes) if self._decoder.needs_input or stalled else b""
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
            for piece in self._member.again(self._new_decoder()):
                if not self._gather(piece):
                    break
            self._hand_on()
            asks_too_much = any(words in str(problem) for words in _WANT_OF_MEMORY)
            kind = "packing_memory" if asks_too_much else "damaged_packing"
            self._log.note(kind, None, self._unpacked_bytes, f"{self._packing.name}: {problem}")
            return False
        self._member.unpacked_bytes += len(piece)
        return self._gather(piece)

    def _gather(self, piece: bytes) -> bool:
        """Put this with what is handed on next. Returns False, with a note, where that is more than may be unpacked."""
        limit = self._max_bytes
        if limit is None:
            limit = UNPACKED_FLOOR + UNPACKED_RATIO * self.bytes_read
        room = limit - self._unpacked_bytes
        self._gathered.append(piece[:room])
        self._gathered_bytes += min(len(piece), room)
        self._unpacked_bytes += min(len(piece), room)
        if self._gathered_bytes >= _UNPACKED_PIECE or len(piece) > room:
            self._hand_on()
        if len(piece) > room:
            self._log.note(
                "unpacked_limit", None, self._unpacked_bytes, f"more than {limit} bytes; --max-unpacked lifts the limit"
            )
        return len(piece) <= room

    def _hand_on(self) -> None:
        """Give the reader what was gathered; waits where the reader is behind."""
        if self._gathered_bytes:
            self._pieces.put(b"".join(self._gathered))
        self._gathered.clear()
        self._gathered_bytes = 0

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
