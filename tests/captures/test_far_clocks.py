"""Clocks minutes apart that nothing compares: what one point lacks is no evidence by another one's time."""

from pathlib import Path

import pytest

import vmpcap
from tests.captures.altered import packets_of, written
from vmpcap.migration.results import Peer

ROLES = {
    "src-uplink": "source",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "gw-lan": "gateway",
    "client": "client",
}
S = 1_000_000_000


def only_peer(situation: str, folder: Path, behind_s: int) -> Peer:
    """What is told of the client where the new place's clock is so far behind."""
    points = {}
    for name in ROLES:
        behind = behind_s * S if name == "dst-guestbr" else 0
        packets = [p._replace(ts_ns=(p.ts_ns or 0) - behind) for p in packets_of(situation, name)]
        points[name] = written(folder / f"{name}.pcap", packets)
    (migration,) = vmpcap.report(points, roles=ROLES).migrations
    (peer,) = migration.guests[0].peers
    return peer


@pytest.mark.parametrize("behind_s", [0, 240])
def test_a_port_that_leads_nowhere_is_no_switch_that_has_not_learnt(behind_s: int, tmp_path: Path) -> None:
    """Requests went to the guest's MAC and never came to its new place: no switch could learn that."""
    peer = only_peer("destination_isolated", tmp_path, behind_s)
    assert peer.survived is False
    assert "relearning" not in {part.part for part in peer.breakdown}
    assert "switches had not learnt" not in peer.breakdown_because


def test_requests_that_go_to_the_old_port_until_they_are_answered_are_relearning_by_any_clock(tmp_path: Path) -> None:
    """A quiet guest whose announcement was filtered: the old place shows its requests until a switch has learnt."""
    by_far, known = (only_peer("rarp_filtered", tmp_path, behind_s) for behind_s in (240, 0))
    assert "relearning" in {part.part for part in known.breakdown}
    assert by_far.outage_ms == known.outage_ms
    assert {part.part for part in by_far.breakdown} <= {"relearning", "unexplained"}
