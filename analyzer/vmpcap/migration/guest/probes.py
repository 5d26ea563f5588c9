"""A guest that probes for its address as its link comes up (RFC 5227): its first words where it came to."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import ETHERTYPE_ARP

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PROBE: Final = NUMBER_OF["arp_probe"]
PROBED_NS: Final = 8 * NS_PER_S
"""From its first probe to its announcement a machine takes no longer: three, 1 to 2 s apart, then 2 s (section 1.1)."""


def probed_from(mac: int, views: Sequence[PointView], moment: int) -> int | None:
    """
    Since when did this machine probe for its address before it was announced, on the reference clock? None: it did not.

    Parameters
    ----------
    moment : when it was announced, on the reference clock

    Notes
    -----
    Who has an address does not ask whether it is free: it does as its link comes up, which for a guest is where it came
    to. In a domain that is at both places the old one hears that too, a moment later: no clock need tell which of them
    was first. Probes that unicast of the machine followed at its old place are of another event there.
    """
    found = [on_reference(view, ts) for view in views for ts in probes_at(view, mac).tolist()]
    found = [ts for ts in found if moment - PROBED_NS <= ts <= moment]
    if not found:
        return None
    talked = [_last_talk(view, mac, moment) for view in views if view.role != "domain:destination"]
    last = max((ts for ts in talked if ts is not None), default=None)
    return min((ts for ts in found if last is None or ts > last), default=None)


def is_from_return(view: PointView, guest: Moved, rows: I64, probed: int | None) -> Bools:
    """
    Which of these frames are probes of the guest from where it came to, wherever they are heard?

    Parameters
    ----------
    rows : of the journal
    probed : since when it probed there, on the reference clock, as `probed_from` tells it
    """
    j: JournalColumns = view.journal
    if probed is None:
        return np.zeros(len(rows), np.bool_)
    times = probes_at(view, guest.mac)
    times = times[view.line.all_on_reference(times) >= probed - NS_PER_MS]
    own = (j.ethertype[rows] == ETHERTYPE_ARP) & (j.eth_src[rows] == np.uint64(guest.mac))
    probes: Bools = own & np.isin(j.ts_ns[rows], times)
    return probes


def probes_at(view: PointView, mac: int) -> I64:
    """When did this point hear the machine probe for an address, by the point's clock?"""
    rows, name = view.arps, np.uint64(mac)
    times: I64 = rows.ts_ns[(rows.kind == PROBE) & (rows.sender_mac == name) & (rows.eth_src == name)]
    return times


def _last_talk(view: PointView, mac: int, moment: int) -> int | None:
    """When did this machine last send to somebody here before that moment, on the reference clock?"""
    j, when = view.journal, on_point(view, moment)
    rows = np.flatnonzero((j.eth_src == np.uint64(mac)) & ((j.eth_dst & GROUP_BIT) == 0) & (j.ts_ns < when))
    return on_reference(view, int(j.ts_ns[rows].max())) if len(rows) else None
