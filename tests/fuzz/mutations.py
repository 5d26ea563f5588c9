"""Captures that are wrong in one or a few places: sound around a mangled packet, or mangled themselves."""

import bz2
import gzip
import lzma
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

PCAP_HEAD: Final = 24
RECORD_HEAD: Final = 16
BLOCK_HEAD: Final = 28
BLOCK_KIND: Final = 6
LONGEST: Final = 4096
"""What grows beyond it is cut: long frames only make a run slow."""
EXTREMES: Final = (0, 1, 4, 20, 0x45, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
TIMES: Final = (0, 1, 2**31 - 1, 2**31, 2**32 - 1)
PACKERS: Final = (gzip.compress, bz2.compress, lzma.compress)


@dataclass
class Record:
    """One packet, and the header that stood before it."""

    head: bytes
    frame: bytes
    wire: int
    tail: bytes = b""
    """Options of a pcapng block."""


@dataclass
class Story:
    """A capture in pieces that can be written again: what is no packet stays as the bytes it is."""

    sign: str
    is_pcapng: bool
    head: bytes
    pieces: list[Record | bytes] = field(default_factory=list)

    @property
    def records(self) -> list[int]:
        """Which pieces are packets?"""
        return [n for n, piece in enumerate(self.pieces) if isinstance(piece, Record)]

    def write(self) -> bytes:
        """The capture; lengths fit the packets."""
        written = [self.head]
        for piece in self.pieces:
            if isinstance(piece, bytes):
                written.append(piece)
            elif self.is_pcapng:
                padding = bytes(-len(piece.frame) % 4)
                total = struct.pack(self.sign + "I", BLOCK_HEAD + len(piece.frame) + len(padding) + len(piece.tail) + 4)
                lengths = struct.pack(self.sign + "II", len(piece.frame), piece.wire)
                kind, clock = piece.head[:4], piece.head[4:]
                written += [kind, total, clock, lengths, piece.frame, padding, piece.tail, total]
            else:
                written += [piece.head, struct.pack(self.sign + "II", len(piece.frame), piece.wire), piece.frame]
        return b"".join(written)


def parse(data: bytes) -> Story | None:
    """The capture in pieces; None where it is none of ours. What cannot be cut further is one last piece."""
    for sign in "<>":
        if data[:4] in (struct.pack(sign + "I", 0xA1B2C3D4), struct.pack(sign + "I", 0xA1B23C4D)):
            return _parse_pcap(sign, data)
        if data[:4] == b"\n\r\r\n" and data[8:12] == struct.pack(sign + "I", 0x1A2B3C4D):
            return _parse_pcapng(sign, data)
    return None


def _parse_pcap(sign: str, data: bytes) -> Story:
    story = Story(sign, False, data[:PCAP_HEAD])
    at = PCAP_HEAD
    while len(data) - at >= RECORD_HEAD:
        captured, wire = struct.unpack_from(sign + "II", data, at + 8)
        end = at + RECORD_HEAD + captured
        if end > len(data):
            break
        story.pieces.append(Record(data[at : at + 8], data[at + RECORD_HEAD : end], wire))
        at = end
    if data[at:]:
        story.pieces.append(data[at:])
    return story


def _parse_pcapng(sign: str, data: bytes) -> Story:
    story = Story(sign, True, b"")
    at = 0
    while len(data) - at >= 12:
        kind, total = struct.unpack_from(sign + "II", data, at)
        if total < 12 or total % 4 or at + total > len(data):
            break
        whole = data[at : at + total]
        at += total
        captured, wire = struct.unpack_from(sign + "II", whole, 20) if total >= BLOCK_HEAD + 4 else (total, 0)
        behind = BLOCK_HEAD + (captured + 3) // 4 * 4
        if kind == BLOCK_KIND and behind + 4 <= total:
            frame = whole[BLOCK_HEAD : BLOCK_HEAD + captured]
            story.pieces.append(Record(whole[:4] + whole[8:20], frame, wire, whole[behind:-4]))
        else:
            story.pieces.append(whole)
    if data[at:]:
        story.pieces.append(data[at:])
    return story


# Of one frame


def set_bytes(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """A few bytes set at random."""
    changed = bytearray(frame)
    for _ in range(rng.randint(1, 4) if frame else 0):
        changed[rng.randrange(len(frame))] = rng.choice((0, 255, rng.randrange(256), rng.choice(EXTREMES) & 0xFF))
    return bytes(changed)


def set_word(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """A length, a type or an offset that lies."""
    size = rng.choice((2, 4))
    at = rng.randrange(max(1, len(frame) - size))
    return frame[:at] + (rng.choice(EXTREMES) & (1 << 8 * size) - 1).to_bytes(size, "big") + frame[at + size :]


def cut(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """The beginning."""
    return frame[: rng.randrange(len(frame) + 1)]


def drop_bytes(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Some bytes are missing."""
    at = rng.randrange(len(frame) + 1)
    return frame[:at] + frame[at + rng.choice((1, 2, 4, 8, rng.randrange(40))) :]


def add_bytes(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Some bytes too many."""
    at = rng.randrange(len(frame) + 1)
    return frame[:at] + rng.randbytes(rng.choice((1, 2, 4, 8, rng.randrange(40)))) + frame[at:]


def go_on_as_another(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """The head of one frame, and the rest of another: encapsulations that nobody has stacked."""
    other = rng.choice(pool)
    return frame[: rng.randrange(len(frame) + 1)] + other[rng.randrange(len(other) + 1) :]


def repeat_a_part(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """The same headers again and again: nested deep."""
    if not frame:
        return frame
    begin = rng.randrange(len(frame))
    end = min(len(frame), begin + rng.choice((2, 4, 8, 14, 20, 36, 50)))
    return frame[:end] + frame[begin:end] * rng.choice((1, 2, 20, 60)) + frame[end:]


def noise_behind(frame: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Sound headers, then anything."""
    return frame[: rng.randrange(len(frame) + 1)] + rng.randbytes(rng.randrange(100))


OF_FRAMES: Final[tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...]] = (
    set_bytes, set_bytes, set_word, cut, drop_bytes, add_bytes, go_on_as_another, repeat_a_part, noise_behind,
)  # fmt: skip


# Of the records


def mangle_frame(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """One packet is another; its wire length may lie."""
    n = rng.choice(story.records)
    record = story.pieces[n]
    assert isinstance(record, Record)
    frame = rng.choice(OF_FRAMES)(record.frame, rng, pool)[:LONGEST]
    more = len(frame) - len(record.frame)
    wire = rng.choice((max(0, record.wire + more), len(frame), record.wire, rng.choice(EXTREMES)))
    story.pieces[n] = replace(record, frame=frame, wire=wire & 0xFFFF_FFFF)


def take_from_pool(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """A packet of another capture comes in between."""
    n = rng.choice(story.records)
    record, frame = story.pieces[n], rng.choice(pool)
    assert isinstance(record, Record)
    story.pieces.insert(n, replace(record, frame=frame, wire=len(frame)))


def move_time(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """A packet comes in another year, or at no time."""
    n = rng.choice(story.records)
    record = story.pieces[n]
    assert isinstance(record, Record)
    word = struct.pack(story.sign + "I", rng.choice((*TIMES, rng.randrange(2**32))))
    at = len(record.head) - rng.choice((4, 8))
    story.pieces[n] = replace(record, head=record.head[:at] + word + record.head[at + 4 :])


def swap(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """Two pieces change places."""
    a, b = rng.randrange(len(story.pieces)), rng.randrange(len(story.pieces))
    story.pieces[a], story.pieces[b] = story.pieces[b], story.pieces[a]


def double(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """A piece comes twice or many times."""
    n = rng.randrange(len(story.pieces))
    story.pieces[n:n] = [story.pieces[n]] * rng.choice((1, 1, 3, 30))


def forget(story: Story, rng: random.Random, pool: list[bytes]) -> None:
    """A piece is missing."""
    del story.pieces[rng.randrange(len(story.pieces))]


OF_RECORDS: Final[tuple[Callable[[Story, random.Random, list[bytes]], None], ...]] = (
    mangle_frame, mangle_frame, mangle_frame, mangle_frame, take_from_pool, move_time, swap, double, forget,
)  # fmt: skip


# Of the file


def mangle_file(data: bytes, rng: random.Random) -> bytes:
    """Lengths, types and options of the container itself are wrong, or it ends early."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(max(1, len(changed) - 4))
        if rng.random() < 0.5:
            changed[at : at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(EXTREMES))
        else:
            changed[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(changed[: rng.randrange(len(changed) + 1)] if rng.random() < 0.2 else changed)


def mutate(data: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Another capture: mostly sound around packets that are not, now and then unsound itself, or packed."""
    story = parse(data)
    if story is not None:
        for _ in range(rng.randint(1, 5)):
            if not story.records:
                break
            rng.choice(OF_RECORDS)(story, rng, pool)
        data = story.write()
    if story is None or rng.random() < 0.2:
        data = mangle_file(data, rng)
    if rng.random() < 0.03:
        data = rng.choice(PACKERS)(data)
        data = mangle_file(data, rng) if rng.random() < 0.5 else data
    return data
