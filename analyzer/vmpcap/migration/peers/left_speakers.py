"""Speakers of BGP that a guest, which speaks it itself, left for others when it moved: no peer that it lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.news import news_of
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text

SESSION: Final = ("tcp/179", "arp")
"""What two speakers of BGP on one link say to each other, and whom they ask for to say it."""


@dataclass(frozen=True, slots=True)
class Left:
    """Whom a guest told its routes before it moved alone, and whom only since."""

    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()


def left_speakers(guest: Moved, views: Sequence[PointView], moment: int) -> Left:
    """
    Which speakers did the guest leave for others?

    Its session with the old site's router ends there by design: that this one gets no answer any more is no want of a
    way. Only where it has told its routes to another since, which it had not told before: of two that it keeps, one may
    be lost.
    """
    addresses = {ip_text(*ip) for ip in guest.ips}
    told = [
        (news.told_to, on_reference(view, news.ts_ns) > moment)
        for view in views
        for news in news_of(view).routes
        if news.protocol == "bgp" and news.action == "announce" and news.sender in addresses and news.told_to
    ]
    before, since = ({to for to, is_later in told if is_later == later} for later in (False, True))
    return Left(frozenset(before - since), frozenset(since - before)) if since - before else Left()


def with_left(found: Sequence[Suffered], guest: Moved, views: Sequence[PointView], moment: int) -> list[Suffered]:
    """The same; of a session with a speaker that the guest left nothing tells what the move did."""
    if not any(map(_is_session_in_vain, found)):
        return list(found)
    left = left_speakers(guest, views, moment)
    return [_as_left(one, left.new) if one.peer.peer in left.old and _is_session_in_vain(one) else one for one in found]


def _is_session_in_vain(one: Suffered) -> bool:
    """Is it a session, or an attempt at one, that had no answer at the end?"""
    return one.peer.protocol in SESSION and (not one.ended or one.opened_late is not None)


def _as_left(one: Suffered, new: Collection[str]) -> Suffered:
    because = (
        f"the guest speaks BGP itself, and since it moved with {' and '.join(sorted(new))}: that this one and it hear"
        " no more of each other is no loss"
    )
    peer = msgspec.structs.replace(
        one.peer, because=because, survived=None, lost=None, outage_ms=None, outage_low_ms=None, outage_high_ms=None,
        from_ts=None, to_ts=None, breakdown=[], breakdown_because="", answered_after_ms=None, begun_after_ms=None,
    )  # fmt: skip
    return Suffered(peer, True, None, None, None, None, asked_by_guest=one.is_of_guest or one.is_outbound)
