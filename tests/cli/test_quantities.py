"""Rates, times and amounts as a command line writes them: one way, whichever option reads it."""

import pytest

from vmpcap.cli.links import link
from vmpcap.cli.quantities import quantity
from vmpcap.terms.errors import RequestError

RATES = [
    ("622", 622.0),
    ("622Mbps", 622.0),
    ("622mbit/s", 622.0),
    ("1g", 1_000.0),
    ("2.5 Gbit/s", 2_500.0),
    (".5Gbps", 500.0),
    ("500kbit", 0.5),
    ("1T", 1_000_000.0),
    ("64000000bps", 64.0),
]


@pytest.mark.parametrize(("text", "mbps"), RATES)
def test_every_option_takes_the_same_rates(text: str, mbps: float) -> None:
    """`--rate` and `--what-if` mean the same by them."""
    assert quantity(text, "rate", "--rate", 0, 1e9) == pytest.approx(mbps)
    assert link(f"{text},5ms").rate_mbps == pytest.approx(mbps)


@pytest.mark.parametrize("text", ["100MBps", "100 MBPS", "100B", "1GB/s", "1GBit/s", "100MB", "5ms", "1e3", "-1", ""])
def test_what_is_no_rate_in_bits_is_refused(text: str) -> None:
    """A capital B is a byte: read as a bit the link would be eight times too slow."""
    with pytest.raises(RequestError, match="needed"):
        quantity(text, "rate", "--rate", 0, 1e9)
    with pytest.raises(RequestError, match="needed"):
        link(f"{text},5ms")
