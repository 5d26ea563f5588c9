"""Packets that came in parts, put together: what is in one stands at the frame that completes it, as in Wireshark."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode import tables
from vmpcap.decode.bits import Bytes, Offset, be16, be32, be64, byte
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.frames import I32, I64, U8, U64, Frames
from vmpcap.decode.ids import mix_id
from vmpcap.decode.lengths import measure_special
from vmpcap.decode.tables import Tables
from vmpcap.decode.walk import Walker
from vmpcap.decode.words import LEAST_SPECIAL_LENGTH, MAX_DEPTH
from vmpcap.readers.columns import read_only
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import WRAPPING, reserve
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.units import NO_TIME, NS_PER_S

WAITING: Final = 1024
"""Packets that may be incomplete at a time; where one more comes, the oldest of four that share its place goes."""
_WAYS: Final = 4
LONGEST_PACKET: Final = 0xFFFF
"""Bytes of an IPv4 packet, or of an IPv6 packet behind its first header."""
_ROOM_FOR_CONTENT: Final = LONGEST_PACKET + 1
_PART: Final = 8  # bytes that an offset counts in (RFC 791 3.1, RFC 8200 4.5)
_PARTS: Final = _ROOM_FOR_CONTENT // _PART
_WORD_BITS: Final = 64
_WORDS: Final = _PARTS // _WORD_BITS
PATIENCE_NS: Final = 30 * NS_PER_S
"""How long parts may be apart, as Linux waits; afterwards the identification may have come round."""
TRUST: Final = 16
"""
First parts between two ends that are held back though no later part was ever seen between them. From then on they are
walked by themselves: a capture filter for a port lets no later part pass, and what is inside would never be seen.
"""
_ENDS: Final = 4096
MOST_NESTED: Final = 3
"""Packets in parts inside each other that are put together; further ones are walked as they are."""
_FIRST_ROOM: Final = 1 << 20

# What becomes of a part
AS_IT_IS: Final = 1
"""Cut by the capture, not legal, or not to be completed: walked by itself."""
HELD: Final = 2
"""A first part whose packet is not complete yet."""
KEPT: Final = 3
"""The same, a later part."""
COMPLETED: Final = 4
"""With this part the packet is complete."""


class Waiting(NamedTuple):
    """The packets of which some parts were seen, carried from batch to batch."""

    digest: U64
    """uint64[WAITING]: of ends, identification and domain; 0 free."""
    since_ns: I64
    """int64[WAITING]: time of the part that came first."""
    order: I64
    """int64[WAITING]: which of all packets this was."""
    total: I32
    """int32[WAITING]: bytes of all parts together, -1 as long as the last one is missing."""
    reach: I32
    """int32[WAITING]: the highest end of a part so far."""
    parts: I32
    """int32[WAITING]: units of eight bytes that are here."""
    protocol: U8
    """uint8[WAITING]: what the first part says is inside."""
    here: U64
    """uint64[WAITING * _WORDS]: which units are here."""
    content: U8
    """uint8[WAITING * _ROOM_FOR_CONTENT]: address space; memory is taken where parts are."""
    unanswered: U8
    """uint8[_ENDS]: first parts between two ends since the last later part."""
    counts: I64
    """int64[COUNTS]"""


STARTED: Final = 0
FINISHED: Final = 1
COUNTS: Final = 2


def start_waiting() -> Waiting:
    """Which state has seen no part yet?"""
    return Waiting(
        digest=np.zeros(WAITING, np.uint64),
        since_ns=np.zeros(WAITING, np.int64),
        order=np.zeros(WAITING, np.int64),
        total=np.zeros(WAITING, np.int32),
        reach=np.zeros(WAITING, np.int32),
        parts=np.zeros(WAITING, np.int32),
        protocol=np.zeros(WAITING, np.uint8),
        here=np.zeros(WAITING * _WORDS, np.uint64),
        content=reserve(WAITING * _ROOM_FOR_CONTENT, np.uint8),  # type: ignore[arg-type]
        unanswered=np.zeros(_ENDS, np.uint8),
        counts=np.zeros(COUNTS, np.int64),
    )


class Part(NamedTuple):
    """One part of a packet: where it lies in its frame, and in the packet."""

    ends: np.uint64
    digest: np.uint64
    content_at: np.int64
    """From the frame's first byte."""
    offset: np.int64
    size: np.int64
    has_more: bool
    protocol: np.int64
    most: np.int64
    """Bytes that the packet may have in all, for its length to be written."""


@inline_kernel
def read_part(buffer: Bytes, base: Offset, network_at: Offset, split_at: Offset, segment: np.uint64) -> Part:
    """Which part of which packet does this frame hold?"""
    network = base + network_at
    split = base + split_at
    if byte(buffer, network) >> 4 == 4:
        header = np.int64(4 * (byte(buffer, network) & 0x0F))
        word = be16(buffer, network + 6)
        protocol = byte(buffer, network + 9)
        ends = mix_id(mix_id(segment, be64(buffer, network + 12)), np.uint64(protocol))
        digest = mix_id(ends, np.uint64(be16(buffer, network + 4)))
        size = be16(buffer, network + 2) - header if split_at == network_at else np.int64(0)
        offset, has_more = (word & 0x1FFF) * _PART, word & 0x2000 != 0
        content_at = np.int64(network_at + header)
    else:
        header = np.int64(split_at + _PART - network_at - 40)
        word = be16(buffer, split + 2)
        protocol = byte(buffer, split)
        ends = segment
        for at in range(8, 40, 8):
            ends = mix_id(ends, be64(buffer, network + at))
        digest = mix_id(ends, np.uint64(be32(buffer, split + 4)))
        size = be16(buffer, network + 4) - header
        offset, has_more = word & 0xFFF8, word & 1 != 0
        content_at = np.int64(split_at + _PART)
    return Part(
        ends,
        digest,
        content_at,
        np.int64(offset),
        np.int64(size),
        has_more,
        np.int64(protocol),
        np.int64(LONGEST_PACKET - header),
    )


@inline_kernel
def find_waiting(state: Waiting, digest: np.uint64, ts: np.int64) -> np.int64:
    """Where does this packet wait? Where it does not yet, it takes a free place or that of the oldest."""
    begin = np.int64(digest >> np.uint64(32)) % (WAITING // _WAYS) * _WAYS
    chosen = begin
    for slot in range(begin, begin + _WAYS):
        if state.digest[slot] == digest:
            is_late = ts != NO_TIME and state.since_ns[slot] != NO_TIME and ts - state.since_ns[slot] > PATIENCE_NS
            if not is_late:
                return np.int64(slot)
            chosen = np.int64(slot)
            break
        if state.digest[chosen] != 0 and (state.digest[slot] == 0 or state.order[slot] < state.order[chosen]):
            chosen = np.int64(slot)
    state.digest[chosen] = digest
    state.since_ns[chosen] = ts
    state.order[chosen] = state.counts[STARTED]
    state.total[chosen] = -1
    state.reach[chosen] = 0
    state.parts[chosen] = 0
    for word in range(chosen * _WORDS, (chosen + 1) * _WORDS):
        state.here[word] = 0
    state.counts[STARTED] += 1
    return np.int64(chosen)


@inline_kernel
def keep_part(buffer: Bytes, at: Offset, part: Part, slot: np.int64, state: Waiting) -> bool:
    """
    Is the packet in this place complete with this part? One that contradicts itself is forgotten.

    What came first stays where parts overlap.
    """
    end = part.offset + part.size
    if not part.has_more:
        if state.total[slot] >= 0 and state.total[slot] != end:
            state.digest[slot] = 0
            return False
        state.total[slot] = end
    state.reach[slot] = max(np.int64(state.reach[slot]), end)
    if 0 <= state.total[slot] < state.reach[slot]:
        state.digest[slot] = 0
        return False
    if part.offset == 0:
        state.protocol[slot] = part.protocol
    for done in range(0, part.size, _PART):
        unit = (part.offset + done) // _PART
        word = slot * _WORDS + unit // _WORD_BITS
        bit = np.uint64(1) << np.uint64(unit % _WORD_BITS)
        if state.here[word] & bit:
            continue
        state.here[word] |= bit
        state.parts[slot] += 1
        place = slot * _ROOM_FOR_CONTENT + part.offset + done
        for n in range(min(np.int64(_PART), part.size - done)):
            state.content[place + n] = buffer[at + done + n]
    return bool(state.total[slot] >= 0 and state.parts[slot] == (state.total[slot] + _PART - 1) // _PART)


@inline_kernel
def silence_sizes(
    room: U8, start: Offset, until: np.int64, path_high: np.uint64, path_low: np.uint64, steps: Tables
) -> None:
    """Make the lengths of what carries a packet say nothing: they told of one part of it."""
    at = np.int64(0)
    for place in range(MAX_DEPTH):
        half = path_high if place < MAX_DEPTH // 2 else path_low
        if at >= until or half == 0:
            return
        step = np.int64((half >> np.uint64(8 * (MAX_DEPTH // 2 - 1 - place % (MAX_DEPTH // 2)))) & np.uint64(0xFF))
        rule = step << tables.RULE_BITS
        told_by = byte(room, start + at + steps.rules[rule + tables.LENGTH_AT])
        header = np.int64(steps.lengths[(step << tables.LENGTH_BITS) | told_by])
        if header >= LEAST_SPECIAL_LENGTH:
            header = measure_special(header, room, start + at, at, until, steps.rules, rule)
        if steps.rules[rule + tables.FEATURES] & tables.HAS_SIZE:
            size_at = start + at + steps.rules[rule + tables.SIZE_AT]
            room[size_at] = 0
            room[size_at + 1] = 0
        at += header


@inline_kernel
def write_whole(
    buffer: Bytes, base: Offset, network_at: Offset, split_at: Offset, part: Part, slot: np.int64, state: Waiting,
    room: U8, used: np.int64,
) -> np.int64:  # fmt: skip
    """How long is the frame that holds the whole packet? It is written into the room, behind this part's headers."""
    for n in range(part.content_at):
        room[used + n] = buffer[base + n]
    total = np.int64(state.total[slot])
    for n in range(total):
        room[used + part.content_at + n] = state.content[slot * _ROOM_FOR_CONTENT + n]
    network = used + network_at
    split = used + split_at
    if byte(buffer, base + network_at) >> 4 == 4:
        length, length_at = part.content_at - network_at + total, network + 2
        room[split + 6] = buffer[base + split_at + 6] & 0x40
        room[split + 7] = 0
    else:
        length, length_at = part.content_at - network_at - 40 + total, network + 4
        room[split] = state.protocol[slot]
        room[split + 2] = 0
        room[split + 3] = 0
    room[length_at] = length >> 8
    room[length_at + 1] = length & 0xFF
    return np.int64(part.content_at + total)


@kernel
def put_together(
    buffer: Bytes, record_at: I64, captured_bytes: I32, ts_ns: I64, rows: I64, begin: int, frames: Frames,
    steps: Tables, state: Waiting, room: U8, out_fate: U8, out_at: I64, out_bytes: I32,
) -> tuple[int, int]:  # fmt: skip
    """
    What becomes of the parts of packets in these rows? Gives how many rows were done, and how much of the room is used.

    Parameters
    ----------
    buffer : uint8[n]
    record_at, captured_bytes, ts_ns : [m]
    rows : int64[r]
        Rows of the batch, in its order.
    begin : the first of `rows` to look at: those before it were done when the room was full
    frames : Frames
    steps : Tables
    state : Waiting
    room : uint8[k]
        For packets that are complete.
    out_fate : uint8[r]
    out_at : int64[r]
        Where in the room a completed packet begins.
    out_bytes : int32[r]
        Its length; for a part that is held, the length of its headers.

    Notes
    -----
    A part that was not captured whole cannot be put together. A packet that is never complete is never walked, but for
    its first part where nothing else ever comes between these ends (TRUST): so does Wireshark, without the exception.
    """
    used = np.int64(0)
    for r in range(begin, rows.shape[0]):
        row = rows[r]
        base = record_at[row]
        network_at = np.int64(frames.split_network_at[row])
        split_at = np.int64(frames.split_at[row])
        part = read_part(buffer, base, network_at, split_at, frames.split_segment[row])
        out_fate[r] = AS_IT_IS
        is_legal = part.size > 0 and part.offset + part.size <= part.most and part.content_at <= LONGEST_PACKET
        is_cut = part.content_at + part.size > captured_bytes[row]
        if not is_legal or is_cut or (part.has_more and part.size % _PART != 0):
            continue
        if used + part.content_at + _ROOM_FOR_CONTENT > room.shape[0]:
            return r, int(used)
        ends = np.int64(part.ends >> np.uint64(8)) % _ENDS
        if part.offset != 0:
            state.unanswered[ends] = 0
        elif state.unanswered[ends] >= TRUST:
            continue
        else:
            state.unanswered[ends] += 1
        slot = find_waiting(state, part.digest, np.int64(ts_ns[row]))
        out_fate[r] = HELD if part.offset == 0 else KEPT
        out_bytes[r] = part.content_at
        if keep_part(buffer, base + part.content_at, part, slot, state):
            size = write_whole(buffer, base, network_at, split_at, part, slot, state, room, used)
            silence_sizes(room, used, network_at, frames.path_high[row], frames.path_low[row], steps)
            state.digest[slot] = 0
            state.counts[FINISHED] += 1
            out_fate[r] = COMPLETED
            out_at[r] = used
            out_bytes[r] = size
            used += size
    return rows.shape[0], int(used)


class WholeWalker:
    """Walks batches, one after the other, with the packets whole that came in parts."""

    def __init__(self, batch_records: int, rules: tuple[Rule, ...] = ()) -> None:
        self._walker, self._spare = Walker(batch_records, rules), Walker(batch_records, rules)
        self._steps = tables.tables(rules)
        self._waiting: Waiting | None = None
        self._room: npt.NDArray[np.uint8] = np.zeros(_FIRST_ROOM, np.uint8)

    @property
    def incomplete(self) -> int:
        """How many packets were begun and are not complete by now?"""
        return 0 if self._waiting is None else int(self._waiting.counts[STARTED] - self._waiting.counts[FINISHED])

    @property
    def met_parts(self) -> bool:
        """Did any packet come in parts so far?"""
        return self._waiting is not None

    def walk(self, batch: RecordBatch) -> tuple[RecordBatch, Frames]:
        """
        What is in each frame of this batch, and where are the bytes that it speaks of?

        The batch of the answer has the same records; where a frame completed a packet, its bytes are that packet
        behind the frame's own outer headers. Times and lengths of the frames stay those of the file. Both hold until
        the next walk but one: they may still be looked at while the next batch is walked.

        Raises
        ------
        ValueError
            The batch has more records than the walker was made for.
        """
        self._walker, self._spare = self._spare, self._walker
        frames = self._walker.walk(batch)
        if not self._walker.met_fragments:
            return batch, frames
        whole = batch
        settled = np.zeros(len(batch.record_at), np.bool_)
        held: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        for _ in range(MOST_NESTED):
            rows: npt.NDArray[np.int64] = np.flatnonzero((frames.split_at >= 0) & ~settled)
            if not rows.size:
                break
            fate, changed = self._put_together(whole, frames, rows)
            settled[rows[fate != COMPLETED]] = True
            held = np.concatenate([held, rows[fate == HELD]])
            if not ((fate == HELD) | (fate == COMPLETED)).any():
                break
            whole = changed
            frames = self._walker.walk(whole, captured=batch)
        self._walker.stop_at_fragment(held)
        return whole, frames

    @WRAPPING
    def _put_together(
        self, batch: RecordBatch, frames: Frames, rows: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], RecordBatch]:
        """What becomes of these rows, and which batch has the packets whole?"""
        if self._waiting is None:
            self._waiting = start_waiting()
        fate = np.zeros(rows.size, np.uint8)
        at, size = np.zeros(rows.size, np.int64), np.zeros(rows.size, np.int32)
        blocks: list[npt.NDArray[np.uint8]] = [batch.buffer]
        filled, done = len(batch.buffer), 0
        while done < rows.size:
            before = done
            done, used = put_together(
                batch.buffer, batch.record_at, batch.captured_bytes, batch.ts_ns, read_only(rows), before, frames,
                self._steps, self._waiting, self._room, fate, at, size,
            )  # fmt: skip
            at[before:done] += filled
            blocks.append(self._room[:used].copy())
            filled += used
        record_at, captured, wire = batch.record_at.copy(), batch.captured_bytes.copy(), batch.wire_bytes.copy()
        completed, held = fate == COMPLETED, fate == HELD
        record_at[rows[completed]] = at[completed]
        captured[rows[completed]] = wire[rows[completed]] = size[completed]
        captured[rows[held]] = size[held]
        columns: Any = (read_only(column) for column in (np.concatenate(blocks), record_at, captured, wire))
        buffer, record_at, captured, wire = columns
        changed = batch._replace(buffer=buffer, record_at=record_at, captured_bytes=captured, wire_bytes=wire)
        return fate, changed
