"""Both sides of a flow in plain Python: numbers that do not wrap, sets of bytes, one packet at a time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.twins.rtt import NO_TIME, Echoes, Found, Line, Waiting
from tests.twins.series import BIN_NS, SeriesTwin

FIN, SYN, RST, ACK, TCP = 0x01, 0x02, 0x04, 0x10, 6
MODULUS = 2**32


def unwrap(wire: int, near: int) -> int:
    """The number that is `wire` on the wire and nearest to this one."""
    return near + (wire - near + MODULUS // 2) % MODULUS - MODULUS // 2


@dataclass
class SideTwin:
    """What one side sent."""

    count: Counter[str] = field(default_factory=Counter)
    """packets, wire, payload, copies, resent_segments, resent, out_of_order, zero_windows, keep_alives, acked"""
    seen: set[int] = field(default_factory=set)
    """Numbers of the payload bytes that passed."""
    jumped: set[int] = field(default_factory=set)
    next: int | None = None
    low: int | None = None
    wraps: int = 0
    acked_to: int | None = None
    is_answered: bool = False
    fin: int | None = None
    window: int | None = None
    probed: bool = False
    """Did it probe a closed window?"""
    mss_of_peer: int | None = None
    syn: tuple[bool, int | None] | None = None
    """Of its first SYN: whether it is an answer, and the window scale that it offers."""
    max_payload: int = 0
    max_flight: int = 0
    line: Line = field(default_factory=Line)
    found: list[Found] = field(default_factory=list)
    answers: list[Found] = field(default_factory=list)
    """Those of them that an ACK ended, in their order."""
    data: list[tuple[int, int]] = field(default_factory=list)
    """(time, frame) of each segment with data."""
    series: SeriesTwin | None = None
    echoes: Echoes = field(default_factory=Echoes)
    times: list[int] = field(default_factory=list)
    """Of every packet."""
    loops: list[int] = field(default_factory=list)
    """Round trips by timestamp echo."""

    @property
    def unseen(self) -> int:
        """How many numbers were jumped over and never seen?"""
        return len(self.jumped - self.seen)

    def flight(self) -> int:
        """What is outstanding? -1 without an ACK."""
        if self.next is None or self.acked_to is None or not self.is_answered:
            return -1
        return max(self.next - self.acked_to, 0)

    def reach(self, end: int) -> None:
        """The highest number so far."""
        if self.next is not None and end > self.next:
            self.wraps += end // MODULUS - self.next // MODULUS
            self.next = end

    def place(self, seq: int, size: int, has_syn: bool, has_fin: bool) -> tuple[int, int, int]:
        """(bytes beyond the highest number, bytes seen before, bytes that fill a hole)"""
        left = seq + has_syn
        right = left + size
        if self.next is None or self.low is None:
            self.next = right + has_fin
            self.low = left
            if self.acked_to is None:
                self.acked_to = left
            self.seen |= set(range(left, right))
            return size, 0, 0
        highest, body = self.next, set(range(left, right))
        assert max(seq - highest, self.low - right) < 100_000, "no story jumps that far"
        self.jumped |= set(range(highest, seq)) | (set(range(right, self.low)) if body else set())
        self.low = min(self.low, left) if body else self.low
        resent = len(body & self.seen)
        beyond = sum(number >= highest for number in body)
        self.seen |= body
        self.reach(right + has_fin)
        return beyond, resent, size - beyond - resent


class FlowTwin:
    """One flow, both its sides."""

    def __init__(self, is_nominated: bool) -> None:
        self.sides = (SideTwin(), SideTwin())
        self.is_nominated = is_nominated
        self.frame = 0
        self.shakes: list[tuple[int, int, int]] = []
        """(side, flags, time) of what may belong to the handshake."""

    def pass_by(self, packet: Any, side: int, frame: int, wire_bytes: int) -> None:
        """What does this packet add?"""
        self.frame = frame
        one, other = self.sides[side], self.sides[1 - side]
        if packet.is_copy:
            one.count["copies"] += 1
            return
        one.count.update(packets=1, wire=wire_bytes, payload=packet.size)
        one.times.append(packet.ts_ns)
        if packet.protocol != TCP:
            if packet.size:
                self._carry_data(one, packet, frame)
            return
        self.shakes.append((side, packet.flags, packet.ts_ns))
        known = [number for number in (one.next, one.acked_to) if number is not None]
        seq = unwrap(packet.seq, known[0] if known else packet.seq)
        if packet.flags & FIN and one.fin is None:
            one.fin = seq + packet.size
        if packet.flags & SYN:
            other.mss_of_peer = other.mss_of_peer or packet.mss
            one.syn = one.syn or (bool(packet.flags & ACK), packet.scale)
            if one.acked_to is None:
                one.acked_to = seq + 1
        judged = self._judge(one, other, packet, seq)
        one.window, one.probed = packet.window, one.probed or judged == "probe"
        if packet.window == 0 and not packet.flags & (SYN | FIN | RST) and judged != "probe":
            one.count["zero_windows"] += 1
        if judged == "keep_alive":
            one.count["keep_alives"] += 1
        if packet.size or packet.flags & (SYN | FIN):
            self._occupy(one, packet, seq, judged, frame)
        elif judged == "ordinary" and not packet.flags & RST:
            one.place(seq, 0, False, False)
        self._acknowledge(one, other, packet)

    @staticmethod
    def _judge(one: SideTwin, other: SideTwin, packet: Any, seq: int) -> str:
        if packet.size <= 1 and one.next is not None:
            if packet.size == 1 and seq == one.next and other.window == 0:
                return "probe"
            if seq == one.next - 1 and not packet.flags & (SYN | FIN | RST):
                return "keep_alive"
        return "ordinary"

    def _carry_data(self, one: SideTwin, packet: Any, frame: int) -> None:
        one.data.append((packet.ts_ns, frame))
        one.max_payload = max(one.max_payload, packet.size)
        if one.series is None and self.is_nominated and packet.protocol == TCP:
            untimed = packet.ts_ns == NO_TIME
            one.series = SeriesTwin(0 if untimed else packet.ts_ns // BIN_NS * BIN_NS)

    def _occupy(self, one: SideTwin, packet: Any, seq: int, judged: str, frame: int) -> None:
        """A segment that takes numbers: data, a SYN, a FIN, a probe."""
        before = one.flight()
        is_data = packet.size > 0 and judged == "ordinary"
        has_syn, has_fin = bool(packet.flags & SYN), bool(packet.flags & FIN)
        if is_data:
            self._carry_data(one, packet, frame)
        resent, filled, fresh = 0, 0, 0
        if judged == "ordinary":
            beyond, resent, filled = one.place(seq, packet.size, has_syn, has_fin)
            fresh = beyond + filled
            one.count.update(resent=resent, resent_segments=resent > 0, out_of_order=resent == 0 and filled > 0)
        if resent or filled:
            one.line.doubt(seq, seq + packet.size)
        segment = one.mss_of_peer or (min(one.max_payload, 9000) if one.max_payload else 1460)
        control = judged != "ordinary" or packet.size == 0 or has_syn
        idle = 0 <= before <= 2 * segment and packet.size <= 2 * segment
        end = seq + packet.size + (has_syn or has_fin)
        one.line.join(Waiting(end, packet.ts_ns, bool(resent or filled), control, idle))
        one.max_flight = max(one.max_flight, one.flight())
        if is_data and one.series is not None:
            one.series.add(packet.ts_ns, frame=self.frame, new=fresh, resent=resent, segments=1, flight=one.flight())

    @staticmethod
    def _gain(other: SideTwin, ack: int) -> int:
        if other.acked_to is None:
            other.acked_to = ack
            return 0
        limit = ack if other.fin is None else min(ack, max(other.fin, other.acked_to))
        gained, is_news = max(limit - other.acked_to, 0), ack > other.acked_to
        other.acked_to = max(other.acked_to, ack)
        if other.probed and is_news and other.next is not None and ack == other.next + 1:
            other.seen.add(other.next)
            other.reach(ack)
        return gained

    def _acknowledge(self, one: SideTwin, other: SideTwin, packet: Any) -> None:
        """What does this segment say of the other side's?"""
        known = [number for number in (other.next, other.acked_to) if number is not None]
        ack = unwrap(packet.ack, known[0] if known else packet.ack)
        gained = 0
        if packet.flags & (ACK | RST) == ACK:
            gained = self._gain(other, ack)
            other.is_answered = other.is_answered or other.acked_to == ack
        other.count["acked"] += gained
        found = other.line.answer(ack, packet.ts_ns)
        clean = None
        if found is not None and found.is_sound:
            other.answers.append(found)
        if found is not None:
            other.found.append(found)
            if found.is_sound and found.kind in ("idle", "loaded"):
                clean = found
        if other.series is not None and (gained or found or len(other.seen) > len(one.seen)):
            more = {} if packet.flags & (SYN | RST) else {"window": packet.window}
            if clean is not None:
                more["rtt"] = clean.to_ts - clean.from_ts
            other.series.add(packet.ts_ns, frame=self.frame, acked=gained, **more)
        if packet.stamps is not None:
            self._follow_stamps(one, other, packet, clean)

    @staticmethod
    def _follow_stamps(one: SideTwin, other: SideTwin, packet: Any, clean: Found | None) -> None:
        value, echoed = packet.stamps
        if one.series is not None and packet.flags & ACK:
            closed = one.echoes.close(echoed)
            if closed is not None:
                one.found.append(Found("near", closed.ack_ts, packet.ts_ns))
                if closed.data_ts is not None:
                    loop = Found("loop", closed.data_ts, packet.ts_ns)
                    one.found.append(loop)
                    if loop.is_sound:
                        one.loops.append(loop.to_ts - loop.from_ts)
                    before = [ts for ts in one.times[:-1] if ts != NO_TIME][-1:]
                    if loop.is_sound and before and 0 <= packet.ts_ns - before[0] <= min(one.loops) // 16:
                        one.found.append(loop._replace(kind="prompt"))
        if other.series is not None:
            other.echoes.send(value, packet.ts_ns, None if clean is None else clean.from_ts)

    def scale_of(self, side: int) -> int | None:
        """
        By how many bits are this side's windows scaled? None where that cannot be told.

        Both SYNs must offer it; a SYN/ACK offers it only in answer to an offer.
        """
        one, other = self.sides[side], self.sides[1 - side]
        if one.syn is None:
            return None
        is_answer, scale = one.syn
        if is_answer or scale is None:
            return scale or 0
        if other.syn is None:
            return None
        return 0 if other.syn[1] is None else scale

    def handshake(self) -> tuple[int, int, int]:
        """SYN to ACK, SYN to SYN/ACK, SYN/ACK to ACK; -1 for what cannot be told."""
        opening = [(n, side, flags) for n, (side, flags, _) in enumerate(self.shakes) if flags & SYN]
        first = {side: flags for _, side, flags in reversed(opening)}
        callers = [side for side, flags in first.items() if not flags & ACK]
        listeners = [side for side, flags in first.items() if flags & ACK]
        if len(callers) != 1 or len(listeners) != 1:
            return -1, -1, -1
        caller, listener = callers[0], listeners[0]
        answer = next(n for n, side, flags in opening if side == listener)
        calls = [n for n, side, flags in opening if side == caller and n < answer]
        if not calls or self.shakes[calls[-1]][2] == NO_TIME:
            return -1, -1, -1
        begin, middle = self.shakes[calls[0]][2], self.shakes[answer][2]
        for ts in (self.shakes[n][2] for n in calls[1:]):
            if NO_TIME in (begin, ts) or not 0 <= ts - begin < 9 * 10**8:  # what comes sooner is a copy
                begin = ts
        for side, flags, ts in self.shakes[answer + 1 :]:
            if flags & SYN and flags & ACK:
                break
            if side == caller and flags & (SYN | RST | ACK) == ACK:
                return _between(begin, ts), _between(begin, middle), _between(middle, ts)
        return -1, _between(begin, middle), -1


def _between(begin: int, end: int) -> int:
    return -1 if NO_TIME in (begin, end) or end < begin else end - begin
