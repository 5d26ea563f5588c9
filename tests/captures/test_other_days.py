"""A point whose clock is of another day hides nothing that the others show; where nothing compares it, that is said."""

from pathlib import Path

import pytest

from tests.captures.altered import packets_of, written
from tests.captures.situations import CAPTURES, points_of
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.units import NS_PER_S
from vmpcap.verdicts.profile import load_profile

FOLDER = "mechanisms/gateway_arp/working"
ISOLATED = "destination_isolated"
POINTS = tuple(points_of(CAPTURES / FOLDER))
DAY_NS = 26 * 3600 * NS_PER_S


def said(folder: Path, *shifted: str, by_ns: int = -DAY_NS, but_not: tuple[str, ...] = ()) -> Report:
    """What a report says of all points, of which these have another day's clock."""
    points = []
    for name, role in points_of(CAPTURES / FOLDER).items():
        if name in but_not:
            continue
        packets = packets_of(FOLDER, name)
        if name in shifted:
            packets = [packet._replace(ts_ns=(packet.ts_ns or 0) + by_ns) for packet in packets]
        points.append(PointFiles(name, role, (written(folder / f"{name}.pcap", packets),)))
    return analyse(Request(points=tuple(points), profile=load_profile("vsphere4"))).report


@pytest.mark.parametrize("name", [name for name in POINTS if name != "src-uplink"])
def test_a_point_on_another_day_hides_nothing_that_the_others_show(name: str, tmp_path: Path) -> None:
    """Its clock is put right by packets, whichever of them the times of the others are held against."""
    (migration,) = said(tmp_path, name).migrations
    (guest,) = migration.guests
    assert guest.ips == ["10.77.0.10"]
    (row,) = [m for m in guest.mechanisms if m.name == "gateway_arp"]
    assert row.worked == "yes"
    (check,) = [c for c in migration.checks if c.id == "guest_reachable_after"]
    assert check.outcome == "pass"


def test_a_point_that_no_packet_puts_beside_the_others_is_named(tmp_path: Path) -> None:
    """Alone on the migration network: the guest cannot be joined to the stream, and the reason is said."""
    report = said(tmp_path, "src-uplink")
    (note,) = [note for note in report.notes if "by their clocks" in note]
    assert note.startswith("src-uplink: captured 26.0 hours before")
    assert not [note for note in said(tmp_path).notes if "by their clocks" in note]


@pytest.mark.parametrize("ahead_s", [0, 10, 60])
def test_answers_from_before_the_move_are_none_after_it_by_a_clock_that_nothing_compares(
    ahead_s: int, tmp_path: Path
) -> None:
    """The guest was never answered for again: by a client's clock that is ahead its last answers came afterwards."""
    points = []
    for name, role in (("src-uplink", "source"), ("client", "client")):
        packets = packets_of(ISOLATED, name)
        if name == "client":
            packets = [packet._replace(ts_ns=(packet.ts_ns or 0) + ahead_s * NS_PER_S) for packet in packets]
        points.append(PointFiles(name, role, (written(tmp_path / f"{name}.pcap", packets),)))
    request = Request(points=tuple(points), profile=load_profile("vsphere4"), guests=("10.77.0.10",))
    (migration,) = analyse(request).report.migrations
    (check,) = [c for c in migration.checks if c.id == "guest_reachable_after"]
    assert check.outcome != "pass"
