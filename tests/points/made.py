"""Two points' packets, made with delays and clocks of which the truth is known."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vmpcap.points.kernels.keys import TOTALS, UNICAST, Kept
from vmpcap.points.pairing import Paired
from vmpcap.points.sightings import DTYPES

US, MS, S = 1_000, 1_000_000, 1_000_000_000

Clock = Callable[[int], int]
"""From true time to what the other point's clock shows, ns."""


@dataclass(frozen=True)
class Sent:
    """A packet at both points, in true time."""

    one_ts: int
    other_ts: int
    side: int
    ends: int = 10


def kept_of(rows: list[tuple[int, int, int, int]], **more: list[int]) -> Kept:
    """Rows of (key, ts, side, ends) as a point keeps them; frames are numbered from 1."""
    key, ts, side, ends = (list(c) for c in zip(*rows, strict=True)) if rows else ([], [], [], [])
    given = {"key": key, "loose": key, "ts_ns": ts, "side": side, "pair": ends, "kind": [UNICAST] * len(rows)}
    given |= {"frame": list(range(1, len(rows) + 1))} | more
    columns = {n: np.array(given.get(n, [0] * len(rows)), dtype) for n, dtype in DTYPES.items()}
    return Kept(**columns, totals=np.zeros(TOTALS, np.int64))


def paired_of(sent: list[Sent], clock: Clock) -> Paired:
    """The same packets as both points show them, each in the order in which they passed it, the other by this clock."""
    order = sorted(range(len(sent)), key=lambda n: sent[n].other_ts)
    one = kept_of([(n, p.one_ts, p.side, p.ends) for n, p in enumerate(sent)])
    other = kept_of([(n, clock(sent[n].other_ts), sent[n].side, sent[n].ends) for n in order])
    return Paired(one, other, np.arange(len(sent)), np.argsort(np.array(order)), 0, 0, 0, 0, 0)


def traffic(
    rng: random.Random, seconds: float, count: int, least_ms: tuple[float, float], queue_ms: float
) -> list[Sent]:
    """Packets both ways at random times; each direction has a least delay and a queue of its own."""
    sent = []
    for _ in range(count):
        side = rng.randrange(2)
        at = S + rng.randrange(int(seconds * S))
        delay = int((least_ms[side] + rng.expovariate(1 / queue_ms)) * MS)
        one, other = (at, at + delay) if side == 0 else (at + delay, at)
        sent.append(Sent(one, other, side))
    return sorted(sent, key=lambda p: p.one_ts)
