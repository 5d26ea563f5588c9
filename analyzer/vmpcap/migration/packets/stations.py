"""A point on the way between a guest and its peers, with the packets of both that it kept."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.packets.guest_packets import GuestPackets
from vmpcap.migration.views import PointView
from vmpcap.points.kernels.keys import Kept
from vmpcap.terms.units import NS_PER_MS
from vmpcap.terms.wire import ECHOES

Bools = npt.NDArray[np.bool_]

SLACK_NS: Final = 200 * NS_PER_MS
"""A request this near to the end of a point's view, or to a hole in it, may have passed unrecorded."""

ECHO_PROTOCOLS: Final = [protocol for protocol, _, _ in ECHOES]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Station:
    """A point on the way between the guest and its peers, with the packets of both that it kept, of one era."""

    packets: GuestPackets
    era: Span
    """From when to when, by its own clock."""
    inside: Bools
    """bool[rows]: of the era; the others are there to be known again."""

    @property
    def view(self) -> PointView:
        return self.packets.view

    @property
    def name(self) -> str:
        return self.packets.view.name

    @property
    def kept(self) -> Kept:
        return self.packets.kept

    @property
    def to_guest(self) -> Bools:
        return self.packets.to_guest

    def under(self, kept: Kept) -> "Station":
        """The same packets under other names."""
        return self if kept is self.kept else replace(self, packets=replace(self.packets, kept=kept))
