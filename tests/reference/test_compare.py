"""Two engines on one packet: what counts as a difference, and how differences are gathered."""

from typing import Any, Final

import pytest

from vmpcap.reference.compare import COMPARED, Difference, differences
from vmpcap.reference.findings import MOST_FRAMES, MOST_KINDS, Findings
from vmpcap.reference.streams import MARKS, STREAM_FIELDS, Streams
from vmpcap.terms.columns import PACKETS, VERIFY, through_gate

SAME: dict[str, Any] = {column.name: None for column in PACKETS} | {
    "frame": 1, "stop": "complete", "encapsulation": "eth/ip/tcp", "ids": [], "vlan_ids": [], "tcp_seq": 7,
}  # fmt: skip


@pytest.mark.parametrize("column", COMPARED)
def test_another_value_in_any_column_is_a_difference(column: str) -> None:
    """And the same value is none."""
    ours, theirs = SAME | {column: 1}, SAME | {column: 2}
    assert differences(ours, theirs) == [Difference(column, 1, 2)]
    assert differences(ours, dict(ours)) == []


@pytest.mark.parametrize(
    ("column", "ours", "theirs", "differs"),
    [
        ("payload_bytes", 8, None, False),
        ("payload_bytes", None, 8, True),
        ("ip_ttl", 64, None, True),
        ("tcp_sack", None, [], False),
        ("tcp_sack", [1, 2], [], True),
    ],
)
def test_silence_contradicts_nobody_only_where_it_is_known_to_be_silence(
    column: str, ours: object, theirs: object, differs: bool
) -> None:
    """tshark has no length of ICMP's payload; we leave options open that were cut."""
    assert bool(differences(SAME | {column: ours}, SAME | {column: theirs})) == differs


def test_another_way_into_the_packet_is_one_difference() -> None:
    """All that it holds differs for that reason."""
    theirs = SAME | {"encapsulation": "eth/ip/udp", "tcp_seq": None}
    assert differences(SAME, theirs) == [Difference("encapsulation", "eth/ip/tcp", "eth/ip/udp")]


def test_what_we_do_not_walk_is_told_and_is_no_disagreement() -> None:
    """With tshark's names for it."""
    found = Findings()
    stopped = SAME | {"stop": "llc", "encapsulation": "eth/llc"}
    found.pair("here", stopped, SAME | {"encapsulation": "eth/llc/stp"})
    (row,) = through_gate(found.frame(), VERIFY, "verify").to_dicts()
    assert (row["finding"], row["tshark"], row["because"]) == ("not_walked", "eth/llc/stp", "our walk ends: llc")
    assert found.is_agreed
    found.pair("here", SAME | {"encapsulation": "eth/llc"}, SAME | {"encapsulation": "eth/llc/stp"})
    assert not found.is_agreed


def test_one_kind_counts_all_packets_and_keeps_the_first_numbers() -> None:
    """Ids do not keep kinds apart; the filter shows the frames that are kept."""
    found = Findings()
    for frame in range(1, 301):
        ours = SAME | {"frame": frame, "encapsulation": f"eth/vlan:{frame}/ip/tcp"}
        found.pair("here", ours, SAME | {"frame": frame})
    (row,) = found.frame().to_dicts()
    assert (row["packets"], row["vmpcap"], row["tshark"]) == (300, "eth/vlan:1/ip/tcp", "eth/ip/tcp")
    assert row["frames"] == list(range(1, MOST_FRAMES + 1))
    assert row["filter"].startswith("frame.number in {1, 2, 3, ")


def test_a_capture_that_differs_in_every_frame_in_another_way_fills_no_memory() -> None:
    """What is beyond the limit is counted together."""
    found = Findings()
    for n in range(MOST_KINDS + 50):
        found.pair("here", SAME | {"encapsulation": f"x{n}"}, SAME)
    frame = found.frame()
    assert len(frame) == MOST_KINDS + 1
    assert frame["packets"].sum() == MOST_KINDS + 50


def test_a_packet_that_one_engine_lacks_is_a_disagreement() -> None:
    """On either side."""
    for pair, finding in (((SAME, None), "missing"), ((None, SAME), "extra")):
        found = Findings()
        found.pair("here", *pair)
        assert (found.frame()["finding"].to_list(), found.is_agreed) == ([finding], False)


def counted(is_copy: bool) -> Streams:
    """One segment of ten bytes in stream 0."""
    streams = Streams()
    row = SAME | {"ip_src": "a", "src_port": 1, "ip_dst": "b", "dst_port": 2, "wire_bytes": 64, "payload_bytes": 10}
    values: dict[str, list[str]] = {name: [] for name in STREAM_FIELDS}
    ours = row | {"is_copy": is_copy, "stop": "complete", "ip_protocol": 6, "tcp_seq": 1}
    streams.absorb(row, values | {"tcp.stream": ["0"]}, ours)
    return streams


def flow(**counts: int) -> dict[str, Any]:
    """Our flow of the same ends, with these counts of the sender."""
    none = {f"{side}_{name}": 0 for side in "ab" for name in ("packets", "wire_bytes", "payload_bytes", "rtt_samples")}
    marks = {f"{side}_{name}": 0 for side in "ab" for name in MARKS}
    return none | marks | {"a_ip": "a", "a_port": 1, "b_ip": "b", "b_port": 2, "tcp_stream": 0} | counts


def test_streams_are_held_against_flows_count_by_count() -> None:
    """The same, another count, copies that count once, and a stream without a flow."""
    whole = flow(a_packets=1, a_wire_bytes=64, a_payload_bytes=10)
    for ours, streams, kinds in (
        ([whole], counted(False), []),
        ([flow(a_packets=2, a_wire_bytes=64, a_payload_bytes=10)], counted(False), [("flow", "a_packets", "2", "1")]),
        ([flow()], counted(True), [("copies", f"a_{n}", "0", t) for n, t in
                                   (("packets", "1"), ("wire_bytes", "64"), ("payload_bytes", "10"))]),
        ([], counted(False), [("flow", "tcp_stream", None, "0")]),
    ):  # fmt: skip
        found = Findings()
        found.flows("here", ours, streams)
        rows = through_gate(found.frame(), VERIFY, "verify").to_dicts()
        assert [(row["finding"], row["column"], row["vmpcap"], row["tshark"]) for row in rows] == kinds
        assert all(row["filter"] == "tcp.stream eq 0" for row in rows)
        assert found.is_agreed == all(kind[0] == "copies" for kind in kinds)


SEGMENT: Final = SAME | {
    "ip_src": "10.0.0.1", "src_port": 5, "ip_dst": "10.0.0.2", "dst_port": 80, "ip_protocol": 6, "wire_bytes": 60,
    "vni": None, "is_copy": False, "tcp_stream": 3, "tcp_analysis": ["duplicate_ack"], "tcp_ack_rtt_us": 12.5,
    "tcp_bytes_in_flight": 100, "tcp_initial_rtt_us": 9.0,
}  # fmt: skip
OTHER: Final = {
    "tcp_stream": 4, "tcp_analysis": ["keep_alive_ack"], "tcp_ack_rtt_us": None, "tcp_bytes_in_flight": 99,
    "tcp_initial_rtt_us": 8.0,
}  # fmt: skip
MARKS_AND_TIMES: Final = dict(list(OTHER.items())[1:])


def analysed(*before: dict[str, Any], **other: Any) -> list[tuple[str, str]]:
    """The findings on a segment of which tshark says something else, after these of its stream."""
    found, streams = Findings(), Streams()
    values = {name: [] for name in STREAM_FIELDS} | {"tcp.stream": ["3"]}
    for row in (*before, SEGMENT):
        streams.absorb(SEGMENT, values, row)
    found.analysed("here", SEGMENT, SEGMENT | other, streams)
    return [(row["column"], row["finding"]) for row in found.frame().to_dicts()]


@pytest.mark.parametrize("column", OTHER)
def test_another_analysis_of_a_segment_is_a_difference(column: str) -> None:
    """Marks that no count of a flow holds, too; nothing else is."""
    assert analysed(**{column: OTHER[column]}) == [(column, "differs")]
    assert analysed() == []
    assert analysed(tcp_initial_rtt_us=None) == []


@pytest.mark.parametrize(
    ("before", "finding", "columns"),
    [
        ({"is_copy": True}, "copies", set(MARKS_AND_TIMES)),
        ({"stop": "cut_options"}, "cut", set(MARKS_AND_TIMES)),
        ({"vlan_ids": [7]}, "segments", {"tcp_ack_rtt_us"}),
        ({"tcp_seq": None}, "cut", {"tcp_stream"}),
    ],
    ids=["copies", "cut options", "several segments", "cut headers"],
)
def test_what_is_known_to_differ_is_told_as_that(before: dict[str, Any], finding: str, columns: set[str]) -> None:
    """Each reason excuses what it explains and no more."""
    told = dict(analysed(SEGMENT | before, **MARKS_AND_TIMES) + analysed(SEGMENT | before, tcp_stream=4))
    assert told == {column: finding if column in columns else "differs" for column in OTHER}


def test_no_round_trip_is_negative() -> None:
    """tshark subtracts times that run backwards."""
    found = Findings()
    found.analysed("here", SEGMENT, SEGMENT | {"tcp_ack_rtt_us": -4.0}, Streams())
    (row,) = found.frame().to_dicts()
    assert row["because"] == "the times of the capture run backwards here: that is no round trip"
    assert not found.is_agreed
