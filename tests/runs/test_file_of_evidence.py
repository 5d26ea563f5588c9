"""A frame of a point with several files is told with the file that counts it: in every look, and for carving."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.made import migration, write
from tests.runs.test_carve import Row, rows_of
from vmpcap.report.as_html import to_html
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look
from vmpcap.report.proof_frames import proof_frames
from vmpcap.runs.pipeline import Analysis, analyse, list_announcements
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

PARTS = 3


def request_on(*files: str) -> Request:
    return Request(points=(PointFiles("mirror", None, files),), profile=load_profile(DEFAULT))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The made migration in three files, as a capture that was rotated."""
    folder, packets = tmp_path_factory.mktemp("rotated"), migration()
    size = -(-len(packets) // PARTS)
    return [write(folder / f"part{n}.pcap", packets[n * size : (n + 1) * size]) for n in range(PARTS)]


@pytest.fixture(scope="module")
def rotated(files: list[str]) -> Analysis:
    return analyse(request_on(*files))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(request_on(write(tmp_path_factory.mktemp("whole") / "all.pcap", migration())))


def shown(report: Report, files: list[str]) -> list[tuple[str, Row]]:
    """What each frame that the report names is for, and the packet that stands there."""
    rows = {path: rows_of(path) for path in files}
    found = []
    for proof in proof_frames(report):
        path = proof.file or files[0]
        assert (proof.file is not None) == (len(files) > 1), proof
        found.append((proof.words.partition(": ")[2].split(" ")[0], rows[path][proof.frame - 1]))
    return sorted(found)


def test_the_same_packets_are_named_in_one_file_and_in_three(files: list[str], rotated: Analysis, whole: Analysis):
    """Whoever opens the named file at the named frame finds what the whole capture has there."""
    alone = [given.path for given in whole.report.inputs]
    assert shown(rotated.report, files) == shown(whole.report, alone)
    assert len({proof.file for proof in proof_frames(rotated.report)}) > 1


def test_evidence_in_two_files_is_a_row_for_each(files: list[str], rotated: Analysis) -> None:
    """A display filter is of one file: the one that its row names."""
    rows = [e for m in rotated.report.migrations for c in m.checks for e in c.evidence if e.frames]
    assert rows
    for row in rows:
        assert row.file in files
        if row.filter.startswith("frame.number"):
            assert row.filter == "frame.number in {" + ", ".join(map(str, row.frames)) + "}"


def test_every_look_names_the_file(files: list[str], rotated: Analysis, whole: Analysis) -> None:
    """And none a number that no file has; with one file alone nothing is added."""
    (check,) = [c for c in rotated.report.migrations[0].checks if c.id == "completed"]
    name, number = Path(check.evidence[0].file or "").name, str(10**13)[1:-3]
    looks = [
        to_json(rotated.report),
        to_markdown(rotated.report),
        to_html(rotated.report),
        to_terminal(rotated.report, Look(100)),
    ]
    for text in looks:
        assert f"mirror, {name}" in text or f'"file": "{check.evidence[0].file}"' in text
        assert f"of {name}" in text or "from_file" in text
        assert number not in text
    assert "all.pcap," not in to_terminal(whole.report, Look(100)).partition("CAPTURES")[0]


def test_a_stream_that_ends_in_the_dark_is_shown_whole(tmp_path: Path) -> None:
    """No frame shows how it ended: the filter shows all of it, and nobody is sent to a point without either."""
    report = analyse(request_on(write(tmp_path / "cut.pcap", migration()[:250]))).report
    (check,) = [c for m in report.migrations for c in m.checks if c.id == "completed"]
    assert check.outcome == "undecided"
    (shown_there,) = check.evidence
    assert shown_there.filter.startswith("ip.addr == 10.10.1.11")


def test_tables_count_as_the_files_do(files: list[str]) -> None:
    """The announcements' rows keep the numbers of their own files."""
    table, _ = list_announcements(request_on(*files))
    sizes = [len(rows_of(path)) for path in files]
    assert table.height
    assert table["frame"].max() <= max(sizes)


def test_a_rotated_capture_is_carved(files: list[str], whole: Analysis, tmp_path: Path) -> None:
    """The packets that the whole one gives; each comment says which frame of which file it was."""
    out = {}
    for name, given in (("rotated", files), ("whole", [i.path for i in whole.report.inputs])):
        path = tmp_path / f"{name}.pcapng"
        command = [sys.executable, "-m", "vmpcap", "carve", "-o", str(path), "--point", f"mirror={','.join(given)}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "carve each alone" not in done.stderr
        out[name] = path
    assert rows_of(out["rotated"]) == rows_of(out["whole"])
    raw = out["rotated"].read_bytes()
    assert all(f" of part{n}.pcap (mirror)".encode() in raw for n in (0, 2))
