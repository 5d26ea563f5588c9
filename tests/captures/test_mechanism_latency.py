"""When each mechanism had done its part, held to what the simulated machines know; and frames that prove each row."""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.captures.situations import CAPTURES, file_of, points_of
from tests.tshark import tshark_fields
from vmpcap.migration.mechanisms.table import MECHANISMS
from vmpcap.migration.results import Mechanism
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

HOME = CAPTURES / "mechanisms"
FOLDERS = sorted(p.parent for p in HOME.glob("*/*/points.toml"))
NAMES = [f"{folder.parent.name}-{folder.name}" for folder in FOLDERS]

Truth = dict[str, Any]
Bounds = tuple[float, float]

EARLY_MS: Final = 20.0
LATE_MS: Final = 60.0
"""A point sees a little before or after what the machine knows; the switchover is known to as much."""
ROUND_MS: Final = 60.0
"""What is written in seconds with one digit."""


def ms_since(truth: Truth, ts: str, start: str = "resumed_ts") -> float:
    """How long after the guest went on at its new place, or another moment of the stream?"""
    return (datetime.fromisoformat(ts) - datetime.fromisoformat(truth["migration"][start])).total_seconds() * 1000


def known(truth: Truth) -> Bounds:
    """The mechanism itself knows when it spoke."""
    return truth["mechanism"]["latency_ms"] - EARLY_MS, truth["mechanism"]["latency_ms"] + LATE_MS


def answered(truth: Truth) -> Bounds:
    """Its peers know which of their questions was answered first."""
    first = min(ms_since(truth, peer["to_ts"]) for peer in truth["peers"] if peer["ended"])
    return first - EARLY_MS, first + LATE_MS


def resolved(truth: Truth) -> Bounds:
    """Its peers had their answers again when the gateway knew the guest; they count from before it was stunned."""
    (number, unit) = re.findall(r"answered again within ([\d.]+) (m?s)", truth["mechanism"]["because"])[0]
    return 0.0, float(number) * (1 if unit == "ms" else 1000)


def started(truth: Truth) -> Bounds:
    """It knows when it was reached after it was switched on; the stream's end is where that is counted from."""
    (seconds,) = re.findall(r"was reached (\d+\.\d) s after it was switched on", truth["mechanism"]["because"])
    off = -ms_since(truth, truth["migration"]["last_data_ts"])
    return off + float(seconds) * 1000 - ROUND_MS, off + float(seconds) * 1000 + ROUND_MS


def announced(truth: Truth) -> Bounds:
    """The announcement was sent when the guest went on, over ways of half a millisecond."""
    sent = ms_since(truth, truth["announcements"]["sent"][0]["ts"])
    assert truth["announcements"]["rarp_at"]["gateway"] > 0
    return sent, sent + 2.0


def within(seconds: float) -> Callable[[Truth], Bounds]:
    """It says so again every so many seconds."""
    return lambda _: (0.0, seconds * 1000 + LATE_MS)


def with_address(_: Truth) -> Bounds:
    """The scenario holds the route with the address back for 7 s."""
    return 7000.0 - EARLY_MS, 7000.0 + LATE_MS


KNOWN: Final = {f"{row}-working": known for row in ("rip", "ospf", "eigrp", "bgp", "isis", "evpn", "lisp")} | {
    f"{row}-failing": known for row in ("rip", "ospf", "eigrp", "isis")
}

BOUNDS: Final[dict[str, Callable[[Truth], Bounds]]] = {
    **KNOWN,
    "evpn-failing": with_address,
    "stretched_vlan-working": announced,
    "etherip-working": answered,
    "fence-working": answered,
    "nat-working": answered,
    "nat-failing": answered,
    "vxlan-working": answered,
    "geneve-working": answered,
    "otv-working": answered,
    "gateway_arp-working": resolved,
    "gateway_arp-failing": resolved,
    "ipv6_nd-working": resolved,
    "ha-working": started,
    "cold_migration-working": started,
    "vrrp-working": within(1.0),
    "hsrp-working": within(3.0),
    "glbp-working": within(3.0),
    "ft-working": within(0.5),
    "ip_storage-working": within(0.5),
    "ip_storage-failing": within(0.5),
}
"""
Of each capture whose row has a time: its bounds by the truth, ms after the switchover. VRRP repeats itself every second
(RFC 9568 5.2.7), HSRP and GLBP every three (RFC 2281 5.1); the lab's hosts write to storage and log every 0.4 s.
"""

NO_TIME: Final = {
    **{row.name: ("which is all it is asked for", "before the switchover") for row in MECHANISMS if row.of_stream},
    "anycast": ("as long as they are in view",),
    "drs": ("to the end of the view",),
}
"""Rows that work without a time of their own: what their sentence says instead."""


@cache
def report_of(folder: Path) -> Report:
    """What is said of all points together."""
    points = tuple(PointFiles(name, role, (str(file_of(folder, name)),)) for name, role in points_of(folder).items())
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


def rows_of(folder: Path) -> list[Mechanism]:
    """Every mechanism of every migration, of the stream and of its guests."""
    found: list[Mechanism] = []
    for migration in report_of(folder).migrations:
        found += migration.mechanisms
        found += [one for guest in migration.guests for one in guest.mechanisms]
    return found


def truth_of(folder: Path) -> Truth:
    """What the simulated machines know."""
    found: Truth = json.loads((folder / "truth.json").read_text())
    return found


each = pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)


def test_every_row_that_works_has_bounds_or_no_time() -> None:
    """Nobody forgets a row of the table; a port group that leads to its peers is told as a stretched VLAN."""
    for row in MECHANISMS:
        assert (f"{row.name}-working" in BOUNDS) != (row.name in NO_TIME) or row.name == "port_group", row.name


@pytest.mark.parametrize("name", BOUNDS)
def test_the_latency_is_what_the_machines_know(name: str) -> None:
    """Of the row that the capture is of."""
    folder = FOLDERS[NAMES.index(name)]
    low, high = BOUNDS[name](truth_of(folder))
    (told,) = [one for one in rows_of(folder) if one.name == folder.parent.name]
    assert told.latency_ms is not None, told.because
    assert low <= told.latency_ms <= high, told.because


@pytest.mark.parametrize("row", ["vrrp", "hsrp", "glbp"])
def test_a_gateway_that_stood_ready_was_so_at_the_first_hello_at_the_latest(row: str) -> None:
    """Each site's router was active before the guest came: its next hello bounds nothing but our view."""
    (told,) = [one for one in rows_of(HOME / row / "working") if one.name == row]
    assert told.latency_is_at_most


@each
def test_what_worked_has_a_latency_or_says_why_it_has_none(folder: Path) -> None:
    """A null is a reason, in the row's own sentence."""
    for one in rows_of(folder):
        if one.worked == "yes" and one.latency_ms is None:
            assert any(words in one.because for words in NO_TIME[one.name]), one.because
        assert one.latency_ms is None or one.latency_ms >= 0


@each
def test_every_row_shows_frames_that_its_filter_selects(folder: Path) -> None:
    """Point, numbers, filter: a filter of numbers has the same ones, another is asked of tshark."""
    packets = {one.point: one.packets for one in report_of(folder).inputs}
    for one in rows_of(folder):
        assert one.evidence, (one.name, one.because)
        for sight in one.evidence:
            assert sight.frames, one.name
            assert 1 <= min(sight.frames) <= max(sight.frames) <= packets[sight.point]
            if sight.filter == f"frame.number in {{{', '.join(map(str, sight.frames))}}}":
                continue
            selected = tshark_fields(file_of(folder, sight.point), ("frame.number",), ("-Y", sight.filter))
            assert set(sight.frames) <= {int(values["frame.number"][0]) for values in selected}, sight.filter


REAL = sorted(p.parent for p in HOME.glob("*/points.toml"))


@pytest.mark.parametrize("folder", REAL, ids=lambda folder: folder.name)
def test_rows_of_real_daemons_show_frames_too(folder: Path) -> None:
    """The same of captures that no simulation made."""
    roles = tomllib.loads((folder / "points.toml").read_text())["points"]
    points = tuple(PointFiles(name, role, (str(folder / f"{name}.pcap.zst"),)) for name, role in roles.items())
    (migration,) = analyse(Request(points=points, profile=load_profile("vsphere4"))).report.migrations
    for guest in migration.guests:
        for one in guest.mechanisms:
            assert one.evidence, (one.name, one.because)
            assert all(sight.frames for sight in one.evidence)
            assert one.latency_ms is not None or one.worked != "yes" or one.name in NO_TIME, one.because
