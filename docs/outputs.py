"""
Every output in the texts was printed by the command above it. This runs the commands again and puts their output there.

    python docs/outputs.py            rewrite what has changed
    python docs/outputs.py --check    only say what has changed; exit status 1 if anything has
    python docs/outputs.py FILE...    only in these texts

A block is fenced as `console`; each line that begins with `$ ` is a command for bash, run in the root of the checkout,
and what it prints on stdout follows it. What cannot be run here (a capture on a host) is fenced as `sh`, without any.
"""

import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from vmpcap.lab.scenarios import named

ROOT: Final = Path(__file__).resolve().parents[1]

BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

MAKE_REPORT: Final = re.compile(r"\bmake report(?: SITUATION=(\S+))?(?: ARGS=(\S+))?")
"""`make` would set everything up first; what it runs after that is this."""

SITUATION: Final = "captures/routed_stretched"
"""What `make report` shows where nothing is said."""


def texts() -> list[Path]:
    """Which files may show output?"""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands_of(text: str) -> list[str]:
    """Which commands does this text show with their output?"""
    return [line[2:] for block in BLOCK.findall(text) for line in block.splitlines() if line.startswith("$ ")]


PLAYED: Final = re.compile(r"\bbuild/(\w+)")
"""A command that reads build/NAME means what `vmpcap synth NAME -o build/NAME` makes, if there is such a scenario."""


@cache
def play(name: str) -> None:
    """Make build/NAME, each file at once: several of these scripts may do so together, all of the same bytes."""
    folder = ROOT / "build" / name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as made:
        synth = [sys.executable, "-m", "vmpcap", "synth", name, "-o", f"{made}/{name}"]
        subprocess.run(synth, check=True, capture_output=True, cwd=ROOT)
        for file in Path(made, name).iterdir():
            file.replace(folder / file.name)


@cache
def run(command: str) -> str:
    """What does this command print? At a width of 100 and a height of 50, without colour."""
    expanded = MAKE_REPORT.sub(
        lambda m: f"python captures/report.py {m[1] or SITUATION} {m[2] or ''}".rstrip(), command
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {"COLUMNS": "100", "LINES": "50", "NO_COLOR": "1", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    (ROOT / "build").mkdir(exist_ok=True)
    for name in PLAYED.findall(expanded):
        if named(name) is not None:
            play(name)
    done = subprocess.run(
        ["bash", "-c", expanded],
        cwd=ROOT,
        env={**os.environ, **plain, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if not done.stdout:
        raise SystemExit(f"nothing was printed by: {command}\n{done.stderr.strip()}")
    return done.stdout


def refreshed(text: str) -> str:
    """The same text with the output that its commands print now."""

    def block(match: re.Match[str]) -> str:
        lines = [line for line in match[1].splitlines() if line.startswith("$ ")]
        shown = "".join(f"{line}\n{_ending(run(line[2:]))}" for line in lines)
        return f"```console\n{shown}```"

    return BLOCK.sub(block, text)


def _ending(output: str) -> str:
    return output if not output or output.endswith("\n") else output + "\n"


def main() -> int:
    """Rewrite the texts, or only compare."""
    only_check = "--check" in sys.argv[1:]
    named = [Path(word).resolve() for word in sys.argv[1:] if word != "--check"]
    stale = [file for file in named or texts() if refreshed(file.read_text()) != file.read_text()]
    words = "shows output that its commands no longer print" if only_check else "rewritten"
    for file in stale:
        print(f"{file.relative_to(ROOT)}: {words}")
        if not only_check:
            file.write_text(refreshed(file.read_text()))
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
