"""Where results go: several at once, each complete or not at all."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from tests.cli.calls import CAPTURES, RARPS, here, vmpcap
from vmpcap.cli import output
from vmpcap.cli.exits import guarded
from vmpcap.cli.group import commands
from vmpcap.cli.output import check_file, check_folder, write_file, write_text
from vmpcap.report.as_json import from_json
from vmpcap.report.as_parquet import FRAMES
from vmpcap.terms.columns import ANNOUNCEMENTS, FLOWS
from vmpcap.terms.errors import RequestError

CLEAN = CAPTURES / "clean"


@pytest.mark.parametrize("command", ["report", "flows", "announcements", "packets"])
@pytest.mark.parametrize("option", ["-o", "--json", "link"])
def test_no_output_replaces_the_capture_it_came_from(command: str, option: str, tmp_path: Path) -> None:
    """By whatever name: the capture may be the only one."""
    capture, link = tmp_path / "a.pcap", tmp_path / "b.json"
    capture.write_bytes(b"precious")
    link.symlink_to(capture)
    name = option if option == "--json" and command == "report" else "-o"
    said = vmpcap(command, capture, name, link if option == "link" else capture)
    assert said.status == 2
    assert "is a capture that is to be read" in said.err
    assert capture.read_bytes() == b"precious"


def test_several_copies_of_a_report_at_once(tmp_path: Path) -> None:
    """The terminal's on stdout, JSON, Markdown and a folder of frames beside it: one reading, one answer."""
    said = vmpcap(
        "report",
        next(CLEAN.glob("src-uplink.pcap*")),
        "--json",
        tmp_path / "r.json",
        "--markdown",
        tmp_path / "r.md",
        "--parquet",
        tmp_path / "frames",
    )
    report = from_json((tmp_path / "r.json").read_bytes())
    word = report.verdict.upper()
    assert said.out.split()[0] == word
    assert (tmp_path / "r.md").read_text().startswith(f"# {word}: ")
    frames = {path.stem: pl.read_parquet(path) for path in (tmp_path / "frames").iterdir()}
    assert set(frames) == {frame.name for frame in FRAMES} | {"flows", "announcements"}
    assert frames["migrations"]["verdict"].to_list() == [report.migrations[0].verdict]
    assert frames["flows"].columns == [c.name for c in FLOWS]
    assert frames["announcements"].columns == [c.name for c in ANNOUNCEMENTS]
    assert sorted(os.listdir(tmp_path)) == ["frames", "r.json", "r.md"]


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (["--format", "json"], "{\n"),
        (["--json", "-"], "{\n"),
        (["--format", "markdown"], "# UNDECIDED: "),
        (["--markdown", "-"], "# UNDECIDED: "),
        ([], " UNDECIDED "),
    ],
)
def test_stdout_carries_the_one_copy_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], rarps: Path, options: list[str], start: str
) -> None:
    """And nothing else, so that it can be piped; stderr is silent."""
    said = here(capsys, "report", rarps, *options)
    assert said.out.startswith(start)
    assert said.err == ""
    assert said.out.endswith("\n")
    if start == "{\n":
        assert json.loads(said.out)["schema"] == "vmpcap.report/1"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.json", b"{"),
        (".json", b"{"),
        ("r-10.1.1.5.JSON", b"{"),
        ("r.md", b"# "),
        ("r.txt", b" UNDECIDED"),
        ("r", b" UNDECIDED"),
        ("report-10.1.1.5", b" UNDECIDED"),
        ("esx1.example.com", b" UNDECIDED"),
        ("of.2026-11-26", b" UNDECIDED"),
        (".hidden", b" UNDECIDED"),
    ],
)
def test_the_name_of_an_output_says_its_format(
    capsys: pytest.CaptureFixture[str], rarps: Path, name: str, start: bytes
) -> None:
    """`-o r.json` needs no --format; not every dot begins such an end."""
    said = here(capsys, "report", rarps, "-o", rarps.parent / name)
    assert (said.status, said.out, said.err) == (0, "", "")
    assert (rarps.parent / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["out.pdf", "out.csv", "out.docx", "out.js0n"])
def test_a_name_that_asks_for_what_there_is_not_is_refused(
    capsys: pytest.CaptureFixture[str], rarps: Path, name: str
) -> None:
    """Nobody finds a text in a .pdf; with --format the name is the user's own business."""
    asked = rarps.parent / name
    said = here(capsys, "report", rarps, "-o", asked)
    assert (said.status, said.out, asked.exists()) == (2, "", False)
    assert f"not written as {asked.suffix}; end the name with .json, .md" in said.err
    assert ".html" in said.err
    assert here(capsys, "report", rarps, "-o", asked, "--format", "terminal").status == 0
    assert asked.read_bytes().startswith(b" UNDECIDED")


@pytest.mark.parametrize(("name", "start"), [(".json", b"["), ("rows-10.1.1.5", b"rarp"), ("rows.csv", b"point,")])
def test_the_name_of_a_table_says_its_format(
    capsys: pytest.CaptureFixture[str], rarps: Path, name: str, start: bytes
) -> None:
    """By the ends that there are, as for the report; an end of another table's or document's is refused."""
    said = here(capsys, "announcements", rarps, "-o", rarps.parent / name)
    assert (said.status, said.out) == (0, "")
    assert start in (rarps.parent / name).read_bytes()[:2000]
    for wrong in ("rows.xlsx", "rows.html", "rows.cvs"):
        said = here(capsys, "announcements", rarps, "-o", rarps.parent / wrong)
        assert (said.status, "says no format that there is" in said.err) == (2, True)


@pytest.mark.parametrize("options", [["--format", "parquet"], ["--parquet", "{}"], []])
def test_a_folder_of_frames_can_be_the_only_output(
    capsys: pytest.CaptureFixture[str], rarps: Path, options: list[str]
) -> None:
    """By --format, beside the terminal's copy, or by the name of the output."""
    folder = rarps.parent / "new" / "r.parquet"
    where = [option.format(folder) for option in options]
    said = here(capsys, "report", rarps, *where, *([] if str(folder) in where else ["-o", folder]))
    assert (said.status, said.err) == (0, "")
    assert bool(said.out) == (str(folder) in where)
    assert len(list(folder.glob("*.parquet"))) == len(FRAMES) + 2
    assert pl.read_parquet(folder / "announcements.parquet")["kind"].to_list() == ["rarp_announce"] * 3


def test_a_report_in_a_file_has_no_escape_sequences(rarps: Path) -> None:
    """Even where the terminal in front of us has colour."""
    vmpcap("report", rarps, "-o", rarps.parent / "r.txt", environment={"FORCE_COLOR": "1"})
    assert b"\x1b" not in (rarps.parent / "r.txt").read_bytes()


@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "parquet", "arrow"])
def test_rows_on_stdout_and_in_a_file_are_the_same(
    capsysbinary: pytest.CaptureFixture[bytes], rarps: Path, form: str
) -> None:
    """Three announcements, byte for byte."""
    target = rarps.parent / f"rows.{form}"
    assert guarded(commands, ["announcements", str(rarps), "-o", str(target)]) == 0
    raw = target.read_bytes()
    assert guarded(commands, ["announcements", str(rarps), "--format", form]) == 0
    assert capsysbinary.readouterr() == (raw, b"")
    frame = {
        "csv": lambda: list(csv.DictReader(io.StringIO(raw.decode()))),
        "ndjson": lambda: [json.loads(line) for line in raw.splitlines()],
        "json": lambda: json.loads(raw),
        "parquet": lambda: pl.read_parquet(io.BytesIO(raw)).to_dicts(),
        "arrow": lambda: pl.read_ipc(io.BytesIO(raw)).to_dicts(),
    }[form]()
    assert [str(row["frame"]) for row in frame] == ["1", "2", "3"]
    assert {row["kind"] for row in frame} == {"rarp_announce"}
    assert {row["sender_mac"] for row in frame} == {"00:50:56:aa:77:10"}


def vmpcap_words(*arguments: str | Path) -> list[str]:
    """The words of a command line that calls it."""
    return [sys.executable, "-m", "vmpcap", *map(str, arguments)]


def test_standard_input_is_a_capture_like_any_other(rarps: Path) -> None:
    """`-` and a file say the same, but for the names."""
    with rarps.open("rb") as stream:
        piped = vmpcap("announcements", "-", "--format", "csv", stdin=stream)
    read = vmpcap("announcements", rarps, "--format", "csv")
    assert piped.status == read.status == 0
    assert piped.out.replace("stdin,", "gw-lan,") == read.out


def test_standard_input_can_be_a_named_point() -> None:
    """Beside files of other points."""
    with_name = vmpcap("announcements", "--point", "gateway=-", "--format", "csv", input=RARPS)
    assert with_name.status == 0
    assert {line.partition(",")[0] for line in with_name.out.splitlines()[1:]} == {"gateway"}


@pytest.mark.parametrize(
    "ascii_only", [{"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}]
)
def test_the_locale_shapes_what_people_read_and_not_what_programs_read(rarps: Path, ascii_only: dict[str, str]) -> None:
    """ASCII on a terminal that knows nothing else; JSON is UTF-8 by its standard."""
    named = rarps.rename(rarps.with_name("büro.pcap"))
    people = vmpcap("report", named, environment=ascii_only)
    assert people.out.isascii()
    assert "b\\xfcro" in people.out
    assert (
        json.loads(vmpcap("report", named, "--json", "-", environment=ascii_only).out)["inputs"][0]["point"] == "büro"
    )
    assert "büro," in vmpcap("announcements", named, "--format", "csv", environment=ascii_only).out
    for utf8 in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "1"}):
        assert "büro" in vmpcap("report", named, environment=utf8).out


def test_columns_and_no_color_are_honoured(rarps: Path) -> None:
    """Away from a terminal 80 wide unless COLUMNS says more, and in colour only where it is forced."""
    usual = vmpcap("report", rarps).out
    wide = vmpcap("report", rarps, environment={"COLUMNS": "120"}).out
    assert max(len(line) for line in usual.splitlines() if line.startswith("──")) == 80
    assert max(len(line) for line in wide.splitlines() if line.startswith("──")) == 120
    forced = vmpcap("report", rarps, environment={"FORCE_COLOR": "1"}).out
    assert "\x1b[" in forced
    assert "\x1b[" not in vmpcap("report", rarps, environment={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert "\x1b[" not in usual


def test_the_json_schema_is_shown_without_a_capture() -> None:
    """As the published copy has it."""
    said = vmpcap("report", "--json-schema")
    published = Path(__file__).resolve().parents[2] / "docs" / "reference" / "report.schema.json"
    assert (said.status, said.err) == (0, "")
    assert said.out == published.read_text(encoding="utf-8")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The new content, nothing else in the folder, and the permissions that it had."""
    target = tmp_path / "r.json"
    target.write_text("old")
    target.chmod(0o600)
    write_file(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["r.json"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """As any program would make it."""
    write_text(str(tmp_path / "ours"), "x")
    (tmp_path / "theirs").write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


def test_a_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    """`latest.json` may point elsewhere."""
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "latest.json").symlink_to("real.json")
    write_text(str(tmp_path / "latest.json"), "new")
    assert (tmp_path / "latest.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


@pytest.mark.parametrize("step", ["write", "replace"])
def test_an_existing_file_is_kept_where_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A disk that fills up while the new file is written: the old one is whole, and no half one lies beside it."""
    target = tmp_path / "r.json"
    target.write_text("old")
    if step == "write":
        monkeypatch.setattr(output, "open", full_after(3), raising=False)
    else:
        monkeypatch.setattr(output.os, "replace", refuse)
    with pytest.raises(RequestError, match="No space left on device"):
        write_file(str(target), b"a new and longer content")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.json"]


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


def full_after(room: int) -> object:
    """An `open` whose files take so many bytes and no more."""

    class Small(io.FileIO):
        def write(self, raw: bytes) -> int:  # type: ignore[override]
            if len(raw) > room:
                super().write(raw[:room])
                raise OSError(28, "No space left on device")
            return super().write(raw)

    return lambda path, mode: Small(path, mode.replace("b", ""))


def test_a_real_full_disk_keeps_the_existing_file(tmp_path: Path, rarps: Path) -> None:
    """A limit on the size of files stands for a disk without room: the shell's ulimit, seen by the whole program."""
    target = tmp_path / "schema.json"
    target.write_text("old")
    big = CAPTURES / "clean"
    script = 'ulimit -f 1; trap "" XFSZ; exec "$@"'
    words = vmpcap_words("report", next(big.glob("src-uplink.pcap*")), "--json", target, "--markdown", "-")
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"cannot write" in done.stderr
    assert b"Traceback" not in done.stderr
    assert target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["gw-lan.pcap", "schema.json"]


def test_one_copy_that_cannot_be_written_does_not_cost_the_others(
    capsys: pytest.CaptureFixture[str], rarps: Path
) -> None:
    """The full device is named, status 2; the copies on stdout and on the disk are there."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    said = here(capsys, "report", rarps, "--json", "/dev/full", "--markdown", rarps.parent / "r.md")
    assert said.status == 2
    assert said.err == "vmpcap: cannot write '/dev/full': No space left on device\n"
    assert "UNDECIDED" in said.out
    assert "UNDECIDED" in (rarps.parent / "r.md").read_text()


@pytest.mark.parametrize("form", ["table", "csv", "ndjson", "json", "parquet", "arrow"])
def test_rows_for_a_full_disk_end_in_the_same_sentence(
    capsys: pytest.CaptureFixture[str], rarps: Path, form: str
) -> None:
    """Whatever library writes the format."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    said = here(capsys, "announcements", rarps, "--format", form, "-o", "/dev/full")
    assert said == (2, "", "vmpcap: cannot write '/dev/full': No space left on device\n")


def test_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    """`--json >(jq ...)` and named pipes: the pipe is still one afterwards."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_file(str(pipe), b"through")
    reader.join(timeout=20)
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_places_are_looked_at_before_anything_is_read(tmp_path: Path) -> None:
    """A file that may come, a folder that may come, and those that cannot."""
    check_file(str(tmp_path / "new.json"))
    check_file("-")
    check_folder(str(tmp_path / "a" / "b" / "c"))
    check_folder(str(tmp_path))
    (tmp_path / "file").write_text("")
    for look, path in ((check_file, tmp_path), (check_file, tmp_path / "no" / "x"), (check_folder, tmp_path / "file")):
        with pytest.raises(RequestError, match="cannot"):
            look(str(path))
    assert os.listdir(tmp_path) == ["file"]


def test_a_terminal_gets_one_screen_and_all_of_it_when_asked_and_a_file_all_of_it(tmp_path: Path) -> None:
    """The clean migration has some two hundred lines in full."""
    capture = CAPTURES / "clean" / "src-uplink.pcap.zst"
    kept = tmp_path / "report.txt"
    short = vmpcap("report", capture, "-o", "-").out
    assert short.count("\n") <= 50
    assert "\nEvidence\n" not in short
    full = vmpcap("report", "--full", capture).out
    assert "\nEvidence\n" in full
    assert full.count("\n") > 80
    vmpcap("report", capture, "-o", kept)
    assert "\nEvidence\n" in kept.read_text()


def test_a_graph_needs_a_page_to_be_drawn_into_and_a_capture_that_can_be_read_twice(
    capsys: pytest.CaptureFixture[str], rarps: Path, tmp_path: Path
) -> None:
    """Asked before anything is read; with both it is there."""
    said = here(capsys, "report", "--graph", rarps)
    assert (said.status, said.out) == (2, "")
    assert "add --html FILE" in said.err
    said = here(capsys, "report", "--graph", "--html", tmp_path / "r.html", "-")
    assert said.status == 2
    assert "reads the capture a second time" in said.err
    said = here(capsys, "report", "--graph", "--html", tmp_path / "r.html", tmp_path / "none.pcap")
    assert said.status == 4
    assert "there is no such file" in said.err
    assert not (tmp_path / "r.html").exists()
    done = vmpcap("report", "-q", "--graph", "--html", tmp_path / "r.html", CLEAN / "src-uplink.pcap.zst")
    assert done.status == 0
    assert 'data-kind="sequence"' in (tmp_path / "r.html").read_text()
