"""What a user is told: what went wrong, where, and what to try."""

import os
from pathlib import Path

import pytest

from tests.cli.calls import HEADER, RARP, RARPS, Said, give_away, here, vmpcap, without_root_powers
from tests.readers.writers import enhanced, interface, option, section
from tests.runs.made import migration, write
from tests.tshark import needs_tshark

Captured = pytest.CaptureFixture[str]

UNFIT = (
    (["report"], 2, ["no capture is named", "vmpcap report wan.pcapng", "--point source=src.pcap", "standard input"]),
    (["report", ""], 2, ["a capture has no name"]),
    (["report", "a\0b"], 2, ["it holds a zero byte"]),
    (["bench", "a\0b"], 2, ["it holds a zero byte"]),
    (["report", "{folder}"], 2, ["'{folder}' is a folder", "*.pcap"]),
    (["report", "{good}", "{good}"], 2, ["'{good}' is named twice", "count twice"]),
    (["report", "{good}", "{folder}/../{folder_name}/gw-lan.pcap"], 2, ["is named twice"]),
    (["report", "--point", "source", "{good}"], 2, ["--point 'source'", "needed NAME=FILE", "source=src.pcap"]),
    (["report", "--point", "source=", "{good}"], 2, ["--point 'source='", "needed NAME=FILE"]),
    (["report", "--point", "source={folder}/no*.pcap"], 2, ["no file matches '{folder}/no*.pcap'"]),
    (["report", "{good}", "--role", "gw-lan=gatway"], 2, ["there is no role 'gatway'", "did you mean 'gateway'?"]),
    (["report", "{good}", "--role", "gateway"], 2, ["needed NAME=ROLE", "gw-lan=gateway"]),
    (["report", "{good}", "--role", "gwlan=gateway"], 2, ["there is no point 'gwlan'", "did you mean 'gw-lan'?"]),
    (["report", "{good}", "--since", "yesterday"], 2, ["--since 'yesterday'", "2026-07-14T02:40:06.5"]),
    (["report", "{good}", "--since", "2026-02-30"], 2, ["--since '2026-02-30'", "no such time"]),
    (["report", "{good}", "--until", "1e99"], 2, ["--until '1e99'"]),
    (["report", "{good}", "--since", "2", "--until", "1"], 2, ["--since '2' is later than --until '1'"]),
    (
        ["report", "{good}", "--profile", "vspher4"],
        2,
        ["there is no profile 'vspher4'", "did you mean 'vsphere4'", "`vmpcap profiles`"],
    ),
    (["report", "{good}", "--profile", "{folder}/no.toml"], 2, ["cannot read profile", "No such file"]),
    (["report", "{good}", "--profile", "{good}/x.toml"], 2, ["cannot read profile", "Not a directory"]),
    (["report", "{good}", "--guest", "guest7"], 2, ["--guest 'guest7'", "00:50:56:aa:77:10"]),
    (["report", "{good}", "--port", "70000"], 2, ["'--port'", "1<=x<=65535"]),
    (["report", "{good}", "--format", "pdf"], 2, ["'pdf'", "markdown"]),
    (["report", "{good}", "--bogus"], 2, ["No such option '--bogus'", "vmpcap report --help"]),
    (["report", "{good}", "--format", "parquet"], 2, ["is a folder of frames", "--parquet DIR"]),
    (["report", "{good}", "--json", "-", "--markdown", "-"], 2, ["two copies", "stdout"]),
    (["report", "{good}", "--json", "{folder}/a", "--markdown", "{folder}/../{folder_name}/a"], 2, ["two copies"]),
    (["report", "{good}", "-o", ""], 2, ["an output has no name"]),
    (["report", "{good}", "-o", "{folder}"], 2, ["cannot write '{folder}'", "it is a folder"]),
    (["report", "{good}", "-o", "{folder}/no/r.txt"], 2, ["there is no folder '{folder}/no'", "make it first"]),
    (["report", "{good}", "--parquet", "{good}"], 2, ["cannot make the folder '{good}'", "is not a folder"]),
    (["report", "{good}", "--parquet", "{good}/x"], 2, ["cannot make the folder", "'{good}' is not a folder"]),
    (["flows", "{good}", "-o", "{folder}/no/f.csv"], 2, ["there is no folder '{folder}/no'"]),
    (["announcements", "{good}", "-o", ""], 2, ["an output has no name"]),
    (["flows"], 2, ["no capture is named"]),
    (["flow", "{good}"], 2, ["there is no command 'flow'", "did you mean `vmpcap flows`?"]),
    (["{good}"], 2, ["there is no command", "for a verdict: `vmpcap report"]),
    (["profiles", "vsphere"], 2, ["there is no profile 'vsphere'", "did you mean"]),
    (
        ["report", "{good}", "--engine", "tshark"],
        2,
        ["--engine tshark", "own engine only", "`vmpcap packets`"],
    ),
)
"""Requests that cannot be met, the status they end with, and words their message must hold."""


@pytest.mark.parametrize(("arguments", "status", "words"), UNFIT, ids=[" ".join(a) for a, _, _ in UNFIT])
def test_a_wrong_request_is_answered_with_what_where_and_what_to_try(
    capsys: Captured, rarps: Path, arguments: list[str], status: int, words: list[str]
) -> None:
    """One line on stderr, nothing on stdout, and no packet was read for it."""
    names = {"good": str(rarps), "folder": str(rarps.parent), "folder_name": rarps.parent.name}
    said = here(capsys, *(argument.format(**names) for argument in arguments))
    assert said.status == status
    assert said.out == ""
    assert said.err.startswith("vmpcap: ")
    assert said.err.count("\n") == 1
    for word in words:
        assert word.format(**names) in said.err
    assert sorted(os.listdir(rarps.parent)) == ["gw-lan.pcap"]


UNREADABLE = (
    ("missing.pcap", None, ["cannot open", "there is no such file", "check the name"]),
    ("empty.pcap", b"", ["it has no bytes", "stopped before its first packet"]),
    ("printed.pcap", b"02:40:06.616 IP 10.0.0.1 > 10.0.0.2: Flags [S]\n" * 9, ["it is a text file", "tcpdump -w"]),
    ("picture.pcap", b"\x89PNG\r\n\x1a\n" + bytes(200), ["cannot read"]),
    ("noise.pcap", bytes(range(256)) * 9, ["cannot read"]),
    ("head.pcap", HEADER[:11], ["cannot read"]),
    ("packed.pcap.gz", b"\x1f\x8b\x08\x00 not really", ["cannot read"]),
)
"""Files that are no captures, and words their message must hold."""


READING = (
    ("report",),
    ("flows",),
    ("announcements",),
    ("packets",),
    ("points", "{good}"),
    ("carve", "-o", "{out}"),
    ("bench",),
    ("compare", "{good}", "--with"),
    pytest.param(("verify",), marks=needs_tshark),
)
"""Every command that reads captures, as it stands before the name of one."""


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
@pytest.mark.parametrize(("name", "content", "words"), UNREADABLE, ids=[name for name, _, _ in UNREADABLE])
def test_a_file_that_is_no_capture_is_named_with_the_reason(
    capsys: Captured, tmp_path: Path, command: tuple[str, ...], name: str, content: bytes | None, words: list[str]
) -> None:
    """Status 4, one line that names the file; no command takes what is no capture for an empty one."""
    path, good = tmp_path / name, tmp_path / "good.pcap"
    good.write_bytes(RARPS)
    if content is not None:
        path.write_bytes(content)
    said = here(capsys, *(part.format(good=good, out=tmp_path / "out.pcapng") for part in command), path)
    assert said.status == 4
    assert said.out == ""
    assert said.err.count("\n") == 1
    for word in [repr(str(path)), *words]:
        assert word in said.err


@pytest.mark.parametrize("command", ["report", "flows", "announcements"])
def test_an_interface_that_is_not_there_is_no_empty_capture(capsys: Captured, tmp_path: Path, command: str) -> None:
    """The names that there are stand in the message; a number is a name too."""
    path = tmp_path / "two.pcapng"
    blocks = [section("<"), *(interface("<", 1, options=option("<", 2, n)) for n in (b"eth0", b"eth1"))]
    path.write_bytes(b"".join([*blocks, enhanced("<", 1000, RARP, len(RARP))]))
    said = here(capsys, command, f"{path}#eth7")
    assert (said.status, said.out) == (2, "")
    assert f"{path}#eth7: there is no interface 'eth7' in this file; there are: eth0, eth1" in said.err
    assert here(capsys, command, f"{path}#eth1").status == 0
    assert here(capsys, command, f"{path}#1").status == 0


def test_a_folder_is_answered_with_a_pattern_that_matches_what_is_in_it(capsys: Captured, tmp_path: Path) -> None:
    """Of packed captures too; in a folder without any nobody is sent looking for them."""
    for name in ("a.pcap.zst", "b.pcap.zst", "c.pcapng", "notes.txt"):
        (tmp_path / name).touch()
    said = here(capsys, "report", tmp_path)
    assert f"is a folder; name the captures in it, such as '{tmp_path}/*.pcap.zst'" in said.err
    for asked in ((f"{tmp_path}/*.pcap",), ("--point", f"source={tmp_path}/x*.pcap")):
        said = here(capsys, "flows", *asked)
        assert said.status == 2
        assert f"there is '{tmp_path}/*.pcap.zst'" in said.err
    (tmp_path / "none").mkdir()
    said = here(capsys, "report", tmp_path / "none")
    assert "no name in it ends as a capture's" in said.err
    assert here(capsys, "report", f"{tmp_path}/none/*.pcap").err.endswith("none/*.pcap'\n")


def test_carve_refuses_what_can_be_read_once_only(capsys: Captured, tmp_path: Path) -> None:
    """Before it reads anything: the second reading would wait for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "-"):
        said = here(capsys, "carve", "-o", tmp_path / "out.pcapng", path)
        assert said.status == 2
        assert f"`vmpcap carve` reads the capture a second time, which {str(path)!r} does not allow" in said.err


def test_carve_says_that_a_capture_is_damaged(capsys: Captured, tmp_path: Path) -> None:
    """On stderr, since what was carved cannot; --strict makes it status 4."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(Path(write(tmp_path / "whole.pcap", migration())).read_bytes()[:-7])
    for strict, status in ((["--strict"], 4), ([], 0)):
        said = here(capsys, "carve", "-o", tmp_path / "out.pcapng", path, *strict)
        assert said.status == status
        assert f"damaged: {path}: cut_short" in said.err


def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path: Path) -> None:
    """Of many captures it costs the benchmark nothing but itself; alone it is all there was."""
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    give_away(closed)
    said = vmpcap("bench", closed, preexec_fn=without_root_powers)
    assert said.status == 4
    assert f"cannot look into the folder '{closed}': Permission denied" in said.err


def test_a_file_that_may_not_be_read_is_named(rarps: Path) -> None:
    """Permission denied is said as what it is."""
    rarps.chmod(0)
    give_away(rarps)
    said = vmpcap("report", rarps, preexec_fn=without_root_powers)
    assert said.status == 4
    assert str(rarps) in said.err
    assert "ermission" in said.err
    assert said.out == ""


def test_a_folder_that_may_not_be_written_is_named_before_anything_is_read(rarps: Path, tmp_path: Path) -> None:
    """An hour of reading is not thrown away for a place that was known to be closed."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    give_away(closed)
    said = vmpcap("report", rarps, "--json", closed / "r.json", preexec_fn=without_root_powers)
    assert said == Said(
        2, "", f"vmpcap: cannot write '{closed}/r.json': you may not write into the folder '{closed}'\n"
    )


def test_hostile_names_do_not_reach_the_terminal(capsys: Captured, tmp_path: Path) -> None:
    """A file name with escape sequences is shown as text in messages."""
    path = tmp_path / "evil\x1b]0;owned\x07\u202e.pcap"
    path.write_bytes(b"no capture at all, but a text")
    said = here(capsys, "report", path)
    assert said.status == 4
    assert said.err.rstrip("\n").isprintable()
    assert "owned" in said.err


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in a file name break neither rows nor report."""
    path = os.fsencode(tmp_path) + b"/caf\xe9\x1b.pcap"
    with open(path, "wb") as file:
        file.write(RARPS)
    for arguments in (["announcements", "--format", "csv"], ["report", "--json", "-"], ["announcements"]):
        said = vmpcap(*arguments, os.fsdecode(path))
        assert said.status == 0, said.err
        assert "caf\\udce9\\x1b" in said.out.replace("\\\\", "\\")
        assert "\x1b" not in said.out


def test_a_fault_of_our_own_is_a_sentence(capsys: Captured, rarps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 70 and where to look further; the traceback only with -v."""

    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("vmpcap.runs.pipeline.analyse", fault)
    said = here(capsys, "report", rarps)
    assert said.status == 70
    assert "fault of vmpcap" in said.err
    assert said.err.count("\n") == 1


def test_verbose_shows_where_a_fault_lies(capsys: Captured, rarps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a bug report."""
    from vmpcap.cli.exits import guarded
    from vmpcap.cli.group import commands

    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("vmpcap.runs.pipeline.analyse", fault)
    assert guarded(commands, ["report", str(rarps), "-v"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err
