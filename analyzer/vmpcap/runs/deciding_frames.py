"""Frames for the deciding checks whose answer is a figure of many packets, or that something was not seen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import repeat
from typing import Final, NamedTuple

from vmpcap.migration.stream.transfers import Link
from vmpcap.report.clean import clean
from vmpcap.report.document import Migration
from vmpcap.report.proof_frames import Proof, check_words
from vmpcap.report.words import figure
from vmpcap.runs.packets import PacketRows
from vmpcap.runs.pipeline import Analysis
from vmpcap.runs.requests import PointFiles, Request, numbered_files
from vmpcap.terms.frame_numbers import parted

HANDSHAKE_FRAMES: Final = 3


class Stream(NamedTuple):
    """One migration, and where its main connection begins."""

    migration: Migration
    link: Link
    point: str
    request: Request
    points: tuple[PointFiles, ...]
    """As they were read: pieces of one capture joined to one point."""


class Shown(NamedTuple):
    """A frame, and what it is to a check."""

    point: str
    frame: int
    words: str
    file: str | None = None
    """The file that numbers it, where the point has several."""


def deciding_proofs(analysis: Analysis, request: Request) -> Iterator[Proof]:
    """
    Which frames stand for each deciding check that names none itself? None where none could.

    A goodput is a figure of all frames between two, a round trip of thousands, a missing announcement of none: what is
    shown bounds it, or is the nearest to it. All outcomes alike.
    """
    for migration, story in zip(analysis.report.migrations, analysis.told.stories, strict=True):
        if not story.has_stream:
            continue
        link = max(story.move.best.transfer.links, key=lambda link: link.data.payload_bytes)
        stream = Stream(migration, link, story.point, request, tuple(point.files for point in analysis.points))
        for check in migration.checks:
            if check.decides and not any(evidence.frames for evidence in check.evidence):
                said = check_words(migration, check)
                for shown in STANDING_IN.get(check.id, _nothing)(stream):
                    yield Proof(shown.point, shown.frame, f"{said}; {shown.words}", shown.file)


def headline(analysis: Analysis) -> str:
    """The verdict, and each deciding check that did not pass, a line each."""
    report = analysis.report
    lines = [f"carved by vmpcap: {report.verdict}: {report.because}"]
    for m in report.migrations:
        lines += [check_words(m, check) for check in m.checks if check.decides and check.outcome != "pass"]
    return "\n".join(map(clean, lines))


def _nothing(_: Stream) -> Iterator[Shown]:
    return iter(())


def _ends(stream: Stream) -> Iterator[Shown]:
    """The first and the last frame of the stream's data."""
    limits, of = stream.migration.throughput.limits, stream.link.connection
    first = next(((one.from_frame, one.from_file) for one in limits if one.from_frame is not None), None)
    last = next(((one.to_frame, one.to_file) for one in reversed(limits) if one.to_frame is not None), None)
    frame, file = first or _place(stream, of.first_frame)
    yield Shown(stream.point, frame, "measured over all of the stream from here on", file)
    frame, file = last or _place(stream, of.last_frame)
    yield Shown(stream.point, frame, "measured over all of the stream up to here", file)


def _place(stream: Stream, number: int) -> tuple[int, str | None]:
    """The frame as its file numbers it, and the file where the point has several."""
    file, frame = parted(number)
    return frame, numbered_files(stream.points)[file - 1] if file else None


def _handshake(stream: Stream) -> Iterator[Shown]:
    """The packets that opened the main connection: their round trip is on an idle path, and Wireshark shows it."""
    took = stream.link.connection.handshake_ns
    if took is None:
        yield from _ends(stream)
        return
    words = f"the handshake, with a round trip of {figure(took / 1e6, 'ms')}"
    first, file = _place(stream, stream.link.connection.first_frame)
    for frame in _first_frames(stream, first, file):
        yield Shown(stream.point, frame, words, file)


def _first_frames(stream: Stream, first: int, file: str | None) -> list[int]:
    """The main connection's first frames, in the file in which it begins."""
    import polars as pl

    of = stream.link.connection
    points = tuple(
        replace(point, files=point.files if file is None else (file,))
        for point in stream.points
        if point.name == stream.point
    )
    rows = PacketRows(replace(stream.request, points=points)).lazy()
    there = (pl.col("src_port") == of.a_port) & (pl.col("dst_port") == of.b_port) & (pl.col("ip_src") == of.a_ip)
    back = (pl.col("src_port") == of.b_port) & (pl.col("dst_port") == of.a_port) & (pl.col("ip_src") == of.b_ip)
    mine = (pl.col("frame") >= first) & (there | back)
    found: list[int] = rows.filter(mine).select("frame").head(HANDSHAKE_FRAMES).collect()["frame"].to_list()
    return found


def _announcements(stream: Stream) -> Iterator[Shown]:
    """The guests' announcements wherever they were seen; where nowhere, the guest's first sign at its new place."""
    is_seen = False
    for guest in stream.migration.guests:
        for point, heard in guest.announcements.by_point.items():
            words = f"an announcement of {guest.mac} at {point}: {heard.because or heard.reached}"
            for frame, file in zip(heard.frames, heard.files or repeat(None), strict=False):
                is_seen = True
                yield Shown(point, frame, words, file)
    for guest in stream.migration.guests if not is_seen else ():
        for bracket in (guest.switchover.guest_silence, guest.switchover.bracket):
            if bracket.to_point is not None and bracket.to_frame is not None:
                words = f"no announcement of {guest.mac} is in view; it shows here"
                yield Shown(bracket.to_point, bracket.to_frame, words, bracket.to_file)
                break


STANDING_IN: Final[Mapping[str, Callable[[Stream], Iterator[Shown]]]] = {
    "throughput": _ends,
    "rtt": _handshake,
    "announcement_reached_destination": _announcements,
}
"""What is shown for a check that names no frame."""
