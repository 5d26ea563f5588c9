"""Reading again for what did not fit: the frames of the guests that moved, around the time they did."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.fragments import PATIENCE_NS, WholeWalker
from vmpcap.decode.frames import Frames
from vmpcap.measures.journal import Journal, JournalColumns, empty_journal
from vmpcap.measures.kernels.whose import mark_whose
from vmpcap.migration.guest.switchover import find_moment
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.stories import Told
from vmpcap.migration.views import PointView
from vmpcap.readers.interfaces import is_of
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.sources import open_capture
from vmpcap.runs.point import JOURNAL_ROWS, PointRead
from vmpcap.runs.requests import Request, number_of_file
from vmpcap.terms.arrays import doorway
from vmpcap.terms.beside import Begun, Beside
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

ALWAYS: Final[Windows] = ((np.iinfo(np.int64).min, np.iinfo(np.int64).max),)


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
    guests' or near to a switchover; only what came after it is walked.
    """
    look = _Look(view, guests, request, PATIENCE_NS if point.has_parts else 0)
    first_new = point.journal.first_left_out_frame or 0
    look.take_over(point.journal)
    walker = WholeWalker(DEFAULT_BATCH_RECORDS, request.decode_as)
    beside = Beside(len(os.sched_getaffinity(0)) > 1)
    try:
        for number, path in enumerate(point.files.files[point.full_in :]):
            before = with_file(number_of_file(request, point.files, path), 0)
            known = first_new - before if number == 0 else 0
            with (
                open_capture(
                    path, batch_records=DEFAULT_BATCH_RECORDS, max_bytes=request.max_unpacked_bytes
                ) as capture,
                closing(beside.ahead(capture.batches())) as batches,
            ):
                begun: Begun[None] | None = None
                for batch in batches:
                    if not look.may_want(batch, known):
                        continue
                    _, frames = walker.walk(batch)
                    if begun is not None:
                        begun.made()  # the batch before, beside this walk
                    own = point.files.interfaces
                    chosen = is_of(batch.interface, capture.interfaces, own) if own else None
                    begun = beside.begin(partial(look.take, before, batch.first_frame, frames, known, chosen))
                if begun is not None:
                    begun.made()
    finally:
        beside.end()
    return look.journal.columns(), not look.journal.overflowed


class _Look:
    """The journal of a second look, and how wide the look is: as wide as there is room for."""

    def __init__(self, view: PointView, guests: Guests, request: Request, patience_ns: int) -> None:
        """`patience_ns`: how long before a packet is whole its parts may have come."""
        self.journal = Journal(JOURNAL_ROWS)
        self._view, self._guests, self._request, self._patience_ns = view, guests, request, patience_ns
        self._share = 1.0
        self._windows = windows_around(view, guests, request, self._share)
        self._left_out_ts: int | None = None

    def take_over(self, first: Journal) -> None:
        """What the first pass kept, as far as it is the guests' or near to a switchover."""
        self._left_out_ts = first.first_left_out_ts
        known = first.columns()
        wanted = wanted_rows(known, self._guests, self._windows)
        moments = [on_point(self._view, moment) for _, moment in self._guests]
        wanted[_nearest(known.ts_ns, np.flatnonzero(~wanted), moments, int(CONTEXT_SHARE * JOURNAL_ROWS))] = True
        del known
        self.journal.take_over(first, wanted)

    def may_want(self, batch: RecordBatch, known: int) -> bool:
        """
        Is any frame of this batch wanted, or a part of a packet that is?

        Of what lies before frame `known`, all of which the first pass kept, only parts of later packets can be.
        """
        windows = [(begin - self._patience_ns, end + self._patience_ns) for begin, end in self._windows]
        if known > batch.first_frame + len(batch.ts_ns):
            if not self._patience_ns:
                return False
            if self._left_out_ts is not None:
                windows = [(max(begin, self._left_out_ts - self._patience_ns), end) for begin, end in windows]
        return bool(_in_windows(batch.ts_ns, windows).any())

    def take(self, before: int, first_frame: int, frames: Frames, known: int, chosen: Bools | None) -> None:
        """Keep what is wanted of these frames: of the chosen ones, but for those before frame `known`."""
        rows = wanted_rows(frames, self._guests, self._windows)
        if chosen is not None:
            rows &= chosen
        rows[: max(known - first_frame, 0)] = False
        journal = self.journal
        while journal.kept + np.count_nonzero(rows) > journal.budget and self._share > LEAST_SHARE:
            self._share = max(LEAST_SHARE, NARROWER * self._share)
            self._windows = windows_around(self._view, self._guests, self._request, self._share)
            held = journal.columns()
            journal.keep_only(wanted_rows(held, self._guests, self._windows) | ~wanted_rows(held, self._guests, ALWAYS))
            del held
            rows &= _in_windows(frames.ts_ns, self._windows)
        if rows.any():
            journal.keep(before + first_frame, frames, rows)


def _nearest(ts: npt.NDArray[np.int64], rows: npt.NDArray[np.intp], moments: Sequence[int], most: int) -> Any:
    """Which of these rows, at most so many, are nearest to one of these moments?"""
    if len(rows) <= most:
        return rows
    away = np.full(len(rows), np.iinfo(np.int64).max)
    for moment in moments:
        np.minimum(away, np.abs(ts[rows] - moment), out=away)
    return rows[np.argpartition(away, most)[:most]]


def windows_around(view: PointView, guests: Guests, request: Request, share: float) -> Windows:
    """From when to when, on the point's clock, are the guests' frames wanted? This share of the usual, as asked for."""
    since = request.since_ns if request.since_ns is not None else np.iinfo(np.int64).min
    until = request.until_ns if request.until_ns is not None else np.iinfo(np.int64).max
    moments = [on_point(view, moment) for _, moment in guests]
    return [(max(since, at - int(share * BEFORE_NS)), min(until, at + int(share * AFTER_NS))) for at in moments]


def wanted_rows(rows: Frames | JournalColumns, guests: Guests, windows: Windows) -> Bools:
    """Which frames are of one of the guests, near enough to a switchover?"""
    stations = [guest for guest, _ in guests]
    addresses = [half for guest in stations for ip in guest.ips for half in ip]
    found = np.empty(len(rows.ts_ns), np.bool_)
    columns = (rows.ts_ns, rows.eth_src, rows.eth_dst, rows.src_high, rows.src_low, rows.dst_high, rows.dst_low)
    asked = (
        np.array([guest.mac for guest in stations], np.uint64),
        np.array(addresses, np.uint64).reshape(-1, 2),
        np.array(windows, np.int64).reshape(-1, 2),
    )
    given: Any = (*(doorway(column, column.dtype) for column in (*columns, *asked)), found)
    mark_whose(*given)
    return found


def _in_windows(ts: npt.NDArray[np.int64], windows: Windows) -> Bools:
    near = np.zeros(len(ts), np.bool_)
    for since, until in windows:
        near |= (ts >= since) & (ts <= until)
    return near
