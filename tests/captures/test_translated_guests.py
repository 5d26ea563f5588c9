"""A guest behind a translator: what its client went through, and that answers to an old gateway are why."""

import json

import pytest

from tests.captures.situations import CAPTURES
from tests.runs.test_carve import request_on
from vmpcap.migration.results import Peer
from vmpcap.runs.pipeline import analyse

FOLDER = "mechanisms/nat"
NEAR_MS = 60.0
"""A ping every 50 ms."""


def pinged(kind: str) -> tuple[Peer, float]:
    """The client's pings as the report has them, and how long they were unanswered by the client's own account."""
    report = analyse(request_on(f"{FOLDER}/{kind}")).report
    (guest,) = report.migrations[0].guests
    (peer,) = [one for one in guest.peers if one.protocol == "icmp"]
    truth = json.loads((CAPTURES / FOLDER / kind / "truth.json").read_text())
    (own,) = [one["outage_ms"] for one in truth["peers"] if one["protocol"] == "icmp"]
    return peer, own


@pytest.mark.parametrize("kind", ["working", "failing"])
def test_a_client_that_knows_the_guest_by_another_address_tells_its_outage(kind: str) -> None:
    """Inside, only the new place sees it after the move."""
    peer, truth = pinged(kind)
    assert peer.point == "client"
    assert peer.outage_ms == pytest.approx(truth, abs=NEAR_MS)


def test_answers_to_the_old_gateway_explain_the_outage() -> None:
    """The guest's ARP entry was stale: longest part, with the frames."""
    peer, _ = pinged("failing")
    longest = max(peer.breakdown, key=lambda part: part.ms)
    assert longest.part == "gateway_arp"
    assert "its gateway at the old place, which is not at the new one" in longest.because
    assert "the guest answered to the MAC of its old gateway" in peer.breakdown_because
