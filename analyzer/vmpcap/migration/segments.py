"""On which part of the stream's way packets were lost, doubled, overtaken or held up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.broken_streams import stuck_segment
from vmpcap.migration.moves import Move, Sighting
from vmpcap.migration.one_key import ends_of, keyed_alike, under_one_name
from vmpcap.migration.segment_results import Direction, Segment
from vmpcap.migration.stream import uncaptured
from vmpcap.migration.too_large import count_too_large
from vmpcap.migration.transfers import Link
from vmpcap.points.between import reordered_between
from vmpcap.points.blurs import bound_unblurred
from vmpcap.points.kernels.keys import Kept, ends_key
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired, only, pair_kept
from vmpcap.points.passage import Passage, Way, add_up, follow_way
from vmpcap.points.remarks import find_remarks
from vmpcap.points.roles import rank
from vmpcap.terms.members import is_among
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ALONG: Final = ("source", None, "wan", "destination")
"""Roles in the order in which the stream's data meets them."""

SLACK_NS: Final = NS_PER_S
"""What a packet may take where none came that would tell: what left so shortly before the end is not compared."""

TOWARDS: Final[dict[Direction, str]] = {"to_destination": "towards the destination", "to_source": "towards the source"}


@dataclass(frozen=True, slots=True)
class Station:
    """A point on the stream's way, with the stream's packets that it kept."""

    sighting: Sighting
    kept: Kept
    is_data: npt.NDArray[np.bool_]
    """bool[rows]: sent by the stream's source."""
    link_of: I64
    """int64[rows]: number of the connection."""
    mask: int
    left_out: int

    @property
    def name(self) -> str:
        return self.sighting.view.name


@dataclass(frozen=True, slots=True)
class Stretch:
    """Two stations and which packets both saw."""

    one: Station
    other: Station
    paired: Paired
    clock: PairClock | None
    order: int
    """1 where the one stands nearer to the source, -1 where the other does, 0 where nothing tells."""


def describe_segments(move: Move) -> list[Segment]:
    """What happened to the stream's packets between each two neighbours on its way, in either direction?"""
    links = _links(move)
    stations = [station for s in move.sightings if (station := _station(s, links)) is not None]
    if len(stations) < 2:
        return []
    mask = max(station.mask for station in stations)
    stations = by_one_key([_thinned(station, mask) for station in stations])
    stretches = {
        (a, b): _stretch(stations[a], stations[b], mask)
        for a in range(len(stations))
        for b in range(a + 1, len(stations))
    }
    ordered = along(len(stations), {pair: stretch.order for pair, stretch in stretches.items()})
    found: list[Segment] = []
    shared = {pair: len(stretch.paired.row_one) for pair, stretch in stretches.items()}
    for place, beyond in neighbours(ordered, shared):
        near, far = ordered[place], ordered[beyond]
        stretch = stretches[min(near, far), max(near, far)]
        if not stretch.order:
            continue
        behind = [stations[n] for n in ordered[place + 1 :] if n != far]
        before = [stations[n] for n in ordered[:beyond] if n != near]
        found.append(_segment(stretch, stations[near], stations[far], behind, "to_destination"))
        found.append(_segment(stretch, stations[far], stations[near], before, "to_source"))
    return found


def say_where(segments: Sequence[Segment]) -> str:
    """On which part of its way was data of the stream lost, and on which not? Empty where nothing tells."""
    told = [s for s in segments if s.direction == "to_destination" and s.lost is not None]
    words = [f"{s.lost:,} of {s.lost_of:,} packets lost {_place(s)}" for s in told if s.lost]
    sound = [_place(s) for s in told if not s.lost]
    if sound:
        words.append(f"none lost {', none '.join(sound)}")
    return "; ".join(words)


def _place(segment: Segment) -> str:
    """Between whom; and how many packets are not among those compared, as the second recorded nothing then."""
    more = f" (or {segment.outside:,}, while {segment.to_point} showed nothing)" if segment.outside else ""
    return f"between {segment.from_point} and {segment.to_point}{more}"


def _links(move: Move) -> list[Link]:
    """Each connection of the stream once, whichever point shows it."""
    return list({link.key: link for s in move.sightings for link in s.transfer.links}.values())


def _station(sighting: Sighting, links: Sequence[Link]) -> Station | None:
    log = sighting.view.packets
    if log is None:
        return None
    kept = log.rows()
    link_of = np.full(len(kept.key), -1)
    is_data = np.zeros(len(kept.key), bool)
    here = {link.key: link for link in sighting.transfer.links}
    own = [here.get(link.key, link) for link in links]
    for number, link in enumerate(own):
        ends = ends_of(link.own)
        sent, its = ends.source_port, ends.destination_port
        same = kept.pair == np.uint64(ends_key(ends.source, ends.destination))
        forth, back = same & (kept.ports == (sent << 16 | its)), same & (kept.ports == (its << 16 | sent))
        link_of[forth | back] = number
        is_data |= forth
    rows = np.flatnonzero((link_of >= 0) & (kept.is_copy == 0))
    if not len(rows):
        return None
    station = Station(sighting, only(kept, rows), is_data[rows], link_of[rows], log.mask, log.left_out)
    return replace(station, kept=under_one_name(station.kept, station.is_data, station.link_of, own))


def by_one_key(stations: Sequence[Station]) -> list[Station]:
    """The same with keys that find a packet at every station, also behind somebody who numbers packets anew."""
    translated = [any(k.known_as for k in s.sighting.transfer.links) for s in stations]
    if not any(translated):
        return list(stations)
    keys = keyed_alike([(s.kept, s.link_of) for s in stations], translated)
    return [replace(s, kept=s.kept._replace(key=key)) for s, key in zip(stations, keys, strict=True)]


def _thinned(station: Station, mask: int) -> Station:
    if station.mask == mask:
        return station
    rows = np.flatnonzero(station.kept.loose & np.uint64(mask) == 0)
    kept, is_data, link_of = only(station.kept, rows), station.is_data[rows], station.link_of[rows]
    return Station(station.sighting, kept, is_data, link_of, mask, station.left_out)


def _stretch(one: Station, other: Station, mask: int) -> Stretch:
    paired = pair_kept(one.kept, other.kept, mask)
    sets = one.sighting.view.line.sets, other.sighting.view.line.sets
    clock, ahead = bound_unblurred(paired, *sets)
    said = int((ahead.astype(np.int64) * np.where(one.is_data[paired.row_one], 1, -1)).sum())
    return Stretch(one, other, paired, clock, int(np.sign(said)) or _order_by_facts(one, other))


def _order_by_facts(one: Station, other: Station) -> int:
    """Which stands nearer to the source where the packets' times do not tell: by TTL, else by role; 1, -1 or 0."""
    for is_data, sign in ((True, 1), (False, -1)):
        ttls = [int(np.median(s.kept.ttl[s.is_data == is_data])) for s in (one, other) if (s.is_data == is_data).any()]
        if len(ttls) == 2 and ttls[0] != ttls[1]:
            return sign if ttls[0] > ttls[1] else -sign
    places = [rank(s.sighting.view.role, ALONG) for s in (one, other)]
    return int(np.sign(places[1] - places[0]))


def along(count: int, orders: Mapping[tuple[int, int], int]) -> list[int]:
    """The stations from the nearest to the farthest: before how many others (order 1) does each of them stand?"""
    score = [0] * count
    for (a, b), order in orders.items():
        score[a] += order
        score[b] -= order
    return sorted(range(count), key=lambda n: -score[n])


def neighbours(ordered: Sequence[int], shared: Mapping[tuple[int, int], int]) -> Iterator[tuple[int, int]]:
    """
    Between which places of this order does no other station stand, and packets may have gone from one to the other?

    Parameters
    ----------
    shared : how many packets each two stations have in common

    Notes
    -----
    Two that share no packet, though both share some with a third, stand on parallel ways: neither leads to the other.
    """
    count = len(ordered)

    def share(a: int, b: int) -> int:
        return shared[min(ordered[a], ordered[b]), max(ordered[a], ordered[b])]

    def are_parallel(a: int, b: int) -> bool:
        return not share(a, b) and any(share(a, c) and share(b, c) for c in range(count) if c not in (a, b))

    for a in range(count):
        for b in range(a + 1, count):
            between = (c for c in range(a + 1, b) if not are_parallel(a, c) and not are_parallel(c, b))
            if not are_parallel(a, b) and next(between, None) is None:
                yield a, b


def _segment(stretch: Stretch, here: Station, there: Station, further: Sequence[Station], way: Direction) -> Segment:
    is_turned = here is stretch.other
    paired = stretch.paired
    left, right = (paired.row_other, paired.row_one) if is_turned else (paired.row_one, paired.row_other)
    sent = here.is_data == (way == "to_destination")
    rows = sent[left]
    left, right = left[rows], right[rows]
    late = there.kept.ts_ns[right] - here.kept.ts_ns[left]
    delays, doubt = delays_of(stretch.clock, paired.one.ts_ns[paired.row_one[rows]], late, is_turned)
    scale = paired.scale
    shared = {
        "from_point": here.name,
        "to_point": there.name,
        "direction": way,
        "reordered": scale * reordered_between(here.kept, left, there.kept, right, here.link_of[left]),
        "delay_min_ms": None if delays is None else delays[0],
        "delay_p95_ms": None if delays is None else delays[1],
        "uncertainty_ms": doubt,
        "queueing_ms": None if delays is None else delays[1] - delays[0],
        "matched": scale * len(left),
        "one_in": scale,
    }
    remarks = "".join(f"; {words}" for words in find_remarks(here.kept, there.kept, left, right).words(scale))
    window = _window(stretch, there, here.kept.ts_ns[left], late, is_turned)
    if window is None:
        because = (
            f"no packet of this direction was seen at both {here.name} and {there.name}, and their clocks are not known"
        )
        nothing = {"lost": None, "lost_of": 0, "duplicated": None, "missed": None, "outside": 0, "unseen": 0}
        return Segment(**shared, **nothing, recut=False, because=because)  # type: ignore[arg-type]
    passage = add_up(list(_passages(here, there, further, way, window, scale > 1)))
    if way == "to_destination" and scale == 1:
        ours, theirs = (only(s.kept, s.is_data) for s in (here, there))
        passage = count_too_large(passage, ours, theirs, stuck_segment(here.sighting.transfer.links), window)
    is_full = not here.left_out and not there.left_out
    lost = None if passage.lost is None or not is_full else scale * passage.lost
    because = _sentence(here, there, way, lost, passage, scale)
    if lost and way == "to_source" and (holes := sum(uncaptured(link.data) for link in there.sighting.transfer.links)):
        # data that was acknowledged and is not there is told from lost data; ACKs that are not there cannot be
        because = (
            f"how many were lost between {here.name} and {there.name} towards the source is not known: the capture at"
            f" {there.name} missed {holes:,} bytes of the stream, and may have missed {lost:,} of these"
        )
        lost = None
    return Segment(
        **shared,  # type: ignore[arg-type]
        lost=lost,
        lost_of=scale * passage.sent,
        duplicated=None if passage.duplicated is None else scale * passage.duplicated,
        missed=None if passage.missed is None else scale * passage.missed,
        outside=scale * passage.outside,
        unseen=scale * passage.unseen,
        recut=passage.recut,
        because=because + remarks,
        frames=list(passage.lost_frames) if lost is not None else [],
    )


def delays_of(
    clock: PairClock | None, at: I64, late: I64, is_turned: bool
) -> tuple[tuple[float, float] | None, float | None]:
    """Least delay and its 95th percentile in ms by the middle of the possible clocks, and how far both may be off."""
    if clock is None or not len(late):
        return None, None
    told = clock.within(at)
    at, late = at[told], late[told]
    if not len(late):
        return None, None
    low, high = clock.bounds(at)
    middle = (low + high) / 2
    values = late + middle if is_turned else late - middle
    least, most = np.percentile(values, (0, 95), method="inverted_cdf") / NS_PER_MS
    doubt = float((high - low).max()) / 2 / NS_PER_MS
    return ((float(least), float(most)), doubt) if least + doubt >= 0 else (None, None)  # nothing comes before it left


def _seen_between(first: int, last: int, at: I64, late: I64, has_steps: bool) -> tuple[int, int]:
    """
    From when to when, on the clock of those that left, could a packet be seen at a point that recorded in this time?

    Where a clock stepped, lateness of another piece says nothing: only what left between two that came is sure.

    Parameters
    ----------
    at, late : int64[n], of packets that came: when they left, and by how much later the other clock showed them
    """
    if has_steps:
        return int(at.min()), int(at.max())
    return first - int(late.min()), last - int(late.max())


def _window(stretch: Stretch, there: Station, at: I64, late: I64, is_turned: bool) -> tuple[int, int] | None:
    """Between which times of the first point's clock could a packet that left be seen at the second? None: unknown."""
    first, last = there.sighting.view.first_ts, there.sighting.view.last_ts
    if len(late):
        return _seen_between(first, last, at, late, stretch.clock is not None and len(stretch.clock.pieces) > 1)
    if stretch.clock is None:
        return None
    spans = [piece.ends for piece in stretch.clock.pieces]
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    low, high = (-high, -low) if is_turned else (low, high)
    return int(first - low), int(last - high - SLACK_NS)


def _passages(
    here: Station, there: Station, further: Sequence[Station], way: Direction, window: tuple[int, int], sampled: bool
) -> Iterator[Passage]:
    """Each connection for itself."""
    is_data = way == "to_destination"
    has_copies = any(_has_copies(s.sighting) for s in (here, there))
    seen, passed_by = np.unique(there.link_of), _others_only(here, there, further)
    for number in np.unique(here.link_of):
        if number in passed_by and number not in seen:
            continue
        yield follow_way(
            Way(
                _rows(here, int(number), is_data),
                _rows(there, int(number), is_data),
                tuple(_rows(s, int(number), is_data) for s in further),
                window,
                _acked(here, int(number), is_data),
                has_copies,
                sampled,
            )
        )


def _others_only(here: Station, there: Station, further: Sequence[Station]) -> frozenset[int]:
    """Connections that took a way beside the second point: a station that shares no packet with it shows them."""
    mine, theirs = there.kept.key, here.kept.key
    beside = [s for s in further if not is_among(s.kept.key, mine).any() and is_among(s.kept.key, theirs).any()]
    return frozenset(int(n) for s in beside for n in np.unique(s.link_of))


def _rows(station: Station, number: int, is_data: bool) -> Kept:
    return only(station.kept, np.flatnonzero((station.link_of == number) & (station.is_data == is_data)))


def _has_copies(sighting: Sighting) -> bool:
    return any(side.duplicates or side.mirrored for link in sighting.transfer.links for side in link.connection.sides)


def _acked(station: Station, number: int, is_data: bool) -> int | None:
    """Up to which sequence number was all of this direction acknowledged, as that point saw it?"""
    rows = np.flatnonzero((station.link_of == number) & (station.is_data == is_data))
    if not len(rows):
        return None
    ports = int(station.kept.ports[rows[0]])
    for link in station.sighting.transfer.links:
        c = link.connection
        side = link.data if is_data else link.back
        own, its = (c.a_port, c.b_port) if side is c.sides[0] else (c.b_port, c.a_port)
        if (own << 16 | its) == ports and side.isn is not None:
            return (side.isn + 1 + side.acked_bytes) % (1 << 32)
    return None


def _sentence(here: Station, there: Station, way: Direction, lost: int | None, passage: Passage, scale: int) -> str:
    """What was lost between them, in words."""
    place = f"between {here.name} and {there.name} {TOWARDS[way]}"
    sent = scale * passage.sent
    if lost is None:
        why = "too many packets to keep them all" if here.left_out or there.left_out else ""
        why = why or "packets were sampled, and segments cut or joined on the way cannot be told from lost ones"
        return f"how many were lost {place} is not known: {why}"
    words = [f"{lost:,} of {sent:,} lost {place}" if lost else f"none of {sent:,} lost {place}"]
    if scale > 1:
        words.append(f"by one in {scale} packets")
    if passage.missed:
        words.append(f"{count_of(scale * passage.missed, 'packet')} came that {there.name} does not show")
    if passage.outside:
        words.append(
            f"{scale * passage.outside:,} more left before its first frame or after its last: lost, or not recorded"
        )
    lacking = sum(uncaptured(link.data) for link in here.sighting.transfer.links) if way == "to_destination" else 0
    if lacking:
        lacks = count_of(lacking, "byte")
        words.append(
            f"the capture at {here.name} lacks {lacks} of the stream, and what was lost of these does not show"
        )
    if there.sighting.view.drops:
        words.append(f"{there.name} says that its capture dropped {count_of(there.sighting.view.drops, 'packet')}")
    return "; ".join(words)
