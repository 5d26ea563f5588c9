"""What happens beside a move is told by the report in words to act on, by name and with the frames."""

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import vmpcap
from tests.lab.playing import once, written
from tests.lab.playing import played as in_play
from vmpcap.lab.scenarios import named
from vmpcap.lab.synth import Made, play
from vmpcap.report.blocks import Fact
from vmpcap.report.document import Report
from vmpcap.report.questions import about_questions


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


def test_an_announcement_in_mid_stream_draws_requests_to_where_nobody_is(played: Any) -> None:
    """The guest only answers, and is asked at its new place from then on: nothing of it at the old one tells."""
    outcome, because = checks(played("announced_too_early"))["announced_too_early"]
    assert outcome == "fail"
    assert "before the stream's last data, and drew 11 requests to site-b" in because


def test_an_early_announcement_just_before_the_end_is_one_too(tmp_path: Path) -> None:
    """38 ms before the guest is stopped: judged by when it could be reached, not by how long before the end."""
    made = in_play("announced_too_early", stream_bytes=8_000_000, rtt_ms=4.0, loss=0.001, seed=7)
    report = vmpcap.report(written(made, tmp_path), roles={tap.name: tap.role for tap in made.taps}).document
    outcome, because = checks(report)["announced_too_early"]
    assert outcome == "fail"
    assert "the guest was there only from 190" in because


def test_nothing_is_too_early_by_clocks_that_nothing_compares(tmp_path: Path) -> None:
    """The source host's bridge and its migration NIC are captured apart: no packet is seen at both."""
    made = in_play("announced_too_early", is_trunk=False)
    report = vmpcap.report(written(made, tmp_path), roles={tap.name: tap.role for tap in made.taps}).document
    outcome, because = checks(report)["announced_too_early"]
    assert outcome == "undecided"
    assert "the clocks of site-b and src-uplink were not compared" in because


def test_an_outage_by_an_early_announcement_is_parted_from_the_stun(played: Any) -> None:
    """Pings every 50 ms: lost from the announcement on, while the guest ran at its old place, and in the stun."""
    told = whole("announced_too_early").truth
    ends = [told["announcements"]["sent"][0]["ts"]] + [told["migration"][at] for at in ("stunned_ts", "resumed_ts")]
    drawn, stunned, resumed = (datetime.fromisoformat(end[:26]).timestamp() * 1000 for end in ends)
    (guest,) = played("announced_too_early").migrations[0].guests
    (pings,) = [peer for peer in guest.peers if peer.protocol == "icmp"]
    spent = {part.part: part.ms for part in pings.breakdown}
    assert spent == {
        "announcement": pytest.approx(stunned - drawn, abs=50),
        "stun": pytest.approx(resumed - stunned, abs=50),
    }
    assert guest.switchover.bracket_ms is not None
    assert guest.switchover.bracket_ms >= resumed - stunned, "an upper bound of the stun"


def test_a_mac_at_both_sites_is_no_working_vlan_and_no_pass(played: Any) -> None:
    """All peers are answered again in the end, by the guest or by its copy."""
    report = played("ghost")
    assert checks(report)["guest_reachable_after"][0] == "undecided"
    (row,) = [m for m in report.migrations[0].guests[0].mechanisms if m.name == "stretched_vlan"]
    assert row.worked == "no"


def test_a_filtered_announcement_is_told_with_the_points_that_it_died_between(played: Any) -> None:
    """The gateway's own ARP finds the guest seconds later."""
    (row,) = [
        m
        for m in played("stretched_vlan_rarp_filtered").migrations[0].guests[0].mechanisms
        if m.name == "stretched_vlan"
    ]
    assert row.worked == "no"
    assert "last at site-b, and missing first at gateway" in row.because


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


def test_a_guest_that_was_carried_while_off_is_told_as_what_it_is_since(played: Any) -> None:
    """Its new address by name; who asks for the old one waits in vain for that, not for a guest that hangs."""
    (migration,) = played("cold").migrations
    (guest,) = migration.guests
    (row,) = [m for m in guest.mechanisms if m.name == "cold_migration"]
    assert "since then it is 10.77.0.88" in row.because
    lost = [peer for peer in guest.peers if peer.survived is False]
    assert lost
    for peer in lost:
        assert [part.part for part in peer.breakdown] == ["stun", "guest"]
        assert "the guest had another address by then, 10.77.0.88" in peer.breakdown_because
    completed = next(check for check in migration.checks if check.id == "completed")
    assert completed.outcome == "undecided"
    assert "00:50:56:aa:77:10 runs at its destination, for it sends at site-b from frame 1 on" in completed.because
    assert "of those who asked it before it started anew" in played("cold").because
    told = [block.text for block in about_questions(migration, played("cold")) if isinstance(block, Fact)]
    assert "live or not: it did not go on but started anew" in told


def test_what_a_copy_sends_is_no_early_announcement_and_explains_what_its_peers_waited(played: Any) -> None:
    """The guest runs at its new place by then; each of the copy's frames draws what is for it to the old port."""
    outcome, because = checks(played("ghost"))["announced_too_early"]
    assert outcome == "pass", because
    (guest,) = played("ghost").migrations[0].guests
    waited = [peer for peer in guest.peers if peer.breakdown]
    assert waited
    for peer in waited:
        assert [part.part for part in peer.breakdown] == ["relearning"]
        assert "its MAC was sent there again: site-a frames" in peer.breakdown[0].because
        assert "switches had followed frames of its MAC to its old place" in peer.breakdown_because
