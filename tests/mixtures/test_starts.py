"""HA restarts and cold migrations are called by their names, and never a live migration."""

from pathlib import Path

import pytest

from tests.mixtures import starts
from tests.mixtures.landscape import told
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report


def notes(report: Report) -> list[str]:
    """What is said of machines that were started."""
    return [note for note in report.notes if note.startswith(("ha ", "cold_migration "))]


def test_a_restart_elsewhere_is_no_migration(tmp_path: Path) -> None:
    """No stream, a start announced by a host, a connection denied: all of it with its frames."""
    report = starts.restarted().report(tmp_path)
    assert report.migrations == []
    (note,) = notes(report)
    assert note.startswith("ha (worked: yes): 00:50:56:aa:77:10 (10.77.0.10) was not moved live but started anew")
    for word in ("silent for 7.1 s", "DHCP without an address and 3 ARP probes", "RARP", "denied 1 connection"):
        assert word in note
    assert "here: frame.number in {" in note


def test_a_machine_that_nobody_reaches_did_not_work(tmp_path: Path) -> None:
    """Where its disk was carried; else nothing shows that it was a start, and that is said with what is seen."""
    (note,) = notes(starts.restarted(answers=False, disk=True).report(tmp_path))
    assert note.startswith("cold_migration (worked: no)")
    assert "without an answer" in note
    (note,) = notes(starts.restarted(answers=False).report(tmp_path))
    assert note.startswith("ha (worked: undecided)")
    assert "without an answer" in note


@pytest.mark.parametrize(("answers", "worked"), [(True, "yes"), (False, "no")])
def test_a_start_without_a_stream_is_a_row_for_programs(answers: bool, worked: str, tmp_path: Path) -> None:
    """With how long it took to be reached, and its frames; the verdict's sentence begins with it."""
    report = starts.restarted(answers=answers, disk=True).report(tmp_path)
    (row,) = [one for one in report.mechanisms if one.name == "cold_migration"]
    assert (row.seen, row.worked) == (True, worked)
    assert "on port 902 (NFC)" in row.because
    assert row.evidence[0].point == "here"
    assert row.evidence[0].frames
    assert (row.latency_ms is not None) == answers
    assert report.verdict == "undecided"
    head, _, tail = report.because.partition("; ")
    assert head.startswith("00:50:56:aa:77:10 (10.77.0.10) was not moved live but started anew (cold_migration), and ")
    assert head.endswith("others reach it again" if answers else "nobody reaches it since")
    assert tail.startswith("no migration was recognised in ")


def test_a_start_is_reached_so_long_after_it_began(tmp_path: Path) -> None:
    """It asks for its address, and is asked itself and answers a second later."""
    (row,) = starts.restarted().report(tmp_path).mechanisms
    assert row.name == "ha"
    assert row.latency_ms == pytest.approx(1_000, abs=30)


def test_a_start_stands_once_on_the_terminal(tmp_path: Path) -> None:
    """As a row; the note that programs know it by is not told beside it."""
    shown = to_terminal(starts.restarted().report(tmp_path))
    assert " ".join(shown.split()).count("DHCP without an address and 3 ARP probes") == 1


def test_a_disk_that_was_carried_makes_it_a_cold_migration(tmp_path: Path) -> None:
    (note,) = notes(starts.restarted(disk=True).report(tmp_path))
    assert note.startswith("cold_migration (worked: yes)")
    assert "6 MB went from 10.0.1.11 to 10.0.1.12 on port 902 (NFC)" in note


def test_another_address_of_the_same_mac_makes_it_a_cold_migration(tmp_path: Path) -> None:
    """The old address never answers; others reach the new one."""
    (note,) = notes(starts.restarted(address="10.88.0.10").report(tmp_path))
    assert note.startswith("cold_migration (worked: yes)")
    assert "came back as 10.88.0.10 with the same MAC, and nothing came from 10.77.0.10 any more" in note


def test_a_machine_that_starts_at_the_other_site_needs_no_announcement(tmp_path: Path) -> None:
    """The points' places tell; at its old site it is an ordinary reboot."""
    (note,) = notes(starts.at_the_other_site().report(tmp_path))
    assert note.startswith("ha (worked: yes)")
    assert "RARP" not in note
    assert notes(starts.at_the_other_site(back="a").report(tmp_path)) == []


@pytest.mark.parametrize("silent_ms", [20_000, 6_000, 1_500])
def test_a_machine_with_an_address_of_its_own_is_known_by_what_it_denies(silent_ms: float, tmp_path: Path) -> None:
    """It asks nobody for its address: its host's RARP at the other site, and a connection that it does not know."""
    report = starts.with_its_own_address(silent_ms).report(tmp_path)
    assert report.migrations == []
    (row,) = [one for one in report.mechanisms if one.name == "ha"]
    assert row.worked == "yes"
    assert row.latency_ms == pytest.approx(700, abs=10)
    assert "it denied 2 connections of before with a reset" in row.because
    assert "others opened anew what they had with it" in row.because
    assert "asked for its address" not in row.because


def test_a_network_card_that_starts_looks_for_its_link_local_address(tmp_path: Path) -> None:
    """An address of its own, and nobody spoke TCP with it."""
    (row,) = [one for one in starts.with_ipv6().report(tmp_path).mechanisms if one.name == "ha"]
    assert row.worked == "yes"
    assert "a check whether its link-local address is free" in row.because


LIVE = {
    "a connection goes on": {"goes_on": True},
    "its program ended": {"denies": "RA"},
    "somebody else denies": {"ttl": 255},
}


@pytest.mark.parametrize("name", LIVE)
def test_a_reset_alone_shows_no_start(name: str, tmp_path: Path) -> None:
    """Of a firewall, of a program that ended, or beside a connection that goes on."""
    report = starts.with_its_own_address(1_500, **LIVE[name]).report(tmp_path)  # type: ignore[arg-type]
    assert notes(report) == []


def test_a_connection_that_goes_on_shows_a_live_move_though_another_is_denied(tmp_path: Path) -> None:
    """A machine that started anew knows none of them."""
    (migration,) = starts.with_its_own_address(1_500, goes_on=True).report(tmp_path).migrations
    assert migration.connections == 0


INNOCENT = {
    "reboot": lambda: starts.restarted(announced=False),
    "power cycle": starts.in_place,
    "power cycle, another address": lambda: starts.in_place("10.77.0.88"),
    "link": starts.link_came_up,
    "link with probes only": lambda: starts.link_was_down(dhcp=False),
}


@pytest.mark.parametrize("name", INNOCENT)
def test_a_reboot_in_place_and_a_link_that_comes_up_are_neither(name: str, tmp_path: Path) -> None:
    """No host announced the first; a connection of the second goes on; the third only looks for its address."""
    assert notes(INNOCENT[name]().report(tmp_path)) == []


def test_where_nothing_shows_that_memory_was_lost_nobody_can_tell(tmp_path: Path) -> None:
    """DHCP without an address after minutes of silence: a start, or a link that was down."""
    (note,) = notes(starts.link_was_down(dhcp=True).report(tmp_path))
    assert note.startswith("ha (worked: undecided): 00:50:56:aa:77:10 (10.77.0.10) seems to have been started anew")
    assert "its link may have been down as well" in note


def test_a_client_that_connects_again_after_a_link_was_down_shows_no_start(tmp_path: Path) -> None:
    """One question for the lease that it has, no probe: a link that came up does the same."""
    (note,) = notes(starts.link_flapped().report(tmp_path))
    assert note.startswith("ha (worked: undecided)")
    assert "its link may have been down as well" in note


def test_a_client_that_opens_anew_shows_that_a_connection_was_lost(tmp_path: Path) -> None:
    (note,) = notes(starts.reconnected().report(tmp_path))
    assert note.startswith("ha (worked: yes)")
    assert "others opened anew what they had with it" in note


def test_a_guest_whose_host_died_while_it_moved_was_restarted(tmp_path: Path) -> None:
    report = starts.host_died_while_moving().report(tmp_path)
    assert [migration.outcome for migration in report.migrations] == ["aborted"]
    assert "started anew" in report.migrations[0].outcome_because
    found = told(report)
    assert found["ha"].worked == "yes"
    assert "did not go on but started anew" in found["ha"].because
    assert "denied 1 connection" in found["ha"].because
    assert found["ha"].evidence[0].frames
    assert "cold_migration" not in found


def test_a_guest_that_starts_after_the_stream_was_carried_while_off(tmp_path: Path) -> None:
    report = starts.carried_while_off().report(tmp_path)
    assert told(report)["cold_migration"].worked == "yes"
    assert notes(report) == []


@pytest.mark.parametrize("most_ms", [1e9, 2990], ids=["whole stream", "its end not in the file"])
def test_a_reboot_after_a_live_move_is_no_part_of_it(most_ms: float, tmp_path: Path) -> None:
    """It talked for nine seconds at its new place: neither was it carried while off, nor did its host die."""
    report = starts.rebooted_later(most_ms).report(tmp_path)
    assert [migration.outcome for migration in report.migrations] == ["completed"]
    assert not {"ha", "cold_migration"} & told(report).keys()
    assert notes(report) == []


def test_nfc_as_the_migration_port_is_a_cold_migration(tmp_path: Path) -> None:
    """The user names port 902: what it carries is not called live."""
    found = told(starts.restarted(disk=True).report(tmp_path, ports=(902,)))
    assert found["cold_migration"].worked == "yes"
    assert "no live migration" in found["cold_migration"].because
