"""A point that is named twice is one point: the report says so, and warns where two places are meant."""

from tests.captures.situations import CAPTURES
from vmpcap.cli.capture_points import capture_points
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import Request
from vmpcap.verdicts.profile import load_profile

SITES = [str(CAPTURES / "mechanisms" / "vrrp" / "working" / f"site-{site}.pcapng.zst") for site in "ab"]


def notes_of(*named: str) -> list[str]:
    """What the report notes."""
    return analyse(Request(capture_points((), named, ()), load_profile("vsphere4"))).report.notes


def test_a_point_named_twice_is_told_as_one() -> None:
    """Both sites run at once: nobody means them as one point."""
    (note,) = [note for note in notes_of(*(f"x={path}" for path in SITES)) if note.startswith("x: named")]
    assert note.startswith(
        "x: named 2 times, so its 2 files (site-a.pcapng.zst, site-b.pcapng.zst) are read as one point"
    )
    assert note.endswith("captures of two places are two points, each with a name of its own")


def test_files_of_one_point_that_are_named_at_once_need_no_note() -> None:
    """A list or a pattern is meant so."""
    assert not any("named" in note for note in notes_of(f"x={','.join(SITES)}"))
    assert not any("named" in note for note in notes_of(f"x={SITES[0]}", f"y={SITES[1]}"))
