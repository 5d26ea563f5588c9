"""What the report tells of a guest that moved: its announcements, its interruption, its peers."""

from collections.abc import Iterator, Sequence
from typing import Final

from vmpcap.migration.listed import gave_up, is_gone, is_one_request
from vmpcap.migration.results import Bracket, Guest, Mechanism, OutagePart, Peer, PointAnnouncements, Switchover
from vmpcap.migration.services import is_quiet, service_of
from vmpcap.report.away import away_of, order_of_later
from vmpcap.report.blocks import Aside, Block, Fact, Grid, Heading
from vmpcap.report.chart import Glyphs
from vmpcap.report.interruptions import INTERRUPTIONS, UPPER_BOUNDS, interrupted, length_of
from vmpcap.report.words import figure, figure_bound, frame_list, latency_words, of_file, span, stamp, vlans
from vmpcap.terms.units import count_of

SCHEDULES: Final = {
    "qemu": "on QEMU's schedule",
    "esxi": "on ESXi's schedule",
    "other": "on a schedule of their own",
    None: "too few to know a schedule by",
}
"""By which timetable a guest's announcements came."""

MOST_FRAMES: Final = 4
"""Frame numbers that a row of a table lists."""


def about_guest(guest: Guest, glyphs: Glyphs) -> Iterator[Block]:
    """What became of this guest?"""
    who = ", ".join(w for w in (guest.mac, *guest.ips[:4], vlans(guest.vlan, guest.vni)) if w)
    yield Heading(f"Guest {who}")
    yield Fact("joined", f"{guest.confidence} confidence", guest.confidence_because)
    yield _announced(guest)
    yield Fact("domain", guest.domain.verdict, guest.domain.because)
    yield from lost_between(guest)
    yield Fact("domains", guest.domain.word, guest.domain.word_because)
    yield from _reach(guest)
    yield from _interruption(guest, glyphs)
    yield from _peers(guest)
    yield from about_sessions(guest)
    yield from _breakdown(guest, glyphs)
    yield from _segments(guest)
    yield from about_mechanisms(guest.mechanisms)


def about_mechanisms(found: Sequence[Mechanism]) -> Iterator[Block]:
    """Which ways of keeping a guest reachable, or of its stream, were seen, and did they work?"""
    mechanisms = tuple((m.name, m.worked, latency_words(m), _where(m), m.because) for m in found)
    if mechanisms:
        names = ("mechanism", "worked", "after", "frames", "because")
        yield Grid(names, mechanisms, right=("after",), sentences=("because",))


def about_sessions(guest: Guest) -> Iterator[Block]:
    """Which of its TCP connections went on, which did it deny, and was it a live move?"""
    found = guest.sessions
    if not found.because:
        return
    counts = [f"{found.kept:,} went on"] if found.kept or found.denied else []
    counts += [f"{found.denied:,} denied"] if found.denied else []
    counts += [f"{found.lost:,} never answered again"] if found.lost else []
    where = ""
    if found.from_frame is not None and found.to_frame is not None:
        first = f"{found.from_point} frame {found.from_frame}{of_file(found.from_file)}"
        where = f" ({first}, then {found.to_point} frame {found.to_frame}{of_file(found.to_file)})"
    yield Fact("connections", ", ".join([SESSION_WORDS[found.word], *counts]), f"{found.because}{where}")


SESSION_WORDS: Final = {"live": "live", "not_live": "not live", "undecided": "undecided"}
"""What the connections say of the move."""


def _segments(guest: Guest) -> Iterator[Block]:
    """Where packets of the guest and its peers were lost, and where that is not known; the rest in one line."""
    told = [s for s in guest.segments if s.lost or s.lost is None]
    rows = tuple(
        (
            s.when,
            f"{s.from_point} to {s.to_point}",
            DIRECTIONS[s.direction],
            "?" if s.lost is None else f"{s.lost:,}",
            f"{s.lost_of:,}",
            s.because,
        )
        for s in told
    )
    if rows:
        names = ("moved", "segment", "packets", "lost", "of", "because")
        yield Grid(names, rows, right=("lost", "of"), sentences=("because",))
    sound = [s for s in guest.segments if s.lost == 0]
    if sound:
        parts = ", ".join(dict.fromkeys(f"{s.from_point} to {s.to_point} ({s.when})" for s in sound))
        yield Fact("nothing lost", parts)


DIRECTIONS: Final = {"to_guest": "to the guest", "from_guest": "from the guest"}
"""Who sent the packets of a segment."""


def _where(mechanism: Mechanism) -> str:
    """The frames of the first point that shows it."""
    if not mechanism.evidence:
        return ""
    first = mechanism.evidence[0]
    return f"{first.point}: {frame_list(first.frames, MOST_FRAMES)}{of_file(first.file)}"


def _announced(guest: Guest) -> Fact:
    heard = guest.announcements
    if not heard.count:
        return Fact("announced", "not seen")
    kinds = ", ".join(f"{n} {kind}" for kind, n in heard.kinds.items())
    said = f"{kinds or count_of(heard.count, 'announcement')}, first {stamp(heard.first_ts)}"
    return Fact("announced", said, _joined(SCHEDULES[heard.schedule], heard.teaches_because))


def _joined(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def lost_between(guest: Guest) -> Iterator[Block]:
    """Between which points did the announcement die?"""
    heard = guest.announcements
    if heard.first_missing_at:
        last, first = ", ".join(heard.last_seen_at) or "nowhere", ", ".join(heard.first_missing_at)
        yield Fact("lost", f"last seen: {last}; first missing: {first}", heard.lost_between_because)


def _reach(guest: Guest) -> Iterator[Block]:
    """A row per point; points that cannot see announcements, for the same reason, share one."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for point, heard in guest.announcements.by_point.items():
        shared.setdefault(_seen_there(heard), []).append(point)
    rows = []
    for answer, points in shared.items():
        together = [", ".join(points)] if answer[0] == "cannot see" else points
        rows += [(point, *answer) for point in together]
    if rows:
        names = ("point", "seen", "reached", "delay", "tag", "frames", "because")
        yield Grid(names, tuple(rows), right=("delay",), sentences=("because",))


def _seen_there(heard: PointAnnouncements) -> tuple[str, ...]:
    seen = {True: "yes", False: "no", None: "cannot see"}[heard.seen]
    delay = "" if heard.delay_ms is None else f"+{figure(heard.delay_ms, 'ms')}"
    frames, tag = frame_list(heard.frames, MOST_FRAMES, heard.files), vlans(heard.vlan, heard.vni)
    return seen, heard.reached, delay, tag, frames, heard.because


def _interruption(guest: Guest, glyphs: Glyphs) -> Iterator[Block]:
    s = guest.switchover
    for name in INTERRUPTIONS:
        value, bracket = getattr(s, f"{name}_ms"), getattr(s, name)
        away = away_of(guest) if name == "peer_outage" else None
        if away is not None and (away.is_range or (value is None and away.weight[0])):
            yield Fact(INTERRUPTIONS[name], away.sentence, away.because if away.is_range else bracket.because)
        elif value is not None or bracket.because:
            yield interruption(s, name, glyphs)
    if s.method:
        yield Fact("measured by", s.method.replace("_", " "))


def interruption(switchover: Switchover, name: str, glyphs: Glyphs) -> Fact:
    """How long was this one of the interruptions, between which frames, and why?"""
    value, bracket = length_of(switchover, name), getattr(switchover, name)
    return Fact(INTERRUPTIONS[name], interrupted(name, value) + _bounds(bracket, glyphs, name), bracket.because)


def _bounds(bracket: Bracket, glyphs: Glyphs, name: str) -> str:
    """Which frames bound it, and how sure are they? Of an upper bound the clocks' doubt is a part: that is no ±."""
    doubt = f"{glyphs.doubt} {figure(bracket.uncertainty_ms, 'ms')}" if bracket.uncertainty_ms else ""
    is_bound = name in UPPER_BOUNDS
    first, last = (
        f"{point or ''} frame {frame}{of_file(file)}".strip() if frame is not None else ""
        for point, frame, file in (
            (bracket.from_point, bracket.from_frame, bracket.from_file),
            (bracket.to_point, bracket.to_frame, bracket.to_file),
        )
    )
    if first and last and bracket.from_point == bracket.to_point:
        last = f"frame {bracket.to_frame}{of_file(bracket.to_file)}"
    ends = " to ".join(end for end in (first, last) if end)
    told = "; ".join(part for part in (ends, f"clocks {doubt}" if is_bound and doubt else "") if part)
    return (f" {doubt}" if doubt and not is_bound else "") + (f" ({told})" if told else "")


def cut_off_for(peer: Peer) -> str:
    """For how long was this peer without an answer, at the switchover and later?"""
    if peer.lost_later_ms is not None:
        later = "later lost for good"
    elif peer.survived is False and peer.outage_ms is not None:
        later = "then lost"
    else:
        later = "" if peer.later_outage_ms is None else f"{order_of_later(peer)} {figure(peer.later_outage_ms, 'ms')}"
    return ", ".join(words for words in (_cut_off_at_first(peer), later) if words)


def survived_words(peer: Peer) -> str:
    """Was it answered again? Who gave up had no answer, and may have got one later; nothing where nobody knows."""
    return {True: "yes", False: "no", None: "gave up" if gave_up(peer) else ""}[peer.survived]


def _cut_off_at_first(peer: Peer) -> str:
    """The same of the switchover alone. Where it cannot be told, from how long to how long."""
    if is_gone(peer):
        return "never back"
    if is_one_request(peer):
        return f"at most {figure_bound(peer.outage_high_ms, 'ms', 'most')}"
    if peer.outage_ms is None and peer.outage_low_ms is not None and peer.outage_high_ms is not None:
        if figure(peer.outage_low_ms) == figure(peer.outage_high_ms):
            return figure(peer.outage_high_ms, "ms")
        return f"{figure_bound(peer.outage_low_ms, '', 'least')} to {figure_bound(peer.outage_high_ms, 'ms', 'most')}"
    if peer.outage_ms is None and peer.survived and peer.outage_low_ms:
        return f"at least {figure_bound(peer.outage_low_ms, 'ms', 'least')}"
    return figure(peer.outage_ms, "ms")


def _peers(guest: Guest) -> Iterator[Block]:
    rows = []
    for peer in own_rows(guest):
        out = cut_off_for(peer)
        lost = "" if peer.lost is None else f"{peer.lost:,}"
        resent = "" if peer.retransmissions is None else f"{peer.retransmissions:,}"
        asks = "" if peer.interval_ms is None else figure(peer.interval_ms, "ms")
        survived = survived_words(peer)
        frames = frame_list(peer.frames, MOST_FRAMES, peer.files)
        rows.append(
            (
                peer.peer,
                peer.protocol,
                peer.point,
                out,
                survived,
                lost,
                resent,
                asks,
                frames,
                _joined(peer.because, peer.breakdown_because),
            )
        )
    if rows:
        names = (
            "peer",
            "protocol",
            "point",
            "cut off",
            "survived",
            "lost",
            "resent",
            "asks every",
            "frames",
            "because",
        )
        right = ("cut off", "lost", "resent", "asks every")
        yield Grid(names, tuple(rows), right=right, sentences=("because",))
    yield from _services(guest)
    yield from left_out(guest)


def own_rows(guest: Guest) -> list[Peer]:
    """Which streams are told each by itself? Not those that are one with others of their service."""
    told = {(one.peer, one.protocol) for one in guest.services}
    return [peer for peer in guest.peers if not (is_quiet(peer) and service_of(peer) in told)]


def _services(guest: Guest) -> Iterator[Block]:
    """A row for each peer and service that was asked by many streams, of which none fell into the switchover."""
    rows = tuple(
        (
            one.peer,
            one.protocol,
            ", ".join(one.points),
            f"{one.streams:,}",
            "" if one.every_ms is None else span(one.every_ms / 1000),
            f"{one.others:,}" if one.others else "none",
        )
        for one in guest.services
    )
    if rows:
        yield Aside("streams in which nothing was asked while the guest moved; those that were asked then stand above")
        names = ("peer", "protocol", "point", "streams", "a new one every", "asked then")
        yield Grid(names, rows, right=("streams", "a new one every"))


def left_out(guest: Guest) -> Iterator[Block]:
    """How many of its streams have no row anywhere?"""
    if guest.peers_left_out:
        yield Fact("not listed", not_listed(guest), "every one of them counts in the checks and in the headline")


def not_listed(guest: Guest) -> str:
    """How many of all its streams are not, and what is known of them?"""
    of = guest.peers_left_out + len(guest.peers)
    return f"{guest.peers_left_out:,} of {of:,} streams with peers, of which none fared worse than those listed"


PARTS: Final = {
    "stun": "stun",
    "announcement": "announcement",
    "relearning": "relearning",
    "gateway_arp": "gateway's ARP",
    "wrong_vlan": "wrong VLAN",
    "closed_way": "way closed",
    "routing": "routing",
    "mtu": "no room for full size",
    "tcp_back_off": "TCP back-off",
    "guest": "the guest itself",
    "answers": "answers lost",
    "unexplained": "unexplained",
}
"""What a part of an outage is called."""
IN_IPV6: Final = {"gateway_arp": "gateway's ND"}
"""... where neighbour discovery does what ARP does in IPv4."""


def part_name(part: OutagePart, peer: Peer) -> str:
    """What is a part of this peer's outage called?"""
    return IN_IPV6.get(part.part, PARTS[part.part]) if ":" in peer.peer else PARTS[part.part]


MOST_BROKEN_DOWN: Final = 8
"""Peers whose outages are shown in parts, the worst first; the JSON has all."""


def _lost_in(part: OutagePart) -> str:
    """How many requests were lost in it? None is told of segments sent while the way was free: they may have come."""
    return "" if part.part == "tcp_back_off" else f"{part.requests:,}"


def _breakdown(guest: Guest, glyphs: Glyphs) -> Iterator[Block]:
    """What was each peer's outage spent on?"""
    rows = []
    for peer in [p for p in guest.peers if p.breakdown][:MOST_BROKEN_DOWN]:
        for part in peer.breakdown:
            doubt = f" {glyphs.doubt} {figure(part.uncertainty_ms, 'ms')}" if part.uncertainty_ms else ""
            begin, end = f"{part.from_frame}{of_file(part.from_file)}", f"{part.to_frame}{of_file(part.to_file)}"
            frames = f"{begin} to {end}" if part.to_frame is not None else f"from {begin}"
            lasted = figure(part.ms, "ms") + doubt
            rows.append((peer.peer, peer.protocol, part_name(part, peer), lasted, _lost_in(part), frames, part.because))
    if rows:
        names = ("outage of", "protocol", "part", "lasted", "lost", "frames", "because")
        yield Grid(names, tuple(rows), right=("lasted", "lost"), sentences=("because",))
