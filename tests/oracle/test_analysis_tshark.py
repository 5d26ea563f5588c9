"""Marks, round trips and flights of every TCP packet, beside what tshark says of it."""

import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.measures.stories import pcap_of, random_story
from tests.oracle.public import NOT_PCAP, captures, here
from tests.oracle.test_flows_tshark import OWN, moved
from tests.tshark import nanoseconds, needs_tshark, tshark_fields
from vmpcap.decode.fields.tcp import OPTIONS_CUT
from vmpcap.decode.fragments import WholeWalker
from vmpcap.flows.table import FlowTable
from vmpcap.measures.analysis import MARKS, Analysis
from vmpcap.measures.kernels.analysis_state import UNSAID
from vmpcap.readers.sources import open_capture
from vmpcap.terms.wire import IP_TCP

STORIES = 60
STEPS = 100
FIELDS = ("frame.number", "tcp.analysis.ack_rtt", "tcp.analysis.bytes_in_flight", "tcp.analysis.initial_rtt")
BATCH = 500

pytestmark = needs_tshark


class Row(NamedTuple):
    """What is said of one packet."""

    marks: frozenset[str]
    ack_rtt_ns: int | None
    flight_bytes: int | None
    initial_rtt_ns: int | None


KNOWN_PUBLIC: dict[str, tuple[set[int], str]] = {
    "wswiki__bulk-mptcp-loss-ns.pcapng": (
        {7, 78, 4666},
        "an ACK again, with another Multipath TCP option: Wireshark knows RFC 8684, we do not read that option",
    ),
    "ndpi__fuzz-be-28586.pcap": (
        {40, 42, 43},
        "fuzzed: tshark finds flags where no TCP header is, and opens a stream with them",
    ),
    "tcpdump__invalid-us-fraction.pcap": ({3}, "times with two million microseconds; tshark reads them otherwise"),
    "pcapplusplus__pcapng-two-if-us-ns.pcapng": (
        set(),
        "times beyond 2262 are clipped, so round trips between them are not measured",
    ),
}
"""In which frames of a public capture we differ, and why; an empty set: wherever the times are clipped."""


def tshark_rows(path: Path) -> dict[int, Row]:
    """What tshark says of each TCP packet; of several headers the innermost."""
    rows = {}
    marks = [f"tcp.analysis.{mark.name}" for mark in MARKS]
    for values in tshark_fields(path, (*FIELDS, *marks), ("-Y", "tcp.stream")):
        number, rtt, flight, initial = (values[name][-1] if values[name] else "" for name in FIELDS)
        rows[int(number)] = Row(
            frozenset(mark.name for mark, name in zip(MARKS, marks, strict=True) if values[name]),
            nanoseconds(rtt),
            int(flight) if flight else None,
            nanoseconds(initial),
        )
    return rows


def our_rows(path: Path) -> dict[int, Row]:
    """What we say of each."""
    walker, table, rows = WholeWalker(BATCH), FlowTable(), {}
    analysis = Analysis(table)
    with open_capture(str(path), batch_records=BATCH) as capture:
        for batch in capture.batches():
            _, frames = walker.walk(batch)
            flow_id, side = table.name(frames, batch.first_frame)
            out = analysis.absorb(frames, flow_id, side, batch.first_frame)
            initial = analysis.initial_rtt_of(flow_id, batch.first_frame)
            for row in range(len(flow_id)):
                # tshark stops at options that were cut, before it shows what it knows of the segment
                is_shown = frames.tcp_options[row] & OPTIONS_CUT == 0
                if flow_id[row] >= 0 and frames.ip_protocol[row] == IP_TCP and is_shown:
                    rtt, flight = int(out.ack_rtt_ns[row]), int(out.flight_bytes[row])
                    marks = frozenset(mark.name for mark in MARKS if out.marks[row] & mark.bit)
                    rows[batch.first_frame + row] = Row(
                        marks,
                        None if rtt == UNSAID else rtt,
                        None if flight == UNSAID else flight,
                        int(initial[row]) or None,
                    )
    return rows


def differences(path: Path) -> tuple[dict[int, tuple[Row, Row]], int]:
    """
    In which frames do we say something else than tshark, of how many that both have?

    The initial round trip is the stream's: tshark shows it only in segments of which its analysis says more than that.
    """
    theirs, ours = tshark_rows(path), our_rows(path)
    both = theirs.keys() & ours.keys()
    found = {}
    for n in sorted(both):
        mine, other = ours[n], theirs[n]
        if other == Row(frozenset(), None, None, None):
            other = other._replace(initial_rtt_ns=mine.initial_rtt_ns)
        if mine != other:
            found[n] = (mine, other)
    return found, len(both)


def test_random_stories_are_marked_as_tshark_marks_them(tmp_path: Path) -> None:
    """
    Losses, disorder, probes, keep-alives, closed windows, wrapped numbers, resets, reused ports: each mark met.

    Marks differ in at most one packet of a thousand, and only where docs/explanation/wireshark.md says why.
    """
    packets = []
    for story in range(STORIES):
        packets += [moved(p, story) for p in random_story(random.Random(story), steps=STEPS, sound=True)]
    path = tmp_path / "stories.pcap"
    path.write_bytes(pcap_of(sorted(packets, key=lambda packet: packet.ts_ns)))
    found, compared = differences(path)
    seen = Counter(mark for row in tshark_rows(path).values() for mark in row.marks)
    assert {mark.name for mark in MARKS} - set(seen) <= {"zero_window_probe_ack"}
    assert compared == len([p for p in packets if p.protocol == IP_TCP])
    assert len(found) <= compared // 1000, dict(list(found.items())[:5])


@pytest.mark.parametrize("point", ["src-uplink", "dst-uplink", "client"])
@pytest.mark.parametrize("folder", sorted(OWN.glob("*/truth.json")), ids=lambda path: path.parent.name)
def test_real_migrations_are_marked_as_tshark_marks_them(folder: Path, point: str) -> None:
    """Every packet of the stream and of the guest's peers."""
    path = folder.parent / f"{point}.pcap.zst"
    if not path.exists():
        pytest.skip("this situation has no such point")
    found, compared = differences(path)
    assert found == {}
    assert compared or point == "client"


@pytest.mark.parametrize("name", captures(NOT_PCAP))
def test_public_captures_are_marked_as_tshark_marks_them(name: str) -> None:
    """Frame for frame; a known difference that is gone must go from the list, too."""
    path = here(name)
    found, _ = differences(path)
    frames, _ = KNOWN_PUBLIC.get(path.name, (set(), ""))
    if path.name in KNOWN_PUBLIC and not frames:
        assert found
        assert all(ours.ack_rtt_ns is None and ours.marks == theirs.marks for ours, theirs in found.values())
        return
    assert set(found) == frames
