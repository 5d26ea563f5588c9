"""
Where does the time of one report go? `python benchmarks/where.py CAPTURE`: CPU seconds and memory, part by part.

Each part is counted without the parts that it calls. The first call of a part that is called for every batch stands
apart: that is where compiled kernels are loaded (or, with an empty cache, compiled). Work that other threads would do
beside it is done in its place: this program keeps to one processor, so that each part's time is its own.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

PARTS: Final = (
    ("read blocks of the file", "vmpcap.readers.window", "Window.top_up"),
    ("read blocks of the file", "vmpcap.readers.window", "Window.refill"),
    ("find records", "vmpcap.readers.kernels.find_pcap", "find_pcap_records"),
    ("note what was read", "vmpcap.readers.ledger", "Ledger.enter"),
    ("walk headers", "vmpcap.decode.walk", "Walker.walk"),
    ("find copies", "vmpcap.decode.duplicates", "CopyFinder.mark"),
    ("name flows", "vmpcap.flows.table", "FlowTable.name"),
    ("follow flows", "vmpcap.measures.follow", "Follower.begin"),
    ("Wireshark's analysis", "vmpcap.measures.analysis", "Analysis.absorb"),
    ("count round trips", "vmpcap.measures.rtt_histogram", "RttHistogram.absorb"),
    ("announcements", "vmpcap.decode.arrivals", "read_arrivals"),
    ("announcements", "vmpcap.announcements.rows", "AnnouncementLog.collect"),
    ("keep single frames", "vmpcap.measures.journal", "Journal.keep"),
    ("read a point: the rest", "vmpcap.runs.point", "read_point"),
    ("make views", "vmpcap.runs.views", "as_views"),
    ("look a second time: the rest", "vmpcap.runs.second_look", "look_again"),
    ("what peers suffered", "vmpcap.measures.peers", "find_peer_streams"),
    ("the stream's figures", "vmpcap.migration.stream.figures", "measure_stream"),
    ("tell the story: the rest", "vmpcap.migration.story", "tell"),
    ("write the document", "vmpcap.report.assemble", "assemble"),
    ("write the document", "vmpcap.report.as_json", "to_json"),
)
"""What it is called here, its module, its name there. One that is not there any more is an error."""

ONCE: Final = (
    "read_point",
    "as_views",
    "look_again",
    "tell",
    "find_peer_streams",
    "measure_stream",
    "assemble",
    "to_json",
)
"""Parts that are not called for every batch: their first call is no other than the rest."""

PHASES: Final = ("read_point", "as_views", "tell", "look_again", "assemble")
"""After these the memory is noted."""


@dataclass
class Part:
    """What was spent in one part."""

    calls: int = 0
    cpu_s: float = 0.0


class Clock:
    """CPU time by part, each without what it calls."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.first_calls_s = 0.0
        self.memory: list[tuple[str, int]] = []
        self._inner = [0.0]

    def watch(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, counted under this name."""
        part, phase = self.parts.setdefault(name, Part()), function.__name__
        called = phase in ONCE

        def watched(*args: Any, **more: Any) -> Any:
            nonlocal called
            self._inner.append(0.0)
            began = time.process_time()
            try:
                return function(*args, **more)
            finally:
                spent = time.process_time() - began
                own = spent - self._inner.pop()
                self._inner[-1] += spent
                part.calls += 1
                if called:
                    part.cpu_s += own
                else:
                    self.first_calls_s += own
                    called = True
                if phase in PHASES:
                    self.memory.append((f"after {phase}", resident_mib()))

        return watched


def resident_mib(field: str = "VmRSS") -> int:
    """How much memory is held now (VmRSS), or was at most (VmHWM)?"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) // 1024
    return 0


def watch_everything(clock: Clock) -> None:
    """Put every part's function under the clock, wherever it was imported to."""
    for name, module, path in PARTS:
        owner: Any = import_module(module)
        *outer, last = path.split(".")
        for word in outer:
            owner = getattr(owner, word)
        original = getattr(owner, last)
        watched = clock.watch(name, original)
        setattr(owner, last, watched)
        for other in list(sys.modules.values()):
            if getattr(other, "__name__", "").startswith("vmpcap") and getattr(other, last, None) is original:
                setattr(other, last, watched)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started_s, bare_mib = time.process_time(), resident_mib()
    from vmpcap.report import as_json
    from vmpcap.runs.pipeline import analyse
    from vmpcap.runs.requests import PointFiles, Request
    from vmpcap.verdicts.profile import load_profile

    imported_s, clock = time.process_time(), Clock()
    clock.memory += [("Python", bare_mib), ("imported", resident_mib())]
    watch_everything(clock)
    report = analyse(
        Request(points=(PointFiles("here", None, (sys.argv[1],)),), profile=load_profile("vsphere4"))
    ).report
    as_json.to_json(report)
    total_s, packets = time.process_time(), report.inputs[0].packets
    rows = [("start Python", 1, started_s), ("import vmpcap, numba, numpy", 1, imported_s - started_s)]
    rows.append(("first calls: load kernels", len(PARTS), clock.first_calls_s))
    rows += [(name, part.calls, part.cpu_s) for name, part in clock.parts.items()]
    rows.append(("everything else", 1, total_s - sum(spent for _, _, spent in rows)))
    print(f"{packets:,} packets, {total_s:.2f} CPU s\n")
    print(f"{'part':32}{'calls':>8}{'CPU s':>9}{'share':>8}{'ns/packet':>11}")
    for name, calls, spent in rows:
        print(f"{name:32}{calls:>8}{spent:>9.3f}{spent / total_s:>8.1%}{spent / packets * 1e9:>11.1f}")
    print(f"\n{'memory':32}{'MiB':>8}")
    for name, mib in (*clock.memory, ("most at any time", resident_mib("VmHWM"))):
        print(f"{name:32}{mib:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
