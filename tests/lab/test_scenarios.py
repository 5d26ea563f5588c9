"""Every scenario: tshark finds it sound, and a report says what the simulated machines know."""

import subprocess
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

import vmpcap
from tests.lab.playing import NAMES, once, scenario_of, written
from tests.tshark import needs_tshark
from vmpcap.lab.synth import Made

BROKEN = " || ".join(
    (
        "_ws.malformed",
        "ip.checksum.status == 0",
        "udp.checksum.status == 0",
        "icmp.checksum.status == 0",
        "icmpv6.checksum.status == 0",
        "vrrp.checksum.status == 0",
        "isis.lsp.checksum.status == 0",
        # severities: 0x600000 warning, 0x800000 error; what TCP analysis remarks is the story itself
        "(_ws.expert.severity >= 0x600000 && !tcp.analysis.flags && !(tcp.flags.reset == 1)"
        " && !arp.duplicate-address-detected && !esp.sequence-analysis.wrong-sequence-number)",
    )
)
CHECKED = ("ip.check_checksum:TRUE", "udp.check_checksum:TRUE")


@needs_tshark
@pytest.mark.parametrize("name", NAMES)
def test_tshark_reads_every_frame_without_a_complaint(name: str, tmp_path: Path) -> None:
    """Nothing malformed, no wrong checksum, no warning but those that tell of loss."""
    made = once(name)
    whole = tmp_path / "all.pcapng"  # a file of several sections, so that tshark is started once
    whole.write_bytes(b"".join(Path(path).read_bytes() for path in written(made, tmp_path).values()))
    command = ["tshark", "-r", str(whole), "-d", "udp.port==8472,vxlan"]
    for preference in CHECKED:
        command += ["-o", preference]
    wanted = ["-T", "fields", "-e", "frame.number", "-e", "frame.protocols"]
    done = subprocess.run(
        [*command, "-Y", f"{BROKEN} || frame.number == {frames(made)}", *wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    (last,) = done.stdout.splitlines()
    assert last.split()[0] == str(frames(made))


def frames(made: Made) -> int:
    """In all captures together."""
    return sum(len(tap.records) for tap in made.taps)


@needs_tshark
def test_whole_segments_have_the_checksum_that_tshark_computes(tmp_path: Path) -> None:
    """Of the guest's TCP conversation: the migration's frames are cut, so nobody can check theirs."""
    path = written(once("stretched_vlan"), tmp_path)["client"]
    asked = [
        "tshark",
        "-r",
        path,
        "-o",
        "tcp.check_checksum:TRUE",
        "-Y",
        "tcp",
        "-T",
        "fields",
        "-e",
        "tcp.checksum.status",
    ]
    words = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    assert len(words) > 50
    assert set(words) == {"1"}


@cache
def told(name: str, folder: Path) -> dict[str, Any]:
    """What a report says of this scenario's only migration."""
    made = once(name)
    folder.mkdir(exist_ok=True)
    files = written(made, folder)
    report = vmpcap.report(files, roles={tap.name: tap.role for tap in made.taps})
    assert len(report.migrations) == 1 + len(made.world.streams)
    return {"migration": report.migrations[0]}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all of them."""
    return tmp_path_factory.mktemp("played")


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest, folders: Path) -> tuple[str, dict[str, Any], Any]:
    """Name, truth, and the report's migration."""
    name: str = request.param
    return name, once(name).truth, told(name, folders / name)["migration"]


def ns(text: str) -> int:
    """Nanoseconds of a time in a report or truth."""
    whole, rest = text.removesuffix("Z").split(".")
    return int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(rest.ljust(9, "0"))


def test_the_report_tells_the_stream_as_its_ends_know_it(story: tuple[str, dict[str, Any], Any]) -> None:
    """Who moved, how many bytes, how fast, at what distance, how much was sent again."""
    name, truth, migration = story
    move = truth["migration"]
    assert (migration.source, migration.destination) == (move["source"], move["destination"])
    checks = {c.id: c.outcome for c in migration.checks}
    if move["outcome"] == "given up":
        assert (migration.outcome, checks["completed"]) == ("aborted", "fail")
        return
    if truth["parameters"]["restarts"]:  # no live migration, whatever the stream did
        assert checks["completed"] == "undecided"
        return
    assert migration.outcome == "completed"
    assert migration.bytes.unique == pytest.approx(move["payload_bytes"], abs=64)
    assert migration.loss.retransmissions == move["segments_resent"]
    assert migration.throughput.bulk_mbps == pytest.approx(move["bulk_mbps"], rel=0.08)
    assert migration.rtt.handshake_ms == pytest.approx(move["handshake_ms"], abs=0.02)
    assert migration.rtt.min_ms == pytest.approx(move["shortest_rtt_ms"], abs=0.05)
    if name.startswith("wan_optimizer"):  # nobody can count what lies beyond a proxy
        assert migration.path.hops_source_to_destination is None
        return
    assert migration.path.hops_source_to_destination == move["hops"]
    asked = scenario_of(name).link
    expected = {"throughput": move["bulk_mbps"] >= 622, "rtt": asked.rtt_ms < 5}
    outcomes = {check.id: check.outcome for check in migration.checks}
    for check, passes in expected.items():
        assert outcomes[check] != ("fail" if passes else "pass"), check
    assert outcomes["rtt"] != "undecided"


LOST: Final = {
    *("port_group_nowhere", "gateway_arp_old_site", "rip_stale", "ospf_stale", "eigrp_stale", "bgp_nobody"),
    *("isis_stale", "lisp_silent", "port_shut"),
}
"""Scenarios in which no packet passes the guest's new place and another both ways: nothing compares their clocks."""


def test_the_report_brackets_the_stun(story: tuple[str, dict[str, Any], Any]) -> None:
    """Its bracket holds the time in which the guest stood still, and is not much longer."""
    name, truth, migration = story
    if scenario_of(name).mishap == "early":
        return  # of a small stream nothing shows that the first sign of the guest came too early
    stun = truth["migration"]["stun_ms"]
    if stun is None or truth["parameters"]["restarts"]:
        assert not any(g.switchover.bracket_ms for g in migration.guests if stun is None)
        return
    (guest,) = migration.guests
    if name in LOST:
        assert guest.switchover.bracket_ms is None
        assert guest.switchover.bracket.because == "the clocks of the two points were not compared"
        return
    assert stun - 10 <= guest.switchover.bracket_ms <= stun + 60 * truth["parameters"]["pace"]


def test_the_report_knows_the_guest_and_its_announcements(story: tuple[str, dict[str, Any], Any]) -> None:
    """MAC, address, count at every point, and whether it arrived: never the opposite of the truth."""
    _, truth, migration = story
    if truth["migration"]["outcome"] != "completed" or truth["parameters"]["restarts"]:
        assert not any(g.announcements.count for g in migration.guests)
        return
    (guest,) = migration.guests
    assert guest.mac == truth["guest"]["mac"]
    assert truth["guest"]["ips"][0] in guest.ips
    assert guest.announcements.schedule == "esxi"
    if truth["mechanism"]["name"] != "drs":  # those of the later moves are theirs
        assert guest.announcements.count == len(truth["announcements"]["sent"])
    for point, count in truth["announcements"]["rarp_at"].items():
        if point.startswith("underlay"):
            continue
        assert bool(guest.announcements.by_point[point].seen) == (count > 0), point
    contrary = "not_reached" if truth["announcements"]["reached"] else "reached"
    assert guest.domain.verdict != contrary


def test_the_report_measures_each_peer_as_the_peer_does(story: tuple[str, dict[str, Any], Any]) -> None:
    """Within one interval of its questions; of datagrams that back off it may leave the length open."""
    _, truth, migration = story
    if truth["migration"]["outcome"] != "completed" or truth["parameters"]["restarts"]:
        assert not any(g.announcements.count for g in migration.guests)
        return
    (guest,) = migration.guests
    if truth["mechanism"]["name"] in ("nat", "cold_migration", "ha", "drs"):
        return  # outside the guest has another address; it lost its memory; there was more than one outage
    found = {p.protocol: p for p in guest.peers if p.point == "client"}
    for peer in truth["peers"]:
        said = found[f"{peer['protocol']}/{peer['port']}" if peer["port"] else peer["protocol"]]
        if not peer["ended"]:
            assert (said.survived, said.outage_ms) in ((False, None), (None, None)), peer
            continue
        assert said.survived is not False, peer
        if peer["protocol"] == "udp" and peer["outage_ms"] is not None and said.outage_high_ms is not None:
            low, high = (said.outage_low_ms or 0.0) - 1, said.outage_high_ms + 1
            assert low <= peer["outage_ms"] <= high, peer
            assert said.outage_ms != 0, peer
        if peer["protocol"] == "udp" and (
            said.outage_ms is None or (peer["outage_ms"] or 0) <= 3 * peer["interval_ms"]
        ):
            continue
        assert said.outage_ms == pytest.approx(peer["outage_ms"] or 0, abs=peer["interval_ms"]), peer


def test_the_report_says_whether_the_guest_is_reachable(story: tuple[str, dict[str, Any], Any]) -> None:
    """
    Passes where all are answered again, fails where nobody is, and never passes where somebody is not.

    What is lost for its size is lost: the guest is reached by who asks for little, and its services are dead.
    """
    name, truth, migration = story
    checks = {c.id: c.outcome for c in migration.checks}
    outcome = checks["guest_reachable_after"]
    if truth["parameters"]["restarts"]:
        assert outcome == ("pass" if truth["mechanism"]["worked"] == "yes" else "fail")
        return
    if truth["migration"]["outcome"] != "completed":
        assert outcome == "undecided"
        return
    if truth["parameters"]["fails"] == "too_big":
        assert outcome == "fail"
        return
    if scenario_of(name).mishap == "ghost":
        assert outcome == "undecided"  # who answered, the guest or its copy, nobody knows
        return
    ended = {p["ended"] for p in truth["peers"]}
    assert outcome in {(True,): ("pass",), (False,): ("fail",)}.get(tuple(ended), ("fail", "undecided"))


def test_the_report_judges_the_mechanism_as_its_machines_do(story: tuple[str, dict[str, Any], Any]) -> None:
    """By its name in the contract."""
    name, truth, migration = story
    found = [*migration.mechanisms, *(m for guest in migration.guests for m in guest.mechanisms)]
    mine = [m for m in found if m.name == truth["mechanism"]["name"]]
    said = mine[0].worked if mine else "not seen"
    if scenario_of(name).mishap == "shut":
        assert said in ("yes", "not seen")  # the domain is sound: what happens beside the move kept the peers
        return
    assert said == truth["mechanism"]["worked"], mine
