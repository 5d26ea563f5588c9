"""Captures of one direction of the stream: what the other one would have shown is not made up."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.readers.writers import Packet
from tests.runs.made import DESTINATION, SOURCE, migration, write
from vmpcap.migration.segment_results import Segment
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

HOST = {SOURCE: bytes([10, 10, 1, 11]), DESTINATION: bytes([10, 10, 1, 12])}
ZEROS = "00:00:00:00:00:00"


def sent_by(host: str, packets: Sequence[Packet]) -> list[Packet]:
    return [p for p in packets if p.data[12:14] == b"\x08\0" and p.data[26:30] == HOST[host]]


def routed(packets: Sequence[Packet]) -> list[Packet]:
    """The same as the other side of a router shows them, a millisecond later: other MACs, one TTL less."""
    return [
        Packet((p.ts_ns or 0) + 1_000_000, bytes.fromhex("0200000000ee0200000000ff") + p.data[12:22]
        + bytes([p.data[22] - 1]) + p.data[23:], p.wire)
        for p in packets
    ]  # fmt: skip


def told(folder: Path, mbps: float = 622, **points: list[Packet]) -> Migration:
    files = [PointFiles(name, name, (write(folder / f"{name}.pcap", packets),)) for name, packets in points.items()]
    asked = Request(
        points=tuple(files), profile=msgspec.structs.replace(load_profile("vsphere4"), throughput_mbps_min=mbps)
    )
    (found,) = analyse(asked).report.migrations
    return found


@pytest.mark.parametrize(
    ("host", "whole"),
    [(SOURCE, "source"), (SOURCE, "destination"), (SOURCE, ""), (DESTINATION, "source"), (DESTINATION, "destination")],
)
def test_a_side_that_is_not_in_view_has_no_mac(host: str, whole: str, tmp_path: Path) -> None:
    """Its zeros are no station: nobody hands packets to it, and nothing comes back from it."""
    seen = migration()
    at = {"source": seen, "destination": routed([*sent_by(SOURCE, seen), *sent_by(DESTINATION, seen)])}
    at["destination"].sort(key=lambda p: p.ts_ns or 0)
    path = told(tmp_path, **{n: p if n == whole else sent_by(host, p) for n, p in at.items()}).path
    assert ZEROS not in [hop.mac for hop in path.next_hops] + [hop.returns_from for hop in path.next_hops]
    assert ZEROS not in path.next_hop_macs
    assert not any(ZEROS in symptom.because for symptom in path.symptoms)


def answer(migration: Migration, check: str) -> tuple[str, str]:
    (found,) = [c for c in migration.checks if c.id == check]
    return found.outcome, found.because


@pytest.mark.parametrize("points", [("source",), ("destination",), ("source", "destination")], ids="+".join)
def test_data_after_a_syn_says_that_the_syn_was_answered(points: tuple[str, ...], tmp_path: Path) -> None:
    """The answer took its way beside this capture; a SYN that nothing follows stays unanswered."""
    seen = sent_by(SOURCE, migration())
    at = {"source": seen, "destination": routed(seen)}
    found = told(tmp_path, **{name: at[name] for name in points}).path.symptoms
    symptoms = [s for s in found if s.name in ("one_direction_only", "unanswered_syn")]
    assert {(s.name, s.point) for s in symptoms} == {("one_direction_only", name) for name in points}
    assert all("SYN was answered" in s.because for s in symptoms)


@pytest.mark.parametrize(
    ("points", "counted", "outcome"),
    [(("source",), "sent", "undecided"), (("destination",), "received", "pass"),
     (("source", "destination"), "received", "pass")],
)  # fmt: skip
def test_what_was_only_sent_passes_no_throughput(
    points: tuple[str, ...], counted: str, outcome: str, tmp_path: Path
) -> None:
    """Without an acknowledgement only the destination's own point shows that the data came."""
    seen = sent_by(SOURCE, migration())
    at = {"source": seen, "destination": routed(seen)}
    found = told(tmp_path, mbps=0.5, **{name: at[name] for name in points})
    assert found.throughput.counted == counted
    said = answer(found, "throughput")
    assert said[0] == outcome
    assert "delivered" not in said[1] or "not in view" in said[1]


def test_acknowledged_data_is_said_to_be_delivered(tmp_path: Path) -> None:
    """Nothing changes where the acknowledgements are in view; and what was lost on the way was not received."""
    seen = migration()
    whole = told(tmp_path, mbps=0.5, source=seen)
    assert (whole.throughput.counted, answer(whole, "throughput")[0]) == ("acknowledged", "pass")
    sent = sent_by(SOURCE, seen)
    half = told(tmp_path, mbps=0.5, source=sent, destination=routed(sent[: len(sent) // 2]))
    assert (half.throughput.counted, answer(half, "throughput")[0]) == ("sent", "undecided")


def figures(segment: Segment) -> tuple[int | None, ...]:
    return segment.lost, segment.lost_of, segment.matched, segment.missed, segment.outside


def test_a_point_that_shows_all_twice_is_compared_like_any_other(tmp_path: Path) -> None:
    """What its file holds again 50 us later left once: as many packets, as many lost."""
    seen = [
        p._replace(data=p.data[:18] + (n + 1).to_bytes(2, "big") + p.data[20:]) if p.data[12:14] == b"\x08\0" else p
        for n, p in enumerate(migration())
    ]  # each sender counts its packets
    there = sorted(routed([*sent_by(SOURCE, seen), *sent_by(DESTINATION, seen)]), key=lambda p: p.ts_ns or 0)
    there = [p for n, p in enumerate(there) if n not in (100, 101, 200)]
    twice = sorted([*there, *(p._replace(ts_ns=(p.ts_ns or 0) + 50_000) for p in there)], key=lambda p: p.ts_ns or 0)
    plain, doubled = (told(tmp_path, source=seen, destination=packets).segments for packets in (there, twice))
    assert [figures(s) for s in doubled] == [figures(s) for s in plain]
    assert sum(s.missed or 0 for s in plain) > 0
    assert [s.lost_of > 190 for s in plain] == [True, True]


def test_the_report_says_what_was_marked_on_the_way(tmp_path: Path) -> None:
    """In the sentence of that segment and direction, and in no other."""
    seen = migration()
    there = routed([*sent_by(SOURCE, seen), *sent_by(DESTINATION, seen)])
    marked = [
        p._replace(data=p.data[:15] + bytes([0xB8]) + p.data[16:]) if p.data[26:30] == HOST[SOURCE] else p
        for p in sorted(there, key=lambda p: p.ts_ns or 0)
    ]
    said = {s.direction: s.because for s in told(tmp_path, source=seen, destination=marked).segments}
    assert "with another DSCP (0 to 46)" in said["to_destination"]
    assert "DSCP" not in said["to_source"]
