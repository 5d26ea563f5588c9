"""One capture at each host's uplink, a trunk that carries the stream and the guest, of which nobody said a role."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import vmpcap
from tests.captures.altered import merged, packets_of
from tests.captures.altered import written as write_packets
from tests.lab.playing import played, written
from tests.readers.writers import Packet, read_bytes
from vmpcap.report.document import Migration, Report

FIRST, SECOND, THIRD = "10.10.1.11", "10.10.1.12", "10.10.1.13"
BETWEEN_NS = 1_795_446_627 * 1_000_000_000
"""Between the two migrations of the situation `there_and_back`."""
DECIDING = ("completed", "announcement_reached_destination", "guest_reachable_after")


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Packet]]:
    """What passes each host's uplink, and each of its parts."""
    files = written(played("stretched_vlan", option="tagged"), tmp_path_factory.mktemp("trunks"))
    taken = {name: list(read_bytes(Path(path).read_bytes()).packets) for name, path in files.items()}
    old, new = merged(taken["src-uplink"], taken["site-a"]), merged(taken["dst-uplink"], taken["site-b"])
    return {**taken, "old": old, "new": new}


def told(folder: Path, roles: dict[str, str] | None = None, **points: Sequence[Packet]) -> Report:
    """What is reported of these points; those without a role are named by nothing."""
    files = {name: write_packets(folder / f"{name}.pcap", list(packets)) for name, packets in points.items()}
    return vmpcap.report(files, roles=roles or {}).document


def outcomes(migration: Migration) -> dict[str, str]:
    """The deciding checks on the guest."""
    return {check.id: check.outcome for check in migration.checks if check.id in DECIDING}


def test_two_trunks_are_the_old_and_the_new_domain_and_ends_of_the_stream(
    trunks: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """The guest sends at the one only before its move, at the other only after: both say which role would change it."""
    report = told(tmp_path, a=trunks["old"], b=trunks["new"])
    given = {i.point: i for i in report.inputs}
    assert {name: i.role for name, i in given.items()} == {"a": "domain:source", "b": "domain:destination"}
    assert "--role a=source" in given["a"].role_because
    assert "--role b=destination" in given["b"].role_because
    (migration,) = report.migrations
    assert outcomes(migration) == dict.fromkeys(DECIDING, "pass")
    (guest,) = migration.guests
    assert (guest.switchover.bracket.from_point, guest.switchover.bracket.to_point) == ("a", "b")


def test_the_stream_is_measured_at_its_sender_whatever_that_is_called(
    trunks: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """By its name the destination's would come first; named for the guest's domain the same is reported."""
    proposed = told(tmp_path, z=trunks["old"], b=trunks["new"])
    named = told(tmp_path, {"z": "domain:source", "b": "domain:destination"}, z=trunks["old"], b=trunks["new"])
    for report in (proposed, named):
        (migration,) = report.migrations
        assert migration.point == "z"
        assert outcomes(migration) == dict.fromkeys(DECIDING, "pass")


def test_a_trunk_is_known_by_the_stream_where_the_guest_is_seen_at_it_alone(
    trunks: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """The source's NIC carries the stream only: that the guest came from elsewhere is known by that."""
    report = told(tmp_path, a=trunks["src-uplink"], b=trunks["new"])
    assert {i.point: i.role for i in report.inputs} == {"a": "source", "b": "domain:destination"}
    assert outcomes(report.migrations[0]) == dict.fromkeys(DECIDING, "pass")


def test_one_more_capture_of_unknown_place_takes_no_answer_away(
    trunks: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """Merged files of the wrong pairs, whose stream and guest say otherwise: the one where it was answered decides."""
    old, new = merged(trunks["dst-uplink"], trunks["site-a"]), merged(trunks["src-uplink"], trunks["site-b"])
    alone, both = told(tmp_path, y=new), told(tmp_path, x=old, y=new)
    assert {i.role for i in both.inputs} == {None}
    assert outcomes(alone.migrations[0])["announcement_reached_destination"] == "pass"
    assert outcomes(both.migrations[0]) == outcomes(alone.migrations[0])


def test_domains_that_were_named_the_one_for_the_other_are_told_of_trunks_too(
    trunks: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """As of the hosts' bridges: by when each shows the guest."""
    swapped = told(tmp_path, {"a": "domain:destination", "b": "domain:source"}, a=trunks["old"], b=trunks["new"])
    assert any("look swapped" in note for note in swapped.notes)


def test_trunks_that_the_guest_leaves_and_comes_back_to(tmp_path: Path) -> None:
    """Roles are those of the first migration; on the way back each trunk is the other's."""
    old, new = (
        merged(packets_of("there_and_back", f"{side}-uplink"), packets_of("there_and_back", f"{side}-guestbr"))
        for side in ("src", "dst")
    )
    report = told(tmp_path, a=old, b=new)
    assert {i.point: i.role for i in report.inputs} == {"a": "domain:source", "b": "domain:destination"}
    there, back = report.migrations
    assert (there.point, back.point) == ("a", "b")
    for migration, ends in ((there, ("a", "b")), (back, ("b", "a"))):
        (guest,) = migration.guests
        assert (guest.switchover.bracket.from_point, guest.switchover.bracket.to_point) == ends


def test_trunks_of_three_hosts_stay_their_hosts(tmp_path: Path) -> None:
    """The guest goes on to a third host: the second's uplink is its new place, and then its old one."""
    old, new = (
        merged(packets_of("there_and_back", f"{side}-uplink"), packets_of("there_and_back", f"{side}-guestbr"))
        for side in ("src", "dst")
    )
    third = [_of_a_third_host(p) for p in old if (p.ts_ns or 0) >= BETWEEN_NS]
    report = told(
        tmp_path,
        a=[p for p in old if (p.ts_ns or 0) < BETWEEN_NS],
        b=[p if (p.ts_ns or 0) < BETWEEN_NS else _of_a_third_host(p) for p in new],
        c=third,
    )
    assert [(m.source, m.destination) for m in report.migrations] == [(FIRST, SECOND), (SECOND, THIRD)]
    assert {i.point: i.role for i in report.inputs} == {"a": "source", "b": "destination", "c": "destination"}
    for migration, left, come in zip(report.migrations, "ab", "bc", strict=True):
        assert outcomes(migration) == dict.fromkeys(DECIDING, "pass")
        (guest,) = migration.guests
        assert "the guest left" in guest.announcements.by_point[left].because
        assert guest.announcements.by_point[come].reached == "reached"


def _of_a_third_host(packet: Packet) -> Packet:
    """The same, of another host than the first."""
    first, third = (bytes(map(int, host.split("."))) for host in (FIRST, THIRD))
    return packet._replace(data=packet.data[:26] + packet.data[26:34].replace(first, third) + packet.data[34:])
