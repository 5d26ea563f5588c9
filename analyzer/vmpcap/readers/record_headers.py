"""How long a classic pcap's record headers are: some writers add fields to them, not all of them say so."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from vmpcap.readers.window import Window

_MOST_INTERFACES: Final = 10_000
_LARGEST_PACKET_TYPE: Final = 4
"""Linux' PACKET_HOST to PACKET_OUTGOING, as of 1999."""
_SMALLEST_ETHERTYPE: Final = 0x600
_OTHER_PROTOCOLS: Final = (*range(0x18), 0x60, 0x200, 0x400)
"""Numbers below the Ethertypes that Linux gives to frames without one."""
_NOKIA_MASK: Final = 0x0FFF_00F0
_NOKIA_BITS: Final = 0x0FBF_0000
_LONGEST_PAUSE_S: Final = 86_400
"""Between the first packets of a capture whose layout is guessed: what is no time lies decades apart."""
_SOUND_FOR_PROMISED: Final = 2
_SOUND_FOR_OTHERS: Final = 3
"""How many records must look sound for the promised layout to stand, and for another to be believed."""


def _no_more(_: bytes, __: str) -> bool:
    """Nothing stands behind the usual bytes, so there is nothing to doubt."""
    return True


def _is_patched(more: bytes, sign: str) -> bool:
    """Are these an interface number, a protocol and a packet type of Linux, as Kuznetsov's patches write them?"""
    interface, protocol, packet_type = struct.unpack_from(sign + "IHB", more)
    is_protocol = protocol >= _SMALLEST_ETHERTYPE or protocol in _OTHER_PROTOCOLS
    return is_protocol and interface <= _MOST_INTERFACES and packet_type <= _LARGEST_PACKET_TYPE


def _is_nokia(more: bytes, sign: str) -> bool:
    """Is this the word that Nokia's IPSO writes? What it means is not known."""
    word: int = struct.unpack_from(sign + "I", more)[0]
    return word & _NOKIA_MASK == _NOKIA_BITS


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """One layout of a record header: the usual 16 bytes and what stands behind them."""

    size: int
    is_sound: Callable[[bytes, str], bool]
    """May these bytes, in this byte order, stand behind the usual ones?"""


USUAL: Final = RecordHeader(16, _no_more)
PATCHED: Final = RecordHeader(24, _is_patched)
PATCHED_FOR_SMP: Final = RecordHeader(28, _is_patched)
NOKIA: Final = RecordHeader(20, _is_nokia)


def choose_layout(
    window: Window,
    layouts: tuple[RecordHeader, ...],
    byte_order: Literal["little", "big"],
    longest: int,
    file_start: bytes,
) -> RecordHeader:
    """
    Which of these layouts have the records that begin here? The first is what the magic number promises.

    Parameters
    ----------
    window
        Standing at the first record; it stays there, but may read on.
    layouts
        The promised one, then those that some writers use under the same magic number.
    byte_order, longest
        Of the file; longest is the captured length above which a record is damage.
    file_start
        Magic number and version: where they stand in place of a record, another file was appended.

    Notes
    -----
    The promise stands unless one of the first two records cannot be and another layout makes the first three sound
    (or the only two, to the last byte). Wireshark takes the layout with the fewest faults instead, and so reads a bogus
    record out of a damaged file now and then. A pipe is believed, as Wireshark does: its first packet is not held back
    until the second comes. So the answer never depends on how bytes arrive, only on where they come from.
    """
    promised, *others = layouts
    if not others or window.is_live:
        return promised
    sign = "<" if byte_order == "little" else ">"
    next_file = file_start + bytes(8)
    if _is_chain(window, promised, _SOUND_FOR_PROMISED, 0, sign, longest, next_file):
        return promised
    chains = (row for row in others if _is_chain(window, row, _SOUND_FOR_OTHERS, 2, sign, longest, next_file))
    return next(chains, promised)


def _is_chain(
    window: Window, layout: RecordHeader, records: int, least: int, sign: str, longest: int, next_file: bytes
) -> bool:
    """
    Do so many records look sound in this layout, or at least `least` that are all there are, ending exactly?

    Of a layout that was not promised (with `least`) more is asked: packets of some length, within a day.
    """
    at, first_seconds = 0, 0
    for seen in range(records):
        if not window.hold(at + layout.size):
            return window.left == at and seen >= least
        if window.peek(len(next_file), at) == next_file:
            return seen >= least
        seconds, fraction, captured, wire = struct.unpack(sign + "IIII", window.peek(16, at))
        if fraction >= 1_000_000 or captured > min(wire, longest):
            return False
        first_seconds = seconds if seen == 0 else first_seconds
        if least and (wire == 0 or abs(seconds - first_seconds) > _LONGEST_PAUSE_S):
            return False
        if not layout.is_sound(window.peek(layout.size - 16, at + 16), sign):
            return False
        at += layout.size + captured
    return True
