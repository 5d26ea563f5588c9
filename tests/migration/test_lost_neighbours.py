"""A machine beside the guest that the guest asks for in vain at its new place."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scapy.layers.l2 import ARP, Ether

import vmpcap
from tests.migration.moving import (
    BEGIN,
    END,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    Scene,
    add_announcement,
    add_stream,
)
from tests.migration.test_outbound import LEFT, ROLES, others, outcome_of, ping

NEIGHBOUR, CARD = "10.77.0.21", "02:00:00:00:77:21"


@pytest.mark.parametrize(
    ("said_until", "asked_until", "answers", "asks", "lost"),
    [
        (LEFT, END, False, range(17), 17),
        (LEFT, END, True, range(17), 0),
        (BEGIN - 2, END, False, range(17), 0),
        (LEFT, MOVED + 5, False, range(17), 0),
        (LEFT, END, False, (0, 8, 16), 0),
        (LEFT, END, False, (0, 1, 2, 7, 8, 9, 15, 16), 8),
        (LEFT, END, False, (0, 7, 14, 15, 16), 3),
        (LEFT, END, False, (0, 1, 2, 8, 16), 0),
    ],
    ids=[
        "lost",
        "answers",
        "was silent",
        "asked no more",
        "refreshed",
        "in runs",
        "refreshed and lost",
        "lost and refreshed",
    ],
)
def test_a_neighbour_that_the_guest_asks_for_in_vain_is_lost(
    said_until: float, asked_until: float, answers: bool, asks: Sequence[int], lost: int, tmp_path: Path
) -> None:
    """
    It had pinged it until it moved; at the new place it asks for its MAC every second.

    Whom it asks for once, and eight seconds later again, may have answered out of view, on the same host.
    """
    scene = Scene()
    others(scene)
    for n in range(int((LEFT - BEGIN + 3) / 0.1)):
        ts = BEGIN - 3 + 0.03 + n * 0.1
        if ts < said_until:
            scene.at("old", ts, ping(GUEST_IP, NEIGHBOUR, (GUEST, CARD), n, 60, 8))
            scene.at("old", ts + 0.0005, ping(NEIGHBOUR, GUEST_IP, (CARD, GUEST), n, 60, 0))
    for n in range(int(END - MOVED)):
        ts = MOVED + 0.2 + n
        if ts < asked_until and n in asks:
            ask = ARP(op=1, hwsrc=GUEST, psrc=GUEST_IP, hwdst="00:00:00:00:00:00", pdst=NEIGHBOUR)
            scene.at("new", ts, Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff") / ask)
            if answers and n == 2:
                reply = ARP(op=2, hwsrc=CARD, psrc=NEIGHBOUR, hwdst=GUEST, pdst=GUEST_IP)
                scene.at("new", ts + 0.001, Ether(src=CARD, dst=GUEST) / reply)
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    report = vmpcap.report(points, roles=ROLES, profile="qemu-default")
    assert outcome_of(report, "guest_reachable_after")[0] == ("fail" if lost else "pass")
    rows = [peer for peer in report.migrations[0].guests[0].peers if peer.protocol == "arp"]
    assert [(row.peer, row.lost) for row in rows] == ([(NEIGHBOUR, lost)] if lost else [])
    if lost:
        assert NEIGHBOUR in outcome_of(report, "guest_reachable_after")[1]
