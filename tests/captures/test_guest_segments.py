"""Where packets between a guest and its peers were lost, before and after it moved: by the truth of real migrations."""

import json
import re
import struct
from collections.abc import Callable, Container
from pathlib import Path

import pytest
from backports import zstd

from tests.captures.situations import CAPTURES, facts_of, file_of, points_of, report_of
from vmpcap.migration.segment_results import GuestSegment
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

ROUTED = CAPTURES / "routed_stretched"
NEW_PLACE = ("dst-switchport", "dst-guestbr")


def segments_of(report: Report) -> dict[tuple[str, str, str], GuestSegment]:
    """Those of the first guest, by when and between whom."""
    return {(s.when, s.from_point, s.to_point): s for s in report.migrations[0].guests[0].segments}


@pytest.mark.parametrize("name", ["routed_stretched", "clean", "multifd", "there_and_back", "vxlan_stretched"])
def test_nothing_is_lost_where_the_emulator_dropped_nothing_of_the_guest(name: str) -> None:
    """The truth's list of drops holds the migration's own frames only; every peer was answered but during the stun."""
    for migration in report_of(CAPTURES / name).migrations:
        (guest,) = migration.guests
        assert {s.when for s in guest.segments} == {"before", "after"}
        assert {s.direction for s in guest.segments} == {"to_guest", "from_guest"}
        told = {(s.from_point, s.to_point, s.when): s.lost for s in guest.segments if s.matched}
        assert told
        assert set(told.values()) == {0}


def test_the_way_before_leads_to_the_old_place_and_the_way_after_to_the_new_one() -> None:
    """In the order of the lab's picture, there and back."""
    ways = {
        when: [(s.from_point, s.to_point) for s in report_of(ROUTED).migrations[0].guests[0].segments if s.when == when]
        for when in ("before", "after")
    }
    assert ways["before"] == [
        ("client", "gw-lan"),
        ("gw-lan", "client"),
        ("gw-lan", "src-guestbr"),
        ("src-guestbr", "gw-lan"),
    ]
    assert ways["after"] == [
        ("client", "gw-lan"),
        ("gw-lan", "client"),
        ("gw-lan", "dst-switchport"),
        ("dst-switchport", "gw-lan"),
        ("dst-switchport", "dst-guestbr"),
        ("dst-guestbr", "dst-switchport"),
    ]


def test_the_delay_between_the_sites_is_the_emulators() -> None:
    """2 ms there and back for the guest's stretched VLAN after it moved; nothing but wires before."""
    found = segments_of(report_of(ROUTED))
    there, back = found["after", "gw-lan", "dst-switchport"], found["after", "dst-switchport", "gw-lan"]
    assert there.delay_min_ms is not None
    assert back.delay_min_ms is not None
    assert 1.9 <= there.delay_min_ms + back.delay_min_ms <= 2.5
    before = found["before", "gw-lan", "src-guestbr"]
    assert before.delay_min_ms is not None
    assert before.uncertainty_ms is not None
    assert before.delay_min_ms <= 0.1 + before.uncertainty_ms


def test_requests_that_a_switch_sent_to_the_old_place_were_lost_between_the_gateway_and_the_new_one() -> None:
    """RARP filtered, quiet guest: as many of the client's probes as it counted were lost after the guest was back."""
    folder = CAPTURES / "rarp_filtered"
    truth = json.loads((folder / "truth.json").read_text())
    (run,) = truth["client"]["icmp"]["lost_runs"]
    lost = run["lost"]
    assert run["first_lost_send"] > next(e["t"] for e in truth["qmp_events"] if e["event"] == "STOP")
    found = segments_of(report_of(folder))["after", "gw-lan", "dst-switchport"]
    assert found.lost == lost
    assert f"{lost} of {found.lost_of} packets to the guest were last seen at gw-lan and never at dst-switchport" in (
        found.because
    )
    assert f"{lost} of them were seen at src-guestbr, the guest's old place" in found.because
    assert len(found.frames) == lost


def test_an_isolated_destination_gets_nothing_and_the_old_place_gets_it_all() -> None:
    """
    Its bridge is not connected: every request is last seen at the gateway's port. No packet compares its clock, so
    whether its capture ran then is not told either.
    """
    found = segments_of(report_of(CAPTURES / "destination_isolated"))["after", "gw-lan", "dst-guestbr"]
    assert found.lost is None
    assert found.lost_of > 0
    assert "whether dst-guestbr was recording then is not known" in found.because
    assert f"{found.lost_of} of them were seen at src-guestbr, the guest's old place" in found.because


def echo_of(frame: bytes) -> tuple[int, int] | None:
    """Type and sequence number of an ICMP echo in plain Ethernet; None for anything else."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 1 or frame[34] not in (0, 8):
        return None
    return frame[34], struct.unpack_from(">H", frame, 40)[0]


def without(path: Path, out: Path, is_cut: Callable[[int, int], bool]) -> None:
    """The capture without the echoes of which this is true, by type and number."""
    raw = zstd.decompress(path.read_bytes())
    kept, at = [raw[:24]], 24
    while at < len(raw):
        length = struct.unpack_from("<I", raw, at + 8)[0]
        echo = echo_of(raw[at + 16 : at + 16 + length])
        if echo is None or not is_cut(*echo):
            kept.append(raw[at : at + 16 + length])
        at += 16 + length
    out.write_bytes(b"".join(kept))


def echoes_at(path: Path) -> list[tuple[int, int]]:
    """Type and number of each echo in this capture."""
    raw, found, at = zstd.decompress(path.read_bytes()), [], 24
    while at < len(raw):
        length = struct.unpack_from("<I", raw, at + 8)[0]
        found.append(echo_of(raw[at + 16 : at + 16 + length]))
        at += 16 + length
    return [echo for echo in found if echo is not None]


def judged_without(
    folder: Path, cuts: dict[str, Callable[[int, int], bool]], into: Path, names: Container[str] | None = None
) -> Report:
    """The report of all points, or of these alone, with these echoes cut out of these."""
    points = []
    for name, role in points_of(folder).items():
        if names is not None and name not in names:
            continue
        path = file_of(folder, name)
        if name in cuts:
            path = into / f"{name}.pcap"
            without(file_of(folder, name), path, cuts[name])
        points.append(PointFiles(name, role, (str(path),)))
    return analyse(Request(points=tuple(points), profile=load_profile(facts_of(folder)["profile"]))).report


LATER = set(range(400, 500, 7))
"""Numbers of echoes that the client sends well after the guest has moved."""


def test_requests_that_vanish_behind_the_gateway_are_lost_there(tmp_path: Path) -> None:
    """They are cut out at the new place, and the replies to them everywhere."""
    cuts: dict[str, Callable[[int, int], bool]] = dict.fromkeys(
        points_of(ROUTED), lambda kind, number: kind == 0 and number in LATER
    )
    cuts |= dict.fromkeys(NEW_PLACE, lambda kind, number: number in LATER)
    found = segments_of(judged_without(ROUTED, cuts, tmp_path))
    assert found["after", "gw-lan", "dst-switchport"].lost == len(LATER)
    assert len(found["after", "gw-lan", "dst-switchport"].frames) == len(LATER)
    others = {key: s.lost for key, s in found.items() if key != ("after", "gw-lan", "dst-switchport")}
    assert set(others.values()) == {0}


@pytest.mark.parametrize("numbers", [range(402, 600, 3), range(402, 600, 5)], ids=["every third", "every fifth"])
def test_requests_that_nobody_answers_are_lost_and_no_fault_of_the_capture(tmp_path: Path, numbers: range) -> None:
    """By left-out numbers alone a hole is told: as these were answered nowhere, they are lost."""
    cuts: dict[str, Callable[[int, int], bool]] = dict.fromkeys(
        points_of(ROUTED), lambda kind, number: kind == 0 and number in numbers
    )
    cuts |= dict.fromkeys(NEW_PLACE, lambda kind, number: number in numbers)
    gone = [number for kind, number in echoes_at(file_of(ROUTED, "gw-lan")) if kind == 8 and number in numbers]
    found = segments_of(judged_without(ROUTED, cuts, tmp_path))
    assert len(gone) > 20
    assert found["after", "gw-lan", "dst-switchport"].lost == len(gone)


def test_answers_that_vanish_on_their_way_are_lost_in_that_direction(tmp_path: Path) -> None:
    """The guest answers at its new place; neither the gateway nor the client sees it."""
    cuts: dict[str, Callable[[int, int], bool]] = dict.fromkeys(
        ("gw-lan", "client"), lambda kind, number: kind == 0 and number in LATER
    )
    found = segments_of(judged_without(ROUTED, cuts, tmp_path))
    assert found["after", "dst-switchport", "gw-lan"].lost == len(LATER)
    assert found["after", "dst-switchport", "gw-lan"].direction == "from_guest"
    assert found["after", "gw-lan", "dst-switchport"].lost == 0


def test_what_one_capture_lacks_and_a_farther_one_shows_was_missed_and_not_lost(tmp_path: Path) -> None:
    """The switch port's capture lacks some requests that the guest's bridge shows."""
    found = segments_of(
        judged_without(ROUTED, {"dst-switchport": lambda kind, number: kind == 8 and number in LATER}, tmp_path)
    )
    segment = found["after", "gw-lan", "dst-switchport"]
    assert (segment.lost, segment.missed) == (0, len(LATER))


def test_requests_that_were_answered_were_not_lost_whatever_the_captures_lack(tmp_path: Path) -> None:
    """No point at the new place shows them, and the replies pass the gateway."""
    cuts = dict.fromkeys(NEW_PLACE, lambda kind, number: kind == 8 and number in LATER)
    segment = segments_of(judged_without(ROUTED, cuts, tmp_path))["after", "gw-lan", "dst-switchport"]
    assert (segment.lost, segment.missed) == (0, len(LATER))


GUEST_ADDRESS = bytes([10, 77, 0, 10])


def one_direction(path: Path, out: Path, is_kept: Callable[[bytes], bool]) -> str:
    """The capture with the IPv4 packets of which this is true."""
    raw = zstd.decompress(path.read_bytes())
    kept, at = [raw[:24]], 24
    while at < len(raw):
        length = struct.unpack_from("<I", raw, at + 8)[0]
        frame = raw[at + 16 : at + 16 + length]
        if frame[12:14] != b"\x08\x00" or is_kept(frame):
            kept.append(raw[at : at + 16 + length])
        at += 16 + length
    out.write_bytes(b"".join(kept))
    return str(out)


def test_nothing_is_called_lost_where_a_capture_holds_the_guests_answers_only(tmp_path: Path) -> None:
    """One direction of its link: what it answered it was sent, though no frame of that is in view there."""
    points = []
    for name, role in points_of(ROUTED).items():
        path = str(file_of(ROUTED, name))
        if name in ("dst-switchport", "client", "src-guestbr"):
            continue
        if name == "dst-guestbr":
            path = one_direction(Path(path), tmp_path / f"{name}.pcap", lambda f: f[26:30] == GUEST_ADDRESS)
        elif name == "gw-lan":
            path = one_direction(Path(path), tmp_path / f"{name}.pcap", lambda f: f[26:30] != GUEST_ADDRESS)
        points.append(PointFiles(name, role, (path,)))
    profile = load_profile(facts_of(ROUTED)["profile"])
    segment = segments_of(analyse(Request(points=tuple(points), profile=profile)).report)[
        "after", "gw-lan", "dst-guestbr"
    ]
    assert segment.lost is None
    assert "shows the guest's answers and nothing that it was sent" in segment.because


@pytest.mark.parametrize("lacks_requests", [True, False])
def test_answers_are_not_called_lost_at_a_point_that_lacks_as_many_of_the_requests(
    tmp_path: Path, lacks_requests: bool
) -> None:
    """
    The gateway's port is nearest to the client. Of the requests that it lacks the guest's bridge shows that they passed
    there; of the answers nobody tells, so they are lost only where its capture is otherwise whole.
    """
    answers, requests = range(400, 500, 9), range(403, 500, 9)
    cuts: dict[str, Callable[[int, int], bool]] = {
        "gw-lan": lambda kind, number: number in (answers if kind == 0 else requests if lacks_requests else ())
    }
    names = ("src-uplink", "src-guestbr", "dst-guestbr", "gw-lan")
    found = segments_of(judged_without(ROUTED, cuts, tmp_path, names))
    back = found["after", "dst-guestbr", "gw-lan"]
    assert back.lost == (0 if lacks_requests else len(answers)), back.because
    assert back.outside >= (len(answers) if lacks_requests else 0)
    assert (f"whose capture lacks {len(requests)} of" in back.because) is lacks_requests


@pytest.mark.parametrize(("step", "least"), [(18, 0), (27, 1)])
def test_more_answers_than_a_capture_lacks_of_the_requests_are_neither_lost_nor_not(
    tmp_path: Path, step: int, least: int
) -> None:
    """Twelve are missing where it lacks six requests, or four: how many it missed is known within twice as many."""
    answers, requests = range(400, 500, 9), range(403, 500, step)
    cuts: dict[str, Callable[[int, int], bool]] = {
        "gw-lan": lambda kind, number: number in (answers if kind == 0 else requests)
    }
    names = ("src-uplink", "src-guestbr", "dst-guestbr", "gw-lan")
    back = segments_of(judged_without(ROUTED, cuts, tmp_path, names))["after", "dst-guestbr", "gw-lan"]
    assert (back.lost, back.frames) == (None, []), back.because
    low, high = map(int, re.findall(r"([0-9]+) to ([0-9]+): 12 were last seen at dst-guestbr", back.because)[0])
    assert least <= low <= len(answers) - len(requests)
    assert high == len(answers)
    assert f"whose capture lacks {len(requests)} of" in back.because


def test_losses_far_beyond_what_a_capture_lacks_are_told_with_how_many_that_may_be(tmp_path: Path) -> None:
    """A hundred answers are missing where it lacks three requests."""
    answers, requests = range(400, 500), (403, 437, 471)
    cuts: dict[str, Callable[[int, int], bool]] = {
        "gw-lan": lambda kind, number: number in (answers if kind == 0 else requests)
    }
    names = ("src-uplink", "src-guestbr", "dst-guestbr", "gw-lan")
    back = segments_of(judged_without(ROUTED, cuts, tmp_path, names))["after", "dst-guestbr", "gw-lan"]
    assert back.lost == len(answers), back.because
    assert "of them may only be missed by gw-lan, whose capture lacks 3 of" in back.because
