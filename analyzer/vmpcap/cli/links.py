"""Links of a command line: `622Mbps,5ms`, `1Gbps,20ms,0.01%`."""

import math
import re
from typing import TYPE_CHECKING, Final

from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    from vmpcap.migration.other_link import Link

NUMBER: Final = r"(\d+(?:\.\d+)?|\.\d+)"
RATES: Final = {"": 1.0, "k": 1e-3, "m": 1.0, "g": 1e3, "t": 1e6}
TIMES: Final = {"": 1.0, "ms": 1.0, "us": 1e-3, "s": 1e3}
RATE: Final = re.compile(NUMBER + r"\s*(?:([kKmMgGtT]?)(?:bps|bit/s|bit)|([kKmMgGtT]))?")
"""A capital B would be bytes: eight times as much, and refused."""
TIME: Final = re.compile(NUMBER + r"\s*(ms|us|s)?", re.IGNORECASE)
LOSS: Final = re.compile(r"(\d+(?:\.\d+)?(?:e-?\d+)?|\.\d+)\s*(%?)", re.IGNORECASE)
NEEDED: Final = "needed RATE,RTT[,LOSS], such as 622Mbps,5ms or 1Gbps,20ms,0.01%"


def link(text: str) -> "Link":
    """
    Which link is this? Mbps and ms where no unit is given; loss is a share, or per cent with %.

    Raises RequestError where it is none.

    >>> link("622Mbps,5ms")
    Link(rate_mbps=622.0, rtt_ms=5.0, loss=0.0)
    >>> link("1g,20,0.01%")
    Link(rate_mbps=1000.0, rtt_ms=20.0, loss=0.0001)
    """
    from vmpcap.migration.other_link import Link

    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3):
        raise RequestError(f"--what-if {text!r}: {NEEDED}")
    rate, rtt, lost = RATE.fullmatch(parts[0]), TIME.fullmatch(parts[1]), LOSS.fullmatch([*parts, "0"][2])
    if rate is None or rtt is None or lost is None:
        raise RequestError(f"--what-if {text!r}: {NEEDED}")
    unit = rate[2] if rate[2] is not None else rate[3] or "m"
    mbps = float(rate[1]) * (RATES[unit.lower()] if unit else 1e-6)
    rtt_ms = float(rtt[1]) * TIMES[(rtt[2] or "").lower()]
    loss = float(lost[1]) / (100 if lost[2] else 1)
    if not (0 < mbps < math.inf and rtt_ms < 60_000 and 0 <= loss < 0.5):
        raise RequestError(
            f"--what-if {text!r}: a rate above 0, a round trip below a minute, a loss below half of all; {NEEDED}"
        )
    return Link(mbps, rtt_ms, loss)
