"""Clocks that run apart: an offset is told with the instant at which it holds, and is right within its doubt then."""

import random
from datetime import datetime

import pytest

import vmpcap
from tests.captures.altered import packets_of, written
from vmpcap.runs.between import compare_all
from vmpcap.runs.point import Wanted
from vmpcap.runs.points_table import point_frame
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.terms.units import NS_PER_MS
from vmpcap.verdicts.profile import DEFAULT, load_profile

FOLDER = "routed_stretched"
POINTS = ("client", "gw-lan", "src-guestbr", "dst-guestbr")
ClockSet = tuple[int, int, float]
Drifting = tuple[dict[str, str], dict[str, ClockSet]]
ROUNDING_MS = 2e-6
WANTED = Wanted(flows=False, announcements=False, journal=False)


@pytest.fixture(scope="module", params=range(3))
def drifting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drifting:
    """The same captures, each by a clock of its own; the files, and how far and fast each clock is ahead."""
    rng = random.Random(request.param)
    folder = tmp_path_factory.mktemp("drifting")
    files: dict[str, str] = {}
    clocks: dict[str, ClockSet] = {}
    begin = packets_of(FOLDER, "client")[0].ts_ns or 0
    for stem in POINTS:
        ahead, ppm = rng.randrange(-2000, 2000) * NS_PER_MS, rng.uniform(-100, 100)
        clocks[stem] = begin, ahead, ppm
        put = [
            p._replace(ts_ns=(p.ts_ns or 0) + ahead + round(((p.ts_ns or 0) - begin) * ppm * 1e-6))
            for p in packets_of(FOLDER, stem)
        ]
        files[stem] = written(folder / f"{stem}.pcap", put)
    return files, clocks


def truth_ms(clocks: dict[str, ClockSet], one: str, other: str, shown_ns: int) -> float:
    """What the other's clock shows more than the one's when that one shows this."""
    begin, ahead, ppm = clocks[one]
    since = (shown_ns - begin - ahead) / (1 + ppm * 1e-6)
    _, more, faster = clocks[other]
    return (more - ahead + since * (faster - ppm) * 1e-6) / NS_PER_MS


def ns_of(text: str) -> int:
    whole, rest = text.rstrip("Z").split(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 1_000_000_000 + int(rest)


def test_a_report_tells_the_instant_of_each_offset(drifting: Drifting) -> None:
    """By the reference's clock; the truth at it lies within what is said."""
    files, clocks = drifting
    told = [clock for clock in vmpcap.report(files).clocks if clock.offset_ms is not None]
    assert len(told) == len(POINTS) - 1
    for clock in told:
        assert clock.offset_at_ts is not None
        assert clock.uncertainty_ms is not None
        assert clock.offset_ms is not None
        off = clock.offset_ms - truth_ms(clocks, clock.reference, clock.point, ns_of(clock.offset_at_ts))
        assert abs(off) <= clock.uncertainty_ms + ROUNDING_MS, clock


def test_every_row_of_two_points_tells_the_instant_of_its_offset(drifting: Drifting) -> None:
    """By the clock of the row's first point, in both directions."""
    files, clocks = drifting
    request = Request(
        points=tuple(PointFiles(n, None, (path,)) for n, path in files.items()), profile=load_profile(DEFAULT)
    )
    rows = [
        row for row in point_frame(compare_all(read_points(request, WANTED))).to_dicts() if row["offset_ms"] is not None
    ]
    assert len(rows) >= 2 * (len(POINTS) - 1)
    for row in rows:
        at_ns = ns_of(f"{row['offset_at_ts'].replace(tzinfo=None).isoformat(timespec='microseconds')}000Z")
        off = row["offset_ms"] - truth_ms(clocks, row["from_point"], row["to_point"], at_ns)
        assert abs(off) <= row["uncertainty_ms"] + ROUNDING_MS, row
