"""Flows of public captures: stream for stream what tshark says, or exactly the difference that is explained."""

from functools import cache
from typing import Any

import polars as pl
import pytest

from tests.oracle.public import NOT_PCAP, UNKNOWN_LINK_TYPES, captures, nanoseconds, oracle_of, request_of
from vmpcap.report.document import Input
from vmpcap.runs.pipeline import list_flows
from vmpcap.terms.errors import CaptureError

Row = dict[str, Any]
Differences = dict[tuple[int, str], Any]
"""By stream and column: our value."""

EXACT_US = 0.0011
"""Rounding of times that are printed in seconds with nine digits."""
NOT_EXACT = 0.002
NO_TIME_AFTER = 2**63 - 1


@cache
def flows_of(name: str) -> tuple[list[Row], list[Input]]:
    """Our flows, with times as nanoseconds."""
    frame, inputs = list_flows(request_of(name))
    return frame.with_columns(pl.col("first_ts", "last_ts").dt.epoch("ns")).to_dicts(), inputs


def our_streams(name: str) -> dict[int, list[Row]]:
    """Our TCP flows by Wireshark's number."""
    streams: dict[int, list[Row]] = {}
    for row in flows_of(name)[0]:
        if row["protocol"] == "tcp":
            streams.setdefault(row["tcp_stream"], []).append(row)
    return streams


def expected_of(stream: Row) -> Row:
    """What tshark says of a stream, in our words."""
    sides = {"a": stream["ab"], "b": stream["ba"]}
    row: Row = {f"{letter}_{end}": stream[letter][end] for letter in "ab" for end in ("ip", "port")}
    timed = [side for side in sides.values() if side["packets"] and side["first"]]
    if timed:
        row["first_ts"] = nanoseconds(stream["ab"]["first"])
        row["last_ts"] = max(nanoseconds(side["last"]) for side in timed)
    for (letter, side), direction in zip(sides.items(), ("ab", "ba"), strict=True):
        row |= {f"{letter}_{name}": side[name] for name in ("packets", "wire_bytes", "payload_bytes")}
        marks = stream["analysis"].get(direction, {})
        row[f"{letter}_zero_windows"] = marks.get("zero_window", 0)
        row[f"{letter}_keep_alives"] = marks.get("keep_alive", 0)
        rtt = stream["rtt"].get(direction, {"count": 0})
        row[f"{letter}_rtt_samples"] = rtt["count"]
        if rtt["count"]:
            row |= {f"{letter}_rtt_{name}_us": rtt[name] * 1e6 for name in ("min", "p50", "p90", "p99", "max")}
    return row


def differs(column: str, ours: Any, theirs: Any) -> bool:
    """Counts, times, ends exactly; smallest and largest round trips but for rounding, percentiles as near as stated."""
    if not column.endswith("_us"):
        return bool(ours != theirs)
    exact = column.endswith(("min_us", "max_us"))
    return ours is None or abs(ours - theirs) > EXACT_US + (0 if exact else NOT_EXACT * abs(theirs))


def compare(number: int, ours: Row, theirs: Row) -> Differences:
    """Where do we differ? Round trips of another number of samples are not compared further."""
    found = {(number, column): ours[column] for column, value in theirs.items() if differs(column, ours[column], value)}
    for letter in "ab":
        if (number, f"{letter}_rtt_samples") in found:
            found = {
                key: v for key, v in found.items() if not key[1].startswith(f"{letter}_rtt_") or "samples" in key[1]
            }
    return found


def differences(name: str) -> Differences:
    """Every difference between our flows of this capture and tshark's."""
    ours = our_streams(name)
    found: Differences = {}
    for stream in oracle_of(name)["tcp_streams"]:
        rows = ours.pop(stream["stream"], [])
        if len(rows) != 1:
            found[stream["stream"], "flows"] = len(rows)
            continue
        found |= compare(stream["stream"], rows[0], expected_of(stream))
    return found | {(number, "flows"): len(rows) for number, rows in ours.items()}


EXPLAINED: dict[str, tuple[str, Differences]] = {
    "tcptrace__loss-solaris-be.pcap": (
        "each segment of this side was captured twice, 0.8 to 2 ms apart with one IP identification: counted once",
        {(4, "a_packets"): 88 // 2, (4, "a_wire_bytes"): 119_464 // 2, (4, "a_payload_bytes"): 114_688 // 2},
    ),
    "zeek__lt239-nflog.pcap": (
        "frames 1, 2 and 3 are one SYN that passed three hooks of a firewall: counted once, each has 108 bytes",
        {(0, "a_packets"): 8 - 2, (0, "a_wire_bytes"): 828 - 2 * 108},
    ),
    "tcpdump__invalid-us-fraction.pcap": (
        "frame 3 says 1418145370 s and 2147483648 us: we add the two and count a defect, tshark overflows",
        {(0, "last_ts"): 1_418_145_370 * 10**9 + 2_147_483_648_000}
        | {(0, f"b_rtt_{name}_us"): (2_147_483_648 - 1_000_000) * 1.0 for name in ("min", "p50", "p90", "p99", "max")},
    ),
}
"""Captures in which we count on purpose what tshark does not: our value of each column that differs, from the facts."""

ON_THEIR_OWN = {
    "libpcap__geneve-tcp.pcap",
    "zeek__vlan-collisions.pcap",
    "tcpdump__bigtcp-vxlan.pcap",
    "ndpi__fuzz-be-28586.pcap",
    "pcapplusplus__pcapng-two-if-us-ns.pcapng",
}
"""Captures that have a test of their own below."""


@pytest.mark.parametrize("name", captures(UNKNOWN_LINK_TYPES | ON_THEIR_OWN))
def test_tcp_streams_are_wiresharks(name: str) -> None:
    """Number, ends, packets, bytes, times, round trips, zero windows and keep-alives, or what is explained above."""
    if name in NOT_PCAP:
        with pytest.raises(CaptureError):
            list_flows(request_of(name))
        return
    assert differences(name) == EXPLAINED.get(name, ("", {}))[1]


@pytest.mark.parametrize("name", sorted(UNKNOWN_LINK_TYPES))
def test_link_types_that_are_not_walked_are_counted(name: str) -> None:
    """No flow, and every frame under that reason."""
    rows, (read,) = flows_of(name)
    assert rows == []
    assert read.not_walked == {"unknown_link_type": oracle_of(name)["packets"]}


def test_two_overlays_are_two_flows_of_one_stream() -> None:
    """Each direction has a VNI of its own, so each is a flow, and no round trip is seen; together they are tshark's."""
    name = "libpcap__geneve-tcp.pcap"
    (stream,) = oracle_of(name)["tcp_streams"]
    expected, rows = expected_of(stream), our_streams(name)[0]
    assert sorted(row["vni"] for row in rows) == [10, 11]
    for row, letter in zip(rows, "ab", strict=True):
        for column in ("ip", "port", "packets", "wire_bytes", "payload_bytes", "zero_windows", "keep_alives"):
            assert row[f"a_{column}"] == expected[f"{letter}_{column}"]
        assert (row["b_packets"], row["a_rtt_samples"], row["b_rtt_samples"]) == (0, 0, 0)


def test_one_connection_in_three_vlan_stacks_is_three_flows() -> None:
    """Three copies of one connection of 14 packets, and no retransmission (tshark: one stream, 18 of them)."""
    name = "zeek__vlan-collisions.pcap"
    (stream,) = oracle_of(name)["tcp_streams"]
    rows = our_streams(name)[0]
    assert sorted(row["a_packets"] + row["b_packets"] for row in rows) == [14, 14, 14]
    assert len({tuple(row["vlan"]) for row in rows}) == 3
    assert all(row["a_resent_segments"] == row["b_resent_segments"] == 0 for row in rows)
    expected = expected_of(stream)
    for column in ("a_packets", "b_packets", "a_wire_bytes", "b_wire_bytes", "a_payload_bytes", "b_payload_bytes"):
        assert sum(row[column] for row in rows) == expected[column]


def test_a_segment_larger_than_a_udp_length_can_say() -> None:
    """BIG TCP in VXLAN: 80,000 bytes, where tshark stops at the UDP length of 0 (ORACLE-CAVEATS.csv)."""
    name = "tcpdump__bigtcp-vxlan.pcap"
    assert oracle_of(name)["tcp_streams"] == []
    ((row,),) = our_streams(name).values()
    assert (row["a_ip"], row["a_port"], row["b_ip"], row["b_port"]) == ("192.168.1.1", 41873, "192.168.1.2", 38131)
    assert (row["a_packets"], row["a_payload_bytes"], row["b_packets"]) == (1, 80_000, 0)


def test_tcp_headers_that_reach_beyond_their_packet_are_no_segments() -> None:
    """
    Frames 27 and 80 of fuzzed traffic: tshark reads flags where no header is, and opens streams 8 and 23 with them.

    So what it has in 8 but for frame 27 is ours in 1, its 23 is nowhere, and what comes later has a lower number.
    """
    name = "ndpi__fuzz-be-28586.pcap"
    theirs = {stream["stream"]: expected_of(stream) for stream in oracle_of(name)["tcp_streams"]}
    ours = {number: row for number, (row,) in our_streams(name).items()}
    split, lost = theirs.pop(8), theirs.pop(23)
    assert (lost["a_packets"], lost["b_packets"]) == (1, 0)
    joined = theirs[1]
    assert (
        (ours[1]["a_ip"], ours[1]["a_port"]) == (joined["a_ip"], joined["a_port"]) == (split["b_ip"], split["b_port"])
    )
    for column in ("packets", "wire_bytes", "payload_bytes", "zero_windows", "keep_alives"):
        of_frame_27 = {"packets": 1, "wire_bytes": 60}.get(column, 0)
        assert ours[1][f"a_{column}"] == joined[f"a_{column}"] + split[f"b_{column}"]
        assert ours[1][f"b_{column}"] == joined[f"b_{column}"] + split[f"a_{column}"] - of_frame_27
    assert (ours[1]["first_ts"], ours[1]["last_ts"]) == (joined["first_ts"], split["last_ts"])
    del theirs[1], ours[1]
    renumbered = {number - (number > 8) - (number > 23): row for number, row in theirs.items()}
    assert ours.keys() == renumbered.keys()
    for number, expected in renumbered.items():
        assert compare(number, ours[number], expected) == {}


def test_times_beyond_the_year_2262_are_clipped_and_time_nothing() -> None:
    """
    One interface counts microseconds up to 2**64: its flows keep everything but times and round trips.

    The other one's second frame is decades ahead, so the time from it to the next one is negative and no round trip.
    """
    name = "pcapplusplus__pcapng-two-if-us-ns.pcapng"
    found = differences(name)
    assert found.pop((0, "b_rtt_samples")) == oracle_of(name)["tcp_streams"][0]["rtt"]["ba"]["count"] - 1
    expected: Differences = {}
    for stream in oracle_of(name)["tcp_streams"][1:]:
        theirs, number = expected_of(stream), stream["stream"]
        assert theirs["first_ts"] > NO_TIME_AFTER
        expected |= {(number, "first_ts"): NO_TIME_AFTER, (number, "last_ts"): NO_TIME_AFTER}
        expected |= {(number, f"{letter}_rtt_samples"): 0 for letter in "ab" if theirs[f"{letter}_rtt_samples"]}
    assert found == expected


NO_HANDSHAKE = {
    ("arkime__seq-cases-port8000.pcap", 0): "a SYN with reset and reserved flags, and no answer",
    ("libtrace__gz-sll.pcap.gz", 10): "refused with a reset",
    ("opencis__tcp8000-qemu-chatter.pcap", 0): "refused with a reset",
    ("opencis__tcp8000-qemu-chatter.pcap", 1): "refused with a reset",
    ("pcapplusplus__lt101-raw.pcap", 2): "only one direction was captured",
    ("pcapplusplus__lt101-raw.pcap", 5): "only one direction was captured",
    ("tcpdump__lt242-ipoib.pcap", 0): "only one direction was captured",
    ("tcptrace__loss-solaris-be.pcap", 0): "refused with a reset",
    ("tcptrace__loss-solaris-be.pcap", 1): "refused with a reset",
    ("zeek__handshake-reorder.pcap", 0): "the SYN was captured after its answer",
}
"""Where tshark shows an initial round trip that none is, by capture and stream."""
OTHER_HANDSHAKE_US = {
    ("tcptrace__loss-solaris-be.pcap", 4): 87_520 + 1031,  # from the first of two copies of the SYN, not the second
    ("tcpdump__invalid-us-fraction.pcap", 0): 2_147_483_649.0,  # to the frame with the impossible fraction
    ("zeek__lt239-nflog.pcap", 0): 0.0,  # SYN, answer and ACK have one time; tshark goes on to the next ACK
}


@pytest.mark.parametrize("name", captures(UNKNOWN_LINK_TYPES | NOT_PCAP.keys() | ON_THEIR_OWN))
def test_handshakes_are_wiresharks_initial_round_trips(name: str) -> None:
    """From the last SYN to the ACK of its answer, or what is explained above."""
    ours = our_streams(name)
    for stream in oracle_of(name)["tcp_streams"]:
        (row,), key = ours[stream["stream"]], (name, stream["stream"])
        if key in NO_HANDSHAKE or stream["initial_rtt"] is None:
            assert row["handshake_rtt_us"] is None, key
            continue
        wanted = OTHER_HANDSHAKE_US.get(key, stream["initial_rtt"] * 1e6)
        assert row["handshake_rtt_us"] == pytest.approx(wanted, abs=EXACT_US), key


def test_every_explanation_is_needed() -> None:
    """A capture that agrees by now must leave the tables."""
    for name, stream in NO_HANDSHAKE:
        assert oracle_of(name)["tcp_streams"][stream]["initial_rtt"] is not None
    for name, (because, wanted) in EXPLAINED.items():
        assert because
        assert wanted
        oracle_of(name)
