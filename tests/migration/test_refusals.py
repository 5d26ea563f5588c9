"""A short view that proves harm: the old router says that it cannot reach the guest."""

from dataclasses import replace

import msgspec
import pytest

from tests.migration.make import suffered
from tests.migration.test_mechanisms import FINE, after, case, judged, news, point
from vmpcap.announcements.complaints import Complaint, ComplaintLog
from vmpcap.migration.results import Mechanism

OLD, NEW, GUEST_IP = "192.0.2.2", "192.0.2.6", "10.77.0.10"
SHORT = after(12_000)
LOST = suffered(None, ended=False, survived=False, peer="10.99.0.9")


def refuses(ms: float, sender: str = OLD, target: str = GUEST_IP, kind: int = 3, code: int = 1) -> Complaint:
    """A router says that it has no way to this address."""
    return Complaint(77, after(ms), 0, sender, 4, kind, code, 0, "", "10.99.0.9", target, 1, 0, 0)


def told(name: str, *errors: Complaint, left: float | None = None) -> Mechanism:
    """What is said in a view of twelve seconds, in which the old router has not withdrawn the route (or has)."""
    rows = [news(0, protocol=name, sender=OLD, metric=2), news(after(20), protocol=name, sender=NEW, metric=2)]
    rows += [news(after(left), "withdraw", protocol=name, sender=OLD)] if left is not None else []
    log = ComplaintLog(errors=list(errors))
    found = judged(name, case(point("wan", "wan", rows, last_ts=SHORT, complaints=log), peers=[LOST]))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["rip", "bgp", "eigrp"])
def test_a_router_that_cannot_reach_the_guest_is_asked_in_vain(name: str) -> None:
    """It still advertises the route, so its peers are sent there: it need not be waited for how long it stands."""
    found = told(name, refuses(2000), refuses(6000), refuses(9000))
    assert found.worked == "no"
    assert f"{OLD} said 2 times that it cannot reach the guest (ICMP), from +6.0 s until +9.0 s" in found.because
    assert "of view 192.0.2.2 did not withdraw" in found.because


@pytest.mark.parametrize(
    "errors",
    [
        (),
        (refuses(2000),),
        (refuses(6000, sender=NEW),),
        (refuses(6000, sender="192.0.2.9"),),
        (refuses(6000, target="10.77.0.11"),),
        (refuses(6000, code=3),),
        (refuses(6000, kind=11, code=0),),
    ],
    ids=["none", "while routers learn", "the new router", "another router", "another guest", "a port", "a time-out"],
)
def test_what_says_nothing_of_the_old_way_leaves_it_open(errors: tuple[Complaint, ...]) -> None:
    """The old router has its time to withdraw."""
    found = told("rip", *errors)
    assert found.worked == "undecided"
    assert "too short a view to say that this never came" in found.because


def test_a_route_that_went_is_not_the_reason() -> None:
    """What its router says of the guest afterwards is for want of another way."""
    assert "two routers" not in told("rip", refuses(6000), left=3000).because


@pytest.mark.parametrize(
    ("metric", "peers", "worked"),
    [(2, 1, "undecided"), (2, 6, "undecided"), (2, 7, "yes"), (1, 1, "yes"), (None, 1, "yes")],
    ids=["as near", "six reach it", "seven reach it", "the new one is nearer", "how near is not in view"],
)
def test_two_ways_of_one_length_may_both_be_taken(metric: int | None, peers: int, worked: str) -> None:
    """
    That few peers in view reach the guest says nothing of others, where both are as near.

    A router that spreads flows over both loses each with a chance of one half: seven in a row are no chance.
    """
    rows = [news(0, protocol="rip", sender=OLD, metric=2), news(after(20), protocol="rip", sender=NEW, metric=metric)]
    fine = [replace(FINE, peer=msgspec.structs.replace(FINE.peer, peer=f"10.99.0.{n}")) for n in range(peers)]
    found = judged("rip", case(point("wan", "wan", rows), peers=[*fine, fine[0]]))
    assert found is not None
    assert found.worked == worked
    assert ("both at metric 2: others may still be sent the old way" in found.because) == (worked == "undecided")
