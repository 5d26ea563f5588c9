"""`vmpcap verify`: what it says where tshark agrees, differs, goes further, or is missing."""

import csv
import gzip
import io
import os
import struct
from pathlib import Path

import pytest

from tests.cli.calls import CAPTURES, HEADER, RARP, RARPS, here, record
from tests.cli.calls import vmpcap as called
from tests.tshark import needs_tshark
from vmpcap.cli.progress import Progress
from vmpcap.cli.verify import plain_size
from vmpcap.terms.columns import VERIFY

EXAMPLES = CAPTURES / "encapsulations"


@needs_tshark
@pytest.mark.parametrize("name", ["clean/gw-lan.pcap.zst", "jumbo_black_hole/src-uplink.pcap.zst"])
def test_a_real_capture_is_the_same_to_both(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Status 0, and what was compared."""
    said = here(capsys, "verify", CAPTURES / name)
    assert (said.status, said.err) == (0, "")
    assert "packets" in said.out.splitlines()[0]
    assert said.out.splitlines()[1] == "vmpcap and tshark say the same"


@needs_tshark
def test_a_difference_comes_with_frames_and_a_filter(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1; both paths, and that tshark can be told. Told so it says the same of the packets."""
    path = EXAMPLES / "vxlan-8472.pcap"
    said = here(capsys, "verify", path, "--format", "csv")
    rows = [row for row in csv.DictReader(io.StringIO(said.out)) if row["finding"] == "differs"]
    assert list(rows[0]) == [column.name for column in VERIFY]
    assert said.status == 1
    assert [(row["frames"], row["filter"], row["tshark"]) for row in rows] == [
        (number, f"frame.number in {{{number}}}", "eth/ip/udp") for number in "12"
    ]
    assert all("--decode-as" in row["because"] for row in rows)
    told = here(capsys, "verify", path, "--decode-as", "udp.port==8472,vxlan", "--format", "csv")
    assert "differs" not in told.out


@needs_tshark
def test_what_is_not_walked_is_named_by_tshark(capsys: pytest.CaptureFixture[str]) -> None:
    """Which is no disagreement."""
    said = here(capsys, "verify", EXAMPLES / "llc.pcap")
    assert said.status == 0
    assert said.out.splitlines()[1:] == [
        "vmpcap and tshark say the same", "", "llc: not_walked, encapsulation in 1 packet", "  vmpcap  eth/llc",
        "  tshark  eth/llc/stp", "  because our walk ends: llc", "  filter  frame.number in {1}",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [("verify",), ("packets", "--engine", "tshark")])
def test_without_tshark_the_status_is_5_and_it_is_said_how_to_get_it(rarps: Path, command: tuple[str, ...]) -> None:
    """As a user meets it: a PATH without it."""
    said = called(*command, rarps, environment={"PATH": os.devnull})
    assert (said.status, said.out) == (5, "")
    assert said.err.startswith("vmpcap: tshark is not found on PATH; install it (apt install tshark")
    assert ("or leave --engine out" in said.err) == (command[0] == "packets")


def test_what_can_be_read_once_only_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Standard input and pipes, before anything waits for them."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for name in ("-", pipe):
        said = here(capsys, "verify", name)
        assert (said.status, said.out) == (2, "")
        assert "can be read once only" in said.err


@needs_tshark
def test_several_files_of_a_point_are_compared_each_by_itself(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """tshark counts by file."""
    other = rarps.with_name("other.pcap")
    other.write_bytes(rarps.read_bytes())
    said = here(capsys, "verify", "--point", f"gateway={rarps},{other}")
    assert said.status == 0
    assert [line.split(": ")[0] for line in said.out.splitlines()[:2]] == ["gateway:gw-lan.pcap", "gateway:other.pcap"]


@needs_tshark
def test_of_a_cut_capture_both_say_where_it_ends(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """Which is no difference; with --strict it is status 4."""
    rarps.write_bytes(RARPS[:-10])
    said = here(capsys, "verify", rarps)
    assert said.status == 0
    assert said.out.splitlines()[1:] == [
        f"  damaged: vmpcap: {rarps}: cut_short (frame 3, byte {len(RARPS) - len(record(0, RARP))})",
        f"  damaged: tshark: {rarps}: cut_short (frame 3)",
        "vmpcap and tshark say the same",
    ]
    assert here(capsys, "verify", rarps, "--strict").status == 4
    rows = here(capsys, "verify", rarps, "--format", "csv")
    assert rows.out.count("\n") == 1
    assert [line.partition(f" {rarps}: ")[0] for line in rows.err.splitlines()] == [
        f"vmpcap: damaged: {engine}:" for engine in ("vmpcap", "tshark")
    ]
    assert here(capsys, "verify", rarps, "--format", "csv", "-q").err == ""


@needs_tshark
def test_what_only_one_of_the_two_can_read_is_a_difference(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """A link type without a name in Wireshark; a record whose length stops our reading, and not tshark's."""
    rarps.write_bytes(HEADER[:20] + (65_000).to_bytes(4, "little") + record(1, RARP))
    said = here(capsys, "verify", rarps)
    assert said.status == 1
    assert "missing, frame in 1 packet" in said.out
    assert "network type 65000 unknown or unsupported" in said.out
    longer = bytearray(record(2, RARP + bytes(1 << 21)))
    rarps.write_bytes(HEADER + record(1, RARP) + longer)
    said = here(capsys, "verify", rarps)
    assert (said.status, "damaged: vmpcap: " in said.out) == (0, True)
    assert "damaged: tshark: " in said.out


@needs_tshark
def test_names_with_control_characters_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Neither of a file nor of what tshark says about it."""
    path = tmp_path / "a\x1b[31m\nb.pcap"
    path.write_bytes(RARPS[:-10])
    said = here(capsys, "verify", path)
    assert (said.status, "\x1b" in said.out + said.err) == (0, False)
    assert said.out.count("\n") == 4
    path.write_bytes(HEADER[:20] + (65_000).to_bytes(4, "little") + record(1, RARP))
    assert "\x1b" not in here(capsys, "verify", path).out


@needs_tshark
def test_a_rule_that_tshark_cannot_be_told_is_named_and_left_out(
    capsys: pytest.CaptureFixture[str], rarps: Path
) -> None:
    """In one line, without the list of everything that it knows."""
    said = here(capsys, "verify", rarps, "-d", "l2tp.session==5,eth", "-d", "udp.port==4600,vxlan")
    assert said.status == 0
    assert said.err == (
        "vmpcap: --decode-as 'l2tp.session==5,eth': tshark cannot be told so, and reads without it "
        "(Unknown layer type -- l2tp.session)\n"
    )


@needs_tshark
def test_texts_in_a_capture_reach_nobody(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Comments and names in a pcapng with control characters, and the marks between tshark's own fields."""
    evil = b"\x1b[31m\nx\r\x1f\x1e\t<b>\xff"

    def block(kind: int, body: bytes) -> bytes:
        size = (len(body) + 12).to_bytes(4, "little")
        return kind.to_bytes(4, "little") + size + body + size

    def option(code: int) -> bytes:
        return struct.pack("<HH", code, len(evil)) + evil + bytes(-len(evil) % 4)

    texts = option(1) + option(2) + option(3) + bytes(4)
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + texts)
    interface = block(1, struct.pack("<HHI", 1, 0, 65_535) + texts)
    padded = RARP + bytes(-len(RARP) % 4)
    packet = block(6, struct.pack("<IIIII", 0, 0, 1_000, len(RARP), len(RARP)) + padded + option(1) + bytes(4))
    path = tmp_path / "c.pcapng"
    path.write_bytes(section + interface + packet * 3)
    said = here(capsys, "verify", path)
    assert (said.status, said.out, said.err) == (0, "c: 3 packets, 0 TCP streams\nvmpcap and tshark say the same\n", "")
    path.write_bytes((section + interface + packet * 3)[:-20])
    said = here(capsys, "verify", path)
    assert (said.status, said.out.splitlines()[0]) == (0, "c: 2 packets, 0 TCP streams")
    assert "\x1b" not in said.out + said.err


def test_how_much_there_is_to_compare_is_known_of_plain_files_only(tmp_path: Path) -> None:
    """Of a packed one nobody knows what will come out of it."""
    plain, packed = tmp_path / "a.pcap", tmp_path / "a.pcap.gz"
    plain.write_bytes(RARPS)
    packed.write_bytes(gzip.compress(RARPS))
    for path, size in ((plain, len(RARPS)), (packed, None), (tmp_path / "none.pcap", None)):
        assert plain_size(str(path)) == size


@needs_tshark
def test_how_far_it_is_is_told_in_bytes_of_the_capture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packet by packet, up to the last of them."""
    plain = tmp_path / "a.pcap"
    plain.write_bytes(RARPS)
    heard: list[tuple[int, int | None]] = []
    monkeypatch.setattr(Progress, "__call__", lambda _, what, done, total: heard.append((done, total)))
    assert here(capsys, "verify", plain).status == 0
    step = (len(RARPS) - len(HEADER)) // 3
    assert heard == [(step * n, len(RARPS)) for n in (1, 2, 3)]
