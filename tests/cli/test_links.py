"""Links as a command line writes them."""

import pytest

from tests.cli.calls import vmpcap
from vmpcap.cli.links import link
from vmpcap.migration.what_if.other_link import Link
from vmpcap.terms.errors import RequestError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("622Mbps,5ms", Link(622.0, 5.0)),
        ("622,5", Link(622.0, 5.0)),
        ("10G,150ms,1e-6", Link(10_000.0, 150.0, 1e-6)),
        ("1 Gbit/s, 0.02 s, 0.5%", Link(1_000.0, 20.0, 0.005)),
        ("500kbps,300us", Link(0.5, 0.3)),
        ("64000000bps,0", Link(64.0, 0.0)),
    ],
)
def test_rates_times_and_losses_have_units(text: str, meant: Link) -> None:
    """Mbps, ms and a share where none is given."""
    found = link(text)
    assert (found.rate_mbps, found.rtt_ms, found.loss) == pytest.approx((meant.rate_mbps, meant.rtt_ms, meant.loss))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "622",
        "622,5,0,1",
        "0,5",
        "-1,5",
        "622,-5",
        "622,5,60%",
        "fast,5",
        "622MBps,5",
        "622,5m",
        "622,99999",
        "1e9,5",
    ],
)
def test_what_is_no_link_is_refused(text: str) -> None:
    """With what is needed, before any capture is read."""
    with pytest.raises(RequestError, match=r"needed RATE,RTT\[,LOSS\]"):
        link(text)


def test_a_wrong_link_is_wrong_use() -> None:
    """Status 2."""
    said = vmpcap("report", "nothing.pcap", "--what-if", "fast")
    assert (said.status, "--what-if 'fast'" in said.err) == (2, True)
