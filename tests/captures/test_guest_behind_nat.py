"""A client behind a translator: its TCP is known again by its numbers, and of the rest nobody invents a loss."""

import struct
from pathlib import Path

from backports import zstd

from tests.captures.situations import CAPTURES, facts_of, file_of, points_of
from vmpcap.migration.segment_results import GuestSegment
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

ROUTED = CAPTURES / "routed_stretched"
CLIENT, OUTSIDE = bytes([10, 99, 0, 2]), bytes([198, 51, 100, 7])
TCP, ICMP, ECHO_TYPES = 6, 1, (0, 8)


def outside(frame: bytes) -> bytes:
    """The frame as the translator sends it: another address, another port, another identifier of an echo."""
    is_sent, is_told = frame[26:30] == CLIENT, frame[30:34] == CLIENT
    if frame[12:14] != b"\x08\x00" or not (is_sent or is_told):
        return frame
    made = bytearray(frame)
    at = 26 if is_sent else 30
    made[at : at + 4] = OUTSIDE
    if frame[23] == TCP:
        port = 34 if is_sent else 36
        struct.pack_into(">H", made, port, struct.unpack_from(">H", frame, port)[0] ^ 0x1234)
    elif frame[23] == ICMP and frame[34] in ECHO_TYPES:
        struct.pack_into(">H", made, 38, struct.unpack_from(">H", frame, 38)[0] ^ 0x0777)
    return bytes(made)


def rewritten(path: Path, out: Path) -> dict[int, int]:
    """Write the capture as it is on the other side of the translator; how many frames the client sent, by protocol."""
    raw = zstd.decompress(path.read_bytes())
    made, at, sent = [raw[:24]], 24, {TCP: 0, ICMP: 0}
    while at < len(raw):
        begin, end = at + 16, at + 16 + struct.unpack_from("<I", raw, at + 8)[0]
        if raw[begin + 12 : begin + 14] == b"\x08\x00" and raw[begin + 26 : begin + 30] == CLIENT:
            sent[raw[begin + 23]] += 1
        made += [raw[at:begin], outside(raw[begin:end])]
        at = end
    out.write_bytes(b"".join(made))
    return sent


def test_no_packet_is_lost_at_a_translator_for_its_name(tmp_path: Path) -> None:
    """Every TCP packet is found again on the other side; pings are too, but nothing proves that one is lost."""
    sent: dict[str, dict[int, int]] = {}
    points = []
    for name, role in points_of(ROUTED).items():
        path = file_of(ROUTED, name)
        if name not in ("client", "src-uplink", "dst-uplink"):
            path = tmp_path / f"{name}.pcap"
            sent[name] = rewritten(file_of(ROUTED, name), path)
        points.append(PointFiles(name, role, (str(path),)))
    report = analyse(Request(points=tuple(points), profile=load_profile(facts_of(ROUTED)["profile"]))).report
    found: list[GuestSegment] = report.migrations[0].guests[0].segments
    across = [s for s in found if {s.from_point, s.to_point} == {"client", "gw-lan"}]
    asked = [s for s in across if s.direction == "to_guest"]
    assert {(s.when, s.direction) for s in across} == {
        (when, direction) for when in ("before", "after") for direction in ("to_guest", "from_guest")
    }
    for segment in across:
        assert (segment.lost, segment.missed, segment.unseen) == (0, 0, 0), segment.because
        assert 0 < segment.lost_of <= segment.matched
        assert "their addresses are rewritten between the two" in segment.because
    assert 0 < sum(s.lost_of or 0 for s in asked) <= sent["gw-lan"][TCP]
    assert sum(s.matched for s in asked) <= sum(sent["gw-lan"].values())
    assert {s.lost for s in found} == {0}
