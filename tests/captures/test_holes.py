"""Holes that were cut into sound captures: each is found, and no outage is told that lies in one."""

import json
import random
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import pytest
from backports import zstd

from tests.captures.altered import packets_of, written
from tests.captures.situations import CAPTURES, FOLDERS, facts_of, file_of, points_of, report_of
from vmpcap.report.document import CaptureHole, Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

MS = 1_000_000
SITUATIONS = ("routed_stretched", "clean")
ALONE = {"gw-lan": "gateway", "client": "client"}
CUTS = {
    "over_the_end": (100, 500),
    "over_the_begin": (-100, 250),
    "over_all_of_it": (-50, 450),
    "inside": (20, 90),
    "before": (-500, -200),
    "after": (500, 900),
}
"""From when to when frames are cut out, ms after QEMU stopped the guest: it was away for 170 to 180 ms."""


def stop_of(folder: Path) -> int:
    """When did QEMU stop the guest? Ns."""
    truth = json.loads((folder / "truth.json").read_text())
    return int(next(e["t"] for e in truth["qmp_events"] if e["event"] == "STOP") * 1e9)


def cut(path: Path, out: Path, begin: int, end: int) -> tuple[int, int, int]:
    """The capture without the frames between; the last time before and the first after, and how many were cut."""
    raw = zstd.decompress(path.read_bytes())
    fraction = {b"\xd4\xc3\xb2\xa1": 1000, b"\x4d\x3c\xb2\xa1": 1}[raw[:4]]
    kept, at, count, before, after = [raw[:24]], 24, 0, 0, 0
    while at < len(raw):
        seconds, rest, length, _ = struct.unpack_from("<IIII", raw, at)
        ts = seconds * 1_000_000_000 + rest * fraction
        if begin < ts < end:
            count += 1
        else:
            kept.append(raw[at : at + 16 + length])
            before = ts if ts <= begin else before
            after = ts if ts >= end and not after else after
        at += 16 + length
    out.write_bytes(b"".join(kept))
    return before, after, count


def reported(points: Sequence[tuple[str, str, Path]], folder: Path) -> Report:
    """What vmpcap says of these points."""
    files = tuple(PointFiles(name, role, (str(path),)) for name, role, path in points)
    guest = facts_of(folder)["migrations"][0]["guest"]["ip"]  # beside its client nothing announces it
    return analyse(Request(points=files, profile=load_profile(facts_of(folder)["profile"]), guests=(guest,))).report


def holes_of(report: Report) -> dict[str, list[CaptureHole]]:
    return {one.point: one.holes for one in report.inputs if one.holes}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_sound_capture_has_no_hole(folder: Path) -> None:
    """The capturing machine dropped nothing in any of them, and guests that moved are no holes."""
    assert holes_of(report_of(folder)) == {}


def cases() -> Iterator[tuple[str, str, str]]:
    return ((situation, point, which) for situation in SITUATIONS for point in ALONE for which in CUTS)


@lru_cache(maxsize=4)
def _bounds(folder: Path) -> dict[str, tuple[float, float]]:
    known = facts_of(folder)["migrations"][0]["guest"]["peer_outage_ms"]
    return {protocol: (one["from"], one["to"]) for protocol, one in known.items()}


@pytest.mark.parametrize(("situation", "point", "which"), list(cases()))
def test_a_point_alone_tells_no_outage_that_lies_in_its_hole(
    situation: str, point: str, which: str, tmp_path: Path
) -> None:
    """The outage is told as it was, or not at all, and then the hole is named; the hole itself is found."""
    folder = CAPTURES / situation
    begin, end = (stop_of(folder) + edge * MS for edge in CUTS[which])
    out = tmp_path / "cut.pcap"
    before, after, count = cut(file_of(folder, point), out, begin, end)
    assert count
    source = ("src-uplink", "source", file_of(folder, "src-uplink"))
    report = reported([source, (point, ALONE[point], out)], folder)
    (hole,) = holes_of(report)[point]
    assert abs(hole.ms - (after - before) / MS) < 1e-6
    (guest,) = report.migrations[0].guests
    peers = {peer.protocol.partition("/")[0]: peer for peer in guest.peers}
    for protocol, (low, high) in _bounds(folder).items():
        told = peers[protocol]
        if which in ("before", "after"):
            assert told.outage_ms is not None
        if told.outage_ms is None:
            assert f"the capture at {point} has a hole of {hole.ms:.0f} ms" in told.because
        else:
            assert low <= told.outage_ms <= high
    answers = {check.id: check for check in report.migrations[0].checks}
    if guest.switchover.peer_outage_ms is None:
        assert "has a hole of" in guest.switchover.peer_outage.because
        assert answers["switchover"].outcome == "undecided"
    quality = answers["capture_quality"]
    assert (quality.outcome == "fail") == hole.sure


@pytest.mark.parametrize("which", ["over_the_end", "over_the_begin", "over_all_of_it"])
@pytest.mark.parametrize(("blind", "sound"), [("client", "gw-lan"), ("gw-lan", "client")])
def test_an_outage_is_measured_where_nobody_was_blind(blind: str, sound: str, which: str, tmp_path: Path) -> None:
    """The other point shows it whole, and says so where it is not the usual one."""
    folder = CAPTURES / "routed_stretched"
    begin, end = (stop_of(folder) + edge * MS for edge in CUTS[which])
    out = tmp_path / "cut.pcap"
    cut(file_of(folder, blind), out, begin, end)
    source = ("src-uplink", "source", file_of(folder, "src-uplink"))
    points = [source, (blind, ALONE[blind], out), (sound, ALONE[sound], file_of(folder, sound))]
    report = reported(points, folder)
    (hole,) = holes_of(report)[blind]
    assert hole.sure
    assert f"{sound} shows" in hole.because
    (guest,) = report.migrations[0].guests
    peers = {peer.protocol.partition("/")[0]: peer for peer in guest.peers}
    for protocol, (low, high) in _bounds(folder).items():
        told = peers[protocol]
        assert told.point == sound
        assert told.outage_ms is not None
        assert low <= told.outage_ms <= high
        assert ("measured here, because the capture at client has a hole" in told.because) == (blind == "client")


def test_an_announcement_that_may_have_passed_in_a_hole_is_not_said_to_be_missing(tmp_path: Path) -> None:
    """All five pass the gateway's port within 0.8 s; 1.2 s around them are cut out of its capture."""
    folder = CAPTURES / "routed_stretched"
    stop = stop_of(folder)
    out = tmp_path / "cut.pcap"
    cut(file_of(folder, "gw-lan"), out, stop + 50 * MS, stop + 1250 * MS)
    others = [(p, r, file_of(folder, p)) for p, r in points_of(folder).items() if p != "gw-lan"]
    report = reported([*others, ("gw-lan", "gateway", out)], folder)
    told = report.migrations[0].guests[0].announcements.by_point["gw-lan"]
    assert (told.seen, told.reached) == (None, "not_observable")
    assert "the capture at gw-lan has a hole" in told.because


@pytest.mark.parametrize("which", ["working", "failing"])
def test_a_place_that_a_guest_left_and_came_back_to_was_not_blind(which: str) -> None:
    """While it is away its connection goes on at the other site; a frame a second shows that this one was recorded."""
    report = report_of(CAPTURES / "mechanisms" / "drs" / which)
    assert holes_of(report) == {}
    for migration in report.migrations:
        assert next(c.outcome for c in migration.checks if c.id == "capture_quality") == "pass"


THINNED = {"over_all_of_it": (-50, 450), "over_the_end": (100, 400), "before": (-500, -200), "after": (500, 800)}
"""From when to when half of the frames are taken out, ms after QEMU stopped the guest."""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("which", THINNED)
@pytest.mark.parametrize("point", ALONE)
def test_a_capture_that_lacks_half_of_its_frames_for_a_while_makes_no_outage_of_it(
    point: str, which: str, seed: int, tmp_path: Path
) -> None:
    """It is never silent for long; what looks like an outage in it is no figure, and the true one elsewhere is."""
    folder, rng = CAPTURES / "routed_stretched", random.Random(seed)
    begin, end = (stop_of(folder) + edge * MS for edge in THINNED[which])
    kept = [p for p in packets_of(folder.name, point) if not begin < (p.ts_ns or 0) < end or rng.random() < 0.5]
    out = written(tmp_path / "thin.pcap", kept)
    source = ("src-uplink", "source", file_of(folder, "src-uplink"))
    report = reported([source, (point, ALONE[point], out)], folder)
    assert any("are not in view, beside" in hole.because for hole in holes_of(report)[point])
    (guest,) = report.migrations[0].guests
    for peer in guest.peers:
        low, high = _bounds(folder)[peer.protocol.partition("/")[0]]
        if which in ("before", "after"):
            assert peer.outage_ms is not None
        assert peer.outage_ms is None or low <= peer.outage_ms <= high
        if peer.outage_ms is None:
            assert "the capture at" in peer.because
