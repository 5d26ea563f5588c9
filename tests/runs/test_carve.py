"""Carving: the packets that the findings rest on, as they were, each with what it proves."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.readers.writers import Packet, enhanced, interface, section
from tests.report.made import HOSTILE
from tests.report.test_hostile import harmful
from tests.runs.made import START, migration, write
from tests.tshark import needs_tshark, tshark_fields
from vmpcap.readers.sources import open_capture
from vmpcap.report.as_pcapng import LONGEST_OPTION, Picked, Source, to_pcapng
from vmpcap.report.proof_frames import Proof, proof_frames
from vmpcap.runs.carve import carve
from vmpcap.runs.deciding_frames import deciding_proofs, headline
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import DEFAULT, load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
Row = tuple[int, bytes, int, int]
"""Time, bytes, bytes on the wire, link type."""


def rows_of(path: Path | str) -> list[Row]:
    """Every packet of a capture, by our own reader."""
    rows: list[Row] = []
    with open_capture(str(path)) as capture:
        for batch in capture.batches():
            for n, (at, size) in enumerate(zip(batch.record_at.tolist(), batch.captured_bytes.tolist(), strict=True)):
                data = batch.buffer[at : at + size].tobytes()
                rows.append((int(batch.ts_ns[n]), data, int(batch.wire_bytes[n]), int(batch.link_type[n])))
    return rows


def written(tmp_path: Path, points: list[PointFiles], proofs: list[Proof]) -> Path:
    carved = carve(points, proofs)
    path = tmp_path / "proof.pcapng"
    path.write_bytes(to_pcapng(carved.sources, carved.packets, "all of it"))
    return path


def request_on(situation: str) -> Request:
    """Every capture of this situation, with the roles of its points.toml."""
    folder = CAPTURES / situation
    roles = tomllib.loads((folder / "points.toml").read_text())
    roles = roles.get("points", roles)
    points = tuple(PointFiles(n, role, (str(next(folder.glob(f"{n}.pcap*"))),)) for n, role in roles.items())
    return Request(points=points, profile=load_profile(DEFAULT))


@needs_tshark
@pytest.mark.parametrize("situation", ["destination_isolated", "vxlan_stretched"])
def test_a_report_is_proven_by_what_was_carved(situation: str, tmp_path: Path) -> None:
    """Every frame that the report names is there once, byte for byte, at its time; tshark has nothing to object to."""
    folder = CAPTURES / situation
    points = tuple(PointFiles(p.name.split(".")[0], None, (str(p),)) for p in sorted(folder.glob("*.pcap.zst")))
    report = analyse(Request(points=points, profile=load_profile(DEFAULT))).report
    proofs = list(proof_frames(report))
    path = written(tmp_path, list(points), proofs)
    named = sorted({(proof.point, proof.frame) for proof in proofs})
    assert len(named) > 10
    originals = {point.name: rows_of(point.files[0]) for point in points}
    assert sorted(rows_of(path)) == sorted(originals[point][frame - 1] for point, frame in named)
    shown = tshark_fields(path, ("frame.comment", "frame.interface_name", "_ws.malformed"))
    assert len(shown) == len(named)
    for row in shown:
        (comment,), (name,) = row["frame.comment"], row["frame.interface_name"]
        assert f"({name})" in comment
        assert row["_ws.malformed"] == []
    told = " ".join(row["frame.comment"][0] for row in shown)
    for check in report.migrations[0].checks:
        if check.decides and any(e.frames for e in check.evidence):
            assert f"{check.id} {check.outcome}" in told
    command = ["tshark", "-r", str(path), "-q", "-z", "expert,error"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Errors" not in done.stdout


STANDING_IN = (
    ("lossy", "throughput", "fail", {("src-uplink", "up to here"), ("src-uplink", "from here on")}),
    ("lossy", "rtt", "fail", {("src-uplink", "the handshake, with a round trip of 10.3 ms")}),
)
"""Deciding checks that are of many packets, or of one that is missing, and where something of them can be shown."""


@pytest.mark.parametrize(("situation", "check", "outcome", "shown"), STANDING_IN, ids=[s[1] for s in STANDING_IN])
def test_each_deciding_check_has_its_packets(
    situation: str, check: str, outcome: str, shown: set[tuple[str, str]], tmp_path: Path
) -> None:
    """The check's words with what bounds it; each at the point that they name."""
    request = request_on(situation)
    analysis = analyse(request)
    proofs = [proof for proof in deciding_proofs(analysis, request) if f": {check} {outcome}" in proof.words]
    for point, words in shown:
        assert any(proof.point == point and words in proof.words for proof in proofs), words
    path = written(tmp_path, list(request.points), proofs)
    assert len(rows_of(path)) == len({(proof.point, proof.frame) for proof in proofs})
    assert f"{check} {outcome}" in headline(analysis)


def test_the_handshake_is_the_three_packets_that_open_the_connection(tmp_path: Path) -> None:
    """SYN, SYN and ACK, ACK of the larger stream of two, by their flags."""
    request = request_on("lossy")
    proofs = [p for p in deciding_proofs(analyse(request), request) if ": rtt " in p.words]
    rows = rows_of(written(tmp_path, list(request.points), proofs))
    assert [data[47] & 0x12 for _, data, *_ in rows] == [0x02, 0x12, 0x10]


def test_what_is_passed_on_names_no_folder(tmp_path: Path) -> None:
    """Folders are named after people and customers; the file's own name is enough to find the frame."""
    folder = tmp_path / "customer secret"
    folder.mkdir()
    path = write(folder / "a.pcap", migration())
    out = tmp_path / "proof.pcapng"
    command = [sys.executable, "-m", "vmpcap", "carve", "-q", path, "-o", str(out)]
    assert subprocess.run(command, check=False).returncode == 0
    raw = out.read_bytes()
    assert b"of a.pcap (a)" in raw
    assert b"carved by vmpcap: " in raw
    assert b"secret" not in raw
    assert str(tmp_path).encode() not in raw


def test_packets_keep_their_interfaces(tmp_path: Path) -> None:
    """Two interfaces of other link types in one file stay two, named after the point and themselves."""
    data = [bytes(range(14)) + bytes([n]) * 40 for n in range(4)]
    blocks = [section("<"), interface("<", 1), interface("<", 101)]
    blocks += [enhanced("<", 1000 + n, frame, 99, port=n % 2) for n, frame in enumerate(data)]
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join(blocks))
    carved = carve([PointFiles("a", None, (str(path),))], [Proof("a", n, "x") for n in (4, 1, 2)])
    assert [source.link_type for source in carved.sources] == [1, 101]
    assert [(packet.source, packet.data, packet.wire_bytes) for packet in carved.packets] == [
        (0, data[0], 99),
        (1, data[1], 99),
        (1, data[3], 99),
    ]


@pytest.mark.parametrize(
    ("situation", "name"), [("mechanisms/ospf/failing", "ospf"), ("mechanisms/evpn/failing", "evpn")]
)
def test_the_control_frames_of_a_mechanism_that_failed_are_carved(situation: str, name: str, tmp_path: Path) -> None:
    """What its row cites is there, each frame with what the row says."""
    request = request_on(situation)
    report = analyse(request).report
    (row,) = [m for guest in report.migrations[0].guests for m in guest.mechanisms if m.name == name]
    assert row.worked == "no"
    cited = {(one.point, frame) for one in row.evidence for frame in one.frames}
    told = {
        (p.point, p.frame) for p in proof_frames(report) if f"mechanism {name}, worked: no: {row.because}" in p.words
    }
    assert told == cited
    carved = carve(list(request.points), proof_frames(report))
    assert sum(f"mechanism {name}, worked: no" in packet.comment for packet in carved.packets) == len(cited) > 0


def test_a_frame_named_for_several_things_is_there_once(tmp_path: Path) -> None:
    """Its comment has a line for each, and the first says which frame of which capture it was."""
    path = write(tmp_path / "a.pcap", [Packet(START + n, bytes(60), 60) for n in range(3)])
    proofs = [Proof("a", 2, "one"), Proof("a", 2, "two"), Proof("a", 2, "one")]
    carved = carve([PointFiles("a", None, (path,))], proofs)
    assert [packet.comment for packet in carved.packets] == ["frame 2 of a.pcap (a)\none\ntwo"]
    assert carved.missing == []


def test_what_cannot_be_carved_is_said(tmp_path: Path) -> None:
    """Frames and points that are not there, points of several files: in words, and the rest is carved."""
    one = write(tmp_path / "a.pcap", [Packet(START, bytes(60), 60)])
    two = write(tmp_path / "b.pcap", [Packet(START, bytes(60), 60)])
    points = [PointFiles("a", None, (one,)), PointFiles("b", None, (one, two))]
    carved = carve(points, [Proof("a", 1, "x"), Proof("a", 9, "x"), Proof("b", 1, "x"), Proof("c", 1, "x")])
    assert len(carved.packets) == 1
    assert [words.partition(":")[0] for words in carved.missing] == ["a", "b", "c"]
    assert "1 of 2 frames are not in" in next(words for words in carved.missing if words.startswith("a"))
    with pytest.raises(RequestError, match="second reading"):
        carve([PointFiles("a", None, ("-",))], [Proof("a", 1, "x")])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_stay_text(name: str, tmp_path: Path) -> None:
    """In comments and names of interfaces nothing moves a cursor or turns the reading direction."""
    path = write(tmp_path / "a.pcap", [Packet(START, bytes(60), 60)])
    carved = carve([PointFiles(HOSTILE[name], None, (path,))], [Proof(HOSTILE[name], 1, HOSTILE[name])])
    assert not harmful(carved.packets[0].comment)
    assert not harmful(carved.sources[0].name + carved.sources[0].description)


def test_comments_that_are_too_long_are_cut(tmp_path: Path) -> None:
    """Between two characters; the file stays whole."""
    path = tmp_path / "a.pcapng"
    packets = [Picked(n, 0, bytes(61), 61, "ä" * 40_000) for n in (-5, 7)]
    path.write_bytes(to_pcapng([Source("eth0", "", 1, 0)], packets, "ö" * 70_000))
    assert [(ts, len(data)) for ts, data, *_ in rows_of(path)] == [(0, 61), (7, 61)]
    assert path.stat().st_size < 4 * LONGEST_OPTION


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    """The packets of the evidence, counted on stderr; without a migration it says that there is nothing to carve."""
    path, out = write(tmp_path / "a.pcap", migration()), tmp_path / "proof.pcapng"
    command = [sys.executable, "-m", "vmpcap"]
    done = subprocess.run([*command, "carve", path, "-o", str(out)], capture_output=True, text=True, check=False)
    told = json.loads(
        subprocess.run([*command, "report", "-q", "--json", "-", path], capture_output=True, check=False).stdout
    )
    named = {f for c in told["migrations"][0]["checks"] for e in c["evidence"] for f in e["frames"]}
    assert done.returncode == 0, done.stderr
    count = len(rows_of(out))
    assert count >= len(named) > 0
    assert f"{count} packets of 1 interface in '{out}'" in done.stderr
    nothing = write(tmp_path / "b.pcap", [Packet(START, bytes(60), 60)])
    done = subprocess.run([*command, "carve", nothing, "-o", str(out)], capture_output=True, text=True, check=False)
    assert (done.returncode, len(rows_of(out))) == (2, count)
    assert "nothing was carved: the report names no frame" in done.stderr


def test_an_announcement_that_did_not_arrive_is_proven_by_what_passed_instead_and_where_it_was_heard() -> None:
    """The five RARPs at the destination's bridge, and the packets for the guest that went astray at the gateway."""
    report = analyse(request_on("rarp_filtered")).report
    proofs = {(p.point, p.frame) for p in proof_frames(report) if "announcement_reached_destination fail" in p.words}
    assert {("dst-guestbr", frame) for frame in range(1, 6)} <= proofs
    rows = rows_of(next(iter((CAPTURES / "rarp_filtered").glob("gw-lan.pcap*"))))
    astray = [frame for point, frame in proofs if point == "gw-lan"]
    assert astray
    assert all(bytes.fromhex("005056aa7710") == rows[frame - 1][1][:6] for frame in astray)
