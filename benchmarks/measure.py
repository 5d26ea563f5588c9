"""What whole processes cost, as the operating system counts it, and on which machine."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("numpy", "numba", "polars", "scapy", "pyshark")
MIB_OF_KIB: Final = 1024


@dataclass(frozen=True)
class Cost:
    """One run of one process and of the children it waited for."""

    wall_s: float
    cpu_s: float
    """User and system time: what is left when others keep the machine busy."""
    peak_mib: float
    """Of the largest process. Never less than this program itself had when it began the other."""


@dataclass
class Costs:
    """Several runs of the same."""

    runs: list[Cost] = field(default_factory=list)

    def of(self, name: str) -> tuple[float, float, float]:
        """The least, the median and the most of `wall_s`, `cpu_s` or `peak_mib`."""
        values = [getattr(run, name) for run in self.runs]
        return min(values), statistics.median(values), max(values)

    @property
    def cpu_s(self) -> float:
        return self.of("cpu_s")[1]


class Failed(Exception):
    """A process ended with a status that means it has not done its work."""


def measure(
    command: Sequence[str],
    statuses: Sequence[int] = (0,),
    environment: dict[str, str] | None = None,
    is_right: Callable[[str], bool] | None = None,
) -> Cost:
    """
    What does this command cost?

    Its output goes nowhere unless is_right wants to see it.

    Raises
    ------
    Failed
        Its status is none of these, or its answer is wrong.
    """
    wanted = subprocess.PIPE if is_right else subprocess.DEVNULL
    began = time.perf_counter()
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=wanted, stderr=subprocess.DEVNULL, env=environment, text=True
    )
    said = running.stdout.read() if running.stdout else ""
    _, status, usage = os.wait4(running.pid, 0)
    wall_s = time.perf_counter() - began
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.stdout:
        running.stdout.close()
    if running.returncode not in statuses:
        raise Failed(f"{' '.join(command)} ended with status {running.returncode}")
    if is_right and not is_right(said):
        raise Failed(f"{' '.join(command)} gave a wrong answer: {said[:200]}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB_OF_KIB)


def floor_mib() -> float:
    """The least peak that can be seen: what a process that does nothing shows."""
    return measure(["true"]).peak_mib


def describe_machine(tools: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """On what was this measured? tools: names and the command that says the version of each."""
    libraries = []
    for name in LIBRARIES:
        try:
            libraries.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, Linux {platform.release()}",
        f"Python {platform.python_version()}, {', '.join(libraries)}",
        "; ".join(f"{name} {_version(command)}" for name, command in tools),
        load(),
    ]


def load() -> str:
    """How busy is the machine now?"""
    one, five, fifteen = os.getloadavg()
    return f"load average {one:.1f} {five:.1f} {fifteen:.1f} at {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _version(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    for word in (done.stdout + done.stderr).split():
        number = word.strip("(),.;")
        if number[:1].isdigit() and "." in number:
            return number
    return "of unknown version"


PYTHON: Final = sys.executable
