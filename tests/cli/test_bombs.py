"""Packed captures that unpack to far more than anybody has room for: bounded, said, and the bound can be lifted."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd

from tests.cli.calls import HEADER, RARPS, here, record
from tests.tshark import needs_tshark
from vmpcap import scan
from vmpcap.cli.sizes import NO_LIMIT, size_bytes
from vmpcap.terms.errors import CaptureError, CaptureWarning, RequestError

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
FRAME = bytes(60_000)
BOMB = HEADER + record(1, FRAME) * 500
"""30 MB of zeroes, a few KB packed."""
LIMIT = 1 << 20


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_read_up_to_the_limit_and_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report counts what fits, says that the input goes on and how the limit is lifted; --strict refuses."""
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[name](BOMB))
    arguments = ("report", path, "--format", "json", "-q")
    said = here(capsys, *arguments, "--max-unpacked", "1M")
    (given,) = json.loads(said.out)["inputs"]
    assert (said.status, given["truncated"], given["packets"]) == (0, True, LIMIT // (60_000 + 16))
    (defect,) = [row for row in given["defects"] if row["kind"] == "unpacked_limit"]
    assert "--max-unpacked" in defect["detail"]
    assert str(LIMIT) in defect["detail"]
    assert here(capsys, *arguments, "--max-unpacked", "1M", "--strict").status == 4
    (given,) = json.loads(here(capsys, *arguments, "--max-unpacked", "unlimited").out)["inputs"]
    assert (given["truncated"], given["packets"]) == (False, 500)


@pytest.mark.parametrize("command", ["flows", "announcements", "packets"])
def test_every_command_that_reads_captures_has_the_limit(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Damage is said on stderr, and is status 4 with --strict."""
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(BOMB))
    arguments = (command, path, "--format", "csv", "--strict")
    said = here(capsys, *arguments, "--max-unpacked", "100K")
    assert said.status == 4
    assert "unpacked_limit" in said.err
    assert here(capsys, *arguments).status == 0


@needs_tshark
@pytest.mark.parametrize("name", PACKERS)
def test_tshark_is_given_no_more_than_the_limit(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many packets, the same place and the same status; packings that it does not know itself, too."""
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[name](BOMB))
    arguments = ("packets", path, "--columns", "frame", "--format", "csv", "--strict", "--max-unpacked", "1M")
    ours, theirs = (here(capsys, *arguments, "--engine", engine) for engine in ("native", "tshark"))
    assert (theirs.status, theirs.out) == (ours.status, ours.out) == (4, ours.out)
    assert theirs.out.count("\n") == 1 + LIMIT // (60_000 + 16)
    assert f"unpacked_limit (frame {1 + LIMIT // (60_000 + 16)}, byte {LIMIT})" in theirs.err
    assert "unpacked_limit" in here(capsys, "verify", path, "--max-unpacked", "1M").out
    with pytest.warns(CaptureWarning, match="unpacked_limit"):
        assert len(scan(path, engine="tshark", max_unpacked_bytes=LIMIT).select("frame").collect()) == 17


@needs_tshark
@pytest.mark.parametrize("content", [b"", gzip.compress(b""), gzip.compress(gzip.compress(RARPS))], ids=range(3))
def test_what_is_no_capture_is_none_to_tshark_either(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same words and status 4; a scan refuses it at once."""
    path = tmp_path / "none"
    path.write_bytes(content)
    ours, theirs = (here(capsys, "packets", path, "--engine", engine) for engine in ("native", "tshark"))
    assert (theirs.status, theirs.err) == (ours.status, ours.err) == (4, ours.err)
    with pytest.raises(CaptureError):
        scan(path, engine="tshark")


def test_a_scan_has_the_limit_too(tmp_path: Path) -> None:
    """With a warning."""
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(BOMB))
    with pytest.warns(CaptureWarning, match="max-unpacked"):
        assert len(scan(path, max_unpacked_bytes=LIMIT).select("frame").collect()) == LIMIT // (60_000 + 16)
    assert len(scan(path).select("frame").collect()) == 500


@pytest.mark.parametrize("name", PACKERS)
def test_what_is_packed_twice_is_refused_in_words(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing inside is unpacked."""
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[name](gzip.compress(RARPS)))
    said = here(capsys, "report", path)
    assert said.status == 4
    assert "packed twice" in said.err


PEAK = """
import sys
from vmpcap.cli import main
sys.argv = ["vmpcap", "report", sys.argv[1], "-q", "-o", sys.argv[2]]
assert main() == 0
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """600 MB of zeroes take hardly more than 60 KB of them, each in a process of its own."""
    peaks = []
    for count in (1, 10_000):
        path = tmp_path / f"{count}"
        path.write_bytes(
            zstd.compress(HEADER) + zstd.compress(record(1, FRAME) * min(count, 1000)) * (count // 1000 or 1)
        )
        done = subprocess.run(
            [sys.executable, "-c", PEAK, path, tmp_path / "out"], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) // 1024)
    assert peaks[1] < peaks[0] + 100


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("0", 0), ("1000", 1000), ("500M", 500 << 20), ("16G", 16 << 30), ("1.5k", 1536), ("2TiB", 2 << 40),
     ("10 MB", 10 << 20), ("unlimited", NO_LIMIT), ("999999999T", NO_LIMIT)],
)  # fmt: skip
def test_sizes_are_read(text: str, wanted: int) -> None:
    """Powers of 1024, as tools for captures have them."""
    assert size_bytes(text, "--max-unpacked") == wanted


@pytest.mark.parametrize("text", ["", "-1", "G", "1X", "1e9", "nan", "\N{ARABIC-INDIC DIGIT ONE}", "1G2"])
def test_what_is_no_size_is_said(text: str) -> None:
    """With what was needed."""
    with pytest.raises(RequestError, match="needed a size"):
        size_bytes(text, "--max-unpacked")
