"""VXLAN whose endpoints send to all others at once: copies to the old place miss nobody, one left out hears nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    END,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    STREAM_S,
    Scene,
    add_announcement,
    add_stream,
)
from tests.migration.test_overlays import NEW, OLD, PEERS, ROLES, carried
from vmpcap.migration.results import Mechanism

POINTS = {"at_old": "wan", "at_peers": "wan"}
RARP = ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")


def flooded(
    folder: Path,
    asked: Sequence[str] = (OLD, NEW),
    announced: Sequence[str] = (OLD, PEERS),
    answered: bool = True,
) -> Mechanism:
    """
    What is said of VXLAN without learning: what the peer's endpoint carries goes to all of these.

    `at_old` shows only what comes to the old endpoint, `core` what comes to and goes from the new one.
    """
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new")
    for n, target in enumerate(announced):
        rarp = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / RARP / Raw(b"\0" * 18)
        scene.at("core", MOVED + n * 1e-5, carried(NEW, target, rarp))
    for n in range(int((END - BEGIN + 3) * 10)):
        ts = BEGIN - 3 + n / 10
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        scene.at("far", ts - 0.001, ask)
        for number, target in enumerate(asked):
            at = ts + number * 1e-5
            scene.at("at_peers", at, carried(PEERS, target, ask))
            scene.at("at_old" if target == OLD else "core", at + 1e-4, carried(PEERS, target, ask))
        runs_at = OLD if ts < BEGIN + STREAM_S - 0.05 else NEW if ts >= MOVED and answered else ""
        if not runs_at:
            continue
        scene.at("core" if runs_at == NEW else "at_old", ts + 0.001, carried(runs_at, PEERS, reply))
        scene.at("far", ts + 0.002, reply)
        if runs_at == NEW:
            scene.at("new", ts + 0.0003, ask)
            scene.at("new", ts + 0.0006, reply)
    report = vmpcap.report(scene.write(folder), roles={**ROLES, **POINTS})
    (guest,) = report.migrations[0].guests
    return next(mechanism for mechanism in guest.mechanisms if mechanism.name == "vxlan")


@pytest.mark.parametrize("asked", [(OLD, NEW), (NEW, OLD)], ids=["the old one first", "the new one first"])
def test_copies_to_the_old_endpoint_are_no_failure(asked: Sequence[str], tmp_path: Path) -> None:
    """With learning off everything goes to all: the same packet came to the new endpoint, and was answered at once."""
    found = flooded(tmp_path, asked)
    assert found.worked == "yes"
    assert found.latency_ms == pytest.approx(0, abs=101)
    assert f"copies to {OLD} too" in found.because


def test_packets_that_go_to_the_old_endpoint_alone_stay_a_failure(tmp_path: Path) -> None:
    """The new one gets none of them: as it was told before."""
    found = flooded(tmp_path, (OLD,), answered=False)
    assert found.worked == "no"
    assert f"still went to {OLD}" in found.because


def test_an_endpoint_that_the_announcement_is_not_sent_to_is_named(tmp_path: Path) -> None:
    """Frames for the guest come from there: the new endpoint's list of the others lacks it."""
    found = flooded(tmp_path, announced=(OLD,))
    assert f"{NEW} sent its announcement to {OLD} and not to {PEERS}, from where frames" in found.because


@pytest.mark.parametrize("announced", [(OLD, PEERS), ("239.1.1.1",), ()], ids=["to all", "to a group", "not in view"])
def test_nobody_is_said_to_be_left_out_who_may_have_heard(announced: Sequence[str], tmp_path: Path) -> None:
    """A copy for each, one for a group that all are in, or none in view at all."""
    assert "sent its announcement" not in flooded(tmp_path, announced=announced).because
