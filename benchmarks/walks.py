"""
The walk alone, by several builds of vmpcap in turn: how much time does each take beside the first?

python benchmarks/walks.py one.pcap before/analyzer analyzer       # git archive OLD analyzer | tar x -C before

Every build runs in a process of its own with the frames in memory, and all of them walk in turn, in a new order each
round. Of each batch its quickest walk counts, so that what else the machine does falls out; processes are started anew
several times, because where memory lies makes a few per cent. Whole frames are copied first: as many as --packets says.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BATCH = 32_768
COPIED = ("buffer", "record_at", "captured_bytes", "wire_bytes", "ts_ns", "interface", "link_type")


def worker(capture: str, packets: int) -> None:
    """Walk all frames for each line that comes; say the sum of each batch's quickest walk so far, in ns a frame."""
    # here, so that PYTHONPATH says of which build; whoever only starts workers needs none
    from vmpcap.decode.walk import Walker
    from vmpcap.readers.sources import open_capture

    batches: list[Any] = []
    frames = 0
    with open_capture(capture, batch_records=BATCH) as source:
        for batch in source.batches():
            columns = {name: getattr(batch, name).copy() for name in COPIED}
            for column in columns.values():
                column.flags.writeable = False
            batches.append(batch._replace(**columns))
            frames += len(columns["ts_ns"])
            if frames >= packets:
                break
    walker = Walker(BATCH)
    walker.walk(batches[0])
    print(frames, flush=True)
    quickest = [float("inf")] * len(batches)
    for _ in sys.stdin:
        for place, batch in enumerate(batches):
            begun = time.perf_counter()
            walker.walk(batch)
            quickest[place] = min(quickest[place], time.perf_counter() - begun)
        print(sum(quickest) / frames * 1e9, flush=True)


def start(build: Path, capture: Path, packets: int) -> "subprocess.Popen[str]":
    """A process that walks by this build, its frames read and its kernel compiled."""
    command = [sys.executable, __file__, str(capture), "--worker", "--packets", str(packets)]
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if not answer(process):
        raise SystemExit(f"{build}: no walk; is it the folder that holds the package vmpcap?")
    return process


def answer(process: "subprocess.Popen[str]") -> str:
    """The next line that it says."""
    assert process.stdout is not None
    return process.stdout.readline()


def measured(builds: list[Path], capture: Path, packets: int, rounds: int) -> list[float]:
    """Nanoseconds a frame, by build."""
    processes = [start(build, capture, packets) for build in builds]
    figures = [0.0] * len(builds)
    for _ in range(rounds):
        for place in random.sample(range(len(builds)), len(builds)):
            process = processes[place]
            assert process.stdin is not None
            print("walk", file=process.stdin, flush=True)
            figures[place] = float(answer(process))
    for process in processes:
        process.communicate()
    return figures


def main() -> None:
    """The table: each build's figure in every start, and the median of its ratios to the first build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path)
    parser.add_argument("builds", type=Path, nargs="*", help="folders that hold the package vmpcap")
    parser.add_argument("--packets", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return worker(str(given.capture), given.packets)
    starts = [measured(given.builds, given.capture, given.packets, given.rounds) for _ in range(given.starts)]
    for place, build in enumerate(given.builds):
        ratio = statistics.median(figures[place] / figures[0] for figures in starts)
        each = " ".join(f"{figures[place]:6.2f}" for figures in starts)
        print(f"{build}: {each} ns a frame, {ratio:.3f} of the first's")
    return None


if __name__ == "__main__":
    main()
