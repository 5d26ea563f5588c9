"""Whether a capture shows a guest's frames at more than one place: then it does not tell where an announcement was."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.crossings import names_of
from vmpcap.migration.sightings import frames_of, likeness_at
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_US, count_of

I64 = npt.NDArray[np.int64]

LEAST_SHARE: Final = 0.05
"""Share of a guest's packets that are there more than once from which on a capture is of several places."""

AT_ONCE_NS: Final = 200 * NS_PER_US
"""A switch shows both directions of a port within this; the way to another one, or through a router, takes longer."""

MOSTLY: Final = 0.95
"""A mirror that is under load leaves some frames out."""


def why_several(view: PointView, guest: Moved) -> str:
    """
    What says that this capture holds what passed several places? Empty where nothing does.

    Merged files, and mirrors of several ports, show the guest's packets more than once. An announcement in them may
    have been at the host's own bridge only, and an answer may have been to a question that came another way. Not where
    each packet stands there equally often, one right after the other, and each announcement too: a mirror of both
    directions of one port, or of ports of one switch that all saw it.
    """
    series = guest.series_at(view)
    asked = ("why_several", guest.mac, *guest.ips, series.frames if series is not None else ())
    if asked not in view.found:
        view.found[asked] = _why(view, guest)
    found: str = view.found[asked]
    return found


def _why(view: PointView, guest: Moved) -> str:
    frames = frames_of(view, guest)
    rows = np.concatenate((frames.sent_ip, frames.asked))
    rows = rows[np.argsort(view.journal.ts_ns[rows], kind="stable")]
    copies = len(rows) - int(is_first_copy(view.journal, rows, likeness_at(view)).sum())
    if not copies or copies < LEAST_SHARE * len(rows) or _is_of_one_switch(view, guest, rows):
        return ""
    return (
        f"{count_of(copies, 'packet')} of the guest stand there more than once: the capture holds what passed several"
        " places, and at which of them the announcement was is not told"
    )


def _is_of_one_switch(view: PointView, guest: Moved, rows: I64) -> bool:
    """Does every packet stand there equally often, at once and from one place, and every announcement as well?"""
    j, series = view.journal, guest.series_at(view)
    how_often = _at_once(view, rows)
    times = int(np.median(how_often))
    to_all = _at_once(view, np.flatnonzero((j.eth_dst & GROUP_BIT) != 0))  # unicast passes two of three merged places
    if (
        times < 2
        or series is None
        or any(np.count_nonzero(found == times) < MOSTLY * len(found) for found in (how_often, to_all))
    ):
        return False
    names, sent = names_of(view), frames_of(view, guest).sent
    for frame, ts in zip(series.frames, series.times, strict=True):
        near = sent[np.abs(j.ts_ns[sent] - ts) <= AT_ONCE_NS]
        own = names[near[j.frame[near] == frame]]
        if not len(own) or np.count_nonzero(names[near] == own[0]) != times:
            return False
    return True


def _at_once(view: PointView, rows: I64) -> I64:
    """How often does each packet stand there at once, alike in its TTL too? One number for each packet."""
    j, names = view.journal, names_of(view)
    order = rows[np.lexsort((j.ts_ns[rows], names[rows]))]
    alike = (names[order][1:] == names[order][:-1]) & (j.ttl[order][1:] == j.ttl[order][:-1])
    begins = np.flatnonzero(np.concatenate(([True], ~(alike & (np.diff(j.ts_ns[order]) <= AT_ONCE_NS)))))
    return np.diff(np.append(begins, len(order)))
