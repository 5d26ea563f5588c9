"""What Wireshark's TCP analysis says of each segment, told packet by packet with lists and objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
MOST_UNACKED = 10_000
MOST_FLIGHT = 2_000_000_000
OUT_OF_ORDER_NS = 3_000_000
FAST_NS = 20_000_000
UNKNOWN_SCALE, NO_SCALE = -1, -2
MANY = 0xFFFFFFFF
NEVER = -(2**63)


@dataclass(frozen=True)
class Segment:
    """One TCP segment; numbers as on the wire."""

    ts_ns: int
    stream: int
    source: tuple[str, int]
    target: tuple[str, int]
    seq: int
    ack: int
    flags: int
    size: int
    window: int
    scale: int | None = None
    sack: tuple[tuple[int, int], ...] = ()

    def has(self, flags: int) -> bool:
        """Is one of these flags set?"""
        return bool(self.flags & flags)

    @property
    def is_plain(self) -> bool:
        """Neither opens nor closes."""
        return not self.has(SYN | FIN | RST)

    @property
    def is_numbered(self) -> bool:
        """Takes numbers, so it waits for an ACK."""
        return self.size > 0 or self.has(SYN | FIN)

    @property
    def end(self) -> int:
        """The number after it."""
        return (self.seq + self.size + self.has(SYN | FIN)) & 0xFFFFFFFF


@dataclass(frozen=True)
class Said:
    """What is said of one segment."""

    marks: frozenset[str]
    ack_rtt_ns: int | None
    flight_bytes: int | None
    initial_rtt_ns: int | None = None


@dataclass
class Unacked:
    """A segment that waits for its ACK."""

    seq: int
    end: int
    ts_ns: int


@dataclass
class End:
    """One side of a stream."""

    next_seq: int = 0
    next_ts: int = NEVER
    to_be_acked: int = 0
    last_ack: int = 0
    last_ack_ts: int = NEVER
    window: int = 0xFFFFFFFF
    scale: int = UNKNOWN_SCALE
    last_marks: frozenset[str] = frozenset()
    dup_acks: int = 0
    base: int | None = None
    flight_known: bool = True
    unacked: list[Unacked] = field(default_factory=list)
    first_window: bool = True
    sacked: int = 0


def ahead(a: int, b: int) -> int:
    """How far a is ahead of b, in 32 bits."""
    diff = (a - b) & 0xFFFFFFFF
    return diff - (1 << 32) if diff & 0x80000000 else diff


class Stream:
    """One conversation."""

    def __init__(self) -> None:
        self.ends = (End(), End())
        self.first: tuple[str, int] | None = None
        self.syn_ts: int | None = None
        self.first_rtt: int | None = None


def analyse(segments: Iterable[Segment]) -> Iterator[Said]:
    """What is said of each segment, in order?"""
    streams: dict[int, Stream] = {}
    met: set[frozenset[tuple[str, int]]] = set()
    for one in segments:
        ends = frozenset((one.source, one.target))
        is_reuse = one.stream not in streams and ends in met and bool(one.flags & SYN)
        met.add(ends)
        said = _judge(streams.setdefault(one.stream, Stream()), one)
        yield replace(said, marks=said.marks | {"reused_ports"}) if is_reuse else said


def _judge(stream: Stream, one: Segment) -> Said:
    if stream.first is None:
        stream.first = one.source
    mine, other = stream.ends if one.source == stream.first else stream.ends[::-1]
    other.flight_known |= one.has(ACK)
    marks = _bases(one, mine, other) | _ahead(one, mine, other)
    if not marks & {"zero_window_probe"}:
        marks |= _pure(one, mine, other)
    if one.ack != mine.last_ack:
        mine.dup_acks = 0
    marks |= _unseen(one, other)
    if one.is_numbered and "keep_alive" not in marks:
        marks |= _repetition(stream, one, mine, other)
    if one.flags & (SYN | ACK) == SYN:
        stream.syn_ts = one.ts_ns
    if one.flags & (SYN | ACK) == ACK and not stream.first_rtt and stream.syn_ts is not None:
        stream.first_rtt = one.ts_ns - stream.syn_ts
    if one.is_numbered and len(mine.unacked) < MOST_UNACKED:
        mine.unacked.append(Unacked(one.seq, one.end, one.ts_ns))
    if "zero_window_probe" not in marks:
        if not mine.next_seq or ahead(one.end, mine.next_seq) > 0:
            mine.next_seq, mine.next_ts = one.end, one.ts_ns
        if mine.to_be_acked in (0, one.seq):
            mine.to_be_acked = mine.next_seq
    mine.window, mine.last_ack, mine.last_ack_ts = one.window, one.ack, one.ts_ns
    mine.last_marks = frozenset(marks)
    said = Said(frozenset(marks), _acknowledge(other, one), _flight(one, mine, other), stream.first_rtt or None)
    mine.sacked = sum((right - left) & 0xFFFFFFFF for left, right in one.sack)
    mine.first_window = one.has(SYN)
    if one.has(SYN):
        _agree(one, mine, other)
    return said


def _agree(one: Segment, mine: End, other: End) -> None:
    """By how much this SYN says that windows are scaled."""
    if one.scale is not None:
        mine.scale = NO_SCALE if one.has(ACK) and other.scale == NO_SCALE else min(one.scale, 14)
    elif mine.scale == UNKNOWN_SCALE:
        mine.scale = other.scale = NO_SCALE


def _bases(one: Segment, mine: End, other: End) -> set[str]:
    """Where the sides count from; a SYN/ACK may begin anew. A SYN makes forget what came behind a hole."""
    if one.flags & (SYN | ACK) == SYN and mine.base is not None:
        mine.next_seq = mine.to_be_acked
    is_another = one.has(SYN) and one.has(ACK) and mine.base is not None and mine.base != one.seq
    if mine.base is None or is_another:
        mine.base = one.seq if one.has(SYN) else (one.seq - 1) & 0xFFFFFFFF
    if other.base is None and one.has(ACK):
        other.base = (one.ack - 1) & 0xFFFFFFFF
    return {"reused_ports"} if is_another else set()


def _ahead(one: Segment, mine: End, other: End) -> set[str]:
    """What its first number and the windows say."""
    if one.size == 1 and one.seq == mine.next_seq and other.window == 0:
        return {"zero_window_probe"}
    marks = set()
    if mine.next_seq and ahead(one.seq, mine.next_seq) > 0 and not one.has(RST):
        marks.add("lost_segment")
        mine.flight_known = False
    if not one.is_plain:
        return marks
    if one.window == 0:
        marks.add("zero_window")
    if one.size <= 1 and one.seq == (mine.next_seq - 1) & 0xFFFFFFFF:
        marks.add("keep_alive")
    if one.size > 0 and other.scale != UNKNOWN_SCALE and other.window != 0xFFFFFFFF:
        shift = 0 if other.scale == NO_SCALE or other.first_window else other.scale
        if one.end == (other.last_ack + (other.window << shift)) & 0xFFFFFFFF:
            marks.add("window_full")
    return marks


def _pure(one: Segment, mine: End, other: End) -> set[str]:
    """What an empty segment in its place says: of windows, and in answer to probes."""
    if one.size or not one.is_plain or one.seq != mine.next_seq:
        return set()
    step = ahead(one.ack, mine.last_ack)
    if one.window == mine.window == 0:
        is_answer = "zero_window_probe" in other.last_marks and step == 0
        return {"zero_window_probe_ack"} if is_answer else set()
    if one.window == 0 or step:
        return set()
    if one.window != mine.window:
        return {"window_update"}
    if "keep_alive" in other.last_marks:
        return {"keep_alive_ack"}
    mine.dup_acks = 1 if mine.dup_acks == MANY else mine.dup_acks + 1
    return {"duplicate_ack"}


def _unseen(one: Segment, other: End) -> set[str]:
    """Whether it acknowledges what never passed."""
    if not one.has(ACK) or not other.to_be_acked or ahead(one.ack, other.to_be_acked) <= 0:
        return set()
    if ahead(other.next_seq, other.to_be_acked) > 0:
        other.to_be_acked = other.next_seq
        return {"ack_lost_segment"}
    is_first, other.dup_acks = other.dup_acks == 0, MANY
    return {"ack_lost_segment"} if is_first else set()


def _flight(one: Segment, mine: End, other: End) -> int | None:
    """What is outstanding after it, without what SACK has named."""
    if not one.size or not mine.unacked or not mine.flight_known:
        return None
    base = mine.base or 0
    first = min((waiting.seq - base) & 0xFFFFFFFF for waiting in mine.unacked)
    last = max((waiting.end - base) & 0xFFFFFFFF for waiting in mine.unacked)
    flight = (last - first - other.sacked) & 0xFFFFFFFF
    return flight - one.has(SYN | FIN) or None if 0 < flight < MOST_FLIGHT else None


def _repetition(stream: Stream, one: Segment, mine: End, other: End) -> set[str]:
    """Whether it was sent before, and how it looks then."""
    right = (one.seq + one.size) & 0xFFFFFFFF
    if one.size > 0 and other.last_ack and ahead(right, other.last_ack) <= 0:
        return {"spurious_retransmission", "retransmission"}
    behind = -ahead(one.seq, mine.next_seq) if mine.next_seq else 0
    if behind <= 0 or (behind == 1 and one.size > 1):
        return set()
    if other.dup_acks >= 2 and other.last_ack == one.seq and one.ts_ns - other.last_ack_ts < FAST_NS:
        return {"fast_retransmission", "retransmission"}
    unsigned = 1 << 64
    is_recent = (one.ts_ns - mine.next_ts) % unsigned < (stream.first_rtt or OUT_OF_ORDER_NS) % unsigned
    return {"out_of_order"} if is_recent and mine.next_seq != one.end else {"retransmission"}


def _acknowledge(other: End, one: Segment) -> int | None:
    rtt = None
    kept = []
    for waiting in reversed(other.unacked):
        if one.ack == waiting.end:
            rtt = (one.ts_ns - waiting.ts_ns) or None
        elif ahead(one.ack, waiting.seq) > 0 and ahead(one.ack, waiting.end) <= 0:
            waiting.seq = one.ack
            kept.append(waiting)
        elif ahead(waiting.end, one.ack) > 0:
            kept.append(waiting)
    other.unacked = kept[::-1]
    return rtt
