"""One capture at each host's uplink, a trunk that carries the stream and the guest, as people take it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import vmpcap
from tests.captures.altered import merged
from tests.captures.altered import written as write_packets
from tests.captures.situations import CAPTURES, file_of
from tests.lab.playing import played, written
from tests.readers.writers import Packet, read_bytes
from vmpcap.report.document import Migration

RARP = b"\x80\x35"
LATER_NS = 5_000_000


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Packet]]:
    """What each tap of a VLAN on tagged links saw; the client asks it, and it says nothing by itself."""
    files = written(played("stretched_vlan", option="tagged"), tmp_path_factory.mktemp("trunks"))
    return {name: list(read_bytes(Path(path).read_bytes()).packets) for name, path in files.items()}


def told(folder: Path, **points: Sequence[Packet]) -> Migration:
    """The migration that these points show; each is named by its role, with `_` for the colon."""
    files = {role.replace("_", ":"): write_packets(folder / f"{role}.pcap", list(p)) for role, p in points.items()}
    (migration,) = vmpcap.report(files).document.migrations
    return migration


def rarps(packets: Sequence[Packet], late_ns: int = 0) -> list[Packet]:
    """The announcements among them, tagged or not."""
    kept = [p for p in packets if RARP in (p.data[12:14], p.data[16:18])]
    return [p._replace(ts_ns=(p.ts_ns or 0) + late_ns) for p in kept]


def test_a_trunk_at_each_host_shows_the_guest_at_its_places(taken: dict[str, list[Packet]], tmp_path: Path) -> None:
    """It moved from the one uplink to the other, in a VLAN that both carry; no tunnel is there."""
    source, destination = (
        merged(taken[f"{n}-uplink"], taken[site]) for n, site in (("src", "site-a"), ("dst", "site-b"))
    )
    migration = told(tmp_path, source=source, destination=destination, client=taken["client"])
    assert migration.outcome == "completed"
    (guest,) = migration.guests
    assert guest.domain.verdict == "reached"
    by_name = {m.name: m for m in guest.mechanisms}
    assert by_name["stretched_vlan"].worked == "yes"
    assert guest.switchover.bracket.from_point == "source"
    assert guest.switchover.bracket.to_point == "destination"
    assert not any("tunnel" in at.because for at in guest.announcements.by_point.values())


@pytest.mark.parametrize("old", ["source", "domain_source"])
def test_announcements_alone_show_a_trunk_where_the_old_hosts_heard_none(
    taken: dict[str, list[Packet]], tmp_path: Path, old: str
) -> None:
    """
    Two domains, and the guest is silent at its new place: its host's RARP left by this uplink all the same.

    The old host's uplink is both an end of the stream and in the guest's domain; by which it was named does not matter.
    """
    of_rarp = rarps(taken["site-a"])
    source = merged(taken["src-uplink"], [p for p in taken["site-a"] if p not in of_rarp])
    points = {old: source, "destination": merged(taken["dst-uplink"], rarps(taken["site-b"]))}
    assert told(tmp_path, **points).outcome == "completed"


def test_an_announcement_that_came_from_the_old_host_is_no_arrival(
    taken: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """The new host's migration NIC heard it as everybody in its network does, after the old host's uplink."""
    late = rarps(taken["site-b"], LATER_NS)
    source = merged(taken["src-uplink"], taken["site-a"])
    migration = told(tmp_path, source=source, destination=merged(taken["dst-uplink"], late))
    assert migration.outcome == "unknown"
    (guest,) = migration.guests
    assert (
        "whether the guest itself uses that uplink is not shown" in guest.announcements.by_point["destination"].because
    )


def test_a_point_that_was_named_for_the_domain_stays_the_one(taken: dict[str, list[Packet]], tmp_path: Path) -> None:
    """The uplink carries the guest too, and the host's own bridge was captured beside it."""
    source, destination = (
        merged(taken[f"{n}-uplink"], taken[site]) for n, site in (("src", "site-a"), ("dst", "site-b"))
    )
    migration = told(tmp_path, source=source, destination=destination, domain_destination=taken["site-b"])
    assert migration.outcome == "completed"
    (guest,) = migration.guests
    assert guest.switchover.bracket.to_point == "domain:destination"
    assert guest.announcements.by_point["destination"].reached == "not_observable"


def test_an_uplink_that_carries_the_guest_in_a_tunnel_is_on_its_way() -> None:
    """VXLAN between the hosts: the guest's own domain is not on this wire."""
    migration = vmpcap.report({"source": str(file_of(CAPTURES / "vxlan_stretched", "src-uplink"))}).document.migrations[
        0
    ]
    (guest,) = migration.guests
    assert "on its way, inside a tunnel" in guest.announcements.by_point["source"].because
    assert guest.domain.verdict == "not_observable"
