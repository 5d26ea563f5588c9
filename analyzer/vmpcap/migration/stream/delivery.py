"""What stands for the delivery of the stream's data at a point that shows no acknowledgement of it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from vmpcap.measures.results import Counted, Throughput
from vmpcap.measures.series import has_answers
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import Link

LEAST_RECEIVED: Final = 0.99
"""Share of what one point shows that the destination's own must show, too: then it came there at this rate."""


def say_what_counts(rate: Throughput, sighting: Sighting, others: Sequence[Sighting]) -> Throughput:
    """
    The same rates; they say of what they are: acknowledged data, received data or only what was sent.

    Parameters
    ----------
    sighting : the one that the rates were measured at
    others : all sightings of the same connections; the destination's own show what came there

    Notes
    -----
    Each connection counts by itself, for ACKs may take several ways; the weakest is said of all. What was sent is at
    least what was delivered: such a rate leans high, for the link.
    """
    there = [s for s in others if s.view.role == "destination"]
    return msgspec.structs.replace(rate, counted=_counted(sighting, there))


def _counted(sighting: Sighting, there: Sequence[Sighting]) -> Counted:
    links = [link for link in sighting.transfer.links if link.data.unique_bytes]
    unanswered = [link for link in links if not has_answers(link.data)]
    if links and not unanswered:
        return "acknowledged"
    return "received" if unanswered and any(_came(sighting, s, unanswered) for s in there) else "sent"


def _came(sighting: Sighting, there: Sighting, unanswered: Sequence[Link]) -> bool:
    """Does the destination's own point show each of these connections whole?"""
    came = {link.key: link.data.unique_bytes for link in there.transfer.links}
    if came.keys().isdisjoint(link.key for link in sighting.transfer.links):  # addresses are translated on the way
        return _unique(there) >= LEAST_RECEIVED * _unique(sighting)
    return all(came.get(link.key, 0) >= LEAST_RECEIVED * link.data.unique_bytes for link in unanswered)


def _unique(sighting: Sighting) -> int:
    return sum(link.data.unique_bytes for link in sighting.transfer.links)
