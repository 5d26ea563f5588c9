"""On which part of the way between a guest and its peers packets were lost, doubled or held up, before and after."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.marks import NOT_COMPARED, Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.guest_packets import GuestPackets, packets_of
from vmpcap.migration.packets.one_direction import answers_the_unseen
from vmpcap.migration.packets.renamed_peers import REWRITTEN, link_of, under_one_name
from vmpcap.migration.packets.stations import ECHO_PROTOCOLS, SLACK_NS, Span, Station
from vmpcap.migration.packets.unrecorded import recorded
from vmpcap.migration.segment_results import Era, GuestSegment
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.delays import delays_between
from vmpcap.migration.stream.segments import along, neighbours
from vmpcap.migration.views import PointView
from vmpcap.points.between import reordered_between
from vmpcap.points.blurs import bound_unblurred
from vmpcap.points.holes import Hole, ThinHole, blindness
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired, only, pair_kept
from vmpcap.points.passage import Passage, Way, add_up, follow_way
from vmpcap.points.roles import rank
from vmpcap.terms.units import NS_PER_MS, count_of
from vmpcap.terms.wire import IP_TCP

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

FROM_PEERS: Final[dict[Era, tuple[str | None, ...]]] = {
    "before": ("client", "gateway", None, "wan", "source", "destination", "domain:source"),
    "after": ("client", "gateway", None, "wan", "source", "destination", "domain:destination"),
}
"""Roles as requests meet them, where times do not tell their order. The guest's other place is not on the way."""

MOST_CONNECTIONS: Final = 50
"""Of so many TCP connections, those of most packets, each byte is followed; of the rest nothing is told."""

BESIDE_NS: Final = 20 * NS_PER_MS
"""So long before a hole a packet may have left that would have passed in it."""


class _Stretch(NamedTuple):
    paired: Paired
    clock: PairClock | None
    order: int
    """1 where the one stands nearer to the peers, -1 where the other does, 0 where nothing tells."""


class Signs(NamedTuple):
    """Frames that part the time before the switchover from the time after it."""

    earlier: Sequence[Mark]
    """The last frames by which the guest was announced before this migration: it may have come from elsewhere then."""
    lasts: Sequence[Mark]
    """The guest's last frame at its old place, as points saw it."""
    firsts: Sequence[Mark]
    """Its first sign at its new place."""


def describe_guest_segments(guest: Moved, views: Sequence[PointView], signs: Signs) -> list[GuestSegment]:
    """
    What happened to the packets of a guest and its peers between each two neighbours on their way?

    Notes
    -----
    Before: from the capture's begin, or an earlier announcement of the guest, to its last frame at its old place.
    After: from its first sign at the new one (where that stands on no clock that was compared, from that last frame) to
    the end of the capture. What was sent in between met no guest and is told by the parts of an outage.
    """
    eras: tuple[Era, ...] = ("before", "after")
    found = {view.name: packets for view in views if (packets := packets_of(view, guest)) is not None}
    deaf = frozenset(view.name for view in views if _lacks_what_is_answered(view, guest))
    return [segment for when in eras for segment in _segments(found, views, when, signs, deaf)]


def _lacks_what_is_answered(view: PointView, guest: Moved) -> bool:
    """Does the guest answer here, while nothing that is sent to it is in the capture: one direction of the link?"""
    return not len(frames_of(view, guest).asked) and answers_the_unseen(view, guest, view.first_ts - 1)


def _segments(
    found: Mapping[str, GuestPackets], views: Sequence[PointView], when: Era, signs: Signs, deaf: Container[str]
) -> Iterator[GuestSegment]:
    stations = [s for packets in found.values() if (s := _station(packets, when, signs)) is not None]
    if len(stations) < 2:
        return
    mask = max(s.packets.mask for s in stations)
    stations = [s if s.packets.mask == mask else _thinned(s, mask) for s in stations]
    count = len(stations)
    stretches = {
        (a, b): _stretch(stations[a], stations[b], mask, when) for a in range(count) for b in range(a + 1, count)
    }
    old = [view for view in views if when == "after" and view.role == "domain:source"]
    ordered = along(count, {pair: stretch.order for pair, stretch in stretches.items()})
    shared = {pair: len(stretch.paired.row_one) for pair, stretch in stretches.items()}
    for place, beyond in neighbours(ordered, shared):
        near, far = ordered[place], ordered[beyond]
        stretch = stretches[min(near, far), max(near, far)]
        if not stretch.order:
            continue
        behind = [stations[n] for n in ordered[place + 1 :] if n != far]
        before = [stations[n] for n in ordered[:beyond] if n != near]
        yield from _one_way(stretch, stations[near], stations[far], behind, when, True, near > far, old, deaf)
        yield from _one_way(stretch, stations[far], stations[near], before, when, False, far > near, old, ())


def _station(packets: GuestPackets, when: Era, signs: Signs) -> Station | None:
    """The same packets by era; None where the point is not on their way then, or shows nothing."""
    view, kept = packets.view, packets.kept
    if view.role not in FROM_PEERS[when]:
        return None
    era = _era(view, when, signs)
    is_domain = view.role == FROM_PEERS[when][-1] and packets.shows_the_guest
    if (not packets.frames or era is None) and not is_domain:
        return None
    begin, end = era if era is not None else (view.first_ts, view.last_ts)
    inside = (kept.ts_ns >= begin) & (kept.ts_ns <= end)
    return Station(packets, (begin, end), inside) if inside.any() or is_domain else None


def _thinned(station: Station, mask: int) -> Station:
    rows = np.flatnonzero(station.kept.loose & np.uint64(mask) == 0)
    return Station(station.packets.only(rows, mask), station.era, station.inside[rows])


def _era(view: PointView, when: Era, signs: Signs) -> Span | None:
    """From when to when by the clock of this point? None where no frame of a compared clock tells."""

    def here(marks: Sequence[Mark]) -> list[int]:
        return [on_clock_of(view, m.view, m.ts) for m in marks if clock_doubt(m.view, m.ts, view) is not None]

    lasts, firsts = here(signs.lasts), here(signs.firsts)
    if when == "before":
        return (max(here(signs.earlier), default=view.first_ts), max(lasts)) if lasts else None
    return (min(firsts), view.last_ts) if firsts else (max(lasts), view.last_ts) if lasts else None


def _stretch(one: Station, other: Station, mask: int, when: Era) -> _Stretch:
    paired = pair_kept(one.kept, other.kept, mask)
    clock, ahead = bound_unblurred(paired, one.view.line.sets, other.view.line.sets)
    both = one.inside[paired.row_one] & other.inside[paired.row_other]
    said = int((ahead.astype(np.int64) * np.where(one.to_guest[paired.row_one], 1, -1) * both).sum())
    places = [rank(s.view.role, FROM_PEERS[when]) for s in (one, other)]
    return _Stretch(paired, clock, int(np.sign(said)) or int(np.sign(places[1] - places[0])))


def _one_way(
    stretch: _Stretch,
    here: Station,
    there: Station,
    further: Sequence[Station],
    when: Era,
    to_guest: bool,
    turned: bool,
    old: Sequence[PointView],
    deaf: Container[str],
) -> Iterator[GuestSegment]:
    paired = stretch.paired
    left, right = (paired.row_other, paired.row_one) if turned else (paired.row_one, paired.row_other)
    mine, theirs = (paired.other, paired.one) if turned else (paired.one, paired.other)
    alike = under_one_name(here.kept, there.kept, mine, theirs, left, right)
    here, there = here.under(alike.here), there.under(alike.there)
    meant = (here.to_guest[left] == to_guest) & here.inside[left]
    is_sent = (here.to_guest == to_guest) & here.inside
    # a peer that the second point never saw may live between the two
    sent = np.flatnonzero(is_sent if to_guest else is_sent & np.isin(here.kept.pair, there.kept.pair))
    is_nameless = alike.is_renamed_here & (here.packets.protocol != IP_TCP)
    sent, nameless = sent[~is_nameless[sent]], int(is_nameless[sent].sum())
    if not len(sent):
        return
    left, right = left[meant], right[meant]
    delays = delays_between(
        here.view, there.view, stretch.clock, turned, here.kept.ts_ns[left], there.kept.ts_ns[right]
    )
    scale = paired.scale
    blind, holes = _blind(here, there, further, sent)
    rows, hidden = sent[~blind], int(blind.sum())
    came = _came(here, there, to_guest)
    came = came[~alike.is_renamed_there[came] | (there.packets.protocol[came] == IP_TCP)]
    passage, left_out = _passage(here, there, further, rows, came, to_guest, scale > 1)
    is_full = not any(s.view.packets is not None and s.view.packets.left_out for s in (here, there))
    is_end = to_guest and there.name not in deaf and there.view.role == FROM_PEERS[when][-1]
    doubts = _doubts(here, there, bool(len(left)), bool(len(came)), is_full, len(rows), is_end)
    is_compared = clock_doubt(here.view, here.era[0], there.view) is not None
    if not is_compared:
        doubts = doubts or f"whether {there.name} was recording then is not known"
    if there.name in deaf:
        doubts = f"{there.name} shows the guest's answers and nothing that it was sent: its capture holds one direction"
    passage, lacks, unsure = recorded(passage, here, there, to_guest, scale)
    lost = None if passage.lost is None or doubts or unsure else scale * passage.lost
    yield GuestSegment(
        when=when,
        from_point=here.name,
        to_point=there.name,
        direction="to_guest" if to_guest else "from_guest",
        lost=lost,
        lost_of=scale * passage.sent,
        duplicated=None if passage.duplicated is None or doubts else scale * passage.duplicated,
        reordered=scale * reordered_between(here.kept, left, there.kept, right, _ends(here.kept, left)),
        delay_min_ms=None if delays is None else delays.least,
        delay_p95_ms=None if delays is None else delays.p95,
        uncertainty_ms=None if delays is None else delays.doubt,
        queueing_ms=None if delays is None else delays.queueing,
        matched=scale * len(left),
        missed=None if passage.missed is None or doubts else scale * passage.missed,
        outside=scale * (passage.outside + hidden),
        unseen=scale * passage.unseen,
        one_in=scale,
        because=_sentence(here, there, to_guest, lost, passage, scale, hidden, holes, left_out, doubts or unsure)
        + (f"; {scale * nameless:,} more are not counted: {REWRITTEN}" if nameless and lost is not None else "")
        + (lacks if lost is not None else "")
        + (_at_old_place(here, [there, *further], rows, old, scale) if to_guest and (lost or not is_compared) else "")
        + ("" if is_compared else f"; {NOT_COMPARED}"),
        frames=list(passage.lost_frames) if lost else [],
    )


def _ends(kept: Kept, rows: I64) -> I64:
    """Groups by ends, sender and ports: within each packets have an order."""
    columns = np.stack((kept.pair[rows], kept.ports[rows].astype(np.uint64)), axis=1)
    if not len(rows):
        return np.zeros(0, np.int64)
    return np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _came(here: Station, there: Station, to_guest: bool) -> I64:
    """
    Which packets at the second may be those of the era at the first?

    Those that the first shows in the era, and those that it does not show at all and that came then.
    """
    of_era, others = here.kept.key[here.inside], here.kept.key[~here.inside]
    mine = np.isin(there.kept.key, of_era) | (there.inside & ~np.isin(there.kept.key, others))
    return np.flatnonzero(mine & (there.to_guest == to_guest))


def _blind(here: Station, there: Station, further: Sequence[Station], rows: I64) -> tuple[Bools, list[Hole]]:
    """
    Which of these packets were sent while the second point recorded nothing, or not yet, or no longer? With the holes.

    Where it recorded a part, those that nothing else shows to have passed it. Where only their own numbers tell of a
    hole, it is one by what shows some to have passed: what nobody answered nor any point further on saw was lost.
    """
    view, ts = there.view, here.kept.ts_ns[rows]
    shown = here.packets.answered[rows] | np.isin(here.kept.key[rows], _keys_of(further))
    unseen = ~np.isin(here.kept.key[rows], there.kept.key)
    first, last = (on_clock_of(here.view, view, at) for at in (view.first_ts, view.last_ts))
    hidden, holes = (ts < first) | (ts > last - SLACK_NS), []
    for hole in view.holes:
        begin, end = (on_clock_of(here.view, view, at) for at in (hole.from_ts, hole.to_ts))
        within = (ts >= begin - BESIDE_NS) & (ts <= end)
        if not hole.sure and _are_lost(here, rows, within & unseen, shown):
            continue
        within &= unseen & ~shown if isinstance(hole, ThinHole) else unseen
        hidden |= within
        holes += [hole] if within.any() else []
    return hidden & unseen, holes


def _keys_of(stations: Sequence[Station]) -> U64:
    """Packets that any of these show."""
    return np.concatenate([np.zeros(0, np.uint64), *(s.kept.key for s in stations)])


def _are_lost(here: Station, rows: I64, which: Bools, shown: Bools) -> bool:
    """
    Are these, which the second point does not show, lost rather than missed, as those say that would be answered?

    Echo requests for the guest, at a point that does show its answers to others: few of them are shown to have passed.
    """
    asks = which & here.to_guest[rows] & np.isin(here.packets.protocol[rows], ECHO_PROTOCOLS)
    return bool(here.packets.answered.any()) and 2 * int((asks & shown).sum()) < int(asks.sum())


def _passage(
    here: Station, there: Station, further: Sequence[Station], rows: I64, came: I64, to_guest: bool, sampled: bool
) -> tuple[Passage, int]:
    """What became of these packets, of TCP byte by byte; and of how many connections nothing is told."""
    everywhen = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    has_copies = here.packets.has_copies or there.packets.has_copies
    tcp = here.packets.protocol[rows] == IP_TCP
    plain, segments = rows[~tcp], rows[tcp]
    theirs = came[there.packets.protocol[came] != IP_TCP]
    beyond = [_whole(s, np.flatnonzero((s.packets.protocol != IP_TCP) & (s.to_guest == to_guest))) for s in further]
    beyond.append(_whole(here, plain[here.packets.answered[plain]]))  # what was answered was not lost
    parts = [
        follow_way(Way(_whole(here, plain), _whole(there, theirs), tuple(beyond), everywhen, None, has_copies, True))
    ]
    groups, of_row, size = np.unique(link_of(here.kept, segments), return_inverse=True, return_counts=True)
    largest = np.argsort(-size, kind="stable")[:MOST_CONNECTIONS]
    link_there = link_of(there.kept, came)
    for number in largest.tolist():
        name = groups[number]
        parts.append(
            follow_way(
                Way(
                    only(here.kept, segments[of_row == number]),
                    only(there.kept, came[(link_there == name) & (there.packets.protocol[came] == IP_TCP)]),
                    tuple(_of_link(s, name, to_guest) for s in further),
                    everywhen,
                    _acked(here, name, to_guest),
                    has_copies,
                    sampled,
                )
            )
        )
    return add_up(parts), len(groups) - len(largest)


def _whole(station: Station, rows: I64) -> Kept:
    """Packets that nobody cuts or joins: each counts as one, whatever it carries."""
    kept = only(station.kept, rows)
    return kept._replace(payload_bytes=np.zeros_like(kept.payload_bytes))


def _of_link(station: Station, name: int, to_guest: bool) -> Kept:
    rows = np.flatnonzero((station.packets.protocol == IP_TCP) & (station.to_guest == to_guest))
    return only(station.kept, rows[link_of(station.kept, rows) == name])


def _acked(station: Station, name: int, to_guest: bool) -> int | None:
    """Up to which number was this direction of a connection acknowledged, as that point saw it?"""
    own = _of_link(station, name, to_guest)
    ports = int(own.ports[0])
    back = (ports & 0xFFFF) << 16 | ports >> 16
    told = (station.kept.pair == own.pair[0]) & (station.kept.ports == np.uint32(back)) & (station.packets.ack >= 0)
    told &= (station.to_guest != to_guest) & (station.packets.protocol == IP_TCP)
    acks = station.packets.ack[told]
    if not len(acks):
        return None
    half = 1 << 31
    return int((acks[0] + ((acks - acks[0] + half) % (2 * half) - half).max()) % (2 * half))


def _at_old_place(here: Station, farther: Sequence[Station], rows: I64, old: Sequence[PointView], scale: int) -> str:
    """How many of the packets that came no farther were seen where the guest had been?"""
    keys = here.kept.key[rows]
    keys = keys[~np.isin(keys, np.concatenate([s.kept.key for s in farther]))]
    for view in old:
        seen = 0 if view.packets is None else int(np.isin(keys, view.packets.rows().key).sum())
        if seen:
            return f"; {scale * seen:,} of them were seen at {view.name}, the guest's old place"
    return ""


DIRECTIONS: Final[dict[bool, str]] = {True: "to the guest", False: "from the guest"}


def _doubts(here: Station, there: Station, is_shared: bool, came: bool, is_full: bool, sent: int, is_end: bool) -> str:
    """Why is not known how many were lost? Empty where it is."""
    if not is_full:
        return "too many packets to keep them all"
    if not is_shared and came:
        return "the two points know no packet of each other: addresses may be rewritten between them"
    if not sent:
        return f"{there.name} recorded nothing when they passed {here.name}"
    if not is_shared and not is_end:
        return f"none of the {sent:,} that passed {here.name} passed {there.name}: lost, or on another way"
    return ""


def _sentence(
    here: Station, there: Station, to_guest: bool, lost: int | None, passage: Passage, scale: int,
    hidden: int, holes: Sequence[Hole], left_out: int, doubts: str,
) -> str:  # fmt: skip
    """Where were how many last seen, in words?"""
    sent, way = scale * passage.sent, DIRECTIONS[to_guest]
    if lost is None:
        why = doubts or "packets were sampled, and segments cut or joined on the way"
        return f"how many packets {way} were lost between {here.name} and {there.name} is not known: {why}"
    if lost:
        words = [f"{lost:,} of {sent:,} packets {way} were last seen at {here.name} and never at {there.name}"]
    else:
        words = [f"none of {sent:,} packets {way} was lost between {here.name} and {there.name}"]
    if scale > 1:
        words.append(f"by one in {scale} packets")
    if passage.missed:
        words.append(
            f"{scale * passage.missed:,} arrived that {there.name} does not show: on another way, or its capture missed"
            " them"
        )
    if hidden:
        why = blindness(holes[0]) if holes else f"{there.name} shows no frame then, or none any more"
        words.append(f"{scale * hidden:,} more are not counted: {why}")
    if left_out:
        words.append(f"{count_of(left_out, 'smaller TCP connection')} not looked at")
    return "; ".join(words)
