"""
How fast is vmpcap, beside whom, on which machine? One command: `python benchmarks/run.py`, or `make bench`.

Makes captures whose truth is known, holds vmpcap's answers against it, and only then measures whole processes, all
tools in turn within each round. A tool that is not installed is skipped by name; a wrong answer ends it with status 1.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from containers import CONTAINERS
from measure import PYTHON, Costs, Failed, describe_machine, floor_mib, load, measure
from rivals import EVERY, LIMIT, RIVALS, VERSIONS, VMPCAP, Rival, missing
from slices import cut_slice
from tables import Table

HERE: Final = Path(__file__).resolve().parent
LAB_CAPTURE: Final = HERE.parent / "captures" / "routed_stretched"
GENERATOR: Final = ("generate.py", "bulk.py", "talk.py", "frames.py", "events.py")
COMPILER: Final = ("gcc", "-O3", "-march=native")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    kinds: tuple[str, ...]
    packets: dict[str, int | None]
    """Of each kind; None: what the kind has by default."""
    sizes: tuple[int, ...]
    """Packets of the captures that show how cost grows."""
    most_slice_packets: int | None
    first_run: bool
    usual_size: int = 5_000_000
    """The one of the sizes that the head capture has by default: it is not made twice."""


FULL: Final = Plan(5, EVERY, dict.fromkeys(EVERY), (1_000_000, 5_000_000, 20_000_000), None, True)
SMOKE: Final = Plan(1, ("head",), {"head": 60_000}, (60_000, 120_000), 500, False)


class Bench:
    """One run: its folder, its captures, and what was measured so far."""

    def __init__(self, folder: Path, plan: Plan, skipped: tuple[str, ...]) -> None:
        self.folder, self.plan, self.skipped = folder, plan, skipped
        self.notes: list[str] = []
        self._right: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)

    # captures

    def capture(self, kind: str, packets: int | None = None) -> Path:
        """The capture of this kind and size, made unless the same generator made it before."""
        made_by = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in GENERATOR)).hexdigest()[:12]
        size = f"{packets}" if packets else "usual"
        out = self.folder / f"{kind}-{size}-{made_by}.pcap"
        if not out.exists():
            for old in self.folder.glob(f"{kind}-{size}-*.pcap*"):
                old.unlink()
            say(f"generating {out.name}")
            wish = ["--packets", str(packets)] if packets else []
            command = [PYTHON, str(HERE / "generate.py"), kind, str(out), *wish]
            subprocess.run(command, check=True, stdout=sys.stderr)
        return out

    def validate(self, capture: Path) -> bool:
        """Are vmpcap's answers on it right? What is wrong is printed."""
        if capture in self._right:
            return True
        say(f"validating on {capture.name}")
        done = subprocess.run([PYTHON, str(HERE / "validate.py"), str(capture)], check=False, stdout=sys.stderr)
        if done.returncode == 0:
            self._right.add(capture)
        return done.returncode == 0

    def part_for(self, rival: Rival, capture: Path) -> tuple[Path, int, str]:
        """What this rival is given of a capture, how many packets that is, and which."""
        whole = int(truth_of(capture)["packets"])
        if not rival.slice_packets:
            return capture, whole, f"{whole:,}"
        wanted = min(rival.slice_packets, self.plan.most_slice_packets or rival.slice_packets)
        first = whole // 2
        part = self.folder / f"{capture.stem}-{first}-{wanted}.pcap"
        if not part.exists():
            cut_slice(capture, first, wanted, part)
        return part, wanted, f"{wanted:,} from {first:,} on"

    # measuring

    def first_run(self, capture: Path) -> Costs:
        """The report with an empty cache: every kernel is compiled."""
        cache = self.folder / "empty-cache"
        shutil.rmtree(cache, ignore_errors=True)
        environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        environment["XDG_CACHE_HOME"] = str(cache)
        command = VMPCAP.command(self.folder, capture)
        costs = Costs([measure(command, VMPCAP.statuses, environment)])
        shutil.rmtree(cache, ignore_errors=True)
        return costs

    def interleaved(self, capture: Path, kind: str) -> Iterator[tuple[Rival, Costs, int, str]]:
        """What everybody costs on this capture, round by round, each round beginning with another one."""
        rivals = [rival for rival in RIVALS if kind in rival.kinds and self._can_run(rival)]
        parts = {rival.name: self.part_for(rival, capture) for rival in rivals}
        costs = {rival.name: Costs() for rival in rivals}
        truth = truth_of(capture)
        for number in range(self.plan.rounds):
            say(f"{kind}: round {number + 1} of {self.plan.rounds}, {load()}")
            for rival in rivals[number % len(rivals) :] + rivals[: number % len(rivals)]:
                check = rival.check if kind == "head" else None
                is_right = (lambda said, check=check: check(said, truth)) if check else None
                part = parts[rival.name][0]
                run = measure(rival.command(self.folder, part), rival.statuses, is_right=is_right)
                costs[rival.name].runs.append(run)
        for rival in rivals:
            yield rival, costs[rival.name], *parts[rival.name][1:]

    def in_turn(self, commands: list[list[str]]) -> list[Costs]:
        """What each of these commands of vmpcap costs, round by round."""
        rounds = [[measure(command, VMPCAP.statuses) for command in commands] for _ in range(self.plan.rounds)]
        return [Costs(list(runs)) for runs in zip(*rounds, strict=True)]

    def _can_run(self, rival: Rival) -> bool:
        what = "asked to" if rival.name in self.skipped else missing(rival, self.folder)
        if what is None:
            return True
        note = f"skipped: {rival.name} ({what if what == 'asked to' else f'{what} is not installed'})"
        if note not in self.notes:
            self.notes.append(note)
        return False


def truth_of(capture: Path) -> dict[str, Any]:
    """What the generator knows of this capture."""
    truth: dict[str, Any] = json.loads(capture.with_name(capture.name + ".truth.json").read_text())
    return truth


def say(what: str) -> None:
    """Progress, for whoever waits."""
    print(f"· {what}", file=sys.stderr, flush=True)


def compile_limit(folder: Path) -> None:
    """Build limit.c where there is a compiler."""
    if shutil.which(COMPILER[0]):
        subprocess.run([*COMPILER, str(HERE / "limit.c"), "-o", str(folder / LIMIT)], check=True)


def spread(costs: Costs, name: str, digits: int) -> str:
    """Least, median and most."""
    return " / ".join(f"{value:.{digits}f}" for value in costs.of(name))


def rivals_table(bench: Bench, kind: str, capture: Path) -> Table:
    """Everybody on one capture."""
    truth = truth_of(capture)
    size = capture.stat().st_size / 1e6
    title = f"{kind}: {truth['packets']:,} packets, {truth['flows']:,} flows, {size:,.0f} MB"
    head = ("tool", "does", "packets", "wall s (min / median / max)", "CPU s (min / median / max)", "packets/CPU s",
            "CPU per packet, vmpcap = 1", "peak MiB")  # fmt: skip
    table = Table(title, head, numbers_from=2)
    own = 0.0
    for rival, costs, packets, which in bench.interleaved(capture, kind):
        per_packet = costs.cpu_s / packets
        own = own or per_packet
        digits = 2 if costs.cpu_s >= 1 else 3
        table.add(
            rival.name, rival.does, which, spread(costs, "wall_s", digits), spread(costs, "cpu_s", digits),
            f"{1 / per_packet:,.0f}", f"{per_packet / own:,.3g}", f"{costs.of('peak_mib')[1]:,.0f}",
        )  # fmt: skip
    return table


def start_table(bench: Bench, capture: Path) -> Table:
    """What is paid once, and a small real capture."""
    head = ("command", "wall s (min / median / max)", "CPU s (min / median / max)", "peak MiB")
    table = Table("start", head, numbers_from=1)
    commands = {"vmpcap --help": [PYTHON, "-m", "vmpcap", "--help"]}
    if LAB_CAPTURE.is_dir():
        size = sum(file.stat().st_size for file in LAB_CAPTURE.glob("*.pcap*")) / 1e6
        name = f"vmpcap report captures/{LAB_CAPTURE.name} ({size:.1f} MB)"
        commands[name] = [PYTHON, str(LAB_CAPTURE.parent / "report.py"), str(LAB_CAPTURE), "--quiet"]
        measure(commands[name], VMPCAP.statuses)  # so that files and kernels are in their caches
    else:
        bench.notes.append(f"skipped: the report of captures/{LAB_CAPTURE.name}, which is not there")
    say(f"start, {load()}")
    rows = list(zip(commands, bench.in_turn(list(commands.values())), strict=True))
    if bench.plan.first_run:
        say("the first run ever, with an empty cache")
        packets = truth_of(capture)["packets"]
        rows.append((f"vmpcap report, first run ever ({packets:,} packets)", bench.first_run(capture)))
    for name, costs in rows:
        table.add(name, spread(costs, "wall_s", 2), spread(costs, "cpu_s", 2), f"{costs.of('peak_mib')[1]:,.0f}")
    return table


def growth_table(bench: Bench, captures: list[Path]) -> Table:
    """How cost grows with the capture."""
    head = ("packets", "wall s (min / median / max)", "CPU s (min / median / max)", "packets/CPU s",
            "beyond the row above: packets/CPU s", "peak MiB")  # fmt: skip
    table, before = Table("growth of vmpcap report (head)", head, numbers_from=0), (0, 0.0)
    say(f"growth, {load()}")
    all_costs = bench.in_turn([VMPCAP.command(bench.folder, capture) for capture in captures])
    for capture, costs in zip(captures, all_costs, strict=True):
        packets, cpu_s = int(truth_of(capture)["packets"]), costs.cpu_s
        is_more = before[0] > 0 and cpu_s > before[1]
        table.add(
            f"{packets:,}", spread(costs, "wall_s", 2), spread(costs, "cpu_s", 2), f"{packets / cpu_s:,.0f}",
            f"{(packets - before[0]) / (cpu_s - before[1]):,.0f}" if is_more else "",
            f"{costs.of('peak_mib')[1]:,.0f}",
        )  # fmt: skip
        before = packets, cpu_s
    return table


def containers_table(bench: Bench, capture: Path) -> Table:
    """What the same capture costs packed, beside what unpacking it costs by itself."""
    head = ("container", "MB", "report: wall s (min / median / max)", "report: CPU s (min / median / max)",
            "unpacking alone: wall s (min / median / max)", "report / plain report (CPU)", "peak MiB")  # fmt: skip
    table = Table("containers (head)", head, numbers_from=1)
    say(f"containers, {load()}")
    here = [container for container in CONTAINERS if container.is_there]
    bench.notes += [f"skipped: .{one.name} ({one.module} is not installed)" for one in CONTAINERS if one not in here]
    files = [capture, *(container.pack(capture) for container in here)]
    commands = [VMPCAP.command(bench.folder, file) for file in files]
    alone = [container.unpack_alone(file) for container, file in zip(here, files[1:], strict=True)]
    costs = bench.in_turn([*commands, *alone])
    for place, (name, file) in enumerate(zip(["plain", *(one.name for one in here)], files, strict=True)):
        own = costs[place]
        table.add(
            name, f"{file.stat().st_size / 1e6:,.0f}", spread(own, "wall_s", 2), spread(own, "cpu_s", 2),
            spread(costs[len(files) + place - 1], "wall_s", 2) if place else "",
            f"{own.cpu_s / costs[0].cpu_s:.2f}", f"{own.of('peak_mib')[1]:,.0f}",
        )  # fmt: skip
    return table


def points_table(bench: Bench, capture: Path) -> Table:
    """What two equal captures cost beside one: points are read side by side where there are two cores."""
    head = ("points", "wall s (min / median / max)", "CPU s (min / median / max)", "wall / one point", "peak MiB")
    table = Table("two equal captures (head)", head, numbers_from=0)
    say(f"points, {load()}")
    one = VMPCAP.command(bench.folder, capture)
    twin = capture.with_name(f"{capture.name}.twin")  # one file cannot be two points
    if not twin.exists():
        os.link(capture, twin)
    two = [*one[:-1], "--point", f"first={capture}", "--point", f"second={twin}"]
    costs = bench.in_turn([one, two])
    for number, own in enumerate(costs, 1):
        table.add(
            f"{number}", spread(own, "wall_s", 2), spread(own, "cpu_s", 2),
            f"{own.of('wall_s')[1] / costs[0].of('wall_s')[1]:.2f}", f"{own.of('peak_mib')[1]:,.0f}",
        )  # fmt: skip
    return table


def run(bench: Bench, markdown: Path | None) -> int:
    """Validate, measure, print. Returns the exit status."""
    compile_limit(bench.folder)
    before = describe_machine([(name, command) for name, command in VERSIONS if shutil.which(command[0])])
    plan = bench.plan
    captures = {kind: bench.capture(kind, plan.packets[kind]) for kind in plan.kinds}
    growing = [bench.capture("head", None if size == plan.usual_size else size) for size in plan.sizes]
    answered = [bench.validate(capture) for capture in (*captures.values(), *growing)]
    if not all(answered):
        print("no answer, no number: nothing was measured", file=sys.stderr)
        return 1
    try:
        tables = [rivals_table(bench, kind, capture) for kind, capture in captures.items()]
        tables += [points_table(bench, captures["head"]), containers_table(bench, captures["head"])]
        tables += [start_table(bench, captures["head"]), growth_table(bench, growing)]
    except Failed as problem:
        print(f"no answer, no number: {problem}", file=sys.stderr)
        return 1
    facts = [
        *before,
        f"afterwards: {load()}",
        f"rounds: {plan.rounds}, all tools in turn; files in the page cache",
        f"a peak of {floor_mib():.0f} MiB or less cannot be seen",
        *bench.notes,
    ]
    print("\n".join(facts))
    for table in tables:
        print("\n" + table.as_text())
    if markdown:
        lines = [f"- {fact}" for fact in facts]
        markdown.write_text("\n\n".join(["\n".join(lines), *(table.as_markdown() for table in tables)]) + "\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--folder", type=Path, default=HERE.parent / "build" / "bench", help="captures are kept here")
    parser.add_argument("--rounds", type=int, help="default 5")
    parser.add_argument("--kinds", nargs="+", choices=EVERY, help="default all; head is always measured")
    parser.add_argument("--packets", type=int, help="of the head capture, about; default 5,000,000")
    parser.add_argument("--sizes", type=int, nargs="*", help="packets of the captures that show growth")
    parser.add_argument("--skip", nargs="+", default=[], metavar="TOOL", help="leave this rival out")
    parser.add_argument("--no-first-run", action="store_true", help="do not compile all kernels anew")
    parser.add_argument("--markdown", type=Path, help="the tables as Markdown as well")
    parser.add_argument("--smoke", action="store_true", help="60,000 packets, one round: whether it runs, not how fast")
    arguments = parser.parse_args()
    usual = SMOKE if arguments.smoke else FULL
    kinds = tuple(kind for kind in EVERY if kind == "head" or kind in (arguments.kinds or usual.kinds))
    plan = Plan(
        rounds=arguments.rounds or usual.rounds,
        kinds=kinds,
        packets={**dict.fromkeys(EVERY), **usual.packets, **({"head": arguments.packets} if arguments.packets else {})},
        sizes=usual.sizes if arguments.sizes is None else tuple(arguments.sizes),
        most_slice_packets=usual.most_slice_packets,
        first_run=usual.first_run and not arguments.no_first_run,
    )
    return run(Bench(arguments.folder, plan, tuple(arguments.skip)), arguments.markdown)


if __name__ == "__main__":
    sys.exit(main())
