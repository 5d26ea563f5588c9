"""What the guest's peers suffered around the switchover, from the point nearest to each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.measures.peers import Outage, find_outages
from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.results import Peer
from vmpcap.migration.views import PointView
from vmpcap.points.roles import OUTAGE_FIGURES, rank
from vmpcap.terms.units import NS_PER_S, ms

BEFORE_NS: Final = NS_PER_S
AFTER_NS: Final = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Suffered:
    """One peer's outage at the switchover, with the frames that bound it."""

    peer: Peer
    ended: bool
    from_ts: int | None
    from_frame: int | None
    to_ts: int | None
    to_frame: int | None
