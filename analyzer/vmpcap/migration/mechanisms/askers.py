"""Who asks for the guest's address: somebody with packets for it, or one who asks for all; and who waits in vain."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import ASKS, NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]

ANSWERS: Final = (NUMBER_OF["arp_reply"], NUMBER_OF["solicited_na"])

WITHIN_NS: Final = 2 * NS_PER_S
"""A question that is asked again and again for longer than this is not answered in time."""
LEAST_ASKED: Final = 3
SCANNED: Final = 32
SCAN_NS: Final = 5 * NS_PER_S
"""
Whoever asks for so many addresses this near in time, each once or twice, and sends the guest nothing, looks for all and
not for it. Who asks for the guest LEAST_ASKED times in that time has packets for it: a router whose table is empty.
"""
SWEPT_NS: Final = 60 * NS_PER_S
"""A sweep that tries each address for seconds is this long about so many."""
MOST_TRIES: Final = 3
"""So often a sweep tries an address that does not answer (Linux's mcast_solicit); who has packets for one goes on."""
LEAST_DEAD: Final = 3
"""So many other addresses show how often one is tried that does not answer."""
SAME_FRAME_NS: Final = NS_PER_S // 10
"""Sightings of one question lie nearer than this; gateways repeat it once a second."""
AGAIN_NS: Final = 3 * NS_PER_S
"""Who asks again within this had no answer; entries that are refreshed are asked for after tens of seconds."""


def longest_run(times: Sequence[int] | I64) -> tuple[int, int]:
    """
    How often, and for how long, was the same asked again and again, without a pause? Copies of one frame are one.

    >>> longest_run([0, 1_000_000_000, 1_000_001_000, 2_000_000_000, 60_000_000_000])
    (3, 2000000000)
    """
    best = (0, 0)
    begin = last = None
    count = 0
    for ts in sorted(int(one) for one in times):
        if last is not None and ts - last <= SAME_FRAME_NS:
            continue
        if begin is None or last is None or ts - last > AGAIN_NS:
            begin, count = ts, 0
        count, last = count + 1, ts
        best = max(best, (count, ts - begin))
    return best


def only_scans(case: Case, view: PointView, asker: int, asked_at: I64) -> bool:
    """Did this machine ask for everybody as it asked for the guest, and never send the guest a packet?"""
    insists = _insists(asked_at)
    rows = view.arps
    near = (rows.sender_mac == np.uint64(asker)) & np.isin(rows.kind, ASKS)
    near &= np.abs(rows.ts_ns - asked_at[0]) <= (SWEPT_NS if insists else SCAN_NS)
    targets = np.unique(rows.target_low[near])
    if len(targets) < SCANNED or (insists and not _tries_all_alike(case.guest, rows, near, asker, asked_at)):
        return False
    mac, guest = np.uint64(asker), np.uint64(case.guest.mac)
    js = [v.journal for v in case.views]
    return not any(((j.eth_src == mac) & (j.eth_dst == guest) & (j.ip_version != 0)).any() for j in js)


def _insists(asked_at: I64) -> bool:
    """Was the same asked LEAST_ASKED times within the time of a scan? Copies of one frame are one question."""
    times = np.sort(asked_at)
    times = times[np.diff(times, prepend=times[0] - 2 * SAME_FRAME_NS) > SAME_FRAME_NS]
    beyond = LEAST_ASKED - 1
    return bool((times[beyond:] - times[: len(times) - beyond] <= SCAN_NS).any()) if len(times) > beyond else False


def _tries_all_alike(
    guest: Moved, rows: AnnouncementRows, near: npt.NDArray[np.bool_], asker: int, asked_at: I64
) -> bool:
    """Did it try the guest no more often than others that do not answer, and no more than a sweep tries one?"""
    tried = longest_run(asked_at)[0]
    if tried > MOST_TRIES:
        return False
    told = np.isin(rows.kind, ANSWERS) & ((rows.eth_dst == np.uint64(asker)) | (rows.target_mac == np.uint64(asker)))
    known = {*np.unique(rows.sender_low[told]).tolist(), *(low for _, low in guest.ips)}
    dead = [low for low in np.unique(rows.target_low[near]).tolist() if low not in known]
    usual = [longest_run(rows.ts_ns[near & (rows.target_low == np.uint64(low))])[0] for low in dead]
    return len(usual) >= LEAST_DEAD and float(np.median(usual)) >= tried


def waits_in_vain(case: Case, view: PointView, asker: int, ip: tuple[int, int], times: Sequence[int]) -> bool:
    """
    Does it ask again and again for too long, where answers would pass, and did not so before the move?

    Who is answered asks no more; some ask every second, whatever they hear.
    """
    count, lasted = longest_run(times)
    if count < LEAST_ASKED or lasted <= WITHIN_NS or not _answers_pass(case, view, asker):
        return False
    rows = view.arps
    before = (
        np.isin(rows.kind, ASKS) & (rows.sender_mac == np.uint64(asker)) & (rows.ts_ns < on_point(view, case.moment))
    )
    before &= (rows.target_high == np.uint64(ip[0])) & (rows.target_low == np.uint64(ip[1]))
    return longest_run(rows.ts_ns[before])[0] < LEAST_ASKED


def _answers_pass(case: Case, view: PointView, asker: int) -> bool:
    """Is unicast to that machine seen here, or is this a gateway's own port, at which the guest was heard?"""
    mac = np.uint64(asker)
    if (view.journal.eth_dst == mac).any() or (view.arps.eth_dst == mac).any():
        return True
    return view.role == "gateway" and len(frames_of(view, case.guest).sent) > 0
