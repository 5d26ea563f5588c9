"""Every situation's report, held against what a person decided from the lab's own witnesses."""

from pathlib import Path

import pytest

from tests.captures.situations import FOLDERS, facts_of, legs, moved, points_of, report_of, within

DECIDING = ("completed", "throughput", "rtt", "announcement_reached_destination", "guest_reachable_after")

pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_the_verdict_is_the_one_a_person_would_give(folder: Path) -> None:
    """Pass, fail or undecided on the whole."""
    assert report_of(folder).verdict == facts_of(folder)["verdict"], report_of(folder).because


def test_every_migration_is_found_with_its_hosts_and_its_end(folder: Path) -> None:
    """As many as took place, in their order; from whom, to whom, by what, and how each ended."""
    assert len(report_of(folder).migrations) == len(facts_of(folder)["migrations"])
    for expected, found in legs(folder):
        for key in ("source", "destination", "hypervisor", "outcome", "connections"):
            assert getattr(found, key) == expected[key], key


def test_routed_or_adjacent_is_told(folder: Path) -> None:
    """Whether a router stands between the hosts, and how many where a person knows."""
    for expected, found in legs(folder):
        assert found.path.word == expected["path"], found.path.because
        if "hops" in expected:
            hops = expected["hops"]
            assert found.path.hops_source_to_destination == hops["source_to_destination"]
            assert found.path.hops_destination_to_source == hops["destination_to_source"]


def test_the_smallest_round_trip_is_that_of_the_path(folder: Path) -> None:
    """Ping and kernel say how long the path is; nothing may be shorter than it."""
    for expected, found in legs(folder):
        assert within(found.rtt.min_ms, expected["rtt_min_ms"]), (found.rtt.min_ms, found.rtt.coverage_because)


def test_the_mean_goodput_is_what_the_hypervisor_sent(folder: Path) -> None:
    """All connections together, from the first to the last data byte."""
    for expected, found in legs(folder):
        assert within(found.throughput.mean_mbps, expected["goodput_mean_mbps"]), found.throughput.mean_mbps


def test_resent_segments_are_those_the_kernel_counted(folder: Path) -> None:
    """At the sender's NIC every resent segment passes by."""
    for expected, found in legs(folder):
        assert within(found.loss.retransmissions, expected["retransmitted_segments"]), found.loss.retransmissions


def test_the_bottleneck_is_named_where_a_person_knows_it(folder: Path) -> None:
    """What kept the stream from going faster, where the lab leaves no doubt."""
    for expected, found in legs(folder):
        if "limited_by" in expected:
            assert found.throughput.limit == expected["limited_by"], found.throughput.limit_because


@pytest.mark.parametrize("rule", DECIDING)
def test_every_deciding_check_answers_as_decided(folder: Path, rule: str) -> None:
    """Each deciding check by itself, with a reason in words."""
    for expected, found in legs(folder):
        check = next(c for c in found.checks if c.id == rule)
        assert check.decides
        assert check.because
        assert check.outcome == expected["checks"][rule]["outcome"], check.because


def test_advice_that_a_person_expects_is_given(folder: Path) -> None:
    """Advice never decides, but some must not be missed."""
    for expected, found in legs(folder):
        for rule, wanted in expected.get("advice", {}).items():
            check = next(c for c in found.checks if c.id == rule)
            assert not check.decides
            assert check.outcome == wanted["outcome"], check.because


def test_the_guest_is_named_only_where_one_moved(folder: Path) -> None:
    """By its MAC, and by its address where its traffic is in view; nobody where nothing moved."""
    for expected, found in legs(folder):
        if expected["guest"] is None:
            assert found.guests == []
            continue
        assert [g.mac for g in found.guests] == [expected["guest"]["mac"]]
        assert expected["guest"]["ip"] in found.guests[0].ips


def test_announcements_are_counted_point_by_point(folder: Path) -> None:
    """Every frame that was sent, at every point that it passed."""
    for expected, guest in moved(folder):
        heard = {name: len(point.frames) for name, point in guest.announcements.by_point.items()}
        for name, count in expected["announcements"].items():
            assert name in points_of(folder)
            assert heard.get(name, 0) == count, name
        assert sorted(guest.announcements.kinds) == sorted(expected["kinds"])
        assert guest.announcements.schedule == "qemu"
        for name, vni in expected.get("vni_at", {}).items():
            assert guest.announcements.by_point[name].vni == vni


def test_reached_not_reached_and_not_observable_are_kept_apart(folder: Path) -> None:
    """At the points where a person can tell, and for the guest's domain on the whole."""
    for expected, guest in moved(folder):
        for name, word in expected["arrived"].items():
            assert guest.announcements.by_point[name].reached == word, (
                name,
                guest.announcements.by_point[name].because,
            )
        assert guest.domain.verdict == expected["domain"], guest.domain.because


def test_the_switchover_is_as_long_as_from_stop_to_resume(folder: Path) -> None:
    """The bracket holds the time in which no host ran the guest, and little more; or none is told, and why."""
    for expected, guest in moved(folder):
        if "unknown" in expected["switchover_ms"]:
            assert guest.switchover.bracket_ms is None
            assert guest.switchover.bracket.because == "the clocks of the two points were not compared"
            continue
        assert within(guest.switchover.bracket_ms, expected["switchover_ms"]), (
            guest.switchover.bracket_ms,
            guest.switchover.bracket.because,
        )


def test_peers_suffered_what_the_client_says(folder: Path) -> None:
    """Within one interval of the client's probes; and whoever never came back is said not to have."""
    for expected, guest in moved(folder):
        for protocol, bounds in expected.get("peer_outage_ms", {}).items():
            peers = [p for p in guest.peers if p.protocol.startswith(protocol)]
            assert any(within(p.outage_ms, bounds) for p in peers), [(p.peer, p.outage_ms) for p in peers]
            assert all(p.survived for p in peers)
        for protocol in expected.get("never_back", []):
            peers = [p for p in guest.peers if p.protocol.startswith(protocol)]
            assert peers
            assert all(p.survived is False for p in peers)
