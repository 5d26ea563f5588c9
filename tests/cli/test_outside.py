"""A time that was asked for and that no capture covers: every command says so, with what they do cover."""

from pathlib import Path

import pytest

from tests.cli.calls import HEADER, RARP, RARPS, here, record

Captured = pytest.CaptureFixture[str]
COVERED = "2026-07-14 02:40:06.000 to 02:40:08.000 UTC"
"""The three frames of RARPS."""


@pytest.mark.parametrize("command", ["flows", "announcements", "packets", "points", "verify"])
@pytest.mark.parametrize("asked", [("--since", "2026-07-14T02:40:08.5"), ("--until", "2026-07-14 04:40:05+02:00")])
def test_rows_that_are_none_are_explained(
    capsys: Captured, rarps: Path, tmp_path: Path, command: str, asked: tuple[str, str]
) -> None:
    """On stderr, whoever reads it; the status stays, and -q is obeyed."""
    other = tmp_path / "other.pcap"
    other.write_bytes(RARPS)
    captures = [rarps, other] if command == "points" else [rarps]
    said = here(capsys, command, *captures, *asked)
    assert (said.status, said.err.count("\n")) == (0, 1)
    assert f"vmpcap: no packet lies in the time asked for ({asked[0].strip('-')} 2026-07-14 02:40:0" in said.err
    assert f"the captures cover {COVERED}; a time without a zone is UTC" in said.err
    assert here(capsys, command, *captures, *asked, "-q").err == ""


def test_the_report_says_it_first(capsys: Captured, rarps: Path) -> None:
    """In place of the migration that was not recognised; carve and the object say the same."""
    said = here(capsys, "report", rarps, "--since", "2027-01-01", "--markdown", "-")
    assert said.out.startswith("# UNDECIDED: no packet lies in the time asked for")
    assert COVERED in said.out
    said = here(capsys, "carve", rarps, "--since", "2027-01-01", "-o", rarps.parent / "out.pcapng")
    assert said.status == 2
    assert f"the captures cover {COVERED}" in said.err


def test_one_capture_of_several_is_named(capsys: Captured, rarps: Path, tmp_path: Path) -> None:
    """The others may have what was asked for; a stretch that a capture touches leaves something of it."""
    early = tmp_path / "early.pcap"
    early.write_bytes(HEADER + record(1_783_000_000, RARP))
    said = here(capsys, "announcements", "--format", "csv", rarps, early, "--since", "2026-07-14T02:40:08")
    assert said.err.count("\n") == 1
    assert (
        "early: no packet lies in the time asked for (since 2026-07-14 02:40:08.000 UTC): it covers 2026-07-02"
        in said.err
    )
    assert len(said.out.splitlines()) == 2
    report = here(capsys, "report", rarps, early, "--since", "2026-07-14T02:40:08", "--json", "-").out
    assert "early: no packet lies in the time asked for" in report
    assert '"because": "no migration was recognised' in report


def test_an_empty_capture_is_no_matter_of_time(capsys: Captured, tmp_path: Path) -> None:
    """It has no packet at any time."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(HEADER)
    assert here(capsys, "packets", path, "--since", "2027-01-01").err == ""


def test_many_say_what_their_inputs_cover(capsys: Captured, rarps: Path) -> None:
    """With status 2: there is nothing to compare."""
    said = here(capsys, "bench", rarps, "--since", "2027-01-01")
    assert said.status == 2
    assert "no migration lies in the time asked for; widen --since and --until" in said.err
    assert f"There are packets in {rarps}: {COVERED}" in said.err
