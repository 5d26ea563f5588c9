"""Whether something between the hosts rewrote the segment size that they offer each other."""

from dataclasses import dataclass
from typing import Final

from vmpcap.migration.results import OfferedSize
from vmpcap.migration.stream.moves import Move

Offer = tuple[tuple[object, ...], bool, int]
"""One SYN, wherever it is seen: its connection, whether the stream's source sent it, its first number."""

ENDS: Final = {"source", "destination"}


@dataclass(frozen=True, slots=True)
class Clamping:
    """What the points together say of the segment sizes; None where it is not known."""

    is_clamped: bool | None
    because: str
    sizes: list[OfferedSize]


def find_clamping(move: Move) -> Clamping:
    """
    Did a SYN pass one point with another MSS than a second point?

    Notes
    -----
    It is the same SYN by its connection, its sender and its first sequence number, which a proxy that ends the
    connection chooses anew: that is no clamping, nor is it told here. A host that repeats its SYN with a smaller MSS
    while one of the points misses the first would look alike; none is known to. That nothing was rewritten is said only
    where both hosts' own points saw SYNs of both with the MSS that the other point saw, too. A point behind a device
    that clamps at both of its ports, and captures from one point, tell nothing.
    """
    offers: dict[Offer, list[tuple[str, OfferedSize]]] = {}
    for sighting in move.sightings:
        for link in sighting.transfer.links:
            for is_source, side in ((True, link.data), (False, link.back)):
                if side.mss is None or side.isn is None or side.syn_frame is None:
                    continue
                size = OfferedSize(
                    point=sighting.view.name,
                    sender="source" if is_source else "destination",
                    mss=side.mss,
                    frame=side.syn_frame,
                )
                offers.setdefault((link.key, is_source, side.isn), []).append((sighting.view.role or "", size))
    compared = [seen for seen in offers.values() if len({size.point for _, size in seen}) > 1]
    for seen in compared:
        sizes = [size for _, size in seen]
        if len({size.mss for size in sizes}) > 1:
            return Clamping(True, _say(sizes), sizes)
    whole = [seen for seen in compared if {role for role, _ in seen} >= ENDS]
    sizes = [size for seen in whole for _, size in seen]
    if {size.sender for size in sizes} == ENDS:
        return Clamping(False, "both hosts' SYNs reached the other with the MSS they were sent with", sizes)
    return Clamping(None, "no SYN of both hosts was seen at both of their points", [])


def _say(sizes: list[OfferedSize]) -> str:
    least, most = min(sizes, key=lambda s: s.mss), max(sizes, key=lambda s: s.mss)
    where = f"{most.mss} at {most.point} (frame {most.frame}) and {least.mss} at {least.point} (frame {least.frame})"
    return f"one SYN of the {most.sender} offers {where}: a device between the two rewrote it"
