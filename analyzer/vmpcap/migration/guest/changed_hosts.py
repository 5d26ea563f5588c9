"""A machine whose packets passed the source's host, and then the destination's alone, while the stream ran."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.guest.elsewhere import LEAST_TALK, arrives_at
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.timeline import elapsed
from vmpcap.terms.addresses import GROUP_BIT

I64 = npt.NDArray[np.int64]

HOSTS: Final = {
    "domain:destination": ("source", "domain:source"),
    "domain:source": ("destination", "domain:destination"),
}
"""By where the guest arrives: the roles of points beside the host that it leaves."""
AFTER_NS: Final = 2_000_000_000
"""So long after the stream's last data a guest may begin to run that it carried."""


def changed_hosts(guest: Moved, move: Move, first: Move, views: Sequence[PointView]) -> str:
    """
    What shows that this machine ran at the host that the stream left, and then at the other, while it ran?

    As post-copy does it, which lets the guest go on before its memory has come. Empty where nothing shows it. Its
    unicast passes one host's point until then, and the other's from then on: what is flooded would pass both.

    Parameters
    ----------
    first : the move whose hosts named the points' roles
    """
    role = arrives_at(move, first)
    begin, end = move.best.transfer.first_data_ts, move.best.transfer.last_data_ts
    if role is None or begin is None or end is None:
        return ""
    here = [view for view in views if view.role == role and is_compared(move.best.view, view)]
    old = [view for view in views if view.role in HOSTS[role] and is_compared(move.best.view, view)]
    for view, there in ((new, left) for new in here for left in old):
        mine, before = _sent(view, guest), _sent(there, guest)
        if min(len(mine), len(before)) < LEAST_TALK or there.last_ts < on_point(
            there, on_reference(view, int(mine[0]))
        ):
            continue
        change = elapsed(there.line, int(before[-1]), view.line, int(mine[0]))
        when = on_reference(view, int(mine[0]))
        within = on_reference(move.best.view, begin) < when <= on_reference(move.best.view, end) + AFTER_NS
        if within and change is not None and change.is_later:
            return (
                f"but its packets passed {there.name} alone, and from {change.ns / 1e6:.0f} ms later on {view.name}"
                " alone, while the stream ran: it changed hosts then"
            )
    return ""


def _sent(view: PointView, guest: Moved) -> I64:
    """When did unicast of the guest's own MAC pass here? By the point's clock, in order."""
    j, sent = view.journal, frames_of(view, guest).sent_ip
    mine = (j.eth_src[sent] == np.uint64(guest.mac)) & ((j.eth_dst[sent] & GROUP_BIT) == 0)
    times: I64 = np.sort(j.ts_ns[sent[mine]])
    return times if view.journal_complete else times[:0]
