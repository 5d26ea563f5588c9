"""Whatever a capture is called and however it is damaged: every command says so, and nothing acts on a terminal."""

import gzip
import os
import re
from pathlib import Path

import lz4.frame
import pytest

from tests.cli.calls import HEADER, RARPS, here
from tests.cli.test_messages import READING
from tests.readers.writers import enhanced, interface, section
from tests.runs.made import migration, write

Captured = pytest.CaptureFixture[str]
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What moves a cursor, changes colours, rings, or turns the reading direction."""

NAMES = (
    "a\x1b[31mred.pcap",
    "a\u202egpj.pcap",
    "<script>alert(1)<\u2215script>.pcap",
    "two\nlines.pcap",
    os.fsdecode(b"a\xff\xfe.pcap"),
    "a\"'`$(x) & b.pcap",
)


def called(capsys: Captured, command: tuple[str, ...], folder: Path, path: Path, *more: str) -> tuple[int, str, str]:
    """Status and both outputs of this command on this capture."""
    good = folder / "good.pcap"
    good.write_bytes(RARPS)
    return here(capsys, *(part.format(good=good, out=folder / "out.pcapng") for part in command), path, *more)


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
@pytest.mark.parametrize("name", NAMES, ids=["escape", "right-to-left", "script", "newline", "no-text", "quotes"])
def test_a_hostile_name_stays_text(capsys: Captured, tmp_path: Path, command: tuple[str, ...], name: str) -> None:
    """On stdout and stderr; each command does what it does with any capture of three announcements."""
    path = tmp_path / name
    path.write_bytes(RARPS)
    status, out, err = called(capsys, command, tmp_path, path)
    assert status == (2 if command[0] in ("carve", "bench", "compare") else 0)
    assert ACTING.search(out + err) is None
    assert "two\nlines" not in out + err


@pytest.mark.parametrize("name", NAMES, ids=["escape", "right-to-left", "script", "newline", "no-text", "quotes"])
def test_a_hostile_name_acts_in_no_copy_of_the_report(capsys: Captured, tmp_path: Path, name: str) -> None:
    """A page, a ticket, a pipeline's XML, metrics: no control character, and no markup but our own."""
    path = tmp_path / name
    path.write_bytes(RARPS)
    copies = {kind: tmp_path / f"copy.{kind}" for kind in ("html", "markdown", "junit", "metrics")}
    options = [part for kind, copy in copies.items() for part in (f"--{kind}", str(copy))]
    assert called(capsys, ("report",), tmp_path, path, *options)[0] == 0
    for copy in copies.values():
        assert ACTING.search(copy.read_text(encoding="utf-8")) is None
    for kind in ("html", "junit"):  # in a ticket it stands between fences
        assert "<script>alert" not in copies[kind].read_text(encoding="utf-8")


DAMAGED = {
    "cut_short": RARPS[:-10],
    "cut_packing": gzip.compress(RARPS)[:-8],
    "damaged_packing": lz4.frame.compress(RARPS, content_checksum=True)[:-4] + b"\0\0\0\0",
    "damaged_record": HEADER + bytes(8) + b"\xff\xff\xff\x7f" * 2 + bytes(50),
}
TABLES = [command for command in READING if isinstance(command, tuple) and command[0] not in ("carve",)]


@pytest.mark.parametrize("command", TABLES, ids=lambda command: command[0])
@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_is_told_and_strict_refuses_it(
    capsys: Captured, tmp_path: Path, command: tuple[str, ...], kind: str
) -> None:
    """On stdout where a person reads, on stderr where rows stand there; with --strict as status 4."""
    path = tmp_path / "damaged.pcap"
    path.write_bytes(DAMAGED[kind])
    many = command[0] in ("bench", "compare")
    status, out, err = called(capsys, command, tmp_path, path)
    assert status == (2 if many else 0)
    assert many or kind in out + err
    assert called(capsys, command, tmp_path, path, "--strict")[0] == (2 if many else 4)


def test_a_length_that_lies_costs_no_memory(capsys: Captured, tmp_path: Path) -> None:
    """Two gigabytes in a header, and a snapshot length of four, of a file of 200 bytes: what is there is read."""
    lying = tmp_path / "lying.pcapng"
    lying.write_bytes(section("<") + interface("<", 1, 0xFFFFFFFF) + enhanced("<", 1000, bytes(60), 0x7FFFFFF0))
    status, out, _ = here(capsys, "packets", lying, "--format", "csv", "--columns", "captured_bytes,wire_bytes")
    assert (status, out.split()) == (0, ["captured_bytes,wire_bytes", f"60,{0x7FFFFFF0}"])


@pytest.mark.parametrize("strict", [True, False])
def test_a_benchmark_says_which_of_its_captures_are_damaged(capsys: Captured, tmp_path: Path, strict: bool) -> None:
    """Beside sound ones; --strict refuses it as all commands do."""
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(Path(write(tmp_path / "whole.pcap", migration())).read_bytes()[:-7])
    status, out, err = here(capsys, "bench", cut, *(["--strict"] if strict else []))
    assert "1 migration on 1 path" in out
    assert f"damaged: {cut}: cut_short" in err
    assert status == (4 if strict else 0)
