"""A place where nothing comes once the guest has fallen silent: its capture seems to end with the last word."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_S

SENT_ELSEWHERE: Final = ("gateway", "domain:source", "wan", "client")
LEAST_WAITED_NS: Final = 2 * NS_PER_S
"""A machine asks three times, a second apart, and then is silent (RFC 1122 2.3.2.1): the first two were in vain."""
LEAST_FOR_IT: Final = 3
LEAST_WANTED_NS: Final = 3 * NS_PER_S
"""So many packets for it, over so long, pass another point meanwhile, and nothing of it does."""


def is_dead_end(view: PointView, guest: Moved, moment: int, asked: Sequence[int], views: Sequence[PointView]) -> bool:
    """
    Does this point show the guest asking in vain to its last frame, while others go on without a word of it?

    Behind a port group that leads nowhere no frame of anybody else comes, so that the view ends when the guest gives
    up. That its peers' packets went on elsewhere meanwhile, and none came here, shows that they do not reach it.

    Parameters
    ----------
    asked : when it asked by ARP, on the point's clock
    """
    if guest.mac == NO_MAC or not asked or max(asked) - min(asked) < LEAST_WAITED_NS:
        return False
    j, rows, when, mac = view.journal, view.arps, on_point(view, moment), np.uint64(guest.mac)
    if ((j.eth_src != mac) & (j.ts_ns > when)).any() or ((rows.eth_src != mac) & (rows.ts_ns > when)).any():
        return False
    return any(_is_wanted(other, guest, moment) for other in views if other.role in SENT_ELSEWHERE)


def _is_wanted(view: PointView, guest: Moved, moment: int) -> bool:
    """Do packets for the guest go on at this point since it moved, and does nothing of it pass there?"""
    frames, ts, when = frames_of(view, guest), view.journal.ts_ns, on_point(view, moment)
    wanted = ts[frames.asked][ts[frames.asked] > when]
    is_silent = view.journal_complete and not (ts[frames.sent] > when).any()
    return is_silent and len(wanted) >= LEAST_FOR_IT and int(wanted[-1] - wanted[0]) >= LEAST_WANTED_NS
