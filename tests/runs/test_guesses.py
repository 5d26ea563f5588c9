"""What a report says of frames that were told by their bytes alone: what was taken, how surely, and how to say it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from tests.readers.writers import Packet as Record
from tests.readers.writers import pcap
from vmpcap.decode.decode_as import read_rules
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Guess
from vmpcap.runs.pipeline import PointFiles, Request, analyse, list_announcements
from vmpcap.verdicts.profile import load_profile

GUEST = "00:50:56:aa:77:10"
"""VMware's addresses begin with a nibble of 0, as a control word does."""
BODY = ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")
RARP = Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff", type=0x8035) / BODY
TAGGED = Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=77, type=0x8035) / BODY
TO_GUEST = Ether(src="02:00:00:00:00:20", dst=GUEST) / IP(src="10.0.0.20", dst="10.0.0.10", len=28) / UDP(dport=9)
UNKNOWN = Ether(src="02:00:00:00:00:20", dst=GUEST, type=0x1234) / Raw(bytes(range(60)))
HEAD = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x8847)
ROUTED = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2")


def labelled(inside: Packet | bytes) -> bytes:
    return bytes(HEAD / MPLS(label=100, s=1, ttl=9) / Raw(bytes(inside)))


def at_8472(inside: bytes) -> bytes:
    return bytes(ROUTED / UDP(sport=5, dport=8472, chksum=0) / Raw(inside))


def request_of(path: Path, frames: Sequence[bytes], *rules: str) -> Request:
    records = [Record(1_700_000_000_000_000_000 + n, frame, len(frame)) for n, frame in enumerate(frames)]
    path.write_bytes(pcap("<", records))
    points = (PointFiles("here", None, (str(path),)),)
    return Request(points=points, profile=load_profile("vsphere4"), decode_as=read_rules(rules))


def guessed(path: Path, frames: Sequence[bytes], *rules: str) -> list[Guess]:
    return analyse(request_of(path, frames, *rules)).report.inputs[0].guesses


CLEAR = {
    "an address that begins like a control word": (labelled(TO_GUEST), "pw"),
    "the same behind a control word": (labelled(bytes(4) + bytes(TO_GUEST)), "pwcw"),
    "a tagged announcement without control word": (labelled(TAGGED), "pw"),
    "the same with one": (labelled(bytes(4) + bytes(TAGGED)), "pwcw"),
    "an IP packet": (labelled(IP(src="10.0.0.1", dst="10.0.0.2") / UDP(dport=9)), "ip"),
    "VXLAN on its old port": (at_8472(bytes(VXLAN(flags=0x08, vni=5) / RARP)), "vxlan"),
    "OTV on that port": (at_8472(bytes.fromhex("08000001 00000700") + bytes(RARP)), "otv"),
}


@pytest.mark.parametrize(("frame", "chosen"), CLEAR.values(), ids=CLEAR)
def test_clear_evidence_is_called_clear(tmp_path: Path, frame: bytes, chosen: str) -> None:
    (guess,) = guessed(tmp_path / "a.pcap", [bytes(RARP), frame, frame])
    assert (guess.chosen, guess.frames, guess.doubtful, guess.first_frame) == (chosen, 2, 0, 2)
    assert guess.first_doubtful is None


def test_what_looks_like_nothing_is_counted_as_nothing(tmp_path: Path) -> None:
    frames = [at_8472(b"\x01\x02\x03\x04 anything else that is no overlay"), labelled(UNKNOWN)]
    labels, port = guessed(tmp_path / "a.pcap", frames)
    assert (labels.choice, labels.chosen, labels.doubtful, labels.first_doubtful) == ("labelled", None, 1, 2)
    assert (port.choice, port.chosen, port.doubtful, port.first_frame) == ("port8472", None, 1, 1)
    assert (labels.override, port.override) == ("mpls.label==N,PROTOCOL", "udp.port==8472,PROTOCOL")


def test_weak_evidence_is_doubtful(tmp_path: Path) -> None:
    """Four bits that say IPv4 and nothing else that fits: wrong checksum, unknown protocol, length 0."""
    weak = bytes.fromhex("45000000 00010000 40fd1234 0a000001 0a000002") + bytes(20)
    clear = labelled(IP(src="10.0.0.1", dst="10.0.0.2") / UDP(dport=9))
    (guess,) = guessed(tmp_path / "a.pcap", [clear, labelled(weak), clear, labelled(weak)])
    assert (guess.chosen, guess.frames, guess.doubtful) == ("ip", 4, 2)
    assert (guess.first_frame, guess.first_doubtful) == (1, 2)


def test_what_a_user_said_is_no_guess(tmp_path: Path) -> None:
    assert guessed(tmp_path / "a.pcap", [labelled(UNKNOWN)], "mpls.label==100,pw") == []
    assert guessed(tmp_path / "a.pcap", [at_8472(b"anything of any kind")], "udp.port==8472,data") == []


def test_plain_frames_are_no_guess(tmp_path: Path) -> None:
    assert guessed(tmp_path / "a.pcap", [bytes(RARP), bytes(TO_GUEST)]) == []


def test_frame_numbers_go_on_from_batch_to_batch(tmp_path: Path) -> None:
    frames = (
        [bytes(RARP)] * 70_000 + [labelled(TAGGED)] + [bytes(RARP)] * 70_000 + [labelled(TAGGED), labelled(UNKNOWN)]
    )
    taken, nothing = guessed(tmp_path / "a.pcap", frames)
    assert (taken.frames, taken.first_frame) == (2, 70_001)
    assert (nothing.frames, nothing.first_frame) == (1, 140_003)


def test_an_announcement_in_a_pseudowire_is_found_whatever_its_framing(tmp_path: Path) -> None:
    frames = [labelled(TAGGED), labelled(bytes(4) + bytes(TAGGED)), labelled(RARP)]
    table, _ = list_announcements(request_of(tmp_path / "a.pcap", frames))
    assert table["kind"].to_list() == ["rarp_announce"] * 3
    assert table["eth_src"].to_list() == [GUEST] * 3


def test_the_report_holds_what_it_was_told(tmp_path: Path) -> None:
    """Who reads it later must know that some bytes were read as somebody said."""
    rules = ["mpls.label==100,pw", "udp.port==4600,vxlan"]
    report = analyse(request_of(tmp_path / "a.pcap", [labelled(UNKNOWN)], *rules)).report
    assert report.decode_as == rules
    assert all(f"--decode-as {rule}" in text for rule in rules for text in (to_terminal(report), to_markdown(report)))
