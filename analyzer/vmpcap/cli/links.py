"""Links of a command line: `622Mbps,5ms`, `1Gbps,20ms,0.01%`."""

import re
from typing import TYPE_CHECKING, Final

from vmpcap.cli.quantities import in_units
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    from vmpcap.migration.what_if.other_link import Link

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
    from vmpcap.migration.what_if.other_link import Link

    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3):
        raise RequestError(f"--what-if {text!r}: {NEEDED}")
    mbps, rtt_ms, lost = in_units(parts[0], "rate"), in_units(parts[1], "time"), LOSS.fullmatch([*parts, "0"][2])
    if mbps is None or rtt_ms is None or lost is None:
        raise RequestError(f"--what-if {text!r}: {NEEDED}")
    loss = float(lost[1]) / (100 if lost[2] else 1)
    if not (mbps > 0 and rtt_ms < 60_000 and 0 <= loss < 0.5):
        raise RequestError(
            f"--what-if {text!r}: a rate above 0, a round trip below a minute, a loss below half of all; {NEEDED}"
        )
    return Link(mbps, rtt_ms, loss)
