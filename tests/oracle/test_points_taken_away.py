"""Points of the lab's and the mechanisms' migrations taken away one by one, against their own witnesses."""

import json
from pathlib import Path

import pytest

from tests.oracle.lab_truth import ROLES, read_truth
from tests.oracle.mechanisms_truth import mechanisms, points_of
from tests.oracle.test_lab import LAB
from tests.points_taken_away import NEVER, contradictions, judged, read, unnamed

PASS, FAIL = frozenset({"pass"}), frozenset({"fail"})
RTT_MOST_MS = 5.0

NOT_FOLLOWED = {"r6s_ospf_stale": FAIL, "r8_eigrp_guest": PASS | FAIL}
"""Nobody reaches the guest again; four of six flows do not. Elsewhere everybody does in the end."""


@pytest.mark.parametrize("folder", [p.parent for p in sorted(LAB.glob("*/truth.json"))], ids=lambda p: p.name)
def test_no_selection_of_the_labs_points_says_what_is_not_so(folder: Path) -> None:
    """The hypervisor, the ping, the RARPs at the gateway and the client say what is so; of throughput all points do."""
    truth = read_truth(folder)
    points = read([(name, ROLES.get(name), str(folder / f"{name}.pcap.zst")) for name in truth.points])
    probes = {probe for probe, _, _, _ in truth.outages}
    is_back = any(all(ended for p, _, _, ended in truth.outages if p == probe) for probe in probes)
    allowed = []
    for leg, whole in zip(truth.legs, judged(points), strict=True):
        allowed.append(
            {
                "completed": PASS if leg.completed else FAIL,
                "throughput": frozenset({whole["throughput"][0]}),
                "rtt": PASS if truth.ping_min_ms <= RTT_MOST_MS else FAIL,
                "announcement_reached_destination": NEVER
                if not leg.completed
                else PASS
                if truth.rarps_at("gw-lan")
                else FAIL,
                "guest_reachable_after": NEVER if not leg.completed else PASS if is_back else FAIL,
            }
        )
    assert contradictions(points, allowed) == []
    assert contradictions(unnamed(points), allowed) == []


@pytest.mark.parametrize("folder", mechanisms(), ids=lambda p: p.name)
def test_no_selection_of_the_mechanisms_points_says_what_is_not_so(folder: Path) -> None:
    """The guest moved each time, its hosts stand side by side; its RARPs reached every gateway that has a point."""
    points = read(points_of(folder))
    raw = json.loads((folder / "truth.json").read_text())
    gateways = [p["file"] for p in raw["points"] if p["role"] == "gateway"]
    heard = [raw["wire"]["points"][file].get("rarp_after_move") for file in gateways]
    (whole,) = judged(points)
    allowed = {
        "completed": PASS,
        "throughput": frozenset({whole["throughput"][0]}),
        "rtt": PASS,
        "announcement_reached_destination": PASS if any(heard) or not gateways else FAIL,
        "guest_reachable_after": NOT_FOLLOWED.get(folder.name, PASS),
    }
    assert contradictions(points, [allowed]) == []
    assert contradictions(unnamed(points), [allowed]) == []
