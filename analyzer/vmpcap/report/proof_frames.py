"""Which frames do the findings of a report rest on, and what does each of them prove?"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, NamedTuple

from vmpcap.migration.results import Bracket, Guest, Mechanism, Peer, PointAnnouncements
from vmpcap.report.document import Migration, Report
from vmpcap.report.interruptions import INTERRUPTIONS, UPPER_BOUNDS, length_of
from vmpcap.report.words import held_against_limit
from vmpcap.verdicts.findings import Check

BRACKET: Final = "bracket of the switchover"
"""Among findings `switchover` is the check, which holds against its limit what peers felt, where they are in view."""


class Proof(NamedTuple):
    """One frame of one capture point, and what it is shown for."""

    point: str
    frame: int
    words: str
    file: str | None = None
    """The file that numbers it, where the point has several."""


def proof_frames(report: Report) -> Iterator[Proof]:
    """
    Every frame that the report names, once for everything that it is named for.

    Checks first, then what bounds the guests' interruptions, their announcements, their peers' gaps and the parts of
    these, every mechanism's own frames (the control protocols among them), and the ends of each interval in which
    something limited the stream.
    """
    for migration in report.migrations:
        yield from _of_checks(migration)
        yield from _of_mechanisms(f"{migration.id}: ", migration.mechanisms)
        for guest in migration.guests:
            yield from _of_guest(migration, guest)
        for one in migration.throughput.limits:
            words = f"{migration.id}: limited by {one.limit}: {one.because}"
            for frame, file in ((one.from_frame, one.from_file), (one.to_frame, one.to_file)):
                if frame is not None:
                    yield Proof(migration.point, frame, words, file)
    yield from _of_mechanisms("", report.mechanisms)


def _of_checks(m: Migration) -> Iterator[Proof]:
    for check in m.checks:
        words = check_words(m, check)
        for shown in check.evidence:
            for frame in shown.frames:
                yield Proof(shown.point, frame, words, shown.file)


def check_words(m: Migration, check: Check) -> str:
    """What does this check say, in one line?"""
    held = held_against_limit(check)
    return f"{m.id}: {check.id} {check.outcome}{f', {held}' if held else ''}: {check.because}"


def _of_guest(m: Migration, guest: Guest) -> Iterator[Proof]:
    for name, label in (INTERRUPTIONS | {"bracket": BRACKET}).items():
        bracket: Bracket = getattr(guest.switchover, name)
        value = length_of(guest.switchover, name)
        length = "" if value is None else f" {'at most ' if name in UPPER_BOUNDS else ''}{value:.3f} ms"
        ends = (
            ("begins", bracket.from_point, bracket.from_frame, bracket.from_file),
            ("ends", bracket.to_point, bracket.to_frame, bracket.to_file),
        )
        for side, point, frame, file in ends:
            if point is not None and frame is not None:
                yield Proof(point, frame, f"{m.id}: {label}{length} {side} here: {bracket.because}", file)
    for point, heard in guest.announcements.by_point.items():
        for (frame, file), kind in zip(_places(heard), heard.frame_kinds, strict=False):
            yield Proof(point, frame, f"{m.id}: {kind} of {guest.mac} passes {point}", file)
    for peer in guest.peers:
        for frame, file in _places(peer):
            yield Proof(peer.point, frame, f"{m.id}: {peer.peer} {peer.protocol}: {peer.because}", file)
        for part in peer.breakdown:
            words = f"{m.id}: {peer.peer} {peer.protocol}: {part.ms:.0f} ms {part.part}: {part.because}"
            yield Proof(part.from_point, part.from_frame, words, part.from_file)
            if part.to_frame is not None:
                yield Proof(part.to_point, part.to_frame, words, part.to_file)
    yield from _of_mechanisms(f"{m.id}: ", guest.mechanisms)


def _places(named: PointAnnouncements | Peer) -> Iterable[tuple[int, str | None]]:
    """Each of its frames with the file that numbers it, where the point has several."""
    return zip(named.frames, named.files or repeat(None), strict=False)


def _of_mechanisms(of: str, rows: Sequence[Mechanism]) -> Iterator[Proof]:
    """The frames of each row: of one that failed, and of one that did its part, too."""
    for row in rows:
        for shown in row.evidence:
            for frame in shown.frames:
                words = f"{of}mechanism {row.name}, worked: {row.worked}: {row.because}"
                yield Proof(shown.point, frame, words, shown.file)
