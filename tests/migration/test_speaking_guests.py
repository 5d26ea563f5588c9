"""A guest that speaks BGP itself: the routers that hear it tell where its route leads, the one it left is no loss."""

from dataclasses import replace

import pytest

from tests.migration.make import GUEST_IP, suffered
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, news, point, worked
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.views import PointView

AT_A, AT_B = "10.77.0.2", "10.77.0.3"
"""The routers beside the guest, by their addresses there."""
OUT_A, OUT_B, CORE = "192.0.2.2", "192.0.2.6", "192.0.2.1"
"""... and by those towards the core."""


def says(ts: int, sender: str, told_to: str, length: int = 2, action: str = "announce") -> RouteNews:
    """What a speaker tells another of the route that the guest's AS brings up."""
    hop, origin = (sender, "AS 65100") if action == "announce" else ("", "")
    known = {"sender": sender, "origin": origin, "next_hop": hop, "path_length": length, "told_to": told_to}
    return news(ts, action, "bgp", **known)


OWN_A = says(0, GUEST_IP, AT_A, length=1)
OWN_B = says(after(1600), GUEST_IP, AT_B, length=1)
ECHO_A, ECHO_B = says(5, AT_A, GUEST_IP), says(after(1610), AT_B, GUEST_IP)
OLD, NEW = says(10, OUT_A, CORE), says(after(1650), OUT_B, CORE)
GONE = says(after(4600), OUT_A, CORE, action="withdraw")
LEFT = replace(LOST, peer=suffered(None, ended=False, survived=False, peer=AT_A).peer)
"""The old site's router asked the guest on, and never had an answer again."""


def seen(*outside: RouteNews) -> list[PointView]:
    """Both sites, where the guest speaks, and the link beyond them."""
    return [
        point("a", "domain:source", [OWN_A, ECHO_A]),
        point("b", "domain:destination", [OWN_B, ECHO_B]),
        point("wan", "wan", outside),
    ]


def test_routers_that_hear_a_speaking_guest_tell_its_places() -> None:
    """By its own words its AS was at one next hop all the time: nobody seemed to have taken the route over."""
    found = judged("bgp", case(*seen(OLD, NEW, GONE), peers=[FINE, LEFT]))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 1650.0)
    assert f"of AS 65100 ({OUT_B})" in found.because
    assert f"AS 65100 ({OUT_A}) withdrew it at most +4.6 s" in found.because


@pytest.mark.parametrize(
    ("outside", "peers", "wanted"),
    [
        ([OLD], [LOST], "no"),
        ([OLD, NEW], [FINE, LOST], "no"),
        ([OLD, NEW, GONE], [FINE, LOST, LEFT], "undecided"),
    ],
    ids=["no router took it over", "never withdrawn", "another peer is lost"],
)
def test_a_speaking_guest_that_its_peers_lost_is_not_said_to_be_followed(
    outside: list[RouteNews], peers: list[object], wanted: str
) -> None:
    """Only the router that it left for another is no loss."""
    assert worked("bgp", case(*seen(*outside), peers=peers)) == wanted
