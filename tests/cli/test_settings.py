"""Settings: command line before environment before file, and whoever wonders is told which of them it was."""

import os
import sys
import tomllib
from pathlib import Path

import click
import pytest

from tests.cli.calls import Said, here, vmpcap
from vmpcap.cli.group import COMMANDS, commands
from vmpcap.cli.settings import settable, variables

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A home in which nobody has set anything yet."""
    for name in [name for name in os.environ if name.startswith("VMPCAP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    return monkeypatch


def usual(tmp_path: Path, text: str) -> Path:
    """The file where it is looked for by itself."""
    path = tmp_path / "etc" / "vmpcap" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def profile_of(said: Said) -> str:
    """By which profile was it judged? The terminal report says so in its first lines."""
    line = next(line for line in said.out.splitlines() if line.startswith(" profile "))
    return line.split()[1].rstrip(":")


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """Each in turn has the last word; a table of the command goes before what all commands share."""
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere4"
    usual(tmp_path, 'profile = "vsphere5-std"\n')
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere5-std"
    usual(tmp_path, 'profile = "vsphere5-std"\n[report]\nprofile = "vsphere6"\n')
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere6"
    bare.setenv("VMPCAP_PROFILE", "qemu-default")
    assert profile_of(here(capsys, "report", "-q", rarps)) == "qemu-default"
    bare.setenv("VMPCAP_REPORT_PROFILE", "vsphere5-std")
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere5-std"
    assert profile_of(here(capsys, "report", "-q", "--profile", "vsphere4", rarps)) == "vsphere4"


def test_a_file_that_is_named_goes_before_the_usual_one(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """--config, then VMPCAP_CONFIG; /dev/null is none at all."""
    usual(tmp_path, 'profile = "vsphere5-std"\n')
    for name in ("vsphere6", "qemu-default"):
        (tmp_path / f"{name}.toml").write_text(f'profile = "{name}"\n')
    bare.setenv("VMPCAP_CONFIG", str(tmp_path / "vsphere6.toml"))
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere6"
    said = here(capsys, "--config", tmp_path / "qemu-default.toml", "report", "-q", rarps)
    assert profile_of(said) == "qemu-default"
    bare.setenv("VMPCAP_CONFIG", os.devnull)
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere4"


def test_a_file_beside_the_captures_sets_nothing(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """Whoever sends captures must not say what is written where."""
    bare.chdir(tmp_path)
    for name in ("vmpcap.toml", "config.toml", ".vmpcap.toml"):
        (tmp_path / name).write_text('profile = "vsphere5-std"\n[report]\noutput = "taken-over"\n')
    assert profile_of(here(capsys, "report", "-q", rarps)) == "vsphere4"
    assert not (tmp_path / "taken-over").exists()


def test_lists_flags_and_numbers_are_settings_too(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """Ports in a list, a flag, a number; the same by the environment, parted by blanks."""
    usual(tmp_path, 'port = [8001, 8002]\nquiet = true\nguest = "00:50:56:aa:77:10"\n[packets]\nlimit = 1\n')
    seen: list[dict[str, object]] = []
    command = commands.get_command(click.Context(commands), "packets")
    assert command is not None
    bare.setattr(command, "callback", lambda **options: seen.append(options))
    assert here(capsys, "packets", rarps).status == 0
    bare.setenv("VMPCAP_PORT", "9000 9001")
    bare.setenv("VMPCAP_STRICT", "1")
    bare.setenv("VMPCAP_LIMIT", "")
    assert here(capsys, "packets", rarps).status == 0
    by_file, by_both = seen
    assert by_file["port"] == (8001, 8002)
    assert by_file["guest"] == ("00:50:56:aa:77:10",)
    assert by_file["quiet"] is True
    assert by_file["limit"] == 1
    assert by_file["strict"] is False
    assert by_both["port"] == (9000, 9001)
    assert by_both["strict"] is True
    assert by_both["limit"] == 1, "an empty variable says nothing"


def test_a_time_or_a_size_may_be_a_bare_number(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """Seconds since 1970 and bytes need no quotes; the middle one of the three frames is left."""
    usual(tmp_path, "since = 1783996806.5\nuntil = 1783996807\nmax-unpacked = 100000\n")
    said = here(capsys, "packets", "-q", "--format", "csv", "--columns", "frame", rarps)
    assert (said.status, said.out.split()) == (0, ["frame", "2"])


@pytest.mark.parametrize(
    "since",
    ["2026-07-14T02:40:07.5Z", "2026-07-14 04:40:07.5+02:00", "2026-07-14T02:40:07.5", "'2026-07-14 02:40:07.5'"],
)
def test_a_time_may_be_one_of_tomls_own(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path, since: str
) -> None:
    """With a zone, or UTC as on the command line; a day is one too."""
    for text in (f"since = {since}\n", f"since = 2026-07-14\n[packets]\nsince = {since}\n"):
        usual(tmp_path, text)
        said = here(capsys, "packets", "-q", "--format", "csv", "--columns", "frame", rarps)
        assert (said.status, said.out.split()) == (0, ["frame", "3"])


UNFIT = (
    ("what-if = '1Gbps,5ms'", ["key 'what-if'", "an option of `vmpcap report` only", "write it below [report]"]),
    ("rate = 5", ["key 'rate'", "`vmpcap synth`", "[synth]"]),
    ('proflie = "vsphere5-std"', ["key 'proflie'", "no such option", "did you mean 'profile'?"]),
    ("[report]\nhtlm = 'x'", ["[report]", "key 'htlm'", "did you mean 'html'?"]),
    ("max_unpacked = '1G'", ["key 'max_unpacked'", "did you mean 'max-unpacked'?"]),
    ("quiet = 1", ["key 'quiet'", "needed true or false, found 1"]),
    ("port = [0]", ["key 'port'", "0 is not in the range 1<=x<=65535"]),
    ("port = true", ["key 'port'", "needed a number, a text, or a list of them, found true"]),
    ("profile = ['a']", ["key 'profile'", "needed a text, found a list"]),
    ("since = true", ["key 'since'", "needed a text or a number, found true"]),
    ("guest = [1]", ["key 'guest'", "needed a text or a list of texts, found a list"]),
    ("[report]\nhtml = 3", ["[report]: key 'html'", "needed a text, found 3"]),
    ("report = 'vsphere5'", ["[report]", "needed a table of options", "write [report] above them"]),
    ("[report]\nformat = 'pdf'", ["[report]: key 'format'", "'pdf'", "markdown"]),
    ("profile = vsphere5", ["it is not TOML", "texts stand in quotes"]),
    ("profile = 'vsphere55'", ["there is no profile 'vsphere55'", "--profile is set in '{path}'"]),
    ("since = 'noon'", ["--since 'noon'", "--since is set in '{path}'"]),
)


@pytest.mark.parametrize(("text", "words"), UNFIT, ids=[text for text, _ in UNFIT])
def test_a_faulty_file_is_named_with_its_key_and_what_to_do(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path, text: str, words: list[str]
) -> None:
    """One line on stderr, status 2, nothing read."""
    path = usual(tmp_path, text)
    said = here(capsys, "report", "-q", rarps)
    assert (said.status, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert str(path) in said.err
    for word in words:
        assert word.format(path=path) in said.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VMPCAP_PORT", "0", ["1<=x<=65535", "set by VMPCAP_PORT"]),
        ("VMPCAP_REPORT_PORT", "x", ["'x'", "set by VMPCAP_REPORT_PORT"]),
        ("VMPCAP_PROFILE", "vspher4", ["did you mean 'vsphere4'", "--profile is set by VMPCAP_PROFILE"]),
        ("VMPCAP_CONFIG", "no.toml", ["VMPCAP_CONFIG 'no.toml'", "there is no such file"]),
    ],
)
def test_a_faulty_variable_is_named(
    capsys: Captured, bare: pytest.MonkeyPatch, rarps: Path, name: str, value: str, words: list[str]
) -> None:
    """The command line has no such option: without its name nobody would find it."""
    bare.setenv(name, value)
    said = here(capsys, "report", "-q", rarps)
    assert (said.status, said.out) == (2, "")
    for word in words:
        assert word in said.err


def test_what_is_said_on_the_command_line_is_nobody_elses_fault(
    capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path, rarps: Path
) -> None:
    """The file is not blamed for what the command line says."""
    usual(tmp_path, "profile = 'vsphere5'")
    said = here(capsys, "report", "-q", "--profile", "vspher4", rarps)
    assert "is set" not in said.err


def test_doctor_says_which_settings_are_in_force(capsys: Captured, bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file, how much it sets, variables that are heard, and those that nobody listens to."""
    assert "no file of settings" in here(capsys, "doctor").out
    path = usual(tmp_path, "profile = 'vsphere5'\nquiet = true\n[report]\nhtml = 'last.html'\n")
    bare.setenv("VMPCAP_PORT", "8001")
    bare.setenv("VMPCAP_PROFLIE", "vsphere5-std")
    line = next(line for line in here(capsys, "doctor").out.splitlines() if " settings " in line)
    assert f"{path} (3 options set); by the environment: VMPCAP_PORT" in line
    assert "VMPCAP_PROFLIE: there is no such option" in line
    usual(tmp_path, "proflie = 1")
    said = here(capsys, "doctor")
    assert said.status == 0
    assert "did you mean 'profile'?" in said.out


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_every_option_has_a_name_of_its_own_in_files_and_environment(row: object) -> None:
    """No two options of a command share a key or a variable, and every key is TOML as it stands."""
    name: str = row.name  # type: ignore[attr-defined]
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    keys = settable(command)
    options = [p for p in command.params if isinstance(p, click.Option)]
    left = {p.opts[0] for p in options} - {p.opts[0] for p in keys.values()}
    assert left <= {"--json-schema", "--list-columns", "--list"}
    assert set(tomllib.loads("\n".join(f"{key} = 1" for key in keys))) == set(keys)
    named = [variables(name, key)[0] for key in keys]
    assert len(set(named)) == len(named)
    assert all(set(variables(name, key)) <= set(option.envvar or ()) for key, option in keys.items())


def test_a_start_without_a_file_imports_no_toml() -> None:
    """Nobody waits for what nobody has."""
    done = vmpcap("--help", environment={"PYTHONPROFILEIMPORTTIME": "1", "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.status == 0
    assert "tomllib" not in done.err
    assert "click" in done.err
