"""`vmpcap packets`: which rows and columns, in which format, and what is said of wishes that mean nothing."""

import csv
import io
import json
import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vmpcap
from tests.cli.calls import CAPTURES, HEADER, RARP, RARPS, here, quiet_environment, record
from tests.cli.calls import vmpcap as called
from vmpcap.cli.exits import guarded
from vmpcap.cli.group import commands
from vmpcap.cli.packets import chosen
from vmpcap.terms.columns import PACKETS, dtypes

NAMES = [column.name for column in PACKETS]
LAN = CAPTURES / "routed_stretched" / "gw-lan.pcap.zst"
UPLINK = CAPTURES / "routed_stretched" / "src-uplink.pcap.zst"

READ: dict[str, Any] = {
    "csv": lambda raw: list(csv.DictReader(io.StringIO(raw.decode()))),
    "ndjson": lambda raw: [json.loads(line) for line in raw.splitlines()],
    "json": json.loads,
    "parquet": lambda raw: pl.read_parquet(io.BytesIO(raw)).to_dicts(),
    "arrow": lambda raw: pl.read_ipc(io.BytesIO(raw)).to_dicts(),
}
ROWS_FORMATS = tuple(READ)


def rows_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, str]]:
    """The rows that it prints as CSV."""
    said = here(capsys, "packets", *arguments, "--format", "csv")
    assert (said.status, said.err) == (0, "")
    return list(csv.DictReader(io.StringIO(said.out)))


def iso(frame: pl.DataFrame) -> list[str]:
    """The times as they are written."""
    return frame["ts"].dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_list()


# formats


@pytest.mark.parametrize("form", ROWS_FORMATS)
def test_every_format_holds_what_a_scan_holds(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, form: str
) -> None:
    """All columns of all packets, equal to the LazyFrame's; on stdout and in a file the same bytes."""
    target = tmp_path / f"rows.{form}"
    assert guarded(commands, ["packets", str(LAN), "-o", str(target)]) == 0
    raw = target.read_bytes()
    assert guarded(commands, ["packets", str(LAN), "--format", form]) == 0
    assert capsysbinary.readouterr() == (raw, b"")
    assert os.listdir(tmp_path) == [target.name]
    wanted = vmpcap.scan(LAN).collect()
    if form in ("parquet", "arrow"):
        back = {"parquet": pl.read_parquet, "arrow": pl.read_ipc}[form](io.BytesIO(raw))
        assert dict(back.schema) == dtypes(PACKETS)
        assert back.equals(wanted)
        return
    rows = READ[form](raw)
    assert len(rows) == len(wanted)
    assert all(list(row) == NAMES for row in rows)
    assert [row["ts"] for row in rows] == iso(wanted)
    for name, dtype in dtypes(PACKETS).items():
        if name == "ts":
            continue
        values = wanted[name].to_list()
        if form != "csv":
            assert [row[name] for row in rows] == values, name
        elif isinstance(dtype, pl.List):
            assert [row[name] for row in rows] == [";".join(map(str, value or [])) for value in values]
        else:
            texts = ["" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values]
            assert [row[name] for row in rows] == texts, name


@pytest.mark.parametrize("form", ROWS_FORMATS)
def test_a_capture_without_packets_is_a_table_without_rows(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, form: str
) -> None:
    """Valid in every format; with its columns where the format has a place for them."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(RARPS[:24])
    assert guarded(commands, ["packets", str(path), "--format", form, "--columns", "frame,ts"]) == 0
    raw, err = capsysbinary.readouterr()
    assert (READ[form](raw), err) == ([], b"")
    if form == "csv":
        assert raw == b"frame,ts\n"
    elif form == "parquet":
        assert pl.read_parquet(io.BytesIO(raw)).columns == ["frame", "ts"]


# columns


def test_columns_come_in_the_order_in_which_they_are_named(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """Each once; a pattern stands for what it matches, in the table's order."""
    said = here(capsys, "packets", rarps, "--columns", "ts, frame,arp_*,frame", "--format", "csv", "--limit", 1)
    assert said.out.splitlines() == [
        "ts,frame,arp_op,arp_sender_mac,arp_sender_ip,arp_target_mac,arp_target_ip",
        "2026-07-14T02:40:06.000000000Z,1,3,00:50:56:aa:77:10,0.0.0.0,00:50:56:aa:77:10,0.0.0.0",
    ]
    assert chosen("*") == chosen(None) == NAMES


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("fram", "there is no column 'fram'; did you mean frame? `vmpcap packets --list-columns` has all"),
        ("frame,dst_prt", "there is no column 'dst_prt'; did you mean dst_port"),
        ("zzz", "there is no column 'zzz'; `vmpcap packets --list-columns` has all"),
        ("udp_*", "there is no column 'udp_*'"),
        (" , ", "no column is named"),
        ("", "no column is named"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_what_may_have_been_meant(
    capsys: pytest.CaptureFixture[str], rarps: Path, columns: str, words: str
) -> None:
    """Before any packet is read: status 2."""
    said = here(capsys, "packets", rarps, "--columns", columns)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"vmpcap: --columns: {words}")


def test_the_columns_are_listed_with_unit_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a capture; every column of the table, once, in its order."""
    said = here(capsys, "packets", "--list-columns")
    assert (said.status, said.err) == (0, "")
    assert re.findall(r"^(\w+)", said.out, re.MULTILINE) == NAMES
    text = " ".join(said.out.split())
    for column in PACKETS:
        assert column.meaning in text
    assert re.search(r"^wire_bytes +Int64 +bytes +of the frame", said.out, re.MULTILINE)
    assert max(map(len, said.out.splitlines())) <= 100


# rows

HALF_PAST = pl.datetime(2026, 11, 23, 15, 3, 41, 500_000, time_zone="UTC")


def test_a_condition_chooses_rows_and_may_look_at_other_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """The frames of the announcement that the situation's story tells of."""
    rows = rows_of(capsys, LAN, "--columns", "frame", "--where", "arp_op = 3 AND eth_dst = 'ff:ff:ff:ff:ff:ff'")
    found = vmpcap.scan(LAN).filter(pl.col("encapsulation") == "eth/rarp").collect()
    assert [int(row["frame"]) for row in rows] == found["frame"].to_list() != []


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("tcp_flags & 2 != 0", (pl.col("tcp_flags") & 2) != 0),
        ("dst_port IN (7, 7007) OR ip_ttl % 2 = 1", pl.col("dst_port").is_in([7, 7007]) | (pl.col("ip_ttl") % 2 == 1)),
        ("ip_src LIKE '10.77.%' AND NOT is_copy", pl.col("ip_src").str.starts_with("10.77.") & ~pl.col("is_copy")),
        ("payload_bytes BETWEEN 1 AND 80 -- small ones", pl.col("payload_bytes").is_between(1, 80)),
        ("ts >= '2026-11-23T15:03:41.500000001'", pl.col("ts") > HALF_PAST),
        ("frame = MAX(frame)", pl.col("frame") == pl.col("frame").max()),
    ],
)  # fmt: skip
def test_a_condition_means_what_it_means_in_polars(
    capsys: pytest.CaptureFixture[str], where: str, same: pl.Expr
) -> None:
    """SQL of polars: bits, lists, patterns, ranges, times as texts in UTC."""
    rows = rows_of(capsys, LAN, "--columns", "frame", "--where", where)
    wanted = vmpcap.scan(LAN).collect().filter(same)["frame"].to_list()
    assert [int(row["frame"]) for row in rows] == wanted != []


@pytest.mark.parametrize("name", NAMES)
def test_every_column_can_stand_in_a_condition_as_it_is(
    capsys: pytest.CaptureFixture[str], rarps: Path, name: str
) -> None:
    """No name is a word of SQL that would need quotes."""
    rows = rows_of(capsys, rarps, "--columns", "frame", "--where", f"{name} IS NULL OR {name} IS NOT NULL")
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("tcp_flag & 2 != 0", "there is no column 'tcp_flag'; did you mean tcp_flags"),
        ("dst_port =", "Expected: an expression"),
        ("dst_port", "filter predicate must be of type `Boolean`"),
        ("dst_port = 'http'", "cannot compare string with numeric type"),
        ("1 = 1) GROUP BY (frame", "GROUP BY"),
        ("frame = 1; DROP TABLE packets", "Expected: ), found: ;"),
        ("", "Expected: an expression"),
        ("NOSUCH(frame) = 1", "NOSUCH"),
    ],
)
def test_a_condition_that_means_nothing_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], rarps: Path, where: str, words: str
) -> None:
    """One line that quotes it; no traceback, no plan of polars; status 2, and nothing was read."""
    said = here(capsys, "packets", rarps, "--where", where)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"vmpcap: --where {where!r}: ")
    assert words.lower() in said.err.lower()
    assert said.err.count("\n") == 1
    assert "Resolved plan" not in said.err


def test_a_condition_that_fails_on_the_way_is_told_in_words_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A text that is no number, met in a packet; the file of before stays."""
    target = tmp_path / "rows.csv"
    target.write_text("old")
    said = here(capsys, "packets", LAN, "--where", "CAST(ip_src AS INTEGER) > 3", "-o", target)
    assert said.status == 2
    assert said.err.startswith("vmpcap: --where 'CAST(ip_src AS INTEGER) > 3': ")
    assert "fault of vmpcap" not in said.err
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_a_limit_counts_rows_that_fulfil_the_condition(capsys: pytest.CaptureFixture[str]) -> None:
    """And 0 is a limit."""
    rows = rows_of(capsys, UPLINK, "--where", "frame > 10 AND frame % 2 = 0", "--limit", "3", "--columns", "frame")
    assert [row["frame"] for row in rows] == ["12", "14", "16"]
    assert rows_of(capsys, UPLINK, "--limit", "0") == []


def test_since_and_until_bound_the_rows(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """Both bounds belong to it."""
    inside = ("--since", "2026-07-14T02:40:07", "--until", "2026-07-14T02:40:07")
    assert [row["frame"] for row in rows_of(capsys, rarps, *inside)] == ["2"]
    assert [row["frame"] for row in rows_of(capsys, rarps, *inside, "--where", "frame = 1")] == []


def test_points_keep_their_order_and_their_own_frame_numbers(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """Named ones first, as in every command; several files of one point one after the other."""
    files = [rarps.with_name(name) for name in ("one.pcap", "two.pcap", "three.pcap")]
    for file in files:
        file.write_bytes(RARPS)
    given = (files[0], "--point", f"gateway={files[1]},{files[2]}", "--columns", "point,frame")
    rows = [(row["point"], row["frame"]) for row in rows_of(capsys, *given)]
    assert rows == [(point, frame) for point in ("gateway", "gateway", "one") for frame in "123"]


# for people


def test_the_table_shows_what_a_person_looks_for_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Ends, what it is, sizes; what did not fit is named, with where all is."""
    out = here(capsys, "packets", UPLINK, "--limit", 3).out.splitlines()
    assert out[0] == "2026-11-23 UTC"
    assert out[1].split()[:6] == ["frame", "time", "(UTC)", "from", "to", "what"]
    assert out[2].split()[:6] == ["1", "15:03:39.842113", "10.10.1.11:33930", "10.10.2.12:8000", "tcp", "SYN"]
    assert out[3].split()[4:7] == ["tcp", "SYN", "ACK"]
    assert " ".join(" ".join(out[5:]).split()).endswith(f"--format csv has all {len(NAMES)} columns")


def test_several_points_are_told_apart_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Their names stand in front."""
    out = here(capsys, "packets", UPLINK, LAN, "--where", "frame = 1").out.splitlines()
    assert [line.split()[0] for line in out[1:4]] == ["point", "src-uplink", "gw-lan"]


def test_the_table_ends_after_a_thousand_rows_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Without reading on to count them, unless damage is asked for."""
    usual = here(capsys, "packets", UPLINK, "--columns", "frame").out.splitlines()
    assert (len(usual), usual[-2:]) == (1_002, ["1000".rjust(5), "... further rows follow; --format csv has all"])
    strict = here(capsys, "packets", UPLINK, "--columns", "frame", "--strict").out.splitlines()
    packets = vmpcap.scan(UPLINK).select(pl.len()).collect().item()
    assert strict[-1] == f"... {packets - 1_000:,} further rows; --format csv has all"
    exactly = here(capsys, "packets", UPLINK, "--columns", "frame", "--limit", 1_000).out.splitlines()
    assert exactly[-1] == " 1000"


def test_a_table_can_be_a_file(capsys: pytest.CaptureFixture[str], rarps: Path) -> None:
    """As wide as it needs."""
    target = rarps.with_name("rows.txt")
    assert here(capsys, "packets", rarps, "-o", target) == (0, "", "")
    assert "rarp request reverse" in target.read_text()


# streams and what goes wrong


@pytest.mark.parametrize("form", ["table", *ROWS_FORMATS])
def test_a_reader_that_goes_away_is_no_error(form: str) -> None:
    """`| head`: status 0, and nothing on stderr."""
    words = [sys.executable, "-m", "vmpcap", "packets", str(UPLINK), "--format", form]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet_environment(), stdin=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert len(running.stdout.read(10)) == 10
        running.stdout.close()
        assert (running.wait(120), running.stderr.read()) == (0, b"")


@pytest.mark.parametrize("form", ["table", *ROWS_FORMATS])
def test_a_full_disk_ends_in_the_sentence_of_every_command(
    capsys: pytest.CaptureFixture[str], rarps: Path, form: str
) -> None:
    """Whatever library writes the format; in a file and on stdout."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    said = here(capsys, "packets", rarps, "--format", form, "-o", "/dev/full")
    assert said == (2, "", "vmpcap: cannot write '/dev/full': No space left on device\n")
    with open("/dev/full", "wb") as full:
        piped = called("packets", UPLINK, "--format", form, stdout=full, capture_output=False, stderr=subprocess.PIPE)
    assert (piped.status, piped.err) == (2, "vmpcap: cannot write to stdout: No space left on device\n")


def test_rows_of_a_pipe_come_out_while_it_is_still_open(tmp_path: Path) -> None:
    """A live capture is shown as it is taken, not when it ends."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words = [sys.executable, "-m", "vmpcap", "packets", str(pipe), "--format", "csv", "--columns", "frame,arp_op"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=quiet_environment(), text=True) as running:
        assert running.stdout is not None
        with pipe.open("wb") as capture:
            capture.write(RARPS)
            capture.flush()
            guard = threading.Timer(120, running.kill)
            guard.start()
            lines = [running.stdout.readline() for _ in range(4)]
            guard.cancel()
        assert lines == ["frame,arp_op\n", "1,3\n", "2,3\n", "3,3\n"]
        assert running.stdout.read() == ""
        assert running.wait(120) == 0


def test_standard_input_is_a_capture_like_any_other(rarps: Path) -> None:
    """`-` and a file say the same, but for the point's name."""
    piped = called("packets", "-", "--format", "csv", input=RARPS)
    assert piped.status == 0
    assert piped.out.replace("stdin,", "gw-lan,") == called("packets", rarps, "--format", "csv").out


@pytest.mark.parametrize("options", [[], ["--format", "csv"], ["--format", "parquet", "-o", "rows.parquet"]])
def test_a_cut_capture_gives_its_rows_and_costs_the_status_only_with_strict(tmp_path: Path, options: list[str]) -> None:
    """Two whole packets; on stderr no warning of Python's, but where the rest begins: rows cannot say that."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RARPS[:-10])
    said = called("packets", path, *options, cwd=tmp_path)
    third = 24 + (len(RARPS) - 24) // 3 * 2
    words = f"vmpcap: damaged: {path}: cut_short (frame 3, byte {third})\n"
    assert (said.status, said.err) == (0, words)
    assert called("packets", path, *options, "--quiet", cwd=tmp_path).err == ""
    strict = called("packets", path, *options, "--strict", cwd=tmp_path)
    assert (strict.status, strict.err) == (4, words)
    assert strict.out == said.out
    if "parquet" in options:
        assert pl.read_parquet(tmp_path / "rows.parquet")["frame"].to_list() == [1, 2]
    else:
        assert sum("00:50:56:aa:77:10" in line for line in said.out.splitlines()) == 2


@pytest.mark.parametrize("form", ["table", *ROWS_FORMATS])
def test_what_is_no_capture_is_refused_with_its_own_status(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    """Status 4, the reader's own words, and no file is left behind."""
    text = tmp_path / "text.pcap"
    text.write_text("no packets, only words\n")
    said = here(capsys, "packets", text, "--format", form, "-o", tmp_path / "rows")
    assert (said.status, said.out) == (4, "")
    assert said.err.startswith(f"vmpcap: cannot read '{text}' as a capture: it is a text file")
    assert os.listdir(tmp_path) == ["text.pcap"]


def test_binary_rows_are_not_thrown_at_a_terminal(
    capsys: pytest.CaptureFixture[str], rarps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in every command."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert here(capsys, "packets", rarps, "--format", "arrow").status == 2


def vxlan_at(port: int) -> bytes:
    """A capture of one RARP in VXLAN at this port."""
    udp = struct.pack(">HHHH", 50_000, port, 8 + 8 + len(RARP), 0) + bytes.fromhex("08000000 00138900") + RARP
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0x4000, 64, 17, 0) + bytes([10, 0, 0, 1, 10, 0, 0, 2])
    return HEADER + record(1_783_996_806, bytes.fromhex("020000000002 020000000001 0800") + ip + udp)


def test_a_user_says_what_a_port_carries(tmp_path: Path) -> None:
    capture = tmp_path / "odd.pcap"
    capture.write_bytes(vxlan_at(4600))
    rule = ("-d", "udp.port==4600,vxlan")
    columns = ("--columns", "encapsulation,vni", "--format", "csv")
    assert called("packets", capture, *columns).out.splitlines()[1] == "eth/ip/udp,"
    assert called("packets", capture, *columns, *rule).out.splitlines()[1] == "eth/ip/udp/vxlan:5001/eth/rarp,5001"
    assert "00:50:56:aa:77:10" in called("announcements", capture, *rule, "--format", "csv").out
    assert len(called("flows", capture, "--format", "csv").out.splitlines()) == 2
    assert len(called("flows", capture, *rule, "--format", "csv").out.splitlines()) == 1
    asked = vmpcap.scan(capture, decode_as="udp.port==4600,vxlan").select("vni").collect()
    assert asked["vni"].to_list() == [5001]


def test_a_rule_that_means_nothing_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in ("report", "flows", "announcements", "packets"):
        said = here(capsys, command, "-d", "udp.port==4600,vxlon", tmp_path / "none.pcap")
        assert said.status == 2
        assert "'vxlon' is not known; did you mean vxlan or vlan? For udp.port there are" in said.err
        assert said.out == ""
