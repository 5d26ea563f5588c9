"""Services that the guest asked partly in vain since it moved, though they had answered it before."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import UNANSWERED, match_latest
from vmpcap.migration.moved import on_point
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.guest_requests import OLD, Asked, is_whole
from vmpcap.migration.peers.partly_lost import LATE_NS, find_part
from vmpcap.migration.suffered import Part
from vmpcap.terms.wire import IP_TCP

I64 = npt.NDArray[np.int64]


def lost_part(new: Sequence[Asked], before: Sequence[Asked], asked: Sequence[Asked], moment: int) -> Part | None:
    """
    How many requests of the guest at its new place had no answer there? None where few had none, or as many before.

    Parameters
    ----------
    new : the service as the points at its new place saw it
    before : as the points saw it that show answers of before
    asked : as every point saw it
    moment : when the guest changed places, on the reference clock
    """
    if not new:
        return None
    here = max(new, key=lambda one: len(one.requests))
    when, end = on_point(here.view, moment), here.view.last_ts
    ts, wait, rows = _answered_or_not(here)
    is_tcp = len(rows) > 0 and int(here.view.journal.ip_protocol[rows[0]]) == IP_TCP
    slowest = LATE_NS if is_tcp else min(max(int(wait.max(initial=0)), 0), LATE_NS)
    is_lost, since = wait < 0, (ts > when) & (ts <= end - slowest)
    if not since.any() or not all(is_whole(one.view, int(ts[since][0]), one.view.last_ts) for one in new):
        return None
    old = max(before, key=lambda one: int((one.view.journal.ts_ns[one.requests] <= on_point(one.view, moment)).sum()))
    old_ts, old_wait, _ = _answered_or_not(old)
    early = old_ts <= on_point(old.view, moment) - LATE_NS
    others = [one for one in asked if one.view.role != OLD and one not in new]
    beside = any(_shows_more(one, here, rows[since & is_lost]) for one in others)
    what = f"{'connections' if is_tcp else 'requests'} since the move at {here.view.name}"
    counted = int((old_wait[early] < 0).sum()), int(early.sum())
    return find_part(ts[since], is_lost[since], counted, what, None if beside else end, is_tcp)


def _answered_or_not(asked: Asked) -> tuple[I64, I64, I64]:
    """
    How long did each request wait for its answer here? When it was sent, how long (UNANSWERED: none came), its row.

    An answer goes to the latest request before it with the same numbers that has none; a connection is one request,
    however often it is sent.
    """
    j = asked.view.journal
    rows, came = asked.requests, asked.answers
    asks = np.stack([j.src_port[rows], j.icmp_id[rows], j.icmp_seq[rows]]).astype(np.int64)
    told = np.stack([j.dst_port[came], j.icmp_id[came], j.icmp_seq[came]]).astype(np.int64)
    _, which = np.unique(np.concatenate([asks, told], axis=1), axis=1, return_inverse=True)
    which = which.reshape(-1)
    ask_of, tell_of = which[: len(rows)], which[len(rows) :]
    if len(rows) and int(j.ip_protocol[rows[0]]) == IP_TCP:
        first = np.sort(np.unique(ask_of, return_index=True)[1])
        rows, ask_of = rows[first], ask_of[first]
    return j.ts_ns[rows], _waits(j.ts_ns[rows], ask_of, j.ts_ns[came], tell_of), rows


def _waits(ts: I64, ask_of: I64, came_ts: I64, tell_of: I64) -> I64:
    """How long did each wait for one of its number? One that was asked for once, and told once, needs no matching."""
    wait = np.full(len(ts), UNANSWERED, np.int64)
    order, told = np.lexsort((ts, ask_of)), np.lexsort((came_ts, tell_of))
    edges = np.flatnonzero(np.diff(ask_of[order], prepend=-1))
    past = np.append(edges[1:], len(order))
    begins, ends = (np.searchsorted(tell_of[told], ask_of[order][edges], side=side) for side in ("left", "right"))
    once = (past - edges == 1) & (ends - begins == 1)
    after = came_ts[told[begins[once]]] - ts[order[edges[once]]]
    wait[order[edges[once]]] = np.where(after >= 0, after, UNANSWERED)
    for group in np.flatnonzero(~once & (ends > begins)).tolist():
        own, its = order[edges[group] : past[group]], came_ts[told[begins[group] : ends[group]]]
        answer = match_latest(ts[own], its)
        is_answered = answer != UNANSWERED
        wait[own[is_answered]] = its[answer[is_answered]] - ts[own[is_answered]]
    return wait


def _shows_more(one: Asked, here: Asked, lost: I64) -> bool:
    """Did answers to some of these requests pass that point, and not this one? They may come by another way."""
    _, wait, rows = _answered_or_not(one)
    keys = packet_keys(here.view.journal, lost)
    return bool(np.isin(packet_keys(one.view.journal, rows[wait >= 0]), keys).any())
