"""Questions for the guest's address that had an answer at its new place, and then none for a while."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.mechanisms.askers import AGAIN_NS, LEAST_ASKED, SAME_FRAME_NS, WITHIN_NS, waits_in_vain
from vmpcap.migration.mechanisms.case import Case, is_elsewhere
from vmpcap.migration.mechanisms.lapses import Lapse, is_lost_in
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves, ip_text, mac_text
from vmpcap.terms.units import count_of

I64 = npt.NDArray[np.int64]

ANSWERED_AT: Final = ("gateway", "domain:destination")
"""At such points an answer of the guest must pass, wherever else it does."""


def later_lapses(case: Case, ip: str, asks: Sequence[int], answers: Sequence[int], word: str) -> list[Lapse]:
    """
    When did somebody ask for this address in vain for too long, after it had been answered since the switchover?

    Only where a peer had no answer meanwhile. An answer at any point counts: it may come back another way.

    Parameters
    ----------
    asks, answers : kinds of announcements
    word : how one question is called
    """
    high, low = ip_halves(ip)
    told = sorted(ts for view in case.views for ts in _answered(case, view, (high, low), answers))
    found: list[Lapse] = []
    for view in case.views:
        rows = view.arps
        if view.role not in ANSWERED_AT or not view.journal_complete or not told:
            continue
        mine = np.isin(rows.kind, asks) & (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
        mine &= (rows.sender_mac != np.uint64(case.guest.mac)) & (rows.ts_ns > on_point(view, told[0]))
        mine[mine] = ~is_elsewhere(case, view, rows.segment_key[mine])
        for asker in np.unique(rows.sender_mac[mine]).tolist():
            at = np.flatnonzero(mine & (rows.sender_mac == np.uint64(asker)))
            for run in _runs(view, at[np.argsort(rows.ts_ns[at], kind="stable")], told):
                begin, last = (on_reference(view, int(rows.ts_ns[row])) for row in (run[0], run[-1]))
                times = [int(ts) for ts in rows.ts_ns[run]]
                if last - begin <= WITHIN_NS or not waits_in_vain(case, view, asker, (high, low), times):
                    continue
                end = next((ts for ts in told if ts >= last), None)
                if not any(is_lost_in(case, one, begin, end) for one in case.suffered):
                    continue
                who = ip_text(int(rows.sender_high[run[0]]), int(rows.sender_low[run[0]]))
                count = count_of(len(run), word)
                gone = f"{who} ({mac_text(asker)}) sent {count} for {ip} at {view.name} in vain from"
                frames = tuple((view, int(rows.frame[row])) for row in (run[0], run[-1]))
                found.append(Lapse(begin, end, gone, "was answered again", frames))
    return found


def _answered(case: Case, view: PointView, ip: tuple[int, int], answers: Sequence[int]) -> list[int]:
    """When, since the switchover, did the guest answer for this address here? On the reference clock."""
    rows = view.arps
    high, low = ip
    is_named = (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
    is_named |= (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
    mine = np.isin(rows.kind, answers) & is_named & (rows.ts_ns >= on_point(view, case.moment))
    if case.guest.mac != NO_MAC:
        mine &= rows.eth_src == np.uint64(case.guest.mac)
    return [on_reference(view, int(ts)) for ts in rows.ts_ns[mine]]


def _runs(view: PointView, rows: I64, told: Sequence[int]) -> list[list[int]]:
    """Which of these questions follow each other soon, with none of these answers (by time) from one to the next?"""
    ts = view.arps.ts_ns
    runs: list[list[int]] = [[int(rows[0])]] if len(rows) else []
    for before, after in pairwise(rows.tolist()):
        first, second = on_reference(view, int(ts[before])), on_reference(view, int(ts[after]))
        is_answered = bisect_left(told, first) < bisect_right(told, second)
        if second - first <= SAME_FRAME_NS and not is_answered:
            continue  # a copy
        if second - first > AGAIN_NS or is_answered:
            runs.append([])
        runs[-1].append(int(after))
    return [run for run in runs if len(run) >= LEAST_ASKED]
