"""Completion: what a shell is offered, asked as the shells ask."""

import os
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.calls import here, quiet_environment
from vmpcap.cli.completing import points
from vmpcap.cli.completion import SHELLS, script
from vmpcap.cli.group import COMMANDS, commands

CALL = "import sys; sys.argv = ['vmpcap']; from vmpcap.cli import run; run()"


def offered(*words: str) -> list[tuple[str, str]]:
    """Kind and word of each offer behind these words, the last of them being typed."""
    done = subprocess.run(
        [sys.executable, "-c", CALL], capture_output=True, text=True, check=True,
        env=quiet_environment(
            _VMPCAP_COMPLETE="bash_complete", COMP_WORDS=" ".join(("vmpcap", *words)), COMP_CWORD=str(len(words))
        ),
    )  # fmt: skip
    parted = [line.partition(",") for line in done.stdout.splitlines()]
    return [(kind, word) for kind, _, word in parted]


def test_commands_are_offered_and_heavy_libraries_are_not_needed_for_it() -> None:
    """All of them that begin so."""
    assert [word for _, word in offered("")] == [row.name for row in COMMANDS]
    assert offered("re") == [("plain", "report")]


def test_options_profiles_roles_and_files_are_offered() -> None:
    """Behind each option what it takes; a capture is a file, for which the shell itself knows the names."""
    assert ("plain", "--markdown") in offered("report", "--mark")
    assert ("plain", "vsphere6") in offered("report", "--profile", "vsp")
    assert ("plain", "gateway=") in offered("report", "--point", "gate")
    assert offered("report", "--point", "gw=a.pcap", "--role", "gw=gate") == [("plain", "gw=gateway")]
    assert offered("report", "ca") == [("file", "ca")]
    assert offered("report", "--html", "out") == [("file", "out")]
    assert offered("report", "--parquet", "out") == [("dir", "out")]
    assert ("plain", "arrow") in offered("flows", "--format", "a")


TAKES_FILES = re.compile(r"\b(FILE|CAPTURE|A|B)\b")


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_whatever_takes_a_file_or_a_folder_offers_them(row: object) -> None:
    """Of every command: what says FILE offers files, what says DIR folders, at least beside something of its own."""
    context = click.Context(commands)
    command = commands.get_command(context, row.name)  # type: ignore[attr-defined]
    assert command is not None
    inner = click.Context(command, parent=context)
    for parameter in command.params:
        shown = parameter.metavar or ""
        kind = "dir" if shown == "DIR" else "file" if TAKES_FILES.search(shown) and "=" not in shown else None
        if kind:
            assert {item.type for item in parameter.shell_complete(inner, "no such")} == {kind}, parameter.name


def test_files_of_a_point_are_offered_behind_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one word: the role stays in front, and so do the files before the comma."""
    (tmp_path / "gw 1.pcap").touch()
    (tmp_path / "gwdir").mkdir()
    monkeypatch.chdir(tmp_path)
    context = click.Context(commands)

    def behind(begun: str) -> list[str]:
        return [item.value for item in points(context, click.Option(["--point"]), begun)]

    assert behind("gateway=gw") == ["gateway=gw 1.pcap", "gateway=gwdir/"]
    assert behind("gateway=a.pcap,gw ") == ["gateway=a.pcap,gw 1.pcap"]
    assert behind("gateway=*") == []
    assert behind("gatew") == ["gateway="]


def test_scenarios_are_offered() -> None:
    """With the folder to make beside them."""
    assert ("plain", "vrrp_leak") in offered("synth", "vrrp")


def test_a_faulty_file_of_settings_does_not_disturb_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages would land in the middle of somebody's line."""
    (tmp_path / "bad.toml").write_text("no = TOML")
    monkeypatch.setenv("VMPCAP_CONFIG", str(tmp_path / "bad.toml"))
    assert ("plain", "--markdown") in offered("report", "--mark")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_its_script(capsys: pytest.CaptureFixture[str], shell: str, tmp_path: Path) -> None:
    """Names the variable that asks, and holds no error of syntax, where the shell is there to say so."""
    said = here(capsys, "completion", shell)
    assert said.status == 0
    assert f"_VMPCAP_COMPLETE={shell}_complete" in said.out
    if shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(said.out)
        done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_which_shells_there_are_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """click lists choices below each other, behind tabs."""
    for asked in ([], ["tcsh"]):
        said = here(capsys, "completion", *asked)
        assert (said.status, said.err.count("\n"), "\\" in said.err) == (2, 1, False)
        for shell in SHELLS:
            assert shell in said.err


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_offers_what_begins_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The script as bash runs it: sourced, and asked for `vmpcap fl`."""
    source = here(capsys, "completion", "bash").out
    command = tmp_path / "vmpcap"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{CALL}"\n')
    command.chmod(0o755)
    asked = f'{source}\nCOMP_WORDS=(vmpcap fl); COMP_CWORD=1; _vmpcap_completion vmpcap; echo "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, check=True, env=quiet_environment(PATH=path)
    )
    assert done.stdout.strip() == "flows"
    asked = (
        f'compopt() {{ echo "compopt $*"; }}\n{source}\nCOMP_WORDS=(vmpcap report --point gatew); COMP_CWORD=3; '
        '_vmpcap_completion vmpcap; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, check=True, env=quiet_environment(PATH=path)
    )
    assert done.stdout.split() == ["compopt", "-o", "nospace", "gateway="]


SETTINGS = {
    "as it is": "",
    "no colon": "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}",
    "no equals": "COMP_WORDBREAKS=${COMP_WORDBREAKS//=}",
    "neither": "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}",
    "more": "COMP_WORDBREAKS=${COMP_WORDBREAKS}/,",
    "strict": "set -u; shopt -s nullglob failglob nocasematch; IFS=:",
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    ("typed", "then"),
    [
        ("report --role gw=gat", "report --role gw=gateway "),
        ("report --role gw=domain:so", "report --role gw=domain:source "),
        ("report --role=gw=gat", "report --role=gw=gateway "),
        ("report --role 'gw=domain:so", "report --role 'gw=domain:source' "),
        ("report --profile=met", "report --profile=metro "),
        ("report --point dom", "report --point domain:"),
        ("report --point domain:des", "report --point domain:destination="),
        ("report --point=domain:des", "report --point=domain:destination="),
        ("report 'a b' --point domain:", "report 'a b' --point domain:"),
        ("report --point domain:source=sp", "report --point domain:source=sp\\ aced.pcap "),
        ("report --point domain:source=a,sp", "report --point domain:source=a,sp\\ aced.pcap "),
    ],
)
def test_bash_completes_behind_what_it_parts_words_at(tmp_path: Path, setting: str, typed: str, then: str) -> None:
    """As somebody types it into a bash that parts words at = and :, as it does by itself, or at other characters."""
    command = tmp_path / "vmpcap"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{CALL}"\n')
    command.chmod(0o755)
    (tmp_path / "sp aced.pcap").touch()
    (tmp_path / "rc").write_text(
        f"{script('bash')}\nPS1='ready>'\nbind 'set enable-bracketed-paste off'\nbind 'set bell-style none'\n"
        f"""bind -x '"\\C-g": echo "begin[$READLINE_LINE]end"'\n{SETTINGS[setting]}\n"""
    )  # what parts words is known once there was a `bind`
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert on_the_line(tmp_path, quiet_environment(PATH=path, TERM="dumb"), f"vmpcap {typed}\t") == f"vmpcap {then}"


def on_the_line(folder: Path, environment: dict[str, str], keys: str) -> str:
    """What stands on the line of an interactive bash once these keys were typed? Ctrl-G writes it out."""
    master, slave = os.openpty()
    shell = subprocess.Popen(
        ["bash", "--noprofile", "--rcfile", "rc", "-i"],
        stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        shown_until(master, "ready>")
        os.write(master, f"{keys}\x07".encode())
        shown = shown_until(master, "]end")
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
    return shown.rpartition("begin[")[2].partition("]end")[0]


def shown_until(master: int, word: str) -> str:
    """What the terminal shows up to this word, which must come."""
    shown = ""
    while word not in shown:
        assert select.select([master], [], [], 30)[0], shown
        shown += os.read(master, 4096).decode()
    return shown
