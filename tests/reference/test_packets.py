"""The packets table by tshark: the same columns, its own values."""

import subprocess
import warnings
from pathlib import Path

import polars as pl
import pytest

import vmpcap
from tests.cli.calls import CAPTURES, RARP, RARPS
from tests.readers.writers import Packet as Captured
from tests.readers.writers import pcap
from tests.tshark import needs_tshark
from vmpcap.reference.layers import headers, live_layers, path_text
from vmpcap.reference.packets import NAMES
from vmpcap.reference.parts import OURS_ALONE, PARTS, TOLD
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.errors import CaptureWarning, EngineError, RequestError

UPLINK = CAPTURES / "vxlan_stretched" / "gw-lan.pcap.zst"
VXLAN = CAPTURES / "encapsulations" / "vxlan.pcap"


def test_every_column_is_told_by_tshark_or_ours_alone() -> None:
    """Each once."""
    assert sorted((*TOLD, *OURS_ALONE, "point")) == sorted(column.name for column in PACKETS)
    assert len(TOLD) == len(set(TOLD))
    assert all(part.fields for part in PARTS)


@needs_tshark
def test_the_schema_is_that_of_every_scan() -> None:
    """Columns, order, types."""
    frame = vmpcap.scan(VXLAN, engine="tshark").collect()
    assert dict(frame.schema) == dtypes(PACKETS)
    assert frame["encapsulation"].to_list()[0] == "eth/ip/udp/vxlan:5001/eth/rarp"
    assert frame["ids"].to_list()[0] == [5001]
    assert frame["stop"].null_count() == frame["is_copy"].null_count() == len(frame)


@needs_tshark
def test_a_frame_of_literal_bytes(tmp_path: Path) -> None:
    """An announcement in a VLAN, column by column."""
    tagged = RARP[:12] + bytes.fromhex("8100 600a") + RARP[12:]
    path = tmp_path / "one.pcap"
    path.write_bytes(pcap("<", [Captured(1_500_000_000, tagged, 100)]))
    (row,) = vmpcap.scan(path, engine="tshark").cast({"ts": pl.Int64}).collect().to_dicts()
    assert {name: value for name, value in row.items() if value is not None} == {
        "point": "one", "frame": 1, "ts": 1_500_000_000, "captured_bytes": 46, "wire_bytes": 100, "link_type": 1,
        "encapsulation": "eth/vlan:10/rarp", "ids": [10], "vlan_ids": [10], "ethertype": 0x8035,
        "eth_src": "00:50:56:aa:77:10", "eth_dst": "ff:ff:ff:ff:ff:ff", "arp_op": 3,
        "arp_sender_mac": "00:50:56:aa:77:10", "arp_sender_ip": "0.0.0.0",
        "arp_target_mac": "00:50:56:aa:77:10", "arp_target_ip": "0.0.0.0",
    }  # fmt: skip


@needs_tshark
def test_only_what_a_query_names_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields for its columns and conditions; a limit ends tshark, where no condition stands before it."""
    commands: list[list[str]] = []
    popen = subprocess.Popen

    def recording(command: list[str], **options: object) -> "subprocess.Popen[str]":
        commands.append(command)
        return popen(command, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", recording)
    rows = vmpcap.scan(UPLINK, engine="tshark")
    assert rows.select("frame").head(3).collect()["frame"].to_list() == [1, 2, 3]
    assert rows.filter(pl.col("tunnel_seq").is_null()).select("frame").head(1).collect()["frame"].to_list() == [1]
    (plain, filtered) = commands
    assert plain[plain.index("-c") + 1] == "3"
    assert "tcp.flags" not in plain + filtered
    assert ("esp.sequence" in plain, "esp.sequence" in filtered) == (False, True)


@needs_tshark
@pytest.mark.parametrize("seed", range(6))
def test_a_query_gets_the_same_answer_whatever_is_pushed_down(seed: int) -> None:
    """Columns, conditions and slices, before and after the rows are there."""
    whole = vmpcap.scan(UPLINK, engine="tshark").collect()
    names = [["frame"], ["ts", "ip_src"], ["tcp_seq", "frame"], ["encapsulation", "arp_op"], list(NAMES), ["vni"]][seed]
    conditions = [
        pl.col("arp_op") == 3, pl.col("ip_ttl") > 60, pl.col("frame") % 7 == 0, pl.lit(True), pl.col("icmp_type") == 8,
        pl.col("dst_port").is_not_null(),
    ]  # fmt: skip

    def asked(rows: pl.LazyFrame) -> pl.DataFrame:
        return rows.filter(conditions[seed]).select(names).slice(seed, 20).collect(engine="streaming")

    assert asked(vmpcap.scan(UPLINK, engine="tshark")).equals(asked(whole.lazy()))


@needs_tshark
def test_a_rule_of_decode_as_reaches_tshark() -> None:
    """In its own words; one that it does not know is an error of the request."""
    path = CAPTURES / "encapsulations" / "vxlan-8472.pcap"
    plain, told = (
        vmpcap.scan(path, engine="tshark", decode_as=rule).select("vni").collect()["vni"].to_list()
        for rule in ((), "udp.port==8472,vxlan")
    )
    assert (plain, told) == ([None, None], [1, 5001])
    rules = ["udp.port==8472,vxlan", "udp.port==8472,nonsense", "l2tp.session==5,eth", "gre.proto==7,ip"]
    with pytest.raises(RequestError, match="--decode-as: tshark cannot be told ") as refused:
        vmpcap.scan(path, engine="tshark", decode_as=rules)
    words = str(refused.value)
    assert all(rule in words for rule in rules[1:])
    assert rules[0] not in words
    assert "Unknown layer type -- l2tp.session" in words
    assert len(words) < 400


@needs_tshark
def test_several_files_keep_their_order(tmp_path: Path) -> None:
    """Points as they were given, frames counted anew in each file."""
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(RARPS)
    rows = vmpcap.scan({"x": [tmp_path / "b.pcap", tmp_path / "a.pcap"], "y": tmp_path / "a.pcap"}, engine="tshark")
    assert rows.select("point", "frame").collect().rows() == [(p, f) for p in "xxy" for f in (1, 2, 3)]


@needs_tshark
def test_a_cut_capture_warns(tmp_path: Path) -> None:
    """As a scan of our own does."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RARPS[:-10])
    with pytest.warns(CaptureWarning, match="cut short"):
        assert len(vmpcap.scan(path, engine="tshark").collect(engine="in-memory")) == 2


def test_an_engine_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: by name, and where tshark is not installed."""
    with warnings.catch_warnings(), pytest.raises(RequestError, match="'native' and 'tshark'"):
        vmpcap.scan(VXLAN, engine="wireshark")  # type: ignore[arg-type]
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EngineError, match="not found on PATH"):
        vmpcap.scan(VXLAN, engine="tshark")


FIELDS_OF_NOTHING: dict[str, list[str]] = {
    name: [] for name in ("llc.oui", "frame.encap_type", "arp.opcode", "l2tp.type", "l2tp.version")
}


@pytest.mark.parametrize(
    ("protocols", "path"),
    [
        ("eth:ethertype:ip:tcp:http:data-text-lines", "eth/ip/tcp"),
        ("eth:ethertype:ip:udp:dns", "eth/ip/udp"),
        ("eth:ethertype:ip:icmp:ip:udp:dns", "eth/ip/icmp"),
        ("eth:ethertype:ip:udp:gtp:ip:tcp", "eth/ip/udp/gtp/ip/tcp"),
        ("eth:ethertype:lldp", "eth/lldp"),
        ("eth:llc:stp", "eth/llc/stp"),
        ("", None),
    ],
)
def test_a_path_in_our_words_and_tsharks_own_where_we_have_none(protocols: str, path: str | None) -> None:
    """Applications and quotations are left out; a tunnel that we do not know keeps its name."""
    values = {**FIELDS_OF_NOTHING, "frame.protocols": [protocols] if protocols else []}
    assert path_text(headers(values, live_layers(values))) == path
