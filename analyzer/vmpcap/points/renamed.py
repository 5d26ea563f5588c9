"""Packets of one connection under the addresses that it has at another point: what their keys would be there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import Kept

U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Halves = tuple[int, int]

WORD: Final = 1 << 64
FIRST: Final = 0x9E3779B97F4A7C15
SECOND: Final = 0xD6E8FEB86659FD93
UNDO_FIRST: Final = np.uint64(pow(FIRST, -1, WORD))
UNDO_SECOND: Final = np.uint64(pow(SECOND, -1, WORD))
HALF: Final = np.uint64(32)
NUMBERS_ALONE: Final = np.uint64(0xA5A5A5A5A5A5A5A5)
"""Stirred into keys that leave addresses, ports and identification out, so that no other key is like them."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a connection, each address as its two halves."""

    source: Halves
    source_port: int
    destination: Halves
    destination_port: int


def numbers_of(kept: Kept, is_data: Bools, ends: Ends) -> U64:
    """
    The IP identification of each of these TCP packets, taken out of its key: uint64[rows], 0 over IPv6.

    Parameters
    ----------
    is_data : bool[rows], sent by the source of `ends`
    ends : the addresses and ports that these packets have here; with others the result means nothing

    Notes
    -----
    Each turn of the hash in `points/kernels/keys.py` can be taken back where the word is known that was stirred in, so
    that the one word that is not known remains.
    """
    state = _unfinished(kept.key)
    for forth, back in reversed(_words(ends)):
        state = _unstirred(state, _either(is_data, forth, back))
    forth, back = _ports(ends)
    before = _stirred(kept.loose, _either(is_data, forth, back))
    return _unstirred(state, before)


def keys_under(kept: Kept, is_data: Bools, numbers: U64, ends: Ends) -> U64:
    """The keys that these TCP packets have where their connection has these ends: uint64[rows]."""
    forth, back = _ports(ends)
    state = _stirred(_stirred(kept.loose, _either(is_data, forth, back)), numbers)
    for forth, back in _words(ends):
        state = _stirred(state, _either(is_data, forth, back))
    return _finished(state)


def keys_by_numbers(kept: Kept, link: int) -> U64:
    """The keys of these packets by what TCP itself counts, and by which connection it is: uint64[rows]."""
    keys: U64 = _stirred(kept.loose ^ NUMBERS_ALONE, np.full(len(kept.loose), link, np.uint64))
    return keys


def _ports(ends: Ends) -> tuple[int, int]:
    there, back = ends.source_port << 16 | ends.destination_port, ends.destination_port << 16 | ends.source_port
    return there, back


def _words(ends: Ends) -> tuple[tuple[int, int], ...]:
    """What is stirred in after ports and identification, of packets that the source sent and of those it received."""
    forth, back = (*ends.source, *ends.destination), (*ends.destination, *ends.source)
    return tuple(zip(forth, back, strict=True))


def _either(is_data: Bools, forth: int, back: int) -> U64:
    return np.where(is_data, np.uint64(forth), np.uint64(back))


def _stirred(state: U64, word: U64) -> U64:
    mixed = (state ^ word) * np.uint64(FIRST)
    turned: U64 = (mixed ^ (mixed >> HALF)) * np.uint64(SECOND)
    return turned


def _unstirred(state: U64, word: U64) -> U64:
    """What the other of the two was; a shift by half the bits takes itself back."""
    mixed = state * UNDO_SECOND
    other: U64 = ((mixed ^ (mixed >> HALF)) * UNDO_FIRST) ^ word
    return other


def _finished(state: U64) -> U64:
    mixed = (state ^ (state >> HALF)) * np.uint64(SECOND)
    ended: U64 = mixed ^ (mixed >> HALF)
    return ended


def _unfinished(key: U64) -> U64:
    mixed = (key ^ (key >> HALF)) * UNDO_SECOND
    state: U64 = mixed ^ (mixed >> HALF)
    return state
