"""What was written anew into packets on their way: their class, the mark of congestion, the VLAN tag."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import Kept

I64 = npt.NDArray[np.int64]

DSCP: Final = 0xFC
ECN: Final = 0x03
"""The two parts of the IPv4 TOS or IPv6 traffic class (RFC 2474 3, RFC 3168 5)."""


@dataclass(frozen=True, slots=True)
class Remarks:
    """How many packets have another one at the second of two points; changed alike, from what to what."""

    dscp: int
    ecn: int
    vlan: int
    """Another outer tag, or none."""
    dscp_step: str
    ecn_step: str
    vlan_step: str

    def words(self, scale: int = 1) -> Iterator[str]:
        """Each that was changed at all, in words."""
        named = (
            ("DSCP", self.dscp, self.dscp_step), ("ECN field", self.ecn, self.ecn_step),
            ("VLAN tag", self.vlan, self.vlan_step),
        )  # fmt: skip
        for name, count, step in named:
            if count:
                yield f"{scale * count:,} with another {name}{step}"


def find_remarks(here: Kept, there: Kept, left: I64, right: I64) -> Remarks:
    """What did the same packets, rows of both, bear at the first and at the second?"""
    tos, tos_then = here.tos[left].astype(np.int64), there.tos[right].astype(np.int64)
    dscp = (tos & DSCP) >> 2, (tos_then & DSCP) >> 2
    ecn = tos & ECN, tos_then & ECN
    vlan = here.vlan_id[left].astype(np.int64), there.vlan_id[right].astype(np.int64)
    return Remarks(
        dscp=int((dscp[0] != dscp[1]).sum()),
        ecn=int((ecn[0] != ecn[1]).sum()),
        vlan=int((vlan[0] != vlan[1]).sum()),
        dscp_step=_step(*dscp),
        ecn_step=_step(*ecn),
        vlan_step=_step(*vlan),
    )


def _step(before: I64, after: I64) -> str:
    """From what to what, where all that were changed were changed alike."""
    rows = before != after
    steps = np.unique(np.stack((before[rows], after[rows]), axis=1), axis=0)
    if len(steps) != 1:
        return ""
    one, other = ("none" if value < 0 else str(int(value)) for value in steps[0])
    return f" ({one} to {other})"
