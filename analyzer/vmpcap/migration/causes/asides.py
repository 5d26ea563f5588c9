"""Outages beside the switchover that the change of places did not make: over before the guest left its old place."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import MOST_TOLD
from vmpcap.terms.units import NS_PER_S, at_least_ms, count_of, iso_utc

DARK_NS: Final = NS_PER_S
LEAST_DARK: Final = 3
"""So many requests unanswered over so long, while the guest still ran at its old place, tell that a peer was dark."""


class Parted(NamedTuple):
    """The outages of one stream around the switchover."""

    own: list[Outage]
    before: list[Outage]
    """Over while the guest still ran at its old place."""


def part_outages(near: Sequence[Outage], when: int, left: int | None) -> Parted:
    """
    Which of these outages are the switchover's?

    Parameters
    ----------
    near : by time
    when : the guest's announcement at its new place
    left : its last frame at its old place, or an earlier announcement at the new one, where it never came back; None
        where that is not known

    Notes
    -----
    Nothing is parted where nobody shows when the guest left. What begins when it had been answered at its new place
    again stays its own for as long as routes and caches may take to follow.
    """
    parted = Parted([], [])
    for outage in near:
        end = outage.first_answer_ts
        is_over = left is not None and end is not None and end < min(left, when)
        (parted.before if is_over else parted.own).append(outage)
    return parted


def words_of_asides(parted: Parted) -> list[str]:
    """How long was each of them, and when?"""
    return [_words(outage, "over before the guest left its old place") for outage in parted.before[:MOST_TOLD]]


def words_of_answered(since_ns: int) -> str:
    """Of a peer that lost the guest only so long after that was back."""
    return f"answered until {since_ns / NS_PER_S:.1f} s after the guest was back"


def words_of_later(outage: Outage, since_ns: int) -> str:
    """Of one that the guest made itself, so long after it was back."""
    when = f"{since_ns / NS_PER_S:.1f} s after the guest was back, while requests reached it and it did not answer"
    return _words(outage, when)


def words_of_unsure(outage: Outage, since_ns: int) -> str:
    """Of one so long after the guest was back that its host may have made as well."""
    when = f"{since_ns / NS_PER_S:.1f} s after the guest was back, while requests came to its new place"
    return f"{_words(outage, when)}: whether the guest left them unanswered, or its host lost them, no point shows"


def _words(outage: Outage, when: str) -> str:
    at, frame = iso_utc(outage.first_unanswered_ts), outage.first_unanswered_frame
    length = f"{at_least_ms(outage.seen_ns)}, " if outage.outage_ns is None else f"{outage.outage_ns / 1e6:.0f} ms, "
    return f"a further outage of {length}from {at} on (frame {frame}), {when}, is not counted"


def dark_between(stream: PeerStream, outage: Outage, since: int | None) -> str:
    """
    Since when had this peer no answer though the guest's next migration had not begun? Empty where that is not shown.

    Such an outage is told with the migration before, where it ends with the view.
    """
    if since is None or since - outage.first_unanswered_ts < DARK_NS:
        return ""
    first, beyond = np.searchsorted(stream.asked_ts, [outage.first_unanswered_ts, since]).tolist()
    if beyond - first < LEAST_DARK:
        return ""
    dark = (since - outage.first_unanswered_ts) / NS_PER_S
    again = (
        f"answered again from frame {outage.first_answered_frame} on" if outage.ended else "and none was answered after"
    )
    return (
        f"dark before: {count_of(beyond - first, 'request')} unanswered from frame {outage.first_unanswered_frame} on,"
        f" {dark:.2f} s before this migration began, {again}; the outage is told with the guest's migration before"
    )


def dark_before(stream: PeerStream, outage: Outage, left: int | None) -> str:
    """
    Since when had this peer no answer though the guest still ran at its old place? Empty where that is not shown.

    Such an outage that never ended is no sign of what the move did.
    """
    if left is None or outage.ended or left - outage.first_unanswered_ts < DARK_NS:
        return ""
    asked = stream.asked_ts
    first, beyond = np.searchsorted(asked, [outage.first_unanswered_ts, left]).tolist()
    if beyond - first < LEAST_DARK:
        return ""
    since = (left - outage.first_unanswered_ts) / NS_PER_S
    return (
        f"dark before: {count_of(beyond - first, 'request')} unanswered from frame {outage.first_unanswered_frame} on,"
        f" {since:.2f} s before the guest left its old place, and none was answered after; it does not tell what the"
        " move did"
    )
