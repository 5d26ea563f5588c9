"""Services of which a large part of the requests had no answer since the move, though others had one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in

LEAST_LOST: Final = 5
"""Fewer may be chance."""
LARGE: Final = 0.25
"""From this share on a part of what answers is gone."""
TIMES: Final = 2
"""A share that was half as large before the move is not the move's."""


def with_part(one: Suffered, stream: PeerStream, view: PointView, when: int) -> Suffered:
    """The same; where many requests of a stream had no answer since its outage at the move had ended, with how many."""
    if stream.manner not in ("echo", "request") or one.outage is None or not one.ended or _is_unsure(view, when):
        return one
    back = one.outage.first_answered_ts
    if back is None or back < when:
        back = when
    later = sum(outage.lost for outage in stream.outages if outage.first_unanswered_ts >= back)
    earlier = sum(outage.lost for outage in stream.outages if outage.last_unanswered_ts < min(when, _begin(one)))
    asked = len(stream.asked_ts) - int(np.searchsorted(stream.asked_ts, back))
    before = int(np.searchsorted(stream.asked_ts, min(when, _begin(one))))
    if not _is_large(later, asked, earlier, before):
        return one
    said = _said(later, asked, "request", "since it had answers again")
    peer = msgspec.structs.replace(one.peer, because=f"{one.peer.because}; {said}", lost=(one.peer.lost or 0) + later)
    return replace(one, peer=peer, partly_lost=said)


def with_parts_of_services(found: Sequence[Suffered]) -> list[Suffered]:
    """The same of services to which connections are opened anew: the first in vain tells how many there are."""
    services: dict[tuple[str, str], list[Suffered]] = {}
    for one in found:
        services.setdefault((one.peer.peer, one.peer.protocol), []).append(one)
    told: dict[int, Suffered] = {}
    for rows in services.values():
        vain = [one for one in rows if _is_in_vain(one)]
        answered = sum(one.answered_after for one in rows)
        before, unanswered = sum(one.answered_before for one in rows), sum(one.unanswered_before for one in rows)
        view = next((one.opened_late[0] if one.opened_late else one.view for one in vain), None)
        if view is None or _is_unsure(view, view.first_ts):
            continue
        if not answered or not _is_large(len(vain), len(vain) + answered, unanswered, before + unanswered):
            continue
        told[id(vain[0])] = replace(
            vain[0], partly_lost=_said(len(vain), len(vain) + answered, "connection", "opened since the move")
        )
    return [told.get(id(one), one) for one in found]


def _is_in_vain(one: Suffered) -> bool:
    """Is it a connection that was opened since the move, and not answered at all?"""
    if one.opened_late is not None:
        return True
    is_anew = one.stream is not None and one.stream.manner == "connection" and one.outage is not None
    return is_anew and one.outage is not None and not one.outage.ended and one.outage.last_answered_ts is None


def _begin(one: Suffered) -> int:
    return one.outage.first_unanswered_ts if one.outage is not None else 0


def _is_unsure(view: PointView, when: int) -> bool:
    """May this point have missed answers?"""
    lacks = view.left_out or view.drops or view.missing or not view.journal_complete
    return bool(lacks) or hole_in(view.holes, when, view.last_ts) is not None


def _is_large(lost: int, asked: int, lost_before: int, asked_before: int) -> bool:
    share, before = lost / max(asked, 1), lost_before / max(asked_before, 1)
    return asked_before >= LEAST_LOST and lost >= LEAST_LOST and share >= LARGE and share >= TIMES * before


def _said(lost: int, asked: int, what: str, when: str) -> str:
    return f"{lost:,} of {asked:,} {what}s {when} had no answer"
