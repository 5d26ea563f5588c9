"""Rows of the table commands in every format."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.test_terminal import cells
from vmpcap.report.look import Look
from vmpcap.report.packet_view import PACKET_VIEW, POINT, plain_view
from vmpcap.report.tables import (
    ANNOUNCEMENT_VIEW,
    FLOW_VIEW,
    FORMATS,
    MOST_ROWS,
    POINT_VIEW,
    endpoint,
    format_named,
    format_of_file,
    to_table,
)
from vmpcap.terms.columns import TABLES, Column, dtypes

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
VALUES = {
    "text": TEXTS,
    "count": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "time": st.integers(0, 4 * 10**18),
    "texts": st.lists(TEXTS, max_size=3),
    "ids": st.lists(st.integers(0, 4_095), max_size=3),
}
"""What a column of each kind may hold; times as nanoseconds since 1970."""

LETTERS = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=591) | st.sampled_from("漢字かな"), max_size=50
)
"""Texts whose width no terminal doubts."""

Rows = tuple[str, list[dict[str, Any]]]


@st.composite
def rows(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> Rows:
    """A table of a command and a few rows for it, some of their cells unknown."""
    name = draw(st.sampled_from(sorted(TABLES)))
    values = {**VALUES, "text": texts}
    row = st.fixed_dictionaries({c.name: st.none() | values[c.kind] for c in TABLES[name]})
    return name, draw(st.lists(row, max_size=4))


def frame_of(table: Rows) -> pl.DataFrame:
    """The rows as the frame that a command writes."""
    name, listed = table
    schema = dtypes(TABLES[name])
    numbers = {key: pl.Int64() if kind == pl.Datetime("ns", "UTC") else kind for key, kind in schema.items()}
    return pl.DataFrame(listed, schema=numbers).cast(schema)  # type: ignore[arg-type]


def iso(ns: int) -> str:
    """The time written by Python's own calendar, with nine digits."""
    whole = datetime.fromtimestamp(ns // 10**9, UTC).replace(tzinfo=None).isoformat()
    return f"{whole}.{ns % 10**9:09d}Z"


def as_json_cell(column: Column, value: Any) -> Any:
    """What a cell is in JSON."""
    return iso(value) if column.kind == "time" and value is not None else value


def written(table: Rows, name: str) -> bytes:
    fill = format_named(name).written
    assert fill is not None
    return fill(frame_of(table))


@settings(max_examples=40, deadline=None)
@given(table=rows())
def test_parquet_and_arrow_come_back_equal(table: Rows) -> None:
    """Values and dtypes."""
    frame = frame_of(table)
    for name, read in (("parquet", pl.read_parquet), ("arrow", pl.read_ipc)):
        back = read(io.BytesIO(written(table, name)))
        assert back.schema == frame.schema
        assert back.equals(frame)


@settings(max_examples=40, deadline=None)
@given(table=rows())
def test_json_and_ndjson_come_back_equal(table: Rows) -> None:
    """An array of objects, and an object a line; keys in the table's order; unknown is null."""
    columns = TABLES[table[0]]
    wanted = [{c.name: as_json_cell(c, row[c.name]) for c in columns} for row in table[1]]
    whole = json.loads(written(table, "json"))
    lines = [json.loads(line) for line in written(table, "ndjson").decode("utf-8").split("\n") if line]
    assert whole == lines == wanted
    assert all(list(row) == [c.name for c in columns] for row in whole)


@settings(max_examples=40, deadline=None)
@given(table=rows())
def test_csv_comes_back_equal(table: Rows) -> None:
    """Read by Python's own reader: a head, then every cell as text; lists joined by semicolons; unknown is empty."""
    columns = TABLES[table[0]]
    back = list(csv.reader(io.StringIO(written(table, "csv").decode("utf-8"), newline="")))
    assert back[0] == [c.name for c in columns]
    assert len(back) == len(table[1]) + 1
    for row, cells_ in zip(table[1], back[1:], strict=True):
        for column, cell in zip(columns, cells_, strict=True):
            value = row[column.name]
            if value is None:
                assert cell == ""
            elif column.kind == "time":
                assert cell == iso(value)
            elif column.kind == "float":
                assert float(cell) == value
            elif column.kind == "bool":
                assert cell == str(value).lower()
            elif column.kind in ("ids", "texts"):
                assert cell == ";".join(map(str, value))
            else:
                assert cell == str(value)


@settings(max_examples=40, deadline=None)
@given(tables=st.lists(rows(), min_size=1, max_size=3))
def test_rows_written_as_they_come_are_those_written_at_once(tables: list[Rows]) -> None:
    """Part by part, byte for byte as from memory; binary formats are parted otherwise, their frames are equal."""
    alike = [frame_of(table) for table in tables if table[0] == tables[0][0]]
    parts = pl.concat([frame.lazy() for frame in alike])
    whole = pl.concat(alike)
    for form in FORMATS:
        if form.poured is None or form.written is None:
            assert form.name == "table"
            continue
        out = io.BytesIO()
        form.poured(parts, out)
        read = {"parquet": pl.read_parquet, "arrow": pl.read_ipc}.get(form.name)
        if read is None:
            assert out.getvalue() == form.written(whole)
        else:
            out.seek(0)
            assert read(out).equals(whole)


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize("name", ["csv", "ndjson", "json", "parquet", "arrow"])
def test_a_table_without_rows_still_has_its_columns(table: str, name: str) -> None:
    """Where the format has a place for them."""
    raw = written((table, []), name)
    names = [c.name for c in TABLES[table]]
    if name == "csv":
        assert raw.decode() == ",".join(names) + "\n"
    elif name == "parquet":
        assert pl.read_parquet(io.BytesIO(raw)).columns == names
    elif name == "arrow":
        assert pl.read_ipc(io.BytesIO(raw)).columns == names
    else:
        assert raw == {"json": b"[]\n", "ndjson": b""}[name]


VIEWS = {"points": POINT_VIEW, "flows": FLOW_VIEW, "announcements": ANNOUNCEMENT_VIEW, "packets": (POINT, *PACKET_VIEW)}


@settings(max_examples=40, deadline=None)
@given(table=rows(LETTERS).filter(lambda table: table[0] in VIEWS), width=st.integers(40, 120))
def test_a_table_for_people_fits_the_terminal(table: Rows, width: int) -> None:
    """Columns that do not fit are named below, and no line is wider; what `verify` finds is told in words instead."""
    view = VIEWS[table[0]]
    shown = to_table(frame_of(table), view, Look(width))
    if not table[1]:
        assert shown == "(no rows)\n"
    assert all(cells(line) <= width for line in shown.splitlines())
    assert to_table(frame_of(table), view, Look(width, ascii_only=True)).isascii()


FLOW = {
    "point": "wan",
    "flow_id": 0,
    "protocol": "tcp",
    "a_ip": "10.10.1.11",
    "a_port": 40112,
    "b_ip": "10.10.1.12",
    "b_port": 8000,
    "first_ts": 1_783_996_806_000_000_000,
    "last_ts": 1_783_996_808_000_000_000,
    "a_payload_bytes": 105_393_557,
    "b_payload_bytes": 0,
    "a_resent_segments": 1_448,
    "a_rtt_p50_us": 2_911.0,
    "tcp_stream": 0,
}


def flow_frame(*changes: dict[str, Any]) -> pl.DataFrame:
    """Rows of flows that differ from FLOW by these."""
    empty = dict.fromkeys(c.name for c in TABLES["flows"])
    return frame_of(("flows", [{**empty, **FLOW, **change} for change in changes]))


def test_a_flow_is_shown_with_ends_sizes_and_wiresharks_stream() -> None:
    """The day above, the ends as addresses with ports, sizes in decimal units, times of day in UTC."""
    shown = to_table(flow_frame({}), FLOW_VIEW, Look(120)).splitlines()
    assert shown[0] == "2026-07-14 UTC"
    assert shown[1].split()[:5] == ["point", "stream", "proto", "a", "b"]
    for words in ("10.10.1.11:40112", "10.10.1.12:8000", "105 MB", "0 bytes", "02:40:06.000000", "1,448", "2.911"):
        assert words in shown[2]


def test_what_does_not_fit_is_named() -> None:
    """At 60 columns the later columns are missing, and the table says which."""
    shown = to_table(flow_frame({}), FLOW_VIEW, Look(60))
    assert "not shown for want of width:" in shown
    assert "a rtt p50 ms" in shown.replace("\n ", "")


def test_rows_beyond_the_most_are_counted() -> None:
    """A table of a million flows is no table; the other formats hold every row."""
    shown = to_table(flow_frame(*({"flow_id": n} for n in range(MOST_ROWS + 7))), FLOW_VIEW, Look(120))
    assert f"... 7 further rows; --format csv has all {MOST_ROWS + 7:,}" in shown
    assert shown.count("10.10.1.11:40112") == MOST_ROWS


@pytest.mark.parametrize(
    ("ip", "port", "shown"),
    [
        ("10.0.0.1", 80, "10.0.0.1:80"),
        ("fe80::1", 80, "[fe80::1]:80"),
        ("fe80::1", None, "fe80::1"),
        (None, 80, "?:80"),
        (None, None, "?"),
    ],
)
def test_an_address_with_a_port_is_written_as_usual(ip: str | None, port: int | None, shown: str) -> None:
    """IPv6 in brackets where a port follows."""
    assert endpoint(ip, port) == shown


def test_the_name_of_a_file_says_its_format() -> None:
    """Every suffix leads to one format, and unknown ones to none."""
    suffixes = [s for f in FORMATS for s in f.suffixes]
    assert len(suffixes) == len(set(suffixes))
    for form in FORMATS:
        assert all(format_of_file(f"/tmp/x{suffix.upper()}") is form for suffix in form.suffixes)
    assert format_of_file("flows") is None
    with pytest.raises(KeyError):
        format_named("xlsx")


def packet_frame(*changes: dict[str, Any]) -> pl.DataFrame:
    """Rows of packets that know nothing but these."""
    empty = dict.fromkeys(c.name for c in TABLES["packets"])
    return frame_of(("packets", [{**empty, "stop": "complete", **change} for change in changes]))


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (
            {"ip_src": "10.0.0.1", "src_port": 40_000, "ip_dst": "10.0.0.2", "dst_port": 8000, "tcp_flags": 0x12,
             "encapsulation": "eth/vlan:10/ip/tcp"},
            ("10.0.0.1:40000", "10.0.0.2:8000", "tcp SYN ACK", "eth/vlan:10/ip/tcp"),
        ),
        (
            {"eth_src": "00:50:56:aa:77:10", "eth_dst": "ff:ff:ff:ff:ff:ff", "arp_op": 3, "arp_sender_ip": "0.0.0.0",
             "arp_target_ip": "0.0.0.0", "encapsulation": "eth/rarp"},
            ("00:50:56:aa:77:10", "ff:ff:ff:ff:ff:ff", "rarp request reverse"),
        ),
        (
            {"eth_src": "00:50:56:aa:77:10", "arp_op": 1, "arp_sender_ip": "10.0.0.1", "arp_target_ip": "10.0.0.2",
             "encapsulation": "eth/arp"},
            ("10.0.0.1", "10.0.0.2", "arp request"),
        ),
        (
            {"ip_src": "fe80::1", "ip_dst": "fe80::2", "icmp_type": 135, "encapsulation": "eth/ipv6/icmpv6"},
            ("fe80::1", "fe80::2", "icmpv6 135"),
        ),
        ({"stop": "cut", "is_copy": True, "frame": 12_345}, ("12345", "cut", "copy")),
    ],
)  # fmt: skip
def test_a_packet_is_shown_by_the_innermost_address_that_it_has(packet: dict[str, Any], words: tuple[str, ...]) -> None:
    """Addresses with ports, those of ARP, or MACs; what it is in a word or two; why a walk ended only if too early."""
    head, row = to_table(packet_frame(packet), PACKET_VIEW, Look(120)).splitlines()[:2]
    assert head.startswith("frame")
    assert all(word in row for word in words)
    assert "complete" not in row


def test_columns_that_were_asked_for_are_shown_under_their_own_names() -> None:
    """Numbers that count nothing without separators; bytes with."""
    frame = packet_frame({"frame": 1_234_567, "dst_port": 8000, "wire_bytes": 9_014, "ids": [10, 5001]})
    view = plain_view(["frame", "dst_port", "wire_bytes", "ids"])
    shown = to_table(frame.select("frame", "dst_port", "wire_bytes", "ids"), view, Look(120))
    assert [line.split() for line in shown.splitlines()] == [
        ["frame", "dst_port", "wire_bytes", "ids"],
        ["1234567", "8000", "9,014", "10,5001"],
    ]


def test_a_name_wider_than_the_terminal_is_shortened() -> None:
    """The middle is left out, since names differ at both ends."""
    shown = to_table(flow_frame({"point": "漢" * 30}), FLOW_VIEW, Look(40))
    assert all(cells(line) <= 40 for line in shown.splitlines())
    assert "漢...漢" in shown
