"""Mechanisms that meet in one move, and several moves in one capture: each is told for what it did."""

from pathlib import Path

import pytest

from tests.mixtures import mixed
from tests.mixtures.landscape import told

GUESTS = [(f"00:50:56:aa:77:{n:02x}", f"10.77.0.{n}") for n in (16, 17, 18)]


def test_a_gateway_that_leaks_through_a_tunnel_that_works(tmp_path: Path) -> None:
    """The guest's frames follow it over OTV; that its gateway did not is HSRP's failure alone, and cuts nobody off."""
    report = mixed.otv_with_hsrp(leak=True).report(tmp_path)
    found = told(report)
    assert (found["otv"].worked, found["hsrp"].worked) == ("yes", "no")
    assert "10.77.0.2, is active for both sites" in found["hsrp"].because
    assert "crossed core" in found["hsrp"].because
    assert "stretched_vlan" not in found
    (migration,) = report.migrations
    assert {c.id: c.outcome for c in migration.checks}["gateway_localised"] == "fail"
    assert {c.id: c.outcome for c in migration.checks}["guest_reachable_after"] == "pass"


def test_a_gateway_that_is_filtered_on_the_tunnel(tmp_path: Path) -> None:
    """Nothing of the guest crosses any more: OTV did not have to show anything."""
    found = told(mixed.otv_with_hsrp(leak=False).report(tmp_path))
    assert found["hsrp"].worked == "yes"
    assert found["otv"].worked == "undecided"


def test_a_silent_guest_is_registered_when_it_speaks(tmp_path: Path) -> None:
    """Late, and told by whose silence: the router registered it 50 ms after its first packet."""
    found = told(mixed.lisp(speaks_ms=20_000).report(tmp_path))["lisp"]
    assert found.worked == "no"
    assert found.latency_ms == pytest.approx(16_940, abs=1)
    assert "50 ms after the guest's first packet with its address (+16.9 s): it was silent" in found.because
    assert {one.point for one in found.evidence} == {"core", "b"}


def test_a_guest_that_never_speaks_is_never_registered(tmp_path: Path) -> None:
    report = mixed.lisp(speaks_ms=None).report(tmp_path)
    found = told(report)["lisp"]
    assert found.worked == "no"
    assert "no Map-Register from another locator" in found.because
    assert "the guest sent nothing with its address since" in found.because
    (migration,) = report.migrations
    reachable = next(c for c in migration.checks if c.id == "guest_reachable_after")
    assert reachable.outcome == "fail"
    assert "lisp: no Map-Register" in reachable.because


@pytest.mark.parametrize(("address_ms", "worked"), [(3500, "yes"), (22_000, "no"), (None, "no")])
def test_a_mac_without_its_address_is_half_a_route(address_ms: float | None, worked: str, tmp_path: Path) -> None:
    """The MAC is advertised after 50 ms each time; what counts for routed peers is the address."""
    found = told(mixed.evpn(address_ms).report(tmp_path))["evpn"]
    assert found.worked == worked
    assert "10.0.0.2 advertised 00:50:56:aa:77:10 +50 ms after the switchover with sequence 1" in found.because
    if address_ms == 22_000:
        assert "with its address only +19.0 s" in found.because
        assert "cut off for 19.1 s" in found.because


RIP = [
    (40_000, "all", "no", "192.0.2.2 went on advertising 10.77.0.10/32 by RIP until +37.0 s"),
    (None, "half", "no", "192.0.2.2 still advertises it: 132 of 263 pings since +3.2 s stayed unanswered at client"),
    (None, "none", "undecided", "still advertises it, but the guest's peers reach it (both at metric 2: others may"),
]


@pytest.mark.parametrize(("poison_ms", "lost", "worked", "word"), RIP, ids=["until poisoned", "shared", "one"])
def test_two_routers_that_advertise_one_guest(
    poison_ms: float | None, lost: str, worked: str, word: str, tmp_path: Path
) -> None:
    """What goes the old way shows in the peers: all until the old one poisons, or half for ever; one tells neither."""
    found = told(mixed.two_rip_routers(poison_ms, lost).report(tmp_path))["rip"]
    assert found.worked == worked
    assert word in found.because


def test_answers_that_may_leave_by_the_other_router_prove_no_loss(tmp_path: Path) -> None:
    """At a router half of the answers are missing: that does not say lost."""
    scene = mixed.two_rip_routers(None, "half")
    scene.roles = {**scene.roles, "client": "gateway"}
    found = told(scene.report(tmp_path))["rip"]
    assert found.worked == "undecided"
    assert "or their answers left by the other way, which does not pass there" in found.because


def test_a_point_that_shows_its_client_needs_no_role_to_prove_a_loss(tmp_path: Path) -> None:
    """No router has lowered the TTL of what the client sends there: its answers pass there or nowhere."""
    scene = mixed.two_rip_routers(None, "half")
    scene.roles = {**scene.roles, "client": None}
    assert told(scene.report(tmp_path))["rip"].worked == "no"


BURSTS = {"apart": (1000, 5000, 9000), "overlapping": (1000, 1900, 2700), "together": (1000, 1003, 1400)}


@pytest.mark.parametrize("name", BURSTS)
def test_each_of_several_migrations_has_its_own_guest(name: str, tmp_path: Path) -> None:
    """However near to each other they end; that a burst is one is told of each."""
    moves = [(begin, *guest, False) for begin, guest in zip(BURSTS[name], GUESTS, strict=True)]
    report = mixed.several(moves, end_ms=15_000).report(tmp_path)
    assert [[g.mac for g in m.guests] for m in report.migrations] == [[mac] for mac, _ in GUESTS]
    assert [[g.ips for g in m.guests] for m in report.migrations] == [[[ip]] for _, ip in GUESTS]
    for migration in report.migrations:
        (guest,) = migration.guests
        drs = next(m for m in guest.mechanisms if m.name == "drs")
        assert drs.worked == "yes"
        assert "3 migrations began within" in drs.because
        assert [peer.outage_ms for peer in guest.peers] == [200.0]


def test_a_guest_that_is_moved_back_beside_another(tmp_path: Path) -> None:
    """Only the guest that went to and fro is the failure."""
    moves = [(1000, *GUESTS[0], False), (5000, *GUESTS[1], False), (9000, *GUESTS[0], True)]
    report = mixed.several(moves, end_ms=15_000).report(tmp_path)
    answers = [
        next((m.worked for m in guest.mechanisms if m.name == "drs"), None)
        for migration in report.migrations
        for guest in migration.guests
    ]
    assert answers == ["no", "yes", "no"]
