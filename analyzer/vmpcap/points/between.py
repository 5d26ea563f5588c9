"""What happened to packets on their way from one point to another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.answered import were_answered
from vmpcap.points.backwards import set_backs
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.never_again import never_sent_again, sent_in_vain
from vmpcap.points.one_sided import OneSided, bound_one_way
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired
from vmpcap.points.remarks import Remarks, find_remarks
from vmpcap.points.resolution import coarseness
from vmpcap.points.sets import Set, is_within
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
I8 = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

MOST_FRAMES: Final = 100
PERCENTILES: Final = (0, 50, 95, 99)
SOONEST_AGAIN_NS: Final = 2 * NS_PER_MS
"""Nothing is taken for sent again that comes sooner after its like: a switch or router may have shown it twice."""
NO_KEYS: Final[U64] = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class OneWay:
    """From one point to another. Counts are of packets kept: each stands for `scale` of them."""

    matched: int
    delays_ms: tuple[float, ...] | None
    """At PERCENTILES, by the middle of the possible offsets; None where the clocks cannot be compared."""
    uncertainty_ms: float | None
    """By how much all of these may be wrong alike, either way: half of what the clocks may stand otherwise."""
    lost: int
    """Seen at the first, never at the second, though packets of the same ends before and after it came; or never
    acknowledged of a connection that sends in vain, after the last of its ends that came, while packets of others or
    smaller ones did."""
    lost_frames: tuple[int, ...]
    missed: int
    """Not lost: data that was acknowledged, and that TCP had not sent again, or an echo request whose reply passed the
    second: it arrived, unrecorded."""
    elsewhere: int
    """Not lost: another point saw them later, or what came back then did not pass the second either."""
    not_after: int
    """Seen at the first after the last that came: lost, gone another way, or the second had stopped."""
    silent_after: int
    """Of these: no other point saw them go another way."""
    recut: int
    """Seen at the first only, where both have segments of sizes the other has not: cut or joined on the way."""
    reordered: int
    """Overtaken on the way by a later packet of the same ends."""
    ttl_step: int | None
    """What most of them lost in TTL: the routers between."""
    remarks: Remarks
    largest_from: int
    """Greatest payload that the first shows of these ends, matched or not, bytes."""
    largest_to: int


@dataclass(frozen=True, slots=True)
class Between:
    """Two points: how their clocks stand, and both ways between them."""

    one: int
    """Place of the first point among all."""
    other: int
    clock: PairClock | None
    matched: int
    undecided: int
    """Pairs of which nobody knows which point saw them first."""
    ambiguous: int
    """Packets of which one point saw more than the other: which is which is not known."""
    repeated_one: int
    """How many more the first saw than the second."""
    repeated_other: int
    translated: int
    scale: int
    forth: OneWay | None
    """From one to other; None where nothing went that way."""
    back: OneWay | None
    one_sided: OneSided | None
    """Where there is no clock: what one direction says of it."""
    went_first: I8 = field(repr=False, compare=False)
    """int8[n]: 1 where the one point saw a pair first, -1 the other, 0 undecided."""
    coarse_ns: tuple[int, int] = (0, 0)
    """What each point's time stamps are multiples of, where that is coarser than a microsecond."""


def compare_points(
    one: int,
    other: int,
    paired: Paired,
    clock: PairClock | None,
    ahead: I8,
    elsewhere: tuple[U64, U64] = (NO_KEYS, NO_KEYS),
    sets: tuple[Sequence[Set], Sequence[Set]] = ((), ()),
) -> Between:
    """
    What lies between these two, as far as packets show that both saw?

    Parameters
    ----------
    ahead : as `order_pairs` gives it
    elsewhere : keys of packets that are known to have gone on from the one, or from the other, without passing here
    sets : when the one clock was set, and the other
    """
    late = paired.late_ns.astype(np.float64)
    doubt = None
    coarse = coarseness(paired.one.ts_ns, paired.one.key), coarseness(paired.other.ts_ns, paired.other.key)
    if clock is not None and len(late):
        at = paired.one.ts_ns[paired.row_one]
        low, high = clock.bounds(at)
        told = clock.within(at) & _on_this_side(paired, clock, sets) & _are_timed(paired, sets)
        late = np.where(told, late - (low + high) / 2, np.nan)
        doubt = float((high - low)[told].max()) / 2 + max(coarse) if told.any() else None
    forth, back = ahead > 0, ahead < 0
    return Between(
        one,
        other,
        clock,
        len(late),
        int((ahead == 0).sum()),
        paired.surplus,
        paired.repeated_one,
        paired.repeated_other,
        paired.translated,
        paired.scale,
        _one_way(paired.one, paired.other, paired.row_one, paired.row_other, forth, late[forth], doubt, elsewhere[0]),
        _one_way(paired.other, paired.one, paired.row_other, paired.row_one, back, -late[back], doubt, elsewhere[1]),
        bound_one_way(paired) if clock is None and len(late) else None,
        ahead,
        coarse,
    )


def _on_this_side(paired: Paired, clock: PairClock, sets: tuple[Sequence[Set], Sequence[Set]]) -> Bools:
    """
    Which pairs lie on that side of a clock's step on which the clocks are told?

    A step that these two show not themselves, for packets go one way only behind it, makes no delay.
    """
    told = np.ones(len(paired.row_one), bool)
    if len(clock.pieces) > 1:
        return told
    middle = clock.middle_ts, clock.middle_ts + sum(clock.at(clock.middle_ts)) // 2
    times = paired.one.ts_ns[paired.row_one], paired.other.ts_ns[paired.row_other]
    for ts, when, own in zip(times, middle, sets, strict=True):
        for one in (step for step in own if not step.is_again and not step.is_blur):
            told &= (ts < one.begin) if when <= one.end else (ts > one.end)
    return told


def _are_timed(paired: Paired, sets: tuple[Sequence[Set], Sequence[Set]]) -> Bools:
    """Of which pairs do both points tell when they passed?"""
    one, other = paired.one.ts_ns[paired.row_one], paired.other.ts_ns[paired.row_other]
    timed: Bools = ~is_within(one, sets[0]) & ~is_within(other, sets[1])
    return timed


def order_pairs(
    paired: Paired,
    clock: PairClock | None,
    ahead: I8,
    sets: tuple[Sequence[Set], Sequence[Set]] = ((), ()),
) -> I8:
    """
    Which point saw each pair first: 1 the one, -1 the other, 0 nobody can say?

    Where the clocks' bounds allow but one order that one, else as most of its ends' packets, else by the TTL, which
    only falls on the way.
    """
    if not len(ahead):
        return ahead
    fallen = paired.one.ttl[paired.row_one].astype(np.int64) - paired.other.ttl[paired.row_other]
    ahead = np.where(ahead == 0, np.sign(fallen), ahead).astype(np.int8)
    if clock is None:
        return ahead
    low, high = clock.bounds(paired.one.ts_ns[paired.row_one])
    late = paired.late_ns
    said = (late > high).astype(np.int8) - (late < low).astype(np.int8)
    return np.where((said == 0) | ~_are_timed(paired, sets), ahead, said).astype(np.int8)


def ends_of(kept: Kept) -> U64:
    """uint64[rows]: the two ends and which of them sent, as one number."""
    ends: U64 = (kept.pair & ~np.uint64(1)) | kept.side
    return ends


def _one_way(
    here: Kept,
    there: Kept,
    rows_here: I64,
    rows_there: I64,
    this_way: Bools,
    late_ns: npt.NDArray[np.float64],
    doubt_ns: float | None,
    elsewhere: U64,
) -> OneWay | None:
    left, right = rows_here[this_way], rows_there[this_way]
    if not len(left):
        return None
    ends = ends_of(here)
    groups, of_match = np.unique(ends[left], return_inverse=True)
    count = len(groups)
    first, last, size = (np.full(count, v, np.int64) for v in (np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0))
    np.minimum.at(first, of_match, here.ts_ns[left])
    np.maximum.at(last, of_match, here.ts_ns[left])
    tcp = _is_tcp_data(here, left)
    np.maximum.at(size, of_match[tcp], here.payload_bytes[left[tcp]])
    only_here, group_here = _only(here, there, left, ends[left], of_match)
    only_there, group_there = _only(there, here, right, ends_of(there)[right], of_match)
    greatest = size.copy()
    data_here, data_there = _is_tcp_data(here, only_here), _is_tcp_data(there, only_there)
    np.maximum.at(greatest, group_here[data_here], here.payload_bytes[only_here[data_here]])
    np.maximum.at(greatest, group_there[data_there], there.payload_bytes[only_there[data_there]])
    has_other = np.zeros(count, bool)
    has_other[group_there[data_there]] = True
    is_recut = (has_other & (greatest > size))[group_here] & data_here
    ts = here.ts_ns[only_here]
    inside = (ts > first[group_here]) & (ts < last[group_here])
    late = (ts >= last[group_here]) & ~is_recut
    is_larger = (size[group_here] > 0) & (here.payload_bytes[only_here] > size[group_here])
    is_vain = late & ((ts < here.ts_ns[left].max()) | is_larger) & ~np.isin(here.key[only_here], elsewhere)
    is_vain[is_vain] = sent_in_vain(here, only_here[is_vain])
    after = only_here[late & ~is_vain]
    gone = only_here[(inside & ~is_recut) | is_vain]
    went_on = np.isin(here.key[gone], elsewhere) | _answers_pass_by(here, there, rows_here, gone)
    lost = gone[~went_on]
    arrived = never_sent_again(here, lost) | were_answered(here, there, lost)
    missed, lost = int(arrived.sum()), lost[~arrived]
    shown = here.payload_bytes[only_here].max(initial=0), there.payload_bytes[only_there].max(initial=0)
    matched = int(here.payload_bytes[left].max())
    steps, how_often = np.unique(here.ttl[left].astype(int) - there.ttl[right], return_counts=True)
    return OneWay(
        matched=len(left),
        delays_ms=_percentiles(late_ns) if doubt_ns is not None and np.isfinite(late_ns).any() else None,
        uncertainty_ms=doubt_ns / NS_PER_MS if doubt_ns is not None else None,
        lost=len(lost),
        lost_frames=tuple(int(f) for f in np.sort(here.frame[lost])[:MOST_FRAMES]),
        missed=missed,
        elsewhere=int(went_on.sum()),
        not_after=len(after),
        silent_after=int((~np.isin(here.key[after], elsewhere)).sum()),
        recut=int(is_recut.sum()),
        reordered=reordered_between(here, left, there, right, of_match),
        ttl_step=int(steps[np.argmax(how_often)]),
        remarks=find_remarks(here, there, left, right),
        largest_from=max(matched, int(shown[0])),
        largest_to=max(matched, int(shown[1])),
    )


def _answers_pass_by(here: Kept, there: Kept, matched: I64, gone: I64) -> Bools:
    """
    Did the nearest packet the other way, before or after each of these, come to the first point past the second?

    Only where such packets do pass the second at other times: then it did not stand on the way, or missed packets.
    """
    known = np.zeros(len(here.key), bool)
    known[matched] = True
    ends = ends_of(here)
    passed_by = np.zeros(len(gone), bool)
    back = ends[gone] ^ np.uint64(1)
    recut = _is_tcp_data(here, np.arange(len(here.key)))
    for group in np.unique(back).tolist():
        rows = np.flatnonzero((ends == np.uint64(group)) & (here.is_copy == 0))
        usable = rows[known[rows] | (~np.isin(here.key[rows], there.key) & ~recut[rows])]
        if not known[usable].any():
            continue
        usable = usable[np.argsort(here.ts_ns[usable], kind="stable")]
        of_group = np.flatnonzero(back == np.uint64(group))
        after = np.searchsorted(here.ts_ns[usable], here.ts_ns[gone[of_group]])
        missed = np.concatenate(([False], ~known[usable], [False]))
        passed_by[of_group] = missed[after] | missed[after + 1]
    return passed_by


def _is_tcp_data(kept: Kept, rows: I64) -> Bools:
    """Which of these rows are segments with payload? Only TCP is cut or joined, and has another loose key."""
    data: Bools = (kept.loose[rows] != kept.key[rows]) & (kept.payload_bytes[rows] > 0)
    return data


def _only(here: Kept, there: Kept, matched: I64, ends: U64, of_match: I64) -> tuple[I64, I64]:
    """
    Rows of these ends that the other point has nothing like, and each one's group.

    Parameters
    ----------
    ends, of_match : uint64[n], int64[n]
        The ends of the matched rows here, and their groups.
    """
    groups, first = np.unique(ends, return_index=True)
    own = ends_of(here)
    place = np.minimum(np.searchsorted(groups, own), len(groups) - 1)
    rest = (groups[place] == own) & (here.is_copy == 0)
    rest[matched] = False
    rows = np.flatnonzero(rest)
    rows = rows[~np.isin(here.key[rows], there.key) | np.isin(rows, _resent_and_lost(here, there, rows))]
    return rows, of_match[first][place[rows]]


def _resent_and_lost(here: Kept, there: Kept, rows: I64) -> I64:
    """
    Of data that was sent several times under one name and came less often: as many of the first as did not come.

    Names are alike where a sender counts no packets (IPv6) or somebody renumbered them. What comes twice sooner than
    anybody resends may be one packet that is shown twice.
    """
    rows = rows[_is_tcp_data(here, rows)]
    rows = rows[np.lexsort((here.ts_ns[rows], here.key[rows]))]
    keys, begin, sent = np.unique(here.key[rows], return_index=True, return_counts=True)
    came = np.isin(there.key, keys) & (there.is_copy == 0)
    keys_came, how_often = np.unique(there.key[came], return_counts=True)
    arrived = np.zeros(len(keys), np.int64)
    arrived[np.isin(keys, keys_came)] = how_often
    more = np.where(arrived > 0, np.maximum(sent - arrived, 0), 0)
    nth = np.arange(len(rows)) - np.repeat(begin, sent)
    again = np.zeros(len(rows), bool)
    again[:-1] = (here.key[rows][1:] == here.key[rows][:-1]) & (np.diff(here.ts_ns[rows]) > SOONEST_AGAIN_NS)
    lost: I64 = rows[(nth < np.repeat(more, sent)) & again]
    return lost


def _percentiles(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Nearest rank, ms."""
    found = np.percentile(values[np.isfinite(values)], PERCENTILES, method="inverted_cdf") / NS_PER_MS
    return tuple(float(v) for v in found)


def overtaken(sent: I64, came: I64, group: I64) -> int:
    """
    How many came after one of their group that was sent later: the packets that are late, not those that pass them?

    Parameters
    ----------
    sent, came : int64[n], times or places, as `passing_orders` has them
    group : int[n]

    Notes
    -----
    RFC 4737 section 3: a packet is reordered whose number is smaller than that of one before it.
    """
    order = np.lexsort((sent, came, group))
    _, place = np.unique(sent, return_inverse=True)
    place = place[order] + group[order] * (len(place) + 1)
    latest = np.maximum.accumulate(place)
    return int((place[1:] < latest[:-1]).sum())


def reordered_between(here: Kept, left: I64, there: Kept, right: I64, group: I64) -> int:
    """
    How many of these packets, rows `left` of the one point and `right` of the other, were overtaken between the two?

    Notes
    -----
    A clock that was set back by little puts times out of order, and not the capture; a card's receive queues put the
    capture out of order, and not times. Packets that were overtaken on the way are so by both: the fewest count.
    """
    return min(
        overtaken(sent[left], came[right], group) for sent in passing_orders(here) for came in passing_orders(there)
    )


def passing_orders(kept: Kept) -> tuple[I64, ...]:
    """
    Which numbers may rise as these packets passed? int64[n] each: their times, and their places in the file where
    those are not in its order; only the places where its clock was set back.
    """
    places = np.arange(len(kept.ts_ns))
    if len(set_backs(kept.ts_ns)):
        return (places,)
    return (kept.ts_ns, places) if (np.diff(kept.ts_ns) < 0).any() else (kept.ts_ns,)
