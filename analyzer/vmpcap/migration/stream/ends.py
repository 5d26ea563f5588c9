"""At which end of the stream's way a point stands."""

from collections.abc import Iterator
from typing import Final, Literal

from vmpcap.migration.stream.moves import Move, Sighting

End = Literal["source", "destination"]

NEAR_NS: Final = 200_000
"""A half of the handshake shorter than this lies within a host or its cable."""


def stands_beside(sighting: Sighting, end: End) -> bool:
    """Does the handshake show that this point stands beside that host?"""
    for link in sighting.transfer.links:
        connecting = link.data.syn_ts is not None
        c = link.connection
        source_half = c.synack_to_ack_ns if connecting else c.syn_to_synack_ns
        destination_half = c.syn_to_synack_ns if connecting else c.synack_to_ack_ns
        near, far = (source_half, destination_half) if end == "source" else (destination_half, source_half)
        if near is not None and far is not None and near <= NEAR_NS and near < far:
            return True
    return False


def at_end(move: Move, end: End) -> Iterator[Sighting]:
    """Which points stand beside this host?"""
    for sighting in move.sightings:
        if sighting.view.role == end or (sighting.view.role in (None, "wan") and stands_beside(sighting, end)):
            yield sighting
