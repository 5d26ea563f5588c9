"""What every situation's folder holds, so that a stranger can read it and a clone stays small."""

import json
import struct
from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES, FOLDERS, file_of, points_of
from vmpcap.points.roles import ROLES
from vmpcap.readers.sources import open_capture

BULK = ("src-uplink", "dst-uplink", "src-vmk")
MOST_BYTES_A_FRAME = 96
MOST_BYTES_A_FILE = 4_000_000
MOST_BYTES = 40_000_000

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_the_situations_that_a_newcomer_is_promised_are_here() -> None:
    """The main job and its ways to fail; report.py's default among them."""
    promised = {
        "clean",
        "routed_stretched",
        "destination_isolated",
        "rarp_filtered",
        "cancelled",
        "vxlan_stretched",
        "multifd",
        "lossy",
        "jumbo_black_hole",
    }
    assert promised <= {folder.name for folder in FOLDERS}


@each
def test_a_folder_has_its_story_its_truth_its_facts_and_its_points(folder: Path) -> None:
    """Nothing may be here that nobody explains."""
    for name in ("story.md", "truth.json", "expected.json", "points.toml"):
        assert (folder / name).stat().st_size > 0, name
    story = (folder / "story.md").read_text()
    for chapter in ("## What happened", "## What a person expects", "## How it was made"):
        assert chapter in story


@each
def test_every_point_has_a_known_role_and_one_file(folder: Path) -> None:
    """points.toml and the capture files name each other, completely."""
    points = points_of(folder)
    assert set(points.values()) <= set(ROLES)
    assert {file_of(folder, name) for name in points} == set(folder.glob("*.pcap*"))


@each
def test_bulk_files_carry_no_more_than_96_bytes_of_a_frame(folder: Path) -> None:
    """The rest is a guest's memory; wire lengths are kept, so the figures do not change."""
    for name in points_of(folder):
        if name not in BULK:
            continue
        with open_capture(str(file_of(folder, name))) as capture:
            for batch in capture.batches():
                assert int(batch.captured_bytes.max()) <= MOST_BYTES_A_FRAME
                assert bool((batch.wire_bytes >= batch.captured_bytes).all())


@each
def test_frames_and_times_are_those_that_were_captured(folder: Path) -> None:
    """As many frames as the lab counted, from its first moment to its last."""
    truth = json.loads((folder / "truth.json").read_text())["captures"]
    for name in points_of(folder):
        with open_capture(str(file_of(folder, name))) as capture:
            for _ in capture.batches():
                pass
            facts = capture.facts
        assert facts.packets == truth[name]["frames"], name
        if facts.packets:
            assert facts.first_ts_ns is not None
            assert abs(facts.first_ts_ns / 1e9 - truth[name]["first"]) < 1e-6


@each
def test_every_reason_of_a_person_is_given_in_words(folder: Path) -> None:
    """A fact without a why is a pasted number."""

    def whys(value: object) -> None:
        if isinstance(value, dict):
            if {"from", "to"} & set(value) or ("outcome" in value and "source" not in value):
                assert isinstance(value.get("why"), str), value
                assert len(value["why"]) >= 20, value
            for inner in value.values():
                whys(inner)
        elif isinstance(value, list):
            for inner in value:
                whys(inner)

    whys(json.loads((folder / "expected.json").read_text()))


def test_a_clone_stays_small() -> None:
    """No file above 4 MB, all of them together below 40."""
    sizes = [p.stat().st_size for p in CAPTURES.rglob("*") if p.is_file()]
    assert max(sizes) <= MOST_BYTES_A_FILE
    assert sum(sizes) <= MOST_BYTES


def test_the_frames_of_a_file_are_cut_by_make_and_nothing_else_changes(tmp_path: Path) -> None:
    """make.py on a tiny run of its own: frames shorter, times and wire lengths the same to the nanosecond."""
    import importlib.util
    import subprocess

    spec = importlib.util.spec_from_file_location("captures_make", CAPTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)

    frames = [(7, 123_456_789, bytes(range(200)), 1514), (8, 1, bytes(60), 60)]
    raw = b"\x4d\x3c\xb2\xa1" + struct.pack("<HHiIII", 2, 4, 0, 0, 262144, 1)
    for seconds, fraction, body, wire in frames:
        raw += struct.pack("<IIII", seconds, fraction, len(body), wire) + body
    run = tmp_path / "run"
    run.mkdir()
    (run / "src-uplink.pcap").write_bytes(raw)
    subprocess.run(["zstd", "-q", "--rm", str(run / "src-uplink.pcap")], check=True)
    facts = {"legs": [{"leg": 1, "polls": [1]}], "captures": {"src-uplink": {"snaplen": 262144, "bytes_raw": 1}}}
    (run / "truth.json").write_text(json.dumps(facts))

    make.make(run, tmp_path / "made", ("src-uplink", "gw-lan"), 96)

    packed = tmp_path / "made" / "src-uplink.pcap.zst"
    content = subprocess.run(["zstd", "-dqc", str(packed)], check=True, capture_output=True).stdout
    assert content[:4] == b"\x4d\x3c\xb2\xa1"
    assert content[24:40] == struct.pack("<IIII", 7, 123_456_789, 96, 1514)
    assert content[40:136] == bytes(range(96))
    assert content[136:] == struct.pack("<IIII", 8, 1, 60, 60) + bytes(60)
    assert (tmp_path / "made" / "points.toml").read_text().endswith('[points]\nsrc-uplink = "source"\n')
    made = json.loads((tmp_path / "made" / "truth.json").read_text())
    assert made == {"legs": [{"leg": 1}], "captures": {"src-uplink": {"snaplen": 96}}}
