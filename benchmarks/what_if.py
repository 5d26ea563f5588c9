"""
How far is `vmpcap report --what-if` off? Each real migration of the lab is told from each other one on another link.

    python benchmarks/what_if.py FOLDER [--pairs] [--stream-only]

FOLDER holds the lab's scenarios, a folder each: captures and a truth.json that says which link was set and what the
guest did. Only guests that did the same are told from each other. What is real is what the report measures of the other
run; the prediction sees nothing of it. `one-sided` counts pairs that were told no lowest or no highest figure: a range
without an end holds everything, so they have no part in the share inside. `too low` counts those that were told less
than was real. `--pairs` prints every pair, `--stream-only`
predicts without the guest in view.

`held out` is the honest share: for each run the ranges are made anew from the pairs in which it has no part, and it is
counted whether they hold it. The ranges that the report tells were made from all pairs: those hold their own.
"""

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import msgspec

import vmpcap
from vmpcap.migration.what_if.other_link import FULL, Link
from vmpcap.migration.what_if.what_if_checked import kin_of
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.report.document import Migration
from vmpcap.runs.expected import expected_on

POINTS = {
    "src-uplink": "source",
    "dst-uplink": "destination",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "gw-lan": "gateway",
    "client": "client",
}


@dataclass(frozen=True)
class Run:
    """One real migration and the link it ran on."""

    name: str
    link: Link
    load: tuple[object, ...]
    migration: Migration


def main() -> None:
    """Predict every run from every other, and print how far off it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", action="store_true", help="print every pair")
    parser.add_argument("--stream-only", action="store_true", help="predict without the guest in view")
    asked = parser.parse_args()
    found = [run for folder in sorted(asked.folder.iterdir()) for run in runs_of(folder)]
    runs = [run for run in found if is_of_its_link(run)]
    pairs = [
        (one, other, expected_on(other.link, shown(one.migration, asked.stream_only)))
        for one, other in itertools.permutations(runs, 2)
        if one.load == other.load and apart(one.link, other.link)
    ]
    if asked.pairs:
        for one, other, told in pairs:
            print(line(one, other, told))
        print()
    print(f"{len(runs)} migrations, {len(pairs)} pairs on unlike links with equal guests")
    print(f"left out, for their hosts kept their links less than {LEAST_FULL:.0%} full: {len(found) - len(runs)}")
    unlike = [pair for pair in pairs if pair[0].link.rate_mbps != pair[1].link.rate_mbps]
    alike = [pair for pair in pairs if pair not in unlike]
    for title, some in (
        ("all", pairs),
        (f"the {len(alike)} of equal rates", alike),
        (f"the {len(unlike)} of unlike rates", unlike),
    ):
        print(f"\n{title}")
        print(HEAD)
        for name in ("goodput", "duration", "switchover"):
            print(summary(name, some))
    print(f"\nheld out: {HELD_OUT}")
    for name, (inside, of) in held_out(pairs).items():
        print(f"{name:<12} {of:>5} {inside / of:>10.0%}")
    lossy = [
        (one, other, expected_on(other.link, one.migration))
        for one, other in itertools.permutations(runs, 2)
        if other.link.loss and not one.link.loss
    ]
    print(f"\nonto a link with random loss, whatever the guest did\n{HEAD}")
    print(summary("goodput", lossy))


COLUMNS = ("told", "median off", "9 of 10 within", "too low", "in low..high", "one-sided")
WIDTHS = (5, 10, 14, 8, 12, 9)
HEAD = " ".join([f"{'figure':<12}", *(f"{name:>{width}}" for name, width in zip(COLUMNS, WIDTHS, strict=True))])


LEAST_FULL = 0.6
"""Of a link without loss: what carried less was held by its hosts, which share two processors, and tests no link."""


def is_of_its_link(run: Run) -> bool:
    """Did the link, or its loss, hold this migration?"""
    carried = run.migration.throughput.bulk_mbps or 0.0
    return run.link.loss > 0 or carried >= LEAST_FULL * run.link.rate_mbps


def runs_of(folder: Path) -> Iterator[Run]:
    """The completed pre-copy migrations of one scenario; empty where the folder is none."""
    truth_file = folder / "truth.json"
    if not truth_file.exists():
        return
    set_up = json.loads(truth_file.read_text()).get("configured")
    captures = {name: path for name in POINTS for path in folder.glob(f"{name}.pcap*")}
    if not set_up or "src-uplink" not in captures:
        return
    wan = set_up["wan"]
    load = tuple(set_up[key] for key in ("guest_ram_mb", "dirty_mb", "dirty_pages_s"))
    report = vmpcap.report(captures, roles={name: POINTS[name] for name in captures})
    for migration in report.migrations:
        if migration.outcome == "completed" and not any(p.kind == "resume" for p in migration.phases):
            link = Link(wan["rate_bps"] / 1e6, 2 * wan["one_way_delay_us"] / 1e3, wan["loss"])
            yield Run(f"{folder.name}/{migration.id}", link, load, migration)


def shown(migration: Migration, stream_only: bool) -> Migration:
    """As a capture of the stream alone would tell it, if that is asked."""
    return msgspec.structs.replace(migration, guests=[]) if stream_only else migration


def apart(one: Link, other: Link) -> bool:
    """Is it another link?"""
    return (one.rate_mbps, one.rtt_ms, one.loss) != (other.rate_mbps, other.rtt_ms, other.loss)


def figures(told: WhatIf, real: Migration) -> dict[str, tuple[float | None, float | None, float | None, float | None]]:
    """What was told (likely, low, high) and what was real."""
    bracket = next((g.switchover.bracket_ms for g in real.guests), None)
    return {
        "goodput": (told.goodput_mbps, told.goodput_low_mbps, told.goodput_high_mbps, real.throughput.bulk_mbps),
        "duration": (told.duration_s, told.duration_low_s, told.duration_high_s, real.duration_s),
        "switchover": (told.switchover_ms, told.switchover_low_ms, told.switchover_high_ms, bracket),
    }


def line(one: Run, other: Run, told: WhatIf) -> str:
    """One pair: told (low to high) against real."""
    words = [f"{one.name:>10} -> {other.name:<10} {other.link.rate_mbps:5.0f} Mbps {other.link.rtt_ms:4.1f} ms"]
    for name, (likely, low, high, real) in figures(told, other.migration).items():
        shown = "-" if likely is None else f"{likely:7.2f} ({low or 0:.2f}..{high or float('inf'):.2f})"
        words.append(f"{name} {shown} real {real or 0:.2f}")
    return "  ".join([*words, told.outcome])


def summary(name: str, pairs: Sequence[tuple[Run, Run, WhatIf]]) -> str:
    """How far off was this figure, and how often was the real one between low and high?"""
    rows = [figures(told, other.migration)[name] for _, other, told in pairs]
    known = [(likely, low, high, real) for likely, low, high, real in rows if likely and real]
    off = sorted(abs(likely / real - 1) for likely, _, _, real in known)
    low_ones = sum(likely < real for likely, _, _, real in known)
    if not off:
        return f"{name:<12} {0:>5}"
    bounded = [low <= real <= high for _, low, high, real in known if low is not None and high is not None and real]
    inside = f"{sum(bounded) / len(bounded):.0%}" if bounded else "-"
    return (
        f"{name:<12} {len(off):>5} {off[len(off) // 2]:>10.0%} {off[int(0.9 * (len(off) - 1))]:>14.0%}"
        f" {low_ones:>8} {inside:>12} {len(known) - len(bounded):>9}"
    )


HELD_OUT = "pairs onto a run, and how many of them lay in ranges that were made without it"
TAIL = 0.05
"""So many of the pairs lie below and above a range of nine of ten."""
STEP = 20
"""Ends are rounded outwards, to a twentieth."""
Pairs = Sequence[tuple[Run, Run, WhatIf]]


def held_out(pairs: Pairs) -> dict[str, tuple[int, int]]:
    """Of each figure and of all: how many lay in ranges that were made without their run, of how many?"""
    counts = {"goodput": [0, 0], "duration": [0, 0], "switchover": [0, 0], "all": [0, 0]}
    rows = [
        (
            one,
            other,
            (kin_of(told.goodput_mbps or 0.0, one.migration.throughput.bulk_mbps or 0.0), name),
            ratio,
            told.limited_by == "rate",
        )
        for one, other, told in pairs
        if not told.outside
        for name, ratio in ratios(told, other.migration).items()
    ]
    for _, run, key, ratio, is_by_rate in rows:
        band = band_of([r for one, other, k, r, _ in rows if k == key and run is not one and run is not other])
        if band is not None:
            most = max(band[1], FULL[2] / FULL[1]) if key[1] == "goodput" and is_by_rate else band[1]
            for counted in (counts[key[1]], counts["all"]):
                counted[0] += band[0] <= ratio <= most
                counted[1] += 1
    return {name: (inside, of) for name, (inside, of) in counts.items() if of}


def ratios(told: WhatIf, real: Migration) -> dict[str, float]:
    """How many times what was told is what was real?"""
    return {name: was / likely for name, (likely, _, _, was) in figures(told, real).items() if likely and was}


def band_of(ratios: Sequence[float]) -> tuple[float, float] | None:
    """Between which shares of what was told did nine of ten lie? None where there are too few to leave any out."""
    ordered, drop = sorted(ratios), int(TAIL * len(ratios))
    if len(ordered) < FEWEST:
        return None
    return floor(ordered[drop] * STEP) / STEP, ceil(ordered[-1 - drop] * STEP) / STEP


FEWEST = 5
"""From so many pairs a range is made."""


if __name__ == "__main__":
    main()
