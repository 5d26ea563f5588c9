"""A guest that nobody announced: whose host route led elsewhere as the stream ended, and whose merely seems to."""

import pytest

from tests.migration.make import GUEST_IP, MS, PEER_IP, S, asks_and_answers, journal, moves_of, stream
from tests.migration.test_mechanisms import news, point
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import NO_MAC, ip_halves

BEGINS, ENDS = 30 * S, 31 * S
OLD, NEW, CORE = "192.0.2.2", "192.0.2.6", "192.0.2.1"


def says(ts: int, origin: str, protocol: str = "ospf", **more: object) -> RouteNews:
    """A router's word of the guest's route."""
    return news(ts, protocol=protocol, **{"sender": origin, "origin": origin, "next_hop": origin, **more})


def by_bgp(ts: int, origin: str, sender: str, passed: int = 1, **more: object) -> RouteNews:
    """The same of an autonomous system, told by this speaker."""
    return says(ts, origin, "bgp", sender=sender, next_hop=sender, path_length=passed, **more)


def wan(*said: RouteNews, rows: JournalColumns | None = None) -> PointView:
    """A link between routers that the stream passes, too."""
    known = {} if rows is None else {"journal": rows}
    return point("wan", "wan", said, streams=(stream(BEGINS, 1.0),), **known)


def joined(view: PointView) -> tuple[Moved, ...]:
    (guests,), _ = find_guests(moves_of(view), [view])
    return guests


def talking(*silent: tuple[int, int]) -> JournalColumns:
    """The guest sends every 20 ms, but for these times."""
    times = [ts for ts in range(20 * S, 45 * S, 20 * MS) if not any(a < ts < b for a, b in silent)]
    return journal(*((ts, 1, 2, GUEST_IP, PEER_IP) for ts in times))


BEFORE, AFTER = says(2 * S, "10.0.0.11"), says(ENDS + 500 * MS, "10.0.0.12")
MOVED = {
    "ospf": (BEFORE, AFTER),
    "isis": (
        says(2 * S, "0010.0000.0011.00-00", "isis"),
        says(ENDS + 500 * MS, "0010.0000.0012.00-00", "isis"),
        says(ENDS + 800 * MS, "0010.0000.0011.00-01", "isis"),
    ),
    "rip": (says(2 * S, "", "rip", sender=OLD), says(ENDS + 25 * S, "", "rip", sender=NEW)),
    "bgp of two systems": (by_bgp(2 * S, "AS 65101", OLD), by_bgp(ENDS + 500 * MS, "AS 65102", NEW)),
    "bgp of one system": (by_bgp(2 * S, "AS 65100", OLD), by_bgp(ENDS + 500 * MS, "AS 65100", NEW)),
    "lisp": (
        says(2 * S, OLD, "lisp", reason="register"),
        says(ENDS + 500 * MS, NEW, "lisp", reason="register"),
        says(ENDS + 600 * MS, OLD, "lisp", reason="solicit", prefix=f"{PEER_IP}/32"),
    ),
    "evpn": (says(2 * S, "1:1", "evpn", next_hop=OLD), says(ENDS + 500 * MS, "2:1", "evpn", next_hop=NEW)),
}


@pytest.mark.parametrize("said", MOVED.values(), ids=MOVED)
def test_the_only_address_whose_host_route_moved_is_the_guest(said: tuple[RouteNews, ...]) -> None:
    """Another router tells of it first once the stream has ended; no announcement, no packet of it is in view."""
    (guest,) = joined(wan(*said))
    assert (guest.mac, guest.ips, guest.heard) == (NO_MAC, (ip_halves(GUEST_IP),), ())
    assert guest.confidence == "medium"
    assert "whose host route led to another router" in guest.because


def at_a_core(*said: RouteNews) -> tuple[Moved, ...]:
    """Who is joined with a stream at a host, whose clock nothing compares with that of the core that heard this."""
    host, core = point("src", "source", streams=(stream(BEGINS, 1.0),)), point("core", "wan", said, offset=None)
    assert not is_compared(host, core)
    (found,), _ = find_guests(moves_of(host), [host, core])
    return found


def test_a_core_that_does_not_show_the_stream_tells_it_less_surely() -> None:
    """Nothing compares its clock with that of the stream: no time is told, and that it may be another machine is."""
    (guest,) = at_a_core(BEFORE, AFTER)
    assert (guest.ips, guest.confidence) == ((ip_halves(GUEST_IP),), "low")
    assert guest.because.endswith(
        "in all that is in view: 10.0.0.12 told of it, too. Nothing compares that clock with the stream's: whether it"
        " was as the stream ended is not known, and it may be another machine's"
    )


@pytest.mark.parametrize(
    "more",
    [
        (says(3 * S, "10.0.0.11", prefix="10.77.0.11/32"), says(ENDS - 15 * S, "10.0.0.12", prefix="10.77.0.11/32")),
        (says(ENDS + 20 * S, "10.0.0.13"),),
    ],
    ids=["another address", "the same address again"],
)
def test_a_core_that_shows_several_changes_names_no_guest(more: tuple[RouteNews, ...]) -> None:
    """Which of them came as the stream ended is not known: by clocks alone the one of another machine did."""
    assert not at_a_core(BEFORE, AFTER, *more)
    (guest,) = joined(wan(BEFORE, AFTER, *more))
    assert guest.ips == (ip_halves(GUEST_IP),), "compared clocks tell"


SECOND = {"prefix": "10.77.0.11/32"}
OTHERWISE = {
    "two moved": (BEFORE, AFTER, says(3 * S, "10.0.0.11", **SECOND), says(ENDS + 600 * MS, "10.0.0.12", **SECOND)),
    "nobody told of it before": (AFTER,),
    "the same router again": (BEFORE, says(ENDS + 500 * MS, "10.0.0.11")),
    "both had told of it before": (BEFORE, says(3 * S, "10.0.0.12"), AFTER),
    "long after the stream": (BEFORE, says(ENDS + 40 * S, "10.0.0.12")),
    "later than that protocol waits": (BEFORE, says(ENDS + 12 * S, "10.0.0.12")),
    "while the stream had hardly begun": (BEFORE, says(ENDS - 3 * S, "10.0.0.12")),
    "a network": tuple(says(r.ts_ns, r.origin, prefix="10.77.0.0/24") for r in (BEFORE, AFTER)),
    "a router's own": (BEFORE, AFTER, says(4 * S, GUEST_IP, prefix="10.99.0.0/24")),
    "a transit passes it on": (by_bgp(2 * S, "AS 65101", OLD), by_bgp(ENDS + 500 * MS, "AS 65101", CORE, passed=2)),
    "its own speaker after a transit": (
        by_bgp(2 * S, "AS 65101", CORE, passed=2),
        by_bgp(ENDS + 500 * MS, "AS 65101", OLD),
    ),
    "who only asks": (
        says(2 * S, OLD, "lisp", reason="register"),
        says(ENDS + 500 * MS, NEW, "lisp", reason="request"),
    ),
    "withdrawn alone": (BEFORE, says(ENDS + 500 * MS, "10.0.0.12", action="withdraw")),
}


@pytest.mark.parametrize("said", OTHERWISE.values(), ids=OTHERWISE)
def test_another_change_of_routes_names_no_guest(said: tuple[RouteNews, ...]) -> None:
    """Sessions that come up tell of many, routers repeat themselves, and what comes much later is another event."""
    assert not joined(wan(*said))


def test_an_address_that_spoke_on_without_a_pause_did_not_move() -> None:
    """An anycast address that a second router begins to announce just then: no machine stood still for it."""
    assert not joined(wan(BEFORE, AFTER, rows=talking()))
    (guest,) = joined(wan(BEFORE, AFTER, rows=talking((ENDS - 20 * MS, ENDS + 200 * MS))))
    assert guest.ips == (ip_halves(GUEST_IP),)


def test_who_fell_silent_by_chance_is_not_taken_for_whose_route_moved() -> None:
    """A peer's pause at the stream's end is weaker than another machine's route: low against medium."""
    rows = asks_and_answers(20 * S, 45 * S, 100 * MS, stun=(ENDS - 50 * MS, ENDS + S))
    (alone,) = joined(wan(rows=rows))
    assert (alone.confidence, alone.ips) == ("low", (ip_halves(GUEST_IP),))
    (guest,) = joined(wan(says(2 * S, "10.0.0.11", **SECOND), says(ENDS + 600 * MS, "10.0.0.12", **SECOND), rows=rows))
    assert guest.ips == (ip_halves("10.77.0.11"),)
    (same,) = joined(wan(BEFORE, AFTER, rows=rows))
    assert same == alone, "who fell silent and whose route moved are one: nothing changes"
