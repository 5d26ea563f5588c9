"""`--decode-as`: rules are read as tshark reads them, hold over fixed numbers and guesses, and leave all else alone."""

import struct

import numpy as np
import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from tests.decode.frames_of import batch_of, row_of
from vmpcap.decode.decode_as import LAYERS, Layer, names_for, read_rules, rows_for
from vmpcap.decode.frames import Frames
from vmpcap.decode.steps import STEPS
from vmpcap.decode.tables import tables
from vmpcap.decode.walk import Walker
from vmpcap.decode.words import Space
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import doorway
from vmpcap.terms.errors import RequestError

GUEST = "00:50:56:aa:77:10"
RARP = Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff", type=0x8035) / ARP(op=3, hwsrc=GUEST, hwdst=GUEST)
HEAD = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUTER = HEAD / IP(src="10.0.0.1", dst="10.0.0.2")
OTV = bytes.fromhex("08000001 00000700")
"""Overlay 1, instance 7."""


def over_udp(port: int, inside: Packet) -> bytes:
    return bytes(OUTER / UDP(sport=50_000, dport=port, chksum=0) / inside)


def labelled(label: int, inside: bytes) -> bytes:
    stack = MPLS(label=17, s=0, ttl=64) / MPLS(label=label, s=1, ttl=64) / Raw(inside)
    return bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x8847) / stack)


def session(number: int, cookie: bytes) -> bytes:
    return bytes(
        Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        / IP(src="10.0.0.1", dst="10.0.0.2", proto=115)
        / Raw(struct.pack(">I", number) + cookie + bytes(RARP))
    )


def walked(frame: bytes, *rules: str, link_type: int = 1) -> dict[str, object]:
    walker = Walker(4, read_rules(rules))
    return row_of(walker.walk(batch_of([frame], link_type=link_type)), 0)


VXLAN_RARP = VXLAN(flags=0x08, vni=5001) / RARP

CASES = {
    "vxlan on a port of its own": (over_udp(4600, VXLAN_RARP), 1, "udp.port==4600,vxlan", "eth/ip/udp/vxlan/eth/rarp"),
    "a range of ports": (over_udp(4604, VXLAN_RARP), 1, "udp.port==4600-4609,vxlan", "eth/ip/udp/vxlan/eth/rarp"),
    "so many ports": (over_udp(4609, VXLAN_RARP), 1, "udp.port==4600:10,vxlan", "eth/ip/udp/vxlan/eth/rarp"),
    "over a fixed port": (over_udp(4790, VXLAN_RARP), 1, "udp.port==4790,vxlan", "eth/ip/udp/vxlan/eth/rarp"),
    "over a guess": (over_udp(8472, Raw(OTV + bytes(RARP))), 1, "udp.port==8472,otv", "eth/ip/udp/otv/eth/rarp"),
    "nothing to look into": (over_udp(4789, VXLAN_RARP), 1, "udp.port==4789,data", "eth/ip/udp"),
    "an ethertype": (
        bytes(Ether(src=GUEST, dst=GUEST, type=0x88B5) / RARP), 1, "ethertype==0x88b5,eth", "eth/eth/rarp",
    ),
    "an ethertype behind a tag": (
        bytes(HEAD / Dot1Q(vlan=9, type=0x88B5) / RARP), 1, "ethertype==34997,eth", "eth/vlan/eth/rarp",
    ),
    "a protocol": (
        bytes(HEAD / IP(src="10.0.0.1", dst="10.0.0.2", proto=99) / GRE(proto=0x0800) / IP() / TCP()),
        1, "ip.proto==99,gre", "eth/ip/gre/ip/tcp",
    ),
    "a type of GRE": (
        bytes(OUTER / GRE(proto=0x1234) / RARP), 1, "gre.proto==0x1234,eth", "eth/ip/gre/eth/rarp",
    ),
    "a link type": (bytes(RARP), 147, "linktype==147,eth", "eth/rarp"),
    "the same by Wireshark's number": (bytes(RARP), 148, "wtap_encap==46,eth", "eth/rarp"),
    "geneve": (over_udp(7000, GENEVE(vni=3) / RARP), 1, "udp.port==7000,geneve", "eth/ip/udp/geneve/eth/rarp"),
    "tshark's name": (over_udp(4791, VXLAN_RARP), 1, "UDP.port == 0x12b7 , VXLAN", "eth/ip/udp/vxlan/eth/rarp"),
    "NAT-T elsewhere": (
        over_udp(4501, Raw(bytes.fromhex("00001000 00000001") + bytes(40))), 1, "udp.port==4501,udpencap",
        "eth/ip/udp/esp",
    ),
    "a pseudowire whose frame looks like nothing": (
        labelled(100, bytes(Ether(src=GUEST, dst="00:11:22:33:44:55", type=0x1234) / Raw(bytes(60)))),
        1, "mpls.label==100,pwethnocw", "eth/mpls/pw/eth",
    ),
    "a control word": (
        labelled(100, bytes(4) + bytes(Ether(src=GUEST, dst="00:11:22:33:44:55", type=0x1234) / Raw(bytes(60)))),
        1, "mpls.label==64-200,pwethcw", "eth/mpls/pwcw/eth",
    ),
    "nothing behind a label": (labelled(7, bytes(RARP)), 1, "mpls.label==7,data", "eth/mpls"),
    "nothing in a session": (session(7, b""), 1, "l2tp.session==7,data", "eth/ip/l2tpv3"),
    "every label": (labelled(1_048_575, bytes(RARP)), 1, "mpls.label==0-1048575,pw", "eth/mpls/pw/eth/rarp"),
    "the cookie of a session": (session(0xDEADBEEF, b"8 bytes!"), 1, "l2tp.session==0xdeadbeef,l2eth8",
                                "eth/ip/l2tpv3/l2eth8/eth/rarp"),
    "every session": (session(9, b"4byt"), 1, "l2tp.session==0-0xffffffff,l2eth4", "eth/ip/l2tpv3/l2eth4/eth/rarp"),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "link_type", "rule", "path"), CASES.values(), ids=CASES)
def test_a_rule_says_what_a_number_means(frame: bytes, link_type: int, rule: str, path: str) -> None:
    assert walked(frame, rule, link_type=link_type)["path"] == path


def test_a_wrong_cookie_is_believed_too() -> None:
    """Who overrides a guess gets what was asked for, not what fits better."""
    frame = session(7, b"4byt")
    assert walked(frame)["path"] == "eth/ip/l2tpv3/l2eth4/eth/rarp"
    assert str(walked(frame, "l2tp.session==7,l2eth8")["path"]).startswith("eth/ip/l2tpv3/l2eth8/eth")


@pytest.mark.parametrize("label", [99, 100, 101, 111, 112, 113])
def test_labels_outside_the_range_are_still_guessed(label: int) -> None:
    frame = labelled(label, bytes(RARP))
    told = 100 <= label <= 112
    path = str(walked(frame, "mpls.label==100-112,pwcw")["path"])
    assert path.startswith("eth/mpls/pwcw") if told else path == "eth/mpls/pw/eth/rarp"


def test_rules_change_nothing_else() -> None:
    frames = [over_udp(4789, VXLAN_RARP), over_udp(4600, VXLAN_RARP), bytes(RARP), labelled(5, bytes(RARP))]
    batch = batch_of(frames)

    def plain(frames: Frames) -> list[list[object]]:
        return [np.asarray(column)[[0, 2, 3]].tolist() for column in frames]

    before = plain(Walker(8).walk(batch))
    assert plain(Walker(8, read_rules(["udp.port==4600,vxlan", "mpls.label==6,pwcw"])).walk(batch)) == before
    assert plain(Walker(8).walk(batch)) == before


def test_rules_of_one_number_must_agree() -> None:
    assert len(read_rules(["udp.port==5,vxlan", "udp.port==5,vxlan", "ip.proto==5,gre"])) == 3
    with pytest.raises(RequestError, match=r"'udp.port==1-9,vxlan' and 'udp.port==5,otv' say different things"):
        read_rules(["udp.port==1-9,vxlan", "udp.port==5,otv"])
    with pytest.raises(RequestError, match="say different things"):
        read_rules(["wtap_encap==45,eth", "linktype==147,ip"])


WRONG = {
    "udp.port=4600,vxlan": "needed <layer type>==<selector>,<protocol>, as in udp.port==4600,vxlan",
    "": "needed <layer type>",
    "udp.prt==1,vxlan": "there is no layer type 'udp.prt'; there are udp.port, ethertype, ip.proto",
    "tcp.port==8001,vmotion": "a TCP port of migrations is named with --port",
    "udp.port==many,vxlan": "the selector 'many' is no number",
    "udp.port==65536,vxlan": "numbers of udp.port go from 0 to 65535",
    "udp.port==9-4,vxlan": "upwards",
    "udp.port==9:0,vxlan": "upwards",
    "ethertype==100,eth": "numbers of ethertype go from 1536 to 65535",
    "ip.proto==256,gre": "from 0 to 255",
    "wtap_encap==1,eth": "from 45 to 60",
    "udp.port==1,vxlon": "'vxlon' is not known; did you mean vxlan",
    "udp.port==1,tcp": "'tcp' cannot stand there; for udp.port there are ",
    "linktype==147,nvgre": "cannot stand there",
    "mpls.label==1,vxlan": "for mpls.label there are data, eth, ip, ipv6, l2eth, pw, pwach, pwcw, pwethcw, pwethnocw",
    "l2tp.session==1,pw": "for l2tp.session there are data, eth, l2eth, l2eth12, l2eth4, l2eth8",
}


@pytest.mark.parametrize(("rule", "words"), WRONG.items())
def test_a_wrong_rule_is_told_what_there_is(rule: str, words: str) -> None:
    with pytest.raises(RequestError) as told:
        read_rules([rule])
    assert words in str(told.value)
    assert f"--decode-as {rule!r}" in str(told.value)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_name_that_is_listed_is_understood(layer: Layer) -> None:
    number = layer.least or 1
    rules = [read_rules([f"{layer.name}=={number},{name}"])[0] for name in names_for(layer)]
    assert {rule.row for rule in rules} == set(rows_for(layer))


def between(frames: list[bytes], fill: bytes, link_type: int) -> RecordBatch:
    """These frames as a batch, with other bytes before and behind each."""
    sizes = [len(frame) for frame in frames]
    spaced = batch_of([fill + frame + fill for frame in frames], link_type=link_type)
    at = spaced.record_at + len(fill)
    return spaced._replace(
        record_at=doorway(at, np.int64), captured_bytes=doorway(sizes, np.int32), wire_bytes=doorway(sizes, np.int32)
    )


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_any_row_anywhere_reads_no_byte_of_another_frame(layer: Layer) -> None:
    """Every rule that may be given is given, over frames of any bytes that are cut at every length."""
    random = np.random.default_rng(4)
    deepest = 0
    for row in rows_for(layer):
        number = layer.least or 1
        walker = Walker(256, read_rules([f"{layer.name}=={number},{row}"]))
        for body in (random.bytes(80), bytes(80), bytes.fromhex("45") + random.bytes(79)):
            whole, link_type = _reaching(layer.name, number, body)
            frames = [whole[:n] for n in range(1, len(whole))]
            seen = [
                [column.copy() for column in walker.walk(between(frames, fill, link_type))]
                for fill in (b"\0" * 32, b"\xff" * 32)
            ]
            for name, one, other in zip(Frames._fields, *seen, strict=True):
                assert np.array_equal(one, other), (row, name)
            deepest = max(deepest, int(seen[0][Frames._fields.index("depth")].max()))
    assert deepest > 1


def _reaching(layer: str, number: int, body: bytes) -> tuple[bytes, int]:
    """A frame in which this number of this layer stands before these bytes, and its link type."""
    head = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    outer = head / IP(src="10.0.0.1", dst="10.0.0.2")
    made = {
        "udp.port": lambda: bytes(outer / UDP(dport=number) / Raw(body)),
        "ethertype": lambda: bytes(Ether(src=GUEST, dst=GUEST, type=number) / Raw(body)),
        "ip.proto": lambda: bytes(head / IP(src="10.0.0.1", dst="10.0.0.2", proto=number) / Raw(body)),
        "gre.proto": lambda: bytes(outer / GRE(proto=number) / Raw(body)),
        "ppp.protocol": lambda: struct.pack(">BBH", 0xFF, 3, number) + body,
        "mpls.label": lambda: labelled(number, body),
        "l2tp.session": lambda: session(number, body),
    }
    links = {"linktype": number, "wtap_encap": number + 102, "ppp.protocol": 9}
    return (made[layer]() if layer in made else body), links.get(layer, 1)


def test_choices_stay_last_and_rows_keep_their_numbers() -> None:
    """The kernel's constant holds for tables with rules: they touch what a number enters, never the rows' order."""
    plain, ruled = tables(), tables(read_rules(["udp.port==4600,vxlan"]))
    changed = np.flatnonzero(plain.entries != ruled.entries)
    assert changed.tolist() == [(Space.UDP_PORT << 16) | 4600]
    assert STEPS[ruled.entries[changed[0]] - 1].name == "vxlan"
    assert np.array_equal(plain.rules, ruled.rules)
