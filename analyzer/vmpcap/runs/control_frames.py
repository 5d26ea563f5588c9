"""Frames that end at a protocol which is known and carries no packet of anybody: nothing of them is missing."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.stops import LLC, STOPS, UNKNOWN_IP_PROTOCOL

BY_PROTOCOL: Final = {2: "IGMP", 46: "RSVP", 88: "EIGRP", 89: "OSPF", 103: "PIM", 112: "VRRP"}
"""IP protocols of routers and groups (IANA, Assigned Internet Protocol Numbers): what is behind them is no header."""
BY_STOP: Final = {LLC: "LLC (spanning tree, IS-IS, CDP)"}


@dataclass(slots=True)
class StopCounter:
    """Where the walks of one file ended: by the reason, and of IP protocols that no step knows by their number."""

    _stops: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    _protocols: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))

    def absorb(self, frames: Frames, chosen: npt.NDArray[np.bool_] | None) -> None:
        """Count one batch, or the chosen frames of it, bool[m]."""
        stop = frames.stop if chosen is None else frames.stop[chosen]
        if not stop.any():
            self._stops[0] += len(stop)
            return
        here = np.bincount(stop, minlength=256)
        self._stops += here
        if here[UNKNOWN_IP_PROTOCOL]:
            protocol = frames.ip_protocol if chosen is None else frames.ip_protocol[chosen]
            self._protocols += np.bincount(protocol[stop == UNKNOWN_IP_PROTOCOL], minlength=256)

    def control(self) -> dict[str, int]:
        """Frames of known protocols, by name."""
        found = {name: int(self._protocols[number]) for number, name in BY_PROTOCOL.items()}
        found |= {name: int(self._stops[stop]) for stop, name in BY_STOP.items()}
        return {name: count for name, count in found.items() if count}

    def not_walked(self) -> dict[str, int]:
        """Other frames whose walk ended early, by the reason's name."""
        left = self._stops.copy()
        left[UNKNOWN_IP_PROTOCOL] -= sum(int(self._protocols[number]) for number in BY_PROTOCOL)
        left[list(BY_STOP)] = 0
        return {STOPS[i].name: int(left[i]) for i in range(1, len(STOPS)) if left[i]}
