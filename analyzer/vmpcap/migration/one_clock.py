"""All times that are told of a guest, by the clock of the point whose figures of the stream are told."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from vmpcap.migration.results import BRACKETS, Bracket, Guest, Peer, PointAnnouncements, Switchover
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, iso_utc

SET_BACK: Final = (
    "the clock by which the times are told was set back in between: when the second frame came is not told"
)


def put_on_one_clock(guest: Guest, views: Sequence[PointView], stream: PointView) -> Guest:
    """
    The same guest with the times of all points by the stream's clock.

    By what is taken for the clocks; of points that nothing compares with the stream's the times stay as they are.
    """
    unknown = {view.line.group for view in views if not view.line.legs}  # a group beside another has none without
    lines = {
        view.name: view
        for view in views
        if not (view.line.is_given and stream.line.is_given)
        and (view.line.group == stream.line.group or not {view.line.group, stream.line.group} <= unknown)
    }
    if not lines:
        return guest
    points = {name: _announced(seen, lines, name, stream) for name, seen in guest.announcements.by_point.items()}
    first = min((seen.first_ts for seen in points.values() if seen.first_ts is not None), default=None)
    return msgspec.structs.replace(
        guest,
        announcements=msgspec.structs.replace(guest.announcements, by_point=points, first_ts=first),
        switchover=_switchover(guest.switchover, lines, stream),
        peers=[_peer(peer, lines, stream) for peer in guest.peers],
    )


def _shown(ts: str | None, lines: Mapping[str, PointView], point: str | None, stream: PointView) -> str | None:
    """A time of this point by the stream's clock."""
    view = lines.get(point or "")
    if ts is None or view is None or point == stream.name:
        return ts
    return iso_utc(stream.line.on_point(view.line.on_reference(ns_of(ts))))


def ns_of(text: str) -> int:
    """What a time of the report was in ns since the epoch."""
    whole, rest = text.rstrip("Z").split(".")
    return int(np.datetime64(whole, "s").astype(np.int64)) * NS_PER_S + int(rest)


def _announced(
    seen: PointAnnouncements, lines: Mapping[str, PointView], point: str, stream: PointView
) -> PointAnnouncements:
    return msgspec.structs.replace(
        seen,
        first_ts=_shown(seen.first_ts, lines, point, stream),
        times=[_shown(ts, lines, point, stream) or "" for ts in seen.times],
    )


def _switchover(told: Switchover, lines: Mapping[str, PointView], stream: PointView) -> Switchover:
    moved = {
        name: _in_order(_bracket(getattr(told, name), lines, stream), getattr(told, f"{name}_ms")) for name in BRACKETS
    }
    return msgspec.structs.replace(told, **moved)


def _bracket(bracket: Bracket, lines: Mapping[str, PointView], stream: PointView) -> Bracket:
    return msgspec.structs.replace(
        bracket,
        from_ts=_shown(bracket.from_ts, lines, bracket.from_point, stream),
        to_ts=_shown(bracket.to_ts, lines, bracket.to_point, stream),
    )


def _in_order(bracket: Bracket, length_ms: float | None) -> Bracket:
    """
    The same without a second time that lies before the first, though its length is known.

    By a clock that was set back in between, as the one may be by which all is told, no time of both is right.
    """
    begin, end = bracket.from_ts, bracket.to_ts
    if length_ms is None or length_ms < 0 or begin is None or end is None or ns_of(begin) <= ns_of(end):
        return bracket
    because = f"{bracket.because}; {SET_BACK}" if bracket.because else SET_BACK
    return msgspec.structs.replace(bracket, to_ts=None, because=because)


def _peer(peer: Peer, lines: Mapping[str, PointView], stream: PointView) -> Peer:
    return msgspec.structs.replace(
        peer,
        from_ts=_shown(peer.from_ts, lines, peer.point, stream),
        to_ts=_shown(peer.to_ts, lines, peer.point, stream),
        breakdown=[
            msgspec.structs.replace(
                part,
                from_ts=_shown(part.from_ts, lines, part.from_point, stream) or part.from_ts,
                to_ts=_shown(part.to_ts, lines, part.to_point, stream) or part.to_ts,
            )
            for part in peer.breakdown
        ],
    )
