"""Flows of made stories and of the project's own captures, beside tshark's word on every frame."""

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vmpcap
from tests.measures.stories import Packet, pcap_of, random_story
from tests.tshark import needs_tshark
from vmpcap.measures.analysis import MARKS
from vmpcap.reference.tshark import Question
from vmpcap.runs.pipeline import list_flows
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

OWN = Path(__file__).resolve().parents[2] / "captures"
STORIES = 60
STEPS = 100
FIELDS = (
    *("tcp.stream", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.len", "frame.len", "tcp.analysis.ack_rtt"),
    *(f"tcp.analysis.{mark.name}" for mark in MARKS),
)
COUNTS = ("packets", "wire_bytes", "payload_bytes", "zero_windows", "keep_alives", "rtt_samples")
ALL_COUNTS = (*COUNTS, *sorted({mark.counted_as for mark in MARKS} - set(COUNTS)))

End = tuple[str, int]

pytestmark = needs_tshark


def tshark_counts(path: Path) -> dict[tuple[int, End], Counter[str]]:
    """What each end of each stream sent, with the round trips that answer it."""
    found: dict[tuple[int, End], Counter[str]] = defaultdict(Counter)
    for values in Question(str(path), FIELDS, arguments=("-Y", "tcp && !icmp")).answer():
        value = {name: ",".join(values[name]) for name in FIELDS}
        stream = int(value["tcp.stream"])
        sender, other = ((value[f"ip.{way}"], int(value[f"tcp.{way}port"])) for way in ("src", "dst"))
        one = found[stream, sender]
        one.update(packets=1, wire_bytes=int(value["frame.len"]), payload_bytes=int(value["tcp.len"]))
        one.update({mark.counted_as: bool(value[f"tcp.analysis.{mark.name}"]) for mark in MARKS})
        if value["tcp.analysis.ack_rtt"]:
            answered = found[stream, other]
            rtt_ns = round(float(value["tcp.analysis.ack_rtt"]) * 1e9)
            answered["rtt_samples"] += 1
            answered["rtt_ns"] += rtt_ns
            answered["rtt_most_ns"] = max(answered["rtt_most_ns"], rtt_ns)
    return found


def our_rows(path: Path) -> list[dict[str, Any]]:
    request = Request(points=(PointFiles("here", None, (str(path),)),), profile=load_profile(DEFAULT))
    frame, _ = list_flows(request)
    return [row for row in frame.to_dicts() if row["protocol"] == "tcp"]


def assert_the_same(path: Path, counts: tuple[str, ...]) -> int:
    """Every side of every stream, in these columns; gives how many streams there are."""
    theirs, ours = tshark_counts(path), our_rows(path)
    assert {row["tcp_stream"] for row in ours} == {stream for stream, _ in theirs}
    assert len(ours) == len({stream for stream, _ in theirs})
    for row in ours:
        for letter in "ab":
            wanted = theirs[row["tcp_stream"], (row[f"{letter}_ip"], row[f"{letter}_port"])]
            assert {name: row[f"{letter}_{name}"] for name in counts} == {name: wanted[name] for name in counts}, row
            if wanted["rtt_samples"]:
                assert row[f"{letter}_rtt_max_us"] == pytest.approx(wanted["rtt_most_ns"] / 1000, abs=0.0011)
    return len(ours)


def are_options_cut(path: Path) -> bool:
    """Did the capture cut any TCP header?"""
    stops = vmpcap.scan(str(path)).select(pl.col("stop").unique()).collect()["stop"]
    return "cut_options" in stops.to_list()


def moved(packet: Packet, story: int) -> Packet:
    """The same packet between addresses that no other story has."""
    there = f"10.{story + 2}."
    return packet._replace(src=packet.src.replace("10.0.", there), dst=packet.dst.replace("10.0.", there))


def test_random_stories_are_to_tshark_what_they_are_to_us(tmp_path: Path) -> None:
    """
    Streams on reused ports, wrapped numbers, losses, disorder, probes, keep-alives, resets: side for side.

    All marks are compared packet by packet in test_analysis_tshark, where a few may differ; here what counts alike.
    """
    packets = []
    for story in range(STORIES):
        packets += [moved(p, story) for p in random_story(random.Random(story), steps=STEPS, sound=True)]
    path = tmp_path / "stories.pcap"
    path.write_bytes(pcap_of(sorted(packets, key=lambda packet: packet.ts_ns)))
    assert assert_the_same(path, COUNTS) > 2 * STORIES


@pytest.mark.parametrize(
    "path",
    [*sorted(OWN.glob("*/client.pcap.zst")), *sorted(OWN.glob("*/*-uplink.pcap.zst"))],
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_own_captures_are_to_tshark_what_they_are_to_us(path: Path) -> None:
    """The client's and the hosts' view of real migrations: every column that counts a mark."""
    if are_options_cut(path):
        pytest.skip("tshark shows no marks of segments whose options were cut")
    assert_the_same(path, ALL_COUNTS)
