"""Starting is quick: what is not needed is not imported. And everything that can be asked for is explained."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.calls import here, quiet_environment
from vmpcap import __version__
from vmpcap.cli.group import COMMANDS, commands

HEAVY = {"numba", "llvmlite", "polars", "rich", "numpy", "scapy", "pyshark", "pandas", "pyarrow"}
"""Libraries that cost tens to hundreds of milliseconds to import."""

PROBE = """
import atexit, json, sys
atexit.register(lambda: json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stderr))
sys.argv = ['vmpcap', *sys.argv[1:]]
from vmpcap.cli import main
sys.exit(main())
"""


def imported_by(*arguments: str) -> tuple[int, str, set[str]]:
    """The status, the output and the packages that this command line imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, env=quiet_environment(), check=False
    )
    return done.returncode, done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["report", "--help"], ["flows", "-h"], ["announcements", "--help"], ["profiles", "--help"]],
    ids=" ".join,
)
def test_help_imports_no_heavy_library(arguments: list[str]) -> None:
    """Asked of the interpreter, not of a clock."""
    status, out, packages = imported_by(*arguments)
    assert status == 0
    assert out.startswith("Usage: vmpcap")
    assert packages & HEAVY == set()


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_said_before_the_command_line_library_is_imported(flag: str) -> None:
    """Scripts ask it often."""
    status, out, packages = imported_by(flag)
    assert (status, out) == (0, f"vmpcap {__version__}\n")
    assert packages & (HEAVY | {"click", "msgspec"}) == set()


def test_the_version_is_also_said_among_other_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is not alone, the command line library says it."""
    assert here(capsys, "--version", "report").out == f"vmpcap {__version__}\n"


def test_profiles_are_listed_without_heavy_libraries() -> None:
    """A table of a dozen lines needs neither numba nor polars."""
    status, out, packages = imported_by("profiles")
    assert status == 0
    assert "vsphere4" in out
    assert packages & HEAVY == set()


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_every_command_and_every_option_has_help(row: object) -> None:
    """The text of the table of commands is the command's own."""
    name: str = row.name  # type: ignore[attr-defined]
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    assert command.name == name
    assert command.short_help == row.short_help  # type: ignore[attr-defined]
    assert command.help
    assert command.help.strip()
    options = [p for p in command.params if isinstance(p, click.Option)]
    for option in options:
        assert option.help, (name, option.name)
        assert option.help.endswith((".", ")", "]")), (name, option.name, option.help)


def test_the_commands_are_listed_with_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    """The first page a newcomer sees."""
    said = here(capsys, "--help")
    assert said.status == 0
    for row in COMMANDS:
        assert f"  {row.name} " in said.out
    for status in (0, 1, 2, 3, 4, 5, 130):
        assert f"{status} " in said.out[said.out.index("Exit status") :]


def test_without_arguments_the_help_is_shown_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was asked: wrong use, on stderr, so that a pipe stays empty."""
    said = here(capsys)
    assert said.status == 2
    assert said.out == ""
    assert said.err.startswith("Usage: vmpcap")


def test_the_module_is_the_command(rarps: Path) -> None:
    """`python -m vmpcap` and the console script are one."""
    script = Path(sys.executable).with_name("vmpcap")
    if not script.exists():
        pytest.skip("not installed as a script here")
    ends = [
        subprocess.run([*call, "announcements", rarps], capture_output=True, env=quiet_environment(), check=True).stdout
        for call in ([script], [sys.executable, "-m", "vmpcap"])
    ]
    assert ends[0] == ends[1] != b""


def test_the_end_waits_for_what_was_to_be_done_at_the_end() -> None:
    """The program is left to the system only after everything that libraries registered, with its own status."""
    program = (
        "import atexit, sys; sys.argv = ['vmpcap', '--version']\n"
        "import vmpcap.cli as cli\n"
        "main = cli.main\n"
        "def late():\n"
        "    atexit.register(lambda: print('at the end', flush=False)); return main() + 3\n"
        "cli.main = late; cli.run()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (3, [f"vmpcap {__version__}", "at the end"])


def test_a_fault_at_the_start_is_still_told_by_python() -> None:
    """Where the command does not come to an end, nothing is swallowed."""
    program = "import vmpcap.cli as cli; cli.main = lambda: 1 / 0; cli.run()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
