"""The network around it: switches learn, interfaces resolve, gateways agree, the same seed gives the same bytes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.playing import NAMES, once, played
from vmpcap.lab.events import S, Simulation
from vmpcap.lab.frames import EVERYBODY, Frame, ethernet, ip, mac
from vmpcap.lab.gateways import REDUNDANCIES
from vmpcap.lab.otv import fletcher, lsp
from vmpcap.lab.scenarios import SCENARIOS
from vmpcap.lab.switches import AGEING_NS, Switch
from vmpcap.lab.synth import pcapng
from vmpcap.lab.wires import Port, join
from vmpcap.lab.world import GUEST_IP, GUEST_MAC

A, B = mac("02:00:00:00:00:0a"), mac("02:00:00:00:00:0b")


class Listener:
    """Somebody at a port, who keeps what arrives."""

    def __init__(self, simulation: Simulation, switch: Switch, name: str, **known: int | bool) -> None:
        self.port = Port(self, name)
        self.heard: list[Frame] = []
        join(simulation, self.port, switch.port(name, **known))  # type: ignore[arg-type]

    def receive(self, port: Port, frame: Frame) -> None:
        """Keep it."""
        self.heard.append(frame)


def frame(target: bytes, sender: bytes) -> Frame:
    """A frame without meaning."""
    return ethernet(target, sender, 0x88B5, b"experimental")


def test_a_switch_floods_what_it_does_not_know_and_then_learns() -> None:
    """Known after one frame, unknown again after the ageing time."""
    simulation = Simulation("x", 0)
    switch = Switch(simulation, "s")
    one, two, three = (Listener(simulation, switch, name) for name in ("1", "2", "3"))
    one.port.send(frame(B, A))
    simulation.run(S)
    assert (len(two.heard), len(three.heard)) == (1, 1)
    two.port.send(frame(A, B))
    simulation.run(2 * S)
    assert (len(one.heard), len(three.heard)) == (1, 1)
    simulation.run(3 * S + AGEING_NS)
    two.port.send(frame(A, B))
    simulation.run(4 * S + AGEING_NS)
    assert len(three.heard) == 2


def test_vlans_keep_apart_and_trunks_tag() -> None:
    """A broadcast in VLAN 5 reaches the trunk with its tag, and no port of VLAN 6."""
    simulation = Simulation("x", 0)
    switch = Switch(simulation, "s")
    five, six = (Listener(simulation, switch, str(vlan), vlan=vlan) for vlan in (5, 6))
    trunk = Listener(simulation, switch, "t", trunk=True)
    five.port.send(frame(EVERYBODY, A))
    simulation.run(S)
    assert not six.heard
    assert trunk.heard[0].head[12:16] == bytes.fromhex("81000005")
    trunk.port.send(trunk.heard[0])
    simulation.run(2 * S)
    assert five.heard[0].head == frame(EVERYBODY, A).head


def test_the_gateway_asks_for_the_guest_and_stops_when_answered() -> None:
    """Not for ever, as it does where nobody answers."""
    questions = [
        ts
        for tap in once("gateway_arp").taps
        if tap.name == "gateway"
        for ts, raw, _ in tap.records
        if raw[12:14] == b"\x08\x06" and raw[20:22] == b"\0\1" and raw[38:42] == GUEST_IP and raw[22:28] != GUEST_MAC
    ]
    assert 2 <= len(questions) <= 4
    old = next(tap for tap in once("gateway_arp_old_site").taps if tap.name == "site-a").records
    in_vain = [ts for ts, raw, _ in old if raw[12:14] == b"\x08\x06" and raw[38:42] == GUEST_IP]
    assert len(in_vain) >= 4
    assert all(b - a == S for a, b in zip(in_vain[-4:], in_vain[-3:], strict=False))


@pytest.mark.parametrize("kind", REDUNDANCIES)
def test_only_what_is_kept_apart_has_two_active_gateways(kind: str) -> None:
    """And hellos of the other site are on the link between them only where they leak."""
    for suffix, actives in (("isolated", 2), ("leak", 1)):
        made = once(f"{kind}_{suffix}")
        assert sum(gateway.is_active for _, gateway in made.world.gateways) == actives
        group = REDUNDANCIES[kind]
        hellos = [
            raw[26:30]
            for tap in made.taps
            if tap.name == "dci"
            for _, raw, _ in tap.records
            if raw[12:14] == b"\x08\x00" and raw[30:34] == ip(group.group_address)
        ]
        assert (not hellos) == (suffix == "isolated")


def test_the_checksum_of_an_lsp_sums_to_nothing() -> None:
    """ISO 10589 7.3.11: both sums of what it covers are 0 modulo 255."""
    for count in (0, 1, 7, 30):
        covered = lsp(bytes(5) + b"\1", 5, 77, [bytes([2, 0, 0, 0, 0, i]) for i in range(count)])[3 + 12 :]
        c0 = c1 = 0
        for byte in covered:
            c0 = (c0 + byte) % 255
            c1 = (c1 + c0) % 255
        assert (c0, c1) == (0, 0)
        assert fletcher(covered, 12) == covered[12:14]


def digest(name: str, seed: int) -> str:
    """Of all captures of this scenario."""
    made = played(name, seed=seed)
    return hashlib.sha256(b"".join(block for tap in made.taps for block in pcapng(tap))).hexdigest()


HASHED = "from tests.lab.test_network import digest; print(digest({name!r}, {seed}))"


@pytest.mark.parametrize("name", ["stretched_vlan_lossy", "lisp", "otv", "bgp", "glbp_leak"])
def test_the_same_seed_gives_the_same_bytes_in_any_process(name: str) -> None:
    """Whatever the hash seed of Python; and another seed other bytes."""
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root / "analyzer"), str(root)])
    answers = [
        subprocess.run(
            [sys.executable, "-c", HASHED.format(name=name, seed=3)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert digest(name, 4) != answers[0]


def test_every_scenario_has_a_name_of_its_own_and_a_line() -> None:
    """Names are what people type."""
    assert len(set(NAMES)) == len(NAMES)
    for scenario in SCENARIOS:
        assert scenario.name.replace("_", "").isalnum()
        assert 10 < len(scenario.what) < 100


@pytest.mark.parametrize("mechanism", sorted({s.mechanism for s in SCENARIOS} - {"port_group"}))
def test_each_mechanism_works_in_one_scenario_and_fails_in_another(mechanism: str) -> None:
    """By its own machines' word. A port group that leads somewhere is no story of its own."""
    words = {once(s.name).truth["mechanism"]["worked"] for s in SCENARIOS if s.mechanism == mechanism}
    assert words == {"yes", "no"}


def test_times_in_a_capture_rise() -> None:
    """As a capture's do, both directions together."""
    for tap in once("stretched_vlan").taps:
        times = [record[0] for record in tap.records]
        assert times == sorted(times)
        assert times[0] >= 0
