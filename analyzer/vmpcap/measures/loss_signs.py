"""What losses tell of a limit: which of them a sender answered, and whether its pace took notice of them."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.series import WINDOW_NS, Together

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_SPAN: Final = 4
"""What goes before and behind a loss is looked at over so many bins at least."""

SPAN_ROUND_TRIPS: Final = 4
"""... and over so many round trips."""

OPENING_SHARE: Final = 0.2
"""A sender that sends by so much more than a span before is still opening its window."""

PACE_SHARE: Final = 0.03
"""Rates this near to their middle are one pace; nor may what came in all differ from it by more."""

PACED_WINDOWS: Final = 0.4
"""So many of a stream's windows at one rate are a pace: after losses some are below it, others above."""

LEAST_AT_PACE: Final = 5
"""Fewer windows than this at one rate may be chance."""


def event_begins(together: Together, rtt_ns: int) -> npt.NDArray[np.bool_]:
    """
    Which bins with resent bytes begin a loss event?

    bool[bins]. An event lasts for a round trip from its begin, for a sender slows down once in each (RFC 5681 section
    3.2, RFC 3168 section 6.1.2): what is resent behind that is the next one, however close to the last resend. Of
    several in one bin, or in two next to each other, one is counted: the number leans low where bins are longer than
    round trips.
    """
    begins = np.zeros(len(together.resent_bytes), np.bool_)
    apart = max(1, -(-rtt_ns // together.width_ns))
    begin = -apart - 1
    for at in np.flatnonzero(together.resent_bytes).tolist():
        if at - begin > apart:
            begins[at] = True
            begin = at
    return begins


def telling_events(together: Together, rtt_ns: int) -> Bools:
    """
    Which bins begin a loss event that says something of what limited the stream?

    bool[bins]. One that ends a slow start says that the window had grown too large for once, and neither does what is
    resent within a span behind it say more; nor does one behind which too little new data is in view to show what the
    sender did. A capture that begins in mid-stream shows no start: what it begins with is held for one, leaning low.
    """
    begins = event_begins(together, rtt_ns)
    filled = np.flatnonzero(together.new_bytes)
    if not len(filled):
        return begins
    span = max(LEAST_SPAN, -(-SPAN_ROUND_TRIPS * rtt_ns // together.width_ns))
    first, last = int(filled[0]), int(filled[-1])
    sums = np.concatenate(([0], np.cumsum(together.new_bytes)))
    told_from, is_first = first + 2 * span, True
    for at in np.flatnonzero(begins).tolist():
        before, earlier = sums[at] - sums[max(at - span, 0)], sums[max(at - span, 0)] - sums[max(at - 2 * span, 0)]
        if is_first and (at < told_from or before > (1 + OPENING_SHARE) * earlier):
            told_from = max(told_from, at + span)
        is_first = False
        begins[at] = told_from <= at <= last - span
    return begins


def is_one_pace(rates: F64) -> bool:
    """
    Did a sender hand over at one rate, whatever was lost of it?

    Two fifths of the windows have that rate, and so has the whole: what a loss cost in one was caught up in the next.
    A window that grows and is cut by losses goes through all rates, and its mean is none of theirs. An application that
    hands over evenly looks so, and a link that is full all the time.
    """
    if len(rates) < LEAST_AT_PACE:
        return False
    ordered = np.sort(rates)
    upto = np.searchsorted(ordered, ordered * (1 + 2 * PACE_SHARE), side="right")
    count = upto - np.arange(len(ordered))
    best = int(count.argmax())
    if count[best] < max(LEAST_AT_PACE, PACED_WINDOWS * len(rates)):
        return False
    level = float(ordered[best : upto[best]].mean())
    return level > 0 and abs(float(rates.mean()) - level) <= PACE_SHARE * level


def keeps_pace(together: Together, rtt_ns: int) -> bool:
    """Did the whole stream go at one pace? Its first window and its last one are left out."""
    filled = np.flatnonzero(together.new_bytes)
    if not len(filled):
        return False
    per = -(-max(WINDOW_NS, SPAN_ROUND_TRIPS * rtt_ns) // together.width_ns)
    new = together.new_bytes[filled[0] : filled[-1] + 1]
    whole = len(new) // per
    return is_one_pace(new[: whole * per].reshape(whole, per).sum(axis=1)[1:-1].astype(np.float64))
