"""A guest that probes for its address where it came to (RFC 5227): its first sign there, before it announces itself."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    CARD_A,
    CARD_B,
    END,
    GUEST,
    GUEST_IP,
    PEER,
    PEER_IP,
    STREAM_S,
    Scene,
    Way,
    add_stream,
)
from vmpcap.migration.results import Guest

LEFT = BEGIN + STREAM_S - 0.05
PROBED = LEFT + 1.1
CALLED = LEFT + 3.0
FLOOD_S = 0.00015
TRIP_S = 0.0001
STEP_S = 0.1
PING_LAST = LEFT - 0.02
OLD = Way("old", (CARD_A, CARD_B), (CARD_B, CARD_A))
NEW = Way("new", (CARD_A, CARD_B), (CARD_B, CARD_A), late_s=TRIP_S)
ROLES = {"old": "domain:source", "new": "domain:destination"}


def said(scene: Scene, ts: float, sender: str, at_new: bool = True) -> None:
    """The guest asks for its own address, and everybody hears it: the other place a moment later."""
    body = ARP(op=1, hwsrc=GUEST, psrc=sender, hwdst="00:00:00:00:00:00", pdst=GUEST_IP)
    frame = Ether(src=GUEST, dst=BROADCAST) / body / Raw(b"\0" * 18)
    scene.at("new", ts if at_new else ts + FLOOD_S, frame)
    scene.at("old", ts + FLOOD_S if at_new else ts, frame)


def told(
    folder: Path, probes: tuple[float, ...] = (0.0, 0.9, 1.8), early: tuple[float, ...] = (), points: str = "old new"
) -> Guest:
    """Its peer pings it all the time: answered at its old place, and at the new one once it announced itself."""
    scene = Scene()
    add_stream(scene, (OLD, NEW))
    for n in range(int((END - BEGIN + 3) / STEP_S)):
        ts = BEGIN - 3 + n * STEP_S + 0.03
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        place = "new" if ts >= (PROBED if probes else CALLED) else "old"
        scene.at(place, ts, ask)
        if ts < LEFT or ts >= CALLED:
            scene.at(place, ts + 0.0005, reply)
    for after in probes:
        said(scene, PROBED + after, "0.0.0.0")
    for before in early:
        said(scene, LEFT - before, "0.0.0.0", at_new=False)
    for after in (0.0, 2.0):
        said(scene, CALLED + after, GUEST_IP)
    files = {name: path for name, path in scene.write(folder).items() if name in points.split()}
    report = vmpcap.report(files, roles={name: ROLES[name] for name in files}, ports=[8000], profile="vsphere4")
    (guest,) = report.migrations[0].guests
    return guest


def test_the_first_probe_is_the_first_sign_at_the_new_place(tmp_path: Path) -> None:
    """Copies of the probes come to the old place 0.15 ms later, too near for the clocks: they are no sign of it."""
    guest = told(tmp_path)
    switchover = guest.switchover
    assert switchover.bracket_ms == pytest.approx((PROBED - LEFT) * 1000, abs=50)
    assert switchover.guest_silence_ms == pytest.approx((PROBED - LEFT) * 1000, abs=50)
    assert (switchover.bracket.from_point, switchover.bracket.to_point) == ("old", "new")
    assert guest.announcements.early_ms == pytest.approx(-(CALLED - LEFT) * 1000, abs=50)


def test_requests_that_came_while_it_probed_were_not_answered_by_the_guest(tmp_path: Path) -> None:
    """They passed the uplink of its new host, 19 of them, and nothing of it came back."""
    (peer,) = told(tmp_path).peers
    lengths = {part.part: part.ms for part in peer.breakdown}
    assert lengths["stun"] == pytest.approx((PROBED - LEFT) * 1000, abs=150)
    assert lengths["guest"] == pytest.approx((CALLED - PROBED) * 1000, abs=150)
    assert lengths.get("unexplained", 0.0) < 150


def test_probes_that_the_guest_went_on_after_at_its_old_place_are_of_another_event(tmp_path: Path) -> None:
    """Its link went down and up there half a second before it left: it was there, and answered on."""
    guest = told(tmp_path, probes=(), early=(0.5, 0.35, 0.25))
    assert guest.switchover.bracket_ms == pytest.approx((CALLED - LEFT) * 1000, abs=50)
    assert guest.announcements.early_ms == pytest.approx(-(CALLED - LEFT) * 1000, abs=50)


def test_without_probes_the_announcement_is_the_first_sign(tmp_path: Path) -> None:
    """As ever."""
    guest = told(tmp_path, probes=())
    assert guest.switchover.bracket_ms == pytest.approx((CALLED - LEFT) * 1000, abs=50)


def test_a_guest_that_probed_is_joined_to_the_stream_by_its_first_probe(tmp_path: Path) -> None:
    """Its announcement came 3 s after the stream's end, its first probe 1.1 s: the new host's uplink alone shows it."""
    assert told(tmp_path, points="new").confidence == "medium"
