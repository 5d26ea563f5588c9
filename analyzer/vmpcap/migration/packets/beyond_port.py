"""Whether what a guest sends from its new place leaves its port group, though nothing comes back to it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.addresses import GROUP_BIT

BEYOND: Final = ("client", "wan", "gateway", "domain:source")
"""What comes to one of these has left the port group at the new place, and is where the guest's peers are."""


def shown_beyond(view: PointView, guest: Moved, moment: int, views: Sequence[PointView]) -> Mark | None:
    """
    Where did unicast that the guest sent at this point since it moved first come to a place beyond? None: nowhere.

    Then its network is one that leads to its peers, and where nothing comes back to it the way back is broken.
    """
    j, sent = view.journal, frames_of(view, guest).sent_ip
    sent = sent[(j.ts_ns[sent] > on_point(view, moment)) & ((j.eth_dst[sent] & GROUP_BIT) == 0)]
    keys = packet_keys(j, sent)
    beyond = [other for other in views if other.role in BEYOND and other.name != view.name]
    for other in sorted(beyond, key=lambda one: (rank(one.role, BEYOND), one.name)):
        rows = frames_of(other, guest).sent_ip
        rows = rows[other.journal.ts_ns[rows] > on_point(other, moment)]  # one without numbers is like those of before
        came = rows[np.isin(packet_keys(other.journal, rows), keys)]
        if len(came):
            return Mark(other, int(other.journal.ts_ns[came[0]]), int(other.journal.frame[came[0]]))
    return None
