"""One address in several networks: what is said where nobody knows which of them is the guest's."""

import pytest

from vmpcap.migration.mechanisms.case import result
from vmpcap.migration.mechanisms.networks import of_networks
from vmpcap.terms.units import NS_PER_MS


def test_one_network_says_what_it_says() -> None:
    """And none says nothing."""
    only = result("lisp", "yes", "moved", (), 30 * NS_PER_MS)
    assert of_networks("lisp", [("instance 7", only)]) is only
    assert of_networks("lisp", []) is None


def test_networks_that_agree_say_so_and_the_latest_bounds_it() -> None:
    """Whichever it is, it came at most so late."""
    two = [(f"instance {n}", result("lisp", "yes", "moved", (), n * NS_PER_MS)) for n in (30, 70)]
    found = of_networks("lisp", two)
    assert found is not None
    assert (found.worked, found.latency_ms, found.latency_is_at_most) == ("yes", pytest.approx(70), True)


def test_networks_that_disagree_decide_nothing() -> None:
    """Each is told with its own answer."""
    found = of_networks(
        "lisp", [("instance 7", result("lisp", "yes", "moved")), ("none", result("lisp", "no", "stays"))]
    )
    assert found is not None
    assert (found.worked, found.latency_ms) == ("undecided", None)
    assert "in instance 7 yes: moved; in none no: stays" in found.because
