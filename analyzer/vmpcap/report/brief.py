"""The body of the report on one screen: what is of weight, and in a line where the rest is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from msgspec import structs

from vmpcap.migration.listed import is_gone
from vmpcap.migration.results import Guest, Peer
from vmpcap.report.about_checks import Where, where_to_look
from vmpcap.report.about_guest import (
    about_sessions,
    cut_off_for,
    interruption,
    left_out,
    lost_between,
    own_rows,
    part_name,
    survived_words,
)
from vmpcap.report.about_path import odd_on_path
from vmpcap.report.about_stream import about_picture
from vmpcap.report.about_what_if import expected_lines
from vmpcap.report.blocks import Aside, Block, Fact, Grid, Heading, Picture
from vmpcap.report.chart import Glyphs
from vmpcap.report.document import Migration, Report
from vmpcap.report.look import Look
from vmpcap.report.outline import about_nothing
from vmpcap.report.words import figure, figure_bound, frame_list, held_against_limit, hosts, of_file, vlans
from vmpcap.report.worst_first import worst_first
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check


@dataclass(frozen=True, slots=True)
class Room:
    """How much of what is shown."""

    bars: int
    """Rows of the picture's bars; one is a sparkline, 0 is no picture."""
    told: bool
    """Are the picture's characters explained, and the guest's mechanisms named though they worked?"""
    peers: int
    """Peers that suffered, a row each; 0: all of them in a line."""
    proofs: int
    """Places to look at for each check that did not pass."""
    announcers: int = 0
    """Machines that announced themselves, a row each, where there is no migration; 0: all of them in a line."""
    names: bool = True
    """Is told again what the summary names: who moved where, and into which domain?"""
    bodies: int = 6
    """Migrations that did not pass and are told of one by one, where there are many."""


ROOMS: Final = (
    Room(5, True, 10, 2, announcers=8),
    Room(3, True, 8, 1, announcers=4),
    Room(2, False, 6, 1, announcers=1),
    Room(1, False, 4, 1),
    Room(1, False, 0, 1, names=False),
    Room(0, False, 0, 0, names=False),
    Room(0, False, 0, 0, names=False, bodies=3),
    Room(0, False, 0, 0, names=False, bodies=1),
    Room(0, False, 0, 0, names=False, bodies=0),
)
"""From roomy to tight."""

MOST_BODIES: Final = 2
"""Migrations that each have a picture of their own; of more, those that did not pass are told without one."""
MOST_NOTES: Final = 3
MOST_NAMED: Final = 3
"""Peers that a line names one by one."""
PICTURE: Final = frozenset({"bars", "rtt", "axis", "limits", "switchover"})
"""Lines of the picture that stay where there is little room."""
SPARKS: Final = frozenset({"bars", "rtt", "axis"})
"""Those that stay where there is hardly any."""
NO_FAULT: Final = frozenset({"next_hop_of_its_own", "next_hop_shared", "one_direction_only"})
"""Of what is odd about a stream's way: told where all is told, for it is often as somebody meant it."""
THE_REST: Final = "all of it: --full; as a page: --html FILE; for programs: --json FILE"


def brief(report: Report, look: Look, room: Room) -> Iterator[Block | Where]:
    """What stands below the summary where all of it is to fit one screen?"""
    if not report.migrations:
        yield from about_nothing(report, room.announcers)
    told = _told_of(report.migrations, room.bodies)
    for migration in told:
        yield Heading(f"{migration.id}  {hosts(migration, look.glyphs.arrow)}", 1)
        if len(report.migrations) <= MOST_BODIES and room.bars:
            yield from _picture(migration, report, look, room)
        said = " ".join(check.because for check in migration.checks if check.decides and check.outcome != "pass")
        for guest in migration.guests:
            yield from _guest(guest, look.glyphs, room, "" if len(report.migrations) > 1 else said)
        if room.names:
            yield from odd_on_path(migration.path, "path", NO_FAULT)
        yield from expected_lines(migration)
        yield from _where(migration, look, room, tells_why=len(report.migrations) > 1)
    yield from _odd(report, told)
    yield Aside(THE_REST)


def _told_of(migrations: Sequence[Migration], most: int) -> list[Migration]:
    """Which migrations are told of one by one? Where not all are, the worst of those that did not pass."""
    if len(migrations) <= MOST_BODIES:
        return list(migrations)
    return [m for m in worst_first(migrations) if m.verdict != "pass"][:most]


def _picture(migration: Migration, report: Report, look: Look, room: Room) -> Iterator[Block]:
    for block in about_picture(migration, report, look.width, look.glyphs, room.bars):
        if isinstance(block, Heading):
            continue
        if isinstance(block, Picture):
            kept = PICTURE if room.names else SPARKS
            lines = tuple(line for line in block.lines if room.bars > 1 or line.kind in kept)
            yield replace(block, lines=lines, caption=block.caption if room.told else "")


def _guest(guest: Guest, glyphs: Glyphs, room: Room, said: str) -> Iterator[Block]:
    """What became of this guest? `said`: reasons that stand above already."""
    if room.names:
        yield Heading(f"Guest {', '.join(w for w in (guest.mac, *guest.ips[:2], vlans(guest.vlan, guest.vni)) if w)}")
    if room.names or guest.domain.verdict != "reached":
        yield Fact(
            "domain", f"{guest.domain.verdict}; both places: {guest.domain.word}", _unsaid(guest.domain.because, said)
        )
    yield from lost_between(guest)
    s = guest.switchover
    if s.bracket_ms is not None and room.names:
        yield replace(interruption(s, "bracket", glyphs), because="")
    if s.peer_outage_ms is not None:
        cut_off = interruption(s, "peer_outage", glyphs)
        yield cut_off if room.names else replace(cut_off, because="")
    yield from _peers(guest, room)
    yield from left_out(guest)
    if room.told and guest.sessions.word != "undecided":
        yield from about_sessions(guest)
    yield from _mechanisms(guest, room, said)


def _unsaid(because: str, said: str) -> str:
    return "" if because in said else because


def _peers(guest: Guest, room: Room) -> Iterator[Block]:
    """A row for each peer that suffered, the worst first; the others are counted."""
    peers = own_rows(guest)
    hurt = sorted((p for p in peers if suffered(p)), key=_severity)
    noun = "peer" if len({p.peer for p in peers}) == len(peers) else "stream"  # one peer may have any number of them
    fine = sum(p.outage_ms == 0 and not suffered(p) for p in peers)
    open_ones = [p for p in peers if p.outage_ms is None and not suffered(p)]
    limits = [p.outage_high_ms for p in open_ones if p.outage_high_ms is not None]
    unknown = [p for p in open_ones if p.outage_high_ms is None]
    counted = [f"{count_of(fine, noun)} without a gap"] if fine else []
    counted += (
        [f"{count_of(len(limits), noun)} whose gap is at most {figure_bound(max(limits), 'ms', 'most')}"]
        if limits
        else []
    )
    counted += [f"{_streams_of(unknown, noun)} whose gap is not known"] if unknown else []
    counted += _not_asking(guest)
    if hurt and room.peers:
        yield _grid(hurt[: room.peers])
        counted = [*_further(hurt[room.peers :], noun), *counted]
        if counted:
            yield Aside(f"and {', '.join(counted)}")
    elif hurt:
        named = [f"{p.peer} {p.protocol} {cut_off_for(p)}" for p in hurt[:MOST_NAMED]]
        yield Fact("peers", ", ".join([*named, *_further(hurt[MOST_NAMED:], noun), *counted]))
    elif counted:
        yield Fact("peers", ", ".join(counted))


def _not_asking(guest: Guest) -> list[str]:
    """How many short streams were not asked in while the guest moved, and of how many peers?"""
    streams, peers = sum(one.streams for one in guest.services), len({one.peer for one in guest.services})
    told = f"{count_of(streams, 'stream')} of {count_of(peers, 'peer')} in which nothing was asked then"
    return [told] if streams else []


def _streams_of(peers: Sequence[Peer], noun: str) -> str:
    """How many, and of how many peers, where each has several of them?"""
    whose = len({p.peer for p in peers})
    return count_of(len(peers), noun) + (f" of {count_of(whose, 'peer')}" if whose < len(peers) else "")


def suffered(peer: Peer) -> bool:
    """Did this peer miss anything of the guest?"""
    return peer.survived is False or bool(peer.outage_ms or peer.lost or peer.later_outage_ms)


def _severity(peer: Peer) -> tuple[bool, bool, float]:
    """Those never answered again first, then those lost later, then the longest outage."""
    return not is_gone(peer), peer.survived is not False, -max(_at_least(peer), peer.later_outage_ms or 0.0)


def _at_least(peer: Peer) -> float:
    """For how long was it cut off, ms, as far as that is known?"""
    return (peer.outage_low_ms if peer.outage_ms is None else peer.outage_ms) or 0.0


def _further(left: Sequence[Peer], noun: str) -> list[str]:
    """Peers, or streams, that suffered and have no row of their own: how many, and how many of them for good?"""
    if not left:
        return []
    never = sum(is_gone(p) for p in left)
    later = sum(p.survived is False and not is_gone(p) for p in left)
    longest = max((max(p.outage_ms or 0.0, p.later_outage_ms or 0.0) for p in left), default=0.0)
    words = [f"{never} of them never back"] if never else []
    words += [f"{later} of them lost later"] if later else []
    words += [f"at most {figure_bound(longest, 'ms', 'most')}"] if longest else []
    return [f"{count_of(len(left), f'further {noun}')} cut off" + (f" ({', '.join(words)})" if words else "")]


def _grid(peers: Sequence[Peer]) -> Grid:
    rows = tuple(
        (
            p.peer,
            p.protocol,
            p.point,
            cut_off_for(p),
            "" if p.lost is None else f"{p.lost:,}",
            survived_words(p),
            _spent_on(p),
        )
        for p in peers
    )
    names = ("peer", "protocol", "point", "cut off", "lost", "survived", "spent on")
    return Grid(names, rows, right=("cut off", "lost"))


def _spent_on(peer: Peer) -> str:
    """The two causes that took most of its outage."""
    spent: dict[str, float] = {}
    for part in peer.breakdown:
        name = part_name(part, peer)
        spent[name] = spent.get(name, 0.0) + part.ms
    longest = sorted(spent.items(), key=lambda item: -item[1])[:2]
    return ", ".join(f"{name} {figure(ms, 'ms')}" for name, ms in longest)


def _mechanisms(guest: Guest, room: Room, said: str) -> Iterator[Block]:
    """Each that failed, with why; the others by name."""
    for one in guest.mechanisms:
        if one.worked == "no":
            yield Fact("failed", one.name, _unsaid(one.because, said))
    for label, worked in (("worked", "yes"), ("undecided", "undecided")):
        names = [m.name for m in guest.mechanisms if m.worked == worked]
        if names and room.told:
            yield Fact(label, ", ".join(names))


def _where(migration: Migration, look: Look, room: Room, tells_why: bool) -> Iterator[Block | Where]:
    """Where to look for each deciding check that did not pass; its reason, where the summary tells of several."""
    bad = sorted((c for c in migration.checks if c.decides and c.outcome != "pass"), key=lambda c: c.outcome != "fail")
    shown = [where for check in bad for where in _places(check, look, room)]
    if tells_why:
        for check in bad:
            yield Fact(check.outcome, f"{check.id} {held_against_limit(check)}".rstrip(), check.because)
    if shown:
        yield Heading("Where to look")
        yield from shown


def _places(check: Check, look: Look, room: Room) -> Iterator[Where]:
    """Its evidence; a filter that lists more frames than two lines hold gives way to the first of them."""
    for proof in [one for one in check.evidence if one.frames or one.filter][: room.proofs]:
        listed = (
            f"{proof.point}, frames {frame_list(proof.frames)}{of_file(proof.file)}" if proof.frames else proof.point
        )
        for where in where_to_look(structs.replace(check, evidence=[proof])):
            if len(where.filter) > 2 * look.width:
                where = Where(listed, "")  # noqa: PLW2901
            yield Where(", ".join(w for w in (check.id, where.words) if w), where.filter)


def _odd(report: Report, told: Sequence[Migration]) -> Iterator[Block]:
    """What a reader of any figure must know of the captures."""
    unsure = [clock.point for clock in report.clocks if clock.offset_ms is None]
    if unsure:
        yield Fact("clocks", f"{', '.join(unsure)}: how they stand to the others is not known")
    if report.migrations:
        for note in report.notes[:MOST_NOTES]:
            yield Fact("note", note)
        if len(report.notes) > MOST_NOTES:
            yield Fact("", f"and {count_of(len(report.notes) - MOST_NOTES, 'further note')}")
    for one in [a for a in report.announcers if a.storm][:MOST_NOTES] if report.migrations else []:
        yield Fact("storm", f"{one.mac} at {one.point}", one.because)
    left = [m for m in report.migrations if m.verdict != "pass" and m not in told]
    if left:
        yield Fact("not shown", f"{', '.join(m.id for m in left[:12])}: {count_of(len(left), 'migration')} not passed")
