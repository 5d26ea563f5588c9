"""Which of two points a packet passed first, from the answers around it, and what that says of their clocks."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import MOST_DRIFT, Bounds
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

ALIKE: Final = 0.9
"""Share of the packets of two ends that must tell one order for the others to be taken for exceptions from it."""
MOST_TURNS: Final = 0.1
"""Ends whose order turns more often than this, per packet that tells it, bound nothing."""
NEAR_NS: Final = NS_PER_S
"""A packet after the last answer, or before the first, is bound by one that is no farther."""
NO_WAY_NS: Final = 10 * NS_PER_MS
"""No way that turned makes packets later by more than this, long after the last answer: a clock stepped."""
NEVER: Final = 1 << 62
STRETCHES: Final = 512
"""Stretches of time; one in which the order of two ends turns, and both beside it, bound nothing."""


class Packets(NamedTuple):
    """What both points saw, by ends, then by time at the one point."""

    at: I64
    late: I64
    """By how much the other clock showed it later, ns."""
    ends: U64
    side: U8


class Orders(NamedTuple):
    """What the packets' order at the two points says."""

    lows: Bounds
    highs: Bounds
    ahead: I8
    """1: the one point saw it first; -1: the other did; 0: nobody can say."""
    odd: int = 0
    """Packets that tell another order than the others of their ends do, or than they tell by their other answer."""


def find_orders(packets: Packets, rough: int, most_drift: float = MOST_DRIFT) -> Orders:
    """
    Which point did each packet pass first, and between what does that hold the offset?

    Parameters
    ----------
    rough : by how much two time stamps may be cut, ns
    most_drift : by how much the clocks run apart at most, seconds per second

    Notes
    -----
    A packet is late by its way plus the offset, its answer by the offset less its way: the later of the two passed the
    one point first. That is said of each packet by the nearest answers before and after it, where they differ by more
    than the clocks can have drifted between. Where nearly all packets of two ends tell one order, each bounds the
    offset from one side; else those do of which both answers tell it, and the rest bound it from both sides by the
    lateness of all three. No majority overrules: where packets tell another order than the others (a route that
    changed, answers by another way, a clock that stepped since the last answer) these and the stretches around bound
    nothing; ends whose order turns again and again bound nothing at all.
    """
    count = len(packets.at)
    if not count:
        nothing = Bounds(packets.at, packets.late)
        return Orders(nothing, nothing, np.zeros(0, np.int8))
    before, after = _answers(packets)
    least, most, torn = packets.late.copy(), packets.late.copy(), np.zeros(count, bool)
    vote, told_by = np.zeros(count, np.int8), np.zeros(count, np.int8)
    has_answer = _has_answer(packets.at, before, after)
    _, group = np.unique(packets.ends, return_inverse=True)
    by_far = ~_told_near(packets, group, (before, after), rough, most_drift)
    for answer in (before, after):
        rows = np.flatnonzero(answer >= 0)
        near = answer[rows]
        apart = np.ceil(most_drift * np.abs(packets.at[rows] - packets.at[near])).astype(np.int64) + rough
        late, theirs = packets.late[rows], packets.late[near]
        least[rows] = np.minimum(least[rows], np.minimum(late, theirs) - apart)
        most[rows] = np.maximum(most[rows], np.maximum(late, theirs) + apart)
        by = np.abs(late - theirs)
        is_far = np.abs(packets.at[rows] - packets.at[near]) > NEAR_NS
        is_step = is_far & ((by > NO_WAY_NS) | ~by_far[rows])
        said = np.where((by > apart) & ~is_step, np.sign(late - theirs), 0).astype(np.int8)
        torn[rows] |= (vote[rows] != 0) & (said != 0) & (vote[rows] != said)
        vote[rows] = np.where(vote[rows] == 0, said, vote[rows])
        told_by[rows] += said != 0
    vote[torn] = 0
    turned = vote * np.where(packets.side == 0, 1, -1).astype(np.int8)
    majority = _majority(group, turned)
    odd = torn | (turned * majority < 0)
    is_sound = _soundness(packets.at, group, turned, odd)
    ahead = np.where(packets.side == 0, majority, -majority).astype(np.int8)
    sure = np.where(majority != 0, ahead, np.where(told_by == len((before, after)), vote, 0))
    high, low = is_sound & (sure > 0), is_sound & (sure < 0)
    both = is_sound & has_answer & (sure == 0)
    lows = Bounds(
        np.concatenate((packets.at[low], packets.at[both])), np.concatenate((packets.late[low] - rough, least[both]))
    )
    highs = Bounds(
        np.concatenate((packets.at[high], packets.at[both])), np.concatenate((packets.late[high] + rough, most[both]))
    )
    return Orders(lows, highs, ahead, int((odd | ((turned != 0) & (majority == 0))).sum()))


def _told_near(packets: Packets, group: I64, answers: tuple[I64, I64], rough: int, most_drift: float) -> Bools:
    """
    Of which packets do others of the same ends tell an order by an answer that is near?

    Then answers that are far tell them none: since then a clock may have stepped, by less than a way may turn.
    """
    tells = np.zeros(int(group.max()) + 1, bool)
    for answer in answers:
        rows = np.flatnonzero(answer >= 0)
        apart = np.abs(packets.at[rows] - packets.at[answer[rows]])
        by = np.abs(packets.late[rows] - packets.late[answer[rows]])
        tells[group[rows[(apart <= NEAR_NS) & (by > np.ceil(most_drift * apart) + rough)]]] = True
    found: Bools = tells[group]
    return found


def _has_answer(at: I64, before: I64, after: I64) -> Bools:
    """Which packets lie between two answers, or next to one? Of the others nobody knows if a clock stepped since."""
    rows = np.arange(len(at))
    apart = [np.where(near >= 0, np.abs(at - at[np.where(near >= 0, near, rows)]), NEVER) for near in (before, after)]
    has_answer: Bools = (np.maximum(*apart) < NEVER) | (np.minimum(*apart) <= NEAR_NS)
    return has_answer


def _answers(packets: Packets) -> tuple[I64, I64]:
    """The nearest packet of the same ends the other way, before and after each; -1 where there is none."""
    count = len(packets.at)
    rows = np.arange(count)
    is_first = packets.side == 0
    last = [np.maximum.accumulate(np.where(wanted, rows, -1)) for wanted in (is_first, ~is_first)]
    before = np.where(is_first, last[1], last[0])
    near = [np.minimum.accumulate(np.where(wanted, rows, count)[::-1])[::-1] for wanted in (is_first, ~is_first)]
    after = np.where(is_first, near[1], near[0])
    before[(before >= 0) & (packets.ends[before] != packets.ends)] = -1
    after[after == count] = -1
    after[(after >= 0) & (packets.ends[after] != packets.ends)] = -1
    return before, after


def _soundness(at: I64, group: I64, turned: I8, odd: Bools) -> Bools:
    """Which packets lie where the order of their ends does not turn, none of them is odd, and seldom anywhere?"""
    groups = int(group.max()) + 1
    tell = np.flatnonzero(turned)
    turn = np.flatnonzero((group[tell][1:] == group[tell][:-1]) & (turned[tell][1:] != turned[tell][:-1]))
    where = np.unique(np.concatenate((tell[turn], tell[turn + 1], np.flatnonzero(odd))))
    tells, turns = (np.bincount(group[rows], minlength=groups) for rows in (tell, tell[turn]))
    begin = int(at.min())
    width = max((int(at.max()) - begin) / STRETCHES, 1.0)
    cell = group * (STRETCHES + 2) + np.minimum(((at - begin) / width).astype(np.int64), STRETCHES - 1) + 1
    bad = np.unique(np.concatenate([cell[where] + beside for beside in (-1, 0, 1)]))
    is_sound: Bools = (turns <= MOST_TURNS * tells)[group] & ~np.isin(cell, bad)
    return is_sound


def _majority(group: I64, turned: I8) -> I8:
    """The order that ALIKE of the packets tell, of the ends of each packet; 0 where there is none."""
    groups = int(group.max(initial=-1)) + 1
    said = np.bincount(group, np.abs(turned), groups)
    total = np.bincount(group, turned, groups)
    order: I8 = np.where((said > 0) & (np.abs(total) >= (2 * ALIKE - 1) * said), np.sign(total), 0).astype(np.int8)
    return order[group]
