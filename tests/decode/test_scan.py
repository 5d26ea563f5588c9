"""A capture as a LazyFrame: what stands in it, and that only what is asked for is read and made."""

import os
import random
import struct
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vmpcap
from tests.cli.calls import CAPTURES, RARP, RARPS, quiet_environment
from tests.decode.bounds import mangle
from tests.decode.examples import EXAMPLES
from tests.readers.writers import interface, section, simple
from vmpcap.decode import gather, scan
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.decode.fragments import WholeWalker
from vmpcap.decode.packets import RECIPES, PacketTable
from vmpcap.readers.sources import Capture
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.errors import CaptureError, CaptureWarning, RequestError

NAMES = [column.name for column in PACKETS]
REAL = CAPTURES / "routed_stretched"
UPLINK = REAL / "src-uplink.pcap.zst"
LAN = REAL / "gw-lan.pcap.zst"
ENGINES = ("in-memory", "streaming")
SECOND_NS = 10**9

Query = Callable[[pl.LazyFrame], pl.LazyFrame]


def pcap(*frames: bytes, snaplen: int = 262_144, link_type: int = 1) -> bytes:
    """A classic pcap of these frames, a second apart, each cut to the snapshot length."""
    records = [
        struct.pack("<IIII", n, 5, min(len(frame), snaplen), len(frame)) + frame[:snaplen]
        for n, frame in enumerate(frames)
    ]
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link_type) + b"".join(records)


def written(folder: Path, content: bytes, name: str = "made.pcap") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def collected(query: pl.LazyFrame, engine: str = "streaming") -> pl.DataFrame:
    """The answer of one of the engines."""
    return query.collect(engine=engine)  # type: ignore[call-overload, no-any-return]


# what stands in it, from literal bytes

ETHERNET = "02000000000b 02000000000a"
IPV4 = "45 b8 {size:04x} 1234 4000 3f {protocol:02x} 0000 0a000001 0a000002"


def ipv4(protocol: int, content: str) -> str:
    """Ethernet and IPv4 (TOS 0xb8, id 0x1234, TTL 63) around this content."""
    size = 20 + len(bytes.fromhex(content))
    return f"{ETHERNET} 0800 {IPV4.format(size=size, protocol=protocol)} {content}"


IN_ETHERNET = {"eth_src": "02:00:00:00:00:0a", "eth_dst": "02:00:00:00:00:0b"}
IN_IPV4 = {
    **IN_ETHERNET, "ethertype": 0x0800, "ip_version": 4, "ip_src": "10.0.0.1", "ip_dst": "10.0.0.2", "ip_ttl": 63,
    "ip_tos": 0xB8, "ip_id": 0x1234, "ip_fragment": "whole",
}  # fmt: skip
SYN = "9c40 1f40 89abcdef 00000000 a002 faf0 0000 0000 020405b4 0402 080a 00000457 00000000 01 030309"
ACK = "9c40 1f40 89abcdf0 01020304 8010 01f5 0000 0000 0101 050a 0000000a 00000014"
SYN_TELLS = {
    "ip_protocol": 6, "src_port": 40_000, "dst_port": 8_000, "payload_bytes": 0, "tcp_seq": 0x89ABCDEF, "tcp_ack": 0,
    "tcp_flags": 2, "tcp_window": 64_240, "tcp_stream": 0, "tcp_analysis": [],
}  # fmt: skip
MADE: list[tuple[str, str, dict[str, Any]]] = [
    (
        "a SYN with every option",
        ipv4(6, SYN),
        {**IN_IPV4, **SYN_TELLS, "encapsulation": "eth/ip/tcp", "tcp_mss": 1460, "tcp_sack_permitted": True,
         "tcp_ts_value": 0x457, "tcp_ts_echo": 0, "tcp_window_scale": 9, "tcp_sack": []},
    ),
    (
        "an ACK that tells of a hole",
        ipv4(6, ACK),
        {**IN_IPV4, "encapsulation": "eth/ip/tcp", "ip_protocol": 6, "src_port": 40_000, "dst_port": 8_000,
         "payload_bytes": 0, "tcp_seq": 0x89ABCDF0, "tcp_ack": 0x01020304, "tcp_flags": 16, "tcp_window": 501,
         "tcp_sack_permitted": False, "tcp_sack": [10, 20], "tcp_stream": 0, "tcp_analysis": [],
         "tcp_initial_rtt_us": 1e6},  # frames are a second apart, and this one is the first ACK after the SYN
    ),
    (
        "a datagram",
        ipv4(17, "0035 0400 000c 0000 61626364"),
        {**IN_IPV4, "encapsulation": "eth/ip/udp", "ip_protocol": 17, "src_port": 53, "dst_port": 1024,
         "payload_bytes": 4},
    ),
    (
        "an echo request",
        ipv4(1, "08 00 0000 1092 0011 70"),
        {**IN_IPV4, "encapsulation": "eth/ip/icmp", "ip_protocol": 1, "payload_bytes": 1, "icmp_type": 8,
         "icmp_code": 0, "icmp_id": 0x1092, "icmp_seq": 17},
    ),
    (
        "an error message, which has no identifier",
        ipv4(1, "03 04 0000 0000 05dc"),
        {**IN_IPV4, "encapsulation": "eth/ip/icmp", "ip_protocol": 1, "payload_bytes": 0, "icmp_type": 3,
         "icmp_code": 4},
    ),
    (
        "an unknown transport",
        ipv4(253, "0000"),
        {**IN_IPV4, "encapsulation": "eth/ip", "ip_protocol": 253, "stop": "unknown_ip_protocol"},
    ),
    (
        "IPv6, whose identification is in a header that is not there",
        f"{ETHERNET} 86dd 6b800000 0009 11 3d 20010db8{'00' * 11}01 20010db8{'00' * 11}02 0005 0006 0009 0000 61",
        {**IN_ETHERNET, "encapsulation": "eth/ipv6/udp", "ethertype": 0x86DD, "ip_version": 6,
         "ip_src": "2001:db8::1", "ip_dst": "2001:db8::2", "ip_ttl": 61, "ip_tos": 0xB8, "ip_fragment": "whole",
         "ip_protocol": 17, "src_port": 5, "dst_port": 6, "payload_bytes": 1},
    ),
    (
        "the unspecified IPv6 address, which is one",
        f"{ETHERNET} 86dd 60000000 0000 3b 01 {'00' * 16} {'00' * 16}",
        {**IN_ETHERNET, "encapsulation": "eth/ipv6/none", "ethertype": 0x86DD, "ip_version": 6, "ip_src": "::",
         "ip_dst": "::", "ip_ttl": 1, "ip_tos": 0, "ip_fragment": "whole", "ip_protocol": 59},
    ),
    (
        "an announcement",
        RARP.hex(),
        {"eth_src": "00:50:56:aa:77:10", "eth_dst": "ff:ff:ff:ff:ff:ff", "encapsulation": "eth/rarp",
         "ethertype": 0x8035, "arp_op": 3, "arp_sender_mac": "00:50:56:aa:77:10", "arp_sender_ip": "0.0.0.0",
         "arp_target_mac": "00:50:56:aa:77:10", "arp_target_ip": "0.0.0.0"},
    ),
    (
        "an announcement in a VLAN inside an overlay inside a VLAN",
        f"{ETHERNET} 8100 000a 0800 4500005200000000 40 11 0000 0a000001 0a000002"
        f" d903 12b5 003e 0000 08000000 00138900 ffffffffffff 005056aa7710 8100 0064 8035 {RARP[14:].hex()}",
        {"eth_src": "00:50:56:aa:77:10", "eth_dst": "ff:ff:ff:ff:ff:ff", "ethertype": 0x8035, "vni": 5001,
         "encapsulation": "eth/vlan:10/ip/udp/vxlan:5001/eth/vlan:100/rarp", "ids": [10, 5001, 100],
         "vlan_ids": [100], "arp_op": 3, "arp_sender_mac": "00:50:56:aa:77:10", "arp_sender_ip": "0.0.0.0",
         "arp_target_mac": "00:50:56:aa:77:10", "arp_target_ip": "0.0.0.0"},
    ),
    (
        "something that nobody knows",
        f"{ETHERNET} fffe 0000",
        {**IN_ETHERNET, "encapsulation": "eth", "stop": "unknown_ethertype", "ethertype": 0xFFFE},
    ),
]  # fmt: skip
ALWAYS = ("point", "frame", "ts", "captured_bytes", "wire_bytes", "interface", "link_type", "is_copy")
USUAL = {"stop": "complete", "ids": [], "vlan_ids": []}


def known_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Each row without what is always known and without what is not."""
    return [
        {name: value for name, value in row.items() if name not in ALWAYS and value is not None}
        for row in frame.iter_rows(named=True)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_frame_tells_what_its_bytes_say_and_is_silent_on_all_else(tmp_path: Path, engine: str) -> None:
    """Every value of a frame from literal bytes; everything that the frame does not have is null, never 0."""
    path = written(tmp_path, pcap(*(bytes.fromhex(frame) for _, frame, _ in MADE)))
    found = collected(vmpcap.scan(path), engine)
    for (what, _, wanted), row in zip(MADE, known_of(found), strict=True):
        assert row == {**USUAL, **wanted}, what


def test_the_reader_s_own_columns(tmp_path: Path) -> None:
    """Frame numbers from 1, times to the nanosecond in UTC, lengths in the file and on the wire."""
    path = written(tmp_path, pcap(RARP + bytes(60), RARP, snaplen=50))
    found = collected(vmpcap.scan(path).select(ALWAYS))
    assert found.cast({"ts": pl.Int64}).rows() == [
        ("made", 1, 5_000, 50, 102, 0, 1, False),
        ("made", 2, SECOND_NS + 5_000, 42, 42, 0, 1, False),
    ]


def test_options_that_were_cut_are_not_called_absent(tmp_path: Path) -> None:
    """A snapshot length that ends inside the options: what was read is there, the rest is not known."""
    whole = bytes.fromhex(ipv4(6, SYN))
    path = written(tmp_path, pcap(whole, snaplen=14 + 20 + 20 + 5))
    (row,) = known_of(collected(vmpcap.scan(path)))
    options = {"encapsulation": "eth/ip/tcp", "stop": "cut_options", "tcp_mss": 1460}
    assert row == {**USUAL, **IN_IPV4, **SYN_TELLS, **options}


def test_a_later_part_of_a_packet_has_no_ports(tmp_path: Path) -> None:
    """Nor a payload length; it says that it is one."""
    part = bytes.fromhex(ipv4(17, "00" * 32).replace("1234 4000", "1234 0010"))
    (row,) = known_of(collected(vmpcap.scan(written(tmp_path, pcap(part)))))
    assert row["ip_fragment"] == "later"
    assert not {"src_port", "dst_port", "payload_bytes"} & row.keys()


def test_a_packet_without_a_time_has_none_and_no_copy_is_sought(tmp_path: Path) -> None:
    """pcapng's simple packet block; a frame without a network header is looked at no more than that."""
    untimed = section("<") + interface("<") + simple("<", RARP, len(RARP))
    found = collected(vmpcap.scan(written(tmp_path, untimed, "made.pcapng")))
    assert found["ts"].to_list() == found["is_copy"].to_list() == [None]
    unknown = written(tmp_path, pcap(bytes.fromhex(f"{ETHERNET} fffe 0000")))
    assert collected(vmpcap.scan(unknown))["is_copy"].to_list() == [None]


def test_a_link_type_without_a_step_leaves_the_frame_unread(tmp_path: Path) -> None:
    """Its number, its lengths and the reason."""
    path = written(tmp_path, pcap(RARP, link_type=147))
    found = collected(vmpcap.scan(path))
    assert known_of(found) == [{"stop": "unknown_link_type", "ids": [], "vlan_ids": []}]
    assert found["link_type"].to_list() == [147]


@pytest.mark.parametrize("link_type", sorted({example.link_type for example in EXAMPLES}))
def test_the_path_of_every_encapsulation_is_that_of_its_example(tmp_path: Path, link_type: int) -> None:
    """Made by other hands than the table; behind a header stand its ids, as many as the frame lists."""
    chosen = [example for example in EXAMPLES if example.link_type == link_type]
    path = written(tmp_path, pcap(*(example.frame for example in chosen), link_type=link_type))
    found = collected(vmpcap.scan(path).select("encapsulation", "ids", "ip_fragment"))
    for example, row in zip(chosen, found.iter_rows(named=True), strict=True):
        headers = [part.split(":") for part in row["encapsulation"].split("/")]
        names = "/".join(name for name, *_ in headers)
        if row["ip_fragment"] == "first":  # it may wait for the rest, which does not come
            assert f"{example.path}/".startswith(f"{names}/")
            continue
        assert names == example.path
        behind = [int(number) for _, *numbers in headers for number in numbers]
        listed = [number for number in row["ids"] if number is not None]
        clocks = sum(name == "erspan3" for name, *_ in headers)
        assert len(behind) == len(listed) - clocks
        assert set(behind) <= set(listed)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_bytes_a_frame_has_it_is_one_row(tmp_path: Path, seed: int) -> None:
    """Examples with bytes set at random, cut at random, of any link type: every column can be made."""
    rng = random.Random(seed)
    frames = [mangle(rng.choice(EXAMPLES).frame, rng)[: rng.choice((2000, rng.randrange(120)))] for _ in range(300)]
    link_type = rng.choice([example.link_type for example in EXAMPLES])
    found = collected(vmpcap.scan(written(tmp_path, pcap(*frames, link_type=link_type))))
    assert found["frame"].to_list() == list(range(1, 301))
    assert found["captured_bytes"].to_list() == [len(frame) for frame in frames]
    with_ip = found.filter(pl.col("ip_version").is_not_null())
    assert with_ip.select("ip_src", "ip_dst", "ip_ttl", "ip_protocol").null_count().row(0) == (0, 0, 0, 0)


def test_every_column_has_a_recipe_and_no_other() -> None:
    """In the table's order, with the declared dtypes, with rows and without."""
    assert ["point", *RECIPES] == NAMES
    table = PacketTable(["here"])
    assert table.needs(NAMES) >= {"frame", "ts_ns", "arp_kind", "copy"}
    frame = collected(vmpcap.scan(LAN))
    assert dict(frame.schema) == dtypes(PACKETS)


def test_an_empty_capture_gives_no_rows_and_every_column(tmp_path: Path) -> None:
    """In both engines, chosen or not."""
    lazy = vmpcap.scan(written(tmp_path, pcap()))
    for engine in ENGINES:
        assert dict(collected(lazy, engine).schema) == dtypes(PACKETS)
        assert collected(lazy.filter(pl.col("dst_port") == 1).select("ip_src"), engine).shape == (0, 1)
        assert collected(lazy.select(pl.len()), engine).item() == 0


# pushed down


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many answers for one query."""
    monkeypatch.setattr(scan, "CHUNK_ROWS", 300)
    monkeypatch.setattr(gather, "DEFAULT_BATCH_RECORDS", 128)


class Counts:
    """How often each part of the work was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: dict[str, int] = {}
        self.columns: set[str] = set()
        self.cells = 0
        for owner, name in ((WholeWalker, "walk"), (CopyFinder, "mark"), (gather, "read_arrivals")):
            self._count(monkeypatch, owner, name)
        made = PacketTable.frame

        def frame(table: PacketTable, names: Any, rows: Any) -> pl.DataFrame:
            answer = made(table, names, rows)
            self.columns |= set(answer.columns)
            self.cells += answer.width * len(answer)
            return answer

        monkeypatch.setattr(PacketTable, "frame", frame)

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        original = getattr(owner, name)

        def counted(*arguments: Any) -> Any:
            self.done[name] = self.done.get(name, 0) + 1
            return original(*arguments)

        monkeypatch.setattr(owner, name, counted)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("columns", "work"),
    [
        (["frame", "ts", "wire_bytes", "point"], set()),
        (["dst_port", "tcp_seq"], {"walk"}),
        (["arp_op"], {"walk", "read_arrivals"}),
        (["is_copy"], {"walk", "mark"}),
        (NAMES, {"walk", "read_arrivals", "mark"}),
    ],
)
def test_only_what_a_column_needs_is_done(
    monkeypatch: pytest.MonkeyPatch, engine: str, columns: list[str], work: set[str]
) -> None:
    """No walk for what the reader knows, no bodies of ARP and no search for copies unless they are asked for."""
    counts = Counts(monkeypatch)
    assert collected(vmpcap.scan(LAN).select(columns), engine).columns == columns
    assert counts.done.keys() == work
    assert counts.columns == set(columns)


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_that_a_condition_does_not_look_at_are_made_for_its_rows_only(
    monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Five announcements: one column for all frames, the others for five."""
    counts = Counts(monkeypatch)
    found = collected(vmpcap.scan(LAN).filter(pl.col("arp_op") == 3), engine)
    frames = collected(vmpcap.scan(LAN).select(pl.len()), engine).item()
    assert len(found) == 5
    assert counts.cells == frames + 5 * (len(NAMES) - 1) + frames


def test_the_plan_shows_what_is_pushed_down() -> None:
    """Columns, condition and slice stand in the scan itself; nothing is left to do above it."""
    wanted = vmpcap.scan(UPLINK).filter(pl.col("dst_port") == 8000).select("frame", "dst_port").explain()
    assert wanted.startswith("PYTHON[vmpcap] SCAN")
    assert f"PROJECT 2/{len(NAMES)} COLUMNS" in wanted
    assert 'SELECTION: col("dst_port") == 8000' in wanted
    assert "SLICE: Positive { offset: 0, len: 5 }" in vmpcap.scan(UPLINK).head(5).explain()


class Seen:
    """Counts the parts that were read, and the files that were read to their end."""

    def __init__(self) -> None:
        self.parts = 0
        self.files: list[str] = []

    def saw(self, path: str, capture: Capture) -> None:
        self.parts += 1

    def ended(self, source: gather.Source, path: str, capture: Capture) -> None:
        self.files.append(source.point)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("engine", ENGINES)
def test_reading_stops_behind_the_rows_that_are_asked_for(engine: str) -> None:
    """Three batches hold 300 rows; the other hundreds, and the second file, are left alone."""
    seen = Seen()
    sources = [gather.Source("a", (str(UPLINK),)), gather.Source("b", (str(LAN),))]
    found = collected(scan.scan_sources(sources, seen).head(300), engine)
    assert found["frame"].to_list() == list(range(1, 301))
    assert (seen.parts, seen.files) == (3, [])


@pytest.mark.usefixtures("small_chunks")
def test_a_slice_over_two_files_ends_in_the_second() -> None:
    """All of the first, and the beginning of the second."""
    seen = Seen()
    sources = [gather.Source("a", (str(LAN),)), gather.Source("b", (str(UPLINK),))]
    first = collected(vmpcap.scan(LAN).select(pl.len())).item()
    found = collected(scan.scan_sources(sources, seen).head(first + 10).select("point", "frame"))
    assert found["point"].to_list() == ["a"] * first + ["b"] * 10
    assert found["frame"].to_list() == [*range(1, first + 1), *range(1, 11)]
    assert seen.files == ["a"]


PREDICATES = (
    pl.col("dst_port") == 8000,
    pl.col("tcp_flags") & 2 != 0,
    pl.col("ip_src").str.starts_with("10.77."),
    pl.col("arp_op").is_not_null(),
    pl.col("icmp_seq") % 7 == 3,
    pl.col("is_copy"),
    pl.col("vlan_ids").list.len() == 0,
    (pl.col("payload_bytes") > 100) | pl.col("payload_bytes").is_null(),
    pl.col("frame").is_in([1, 2, 500, 100_000]),
    pl.col("ts").dt.millisecond() < 50,
    pl.col("frame") == pl.col("frame").max(),
    pl.lit(True),
    pl.lit(False),
)


def random_query(rng: random.Random) -> Query:
    """A few steps of choosing columns, rows and slices, in any order."""
    steps: list[Query] = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(("rows", "head", "slice", "tail"))
        number, offset = rng.choice((0, 1, 299, 300, 301, 5000)), rng.choice((0, 7, 300))
        if kind == "rows":
            predicate = rng.choice(PREDICATES)
            steps.append(lambda lazy, predicate=predicate: lazy.filter(predicate))
        elif kind == "head":
            steps.append(lambda lazy, number=number: lazy.head(number))
        elif kind == "slice":
            steps.append(lambda lazy, number=number, offset=offset: lazy.slice(offset, number))
        else:
            steps.append(lambda lazy, number=number: lazy.tail(number))
    names = rng.sample(NAMES, rng.randint(1, len(NAMES)))

    def query(lazy: pl.LazyFrame) -> pl.LazyFrame:
        for step in steps:
            lazy = step(lazy)
        return lazy.select(names)

    return query


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("seed", range(60))
def test_a_query_gets_the_same_answer_however_much_of_it_is_pushed_down(seed: int) -> None:
    """The whole table in memory, asked the same, is the twin: chunks, late columns and early ends change nothing."""
    query = random_query(random.Random(seed))
    whole = collected(vmpcap.scan(LAN), "in-memory")
    wanted = query(whole.lazy()).collect()
    for engine in ENGINES:
        assert collected(query(vmpcap.scan(LAN)), engine).equals(wanted)


def test_neither_chunks_nor_batches_change_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is carried from packet to packet: copies and parts of packets."""
    wanted = collected(vmpcap.scan(LAN), "in-memory")
    for rows, records in ((1, 64), (1000, 7), (65_536, 1)):
        monkeypatch.setattr(scan, "CHUNK_ROWS", rows)
        monkeypatch.setattr(gather, "DEFAULT_BATCH_RECORDS", records)
        assert collected(vmpcap.scan(LAN), "in-memory").equals(wanted)


@pytest.mark.usefixtures("small_chunks")
def test_a_part_of_an_answer_stays_as_it_is_when_the_next_is_read() -> None:
    """What was handed out is never written again."""
    parts: list[pl.DataFrame] = []
    vmpcap.scan(LAN).sink_batches(parts.append, engine="streaming")
    assert len(parts) > 3
    assert pl.concat(parts).equals(collected(vmpcap.scan(LAN)))


# with the rest of polars


def test_scans_can_be_joined_and_put_behind_each_other() -> None:
    """One announcement at two points; two captures as one."""
    lan = vmpcap.scan({"lan": LAN}).filter(pl.col("arp_op") == 3)
    host = vmpcap.scan({"host": REAL / "dst-guestbr.pcap.zst"}).filter(pl.col("arp_op") == 3)
    joined = collected(lan.join(host, on="arp_sender_mac", suffix="_host").select("point", "point_host"))
    assert set(joined.rows()) == {("lan", "host")}
    both = collected(pl.concat([lan, host]))
    assert both["point"].value_counts().sort("point").rows() == [("host", 5), ("lan", 5)]


def test_a_scan_can_be_asked_in_sql() -> None:
    """With times as texts, which stand for UTC."""
    context = pl.SQLContext(packets=vmpcap.scan(LAN))
    found = context.execute("SELECT COUNT(*) AS n FROM packets WHERE arp_op = 3 AND ts > '2026-11-23T15:03:41.5'")
    assert collected(found)["n"].to_list() == [2]


def test_a_capture_streams_into_a_file(tmp_path: Path) -> None:
    """Every row and column comes back."""
    vmpcap.scan(UPLINK).sink_parquet(tmp_path / "packets.parquet")
    assert pl.read_parquet(tmp_path / "packets.parquet").equals(collected(vmpcap.scan(UPLINK)))


# files


PEAK = """
import resource, sys, vmpcap
file, times, target = sys.argv[1:]
vmpcap.scan({"x": [file] * int(times)}).sink_parquet(target)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_the_memory_of_a_sink_does_not_grow_with_the_length_of_a_capture(tmp_path: Path) -> None:
    """Peaks of processes of their own: 200 thousand packets, and a million. All their rows at once are 200 MiB more."""
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK, str(UPLINK), times, str(tmp_path / times)],
                env=quiet_environment(), capture_output=True, text=True, check=True,
            ).stdout
        )
        for times in ("2", "10")
    ]  # fmt: skip
    rows = pl.scan_parquet(tmp_path / "10").select(pl.len()).collect().item()
    assert rows == 10 * vmpcap.scan(UPLINK).select(pl.len()).collect().item() > 800_000
    assert peaks[1] - peaks[0] < 150 << 10, peaks


def test_files_are_read_in_their_order_each_as_a_point_of_its_own(tmp_path: Path) -> None:
    """A pattern gives its matches in natural order; a name that is taken gets its folder in front."""
    for name in ("x10.pcap", "x2.pcap", "x1.pcap"):
        written(tmp_path, RARPS, name)
    found = collected(vmpcap.scan(tmp_path / "x*.pcap").select("point", "frame"))
    assert found.rows() == [(point, frame) for point in ("x1", "x2", "x10") for frame in (1, 2, 3)]
    (tmp_path / "other").mkdir()
    again = [tmp_path / "x1.pcap", written(tmp_path / "other", RARPS, "x1.pcap")]
    found = collected(vmpcap.scan(again).select(pl.col("point").unique(maintain_order=True)))
    assert found["point"].to_list() == [f"{tmp_path.name}/x1", "other/x1"]


def test_a_mapping_names_the_points(tmp_path: Path) -> None:
    """With one file or several."""
    one, two = written(tmp_path, RARPS, "1.pcap"), written(tmp_path, RARPS, "2.pcap")
    found = collected(vmpcap.scan({"source": str(two), "gateway": [one, two]}).select("point"))
    assert found["point"].to_list() == ["source"] * 3 + ["gateway"] * 6


def test_a_copy_is_sought_over_the_files_of_a_point_and_not_beyond(tmp_path: Path) -> None:
    """The last frame of one file and the first of the next, seen at one place or at two."""
    datagram = bytes.fromhex(ipv4(17, "0035 0400 000c 0000 61626364"))
    files = [written(tmp_path, pcap(datagram), name) for name in ("1.pcap", "2.pcap")]
    at_one = collected(vmpcap.scan({"a": files}).select("is_copy"))
    at_two = collected(vmpcap.scan(files).select("is_copy"))
    assert (at_one["is_copy"].to_list(), at_two["is_copy"].to_list()) == ([False, True], [False, False])


def test_standard_input_and_pipes_can_be_scanned() -> None:
    """`-`, which can be read once: the second query says so."""
    script = """
import polars as pl, vmpcap
lazy = vmpcap.scan("-")
print(lazy.select("point", "frame", "arp_op").collect(engine="streaming").rows())
try:
    lazy.collect()
except vmpcap.terms.errors.CaptureError as problem:
    print(problem)
"""
    done = subprocess.run([sys.executable, "-c", script], input=RARPS, capture_output=True, check=False)
    first, second = done.stdout.decode().splitlines()
    assert first == str([("stdin", n, 3) for n in (1, 2, 3)])
    assert second.startswith("cannot read '-' as a capture: it has no bytes")
    assert done.returncode == 0


def test_a_name_that_is_no_text_can_be_a_point(tmp_path: Path) -> None:
    """Bytes of a file name that are no UTF-8 are written as their escapes."""
    raw = os.fsencode(tmp_path) + b"/gw-\xff.pcap"
    Path(os.fsdecode(raw)).write_bytes(RARPS)
    assert set(collected(vmpcap.scan(os.fsdecode(raw)))["point"]) == {"gw-\\udcff"}


# what goes wrong


@pytest.mark.parametrize(
    ("name", "because"),
    [("missing.pcap", "there is no such file"), ("text.pcap", "it is a text file"), ("empty.pcap", "it has no bytes")],
)
def test_what_is_no_capture_is_refused_at_once(tmp_path: Path, name: str, because: str) -> None:
    """Where the scan is made, not somewhere in a query."""
    written(tmp_path, b"no packets, only words\n", "text.pcap")
    written(tmp_path, b"", "empty.pcap")
    with pytest.raises(CaptureError, match=because):
        vmpcap.scan(tmp_path / name)


def test_what_names_nothing_is_refused(tmp_path: Path) -> None:
    """An empty list, a folder, a pattern without a match."""
    for given in ([], {}, tmp_path, tmp_path / "*.pcap", ""):
        with pytest.raises(RequestError):
            vmpcap.scan(given)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_that_has_gone_is_told_by_the_query_as_it_is(tmp_path: Path, engine: str) -> None:
    """CaptureError, not an error of polars."""
    path = written(tmp_path, RARPS)
    lazy = vmpcap.scan(path)
    path.unlink()
    with pytest.raises(CaptureError, match="there is no such file"):
        collected(lazy.filter(pl.col("arp_op") == 3), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cut_file_gives_what_it_has_and_warns_where_it_was_cut(tmp_path: Path, engine: str) -> None:
    """Two of three announcements, and the byte where the third begins; once for each query that comes so far."""
    path = written(tmp_path, RARPS[:-10])
    with pytest.warns(
        CaptureWarning, match=r"read up to frame 3 at byte 140 only: the file ends inside a record"
    ) as said:
        found = collected(vmpcap.scan(path).select("frame"), engine)
    assert found["frame"].to_list() == [1, 2]
    assert len(said) == 1
    assert issubclass(CaptureWarning, UserWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert collected(vmpcap.scan(path).head(1), engine)["frame"].to_list() == [1]
        with pytest.raises(CaptureWarning):
            collected(vmpcap.scan(path), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_of_polars_stays_one(engine: str) -> None:
    """A text that is no number, met in the middle of a capture."""
    with pytest.raises(pl.exceptions.PolarsError):
        collected(vmpcap.scan(LAN).filter(pl.col("ip_src").str.to_integer() > 3), engine)


def open_files(path: Path) -> int:
    """How many descriptors of this process lead to this file?"""
    return sum(os.path.realpath(f"/proc/self/fd/{name}") == str(path) for name in os.listdir("/proc/self/fd"))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_query_that_stops_early_lets_go_of_its_file(engine: str) -> None:
    """At once or, since polars lets go of objects of Python when it is called again, with the next query."""
    assert len(collected(vmpcap.scan(UPLINK).filter(pl.col("dst_port") == 8000).head(3), engine)) == 3
    patience = time.monotonic() + 20
    while open_files(UPLINK) and time.monotonic() < patience:
        collected(pl.LazyFrame({"n": [1]}))
        time.sleep(0.01)
    assert open_files(UPLINK) == 0


ENDINGS = {
    "a query that stops early": "lazy.filter(pl.col('tcp_seq') > 0).head(3).collect(engine='streaming')",
    "one that a person's own function ends": "lazy.sink_batches(lambda part: True, engine='streaming')",
    "one whose writer fails": "lazy.sink_batches(lambda part: 1 / 0, engine='streaming')",
    "an error in the middle": "lazy.select(pl.col('ip_src').str.to_integer()).collect()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_may_end_while_a_query_that_needs_no_more_is_still_reading(ending: str) -> None:
    """Its last statement: threads of polars that come back into Python then would abort it."""
    script = f"""
import polars as pl, vmpcap
lazy = vmpcap.scan([{str(UPLINK)!r}] * 9)
try:
    {ENDINGS[ending]}
except Exception:
    pass
"""
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", script], env=quiet_environment(), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_importing_the_package_imports_no_library() -> None:
    """`import vmpcap` costs milliseconds; polars comes with the first scan."""
    script = "import sys, vmpcap; print(sorted({'numba', 'numpy', 'polars', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"
