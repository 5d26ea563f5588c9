"""On which part of the stream's way packets were lost, doubled, overtaken or held up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.segment_results import BACK, FORTH, Direction, Segment
from vmpcap.migration.stream.broken_streams import stuck_segment
from vmpcap.migration.stream.delays import delays_between
from vmpcap.migration.stream.figures import uncaptured
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.one_key import ends_of, keyed_alike, under_one_name
from vmpcap.migration.stream.past_silent import past_silent
from vmpcap.migration.stream.station_passages import TOWARDS, Station, Stretch, passages, window
from vmpcap.migration.stream.too_large import count_too_large
from vmpcap.migration.stream.transfers import Link
from vmpcap.points.between import reordered_between
from vmpcap.points.blurs import bound_unblurred
from vmpcap.points.kernels.keys import ends_key
from vmpcap.points.pairing import only, pair_kept
from vmpcap.points.passage import Passage, add_up
from vmpcap.points.remarks import find_remarks
from vmpcap.points.roles import rank
from vmpcap.terms.units import count_of

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ALONG: Final = ("source", None, "wan", "destination")
"""Roles in the order in which the stream's data meets them."""


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
    found, later = list[Segment](), list[Segment]()
    shared = {pair: len(stretch.paired.row_one) for pair, stretch in stretches.items()}
    steps = list(neighbours(ordered, shared))
    for place, beyond in steps:
        near, far = ordered[place], ordered[beyond]
        if not stretches[min(near, far), max(near, far)].order:
            continue
        onward = [n for n in ordered[place + 1 :] if n != far]
        back = [n for n in reversed(ordered[:beyond]) if n != near]
        ways: tuple[tuple[int, int, list[int], Direction, bool], ...] = (
            (near, far, onward, FORTH, sum(place == p for p, _ in steps) > 1),
            (far, near, back, BACK, sum(beyond == b for _, b in steps) > 1),
        )
        for here, there, on, way, forks in ways:
            over = [(stretches[min(here, n), max(here, n)], stations[n]) for n in (there, *on)]
            skipped = [] if forks else list(past_silent(stations[here], over, way))
            found.append(_segment(stations[here], over, way, sum(s.lost or 0 for s in skipped)))
            later += skipped
    return [*found, *later]


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
    more = f" while {' or '.join(segment.silent)} recorded nothing" if segment.silent else more
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


def _segment(here: Station, over: Sequence[tuple[Stretch, Station]], way: Direction, told_apart: int) -> Segment:
    """
    From this station to the first of those.

    Parameters
    ----------
    over : the stations in the order in which the packets meet them
    told_apart : how many were lost while that one recorded nothing, as those behind it tell
    """
    (stretch, there), *behind = over
    further = [station for _, station in behind]
    left, right, _ = stretch.seen_by_both(here, way)
    own = stretch.clock, here is stretch.other
    delays = delays_between(
        here.sighting.view, there.sighting.view, *own, here.kept.ts_ns[left], there.kept.ts_ns[right]
    )
    scale = stretch.paired.scale
    shared = {
        "from_point": here.name,
        "to_point": there.name,
        "direction": way,
        "reordered": scale * reordered_between(here.kept, left, there.kept, right, here.link_of[left]),
        "delay_min_ms": None if delays is None else delays.least,
        "delay_p95_ms": None if delays is None else delays.p95,
        "uncertainty_ms": None if delays is None else delays.doubt,
        "queueing_ms": None if delays is None else delays.queueing,
        "matched": scale * len(left),
        "one_in": scale,
    }
    remarks = "".join(f"; {words}" for words in find_remarks(here.kept, there.kept, left, right).words(scale))
    span = window(stretch, here, there, way)
    if span is None:
        because = (
            f"no packet of this direction was seen at both {here.name} and {there.name}, and their clocks are not known"
        )
        nothing = {"lost": None, "lost_of": 0, "duplicated": None, "missed": None, "outside": 0, "unseen": 0}
        return Segment(**shared, **nothing, recut=False, because=because)  # type: ignore[arg-type]
    passage = add_up(list(passages(here, there, further, way, span, scale > 1)))
    passage = replace(passage, outside=max(passage.outside - told_apart // scale, 0))
    if way == "to_destination" and scale == 1:
        ours, theirs = (only(s.kept, s.is_data) for s in (here, there))
        passage = count_too_large(passage, ours, theirs, stuck_segment(here.sighting.transfer.links), span)
    is_full = not here.left_out and not there.left_out
    lost = None if passage.lost is None or not is_full else scale * passage.lost
    because = _sentence(here, there, way, lost, passage, scale, told_apart)
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


def _sentence(
    here: Station, there: Station, way: Direction, lost: int | None, passage: Passage, scale: int, told_apart: int
) -> str:
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
    if silent := scale * (passage.outside + passage.came_outside) + told_apart:
        parts = [f"{told_apart:,} lost before a farther point"] if told_apart else []
        parts += [f"{scale * passage.outside:,} lost, or not recorded"] if passage.outside else []
        parts += ["the rest came" if parts else "they came"] if passage.came_outside else []
        words.append(f"{silent:,} more left before its first frame or after its last: {', '.join(parts)}")
    lacking = sum(uncaptured(link.data) for link in here.sighting.transfer.links) if way == "to_destination" else 0
    if lacking:
        lacks = count_of(lacking, "byte")
        words.append(
            f"the capture at {here.name} lacks {lacks} of the stream, and what was lost of these does not show"
        )
    if there.sighting.view.drops:
        words.append(f"{there.name} says that its capture dropped {count_of(there.sighting.view.drops, 'packet')}")
    return "; ".join(words)
