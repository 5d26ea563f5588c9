"""Streams whose addresses are translated between two points: known by the packets themselves, and given one name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.migration.stream.one_key import ends_of
from vmpcap.migration.stream.transfers import Link, Named, Transfer
from vmpcap.migration.views import PointView
from vmpcap.points.kernels.keys import Kept, ends_key
from vmpcap.points.pairing import LEAST_TRANSLATED, only
from vmpcap.points.renamed import numbers_of
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = list[tuple[PointView, list[Transfer]]]
Answer = Literal["same", "other", "open"]

LEAST_NUMBERED: Final = 0.9
"""Of the packets alike, this share must have the same IP identification where a translator left that alone."""
LEAST_SHARE: Final = 0.75
"""Where it did not: of the packets of one direction, so many must be alike, of the point that shows fewer."""
MOST_SPREAD: Final = 0.05
MOST_SPREAD_NS: Final = 50 * NS_PER_MS
"""And eight tenths of them must have been on the way equally long, but for this and this share of the whole time."""
MOST_THROUGH_NS: Final = NS_PER_S
"""No translator keeps a packet longer than this."""
MOST_SWAPPED_NS: Final = NS_PER_MS
"""By so much a capture of two ports may show two packets in the wrong order."""
MOST_ASKED: Final = 256
"""So many pairs of streams are held against each other."""
MOST_UNKNOWN: Final = 4096
"""And so many are looked at of which the initial numbers are not in view."""
BY_WEIGHT: Final[tuple[Answer, ...]] = ("same", "open")


@dataclass(frozen=True, slots=True)
class NamedStreams:
    """Transfers of which those that are one stream have one name."""

    found: Found
    doubts: tuple[str, ...]
    """Streams that may be one, one sentence each: they are told apart."""


@dataclass(slots=True)
class _Group:
    """Transfers of one name, whichever points show them."""

    members: list[tuple[int, int]]
    """Place of the point, and of the transfer among its own."""
    links: dict[tuple[object, ...], list[tuple[int, Link]]]
    """By key: at which points, and how."""
    same_as: set[int] = field(default_factory=set)
    open_to: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Rows:
    """One connection's packets at one point."""

    kept: Kept
    is_data: Bools
    numbers: npt.NDArray[np.uint64]


def name_streams(found: Found) -> NamedStreams:
    """
    Which streams under different addresses are one, and what shall its connections be called at every point?

    Notes
    -----
    Translation leaves TCP's numbers as they are. Equal initial numbers may be chance, and a proxy's are others; so the
    packets decide: enough of them alike in numbers, length and flags, and either the same IP identifications, which
    two senders do not share, or nearly all of them alike and equally long on the way. A stream that would fit several
    is left apart, and that is said.
    """
    groups = _grouped(found)
    if len(groups) < 2 or len(found) < 2 or all(view.packets is None for view, _ in found):
        return NamedStreams(found, ())
    rows = _RowsOf(found)
    names: dict[tuple[int, int], dict[tuple[object, ...], Named]] = {}
    for a, b in _to_be_asked(groups):
        answer = _are_one(groups[a], groups[b], rows)
        if answer == "same":
            groups[a].same_as.add(b)
            groups[b].same_as.add(a)
        elif answer == "open":
            groups[a].open_to.add(b)
            groups[b].open_to.add(a)
    doubts: list[str] = []
    for one in _together(groups):
        if len(one) < 2:
            continue
        if any(len(groups[n].same_as) < len(one) - 1 for n in one):
            doubts.append(_say_several([groups[n] for n in one], found))
            continue
        first = max(one, key=lambda n: (len({v for v, _ in groups[n].members}), -min(groups[n].members)[0], -n))
        for n in one:
            if n != first:
                called = dict(_names(groups[n], groups[first], rows))
                names.update(dict.fromkeys(groups[n].members, called))
    doubts += [
        _say_open(group, groups[b], found) for a, group in enumerate(groups) for b in sorted(group.open_to) if a < b
    ]
    return NamedStreams(_renamed(found, names), tuple(doubts))


def _grouped(found: Found) -> list[_Group]:
    """Transfers that share a connection's key at two points are one group."""
    groups: list[_Group] = []
    for place, (_, transfers) in enumerate(found):
        for number, transfer in enumerate(transfers):
            keys = {link.key for link in transfer.links}
            home = next((g for g in groups if keys & g.links.keys() and place not in {v for v, _ in g.members}), None)
            if home is None:
                home = _Group([], {})
                groups.append(home)
            home.members.append((place, number))
            for link in transfer.links:
                home.links.setdefault(link.key, []).append((place, link))
    return groups


def _to_be_asked(groups: Sequence[_Group]) -> Iterator[tuple[int, int]]:
    """Which two groups may be one, as far as the initial numbers say?"""
    alike: dict[tuple[int, int], set[int]] = {}
    late: list[int] = []
    for n, group in enumerate(groups):
        openings = {(link.data.isn, link.back.isn) for _, link in _every(group)}
        late += [n] if any(None in both for both in openings) else []
        for own, its in openings:
            if own is not None and its is not None:
                alike.setdefault((own, its), set()).add(n)
    pairs = dict.fromkeys(pair for same in alike.values() for pair in combinations(sorted(same), 2))
    unknown = ((min(n, m), max(n, m)) for n in late for m in range(len(groups)) if m != n)
    pairs.update(dict.fromkeys(islice(unknown, MOST_UNKNOWN)))
    may_be = ((a, b) for a, b in pairs if _may_be(groups[a], groups[b]))
    yield from islice(may_be, MOST_ASKED)


def _may_be(one: _Group, other: _Group) -> bool:
    if one.links.keys() & other.links.keys():
        return False  # one name twice: ports that were used again
    return any(_begin_alike(a, b) is not False for _, a in _every(one) for _, b in _every(other))


def _every(group: _Group) -> Iterator[tuple[int, Link]]:
    for seen in group.links.values():
        yield from seen


def _begin_alike(one: Link, other: Link) -> bool | None:
    """Have both connections the same initial numbers? None where those of a side are not in view at both."""
    sides = ((one.data.isn, other.data.isn), (one.back.isn, other.back.isn))
    if any(a is not None and b is not None and a != b for a, b in sides):
        return False
    return True if all(a is not None and b is not None for a, b in sides) else None


class _RowsOf:
    """The packets of connections at their points, each looked up once."""

    def __init__(self, found: Found) -> None:
        self.views = [view for view, _ in found]
        self._known: dict[tuple[int, tuple[object, ...]], _Rows | None] = {}

    def of(self, place: int, link: Link) -> _Rows | None:
        """The packets kept of this connection; None where none are."""
        asked = place, link.key
        if asked not in self._known:
            self._known[asked] = self._looked_up(place, link)
        return self._known[asked]

    def _looked_up(self, place: int, link: Link) -> _Rows | None:
        log = self.views[place].packets
        if log is None:
            return None
        kept, ends = log.rows(), ends_of(link.own)
        of_pair = np.flatnonzero(kept.pair == np.uint64(ends_key(ends.source, ends.destination)))
        ports = kept.ports[of_pair]
        forth = ports == np.uint32(ends.source_port << 16 | ends.destination_port)
        back = ports == np.uint32(ends.destination_port << 16 | ends.source_port)
        wanted = (forth | back) & (kept.is_copy[of_pair] == 0)
        if not wanted.any():
            return None
        mine = only(kept, of_pair[wanted])
        return _Rows(mine, forth[wanted], numbers_of(mine, forth[wanted], ends))


def _are_one(one: _Group, other: _Group, rows: _RowsOf) -> Answer:
    """By the pair of connections, and of points, that says most; unless a point that shows both tells them apart."""
    pairs = [(x, y) for x in _every(one) for y in _every(other)]
    if any(_told_apart(x, y, rows) for x, y in pairs if x[0] == y[0]):
        return "other"
    answers = {_same_link(x, y, rows) for x, y in pairs}
    return next((answer for answer in BY_WEIGHT if answer in answers), "other")


def _same_link(one: tuple[int, Link], other: tuple[int, Link], rows: _RowsOf) -> Answer:
    begin_alike = _begin_alike(one[1], other[1])
    if begin_alike is False:
        return "other"
    here, there = rows.of(*one), rows.of(*other)
    if here is None or there is None:
        return "open" if begin_alike else "other"
    return _compared(here, there, begin_alike is True)


def _told_apart(one: tuple[int, Link], other: tuple[int, Link], rows: _RowsOf) -> bool:
    """
    Does one point that shows both say that no translator stands between them?

    Who sees both sides of a translator sees a packet under one name and soon after under the other, and those of the
    other direction the other way round. Of two streams one is later in both directions, by as much as it began later.
    """
    here, there = rows.of(*one), rows.of(*other)
    if here is None or there is None:
        return False
    left, right = _alike(here, there)
    late = there.kept.ts_ns[right] - here.kept.ts_ns[left]
    is_data = here.is_data[left]
    forth, back = (float(np.median(late[way])) if way.any() else None for way in (is_data, ~is_data))
    if any(abs(by) > MOST_THROUGH_NS for by in (forth, back) if by is not None):
        return True
    if forth is None or back is None or min(abs(forth), abs(back)) <= MOST_SWAPPED_NS:
        return False
    return (forth > 0) == (back > 0)


def _alike(here: _Rows, there: _Rows) -> tuple[I64, I64]:
    """Rows of the packets alike in numbers and direction that each shows once."""
    once_here, once_there = _once(here.kept), _once(there.kept)
    _, i, j = np.intersect1d(
        here.kept.loose[once_here], there.kept.loose[once_there], assume_unique=True, return_indices=True
    )
    left, right = once_here[i], once_there[j]
    same_way = here.is_data[left] == there.is_data[right]
    return left[same_way], right[same_way]


def _compared(here: _Rows, there: _Rows, begin_alike: bool) -> Answer:
    """Are these the packets of one connection? Only such as each point shows once are held against each other."""
    left, right = _alike(here, there)
    if len(left) < LEAST_TRANSLATED:
        return "open" if begin_alike else "other"
    numbers = here.numbers[left]
    agree = numbers == there.numbers[right]
    if agree.mean() >= LEAST_NUMBERED and len(np.unique(numbers[agree])) >= LEAST_TRANSLATED:
        return "same"
    shares = [_share(here, there, left, is_data) for is_data in (True, False)]
    late = (there.kept.ts_ns[right] - here.kept.ts_ns[left]).astype(np.float64)
    span = int(np.ptp(here.kept.ts_ns[left]))
    spread = float(np.subtract(*np.percentile(late, (90, 10))))
    if max(shares) >= LEAST_SHARE and spread <= MOST_SPREAD_NS + MOST_SPREAD * span:
        return "same"
    return "open"


def _once(kept: Kept) -> I64:
    """Rows of the packets whose numbers this point shows once."""
    _, first, count = np.unique(kept.loose, return_index=True, return_counts=True)
    rows: I64 = first[count == 1]
    return rows


def _share(here: _Rows, there: _Rows, left: I64, is_data: bool) -> float:
    """Which share of this direction's packets is alike, of the point that shows fewer?"""
    alike = int((here.is_data[left] == is_data).sum())
    fewer = min(int((rows.is_data == is_data).sum()) for rows in (here, there))
    return alike / fewer if alike >= LEAST_TRANSLATED else 0.0


def _together(groups: Sequence[_Group]) -> Iterator[list[int]]:
    """Groups that hang together."""
    left = set(range(len(groups)))
    while left:
        todo, one = [min(left)], set[int]()
        while todo:
            n = todo.pop()
            if n not in one:
                one.add(n)
                todo += groups[n].same_as
        left -= one
        yield sorted(one)


def _names(group: _Group, first: _Group, rows: _RowsOf) -> Iterator[tuple[tuple[object, ...], Named]]:
    """Under which name does the first group know each connection of this one?"""
    for key, seen in group.links.items():
        for known in first.links.values():
            pairs = [(x, y) for x in seen for y in known]
            if any(_begin_alike(x[1], y[1]) for x, y in pairs) or any(
                _same_link(x, y, rows) == "same" for x, y in pairs
            ):
                yield key, known[0][1].own
                break


def _renamed(found: Found, names: dict[tuple[int, int], dict[tuple[object, ...], Named]]) -> Found:
    """
    The same with one name for each connection; a point that shows a stream under two names shows it once.

    The other of the two is kept with it as its other names.
    """
    result: Found = []
    for place, (view, transfers) in enumerate(found):
        own: list[Transfer] = []
        also: list[Transfer] = []
        for number, transfer in enumerate(transfers):
            called = names.get((place, number))
            if called is None:
                own.append(transfer)
                continue
            links = tuple(replace(link, known_as=called.get(link.key)) for link in transfer.links)
            named = replace(transfer, links=links)
            keys = {link.key for link in links}
            is_here = any(keys & {link.key for link in other.links} for other in transfers)
            (also if is_here else own).append(named)
        result.append((view, [_with(transfer, also) for transfer in own]))
    return result


def _with(transfer: Transfer, also: Sequence[Transfer]) -> Transfer:
    keys = {link.key for link in transfer.links}
    more = [link for other in also for link in other.links if link.key in keys]
    return replace(transfer, also=tuple(more)) if more else transfer


def _say_several(groups: Sequence[_Group], found: Found) -> str:
    told = "; ".join(_told(group, found) for group in groups)
    return f"one stream would fit several others behind a translator, so that none is taken for another: {told}"


def _say_open(one: _Group, other: _Group, found: Found) -> str:
    return (
        f"{_told(one, found)} and {_told(other, found)} may be one stream whose addresses are translated: not enough of"
        " their packets are alike, so they are told apart"
    )


def _told(group: _Group, found: Found) -> str:
    _, link = next(_every(group))
    views = sorted({found[p][0].name for p, _ in group.members})
    more = count_of(len(group.links) - 1, "more connection")
    return f"{link.source} to {link.destination} at {', '.join(views)}" + (f" ({more})" if len(group.links) > 1 else "")
