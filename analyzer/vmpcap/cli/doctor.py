"""`vmpcap doctor`: what is installed, what is missing, and what that costs."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import click

from vmpcap import __version__
from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import emit
from vmpcap.report.clean import clean
from vmpcap.terms.errors import VmpcapError

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found. `missing`: vmpcap cannot work without it."""

    state: State
    words: str


def _settings() -> Finding:
    """Which settings are in force, and from where? A faulty file or a variable that nobody reads is told."""
    from vmpcap.cli.group import COMMANDS, commands
    from vmpcap.cli.settings import CONFIG, config_file, defaults, set_variables, settable, variables

    loaded = [found for row in COMMANDS if (found := commands.get_command(click.Context(commands), row.name))]
    known = {CONFIG, *(v for one in loaded for name in settable(one) for v in variables(one.name or "", name))}
    told = [name for name in set_variables() if name in known]
    odd = [f"{name}: there is no such option" for name in set_variables() if name not in known]
    try:
        path = config_file(_asked())
        listed: dict[str, None] = {}
        for one in loaded if path is not None else ():
            assert path is not None
            listed |= dict.fromkeys(defaults(one, path, [row.name for row in COMMANDS]))
    except VmpcapError as problem:
        return Finding("note", clean("; ".join([str(problem), *odd])))
    words = f"{path} ({len(listed)} options set)" if path is not None else "no file of settings"
    if told:
        words += f"; by the environment: {', '.join(told)}"
    return Finding("note" if odd else "ok", clean("; ".join([words, *odd])))


def _asked() -> str | None:
    context = click.get_current_context(silent=True)
    found: str | None = context.find_root().params.get("config") if context is not None else None
    return found


def _python() -> Finding:
    return Finding("ok", f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors")


NEEDED: Final = ("click", "numpy", "numba", "polars", "rich", "msgspec")
"""Without these nothing works."""
WITNESSES: Final = ("scapy", "pyshark")
"""Used for made captures and second opinions only."""


def _libraries() -> Finding:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("missing", f"not installed: {', '.join(missing)}; install vmpcap again with its dependencies")
    return Finding("ok", ", ".join(f"{name} {metadata.version(name)}" for name in NEEDED))


def _witnesses() -> Finding:
    missing = [name for name in WITNESSES if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("note", f"not installed: {', '.join(missing)}; only made captures and second opinions need them")
    return Finding("ok", ", ".join(f"{name} {metadata.version(name)}" for name in WITNESSES))


def _tshark() -> Finding:
    path = shutil.which("tshark")
    if path is None:
        return Finding("note", "not found; only second opinions need it: apt install tshark, or wireshark.org")
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Finding("note", f"{path} does not answer: {problem}")
    return Finding("ok", f"{told.splitlines()[0] if told else 'says nothing'} ({path})")


def _cache() -> Finding:
    from vmpcap.terms.kernel_store import can_keep, folder, is_cold

    where = folder()
    if not is_cold():
        return Finding("ok", f"compiled code is kept in {where}")
    if not can_keep():
        return Finding("note", "no cache folder can be written: every run compiles again; set XDG_CACHE_HOME")
    return Finding("note", f"nothing is compiled yet: the first run takes longer, or `vmpcap warmup` ({where})")


def _bytecode() -> Finding:
    """Without .pyc files every start compiles every import: numba alone then takes three times as long."""
    bare = [name for name in ("vmpcap", *NEEDED) if not _has_bytecode(name)]
    if not bare:
        return Finding("ok", "imports are precompiled (.pyc)")
    cause = "; PYTHONDONTWRITEBYTECODE is set" if sys.dont_write_bytecode else ""
    advice = f"starts are slower; try python -m compileall {sys.prefix}"
    return Finding("note", f"not precompiled: {', '.join(bare)}{cause}; {advice}")


def _has_bytecode(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return True
    try:
        return Path(importlib.util.cache_from_source(spec.origin)).exists()
    except NotImplementedError:
        return True


def _encoding() -> Finding:
    found = (sys.stdout.encoding or "none").lower()
    if found.replace("-", "") != "utf8":
        return Finding("note", f"stdout writes {found}: pictures are drawn in ASCII; try PYTHONUTF8=1")
    return Finding("ok", "stdout writes UTF-8")


def _charts() -> Finding:
    """The build takes the chart library from the npm registry."""
    taken = Path(__file__).parent.parent / "report" / "html" / "taken" / "version"
    if not taken.is_file():
        return Finding("note", "no chart library, so no report --html: pip install . where npm can reach its registry")
    return Finding("ok", f"{taken.read_text().strip()}, for report --html")


LOOKS: Final[tuple[tuple[str, Callable[[], Finding]], ...]] = (
    ("python", _python),
    ("libraries", _libraries),
    ("compiled code", _cache),
    ("start-up", _bytecode),
    ("settings", _settings),
    ("terminal", _encoding),
    ("charts", _charts),
    ("tshark", _tshark),
    ("witnesses", _witnesses),
)
"""Everything that is looked at."""


@click.command(short_help="What is installed, what is missing, and what that costs.")
def doctor() -> int:
    """
    What is installed, what is missing, and what that costs.

    Exit status 5 where something is missing that vmpcap cannot work without.
    """
    found = [(name, look()) for name, look in LOOKS]
    lines = [f"vmpcap {__version__}", *(f"{f.state:<8}{name:<15}{f.words}" for name, f in found), ""]
    emit("\n".join(lines))
    return STATUS["engine_missing"] if any(f.state == "missing" for _, f in found) else STATUS["fine"]
