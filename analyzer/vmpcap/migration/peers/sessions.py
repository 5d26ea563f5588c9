"""Did the guest's TCP connections survive the move? That one went on is the proof of a live migration."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from vmpcap.migration.guest.lives import MOST_SEGMENTS, Connected, connections_across
from vmpcap.migration.guest.restarts import SILENT_NS
from vmpcap.migration.listed import is_gone
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.peers.foreign_resets import why_not_of
from vmpcap.migration.results import Peer
from vmpcap.migration.session_results import Sessions
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, count_of

NAMED: Final = 3
"""Connections told by name."""


def tell_sessions(
    guest: Moved, views: Sequence[PointView], moment: int, second_place: Conflict, *, is_placed: bool = True
) -> Sessions:
    """
    Which of the guest's TCP connections went on after the switchover, and which did it deny?

    Parameters
    ----------
    is_placed : whether it is known to have changed places; else one that went on proves no move

    Notes
    -----
    A connection counts where a point saw a segment of the guest before and another after. One that was idle, or whose
    peer never asked again, is in neither number; nor is one of a very busy guest whose segments are far from the
    moment: the figures lean low. Where a point at its new place shows every frame, only what came there counts: a copy
    at the old place goes on as well. Where one was seen to go on, nothing tells whose segments these are. A reset that
    another sent in its name, by its TTL, denies nothing.
    """
    across = connections_across(guest, views, moment, MOST_SEGMENTS)
    went_on = f"{_named(across)} had segments of the guest before the switchover and after it"
    if across and second_place.found:
        return Sessions(because=f"{went_on}, but who sent the later ones is not known: {second_place.because}")
    new = _new_places(views)
    if across and new:
        across = connections_across(guest, views, moment, MOST_SEGMENTS, then_at=new)
        if not across:
            where = f"{', '.join(view.name for view in new)}, its new place"
            why = f"no later one was seen at {where}: a machine at its old one may have sent them"
            return Sessions(because=f"{went_on}, but {why}")
    doubts = [_why_foreign(c, moment) if c.is_reset else "" for c in across]
    foreign = [c for c, why in zip(across, doubts, strict=True) if why]
    if foreign and len(foreign) == len(across):
        return Sessions(because=f"{_named(foreign)} ended by a reset {doubts[0]}: it is not the guest's")
    kept = [c for c in across if not c.is_reset]
    denied = [c for c, why in zip(across, doubts, strict=True) if c.is_reset and not why]
    if not across:
        return Sessions(because="no TCP connection of the guest is in view on both sides of the switchover")
    words = [
        f"{_named(kept)} went on with the sequence {'number' if len(kept) == 1 else 'numbers'} where the guest had left"
        f" off, so it {'moved while it ran' if is_placed else 'was not started anew'}"
        if kept
        else "",
        f"the guest answered {_named(denied)} with a reset: it knew nothing of {'it' if len(denied) == 1 else 'them'}"
        if denied
        else "",
    ]
    shown = (kept or denied)[0]
    (before, last), (after, first) = shown.before, shown.after
    return Sessions(
        kept=len(kept),
        denied=len(denied),
        word=("live" if is_placed else "undecided") if kept else "not_live",
        because="; ".join(w for w in words if w),
        from_point=before.name,
        from_frame=last,
        to_point=after.name,
        to_frame=first,
    )


def with_lost(found: Sessions, peers: Sequence[Peer]) -> Sessions:
    """
    The same with the TCP connections on which a peer was never answered again; a reset is an answer.

    Nobody saw the guest speak of such a connection after the switchover: that proves no live move, and speaks against
    none, for the guest may have died later.
    """
    lost = [p for p in peers if p.protocol.startswith("tcp") and is_gone(p)]
    if not lost:
        return found
    words = found.because
    if not (found.kept or found.denied):
        told = ", ".join(f"{p.peer} {p.protocol} ({p.because})" for p in lost[:NAMED])
        words = f"{count_of(len(lost), 'TCP connection')} never answered again: {told}"
        words += f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    return msgspec.structs.replace(found, lost=len(lost), because=words)


def with_silence(found: Sessions, silence_ms: float | None) -> Sessions:
    """
    The same where the guest denied all, but was silent for so short that no machine started meanwhile.

    Then those connections ended, and nobody knows why: a program that ended, or a filter before it, resets too.

    Parameters
    ----------
    silence_ms : its silence at the switchover, at most; None where it is not in view
    """
    if found.word != "not_live" or silence_ms is None or silence_ms * NS_PER_MS >= SILENT_NS:
        return found
    words = f"{found.because}; yet it was silent for {silence_ms:.4g} ms at most, in which no machine starts"
    return msgspec.structs.replace(found, word="undecided", because=words)


def _new_places(views: Sequence[PointView]) -> list[PointView]:
    """Which points would show whatever the guest sends from its new place?"""
    return [v for v in views if v.role == "domain:destination" and v.journal_complete and not v.left_out]


def _why_foreign(one: Connected, moment: int) -> str:
    """What shows that another than the guest sent the reset with which this connection ended? Empty: nothing."""
    view, frame = one.after
    rows = np.flatnonzero(view.journal.frame == frame)
    return why_not_of(view, one.own, int(rows[0]), on_point(view, moment)) if len(rows) else ""


def _named(connections: Sequence[Connected]) -> str:
    """These connections by their ports and peers; of many, the first."""
    shown = ", ".join(f"port {c.port} with {c.peer}:{c.peer_port}" for c in connections[:NAMED])
    more = f" and {len(connections) - NAMED} more" if len(connections) > NAMED else ""
    return f"{count_of(len(connections), 'connection')} ({shown}{more})"
