"""A real migration, and the same one as it would look behind a router that clamps the MSS."""

import subprocess
from pathlib import Path
from typing import Literal

from tests.oracle.test_lab import OWN
from vmpcap.migration.results import OfferedSize
from vmpcap.migration.results import Path as Way
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

OFFERED = b"\x02\x04\x05\xb4"
"""The MSS option of 1460 bytes (RFC 9293 3.2)."""
CLAMPED = b"\x02\x04\x05\x50"


def captured(point: str) -> bytes:
    file = OWN / "clean" / f"{point}-uplink.pcap.zst"
    return subprocess.run(["zstd", "-dqc", str(file)], check=True, capture_output=True).stdout


def way_of(source: bytes, destination: bytes, folder: Path) -> Way:
    files = []
    for name, content in (("source", source), ("destination", destination)):
        path = folder / f"{name}.pcap"
        path.write_bytes(content)
        files.append(PointFiles(name, name, (str(path),)))
    (one,) = analyse(Request(points=tuple(files), profile=load_profile("vsphere4"))).report.migrations
    return one.path


def offer(point: str, sender: Literal["source", "destination"], mss: int, frame: int) -> OfferedSize:
    return OfferedSize(point=point, sender=sender, mss=mss, frame=frame)


def test_a_lab_without_a_clamp_has_none(tmp_path: Path) -> None:
    """Both SYNs, the first two frames of either capture."""
    way = way_of(captured("src"), captured("dst"), tmp_path)
    assert way.mss_clamped is False
    assert {(s.sender, s.mss, s.frame) for s in way.mss_offered} == {("source", 1460, 1), ("destination", 1460, 2)}


def test_a_rewritten_syn_is_proof(tmp_path: Path) -> None:
    """The source's SYN arrives with 1360: the first option of its kind in the destination's capture."""
    arrived = captured("dst")
    assert OFFERED in arrived[:200], "the SYN is the first frame"
    way = way_of(captured("src"), arrived.replace(OFFERED, CLAMPED, 1), tmp_path)
    assert way.mss_clamped is True
    assert sorted(way.mss_offered, key=lambda s: s.point) == [
        offer("destination", "source", 1360, 1),
        offer("source", "source", 1460, 1),
    ]
    assert way.mss == 1360
