"""Captures without a migration: which mechanisms they show, and that nothing is said of whether they work."""

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.captures.situations import CAPTURES, file_of, points_of
from vmpcap.migration.mechanisms.at_rest import MARKS, NO_SWITCHOVER
from vmpcap.migration.mechanisms.table import MECHANISMS
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

HOME = CAPTURES / "mechanisms"
PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "captures"

BESIDE = {
    "evpn": {"vxlan"},
    "mpls": set(),
}
"""What runs beside a row in its captures."""

ROWS_OF = {
    "arkime__mpls-tcp.pcap": {"mpls"},
    "libpcap__geneve-tcp.pcap": {"geneve"},
    "pcapplusplus__lisp-data-ipv6.pcap": {"lisp"},
    "tcpdump__bigtcp-vxlan.pcap": {"vxlan"},
    "tcpdump__erspan2.pcap": {"hsrp"},
    "tcpdump__hsrp-failover.pcap": {"hsrp"},
    "tcpdump__vxlan-arp.pcap": {"vxlan"},
    "tcpreplay__eompls-vlan.pcap": {"mpls"},
    "zeek__pbb-arp-tcp.pcap": {"vrrp"},
    "zeek__vxlan-tcp.pcap": {"vxlan"},
}
"""By what tshark decodes in each public capture; all others have none of these protocols, or only their hellos."""


SILENT: Final = frozenset({"etherip", "fence", "geneve", "otv", "vxlan"})
"""In their captures a point beyond hears a guest with a TCP connection fall silent, its RARP, and it go on."""

HOSTS: Final = ("source", "destination")
"""Roles of points at which the stream passes."""
ARRIVAL: Final = "domain:destination"
"""Without a point there nobody sees the guest arrive: no switchover is in view."""
DEPARTURE: Final = "domain:source"
LEFT: Final = frozenset({"glbp", "hsrp", "vrrp"})
"""In their captures the old place sees the guest leave, and a gateway's point that it goes on elsewhere."""


@cache
def without_stream(row: str, *others: str) -> Report:
    """Of the row's working capture, the points at which no stream passes, without those of other roles."""
    folder = HOME / row / "working"
    points = tuple(
        PointFiles(name, role, (str(file_of(folder, name)),))
        for name, role in points_of(folder).items()
        if role not in (*HOSTS, *others)
    )
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


@pytest.mark.parametrize("how", ["working", "failing"])
def test_a_row_of_a_stream_is_not_told_beside_it_as_if_nothing_had_moved(how: str) -> None:
    """Nobody knows the guest, but labels carry the stream: that is said once."""
    folder = HOME / "mpls" / how
    points = tuple(
        PointFiles(name, role, (str(file_of(folder, name)),))
        for name, role in points_of(folder).items()
        if role in (*HOSTS, "wan")
    )
    report = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    (migration,) = report.migrations
    of_stream = [*migration.mechanisms, *(row for guest in migration.guests for row in guest.mechanisms)]
    assert [row.name for row in of_stream if row.name == "mpls"] == ["mpls"]
    assert "mpls" not in {row.name for row in report.mechanisms}


def test_the_marks_are_rows_of_the_table_in_its_order() -> None:
    """A name that is no row would be told of nowhere else."""
    names = [row.name for row in MECHANISMS]
    assert list(MARKS) == sorted(MARKS, key=names.index)


@pytest.mark.parametrize("row", sorted(set(MARKS) - {"mpls"}))
def test_a_guest_is_told_alike_with_its_stream_and_without(row: str) -> None:
    """Its peers' outages, and what mechanisms did but the stream's own, do not rest on the stream."""
    folder = HOME / row / "working"
    points = tuple(PointFiles(n, role, (str(file_of(folder, n)),)) for n, role in points_of(folder).items())
    (migration,) = analyse(Request(points=points, profile=load_profile("vsphere4"))).report.migrations
    (alone,) = without_stream(row).migrations
    (whole,), (guest,) = migration.guests, alone.guests
    of_stream = {one.name for one in MECHANISMS if one.of_stream}
    told = {one.name: one.worked for one in guest.mechanisms}
    assert told == {one.name: one.worked for one in whole.mechanisms if one.name not in of_stream}
    assert (guest.mac, guest.domain.verdict) == (whole.mac, whole.domain.verdict)
    lengths = {peer.peer: peer.outage_ms for peer in whole.peers}
    assert {peer.peer: peer.outage_ms for peer in guest.peers} == pytest.approx(lengths)
    assert (alone.source, alone.destination, alone.connections, alone.verdict) == (None, None, 0, "undecided")


@pytest.mark.parametrize("row", sorted(SILENT))
def test_a_guest_that_was_silent_until_announced_is_told_without_its_places(row: str) -> None:
    """A point at neither place hears it stop, its host's RARP, and its connections go on: how long, and not where."""
    report = without_stream(row, ARRIVAL)
    (migration,) = report.migrations
    (guest,) = migration.guests
    assert (migration.known_by, migration.verdict, report.verdict) == ("silence", "undecided", "undecided")
    outcomes = {check.id: check.outcome for check in migration.checks}
    assert outcomes["completed"] == "undecided"
    assert guest.switchover.bracket_ms is not None
    assert row in {one.name for one in guest.mechanisms}
    assert not report.mechanisms


@pytest.mark.parametrize("row", sorted(LEFT))
def test_a_guest_that_leaves_its_old_place_is_told_where_a_gateway_sees_it_go_on(row: str) -> None:
    """By the one place in view; of the mechanism no more is said than by both, nor another outage."""
    (alone,), (both,) = without_stream(row, ARRIVAL).migrations, without_stream(row).migrations
    assert (alone.known_by, alone.verdict) == ("places", "undecided")
    assert "its new place is not in view" in {check.id: check for check in alone.checks}["completed"].because
    (guest,), (whole,) = alone.guests, both.guests
    lengths = {peer.peer: peer.outage_ms for peer in whole.peers}
    assert {peer.peer: peer.outage_ms for peer in guest.peers} == pytest.approx(lengths)
    told = {one.name: one.worked for one in whole.mechanisms}
    assert all(one.worked in (told[one.name], "undecided") for one in guest.mechanisms)
    assert row in {one.name for one in guest.mechanisms}


def at_rest(row: str) -> Report:
    """Of the row's working capture, the points at which the guest is neither seen to arrive nor to leave."""
    return without_stream(row, ARRIVAL, DEPARTURE) if row in LEFT else without_stream(row, ARRIVAL)


@pytest.mark.parametrize("row", sorted(set(MARKS) - {"mpls"} - SILENT))
def test_a_mechanism_is_told_where_no_switchover_is_in_view(row: str) -> None:
    """Undecided, with frames; and no row of what does not run there. MPLS carries the stream in its own capture."""
    report = at_rest(row)
    assert not report.migrations
    assert report.verdict == "undecided"
    found = {one.name: one for one in report.mechanisms}
    assert row in found
    assert set(found) <= {row} | BESIDE.get(row, set())
    for one in found.values():
        assert (one.worked, one.latency_ms) == ("undecided", None)
        assert one.because.endswith(NO_SWITCHOVER)
        assert all(sight.frames for sight in one.evidence)
        assert one.evidence


def test_a_gateway_that_changes_and_a_route_that_moves_are_named_in_order() -> None:
    """A reader sees who had it first."""
    (ospf,) = (one for one in without_stream("ospf", ARRIVAL).mechanisms if one.name == "ospf")
    assert "10.77.0.10/32 by 10.0.0.2, 10.0.0.3" in ospf.because
    (lisp,) = (one for one in without_stream("lisp", ARRIVAL).mechanisms if one.name == "lisp")
    assert "10.77.0.10/32 at 192.0.2.2, 10.77.0.10/32 at 192.0.2.6" in lisp.because


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public captures are not beside this checkout")
@pytest.mark.parametrize("name", ["arkime__mpls-tcp.pcap", "tcpreplay__eompls-vlan.pcap"])
def test_labels_are_not_called_what_they_may_not_carry(name: str) -> None:
    """A label says nothing of what is behind it; tshark reads eth:mpls:ip in one of these, a frame in the other."""
    points = (PointFiles("here", None, (str(PUBLIC / name),)),)
    (row,) = analyse(Request(points=points, profile=load_profile("vsphere4"))).report.mechanisms
    assert row.because.startswith("MPLS labels carry ")
    assert "pseudowire" not in row.because


def test_where_a_guest_moved_its_own_rows_tell_it() -> None:
    """Nothing is told twice."""
    folder = HOME / "vrrp" / "working"
    points = tuple(PointFiles(name, role, (str(file_of(folder, name)),)) for name, role in points_of(folder).items())
    report = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    assert not report.mechanisms
    assert any(one.name == "vrrp" for one in report.migrations[0].guests[0].mechanisms)


def test_the_frame_of_mechanisms_has_them_without_a_migration() -> None:
    """A program finds them where it finds those of guests."""
    frame = report_frames(at_rest("hsrp"))["mechanisms"]
    assert frame.select("migration", "guest", "name", "worked").rows() == [(None, None, "hsrp", "undecided")]


def _captures() -> list[Path]:
    others = (".md", ".csv", ".py", ".snoop")
    return [file for file in sorted(PUBLIC.glob("*")) if file.is_file() and file.suffix not in others]


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public captures are not beside this checkout")
@pytest.mark.parametrize("file", _captures(), ids=lambda file: file.name)
def test_public_captures_have_the_rows_that_run_there_and_no_other(file: Path) -> None:
    """Innocent traffic has none."""
    points = (PointFiles("here", None, (str(file),)),)
    report = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    assert {one.name for one in report.mechanisms} == ROWS_OF.get(file.name, set())
