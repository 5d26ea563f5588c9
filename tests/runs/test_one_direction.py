"""Captures of one direction of the stream: what the other one would have shown is not made up."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.readers.writers import Packet
from tests.runs.made import DESTINATION, SOURCE, migration, request, write
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles

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


def told(folder: Path, **points: list[Packet]) -> Migration:
    files = [PointFiles(name, name, (write(folder / f"{name}.pcap", packets),)) for name, packets in points.items()]
    (found,) = analyse(request(*files)).report.migrations
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
