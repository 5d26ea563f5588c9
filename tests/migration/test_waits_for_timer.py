"""Connections that were tried in vain while all were, and not since: what they would meet then is not known."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
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
from vmpcap.runs.answer import Answer

LEFT = BEGIN + STREAM_S - 0.05
OTHER, OTHER_IP = "02:00:00:00:77:21", "10.77.0.21"
TRIES = (0.0, 0.2, 0.6, 1.4, 3.0)
"""When its segment was sent, after 0.02 s since the guest left: the next would come 6.2 s after the first."""
VIEW_S = 5.9


def told(folder: Path, back: float) -> Answer:
    """One client pings and is answered from that time on; the other sends in a connection until 3.02 s, in vain."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "cl")
    for n in range(round((LEFT + VIEW_S - BEGIN + 3) / 0.1)):
        ts = BEGIN - 3 + 0.1 * n
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        scene.at("cl", ts, ask)
        if not LEFT <= ts < back:
            scene.at("cl", ts + 0.0005, reply)
    _connection(scene)
    files = scene.write(folder)
    points = {"source": files["src"], "destination": files["dst"], "new": files["new"], "cl": files["cl"]}
    return vmpcap.report(points, roles={"new": "domain:destination", "cl": "client"}, profile="vsphere4")


def _connection(scene: Scene) -> None:
    def said(ts: float, asks: bool, flags: str, seq: int, ack: int, size: int = 0) -> None:
        ports = {"sport": 42_000, "dport": 443} if asks else {"sport": 443, "dport": 42_000}
        ends = {"src": OTHER_IP, "dst": GUEST_IP} if asks else {"src": GUEST_IP, "dst": OTHER_IP}
        macs = {"src": OTHER, "dst": GUEST} if asks else {"src": GUEST, "dst": OTHER}
        packet = IP(**ends) / TCP(**ports, flags=flags, seq=seq, ack=ack, window=9000) / Raw(b"\xa5" * size)
        scene.at("cl", ts, Ether(**macs) / packet)

    begin, step = BEGIN - 2.5, 0.2
    said(begin - 0.1, True, "S", 99, 0)
    said(begin - 0.0995, False, "SA", 499, 100)
    said(begin - 0.099, True, "A", 100, 500)
    count = int((LEFT - begin) / step)
    for n in range(count):
        said(begin + n * step, True, "PA", 100 + 50 * n, 500 + 50 * n, 50)
        said(begin + n * step + 0.0005, False, "PA", 500 + 50 * n, 150 + 50 * n, 50)
        said(begin + n * step + 0.001, True, "A", 150 + 50 * n, 550 + 50 * n)
    for after in TRIES:
        said(LEFT + 0.02 + after, True, "PA", 100 + 50 * count, 500 + 50 * count, 50)


def test_what_was_not_sent_since_others_were_answered_again_is_not_lost(tmp_path: Path) -> None:
    """The way is free 3.5 s after the guest left; the last try was at 3.02 s, the next is due beyond the view."""
    report = told(tmp_path, LEFT + 3.5)
    (guest,) = report.migrations[0].guests
    (row,) = [peer for peer in guest.peers if peer.peer == OTHER_IP]
    assert (row.survived, row.outage_ms) == (None, None)
    assert "sent no more since others were answered again" in row.because
    assert guest.peer_counts is not None
    assert guest.peer_counts.peers_lost == 0
    reach = next(check for check in report.migrations[0].checks if check.id == "guest_reachable_after")
    assert reach.outcome == "pass"
    assert f"not known of {OTHER_IP}" in reach.because
    assert "never answered again" not in report.document.because
    switchover = next(check for check in report.migrations[0].checks if check.id == "switchover")
    assert switchover.outcome != "pass"


@pytest.mark.parametrize("back", [LEFT + 2.5, MOVED], ids=["before the last try", "with the guest"])
def test_what_was_sent_in_vain_after_others_were_answered_again_is_lost(back: float, tmp_path: Path) -> None:
    """Its last try came when the way was free for others."""
    report = told(tmp_path, back)
    (guest,) = report.migrations[0].guests
    (row,) = [peer for peer in guest.peers if peer.peer == OTHER_IP]
    assert row.survived is False
    reach = next(check for check in report.migrations[0].checks if check.id == "guest_reachable_after")
    assert reach.outcome == "fail"
