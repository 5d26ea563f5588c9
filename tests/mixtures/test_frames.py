"""The made frames, as tshark reads them: none is malformed, and each protocol is what it is meant to be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mixtures import equivalents, mixed, starts
from tests.mixtures.landscape import Landscape
from tests.tshark import needs_tshark, tshark_fields

SCENES: dict[str, tuple[Callable[[], Landscape], dict[str, int]]] = {
    "restart": (starts.restarted, {"dhcp": 2, "arp.opcode == 3": 5, "tcp.flags.reset == 1": 1}),
    "translated": (equivalents.unreachable, {"icmp.type == 3 && ip.dst == 10.99.0.2": 29}),
    "anycast": (equivalents.shared_by_packet, {"tcp.flags.reset == 1 && ip.ttl == 58": 1}),
    "otv": (lambda: mixed.otv_with_hsrp(leak=True), {"hsrp.state == 16": 4, "udp.dstport == 8472 && arp": 1}),
    "lisp": (lambda: mixed.lisp(20_000), {"lisp.type == 3": 2, "lisp.type == 4": 2, "lisp-data && icmp": 250}),
    "evpn": (lambda: mixed.evpn(22_000), {"bgp.evpn.nlri.rt == 2": 6, "bgp.ext_com_evpn.mmac.seq == 1": 2}),
    "rip": (lambda: mixed.two_rip_routers(40_000, "all"), {"rip.command == 2 && rip.ip == 10.77.0.10": 15}),
}


@needs_tshark
@pytest.mark.parametrize("name", SCENES)
def test_tshark_reads_them_as_they_are_meant(name: str, tmp_path: Path) -> None:
    """At least so many frames of each kind at all points together, and nothing malformed."""
    made, wanted = SCENES[name]
    files = [Path(path) for path in made().write(tmp_path).values()]
    numbers = ("frame.number",)
    assert sum(len(tshark_fields(path, numbers)) for path in files) > 100
    assert not any(tshark_fields(path, numbers, ("-Y", "_ws.malformed")) for path in files)
    for words, least in wanted.items():
        arguments = ("-Y", words, "-d", "udp.port==8472,vxlan")
        assert sum(len(tshark_fields(path, numbers, arguments)) for path in files) >= least, words
