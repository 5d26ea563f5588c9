"""Round-trip times in plain Python: lists that are searched, numbers that do not wrap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

NO_TIME = -(2**63)
MOST_ECHOES = 256


@dataclass
class Waiting:
    """A segment that nobody acknowledged yet, by the number after its last."""

    end: int
    ts: int
    ambiguous: bool
    control: bool
    idle: bool


class Found(NamedTuple):
    """A round trip, or the attempt at one."""

    kind: str
    from_ts: int
    to_ts: int

    @property
    def is_sound(self) -> bool:
        """Are both times there, and in order?"""
        return self.from_ts != NO_TIME and self.to_ts >= self.from_ts


def idle_of(answers: Sequence[Found]) -> list[int]:
    """
    Round trips of the idle path, of all that ACKs ended.

    One counts unless its ACK came in a clump: those behind it less than half as far apart as their segments. Then it
    counts only where an ACK for data of the same flight shows the clump's end within an eighth of the round trip.
    """
    told, at = [], 0
    while at < len(answers):
        first = answers[at]
        if first.kind != "idle":
            at += 1
            continue
        last = at + 1
        while last < len(answers) and _is_behind(answers[last - 1], answers[last], first):
            last += 1
        ns = first.to_ts - first.from_ts
        beyond = answers[last] if last < len(answers) and answers[last].from_ts < first.to_ts else None
        if last == at + 1 or (beyond and 8 * (beyond.to_ts - answers[last - 1].to_ts) <= ns):
            told.append(ns)
        at = last
    return sorted(told)


def _is_behind(one: Found, next_one: Found, first: Found) -> bool:
    apart, were_apart = next_one.to_ts - one.to_ts, next_one.from_ts - one.from_ts
    return next_one.from_ts < first.to_ts and 2 * apart <= were_apart


@dataclass
class Line:
    """The segments of one side that wait, in the order of their ends."""

    waiting: list[Waiting] = field(default_factory=list)

    def doubt(self, left: int, right: int) -> None:
        """
        These bytes were sent again, or fill a hole.

        A waiting segment is taken to reach down to the end of the one before it, the first one to anywhere.
        """
        reach = None
        for one in self.waiting:
            if one.end > left and (reach is None or reach < right):
                one.ambiguous = True
            reach = one.end

    def join(self, new: Waiting) -> None:
        """The first of two segments with the same end waits for both."""
        for one in self.waiting:
            if one.end == new.end:
                one.ambiguous = one.ambiguous or new.ambiguous
                return
        self.waiting.append(new)
        self.waiting.sort(key=lambda one: one.end)

    def answer(self, ack: int, ts: int) -> Found | None:
        """The segment that ends exactly there; whatever lies below waits no longer, but leaves its doubt."""
        covered = [one for one in self.waiting if one.end <= ack]
        self.waiting = [one for one in self.waiting if one.end > ack]
        if not covered or covered[-1].end != ack:
            return None
        exact = covered[-1]
        if any(one.ambiguous for one in covered):
            kind = "ambiguous"
        elif exact.control:
            kind = "control"
        else:
            kind = "idle" if exact.idle else "loaded"
        return Found(kind, exact.ts, ts)


class Echo(NamedTuple):
    """A timestamp value that went to a side, with the time of the data that its segment acknowledged."""

    value: int
    ack_ts: int
    data_ts: int | None


@dataclass
class Echoes:
    """The timestamp values that one side may echo."""

    newest: int | None = None
    waiting: list[Echo] = field(default_factory=list)

    def send(self, value: int, ack_ts: int, data_ts: int | None) -> None:
        """Only the first segment with a value counts."""
        if self.newest is not None and not 0 < (value - self.newest) % 2**32 < 2**31:
            return
        self.newest = value
        if len(self.waiting) < MOST_ECHOES:
            self.waiting.append(Echo(value, ack_ts, data_ts))

    def close(self, echoed: int) -> Echo | None:
        """The exchange that this echo ends; older ones are forgotten."""
        closed = [one for one in self.waiting if (echoed - one.value) % 2**32 < 2**31]
        self.waiting = self.waiting[len(closed) :]
        return closed[-1] if closed and closed[-1].value == echoed else None


def nearest_rank(values: Sequence[int], percent: float) -> int:
    """The smallest value with at least that share of all values at or below it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100 - 1e-9) - 1)]
