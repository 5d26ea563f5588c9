"""Outages beside the switchover that the change of places did not make: over before it, or begun long after it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import MOST_TOLD
from vmpcap.terms.units import NS_PER_S, at_least_ms, count_of, iso_utc

BACK_NS: Final = 2 * NS_PER_S
"""Whoever was answered at the new place for so long had found the guest there: what comes then is another outage."""

DARK_NS: Final = NS_PER_S
LEAST_DARK: Final = 3
"""So many requests unanswered over so long, while the guest still ran at its old place, tell that a peer was dark."""


class Parted(NamedTuple):
    """The outages of one stream around the switchover."""

    own: list[Outage]
    before: list[Outage]
    """Over while the guest still ran at its old place."""
    after: list[Outage]
    """Begun when it had been answered at its new place for long, and ended in view."""


def part_outages(near: Sequence[Outage], when: int, left: int | None) -> Parted:
    """
    Which of these outages are the switchover's?

    Parameters
    ----------
    near : by time
    when : the guest's announcement at its new place
    left : its last frame at its old place, where it never came back; None where that is not known

    Notes
    -----
    One that did not end may be the move's however late it began, and remains its own.
    """
    parted, back = Parted([], [], []), when
    for outage in near:
        answer, end = outage.last_answer_ts, outage.first_answer_ts
        if left is not None and end is not None and end < min(left, when):
            parted.before.append(outage)
        elif end is not None and answer is not None and answer - back >= BACK_NS:
            parted.after.append(outage)
        else:
            parted.own.append(outage)
        back = max(back, end or back)
    return parted


def words_of_asides(parted: Parted, when: int) -> list[str]:
    """How long was each of them, and when?"""
    told = [_words(o, "over before the guest left its old place") for o in parted.before[:MOST_TOLD]]
    for outage in parted.after[:MOST_TOLD]:
        later = (outage.first_unanswered_ts - when) / NS_PER_S
        told.append(_words(outage, f"{later:.1f} s after the move, when it had been answered again for long"))
    return told


def _words(outage: Outage, when: str) -> str:
    at, frame = iso_utc(outage.first_unanswered_ts), outage.first_unanswered_frame
    length = f"{at_least_ms(outage.seen_ns)}, " if outage.outage_ns is None else f"{outage.outage_ns / 1e6:.0f} ms, "
    return f"a further outage of {length}from {at} on (frame {frame}), {when}, is not counted"


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
