"""A gateway of which nothing can be read: it proves no absence, however alive it was."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.readers.writers import Packet, pcap
from vmpcap.decode.decode_as import read_rules
from vmpcap.readers.sources import open_capture
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

CLEAN = Path(__file__).resolve().parents[2] / "captures" / "clean"
ENDS = bytes.fromhex("02000000000b 02000000000a")
APART_NS = 5_000
"""A mirror of both directions shows a frame again so soon."""


def around(protocol: int, inside: bytes) -> bytes:
    """Ethernet and IPv4 between the two ends of a tunnel."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inside), 0, 0, 64, protocol, 0)
    return ENDS + b"\x08\x00" + head + bytes((10, 254, 0, 1, 10, 254, 0, 2)) + inside


def scrambled(plain: bytes) -> bytes:
    """What encryption makes of it, as far as a reader can tell."""
    return bytes((byte * 7 + 3) & 255 for byte in plain)


def in_udp(frame: bytes) -> bytes:
    """Bare, on a port that nobody knows."""
    return around(17, struct.pack(">HHHH", 9_999, 9_999, 8 + len(frame), 0) + frame)


def labelled(frame: bytes) -> bytes:
    """A pseudowire without control word."""
    return ENDS + b"\x88\x47" + struct.pack(">I", 16_001 << 12 | 0x1FF) + frame


WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "an unknown ethertype": lambda frame: ENDS + b"\x88\xb5" + frame,
    "MACsec, which keeps the addresses": lambda frame: frame[:12] + b"\x88\xe5" + scrambled(frame[12:]),
    "ESP": lambda frame: around(50, struct.pack(">II", 7, 1) + scrambled(frame)),
    "an unknown IP protocol": lambda frame: around(99, frame),
    "UDP of an unknown port": in_udp,
}


def about_the_guest(frame: bytes) -> bool:
    """What tcpdump's `host` lets pass: the address in IPv4 or ARP. RARP has none."""
    address = bytes((10, 77, 0, 10))
    ends = {0x0800: (26, 30), 0x0806: (28, 38)}.get(int.from_bytes(frame[12:14], "big"), ())
    return any(frame[at : at + 4] == address for at in ends)


LLDP = bytes.fromhex("0180c200000e 020000000001 88cc") + bytes(46)
"""What nobody asks for by name: where it shows, nothing was left out by its type."""

BROADCAST = bytes.fromhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a4d0063") + bytes(
    (0, 0, 0, 0, 0, 0, 10, 77, 0, 98, *(18 * [0]))
)
"""An ARP request of another machine of the network, for a third."""


def told(
    wrap: Callable[[bytes], bytes | None],
    folder: Path,
    without_rarp: bool = False,
    rules: tuple[str, ...] = (),
    first: Sequence[bytes] = (),
    often: int = 1,
) -> Migration:
    """The report on a real migration whose gateway was captured inside something, each frame so often, after these."""
    packets: list[Packet] = []
    with open_capture(str(CLEAN / "gw-lan.pcap.zst")) as capture:
        for batch in capture.batches():
            for at, size, wire, ts in zip(
                batch.record_at, batch.captured_bytes, batch.wire_bytes, batch.ts_ns, strict=True
            ):
                frame = batch.buffer[at : at + size].tobytes()
                if not packets:
                    begun = [inside for one in first if (inside := wrap(one)) is not None]
                    packets += [Packet(int(ts), one, len(one)) for one in begun]
                if not (without_rarp and frame[12:14] == b"\x80\x35"):
                    wrapped = wrap(frame)
                    if wrapped is not None:
                        whole = max(len(wrapped), int(wire))
                        packets += [Packet(int(ts) + APART_NS * copy, wrapped, whole) for copy in range(often)]
    path = folder / "gw-lan.pcap"
    path.write_bytes(pcap("<", packets, "ns"))
    roles = {"src-uplink": "source", "dst-uplink": "destination", "src-guestbr": "domain:source"}
    points = [PointFiles(name, role, (str(CLEAN / f"{name}.pcap.zst"),)) for name, role in roles.items()]
    points.append(PointFiles("gw-lan", "gateway", (str(path),)))
    request = Request(points=tuple(points), profile=load_profile(DEFAULT), decode_as=read_rules(rules))
    (migration,) = analyse(request).report.migrations
    return migration


def outcome(migration: Migration) -> tuple[str, str]:
    (check,) = [check for check in migration.checks if check.id == "announcement_reached_destination"]
    return check.outcome, check.because


@pytest.mark.parametrize("name", WRAPS)
def test_what_could_not_be_read_proves_no_absence(name: str, tmp_path: Path) -> None:
    """Whether the announcement is in it nobody knows, so nobody may say that it never came."""
    answer, because = outcome(told(WRAPS[name], tmp_path))
    assert answer == "undecided", because
    assert "gw-lan" in because


def test_a_wrong_rule_proves_no_absence(tmp_path: Path) -> None:
    """Told what it is not, a pseudowire shows nothing; told nothing, it shows the announcement."""
    assert outcome(told(labelled, tmp_path))[0] == "pass"
    answer, because = outcome(told(labelled, tmp_path, rules=("mpls.label==16001,pwcw",)))
    assert answer == "undecided", because


ARP = "0806 0001 0800 06 04 0001"
UNDERLAY_ARP = ENDS + bytes.fromhex(f"{ARP} 02000000000a 0afe0001 000000000000 0afe0002")
OTHER_TENANT = bytes.fromhex(f"ffffffffffff 020000000099 8100 0063 {ARP} 020000000099 0a4d0063 000000000000 0a4d000a")


def once(first: bytes, wrap: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The first frame is this one; all others are wrapped."""
    frames = iter([first])
    return lambda frame: next(frames, None) or wrap(frame)


LEFT_OUT: dict[str, tuple[Callable[[], Callable[[bytes], bytes | None]], str]] = {
    "a snaplen that cuts bodies of RARP": (lambda: lambda frame: frame[:40], "could not be read: cut by a snaplen"),
    "the guest inside IP, the routers' ARP beside it": (
        lambda: lambda frame: (
            frame if frame[12:14] == b"\x08\x06" and not about_the_guest(frame)
            else around(4, frame[14:]) if frame[12:14] == b"\x08\x00" else None
        ),
        "no frame from or to the guest",
    ),
    "one ARP of the underlay": (lambda: once(UNDERLAY_ARP, in_udp), "no frame from or to the guest"),
    "one ARP of another tenant for the same address": (
        lambda: once(OTHER_TENANT, WRAPS["ESP"]), "no frame from or to the guest"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_was_not_captured_proves_no_absence(name: str, tmp_path: Path) -> None:
    """Whatever else was seen, nobody knows whether the announcement passed; the reason is the point's own."""
    make, words = LEFT_OUT[name]
    migration = told(make(), tmp_path)
    assert outcome(migration)[0] == "undecided"
    assert words in migration.guests[0].announcements.by_point["gw-lan"].because


def test_packets_that_never_became_whole_prove_no_absence(tmp_path: Path) -> None:
    """Everything in VXLAN, what is for everybody in two parts, of which the announcement's last was lost."""
    count = 0

    def in_parts(frame: bytes) -> bytes:
        nonlocal count
        inside = struct.pack(">HHHHII", 5, 4789, 16 + len(frame), 0, 0x0800_0000, 100 << 8) + frame
        whole = around(17, inside)
        if frame[12:14] != b"\x80\x35":
            return whole
        count += 1
        head = bytearray(whole[:34])
        head[16:22] = struct.pack(">HHH", 20 + 32, 700 + count, 0x2000)
        return bytes(head) + inside[:32]

    answer, because = outcome(told(in_parts, tmp_path))
    assert (count, answer) == (5, "undecided"), because
    assert "never became whole" in because


def test_a_rule_that_hides_proves_no_absence(tmp_path: Path) -> None:
    """What nobody is to look into may be the announcement."""
    answer, because = outcome(told(bytes, tmp_path, without_rarp=True, rules=("udp.port==4789,data",)))
    assert (answer, "nobody is to look inside" in because) == ("undecided", True)


@pytest.mark.parametrize("wrap", [bytes, labelled], ids=["plain", "pseudowire"])
def test_a_gateway_without_any_broadcast_proves_no_absence(wrap: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The same frames without the announcement: a filter may have hidden it, and LLDP is no broadcast."""
    assert outcome(told(wrap, tmp_path, without_rarp=True, first=[LLDP]))[0] == "undecided"


@pytest.mark.parametrize("wrap", [bytes, labelled], ids=["plain", "pseudowire"])
def test_a_gateway_that_reads_the_guest_still_proves_it(wrap: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """With a broadcast of somebody else's, and a frame that no filter asks for by name: it did not come."""
    assert outcome(told(wrap, tmp_path, without_rarp=True, first=[LLDP, BROADCAST]))[0] == "fail"


def test_a_gateway_that_shows_arp_and_no_other_kind_proves_nothing(tmp_path: Path) -> None:
    """The filter "arp or ip" leaves the same."""
    answer, because = outcome(told(bytes, tmp_path, without_rarp=True))
    assert (answer, "no RARP of anybody" in because) == ("undecided", True)


def test_a_mirror_that_doubles_frames_reads_each_body_all_the_same(tmp_path: Path) -> None:
    """Another machine's requests came where the announcement should have: a copy is no frame that nobody could read."""

    def of_another(frame: bytes) -> bytes:
        return BROADCAST if frame[12:14] == b"\x80\x35" else frame

    for often in (1, 2):
        answer, because = outcome(told(of_another, tmp_path, first=[LLDP], often=often))
        assert answer == "fail", because
