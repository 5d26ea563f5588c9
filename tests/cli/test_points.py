"""`vmpcap points`: rows in every format, the picture above them, and what is said where two points share nothing."""

import json
from pathlib import Path

from tests.docs.test_reference import told
from vmpcap.terms.columns import POINTS

LOSSY = Path(__file__).resolve().parents[2] / "captures" / "lossy"


def points(*names: str) -> list[str]:
    """The command with these points."""
    return ["points", *(word for n in names for word in ("--point", f"{n}={LOSSY / n}.pcap.zst"))]


def test_rows_have_the_declared_columns_and_both_directions() -> None:
    """What the emulator lost from the source to the destination stands in that row, with as many frames."""
    rows = json.loads(told(*points("src-uplink", "dst-uplink"), "--format", "json"))
    assert [list(row) for row in rows] == [[c.name for c in POINTS]] * 2
    forth, back = rows
    assert (
        (forth["from_point"], forth["to_point"])
        == ("src-uplink", "dst-uplink")
        == (back["to_point"], back["from_point"])
    )
    drops = (LOSSY / "wan-drops.csv").read_text().count(",mig,ab,")
    assert (forth["lost"], len(forth["lost_frames"]), back["lost"]) == (drops, drops, 0)
    assert forth["offset_ms"] == -back["offset_ms"]


def test_the_picture_has_the_points_in_their_order_on_the_way() -> None:
    """Whatever order they are named in; each with its clock, and what was lost between."""
    text = told(*points("client", "src-guestbr", "gw-lan"))
    places = [text.index(f"{name}: ") for name in ("client", "gw-lan", "src-guestbr")]
    assert places in (sorted(places), sorted(places, reverse=True))
    assert text.count("the clock that others are held against") == 1
    assert " lost" in text


def test_points_that_share_nothing_say_so() -> None:
    """The migration network and a client of the guest: null, not nought."""
    (row,) = json.loads(told(*points("dst-uplink", "client"), "--format", "json"))
    assert row["because"] == "no packet was seen at both"
    assert row["matched"] is row["lost"] is row["offset_ms"] is None
