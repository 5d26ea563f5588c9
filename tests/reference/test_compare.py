"""Two engines on one packet: what counts as a difference, and how differences are gathered."""

from typing import Any, Final

import pytest

from vmpcap.reference.compare import COMPARED, Difference, differences
from vmpcap.reference.findings import MOST_FRAMES, MOST_KINDS, Findings
from vmpcap.reference.streams import MARKS, MULTIPATH, STREAM_FIELDS, Streams
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


@pytest.mark.parametrize(
    ("ours", "theirs", "stop", "differs"),
    [
        (None, 1_902_518_880, "cut_options", False),  # the cut runs through the option
        (None, 1_902_518_880, "complete", True),
        (7, 1_902_518_880, "cut_options", True),
        (7, None, "cut_options", True),
    ],
)
@pytest.mark.parametrize("column", ["tcp_ts_value", "tcp_ts_echo", "tcp_mss", "tcp_window_scale"])
def test_options_that_were_cut_are_not_compared(
    column: str, ours: int | None, theirs: int | None, stop: str, differs: bool
) -> None:
    """A snap length of 64 leaves a part of the time stamps, of which tshark shows the first."""
    row = SAME | {"stop": stop}
    assert bool(differences(row | {column: ours}, row | {column: theirs})) == differs


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


@pytest.mark.parametrize(
    ("ours", "theirs", "finding"),
    [
        ({}, {"ip_fragment": "later"}, "reassembled"),
        ({}, {"ip_fragment": "first"}, "reassembled"),  # it came last
        ({}, {"ip_fragment": "later", "payload_bytes": 11}, "differs"),
        ({"payload_bytes": None}, {"ip_fragment": "later", "payload_bytes": None}, "differs"),
        ({"ip_fragment": "later"}, {"ip_fragment": "whole"}, "differs"),
    ],
)
def test_a_packet_that_was_put_together_is_whole_here_and_its_last_fragment_there(
    ours: dict[str, Any], theirs: dict[str, Any], finding: str
) -> None:
    """No disagreement where both show the same payload of it."""
    whole = SAME | {"ip_fragment": "whole", "payload_bytes": 10}
    found = Findings()
    found.pair("here", whole | ours, whole | theirs)
    rows = [row for row in found.frame().to_dicts() if row["column"] == "ip_fragment"]
    assert [row["finding"] for row in rows] == [finding]
    assert found.is_agreed == (finding == "reassembled")
    assert (rows[0]["because"] is not None) == (finding == "reassembled")


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


def counted(is_copy: bool, most: int = 10) -> Streams:
    """One segment of ten bytes in stream 0."""
    streams = Streams(most)
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


@pytest.mark.parametrize(("name", "more"), [("packets", 2), ("wire_bytes", -63), ("payload_bytes", 11)])
def test_a_copy_excuses_its_own_size_and_no_other(name: str, more: int) -> None:
    """A count that is off by more than the copies is another count."""
    sizes = {"a_packets": 0, "a_wire_bytes": 0, "a_payload_bytes": 0}
    found = Findings()
    found.flows("here", [flow(**sizes | {f"a_{name}": more})], counted(True))
    rows = found.frame().to_dicts()
    assert {row["column"]: row["finding"] for row in rows} == dict.fromkeys(sizes, "copies") | {f"a_{name}": "flow"}


def test_streams_beyond_the_limit_are_not_counted_and_that_is_said() -> None:
    """A flood of connections takes no memory here, and is no disagreement."""
    streams = counted(False, most=0)
    assert (streams.sides, streams.beyond) == ({}, 1)
    found = Findings()
    found.flows("here", [flow()], streams)
    (row,) = through_gate(found.frame(), VERIFY, "verify").to_dicts()
    assert (row["finding"], row["tcp_stream"], found.is_agreed) == ("uncounted", 0, True)


SEGMENT: Final = SAME | {
    "ip_src": "10.0.0.1", "src_port": 5, "ip_dst": "10.0.0.2", "dst_port": 80, "ip_protocol": 6, "wire_bytes": 60,
    "vni": None, "is_copy": False, "tcp_stream": 3, "tcp_analysis": ["duplicate_ack"], "tcp_ack_rtt_us": 12.5,
    "tcp_bytes_in_flight": 100, "tcp_initial_rtt_us": 7.0,
}  # fmt: skip
OTHER: Final = {
    "tcp_stream": 4, "tcp_analysis": ["keep_alive_ack"], "tcp_ack_rtt_us": None, "tcp_bytes_in_flight": 99,
    "tcp_initial_rtt_us": 8.0,
}  # fmt: skip


def analysed(*before: dict[str, Any], ours: dict[str, Any] = SEGMENT, **other: Any) -> list[tuple[str, str]]:
    """The findings on a segment of which tshark says something else, after these of its stream."""
    found, streams = Findings(), Streams()
    values = {name: [] for name in STREAM_FIELDS} | {"tcp.stream": ["3"]}
    for row in (*before, ours):
        streams.absorb(SEGMENT, values, row)
    found.analysed("here", ours, ours | other, streams)
    return [(row["column"], row["finding"]) for row in found.frame().to_dicts()]


@pytest.mark.parametrize("column", OTHER)
def test_another_analysis_of_a_segment_is_a_difference(column: str) -> None:
    """Marks that no count of a flow holds, too; nothing else is."""
    assert analysed(**{column: OTHER[column]}) == [(column, "differs")]
    assert analysed() == []
    assert analysed(tcp_initial_rtt_us=None) == []


@pytest.mark.parametrize("before", [{"is_copy": True}, {"stop": "cut_options"}, {"vlan_ids": [7]}], ids=str)
def test_what_other_segments_are_excuses_none_of_this_one(before: dict[str, Any]) -> None:
    """Copies, cut options and VLANs elsewhere in a stream change nothing in what both say of a segment."""
    told = analysed(SEGMENT | before, **OTHER)
    assert sorted(told) == sorted((column, "differs") for column in OTHER)


def test_no_analysis_of_a_segment_with_cut_options_is_known_to_be_silence() -> None:
    """Another analysis of it is none."""
    cut = SEGMENT | {"stop": "cut_options"}
    silence = {"tcp_analysis": [], "tcp_ack_rtt_us": None, "tcp_bytes_in_flight": None}
    assert analysed(ours=cut, **silence) == [(column, "cut") for column in silence]
    assert analysed(ours=cut, tcp_bytes_in_flight=99) == [("tcp_bytes_in_flight", "differs")]
    assert analysed(**silence) == [(column, "differs") for column in silence]


@pytest.mark.parametrize(
    ("ours", "theirs", "subtype", "is_told"),
    [
        (["duplicate_ack"], [], ["2"], True),
        (["duplicate_ack"], [], [], False),
        (["duplicate_ack", "zero_window"], ["zero_window"], ["2"], True),
        (["duplicate_ack", "zero_window"], [], ["2"], False),
        ([], ["duplicate_ack"], ["2"], False),
    ],
)
def test_a_duplicate_more_is_explained_by_multipath_tcp_where_there_is_any(
    ours: list[str], theirs: list[str], subtype: list[str], is_told: bool
) -> None:
    """An ACK again with another option of it; it stays a difference, and no other mark is explained."""
    found, streams = Findings(), Streams()
    values = {name: [] for name in STREAM_FIELDS} | {"tcp.stream": ["3"], MULTIPATH: subtype}
    streams.absorb(SEGMENT, values, SEGMENT)
    found.analysed("here", SEGMENT | {"tcp_analysis": ours}, SEGMENT | {"tcp_analysis": theirs}, streams)
    (row,) = found.frame().to_dicts()
    assert (row["finding"], found.is_agreed) == ("differs", False)
    assert ((row["because"] or "").startswith("Multipath TCP")) == is_told


@pytest.mark.parametrize(("theirs", "finding"), [(4, "cut"), (5, "differs"), (2, "differs"), (None, "differs")])
def test_cut_headers_shift_a_stream_by_no_more_than_they_are(theirs: int | None, finding: str) -> None:
    """One such header was seen: tshark opened at most one stream with it."""
    assert analysed(SEGMENT | {"tcp_seq": None}, tcp_stream=theirs) == [("tcp_stream", finding)]


@pytest.mark.parametrize(
    ("numbers", "is_told"),
    [
        (
            [(SEGMENT["tcp_seq"] + n * (1 << 29), SEGMENT["tcp_ack"]) for n in range(20)],
            False,
        ),  # 10 GB, number by number
        ([(0, 5), (1 << 31, 5)], True),
        ([(0, 5), (0, 5 + (3 << 29))], True),  # an ACK of what the other side cannot have sent
    ],
)
@pytest.mark.parametrize("column", ["tcp_bytes_in_flight", "tcp_ack_rtt_us", "tcp_analysis"])
def test_numbers_that_lie_half_their_room_apart_have_no_order(
    numbers: list[tuple[int, int]], is_told: bool, column: str
) -> None:
    """What is outstanding there is each one's own; its marks are the same, and so no excuse."""
    found, streams = Findings(), Streams()
    for seq, ack in numbers:
        values = {name: [] for name in STREAM_FIELDS} | {"tcp.stream": ["3"]}
        streams.absorb(SEGMENT | {"tcp_seq": seq % 2**32, "tcp_ack": ack}, values, SEGMENT)
    theirs: dict[str, Any] = {"tcp_bytes_in_flight": 7, "tcp_ack_rtt_us": 7.0, "tcp_analysis": ["zero_window"]}
    found.analysed("here", SEGMENT, SEGMENT | {column: theirs[column]}, streams)
    (row,) = found.frame().to_dicts()
    assert (row["because"] is not None) == (is_told and column != "tcp_analysis")
    assert not found.is_agreed


@pytest.mark.parametrize(
    ("ours", "theirs", "because"),
    [
        ({"tcp_ack_rtt_us": None}, -4.0, "the times of the capture run backwards here: that is no round trip"),
        (
            {"tcp_ack_rtt_us": None, "ts": 2**63 - 1},
            4.0,
            "times beyond 2262 are held back to it here, so that none lies between them",
        ),
        ({"tcp_ack_rtt_us": 9.0}, -4.0, None),
        ({"tcp_ack_rtt_us": None, "ts": 5}, 4.0, None),
    ],
)
def test_a_round_trip_that_differs_is_explained_where_its_times_explain_it(
    ours: dict[str, Any], theirs: float, because: str | None
) -> None:
    """tshark subtracts times that run backwards; ours end in 2262. It is a difference in any case."""
    found = Findings()
    found.analysed("here", SEGMENT | ours, SEGMENT | {"tcp_ack_rtt_us": theirs}, Streams())
    (row,) = found.frame().to_dicts()
    assert row["because"] == because
    assert not found.is_agreed
