"""What stands for the delivery of the stream's data at a point that shows no acknowledgement of it."""

from typing import Final

import msgspec

from vmpcap.measures.results import Counted, Throughput
from vmpcap.migration.moves import Move, Sighting

LEAST_RECEIVED: Final = 0.99
"""Share of what one point shows that the destination's own must show, too: then it came there at this rate."""


def say_what_counts(rate: Throughput, move: Move) -> Throughput:
    """
    The same rates; they say of what they are: acknowledged data, received data or only what was sent.

    Notes
    -----
    What was sent is at least what was delivered: such a rate leans high, for the link.
    """
    return msgspec.structs.replace(rate, counted=_counted(move))


def _counted(move: Move) -> Counted:
    best = move.best
    if any(link.data.acked_bytes for link in best.transfer.links):
        return "acknowledged"
    sent = _unique(best)
    came = [_unique(s) for s in move.sightings if s.view.role == "destination"]
    return "received" if any(sent and n >= LEAST_RECEIVED * sent for n in came) else "sent"


def _unique(sighting: Sighting) -> int:
    return sum(link.data.unique_bytes for link in sighting.transfer.links)
