"""Numbers under which another tenant's packets to the guest's address are carried: they are none of its peers'."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmpcap.migration.moved import Moved
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView

I64 = npt.NDArray[np.int64]


def tenants_numbers(guest: Moved, views: Sequence[PointView]) -> frozenset[int]:
    """
    Under which numbers, of tunnels without the guest's MAC inside (LISP), is its address another machine's?

    Those of which no packet is ever seen without what carries it, where there is another of which some are: an address
    in two networks is two machines' (RFC 9300 8). Empty where no point shows which of several is the guest's.
    """
    carried = {view.name: _in_numbers(view, guest) for view in views}
    numbers = {int(n) for view in views for n in np.unique(view.journal.vni[carried[view.name]])}
    if len(numbers) < 2:
        return frozenset()
    bare = [np.zeros(0, np.uint64)]
    for view in views:
        asked = frames_of(view, guest).asked
        bare.append(packet_keys(view.journal, asked[view.journal.vni[asked] < 0]))
    plain = np.unique(np.concatenate(bare))
    own: set[int] = set()
    for view in views:
        rows = carried[view.name]
        own |= set(view.journal.vni[rows[np.isin(packet_keys(view.journal, rows), plain)]].tolist())
    return frozenset(numbers - own) if own else frozenset()


def _in_numbers(view: PointView, guest: Moved) -> I64:
    """Which packets for the guest's address are carried under a number here, without its MAC?"""
    j, asked = view.journal, frames_of(view, guest).asked
    rows: I64 = asked[(j.vni[asked] >= 0) & (j.eth_dst[asked] != np.uint64(guest.mac))]
    return rows
