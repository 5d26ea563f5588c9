"""Real captures with frames left out or put together: what they no longer show is not said."""

import csv
from pathlib import Path

import pytest

from tests.captures.altered import ARP, RARP, ethertype, filtered, merged, packets_of, written
from tests.captures.situations import CAPTURES, file_of, points_of
from tests.points_taken_away import read, report_of
from vmpcap.report.document import Report
from vmpcap.verdicts.findings import Check

S = 1_000_000_000


def said(folder: str, altered: dict[str, str], **stem_of: str) -> Report:
    """What these points say together; each is named by its role, with `_` for the colon. Altered ones come by path."""
    files = {role: str(file_of(CAPTURES / folder, stem)) for role, stem in stem_of.items()} | altered
    return report_of(read([(role.replace("_", ":"), role.replace("_", ":"), path) for role, path in files.items()]))


EVERYBODY = bytes.fromhex("ffffffffffff")


def check(report: Report, name: str) -> Check:
    """One answer about the first migration."""
    return next(c for c in report.migrations[0].checks if c.id == name)


def first_rarp(folder: str, stem: str) -> int:
    """When was the first RARP there, by its Ethernet type alone?"""
    return next(p.ts_ns or 0 for p in packets_of(folder, stem) if ethertype(p) == RARP)


def test_a_capture_without_any_arp_shows_no_absence_of_one(tmp_path: Path) -> None:
    """The RARP did reach this port: a filter hid it, with all ARP of everybody."""
    path = written(
        tmp_path / "gw.pcap", filtered("routed_stretched", "gw-lan", lambda p: ethertype(p) not in (ARP, RARP))
    )
    answer = check(said("routed_stretched", {"gateway": path}, source="src-uplink"), "announcement_reached_destination")
    assert answer.outcome == "undecided"
    assert "no ARP or RARP of anybody" in answer.because
    ends = {"domain_source": "src-guestbr", "domain_destination": "dst-guestbr"}
    more = said("routed_stretched", {"gateway": path}, source="src-uplink", **ends)
    assert check(more, "announcement_reached_destination").outcome != "fail"
    (guest,) = more.migrations[0].guests
    assert guest.announcements.first_missing_at == []


def test_a_port_to_which_nothing_of_a_living_guest_came_fails_without_arp() -> None:
    """No ARP of anybody on this gateway's port, and no other frame of the guest: it sent them elsewhere, in vain."""
    ends = {"domain_source": "src-guestbr", "domain_destination": "dst-guestbr"}
    report = said("destination_isolated", {}, source="src-uplink", gateway="gw-lan", **ends)
    assert not [p for p in packets_of("destination_isolated", "gw-lan") if ethertype(p) in (ARP, RARP)]
    assert check(report, "announcement_reached_destination").outcome == "fail"


def test_a_port_with_others_arp_alone_may_be_behind_a_filter() -> None:
    """The switch dropped the RARP and let ARP pass; a capture filter for ARP and IP looks the same at one port."""
    said_here = said("rarp_filtered", {}, source="src-uplink", gateway="gw-lan")
    answer = check(said_here, "announcement_reached_destination")
    assert answer.outcome == "undecided"
    assert "a filter that lets these pass" in answer.because
    (guest,) = said_here.migrations[0].guests
    assert not guest.announcements.by_point["gateway"].seen


@pytest.mark.parametrize(("is_broadcast", "outcome"), [(True, "fail"), (False, "undecided")])
def test_a_port_that_shows_other_types_of_frames_still_fails(is_broadcast: bool, outcome: str, tmp_path: Path) -> None:
    """
    LLDP of a switch beside the ARP, and ARP to everybody: no filter for ARP and IP was there, and none of broadcasts.

    Without the latter it may have been "not broadcast": LLDP passes that.
    """
    packets = packets_of("rarp_filtered", "gw-lan")
    assert not [p for p in packets if p.data[:6] == EVERYBODY]
    more = [bytes.fromhex("0180c200000e 020000000077 88cc") + bytes(46)]
    asks = "0001 0800 06 04 0001 020000000077 0a4d004d 000000000000 0a4d004e"
    more += [EVERYBODY + bytes.fromhex(f"020000000077 0806 {asks}") + bytes(18)] if is_broadcast else []
    shown = [packets[0]._replace(data=data, wire=len(data)) for data in more]
    path = written(tmp_path / "gw.pcap", [*shown, *packets])
    answer = check(said("rarp_filtered", {"gateway": path}, source="src-uplink"), "announcement_reached_destination")
    assert answer.outcome == outcome


@pytest.mark.parametrize("late_ms", [100, 700])
def test_a_frame_from_the_new_place_joins_no_domains(late_ms: int, tmp_path: Path) -> None:
    """The capture begins after the move: what it shows before a repeated announcement is the new place already."""
    begin = first_rarp("routed_stretched", "gw-lan") + late_ms * 1_000_000
    late = written(tmp_path / "gw.pcap", filtered("routed_stretched", "gw-lan", lambda p: (p.ts_ns or 0) >= begin))
    (guest,) = said("routed_stretched", {"gateway": late}, source="src-uplink").migrations[0].guests
    assert guest.announcements.by_point["gateway"].seen
    assert "one domain" not in guest.domain.word_because
    assert guest.domain.word == "undecided"


def test_a_frame_from_the_old_place_joins_them() -> None:
    """The whole capture shows the guest in the segment before it moved."""
    (guest,) = said("routed_stretched", {}, source="src-uplink", gateway="gw-lan").migrations[0].guests
    assert "one domain" in guest.domain.word_because


def mechanism(name: str, but: frozenset[str]) -> Report:
    """A mechanism's report without these points."""
    folder = CAPTURES / "mechanisms" / name
    points = [(p, role, str(file_of(folder, p))) for p, role in points_of(folder).items() if p not in but]
    return report_of(read(points))


@pytest.mark.parametrize("but", [("dci",), ("dci", "siteA-bridge", "siteB-bridge"), ("dci", "gwB-lan")], ids="-".join)
def test_sites_whose_link_nobody_captured_are_not_one_site(but: tuple[str, ...]) -> None:
    """Two sites joined by a short link: near by, and stretched all the same."""
    (guest,) = mechanism("vrrp_leak", frozenset(but)).migrations[0].guests
    assert guest.domain.word == "undecided"
    (whole,) = mechanism("vrrp_leak", frozenset()).migrations[0].guests
    assert whole.domain.word == "stretched"


@pytest.mark.parametrize("folder", ["clean", "rarp_filtered", "multifd", "there_and_back"])
def test_one_switch_stays_the_same_domain(folder: str) -> None:
    """The port of the switch beyond the host was looked at, as the lab is built."""
    points = [(p, role, str(file_of(CAPTURES / folder, p))) for p, role in points_of(CAPTURES / folder).items()]
    for migration in report_of(read(points)).migrations:
        (guest,) = migration.guests
        assert guest.domain.word == "same"
        assert "dst-switchport, between them" in guest.domain.word_because


@pytest.mark.parametrize("stems", [("gw-lan", "dst-guestbr"), ("gw-lan", "dst-guestbr", "src-guestbr")], ids="+".join)
def test_a_merge_of_two_segments_is_not_one(stems: tuple[str, ...], tmp_path: Path) -> None:
    """No RARP came to the gateway's port; in one file with the isolated bridge it seems so."""
    whole = merged(*(packets_of("destination_isolated", stem) for stem in stems))
    report = said("destination_isolated", {"gateway": written(tmp_path / "gw.pcap", whole)}, source="src-uplink")
    assert check(report, "announcement_reached_destination").outcome != "pass"
    assert check(report, "guest_reachable_after").outcome != "pass"
    (guest,) = report.migrations[0].guests
    assert guest.announcements.by_point["gateway"].seen
    assert guest.announcements.by_point["gateway"].reached == "not_observable"
    assert "one domain" not in guest.domain.word_because


def test_requests_without_an_answer_are_told_where_they_do_not_decide(tmp_path: Path) -> None:
    """Over a thousand requests met silence: that is said, though the answers might have left by another gateway."""
    whole = merged(*(packets_of("destination_isolated", stem) for stem in ("gw-lan", "dst-guestbr")))
    report = said("destination_isolated", {"gateway": written(tmp_path / "gw.pcap", whole)}, source="src-uplink")
    answer = check(report, "guest_reachable_after")
    assert answer.outcome == "undecided"
    assert "none of 1," in answer.because


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_start_in_mid_stream_passes_nothing_that_may_have_been_sent_again(share: float, tmp_path: Path) -> None:
    """The whole capture shows losses; its end alone shows none, and does not say that there were none."""
    packets = packets_of("lossy", "src-uplink")
    late = written(tmp_path / "late.pcap", packets[int(share * len(packets)) :])
    whole = check(said("lossy", {}, source="src-uplink", destination="dst-uplink"), "retransmissions")
    assert whole.measured
    answer = check(said("lossy", {"source": late}, destination="dst-uplink"), "retransmissions")
    assert answer.outcome != "pass"
    if answer.outcome == "undecided":
        assert "the stream had begun before the capture at source did" in answer.because


@pytest.mark.parametrize("by_ms", [-400, 700])
def test_a_step_of_a_clock_hides_no_loss(by_ms: int, tmp_path: Path) -> None:
    """The destination's clock is set in the midst of the stream: what did not come was lost, as without the step."""
    packets = packets_of("lossy", "dst-uplink")
    half = packets[len(packets) // 2].ts_ns or 0
    stepped = [p._replace(ts_ns=(p.ts_ns or 0) + by_ms * 1_000_000) if (p.ts_ns or 0) >= half else p for p in packets]
    path = written(tmp_path / "dst.pcap", stepped)
    rows = csv.DictReader((CAPTURES / "lossy" / "wan-drops.csv").read_text().splitlines())
    dropped = sum(row["chan"] == "mig" and row["dir"] == "ab" for row in rows)
    onward = said("lossy", {"destination": path}, source="src-uplink").migrations[0].segments[0]
    assert onward.lost == dropped > 0
