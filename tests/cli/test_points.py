"""`vmpcap points`: rows in every format, the picture above them, and what is said where two points share nothing."""

import json
from datetime import datetime
from pathlib import Path

import pytest

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
    at, back_at = (datetime.fromisoformat(row["offset_at_ts"][:26]) for row in (forth, back))
    assert (back_at - at).total_seconds() == pytest.approx(forth["offset_ms"] / 1000, abs=2e-6)


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


def test_every_point_hangs_below_its_nearest_and_a_router_is_drawn_once() -> None:
    """The guest's two places are two branches below the gateway's port, which one router parts from the client."""
    folder = LOSSY.parent / "there_and_back"
    names = ("client", "dst-guestbr", "dst-switchport", "gw-lan", "src-guestbr")
    text = told("points", *(word for n in names for word in ("--point", f"{n}={folder / n}.pcap.zst")))
    picture = text[: text.index("from  ")]
    assert " ".join(picture.split()).count("1 router between") == 2  # there and back
    assert picture.count("on another way from gw-lan:") == 1
    assert "no packet was seen at both" not in picture


def test_what_a_black_hole_swallows_is_said_to_be_lost() -> None:
    """Frames too large for the way, sent again in vain: after the handshake none came."""
    folder = LOSSY.parent / "jumbo_black_hole"
    names = ("src-uplink", "dst-uplink")
    text = " ".join(told("points", *(w for n in names for w in ("--point", f"{n}={folder / n}.pcap.zst"))).split())
    drops = (folder / "wan-drops.csv").read_text().count(",mig,ab,")
    assert f"{drops} of {drops + 3} lost" in text
    assert "left after the last that came" not in text


def test_what_left_after_the_last_that_came_is_said() -> None:
    """The guest has moved: what the gateway sends for it comes to its old place no more, and no third shows it."""
    folder = LOSSY.parent / "clean"
    names = ("gw-lan", "src-guestbr")
    text = " ".join(told("points", *(w for n in names for w in ("--point", f"{n}={folder / n}.pcap.zst"))).split())
    assert "left after the last that came: lost, or not recorded" in text


def test_roles_that_the_packets_contradict_are_told_above_the_picture() -> None:
    """Source and destination named the one for the other."""
    folder = LOSSY.parent / "routed_stretched"

    def named(source: str, destination: str) -> str:
        files = {"source": source, "destination": destination}
        return told(
            "points", *(word for role, n in files.items() for word in ("--point", f"{role}={folder / n}.pcap.zst"))
        )

    assert named("dst-uplink", "src-uplink").startswith("the roles source and destination look swapped: ")
    assert "look" not in named("src-uplink", "dst-uplink")
