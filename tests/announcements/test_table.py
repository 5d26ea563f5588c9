"""Announcements as a table."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.announcements.made import Row, make_rows
from vmpcap.announcements.kinds import KINDS
from vmpcap.announcements.rows import as_table, no_rows
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.columns import ANNOUNCEMENTS, dtypes
from vmpcap.terms.units import NO_TIME


def test_no_announcements_have_the_same_columns() -> None:
    """Nothing found is a table, not an absence."""
    table = as_table(no_rows(), "here")
    assert table.height == 0
    assert dict(table.schema) == dtypes(ANNOUNCEMENTS)


def test_a_rarp_of_a_guest() -> None:
    """Every column of one row."""
    rows = replace(make_rows([Row(1_500_000_000_000_000_007)]), opcode=np.array([3], np.uint16))
    (row,) = as_table(rows, "gateway").with_columns(pl.col("ts").dt.epoch("ns")).to_dicts()
    assert row == {
        "point": "gateway", "frame": 1, "ts": 1_500_000_000_000_000_007, "kind": "rarp_announce", "opcode": 3,
        "eth_src": "00:50:56:aa:77:10", "eth_dst": "ff:ff:ff:ff:ff:ff", "sender_mac": "00:50:56:aa:77:10",
        "sender_ip": "0.0.0.0", "target_mac": "00:50:56:aa:77:10", "target_ip": "0.0.0.0", "vlan_ids": [], "vni": None,
        "encapsulation": "", "broadcast": True,
    }  # fmt: skip


def test_what_is_not_known_is_null() -> None:
    """Time, overlay, link-layer addresses: never 0, never a made-up value."""
    rows = replace(
        make_rows([Row(NO_TIME), Row(5)]),
        vni=np.array([0, -1]),
        eth_src=np.array([NO_MAC, 1], np.uint64),
        vlan_outer=np.array([7, -1], np.int32),
        vlan_inner=np.array([9, -1], np.int32),
    )
    table = as_table(rows, "here")
    assert table["ts"].is_null().to_list() == [True, False]
    assert table["vni"].to_list() == [0, None]
    assert table["eth_src"].to_list() == [None, "00:00:00:00:00:01"]
    assert table["vlan_ids"].to_list() == [[7, 9], []]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_only_arp_and_rarp_have_an_opcode(kind: object) -> None:
    """The flags of a neighbour advertisement are no opcode."""
    name = getattr(kind, "name", "")
    rows = replace(make_rows([Row(1, name)]), opcode=np.array([2], np.uint16))
    is_discovery = name.startswith("nd_") or name.endswith("_na")
    assert as_table(rows, "here")["opcode"].to_list() == [None if is_discovery else 2]
    assert as_table(rows, "here")["kind"].to_list() == [name]
