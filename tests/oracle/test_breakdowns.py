"""What outages were spent on, against those who were there: QEMU's own STOP and RESUME, the mover, kernels' tables."""

from pathlib import Path
from typing import Any

import pytest

from tests.oracle.mechanisms import scenarios, truth_of
from tests.oracle.test_lab import run
from tests.oracle.test_lab import scenarios as lab_scenarios
from tests.oracle.test_mechanisms import report_of
from vmpcap.migration.results import Peer
from vmpcap.report.document import Report

LONGEST_IN_LAB = {"s7q": "relearning", "rarp_filtered": "relearning", "x1_guest_panics_after_switchover": "guest"}
"""What took longest, by how the scenario was made; of the others that ended it was the stun."""

LONGEST = {
    "r2_evpn_silent_guest": "gateway_arp",
    "r4_rip_port_follows": "routing",
    "r5_rip_timeout_short": "routing",
    "r6s_ospf_stale": "routing",
    "r7_bgp_hostroute": "routing",
    "r8_eigrp_guest": "routing",
    "r10_gateway_stale_arp": "gateway_arp",
}
"""By the kernels' neighbour and route tables in truth.json."""


def broken_down(report: Report) -> list[tuple[int, Peer]]:
    """Each peer whose outage was taken apart, with the number of its migration."""
    return [(n, p) for n, m in enumerate(report.migrations) for g in m.guests for p in g.peers if p.breakdown]


def spent(peer: Peer) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in peer.breakdown:
        found[part.part] = found.get(part.part, 0.0) + part.ms
    return found


def add_up(peer: Peer) -> None:
    """Parts follow each other without a gap, and make the outage."""
    for one, other in zip(peer.breakdown, peer.breakdown[1:], strict=False):
        assert (one.to_ts, one.to_frame) == (other.from_ts, other.from_frame)
    if peer.outage_ms is not None:
        assert sum(part.ms for part in peer.breakdown) == pytest.approx(peer.outage_ms)


@pytest.mark.parametrize("folder", lab_scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")
def test_of_a_lab_outage_the_stun_is_no_longer_than_qemu_was_stopped(folder: Path) -> None:
    """By more than its stated doubt; and what the scenario was made to show is the longest part."""
    truth, report = run(folder)
    for number, peer in broken_down(report):
        add_up(peer)
        leg, parts = truth.legs[number], spent(peer)
        if leg.stop is None or leg.resume is None:
            continue
        stun = [part for part in peer.breakdown if part.part == "stun"]
        doubt = sum(part.uncertainty_ms or peer.interval_ms or 0 for part in stun)
        assert parts.get("stun", 0) <= (leg.resume - leg.stop) * 1e3 + doubt + 1
        if peer.outage_ms is not None:
            name = truth.folder.name
            assert max(parts, key=lambda part: parts[part]) == LONGEST_IN_LAB.get(name, "stun"), parts


@pytest.mark.parametrize("scenario", scenarios())
def test_of_a_mechanisms_outage_the_longest_part_is_what_its_tables_say(scenario: str) -> None:
    """A stale ARP entry, a route that timed out: named, with the stun as long as the mover paused the guest."""
    report, truth = report_of(scenario), truth_of(scenario)
    move: dict[str, Any] = truth["moves"][0]
    found = broken_down(report)
    assert found
    for _, peer in found:
        add_up(peer)
        parts = spent(peer)
        assert max(parts, key=lambda part: parts[part]) == LONGEST.get(scenario, "stun"), parts
        assert "unexplained" not in parts
        if "stun" in parts:
            paused = (move["t_move"] - move["t_pause"]) * 1e3
            assert parts["stun"] == pytest.approx(paused, abs=(peer.interval_ms or 0) + 1)


@pytest.mark.parametrize("scenario", scenarios())
def test_the_old_place_got_no_more_frames_once_its_routes_were_gone(scenario: str) -> None:
    """Where requests were still sent to the old site the tail is as long as that; where nothing was stale it is 0."""
    (migration,) = report_of(scenario).migrations
    switchover = migration.guests[0].switchover
    lasting = scenario in ("r5_rip_timeout_short", "r8_eigrp_guest")
    if switchover.stale_tail_ms is not None:
        assert (switchover.stale_tail_ms > 1000) == lasting, switchover.stale_tail.because
        assert (switchover.stale_frames == 0) == (switchover.stale_tail_ms == 0)
