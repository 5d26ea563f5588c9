"""Reading again for what did not fit: the frames of the guests that moved, around the time they did."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.fragments import PATIENCE_NS, WholeWalker
from vmpcap.decode.frames import Frames
from vmpcap.measures.journal import Journal, JournalColumns, empty_journal
from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.story import Told
from vmpcap.migration.switchover import find_moment
from vmpcap.migration.views import PointView
from vmpcap.readers.interfaces import is_of
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.sources import open_capture
from vmpcap.runs.point import JOURNAL_ROWS, PointRead
from vmpcap.runs.requests import Request, number_of_file
from vmpcap.terms.files import is_on_disk
from vmpcap.terms.frame_numbers import with_file
from vmpcap.terms.units import NS_PER_S

Bools = npt.NDArray[np.bool_]
Guests = Sequence[tuple[Moved, int]]
"""Each guest with the moment of its switchover on the reference clock."""
Windows = Sequence[tuple[int, int]]
"""Stretches of time on a point's own clock, both ends included."""

BEFORE_NS: Final = 30 * NS_PER_S
AFTER_NS: Final = 90 * NS_PER_S
"""How far around a switchover the guest's frames are looked for, where they fit into the journal."""

LEAST_SHARE: Final = 1 / 15
"""The look is never narrower than this share of it: 2 s before, 6 s after."""

CONTEXT_SHARE: Final = 1 / 3
"""Of the room, for frames of others and of other times, as far as the first pass kept them: those nearest to a move."""

NARROWER: Final = 0.8
"""To what part of itself the look shrinks where there is no more room."""


def guests_in(told: Told) -> Guests:
    """Who moved, and when? Nothing in it keeps the views alive that it was told from."""
    return [
        (replace(guest.moved, heard=()), find_moment(story.move, guest.moved))
        for story in told.stories
        for guest in story.guests
    ]


def look_again(points: Sequence[PointRead], views: list[PointView], guests: Guests, request: Request) -> None:
    """
    Complete the guests' frames in those views whose input can be read a second time.

    Standard input and pipes cannot: their view stays as it is and is marked as incomplete.

    Notes
    -----
    The journals of the points are used up; callers hold no other view of them.
    """
    for number, point in enumerate(points):
        if guests and point.journal.overflowed and all(map(is_on_disk, point.files.files)):
            views[number] = replace(views[number], journal=empty_journal())
            journal, is_complete = _look(point, views[number], guests, request)
            views[number] = replace(views[number], journal=journal, journal_complete=is_complete)


def _look(point: PointRead, view: PointView, guests: Guests, request: Request) -> tuple[JournalColumns, bool]:
    """
    The point's journal with all frames of the guests, as far around their switchovers as there is room for.

    And whether there was room enough for all that were wanted. What the first pass kept stays, as far as it is the
    guests' or near to a switchover; only what came after it is read.
    """
    journal, share = Journal(JOURNAL_ROWS), 1.0
    windows = windows_around(view, guests, request, share)
    known = point.journal.columns()
    first_new = point.journal.first_left_out_frame or 0
    wanted = _of_guests(known, guests) & _in_windows(known.ts_ns, windows)
    moments = [on_point(view, moment) for _, moment in guests]
    wanted[_nearest(known.ts_ns, np.flatnonzero(~wanted), moments, int(CONTEXT_SHARE * JOURNAL_ROWS))] = True
    del known
    journal.take_over(point.journal, wanted)
    walker = WholeWalker(DEFAULT_BATCH_RECORDS, request.decode_as)
    for number, path in enumerate(point.files.files[point.full_in :]):
        before = with_file(number_of_file(request, point.files, path), 0)
        with open_capture(path, batch_records=DEFAULT_BATCH_RECORDS, max_bytes=request.max_unpacked_bytes) as capture:
            for batch in capture.batches():
                if not _in_windows(batch.ts_ns, _with_parts(windows)).any():
                    continue
                _, frames = walker.walk(batch)
                rows = wanted_rows(frames, guests, windows)
                if point.files.interfaces:
                    rows &= is_of(batch.interface, capture.interfaces, point.files.interfaces)
                if number == 0:
                    rows[: max(first_new - before - batch.first_frame, 0)] = False
                while journal.kept + np.count_nonzero(rows) > journal.budget and share > LEAST_SHARE:
                    share = max(LEAST_SHARE, NARROWER * share)
                    windows = windows_around(view, guests, request, share)
                    held = journal.columns()
                    journal.keep_only(_in_windows(held.ts_ns, windows) | ~_of_guests(held, guests))
                    del held
                    rows &= _in_windows(frames.ts_ns, windows)
                if rows.any():
                    journal.keep(before + batch.first_frame, frames, rows)
    return journal.columns(), not journal.overflowed


def _nearest(ts: npt.NDArray[np.int64], rows: npt.NDArray[np.intp], moments: Sequence[int], most: int) -> Any:
    """Which of these rows, at most so many, are nearest to one of these moments?"""
    if len(rows) <= most:
        return rows
    away = np.full(len(rows), np.iinfo(np.int64).max)
    for moment in moments:
        np.minimum(away, np.abs(ts[rows] - moment), out=away)
    return rows[np.argpartition(away, most)[:most]]


def _with_parts(windows: Windows) -> Windows:
    """Where may the parts lie of packets that lie in these windows?"""
    return [(since - PATIENCE_NS, until + PATIENCE_NS) for since, until in windows]


def windows_around(view: PointView, guests: Guests, request: Request, share: float) -> Windows:
    """From when to when, on the point's clock, are the guests' frames wanted? This share of the usual, as asked for."""
    since = request.since_ns if request.since_ns is not None else np.iinfo(np.int64).min
    until = request.until_ns if request.until_ns is not None else np.iinfo(np.int64).max
    moments = [on_point(view, moment) for _, moment in guests]
    return [(max(since, at - int(share * BEFORE_NS)), min(until, at + int(share * AFTER_NS))) for at in moments]


def wanted_rows(frames: Frames, guests: Guests, windows: Windows) -> Bools:
    """Which frames are of one of the guests, near enough to a switchover?"""
    near = _in_windows(frames.ts_ns, windows)
    return near & _of_guests(frames, guests) if near.any() else near


def _in_windows(ts: npt.NDArray[np.int64], windows: Windows) -> Bools:
    near = np.zeros(len(ts), np.bool_)
    for since, until in windows:
        near |= (ts >= since) & (ts <= until)
    return near


def _of_guests(rows: Frames | JournalColumns, guests: Guests) -> Bools:
    mine = np.zeros(len(rows.ts_ns), np.bool_)
    for guest, _ in guests:
        mac = np.uint64(guest.mac)
        mine |= (rows.eth_src == mac) | (rows.eth_dst == mac)
        for high, low in guest.ips:
            mine |= (rows.src_high == np.uint64(high)) & (rows.src_low == np.uint64(low))
            mine |= (rows.dst_high == np.uint64(high)) & (rows.dst_low == np.uint64(low))
    return mine
