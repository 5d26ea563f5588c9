"""A stream that was never opened, or reset on its way: the row of its way says so, with what its host met."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import ARP, Ether

import vmpcap
from tests.migration.moving import BEGIN, BROADCAST, CARD_A, CARD_B, HOST_A, HOST_B, ROUTER_A, Scene
from vmpcap.report.document import Migration

NEAR = "10.10.1.12"
"""A host of the source's own subnet."""
GATEWAY = "10.10.1.1"
HSRP = "00:00:0c:07:ac:33"


def attempts(peer: str, to: str, refused_by: str = "", answer: str = "") -> Scene:
    """Five SYNs of the source host, of which nobody knows; a router may say why not, or the peer answer."""
    scene = Scene()
    for n, late in enumerate((0.0, 1.0, 3.0, 7.0, 15.0)):
        syn = IP(src=HOST_A, dst=peer, id=n, flags="DF") / TCP(sport=50_100, dport=8000, flags="S", seq=9)
        scene.at("src", BEGIN + late, Ether(src=CARD_A, dst=to) / syn)
        if refused_by:
            said = IP(src=refused_by, dst=HOST_A, ttl=255) / ICMP(type=3, code=13) / bytes(syn)[:28]
            scene.at("src", BEGIN + late + 0.001, Ether(src=ROUTER_A, dst=CARD_A) / said)
        if answer:
            back = TCP(sport=8000, dport=50_100, flags=answer, seq=77, ack=10)
            scene.at("src", BEGIN + late + 0.001, Ether(src=to, dst=CARD_A) / IP(src=peer, dst=HOST_A) / back)
    return scene


def asked(scene: Scene, address: str, by: str) -> Scene:
    """Before the first SYN the host asked for this address, and that MAC answered."""
    ask = ARP(op=1, hwsrc=CARD_A, psrc=HOST_A, pdst=address)
    scene.at("src", BEGIN - 0.010, Ether(src=CARD_A, dst=BROADCAST) / ask)
    reply = ARP(op=2, hwsrc=by, psrc=address, hwdst=CARD_A, pdst=HOST_A)
    scene.at("src", BEGIN - 0.009, Ether(src=by, dst=CARD_A) / reply)
    return scene


def told(scene: Scene, folder: Path) -> Migration:
    """What is said of it, of the point beside the source host."""
    (migration,) = vmpcap.report(scene.write(folder), roles={"src": "source"}).document.migrations
    return migration


def rows(migration: Migration) -> dict[str, tuple[str, str]]:
    """Each mechanism that was told, with its answer and the reason."""
    return {m.name: (m.worked, m.because) for m in migration.mechanisms}


UNANSWERED = "went unanswered: 5 SYNs in 15.0 s"


def test_a_neighbour_that_answers_arp_and_no_syn_fails_as_one_subnet(tmp_path: Path) -> None:
    """Its MAC came by ARP for its own address: no router was to take the SYN on."""
    found = rows(told(asked(attempts(NEAR, CARD_B), NEAR, CARD_B), tmp_path))
    worked, because = found["same_subnet_vmotion"]
    assert worked == "no"
    assert f"which ARP gives for {NEAR} itself" in because
    assert UNANSWERED in because
    assert "routed_vmotion" not in found


def test_a_router_that_says_no_fails_as_a_routed_way_with_its_words(tmp_path: Path) -> None:
    """The host asked for its gateway, and a router's filter refused each SYN."""
    scene = asked(attempts(HOST_B, ROUTER_A, refused_by="10.10.9.1"), GATEWAY, ROUTER_A)
    worked, because = rows(told(scene, tmp_path))["routed_vmotion"]
    assert worked == "no"
    assert UNANSWERED in because
    assert "10.10.9.1 said 5 times by ICMP why not (prohibited by a filter)" in because


@pytest.mark.parametrize("is_asked", [True, False], ids=["for the peer itself", "from before"])
def test_a_virtual_mac_is_a_router_whomever_the_host_asked_for(is_asked: bool, tmp_path: Path) -> None:
    """A router that answers by ARP for the peer is a router all the same."""
    scene = attempts(NEAR, HSRP)
    found = rows(told(asked(scene, NEAR, HSRP) if is_asked else scene, tmp_path))
    assert found["routed_vmotion"][0] == "no"
    assert "same_subnet_vmotion" not in found


def test_a_way_of_which_nothing_tells_what_it_is_has_no_row(tmp_path: Path) -> None:
    """The MAC was known from before and may be anybody's; that the attempts were in vain is said all the same."""
    migration = told(attempts(HOST_B, ROUTER_A), tmp_path)
    assert migration.outcome == "aborted"
    assert {"same_subnet_vmotion", "routed_vmotion"}.isdisjoint(rows(migration))


def test_a_refused_attempt_says_that_nothing_listens(tmp_path: Path) -> None:
    """The host is there, and its port is closed."""
    worked, because = rows(told(asked(attempts(NEAR, CARD_B, answer="RA"), NEAR, CARD_B), tmp_path))[
        "same_subnet_vmotion"
    ]
    assert worked == "no"
    assert "answered the connection attempt with a reset: nothing listens there" in because


def test_an_attempt_that_was_answered_blames_no_way(tmp_path: Path) -> None:
    """A probe of the port: opened, and nothing sent."""
    scene = asked(attempts(NEAR, CARD_B, answer="SA"), NEAR, CARD_B)
    report = vmpcap.report(scene.write(tmp_path), roles={"src": "source"}).document
    assert all(worked != "no" for m in report.migrations for worked, _ in rows(m).values())


def in_vain(times: int, answered_by: str = "", role: str = "source", every: float = 1.0) -> Scene:
    """The host asks for its neighbour once a second, or as often; the last time it may be answered."""
    scene = Scene()
    for n in range(times):
        ask = ARP(op=1, hwsrc=CARD_A, psrc=HOST_A, pdst=NEAR)
        scene.at(role, BEGIN + n * every, Ether(src=CARD_A, dst=BROADCAST) / ask)
    if answered_by:
        reply = ARP(op=2, hwsrc=answered_by, psrc=NEAR, hwdst=CARD_A, pdst=HOST_A)
        scene.at(role, BEGIN + times, Ether(src=answered_by, dst=CARD_A) / reply)
    return scene


def noted(scene: Scene, folder: Path) -> list[str]:
    """What is noted of who asked in vain."""
    report = vmpcap.report(scene.write(folder), roles={name: name for name in scene.seen}).document
    assert report.migrations == []
    return [note for note in report.notes if "by ARP for" in note]


def test_a_host_whose_peer_answers_no_arp_is_noted(tmp_path: Path) -> None:
    """Not a SYN was sent: there is no stream to tell of."""
    (note,) = noted(in_vain(6), tmp_path)
    assert f"{HOST_A} asked 6 times by ARP for {NEAR}, and nobody answered" in note


def sweep(count: int) -> Scene:
    """The host asks three times for each address of a network."""
    scene = Scene()
    for n in range(count):
        for again in range(3):
            ask = ARP(op=1, hwsrc=CARD_A, psrc=HOST_A, pdst=f"10.10.{2 + n // 200}.{1 + n % 200}")
            scene.at("source", BEGIN + n * 0.01 + again, Ether(src=CARD_A, dst=BROADCAST) / ask)
    return scene


def test_a_sweep_of_a_network_is_counted_and_not_listed(tmp_path: Path) -> None:
    """Three of its addresses are named, as an example."""
    notes = noted(sweep(60), tmp_path)
    assert len(notes) == 4
    assert f"{HOST_A} asked by ARP for 57 further addresses in vain" in notes[-1]


def one_direction(scene: Scene) -> Scene:
    """The host sends its neighbour packets all the time, and nothing that comes back is in the capture."""
    for n in range(12):
        sent = IP(src=HOST_A, dst=NEAR, id=n) / TCP(sport=50_100, dport=22, flags="PA", seq=9 + n) / b"x"
        scene.at("source", BEGIN - 0.5 + n / 2, Ether(src=CARD_A, dst=CARD_B) / sent)
    return scene


@pytest.mark.parametrize(
    "scene",
    [
        one_direction(in_vain(6)),
        in_vain(6, every=20.0),
        in_vain(2),
        in_vain(6, answered_by=CARD_B),
        in_vain(6, role="client"),
    ],
    ids=["one direction", "refreshes", "twice", "answered in the end", "no host's NIC"],
)
def test_who_asks_seldom_or_is_answered_or_is_no_host_is_not(scene: Scene, tmp_path: Path) -> None:
    """Machines ask for dead addresses all day."""
    assert noted(scene, tmp_path) == []
