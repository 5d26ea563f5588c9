"""`vmpcap verify`: what it says where tshark agrees, differs, goes further, or is missing."""

import csv
import io
import os
from pathlib import Path

import pytest

from tests.cli.calls import CAPTURES, here
from tests.cli.calls import vmpcap as called
from tests.decode.tshark_rows import HAS_TSHARK
from vmpcap.terms.columns import VERIFY

EXAMPLES = CAPTURES / "encapsulations"
needs_tshark = pytest.mark.skipif(not HAS_TSHARK, reason="tshark is not installed")


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
