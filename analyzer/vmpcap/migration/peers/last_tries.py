"""Connections tried in vain while others were cut off too, and not since: nobody knows what they would have met."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import msgspec

from vmpcap.measures.outages import Outage
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.moved import on_reference
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, at_least_ms, count_of, iso_utc, ms

TOGETHER_NS: Final = NS_PER_S
"""Outages that begin so near to each other, or by how often the other asks, are of one cause."""


def with_last_tries(found: Sequence[Suffered]) -> list[Suffered]:
    """
    The same; a connection that sent nothing since others that were cut off with it were answered again is not lost.

    TCP waits twice as long after each try (RFC 6298 section 5.5): the view may end before the next one.
    """
    ended = sorted(
        ((on_reference(one.view, one.to_ts), one) for one in found if one.ended and one.view and one.to_ts is not None),
        key=lambda end: end[0],
    )
    ends = [ts for ts, _ in ended]
    others = [one for _, one in ended]
    return [_not_lost(one, others, ends) for one in found]


def _not_lost(one: Suffered, ended: Sequence[Suffered], ends: Sequence[int]) -> Suffered:
    """The same; those that were answered again come by time, with when they were, on the reference clock."""
    outage, view = one.outage, one.view
    if outage is None or view is None or not one.is_cut_off or one.later is not None or one.opened:
        return one
    if one.stream is None or one.stream.manner != "connection" or not outage.retransmissions:
        return one
    later = islice(ended, bisect_right(ends, on_reference(view, outage.last_unanswered_ts)), None)
    again = next((end for other in later if (end := _end_beside(other, outage, view)) is not None), None)
    if again is None:
        return one
    tries = f"sent {count_of(outage.lost + outage.retransmissions, 'time')} for {at_least_ms(outage.seen_ns)} in vain"
    because = (
        f"{tries}, and it sent no more since others were answered again ({iso_utc(again)}): what it would have met then"
        " is not known"
    )
    peer = msgspec.structs.replace(one.peer, survived=None, because=because)
    return replace(one, peer=peer, at_least_ms=ms(outage.seen_ns), is_waiting=True)


def _end_beside(other: Suffered, outage: Outage, view: PointView) -> int | None:
    """
    When was another answered again that was cut off with this connection, by the clock of its point?

    None where it was surely not after the last try.
    """
    if not other.ended or other.view is None or other.from_ts is None or other.to_ts is None:
        return None
    doubt = clock_doubt(other.view, other.to_ts, view)
    if doubt is None:
        return None
    begin, end = (on_clock_of(view, other.view, ts) for ts in (other.from_ts, other.to_ts))
    slack = max(TOGETHER_NS, round((other.peer.interval_ms or 0.0) * NS_PER_MS))
    is_beside = begin - doubt <= outage.first_unanswered_ts + slack
    return end if is_beside and end - doubt > outage.last_unanswered_ts else None
