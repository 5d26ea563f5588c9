"""Who is measured: one row per way to ask a capture about its connections."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from measure import PYTHON

LIMIT: Final = "limit"
"""Where the compiled limit.c stands in the cache folder."""

ANALYSIS_FIELDS: Final = (
    "frame.number", "frame.time_epoch", "ip.src", "ip.dst", "tcp.stream", "tcp.seq", "tcp.ack", "tcp.len",
    "tcp.analysis.ack_rtt", "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
    "tcp.analysis.duplicate_ack", "tcp.analysis.lost_segment", "tcp.analysis.zero_window",
)  # fmt: skip

SCAPY: Final = """
import sys
from scapy.layers.inet import TCP
from scapy.layers.l2 import Ether
from scapy.utils import PcapReader
print(sum(TCP in packet for packet in PcapReader(sys.argv[1])))
"""

PYSHARK: Final = """
import sys
import pyshark
capture = pyshark.FileCapture(sys.argv[1], keep_packets=False)
print(sum("TCP" in packet for packet in capture))
capture.close()
"""

AS_WHO_RUNS_IT: Final = ("-Z", "root") if os.geteuid() == 0 else ()
"""tcpdump would look for a user of its own where root runs it."""

Check = Callable[[str, dict[str, Any]], bool]


@dataclass(frozen=True)
class Rival:
    """One tool and how it is called."""

    name: str
    does: str
    command: Callable[[Path, Path], list[str]]
    """From the cache folder and the capture."""
    needs: tuple[str, ...] = ()
    """Programs on PATH, or modules with a dot in front; without one of them it is skipped."""
    kinds: tuple[str, ...] = ("head",)
    slice_packets: int = 0
    """It is given only so many packets from the middle, because all of them would take too long."""
    statuses: tuple[int, ...] = (0,)
    check: Check | None = None
    """Whether what it prints agrees with the truth of the whole capture."""


def _vmpcap(_: Path, capture: Path) -> list[str]:
    return [PYTHON, "-m", "vmpcap", "report", "--quiet", "--json", "-", str(capture)]


def _limit_agrees(said: str, truth: dict[str, Any]) -> bool:
    found, stream = json.loads(said), truth["migration"]
    return bool(found["packets"] == truth["packets"] and found["retransmissions"] == stream["retransmissions"])


def _tcptrace_agrees(said: str, truth: dict[str, Any]) -> bool:
    """The retransmitted packets of all connections are the migration's: nothing else is lost."""
    numbers = [line.split() for line in said.splitlines() if "rexmt data pkts" in line]
    resent = sum(int(words[3]) + int(words[7]) for words in numbers)
    return bool(resent == truth["migration"]["retransmissions"])


EVERY: Final = ("head", "full", "many")

VMPCAP: Final = Rival(
    "vmpcap report", "the whole report as JSON, kernels cached", _vmpcap, kinds=EVERY, statuses=(0, 1)
)

RIVALS: Final = (
    VMPCAP,
    Rival(
        "limit.c", "headers, flows, sequence, RTT: the limit of one core",
        lambda folder, capture: [str(folder / LIMIT), str(capture)],
        kinds=EVERY, check=_limit_agrees,
    ),
    Rival(
        "tcpdump -w", "reads and writes every packet",
        lambda _, capture: ["tcpdump", *AS_WHO_RUNS_IT, "-r", str(capture), "-w", "/dev/null"],
        needs=("tcpdump",), kinds=EVERY,
    ),
    Rival(
        "tcptrace -l -r", "statistics and RTT per connection",
        lambda _, capture: ["tcptrace", "-n", "-l", "-r", str(capture)],
        needs=("tcptrace",), kinds=EVERY, check=_tcptrace_agrees,
    ),
    Rival(
        "tshark -z conv,tcp", "packets and bytes per connection",
        lambda _, capture: ["tshark", "-n", "-q", "-z", "conv,tcp", "-r", str(capture)],
        needs=("tshark",),
    ),
    Rival(
        "tshark -T fields", "14 fields a packet, tcp.analysis among them",
        lambda _, capture: [
            "tshark", "-n", "-r", str(capture), "-T", "fields", *(w for f in ANALYSIS_FIELDS for w in ("-e", f))
        ],
        needs=("tshark",), slice_packets=200_000,
    ),
    Rival(
        "scapy", "an object a packet, TCP counted", lambda _, capture: [PYTHON, "-c", SCAPY, str(capture)],
        needs=(".scapy",), slice_packets=20_000,
    ),
    Rival(
        "pyshark", "an object a packet, TCP counted", lambda _, capture: [PYTHON, "-c", PYSHARK, str(capture)],
        needs=(".pyshark", "tshark"), slice_packets=5_000,
    ),
)  # fmt: skip
"""In the order of the table."""

VERSIONS: Final = (
    ("tshark", ["tshark", "--version"]),
    ("tcptrace", ["tcptrace", "-version"]),
    ("tcpdump", ["tcpdump", "--version"]),
    ("gcc", ["gcc", "--version"]),
)


def missing(rival: Rival, folder: Path) -> str | None:
    """What does this rival need that is not here? None where it can run."""
    for need in rival.needs:
        if not (find_spec(need[1:]) if need.startswith(".") else shutil.which(need)):
            return need.lstrip(".")
    if rival.name == "limit.c" and not (folder / LIMIT).exists():
        return "gcc"
    return None
