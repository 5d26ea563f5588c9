"""Streams that broke: whoever should have answered was gone, or large segments never got through."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vmpcap.measures.connections import Side
from vmpcap.measures.series import UNHEARD_TIMEOUTS, Together
from vmpcap.migration.stream.transfers import Link

OPTION_BYTES = 40
"""TCP's options may take this much of a segment (RFC 9293 section 3.1)."""
SETUP_BYTES = 65_536
"""What is said before the first pause is set-up as long as it is no more than this."""
MOST_UNHEARD_BYTES = 1 << 20
"""More than this no sender gives away before the first acknowledgement: it begins with some ten segments (RFC 6928)."""


def why_unheard(links: Sequence[Link]) -> str:
    """
    Was no more than set-up ever acknowledged, though the rest was sent again and again? Empty where more was.

    A destination that died right after the handshake, or a path that broke then: no rate of either says what it can.
    Where more was sent without an answer, the answers are out of view.
    """
    sides = [link.data for link in links if link.data.payload_bytes]
    acked, sent = sum(acknowledged(side) for side in sides), sum(side.unique_bytes for side in sides)
    if acked > SETUP_BYTES or (sent > MOST_UNHEARD_BYTES and not acked):
        return ""
    if not _is_broken(sides):
        return ""
    share = f"only {acked:,}" if acked else "none"
    because = f"{share} of the {sent:,} bytes that were sent {'were' if acked else 'was'} ever acknowledged"
    return f"{because}, though they were sent again: the destination was gone, or nothing reached it"


def _is_broken(sides: Sequence[Side]) -> bool:
    """Did all of these sides that were not acknowledged to their end repeat by timeout, until nobody did any more?"""
    open_ones = [side for side in sides if side.acked_bytes < side.unique_bytes]
    return bool(open_ones) and all(_ends_unanswered(side) for side in open_ones)


def while_it_lived(together: Together | None, links: Sequence[Link]) -> Together | None:
    """
    The series without what was repeated in vain when the path, or the destination, was gone.

    No data flowed then: neither a rate nor a limit is of that time. Where large segments never got through it was the
    path's own, and is kept.
    """
    sides = [link.data for link in links if link.data.payload_bytes]
    if together is None or not _is_broken(sides) or stuck_segment(links) is not None:
        return together
    arrived = np.flatnonzero(together.delivered_bytes)
    if not any(side.acked_bytes for side in sides) or not len(arrived):
        return together
    return replace(
        together, resent_bytes=np.where(np.arange(len(together.resent_bytes)) > arrived[-1], 0, together.resent_bytes)
    )


def _ends_unanswered(side: Side) -> bool:
    """Did this side repeat by timeout, as its last data, what was never acknowledged?"""
    if side.series is None or side.acked_bytes >= side.unique_bytes or side.resent_timeout < UNHEARD_TIMEOUTS:
        return False
    new, resent, acked = (
        int(np.flatnonzero(values)[-1:].sum())
        for values in (side.series.new_bytes, side.series.resent_bytes, side.series.acked_bytes)
    )
    return resent > max(new, acked)


def acknowledged(side: Side) -> int:
    """
    How many payload bytes of this side were certainly delivered?

    Those that were acknowledged, also where the capture missed them; but no more than were sent in view or jumped over.
    """
    return min(side.acked_bytes, side.unique_bytes + side.missing_bytes)


def stuck_segment(links: Sequence[Link]) -> int | None:
    """
    How large is the segment that was resent, never acknowledged, and larger than all that was?

    Only where something smaller passed and the stream made no progress at all beyond it, with a segment as large as the
    receiver allows: the signature of a path that drops large packets silently. Where nothing was ever acknowledged, a
    destination that died looks the same.
    """
    for link in links:
        side = link.data
        stuck = side.unique_bytes - side.acked_bytes
        if not link.back.mss or side.retransmissions < 3 or stuck <= 0:
            continue
        is_full_sized = side.max_payload_bytes >= link.back.mss - OPTION_BYTES
        if 0 < side.acked_bytes < side.max_payload_bytes and is_full_sized:
            return min(side.max_payload_bytes, link.back.mss)
    return None
