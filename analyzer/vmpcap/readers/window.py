"""The block of bytes that kernels look at, moved along the capture; its size does not grow with the file."""

import time
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.readers.inputs import Input

_PATIENCE_S: Final = 0.2
"""A live pipe that trickles is handed on after this long, so that packets are not held back for a full block."""


class Window:
    """
    A block of the capture: bytes begin..end of `view` are not yet used up, `base` is the offset of view[0].

    What was lent to a batch stays as it is until the window moves on twice: there are two blocks in turn.
    """

    def __init__(self, source: Input, block_bytes: int) -> None:
        self._source = source
        self._bytes: npt.NDArray[np.uint8] = np.empty(max(block_bytes, 1), dtype=np.uint8)
        self._spare: npt.NDArray[np.uint8] | None = None
        self._is_lent = False
        self._end = 0
        self.begin = 0
        self.base = 0
        self.ended = False
        self.view: npt.NDArray[np.uint8] = self._read_only()

    @property
    def is_live(self) -> bool:
        """May the next bytes be long in coming?"""
        return not self._source.is_regular

    @property
    def left(self) -> int:
        """How many bytes in the block are not used up?"""
        return self._end - self.begin

    @property
    def offset(self) -> int:
        """Where in the capture does the unused part begin?"""
        return self.base + self.begin

    def peek(self, count: int, ahead: int = 0) -> bytes:
        """Which bytes come next, or `ahead` bytes later? At most `count`, fewer at the end of the block."""
        begin = self.begin + ahead
        return self._bytes[begin : min(begin + count, self._end)].tobytes()

    def lend(self) -> npt.NDArray[np.uint8]:
        """The block as it is, for a batch."""
        self._is_lent = True
        return self.view

    def refill(self, needed: int) -> bool:
        """
        Are `needed` unused bytes in the block now, after reading on?

        The unused part moves to the front, of the other block where this one is lent. The caller has checked `needed`
        against a sane maximum: the block grows to hold it, twofold at most and only when it is full, so that a length
        that lies costs no more than is there.
        """
        self._move(self._free_block())
        self._read_on(needed)
        while self._end < needed and not self.ended:
            self._move(np.empty(min(_rounded(needed), 2 * self._end), dtype=np.uint8))
            self._read_on(needed)
        self.view = self._read_only()
        return self.left >= needed

    def hold(self, needed: int) -> bool:
        """Are `needed` unused bytes in the block, after reading on if they were not?"""
        return self.left >= needed or self.refill(needed)

    def top_up(self) -> None:
        """Read on where little is left, so that batches do not alternate between long and short."""
        if self.left < self.view.shape[0] // 2 and not self.ended:
            self.refill(self.left)

    def _free_block(self) -> npt.NDArray[np.uint8]:
        """Which block may be written now?"""
        if not self._is_lent:
            return self._bytes
        self._is_lent = False
        spare, self._spare = self._spare, self._bytes
        return spare if spare is not None and len(spare) >= self.left else np.empty_like(self._bytes)

    def _move(self, target: npt.NDArray[np.uint8]) -> None:
        """Move the unused part to the front of `target`, which becomes the block."""
        left = self.left
        target[:left] = self._bytes[self.begin : self._end]
        self._bytes = target
        self.base += self.begin
        self.begin, self._end = 0, left

    def _read_on(self, needed: int) -> None:
        whole = self._bytes.data
        patience = time.monotonic() + _PATIENCE_S
        while self._end < len(whole) and not self.ended:
            if self._end >= needed and not self._source.has_more(patience):
                return
            got = self._source.readinto(whole[self._end :])
            self._end += got
            self.ended = got == 0

    def _read_only(self) -> npt.NDArray[np.uint8]:
        view = self._bytes[: self._end]
        view.flags.writeable = False
        return view


def _rounded(size: int) -> int:
    """Which block size holds this many bytes? The next power of two, so that growing stays rare."""
    return 1 << (size - 1).bit_length()
