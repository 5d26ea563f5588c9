"""Guests that start instead of going on: HA restarts, cold migrations (domain notes 4.16)."""

from vmpcap.migration.causes.new_addresses import new_addresses
from vmpcap.migration.guest.lives import connections_across
from vmpcap.migration.guest.restarts import Began, began_anew
from vmpcap.migration.marks import Mark
from vmpcap.migration.mechanisms.case import Case, Worked, result, sighted, span
from vmpcap.migration.mechanisms.shown import answered_again
from vmpcap.migration.mechanisms.stream_end import stream_frames
from vmpcap.migration.moved import on_point
from vmpcap.migration.results import Mechanism
from vmpcap.migration.stream.endings import read_ending
from vmpcap.terms.units import count_of


def judge_start(case: Case, name: str) -> Mechanism | None:
    """
    Did the guest start anew, so that this was no live migration of it?

    After a stream that came to its end: carried while it was off. After one that did not: restarted by somebody who saw
    it die. A live migration is proven by one connection of the guest that goes on; a guest that talked at its new place
    before it starts was rebooted there.
    """
    trip = case.trip
    if trip is None:
        return None
    is_closed = case.move is None or case.move.is_closed
    began = began_anew(case.guest, case.views, trip.start, trip.end, is_closed)
    is_cold = not trip.is_live or case.completed is True or (case.completed is None and _was_closed(case))
    if name != ("cold_migration" if is_cold else "ha"):
        return None
    if began is not None:
        return _began(case, name, began)
    if trip.is_live:
        return None
    goes_on = [one for one in connections_across(case.guest, case.views, case.moment) if not one.is_reset]
    head = "the stream went over a port that carries machines which are switched off"
    if goes_on:
        one = goes_on[0]
        because = f"{head}, yet the guest's connection with {one.peer} (port {one.peer_port}) went on: it moved live"
        return result(name, "undecided", because, sighted([one.before, one.after]))
    because = f"{head}; no start of the guest, and no connection that goes on, is in view"
    return result(name, "undecided", because, sighted(stream_frames(case)))


def _was_closed(case: Case) -> bool:
    """Was the stream closed in order, with all of it acknowledged: not broken off by a host that died?"""
    return case.move is not None and any(read_ending(s).ending == "orderly" for s in case.move.sightings)


def _began(case: Case, name: str, began: Began) -> Mechanism:
    late = case.after(began.signs.ts)
    words = f"the guest did not go on but started anew, {began.signs.words} {span(abs(late))} "
    words += "after " if late >= 0 else "before "
    words += "its first sign at its new place" if case.guest.heard else "the stream's end"
    words += f", silent for {span(began.silent_ns)} before" if began.silent_ns else ""
    words += f"; it denied {count_of(began.denied, 'connection')} of before with a reset" if began.denied else ""
    view, ts = began.frames[0][0], began.signs.ts
    others = new_addresses(case.guest, case.views, Mark(view, on_point(view, ts), began.frames[0][1]))
    words += f"; since then it is {' and '.join(others)}" if others else ""
    worked: Worked = {"yes": "yes", "no": "no"}.get(case.reachability.answer, "undecided")  # type: ignore[assignment]
    reached = answered_again(case)
    tail = f", {span(reached.ts - began.signs.ts)} after it began to start" if reached is not None else ""
    seen = sighted([*began.frames, *(reached.frames if reached is not None else ())])
    latency = case.after(reached.ts) if reached is not None else None
    return result(name, worked, f"{words}: no live migration; {case.reachability.because}{tail}", seen, latency)
