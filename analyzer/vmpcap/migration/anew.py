"""Connections that peers open anew since the move and that nobody answers: told as one row of the service they ask."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from vmpcap.measures.outages import Outage
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.results import Peer
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.units import NS_PER_S, count_of, iso_utc, ms

LEAST_OPENED: Final = 2
"""One connection is its own row."""
LEAST_LOST: Final = 3
"""
So many in vain after others had an answer are no chance, if they were opened for as long as LONG_NS; nor is one that
was long after the move, and whose SYN was sent again so often.
"""
LONG_NS: Final = NS_PER_S

Service = tuple[str, str, str]
"""Peer, protocol with its port, and the point that shows them."""
Opened = tuple[Suffered, Outage]
"""A connection that was opened in vain, and its wait."""


class Answered(NamedTuple):
    """When another connection to the service was opened that was answered, by the clock of the point of the row."""

    ts: int
    at: str
    """Where, if not at that point itself; else empty."""


def by_service(found: Sequence[Suffered]) -> list[Suffered]:
    """
    The same; connections that were opened anew, to one service of one peer, and never answered are one row.

    From the first to the last of them the service had no answer for this peer; until another is answered, where one is.
    Where others were answered in between, those before all of these are a row and those after all of these: then the
    service was lost for good later. What a service that left all connections of before the move unanswered, too (a
    filtered port), leaves so until it answers one tells nothing.
    """
    opened: dict[Service, list[Opened]] = {}
    of_service: dict[tuple[str, str], list[Suffered]] = {}
    for one in found:
        of_service.setdefault((one.peer.peer, one.peer.protocol), []).append(one)
        if one.outage is not None and _is_opened_in_vain(one, one.outage):
            opened.setdefault(_service(one), []).append((one, one.outage))
        elif one.opened_late is not None:
            opened.setdefault(_service(one), []).append((one, one.opened_late[1]))
    told: dict[int, Suffered] = {}
    for service, connections in opened.items():
        group = sorted(connections, key=_since)
        beside = of_service[service[:2]]
        again = _answered_again(beside, _view_of(group[0]), service[2])
        if _was_dead(beside):
            dead = [opened for opened in group if not again or _since(opened) < again[0].ts]
            told |= dict.fromkeys((id(one) for one, _ in dead), _as_before(group[0][0]))
            group = group[len(dead) :]
        for run in _runs(group, again):
            is_later = again and run[0][0].opened_late is not None
            row = _as_lost_later(run, again[-1].ts) if is_later else _as_one(run, beside, again)
            told |= dict.fromkeys((id(one) for one, _ in run), row)
    return list(_in_place(found, told))


def _answered_again(beside: Sequence[Suffered], view: PointView | None, point: str) -> list[Answered]:
    """
    When were connections to this service opened since the move that were answered, at this point or at another?

    What a route leads to the guest's new place since does not pass the old one any more. Beside the peer itself all of
    its connections pass: what is answered elsewhere is another's.
    """
    found = []
    for at, ts in (one.again for one in beside if one.again):
        if at.name == point:
            found.append(Answered(ts, ""))
        elif view is not None and view.role != "client" and clock_doubt(at, ts, view) is not None:
            found.append(Answered(on_clock_of(view, at, ts), at.name))
    return sorted(found)


def _view_of(opened: Opened) -> PointView | None:
    """The point that shows this connection."""
    one = opened[0]
    return one.view if one.opened_late is None else one.opened_late[0]


def _had_answers(beside: Sequence[Suffered]) -> bool:
    """Was a connection to this service answered before the move, however long before?"""
    return any(one.answered_before or (one.earlier.answered and not one.is_of_guest) for one in beside)


def _was_dead(beside: Sequence[Suffered]) -> bool:
    """Was every connection to this service that was opened before the move in vain?"""
    if _had_answers(beside):
        return False
    was_not = any(one.unanswered_before for one in beside) and not any(one.answered_after for one in beside)
    return was_not or any(one.earlier.unanswered and not one.is_of_guest for one in beside)


def _since(opened: Opened) -> int:
    return opened[1].first_unanswered_ts


def _runs(group: Sequence[Opened], again: Sequence[Answered]) -> Iterator[list[Opened]]:
    """Which of these, by time, are told as one: all between two answered ones, or before the first, after the last?"""
    runs: dict[int, list[Opened]] = {}
    for one in group:
        runs.setdefault(bisect_left(again, _since(one), key=lambda answered: answered.ts), []).append(one)
    for place, run in runs.items():
        is_near = run[0][0].opened_late is None and len(run) >= LEAST_OPENED
        if (place == len(again) and _is_lost(run, again)) or (is_near and (len(runs) == 1 or place == 0)):
            yield run


def _is_lost(run: Sequence[Opened], again: Sequence[Answered]) -> bool:
    """Were so many opened in vain since the last answered one, and for so long, that their service is lost?"""
    view = _view_of(run[0])
    if view is None or view.goes_on or view.left_out or not view.journal_complete:
        return False
    end = max(outage.last_unanswered_ts for _, outage in run)
    is_many = len(run) >= LEAST_LOST or (
        run[0][0].opened_late is not None and any(outage.retransmissions >= LEAST_LOST for _, outage in run)
    )
    is_long = is_many and end - _since(run[0]) >= LONG_NS
    return is_long and hole_in(view.holes, again[-1].ts if again else _since(run[0]), end) is None


def _service(one: Suffered) -> Service:
    return one.peer.peer, one.peer.protocol, one.peer.point


def asked_in_vain(one: Suffered) -> Service | None:
    """Of which service is it one connection of those that were opened in vain? None where of none."""
    return _service(one) if one.outage is not None and _is_opened_in_vain(one, one.outage) else None


def _is_opened_in_vain(one: Suffered, outage: Outage) -> bool:
    """Is it a connection of a peer of which not even the first segment in view was answered?"""
    if one.stream is None or one.stream.manner != "connection" or one.is_of_guest or one.is_open:
        return False
    return not outage.ended and outage.last_answer_ts is None and outage.last_answered_ts is None


def _in_place(found: Sequence[Suffered], told: dict[int, Suffered]) -> Iterator[Suffered]:
    """Each told row where the first of its connections stood."""
    is_told: set[int] = set()
    for one in found:
        row = told.get(id(one))
        if row is None:
            yield one
        elif id(row) not in is_told:
            is_told.add(id(row))
            yield row


def _as_before(one: Suffered) -> Suffered:
    because = "its connections had no answer before the move either: what the move did does not show in them"
    peer = msgspec.structs.replace(
        one.peer, because=because, survived=None, lost=None, outage_low_ms=None, from_ts=None, to_ts=None,
        breakdown=[], breakdown_because="", begun_after_ms=None,
    )  # fmt: skip
    return Suffered(peer, True, None, None, None, None)


def _as_one(group: Sequence[Opened], beside: Sequence[Suffered], again: Sequence[Answered]) -> Suffered:
    """All of these as one; again: when those were opened that were answered."""
    (first, begun), latest = group[0], group[-1][1]
    next_one = next((one for one in again if one.ts > begun.first_unanswered_ts), None)
    back = None if next_one is None else next_one.ts
    before = [one.ts for one in again if one.ts < begun.first_unanswered_ts]
    until = latest.first_unanswered_ts if back is not None else max(o.last_unanswered_ts for _, o in group)
    length = until - begun.first_unanswered_ts
    words = f"{count_of(len(group), 'connection')}, opened from frame {begun.first_unanswered_frame} on, had no answer"
    words += f"; those opened since the switchover were answered until {iso_utc(before[-1])}" if before else ""
    if next_one is None:
        words += f", and none was answered after: {length / NS_PER_S:.1f} s"
    else:
        words += f"; the next, opened {iso_utc(next_one.ts)}, had{f', at {next_one.at}' if next_one.at else ''}"
    longest = max((one for one, _ in group), key=lambda one: sum(part.ms for part in one.peer.breakdown))
    words += f"; of one of them: {longest.peer.breakdown_because}" if longest.peer.breakdown_because else ""
    lost = any(one.is_cut_off for one, _ in group)
    survived = True if back is not None else False if lost else None
    view = _view_of(group[0])
    peer = msgspec.structs.replace(
        first.peer, because=words, survived=survived, lost=len(group), outage_low_ms=ms(length),
        retransmissions=sum(one.peer.retransmissions or 0 for one, _ in group), breakdown=[], breakdown_because="",
        frames=[begun.first_unanswered_frame, latest.last_unanswered_frame], begun_after_ms=None,
        from_ts=iso_utc(begun.first_unanswered_ts), to_ts=iso_utc(until if back is None else back),
        filter=_filter(first.peer),
    )  # fmt: skip
    return replace(
        first,
        peer=peer,
        ended=back is not None,
        outage=None,
        stream=None,
        view=view,
        opened_late=None,
        from_ts=begun.first_unanswered_ts,
        from_frame=begun.first_unanswered_frame,
        to_ts=until,
        to_frame=latest.last_unanswered_frame,
        at_least_ms=ms(length) if back is not None else None,
        opened=len(group),
        had_answers=_had_answers(beside),
        part=next((one.part for one, _ in group if one.part), None),
    )


def _as_lost_later(group: Sequence[Opened], answered: int) -> Suffered:
    """All of these, opened long after the switchover, as a service that was lost for good by then."""
    (first, begun), latest = group[0], max((outage for _, outage in group), key=lambda one: one.last_unanswered_ts)
    view, _, since = first.opened_late or (first.view, begun, 0)
    length = latest.last_unanswered_ts - begun.first_unanswered_ts
    words = (
        f"connections opened after the switchover were answered until {iso_utc(answered)};"
        f" {count_of(len(group), 'connection')}, opened from frame {begun.first_unanswered_frame} on,"
        f" {since / NS_PER_S:.1f} s after the switchover, had no answer, and none was answered after:"
        f" {length / NS_PER_S:.1f} s"
    )
    sent_again = sum(outage.retransmissions for _, outage in group)
    peer = msgspec.structs.replace(
        first.peer, because=words, survived=False, lost=len(group), retransmissions=sent_again,
        lost_later_ms=ms(length), frames=[begun.first_unanswered_frame, latest.last_unanswered_frame],
        filter=_filter(first.peer),
    )  # fmt: skip
    later = replace(
        begun,
        last_unanswered_ts=latest.last_unanswered_ts,
        last_unanswered_frame=latest.last_unanswered_frame,
        seen_ns=length,
        lost=len(group),
        retransmissions=sent_again,
    )
    return replace(
        first, peer=peer, view=view, later=later, later_ns=since, opened=len(group), had_answers=True, opened_late=None
    )


def _filter(peer: Peer) -> str:
    """A display filter of Wireshark for all connections of this peer to the service."""
    field = "ipv6.addr" if ":" in peer.peer else "ip.addr"
    return f"{field} == {peer.peer} && tcp.port == {peer.protocol.partition('/')[2]}"
