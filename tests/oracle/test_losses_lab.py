"""Losses on an emulated link, packet by packet, beside what both ends of it say was sent again."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vmpcap
from tests.oracle.test_lab import LAB, OWN
from vmpcap.runs.pipeline import analyse, list_flows
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

Way = tuple[int, int]
TAIL = 8
"""So many segments at the end of a flight may be lost before the receiver's side without anything behind them."""
WITH_OPTIONS = 14 + 20 + 60
"""Bytes of a frame without tags up to the end of the longest TCP header."""


def folders() -> list[Path]:
    """Each situation with a log of the link's drops."""
    found = [path.parent for root in (LAB, OWN) for path in sorted(root.glob("*/wan-drops.csv"))]
    assert found
    return found


def dropped(folder: Path) -> Counter[Way]:
    """Data segments that the link dropped, by source and destination port; what could never pass is no loss."""
    with (folder / "wan-drops.csv").open() as log:
        rows = [row for row in csv.DictReader(log) if row["chan"] == "mig" and int(row["tcp_payload"] or 0)]
    return Counter((int(row["sport"]), int(row["dport"])) for row in rows if row["reason"] != "mtu_blackhole")


def told(path: Path) -> dict[Way, dict[str, Any]]:
    """What is told of each sender of each TCP flow."""
    request = Request(points=(PointFiles("here", None, (str(path),)),), profile=load_profile(DEFAULT))
    rows = [row for row in list_flows(request)[0].to_dicts() if row["protocol"] == "tcp"]
    names = (
        "sent_again",
        "came_late",
        "needless",
        "resent_segments",
        "resent_reported",
        "resent_timeout",
        "resent_tail",
        "needless_eifel",
        "delayed_acks",
        "rtt_samples",
        "rtt_min_us",
        "rtt_ts_samples",
        "rtt_ts_min_us",
    )
    return {
        (row[f"{one}_port"], row[f"{other}_port"]): {name: row[f"{one}_{name}"] for name in names}
        for row in rows
        for one, other in (("a", "b"), ("b", "a"))
    }


@pytest.mark.parametrize("folder", folders(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_time_stamps_prove_is_never_more_than_what_happened(folder: Path) -> None:
    """
    What Eifel calls needless the receivers of the lab, which all send D-SACK, reported, too.

    A round trip by time stamps is no shorter than the shortest by acknowledgement: of one segment it is the same or
    longer. And no stream of pages has ACKs of lone segments that were held back.
    """
    compared = 0
    for name in ("src-uplink", "dst-uplink"):
        path = folder / f"{name}.pcap.zst"
        for side in told(path).values() if path.exists() else ():
            if side["needless"] is not None:
                assert side["needless_eifel"] <= side["needless"], (name, side)
            if side["rtt_ts_samples"] and side["rtt_samples"]:
                assert side["rtt_ts_min_us"] >= side["rtt_min_us"], (name, side)
                compared += side["rtt_ts_samples"]
    assert compared


def test_one_of_many_needless_repetitions_is_proven_by_its_time_stamp() -> None:
    """Behind a gap the receiver does not echo what it gets, so of a burst of them only the one at its edge shows."""
    (side,) = (s for s in told(OWN / "vxlan_stretched" / "src-uplink.pcap.zst").values() if s["needless"])
    assert 0 < side["needless_eifel"] < side["needless"]


def are_options_cut(path: Path) -> bool:
    """Is no frame captured as far as the TCP options may reach?"""
    captured = vmpcap.scan(str(path)).select(pl.col("captured_bytes").max()).collect().item()
    return bool(captured < WITH_OPTIONS)


@pytest.mark.parametrize("folder", folders(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_sent_again_for_cause_is_what_the_link_dropped(folder: Path) -> None:
    """
    Beside the sender exactly: sent again less what the receiver got twice.

    Beside the receiver, where the originals were never seen, all but tails of flights. Where the options were not
    captured, the receiver's reports of what it got twice were not either: no more is caused than what was sent again.
    """
    drops = dropped(folder)
    compared = 0
    for name in ("src-uplink", "dst-uplink"):
        path = folder / f"{name}.pcap.zst"
        sides = told(path) if path.exists() else {}
        for way, count in drops.items():
            if way not in sides:
                continue
            side = sides[way]
            caused = side["sent_again"] - (side["needless"] or 0)
            is_at_sender = side["resent_segments"] == side["sent_again"]
            assert count - (0 if is_at_sender else TAIL) <= caused, (name, way, count, side)
            assert caused <= count or side["needless"] is None, (name, way, count, side)
            assert side["needless"] is not None or are_options_cut(path), (name, way, side)
            compared += 1
    assert compared or not drops


@pytest.mark.parametrize(("situation", "is_known"), [("policer", False), ("vxlan_stretched", True)])
def test_what_a_capture_cut_off_is_not_said_to_be_nothing(situation: str, is_known: bool) -> None:
    """74 bytes of a frame end before any SACK block; 96 hold all that Linux sends over IPv4."""
    files = (PointFiles("source", "source", (str(OWN / situation / "src-uplink.pcap.zst"),)),)
    (migration,) = analyse(Request(points=files, profile=load_profile(DEFAULT))).report.migrations
    assert migration.loss.retransmissions
    assert (migration.loss.needless is not None) == is_known
    assert ("cut off TCP options" in migration.loss.needless_because) == (not is_known)
    assert migration.loss.needless_eifel is not None


def test_single_losses_are_resent_by_report() -> None:
    """One packet in a thousand dropped, far from each other: SACK told of each, at either end."""
    for name in ("src-uplink", "dst-uplink"):
        (side,) = (side for side in told(OWN / "lossy" / f"{name}.pcap.zst").values() if side["sent_again"])
        assert (side["resent_reported"], side["resent_timeout"], side["resent_tail"]) == (76, 0, 0)


def test_what_a_black_hole_swallows_is_resent_by_timeout() -> None:
    """A probe of the tail, and then one timeout after the other: no acknowledgement ever said anything of it."""
    (side,) = (s for s in told(OWN / "jumbo_black_hole" / "src-uplink.pcap.zst").values() if s["sent_again"])
    assert side["resent_reported"] == 0
    assert side["resent_timeout"] + side["resent_tail"] == side["sent_again"] == 7
