"""Which frames of one point passed another one as well: the same frame, at the same time."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import all_on_clock_of, clock_doubt
from vmpcap.migration.moved import on_point
from vmpcap.migration.packets.conflicts import SAME_FRAME_NS
from vmpcap.migration.views import PointView
from vmpcap.terms.arrays import MIXER

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

NAMED_BY: Final = (
    "eth_src",
    "eth_dst",
    "ethertype",
    "ip_id",
    "ip_protocol",
    "src_low",
    "dst_low",
    "src_port",
    "dst_port",
    "payload_bytes",
    "icmp_seq",
    "tcp_seq",
    "tcp_ack",
)
"""Columns of the journal that no bridge changes. Tags and tunnels may differ."""
LEAST_COMMON: Final = 3
"""So many frames that both points saw tell how their clocks stand: one or two may be alike by chance."""


def crossed(here: PointView, there: PointView, rows: I64, moment: int) -> Bools | None:
    """
    Which of these frames did the other point see as well? None where nothing tells how the two clocks stand.

    Parameters
    ----------
    rows : int64[n], of the journal of `here`
    moment : on the reference clock; how well the clocks agree is asked for then

    Notes
    -----
    Same addresses, numbers and size within SAME_FRAME_NS and what the clocks may be off. Two frames of one machine that
    are alike in all of that (two ARPs for one address) count as one: leans to "it crossed".
    """
    shift = clock_shift(here, there, moment)
    if shift is None:
        return None
    if not len(rows) or not there.journal.rows:
        return np.zeros(len(rows), np.bool_)
    names, inverse = np.unique(np.concatenate([names_of(here)[rows], names_of(there)]), return_inverse=True)
    ours, theirs = shift.of(here.journal.ts_ns[rows]), there.journal.ts_ns
    first, last = min(int(ours.min()), int(theirs.min())), max(int(ours.max()), int(theirs.max()))
    near = SAME_FRAME_NS + shift.doubt_ns
    # one number for name and time, in whatever unit leaves room for both
    unit = max(1, len(names) * (last - first + 4 * near) // 2**62 + 1)
    near, span = near // unit + 1, (last - first) // unit + 4 * (near // unit + 1)
    places = np.sort(inverse[len(rows) :].astype(np.int64) * span + (theirs - first) // unit)
    wanted = inverse[: len(rows)].astype(np.int64) * span + (ours - first) // unit
    after: I64 = np.searchsorted(places, wanted - near)
    found = places[np.minimum(after, len(places) - 1)]
    same: Bools = (after < len(places)) & (found <= wanted + near)
    return same


@dataclass(frozen=True, slots=True)
class Shift:
    """How times of one point are told by another's clock, and how far that may be off."""

    here: PointView
    there: PointView
    ns: int | None
    """What to add; None where it is known at each time by itself."""
    doubt_ns: int

    def of(self, ts: I64) -> I64:
        """When were these, by the other's clock?"""
        return all_on_clock_of(self.there, self.here, ts) if self.ns is None else ts + self.ns


def clock_shift(here: PointView, there: PointView, moment: int) -> Shift | None:
    """
    How do these clocks stand to each other around the moment, well enough to know a frame again?

    Where no exchange bounds it, as between points that saw frames of one direction only, by frames that stand once at
    each: LEAST_COMMON of them must agree within SAME_FRAME_NS.
    """
    when = on_point(here, moment)
    doubt = clock_doubt(here, when, there)
    if doubt is not None:
        return Shift(here, there, None, doubt)
    (ours, at), (theirs, then) = _unique(here), _unique(there)
    _, i, j = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    apart = there.journal.ts_ns[then[j]] - here.journal.ts_ns[at[i]]
    if len(apart) < LEAST_COMMON:
        return None
    middle = int(np.median(apart))
    agree = np.count_nonzero(np.abs(apart - middle) <= SAME_FRAME_NS)
    return Shift(here, there, middle, 0) if agree >= max(LEAST_COMMON, len(apart) // 2 + 1) else None


def _unique(view: PointView) -> tuple[U64, I64]:
    """The names that stand once at this point, and where."""
    names, first, counts = np.unique(names_of(view), return_index=True, return_counts=True)
    return names[counts == 1], first[counts == 1]


def names_of(view: PointView) -> U64:
    """One number for each frame, uint64[n]: the same at each point that it passes."""
    if "frame_names" not in view.found:
        view.found["frame_names"] = _name(view.journal, slice(None))
    names: U64 = view.found["frame_names"]
    return names


def names_at(view: PointView, rows: I64) -> U64:
    """The same of these rows only: all are not named for a few."""
    return names_of(view)[rows] if "frame_names" in view.found else _name(view.journal, rows)


def _name(journal: JournalColumns, rows: I64 | slice) -> U64:
    names = np.zeros(len(journal.frame[rows]), np.uint64)
    for column in NAMED_BY:
        names ^= getattr(journal, column)[rows].astype(np.uint64, copy=False)
        names *= MIXER
        names ^= names >> np.uint64(31)
    return names
