"""What is said of mechanisms, held to what real daemons did around a guest's move (the scenarios' truth.json)."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.oracle.mechanisms import MECHANISMS, scenarios, truth_of
from vmpcap.migration.results import Mechanism
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile


@dataclass(frozen=True)
class Fact:
    """What a person read in the scenario's truth: the mechanism, whether it did its part, when (ms), who is named."""

    name: str
    worked: str
    after_ms: tuple[float, float] | None = None
    names: tuple[str, ...] = ()


FACTS: dict[str, tuple[Fact, ...]] = {
    "r1_evpn_move": (
        Fact("evpn", "yes", (50, 52), ("10.0.0.2", "sequence 1", "+253 ms", "+152 ms")),
        Fact("vxlan", "yes", None, ("VXLAN 77", "10.0.0.2", "10.0.0.1")),
    ),
    "r2_evpn_silent_guest": (
        Fact("evpn", "no", (31_800, 32_000), ("+51 ms", "+31.9 s", "cut off for 30.7 s")),
        Fact("gateway_arp", "no", None, ("10.77.0.1", "without an answer")),
    ),
    "r4_rip_port_follows": (Fact("rip", "yes", (1000, 2020), ("10.77.0.10/32",)),),
    "r5_rip_timeout_short": (Fact("rip", "no", (27_900, 28_100), ("192.0.2.2 went on advertising", "+28.0 s")),),
    "r6_ospf_hostroute": (Fact("ospf", "yes", (12, 14), ("10.0.0.3", "10.0.0.2 withdrew it +126 ms")),),
    "r6s_ospf_stale": (Fact("ospf", "no", None, ("10.0.0.2 never withdrew 10.77.0.10/32", "10.0.0.3")),),
    "r7_bgp_hostroute": (Fact("bgp", "yes", (62, 64), ("AS 65002", "AS 65001 withdrew it +172 ms")),),
    "r8_eigrp_guest": (Fact("eigrp", "no", None, ("192.0.2.2 never withdrew", "192.0.2.6", "4 of 7")),),
    "r9_vrrp_hello_leak": (Fact("vrrp", "no", None, ("group 77", "10.77.0.2", "cross")),),
    "r9i_vrrp_isolated": (Fact("vrrp", "yes", (0, 1100), ("10.77.0.2 at the old", "10.77.0.3 at the new")),),
    "r10_gateway_stale_arp": (Fact("gateway_arp", "no", (4500, 4725), ("00:50:56:aa:77:10", "00:50:56:aa:77:99")),),
    "r11v_vxlan_ovs": (Fact("vxlan", "yes", (0, 150), ("VXLAN 77", "10.30.0.2", "10.30.0.1")),),
    "r12f_isis_fast_lsp": (Fact("isis", "yes", (115, 117), ("0000.0000.0003", "0000.0000.0002 withdrew it +211 ms")),),
    "r13w_vlan_ok": (Fact("stretched_vlan", "yes", (0, 5), ("VLAN 77",)),),
}

ROUTES = {"rip", "ospf", "eigrp", "bgp", "isis", "evpn", "vrrp", "hsrp", "glbp", "lisp", "vxlan", "geneve", "otv"}


@cache
def report_of(scenario: str) -> Report:
    """All points of a scenario together."""
    points = tuple(
        PointFiles(p["file"].split(".")[0], p["role"], (str(MECHANISMS / scenario / p["file"]),))
        for p in truth_of(scenario)["points"]
    )
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


def told(scenario: str) -> dict[str, Mechanism]:
    """The mechanisms of the one guest, by name."""
    (migration,) = report_of(scenario).migrations
    (guest,) = migration.guests
    return {m.name: m for m in guest.mechanisms}


each = pytest.mark.parametrize("scenario", scenarios())


def _known(scenario: str) -> tuple[Fact, ...]:
    if scenario not in FACTS:
        pytest.skip("nobody wrote down what is expected of it")
    return FACTS[scenario]


@each
def test_each_mechanism_is_judged_as_its_truth_says(scenario: str) -> None:
    """Whether it worked, when, and who is named."""
    found = told(scenario)
    for fact in _known(scenario):
        one = found[fact.name]
        assert one.worked == fact.worked, one.because
        if fact.after_ms is not None:
            assert one.latency_ms is not None
            assert fact.after_ms[0] <= one.latency_ms <= fact.after_ms[1], one.because
        for word in fact.names:
            assert word in one.because


@each
def test_nothing_else_is_said_to_have_failed(scenario: str) -> None:
    """A mechanism that is not the scenario's own is no reason of its outage, but for who asks for the guest in vain."""
    wanted = {fact.name for fact in _known(scenario) if fact.worked == "no"}
    failed = {name for name, one in told(scenario).items() if one.worked == "no"}
    assert failed - wanted <= {"gateway_arp"} if wanted else not failed


@each
def test_no_protocol_is_seen_where_none_runs(scenario: str) -> None:
    """Only what the scenario is about; an overlay stands beside EVPN."""
    own = {fact.name for fact in _known(scenario)} | ({"vxlan"} if "evpn" in scenario else set())
    assert set(told(scenario)) & ROUTES <= own


@each
def test_evidence_points_at_frames_of_its_point(scenario: str) -> None:
    """Every mechanism that was judged by packets shows some, of a point of the report."""
    points: dict[str, Any] = {one.point: one for one in report_of(scenario).inputs}
    for one in told(scenario).values():
        for sight in one.evidence:
            assert sight.frames
            assert min(sight.frames) >= 1
            assert max(sight.frames) <= points[sight.point].packets
        assert one.evidence, one.because


@pytest.mark.skipif(not MECHANISMS.exists(), reason="the captures of mechanisms are not beside this checkout")
def test_a_failing_check_is_explained_by_what_failed() -> None:
    """The sentence of an unreachable guest says who did not do its part."""
    (migration,) = report_of("r6s_ospf_stale").migrations
    check = next(c for c in migration.checks if c.id == "guest_reachable_after")
    assert check.outcome == "fail"
    assert "ospf: router 10.0.0.2 never withdrew 10.77.0.10/32" in check.because


@pytest.mark.skipif(not MECHANISMS.exists(), reason="the captures of mechanisms are not beside this checkout")
@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [("r9_vrrp_hello_leak", "fail"), ("r9i_vrrp_isolated", "pass"), ("r13w_vlan_ok", "undecided")],
)
def test_whether_the_gateway_is_local_is_told(scenario: str, outcome: str) -> None:
    """By the hellos at both sites; without any, not at all."""
    (migration,) = report_of(scenario).migrations
    check = next(c for c in migration.checks if c.id == "gateway_localised")
    assert (check.outcome, check.decides) == (outcome, False)


BOTH_ENDS = {"src-vmk", "dst-vmk"}


@each
def test_fewer_points_say_less_never_the_opposite(scenario: str) -> None:
    """With one of the points missing, nothing that worked failed, and nothing that failed worked."""
    whole = {name: one.worked for name, one in told(scenario).items()}
    points = [p for p in truth_of(scenario)["points"] if p["file"].split(".")[0] not in BOTH_ENDS]
    ends = [p for p in truth_of(scenario)["points"] if p["file"].split(".")[0] in BOTH_ENDS]
    for missing in points:
        left = [*ends, *(p for p in points if p is not missing)]
        files = tuple(
            PointFiles(p["file"].split(".")[0], p["role"], (str(MECHANISMS / scenario / p["file"]),)) for p in left
        )
        for migration in analyse(Request(points=files, profile=load_profile("vsphere4"))).report.migrations:
            for guest in migration.guests:
                for one in guest.mechanisms:
                    pair = {whole.get(one.name, one.worked), one.worked}
                    assert pair != {"yes", "no"}, (missing["file"], one.name, one.because)


@each
def test_without_roles_nothing_is_said_to_be_the_opposite(scenario: str) -> None:
    """Who does not say where the points stand is told less."""
    whole = {name: one.worked for name, one in told(scenario).items()}
    files = tuple(
        PointFiles(p["file"].split(".")[0], None, (str(MECHANISMS / scenario / p["file"]),))
        for p in truth_of(scenario)["points"]
    )
    for migration in analyse(Request(points=files, profile=load_profile("vsphere4"))).report.migrations:
        for guest in migration.guests:
            for one in guest.mechanisms:
                assert {whole.get(one.name, one.worked), one.worked} != {"yes", "no"}, one.because
