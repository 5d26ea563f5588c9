"""A gateway of which nothing can be read: it proves no absence, however alive it was."""

import struct
from collections.abc import Callable
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


def told(
    wrap: Callable[[bytes], bytes], folder: Path, without_rarp: bool = False, rules: tuple[str, ...] = ()
) -> Migration:
    """The report on a real migration whose gateway was captured inside something."""
    packets = []
    with open_capture(str(CLEAN / "gw-lan.pcap.zst")) as capture:
        for batch in capture.batches():
            for at, size, wire, ts in zip(
                batch.record_at, batch.captured_bytes, batch.wire_bytes, batch.ts_ns, strict=True
            ):
                frame = batch.buffer[at : at + size].tobytes()
                if not (without_rarp and frame[12:14] == b"\x80\x35"):
                    wrapped = wrap(frame)
                    packets.append(Packet(int(ts), wrapped, len(wrapped) + int(wire) - int(size)))
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


@pytest.mark.parametrize("wrap", [bytes, labelled], ids=["plain", "pseudowire"])
def test_a_gateway_that_reads_the_guest_still_proves_it(wrap: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The same frames without the announcement: it did not come."""
    assert outcome(told(wrap, tmp_path, without_rarp=True))[0] == "fail"
