"""Packets for the guest in LISP data: from which router to which locator each went (domain notes 4.8)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.carriers import CarrierRows
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.overlays import ends_of
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Carried:
    """One packet for the guest in LISP data, and to which locator; its time on the reference clock."""

    ts: int
    view: PointView
    frame: int
    locator: str
    row: int
    """Of the journal of its point."""
    instance: int
    """Which tenant's network it is in: 0 without a number (RFC 9300 5.3)."""
    sender: str = ""
    """Which router carried it there."""

    @property
    def way(self) -> tuple[str, str]:
        """Who sent it, as seen where: its packets go by one map cache."""
        return self.view.name, self.sender


def packets_for(case: Case, instance: int) -> list[Carried]:
    """
    To which locators did packets for the guest go since the switchover, at every point that saw them, by time?

    Of its instance alone, where any are: a number that only the registration has, or only the data, tells no other.
    """
    found = [
        Carried(
            on_reference(view, int(j.ts_ns[row])), view, int(j.frame[row]), to, row, max(int(j.vni[row]), 0), sender
        )
        for view, places in in_lisp(case, case.moment)
        for j in (view.journal,)
        for row, (sender, to) in places.items()
    ]
    same = [one for one in found if one.instance == instance]
    either = [one for one in found if 0 in (instance, one.instance)]
    return sorted(same or either, key=lambda one: one.ts)


def in_lisp(case: Case, begin: int | None) -> Iterator[tuple[PointView, dict[int, tuple[str, str]]]]:
    """
    Which packets for the guest were in LISP data, from which router to which locator? By point, rows of its journal.

    Between the same two stations, and without an instance the same two machines, a change of the outer addresses is
    kept; the last before a packet is the packet's.
    """
    for view in case.views:
        j, rows = view.journal, view.carriers.rows()
        asked = frames_of(view, case.guest).asked
        asked = asked if begin is None else asked[j.ts_ns[asked] >= on_point(view, begin)]
        is_lisp = is_carried_by(rows, SHELLS["lisp"].steps)
        if view.carriers.left_out or not len(asked) or not is_lisp.any():
            continue
        known = _by_pair(rows, np.arange(len(rows.frame)))
        found: dict[int, tuple[str, str]] = {}
        for pair, mine in _by_pair(j, asked).items():
            changes = known.get(pair)
            if changes is None:
                continue
            at = np.searchsorted(rows.frame[changes], j.frame[mine], side="right") - 1
            for row, place in zip(mine.tolist(), at.tolist(), strict=True):
                if place >= 0 and is_lisp[changes[place]]:
                    found[row] = ends_of(rows.outer[changes[place]])
        yield view, found


def _by_pair(columns: CarrierRows | JournalColumns, rows: I64) -> dict[tuple[int, ...], I64]:
    """Which of these rows are between which stations, in which instance; without one, of which machines?"""
    bare = columns.vni[rows] < 0
    names = ("eth_src", "eth_dst", "src_low", "dst_low")
    keys = [getattr(columns, name)[rows] for name in names]
    keys = [*keys[:2], np.where(bare, -1, columns.vni[rows]), *(np.where(bare, key, np.uint64(0)) for key in keys[2:])]
    found: dict[tuple[int, ...], list[int]] = {}
    for row, key in zip(rows.tolist(), zip(*(key.tolist() for key in keys), strict=True), strict=True):
        found.setdefault(key, []).append(row)
    return {key: np.array(mine, np.int64) for key, mine in found.items()}
