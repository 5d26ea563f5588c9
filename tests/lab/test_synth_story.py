"""What the stories of made captures say of moves that are more than one, and of sites with routers of their own."""

import pytest

from tests.lab.playing import once
from vmpcap.lab.synth import story


@pytest.mark.parametrize(
    ("name", "told", "untold"),
    [
        ("drs_to_and_fro", "moved back to site A 20 s later, and to site B again after as long", "more guests"),
        ("drs_burst", "2 more guests were moved within seconds of it: 3 migrations", "moved back"),
        ("gateway_arp_old_site", "the gateway of the old site asked", "the network that its gateway is in"),
        ("gateway_arp_old_site", "the router of its new site; its old site has a router of its own", "migrations"),
        ("stretched_vlan", "reached the network that its gateway is in", "migrations"),
    ],
)
def test_a_story_tells_all_moves_and_whose_gateway_it_is(name: str, told: str, untold: str) -> None:
    """A reader who knows nothing else must not take the first move for the only one, nor one router for the other."""
    words = " ".join(story(once(name), "vmpcap synth").split())
    assert told in words
    assert untold not in words
