"""A host route seen at few points: what they cannot show is no answer, and no sentence says more than they do."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.announcements.routes.made import control
from tests.migration.make import suffered
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, news, point
from vmpcap.announcements.control import ControlLog
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView

OLD, CORE, NEW = "192.0.2.2", "192.0.2.1", "192.0.2.6"


def says(ts: int, sender: str, action: str = "announce", metric: int = 2, name: str = "eigrp") -> RouteNews:
    """A router's own word about the guest's route."""
    return news(ts, action, name, sender=sender, metric=metric)


def link(name: str, said: list[RouteNews], *speakers: str, role: str = "wan", protocol: str = "eigrp") -> PointView:
    """A link on which these routers are heard, hellos and all."""
    log = ControlLog(frames=[control("00", protocol, source=one) for one in speakers])
    return point(name, role, said, control=log)


def told(name: str, *views: PointView, peers: list[Suffered]) -> Mechanism:
    """What is said of the route."""
    found = judged(name, case(*views, peers=peers))
    assert found is not None
    return found


TO_A = link("core-to-A", [says(0, OLD)], OLD, CORE)
STUB = link("lan", [], CORE, role="client")
TO_B = link("core-to-B", [], "192.0.2.5", NEW)


@pytest.mark.parametrize("name", ["eigrp", "rip", "bgp"])
@pytest.mark.parametrize("beside", [[], [STUB]])
def test_beside_the_old_way_alone_nobody_sees_that_no_other_came(name: str, beside: list[PointView]) -> None:
    """It never withdrew: on its link nobody is told of another way, and a stub network is no link between routers."""
    views = [
        link(
            v.name,
            [replace(r, protocol=name, ts_ns=t) for r in v.found["news"].routes for t in (0, after(9))],
            *senders,
            role=v.role,
            protocol=name,
        )
        for v, senders in ((TO_A, (OLD, CORE)), *((v, (CORE,)) for v in beside))
    ]
    found = told(name, *views, peers=[LOST])
    assert found.worked == "undecided"
    assert found.because.startswith("no router was seen to take ")
    assert f"only the link of {OLD} is in view, at core-to-A" in found.because


def test_a_link_between_other_routers_shows_that_no_way_came() -> None:
    """And so does an old one that withdrew: then its neighbours would tell it."""
    assert told("eigrp", TO_A, TO_B, peers=[LOST]).worked == "no"
    gone = link("core-to-A", [says(0, OLD), says(after(90), OLD, "withdraw")], OLD, CORE)
    assert told("eigrp", gone, peers=[LOST]).worked == "no"


def test_a_router_of_rip_that_tells_it_no_longer_does_not_still_advertise_it() -> None:
    """RIP repeats what stands: then its neighbour on that link would tell of another way."""
    silent = link("core", [says(0, OLD, name="rip")], OLD, NEW, protocol="rip")
    found = told("rip", silent, peers=[LOST])
    assert (found.worked, f"{OLD} advertised it before and not since" in found.because) == ("no", True)


UNKNOWN = suffered(None, ended=False, survived=None)


@pytest.mark.parametrize(
    ("peers", "words"),
    [
        ([FINE], "not cut off, so it may not have been needed"),
        ([FINE, UNKNOWN], "whether 1 peer of 2 reached the guest again is not in view"),
        ([], "no peer in view shows whether it was needed"),
    ],
)
def test_nobody_is_said_to_be_well_who_is_not_in_view(peers: list[Suffered], words: str) -> None:
    """Requests that ended without an answer at the old place may have gone another way, or nowhere."""
    found = told("eigrp", TO_A, TO_B, peers=peers)
    assert (found.worked, words in found.because) == ("undecided", True)


def at(place: str, one: Suffered) -> Suffered:
    """The same peer, measured there."""
    peer: Any = one.peer
    return replace(one, peer=type(peer)(**{**{f: getattr(peer, f) for f in peer.__struct_fields__}, "point": place}))


@pytest.mark.parametrize(("measured", "worked"), [("client", "yes"), ("core-to-B", "undecided")])
def test_a_new_way_beside_which_the_old_is_not_in_view_needs_peers_seen_from_afar(measured: str, worked: str) -> None:
    """On the new way only those pass that take it; who told it from further away before is not the old way."""
    said = [says(0, CORE, metric=3), says(after(20), NEW)]
    there = link("core-to-B", said, CORE, NEW)
    found = told("eigrp", there, peers=[at(measured, FINE)])
    assert found.worked == worked
    assert ("whether that one still does, is not in view" in found.because) == (worked == "undecided")


def test_two_ways_are_not_said_to_be_well_where_some_peers_are_unknown() -> None:
    """One of them may be followed by those, though as many as show both ways reach the guest."""
    both = link("core", [says(0, OLD), says(after(20), NEW)], OLD, NEW, CORE)
    fine = [replace(FINE, peer=msgspec.structs.replace(FINE.peer, peer=f"10.99.0.{n}")) for n in range(10, 17)]
    assert told("eigrp", both, peers=fine).worked == "yes"
    found = told("eigrp", both, peers=[*fine, UNKNOWN])
    assert (found.worked, "whether 1 peer of 8 reached" in found.because) == ("undecided", True)
