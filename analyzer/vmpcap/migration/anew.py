"""Connections that peers open anew since the move and that nobody answers: told as one row of the service they ask."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from vmpcap.measures.outages import Outage
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S, count_of, iso_utc, ms

LEAST_OPENED: Final = 2
"""One connection is its own row."""

Service = tuple[str, str, str]
"""Peer, protocol with its port, and the point that shows them."""


def by_service(found: Sequence[Suffered]) -> list[Suffered]:
    """
    The same; connections that were opened anew, to one service of one peer, and never answered are one row.

    From the first to the last of them the service had no answer for this peer; until another is answered, where one is.
    A service that left all connections of before the move unanswered, too (a filtered port), tells nothing.
    """
    opened: dict[Service, list[tuple[Suffered, Outage]]] = {}
    for one in found:
        if one.outage is not None and _is_opened_in_vain(one, one.outage):
            opened.setdefault(_service(one), []).append((one, one.outage))
    told: dict[Service, Suffered] = {}
    for service, group in opened.items():
        beside = [one for one in found if (one.peer.peer, one.peer.protocol) == service[:2]]
        answered = any(one.answered_before or one.answered_after for one in beside)
        if not answered and any(one.unanswered_before for one in beside):
            told[service] = _as_before(group[0][0])
        elif len(group) >= LEAST_OPENED and (all_of_it := _as_one(group, beside)) is not None:
            told[service] = all_of_it
    return list(_in_place(found, told))


def _service(one: Suffered) -> Service:
    return one.peer.peer, one.peer.protocol, one.peer.point


def _is_opened_in_vain(one: Suffered, outage: Outage) -> bool:
    """Is it a connection of a peer of which not even the first segment in view was answered?"""
    if one.stream is None or one.stream.manner != "connection" or one.is_of_guest or one.is_open:
        return False
    return not outage.ended and outage.last_answer_ts is None and outage.last_answered_ts is None


def _in_place(found: Sequence[Suffered], told: dict[Service, Suffered]) -> Iterator[Suffered]:
    """Each told service where the first of its connections stood."""
    is_told: set[Service] = set()
    for one in found:
        service = _service(one)
        if service not in told or one.outage is None or not _is_opened_in_vain(one, one.outage):
            yield one
        elif service not in is_told:
            is_told.add(service)
            yield told[service]


def _as_before(one: Suffered) -> Suffered:
    because = "its connections had no answer before the move either: what the move did does not show in them"
    peer = msgspec.structs.replace(
        one.peer, because=because, survived=None, lost=None, outage_low_ms=None, from_ts=None, to_ts=None,
        breakdown=[], breakdown_because="", begun_after_ms=None,
    )  # fmt: skip
    return Suffered(peer, True, None, None, None, None)


def _as_one(group: Sequence[tuple[Suffered, Outage]], beside: Sequence[Suffered]) -> Suffered | None:
    """All of them as one; None where others of the same service were answered in between: then not all were lost."""
    group = sorted(group, key=lambda pair: pair[1].first_unanswered_ts)
    (first, begun), latest = group[0], group[-1][1]
    view = first.view
    again = [
        one.again[1]
        for one in beside
        if one.again is not None and view is not None and one.again[0].name == view.name
        if one.again[1] > begun.first_unanswered_ts
    ]
    back = min(again, default=None)
    if back is not None and back < latest.first_unanswered_ts:
        return None
    until = latest.first_unanswered_ts if back is not None else max(o.last_unanswered_ts for _, o in group)
    length = until - begun.first_unanswered_ts
    words = f"{count_of(len(group), 'connection')}, opened from frame {begun.first_unanswered_frame} on, had no answer"
    if back is None:
        words += f", and none was answered after: {length / NS_PER_S:.1f} s"
    else:
        words += f"; the next, opened {iso_utc(back)}, had"
    longest = max((one for one, _ in group), key=lambda one: sum(part.ms for part in one.peer.breakdown))
    words += f"; of one of them: {longest.peer.breakdown_because}" if longest.peer.breakdown_because else ""
    lost = any(one.is_cut_off for one, _ in group)
    survived = True if back is not None else False if lost else None
    peer = msgspec.structs.replace(
        first.peer, because=words, survived=survived, lost=len(group), outage_low_ms=ms(length),
        retransmissions=sum(one.peer.retransmissions or 0 for one, _ in group), breakdown=[], breakdown_because="",
        frames=[begun.first_unanswered_frame, latest.last_unanswered_frame], begun_after_ms=None,
        from_ts=iso_utc(begun.first_unanswered_ts), to_ts=iso_utc(until if back is None else back),
        filter=f"ip.addr == {first.peer.peer} && tcp.port == {first.stream.guest_port}" if first.stream else "",
    )  # fmt: skip
    return replace(
        first,
        peer=peer,
        ended=back is not None,
        outage=None,
        stream=None,
        to_ts=until,
        to_frame=latest.last_unanswered_frame,
        at_least_ms=ms(length) if back is not None else None,
        opened=len(group),
        had_answers=any(one.answered_before for one in beside),
    )
