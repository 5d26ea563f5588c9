"""What happens beside a move is told by the report in words to act on, by name and with the frames."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import vmpcap
from tests.lab.playing import once, written
from vmpcap.lab.scenarios import named
from vmpcap.lab.synth import Made, play
from vmpcap.report.document import Report


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report on a scenario, made once."""

    @cache
    def of(name: str) -> Report:
        made = once(name) if name != "announced_too_early" else whole(name)
        folder: Path = tmp_path_factory.mktemp(name)
        return vmpcap.report(written(made, folder), roles={tap.name: tap.role for tap in made.taps}).document

    return of


def whole(name: str) -> Made:
    """With the stream as long as the scenario says."""
    scenario = named(name)
    assert scenario is not None
    made = play(scenario)
    assert made is not None
    return made


def checks(report: Report) -> dict[str, tuple[str, str]]:
    (migration,) = report.migrations
    return {check.id: (check.outcome, check.because) for check in migration.checks}


def test_a_second_owner_of_the_address_is_named(played: Any) -> None:
    """Both MACs; the guest is reached all the same."""
    outcome, because = checks(played("duplicate_address"))["duplicate_address"]
    assert outcome == "fail"
    assert "00:50:56:aa:77:10" in because
    assert "00:50:56:bb:00:77" in because
    assert checks(played("duplicate_address"))["guest_reachable_after"][0] == "pass"


def test_a_copy_that_goes_on_at_the_old_place_is_a_flap_from_when_to_when(played: Any) -> None:
    """It logs from 1 s to 5 s after the switchover, every 700 ms."""
    outcome, because = checks(played("ghost"))["mac_flap"]
    assert outcome == "fail"
    assert because.startswith("6 packets of the guest's MAC appeared only at site-a")
    found = re.search(r"from \+([\d.]+) s to \+([\d.]+) s", because)
    assert found
    assert 1.0 <= float(found[1]) <= 1.7
    assert 4.3 <= float(found[2]) <= 5.0


def test_an_announcement_in_mid_stream_is_no_pass(played: Any) -> None:
    """The guest only answers, and is asked at its new place from then on: nothing of it at the old one tells."""
    outcome, because = checks(played("announced_too_early"))["announced_too_early"]
    assert outcome == "undecided"
    assert "before the stream's last data" in because


def test_a_storm_is_told_and_not_taken_for_the_guest(played: Any) -> None:
    """It begins before the migration and goes on after it; the guest is the one that moved."""
    report = played("rarp_storm")
    (storm,) = [one for one in report.announcers if one.storm]
    assert (storm.mac, storm.kinds.keys()) == ("00:50:56:bb:00:30", {"rarp_announce"})
    assert 140 <= storm.most_in_a_minute * 60 / 22 <= 160, "one every 400 ms, 22 s long"
    assert [guest.mac for guest in report.migrations[0].guests] == ["00:50:56:aa:77:10"]
    assert not [one for one in played("stretched_vlan").announcers if one.storm]


def test_a_host_that_is_addressed_by_another_interface_floods_the_switch(played: Any) -> None:
    """Told with both MACs; of no other scenario."""
    (symptom,) = played("two_macs").migrations[0].path.symptoms
    assert symptom.name == "addressed_by_another_mac"
    assert "10.10.1.12 sends from 00:50:56:62:00:12, but what is for it goes to 00:50:56:62:00:01" in symptom.because
    assert played("stretched_vlan").migrations[0].path.symptoms == []


def test_a_port_that_is_shut_is_told_by_the_other_machine_behind_it(played: Any) -> None:
    """It passed before, still sends, and passes no more."""
    outcome, because = checks(played("port_shut"))["guest_reachable_after"]
    assert outcome == "fail"
    assert "frames of 1 other machine (00:50:56:bb:00:20) were seen on both sides before" in because


def test_a_port_that_keeps_its_mac_is_told(played: Any) -> None:
    """Port security at the old port: the announcement passed there, and unicast still goes there."""
    outcome, because = checks(played("stretched_vlan_sticky_mac"))["guest_reachable_after"]
    assert outcome == "fail"
    assert "packets for it still went to site-a, its old place, though its announcement had passed there" in because
    assert "port security" in because
