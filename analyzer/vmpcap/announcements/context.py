"""What surrounds a RARP: was it a machine that starts, or one that has long been running?"""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.series import Boot
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

ANSWER_NS: Final = 60 * NS_PER_S
"""A RARP or DHCP exchange this long after the first RARP still belongs to the same start."""


def find_boots(
    rows: AnnouncementRows, traffic_mac: U64, traffic_ts_ns: I64, is_dhcp: npt.NDArray[np.bool_]
) -> dict[int, Boot]:
    """
    Which MACs announce themselves because they start, not because they moved?

    Parameters
    ----------
    rows : all announcements of the capture point
    traffic_mac : uint64[n]
        Ethernet sources of the other frames of the point (IP traffic).
    traffic_ts_ns : int64[n]
    is_dhcp : bool[n]
        Whether the frame is a DHCP client's (UDP 68 to 67).

    Returns
    -------
    By MAC: `answered` where a RARP server replied to it, `starting` where its first sign of life is the RARP and DHCP
    follows within a minute (a boot client, or a VM just switched on: neither has moved).

    Notes
    -----
    A boot client's request has the same bytes as a hypervisor's announcement; only this context separates them. A VM
    that was silent before it moved and renews its lease right after looks like one that starts: the migration that
    ended just before is the stronger sign.
    """
    first_rarp = _first_times(rows)
    boots: dict[int, Boot] = {}
    is_reply = rows.kind == NUMBER_OF["rarp_reply"]
    replies = _ByMac(rows.target_mac[is_reply], rows.ts_ns[is_reply])
    traffic, dhcp = _ByMac(traffic_mac, traffic_ts_ns), _ByMac(traffic_mac[is_dhcp], traffic_ts_ns[is_dhcp])
    for mac, first in first_rarp.items():
        if _within(replies.times(mac), first):
            boots[mac] = "answered"
        elif _within(dhcp.times(mac), first) and not (traffic.times(mac) < first).any():
            boots[mac] = "starting"
    return boots


class _ByMac:
    """Times sorted by their MAC, so that a flood of MACs costs no look through all frames for each."""

    def __init__(self, macs: npt.NDArray[np.uint64], ts_ns: npt.NDArray[np.int64]) -> None:
        order = np.argsort(macs, kind="stable")
        self._macs, self._ts_ns = macs[order], ts_ns[order]

    def times(self, mac: int) -> npt.NDArray[np.int64]:
        """When was this MAC seen?"""
        low, high = (int(np.searchsorted(self._macs, np.uint64(mac), side)) for side in ("left", "right"))
        return self._ts_ns[low:high]


def _first_times(rows: AnnouncementRows) -> dict[int, int]:
    is_rarp = np.isin(rows.kind, (NUMBER_OF["rarp_announce"], NUMBER_OF["rarp_request"]))
    macs, times = rows.target_mac[is_rarp], rows.ts_ns[is_rarp]
    order = np.argsort(times, kind="stable")
    distinct, first = np.unique(macs[order], return_index=True)
    return dict(zip(distinct.tolist(), times[order][first].tolist(), strict=True))


def _within(ts_ns: npt.NDArray[np.int64], first_ns: int) -> bool:
    """Does any of these times follow soon?"""
    late = ts_ns - first_ns
    return bool(((late >= 0) & (late <= ANSWER_NS)).any())
