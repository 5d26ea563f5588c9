"""What happened to packets on their way from one point to another."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import Kept
from vmpcap.points.one_sided import OneSided, bound_one_way
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
I8 = npt.NDArray[np.int8]

MOST_FRAMES: Final = 100
DSCP: Final = 0xFC
ECN: Final = 0x03
PERCENTILES: Final = (0, 50, 95, 99)


@dataclass(frozen=True, slots=True)
class OneWay:
    """From one point to another. Counts are of packets kept: each stands for `scale` of them."""

    matched: int
    delays_ms: tuple[float, ...] | None
    """At PERCENTILES, by the middle of the possible offsets; None where the clocks cannot be compared."""
    uncertainty_ms: float | None
    """By how much all of these may be wrong alike, either way: half of what the clocks may stand otherwise."""
    lost: int
    """Seen at the first, never at the second, though packets of the same ends before and after it came."""
    lost_frames: tuple[int, ...]
    not_after: int
    """Seen at the first after the last that came: lost, gone another way, or the second had stopped."""
    recut: int
    """Seen at the first only, where both have segments of sizes the other has not: cut or joined on the way."""
    reordered: int
    """Overtaken on the way by a later packet of the same ends."""
    ttl_step: int | None
    """What most of them lost in TTL: the routers between."""
    dscp_changed: int
    ecn_changed: int
    vlan_changed: int
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


def compare_points(one: int, other: int, paired: Paired, clock: PairClock | None, ahead: I8) -> Between:
    """What lies between these two, as far as packets show that both saw?"""
    ahead = _ordered(paired, clock, ahead)
    late = paired.late_ns.astype(np.float64)
    doubt = None
    if clock is not None and len(late):
        low, high = clock.bounds(paired.one.ts_ns[paired.row_one])
        late, doubt = late - (low + high) / 2, float((high - low).max()) / 2
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
        _one_way(paired.one, paired.other, paired.row_one[forth], paired.row_other[forth], late[forth], doubt),
        _one_way(paired.other, paired.one, paired.row_other[back], paired.row_one[back], -late[back], doubt),
        bound_one_way(paired) if clock is None and len(late) else None,
        ahead,
    )


def _ordered(paired: Paired, clock: PairClock | None, ahead: I8) -> I8:
    """Who saw it first: where the clocks' bounds allow but one order that one, else as most of its ends' packets."""
    if clock is None or not len(ahead):
        return ahead
    low, high = clock.bounds(paired.one.ts_ns[paired.row_one])
    late = paired.late_ns
    said = (late > high).astype(np.int8) - (late < low).astype(np.int8)
    return np.where(said == 0, ahead, said).astype(np.int8)


def _ends(kept: Kept) -> U64:
    """uint64[rows]: the two ends and which of them sent, as one number."""
    ends: U64 = (kept.pair & ~np.uint64(1)) | kept.side
    return ends


def _one_way(
    here: Kept, there: Kept, left: I64, right: I64, late_ns: npt.NDArray[np.float64], doubt_ns: float | None
) -> OneWay | None:
    if not len(left):
        return None
    ends = _ends(here)
    groups, of_match = np.unique(ends[left], return_inverse=True)
    count = len(groups)
    first, last, size = (np.full(count, v, np.int64) for v in (np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0))
    np.minimum.at(first, of_match, here.ts_ns[left])
    np.maximum.at(last, of_match, here.ts_ns[left])
    np.maximum.at(size, of_match, here.payload_bytes[left])
    only_here, group_here = _only(here, there, left, groups, ends)
    only_there, group_there = _only(there, here, right, groups, _ends(there))
    greatest = size.copy()
    np.maximum.at(greatest, group_here, here.payload_bytes[only_here])
    np.maximum.at(greatest, group_there, there.payload_bytes[only_there])
    has_other = np.zeros(count, bool)
    has_other[group_there[there.payload_bytes[only_there] > 0]] = True
    is_recut = (has_other & (greatest > size))[group_here] & (here.payload_bytes[only_here] > 0)
    ts = here.ts_ns[only_here]
    inside = (ts > first[group_here]) & (ts < last[group_here])
    lost = only_here[inside & ~is_recut]
    shown = here.payload_bytes[only_here].max(initial=0), there.payload_bytes[only_there].max(initial=0)
    matched = int(size.max())
    steps, how_often = np.unique(here.ttl[left].astype(int) - there.ttl[right], return_counts=True)
    tos = here.tos[left] ^ there.tos[right]
    return OneWay(
        matched=len(left),
        delays_ms=_percentiles(late_ns) if doubt_ns is not None else None,
        uncertainty_ms=doubt_ns / NS_PER_MS if doubt_ns is not None else None,
        lost=len(lost),
        lost_frames=tuple(int(f) for f in np.sort(here.frame[lost])[:MOST_FRAMES]),
        not_after=int(((ts >= last[group_here]) & ~is_recut).sum()),
        recut=int(is_recut.sum()),
        reordered=overtaken(here.ts_ns[left], there.ts_ns[right], of_match),
        ttl_step=int(steps[np.argmax(how_often)]),
        dscp_changed=int((tos & DSCP != 0).sum()),
        ecn_changed=int((tos & ECN != 0).sum()),
        vlan_changed=int((here.vlan_id[left] != there.vlan_id[right]).sum()),
        largest_from=max(matched, int(shown[0])),
        largest_to=max(matched, int(shown[1])),
    )


def _only(here: Kept, there: Kept, matched: I64, groups: U64, ends: U64) -> tuple[I64, I64]:
    """Rows of these groups that the other point has nothing like, and each one's group."""
    place = np.minimum(np.searchsorted(groups, ends), len(groups) - 1)
    rest = groups[place] == ends
    rest[matched] = False
    rows = np.flatnonzero(rest)
    rows = rows[~np.isin(here.key[rows], there.key)]
    return rows, place[rows]


def _percentiles(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Nearest rank, ms."""
    found = np.percentile(values, PERCENTILES, method="inverted_cdf") / NS_PER_MS
    return tuple(float(v) for v in found)


def overtaken(sent: I64, came: I64, group: I64) -> int:
    """How many came after one of their group that was seen later at the first point?"""
    order = np.lexsort((came, sent, group))
    _, place = np.unique(came, return_inverse=True)
    place = place[order] + group[order] * (len(place) + 1)
    latest = np.maximum.accumulate(place)
    return int((place[1:] < latest[:-1]).sum())
