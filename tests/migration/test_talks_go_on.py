"""A guest that speaks by UDP alone: its talks stop with the stream and go on at its new place, however late."""

from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import BEGIN, BROADCAST, END, GUEST, GUEST_IP, PEER, PEER_IP, STREAM_S, Scene, add_stream
from tests.migration.test_probes import FLOOD_S, NEW, OLD, ROLES
from vmpcap.report.document import Migration

LEFT = BEGIN + STREAM_S - 0.05
BACK = LEFT + 3.0
STEP_S = 0.02


def told(folder: Path, left: float = LEFT, port: int = 16_384) -> Migration:
    """A call of 50 packets a second both ways; the guest's end of it leaves then and is back at that port later."""
    scene = Scene()
    add_stream(scene, (OLD, NEW))
    for n in range(int((END - BEGIN + 3) / STEP_S)):
        ts = BEGIN - 3 + n * STEP_S + 0.003
        place, own = ("new", port) if ts >= BACK else ("old", 16_384)
        voice = Raw(b"\x80" * 172)
        heard = IP(src=PEER_IP, dst=GUEST_IP, id=n) / UDP(sport=20_000, dport=16_384) / voice
        said = IP(src=GUEST_IP, dst=PEER_IP, id=n) / UDP(sport=own, dport=20_000) / voice
        scene.at(place, ts, Ether(src=PEER, dst=GUEST) / heard)
        if not left <= ts < BACK:
            scene.at(place, ts + 0.001, Ether(src=GUEST, dst=PEER) / said)
    for n, after in enumerate((0.0, 0.05, 0.25, 0.7, 1.5)):
        rarp = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0")
        scene.at("new", BACK + after + n * 1e-4, rarp / Raw(b"\0" * 18))
        scene.at("old", BACK + after + n * 1e-4 + FLOOD_S, rarp / Raw(b"\0" * 18))
    files = scene.write(folder)
    return vmpcap.report(files, roles=ROLES, profile="vsphere4").migrations[0]


def test_a_guest_whose_talks_go_on_at_the_other_host_came_with_the_stream(tmp_path: Path) -> None:
    """It stopped 50 ms before the stream's end at one uplink and goes on 3 s later at the other, between its ports."""
    migration = told(tmp_path)
    (guest,) = migration.guests
    assert guest.confidence == "medium"
    assert "1 talk of it by UDP went on between the same ports" in guest.confidence_because
    assert migration.outcome == "completed"


@pytest.mark.parametrize(
    "more",
    [{"port": 30_000}, {"left": LEFT - 3.2}],
    ids=["other ports: it may have been started", "silent long before the end"],
)
def test_what_shows_no_guest_that_went_on_joins_none(more: dict[str, Any], tmp_path: Path) -> None:
    """An announcement 3 s after the stream is joined to it by time alone then."""
    migration = told(tmp_path, **more)
    assert [guest.confidence for guest in migration.guests if guest.confidence != "low"] == []
    assert migration.outcome != "completed"
