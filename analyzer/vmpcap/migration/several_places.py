"""Whether a capture shows a guest's frames at more than one place: then it does not tell where an announcement was."""

from typing import Final

import numpy as np

from vmpcap.measures.copies import is_first_copy
from vmpcap.migration.guests import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import count_of

LEAST_SHARE: Final = 0.05
"""Share of a guest's packets that are there more than once from which on a capture is of several places."""


def why_several(view: PointView, guest: Moved) -> str:
    """
    What says that this capture holds what passed several places? Empty where nothing does.

    Merged files, and mirrors of several ports, show the guest's packets more than once. An announcement in them may
    have been at the host's own bridge only, and an answer may have been to a question that came another way.
    """
    asked = ("why_several", guest.mac, *guest.ips)
    if asked not in view.found:
        view.found[asked] = _why(view, guest)
    found: str = view.found[asked]
    return found


def _why(view: PointView, guest: Moved) -> str:
    frames = frames_of(view, guest)
    rows = np.concatenate((frames.sent_ip, frames.asked))
    rows = rows[np.argsort(view.journal.ts_ns[rows], kind="stable")]
    copies = len(rows) - int(is_first_copy(view.journal, rows).sum())
    if not copies or copies < LEAST_SHARE * len(rows):
        return ""
    return (
        f"{count_of(copies, 'packet')} of the guest stand there more than once: the capture holds what passed several"
        " places, and at which of them the announcement was is not told"
    )
