"""The walk on literal bytes: lengths, fragments, cuts, lies, and what a frame's columns are."""

import numpy as np
import pytest

from tests.decode.frames_of import WALKER, batch_of, row_of, walk_all, walk_one
from vmpcap.decode.frames import Frames
from vmpcap.decode.walk import Walker
from vmpcap.readers.records import RecordBatch

ETH = bytes.fromhex("020000000002 020000000001 0800")
ETH6 = bytes.fromhex("020000000002 020000000001 86dd")
VXLAN_5001 = bytes.fromhex("08000000 00138900")
VXLAN_5002 = bytes.fromhex("08000000 00138a00")


def ipv4(payload: bytes, protocol: int = 6, total: int | None = None, part: int = 0, ident: int = 77) -> bytes:
    """RFC 791 3.1, no options, TTL 64, 10.0.0.1 to 10.0.0.2."""
    length = 20 + len(payload) if total is None else total
    head = bytes.fromhex("4500") + length.to_bytes(2, "big") + ident.to_bytes(2, "big") + part.to_bytes(2, "big")
    return head + bytes([64, protocol]) + bytes(2) + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + payload


def tcp(payload: bytes = b"", options: bytes = b"", flags: int = 0x018) -> bytes:
    """RFC 9293 3.1: 40000 to 8000, seq 0x89abcdef, ack 0x1234, window 501."""
    control = ((5 + len(options) // 4) << 12) | flags
    fixed = bytes.fromhex("9c40 1f40 89abcdef 00001234") + control.to_bytes(2, "big") + bytes.fromhex("01f5 0000 0000")
    return fixed + options + payload


def udp(payload: bytes, size: int | None = None, port: int = 53) -> bytes:
    length = 8 + len(payload) if size is None else size
    return bytes.fromhex("3039") + port.to_bytes(2, "big") + length.to_bytes(2, "big") + bytes(2) + payload


def test_a_rarp_announcement_of_60_bytes() -> None:
    """domain vector: broadcast, opcode 3, padded with 18 zero bytes."""
    row = walk_one(
        bytes.fromhex("ffffffffffff0050569a1234803500010800060400030050569a1234000000000050569a123400000000")
        + bytes(18)
    )
    assert row["stop"] == "complete"
    assert (row["eth_src"], row["eth_dst"]) == ("00:50:56:9a:12:34", "ff:ff:ff:ff:ff:ff")
    assert (row["ethertype"], row["network_at"], row["vlan_outer_id"], row["segment_key"]) == (0x8035, 14, -1, 0)
    assert (row["ip_version"], row["transport_at"], row["payload_at"], row["payload_bytes"]) == (0, -1, -1, 0)


def test_every_field_of_a_segment() -> None:
    """A data segment of a migration stream, byte for byte."""
    row = walk_one(ETH + ipv4(tcp(b"x" * 100)))
    assert (row["src"], row["dst"], row["src_port"], row["dst_port"]) == ("10.0.0.1", "10.0.0.2", 40000, 8000)
    assert (row["ip_version"], row["ip_protocol"], row["ip_ttl"], row["ip_id"]) == (4, 6, 64, 77)
    assert (row["tcp_seq"], row["tcp_ack"], row["tcp_flags"], row["tcp_window"]) == (0x89ABCDEF, 0x1234, 0x018, 501)
    assert (row["network_at"], row["transport_at"], row["payload_at"], row["payload_bytes"]) == (14, 34, 54, 100)
    assert row["stop"] == "complete"


@pytest.mark.parametrize("version", range(1, 8))
def test_gre_of_another_version_is_not_read_as_the_known_one(version: int) -> None:
    """IPv4 behind it, with a key and a number by the flags: nobody has said what those bits mean there."""
    header = bytes([0x30, version]) + bytes.fromhex("0800 00000001 00000002")
    row = walk_one(ETH + ipv4(header + ipv4(tcp()), protocol=47))
    assert (row["path"], row["stop"]) == ("eth/ip", "not_recognised")
    assert (row["ids"], row["tunnel_seq"], row["tunnel_key"]) == ([], -1, 0)


def test_padding_of_a_short_frame_is_no_payload() -> None:
    """A pure ACK of 54 bytes is padded to 60 on the wire."""
    assert walk_one(ETH + ipv4(tcp()) + bytes(6))["payload_bytes"] == 0


def test_payload_comes_from_the_ip_header_when_the_capture_is_snapped() -> None:
    """96 of 1514 bytes were captured."""
    frame = ETH + ipv4(tcp(bytes(1460)))
    row = walk_one(frame[:96], wire_bytes=1514)
    assert (row["payload_bytes"], row["captured_bytes"], row["stop"]) == (1460, 96, "complete")


def test_a_super_segment_of_64_kilobytes() -> None:
    """Captured before segmentation offload: total length 65535."""
    row = walk_one((ETH + ipv4(tcp(bytes(100)), total=65535))[:128], wire_bytes=65549)
    assert (row["payload_bytes"], row["stop"]) == (65535 - 40, "complete")


def test_total_length_0_means_what_the_wire_had() -> None:
    """Offload leaves the IPv4 total length 0; BIG TCP does so on purpose."""
    row = walk_one((ETH + ipv4(tcp(bytes(100)), total=0))[:128], wire_bytes=80054)
    assert (row["payload_bytes"], row["stop"]) == (80000, "complete")


def test_ipv6_payload_length_0_means_what_the_wire_had() -> None:
    """BIG TCP over IPv6 without a jumbo option, as it is captured before the NIC."""
    head = bytes.fromhex("60000000 0000 06 40") + bytes(15) + b"\1" + bytes(15) + b"\2"
    row = walk_one((ETH6 + head + tcp(bytes(100)))[:128], wire_bytes=14 + 40 + 20 + 90000)
    assert (row["payload_bytes"], row["stop"], row["dst"]) == (90000, "complete", "::2")


def test_udp_length_0_means_the_rest_of_the_packet() -> None:
    """A jumbo datagram inside BIG TCP over VXLAN has UDP length 0 (RFC 2675 4)."""
    row = walk_one(ETH + ipv4(udp(b"x" * 30, size=0), protocol=17) + bytes(10))
    assert (row["payload_bytes"], row["stop"]) == (30, "complete")


def test_a_length_beyond_the_wire_is_a_lie() -> None:
    """Total length 1500 in a frame of 154 bytes: the wire is believed, and the row says so."""
    row = walk_one(ETH + ipv4(tcp(b"x" * 100), total=1500))
    assert (row["payload_bytes"], row["stop"]) == (100, "lying_length")


def test_a_total_length_smaller_than_the_header_is_no_packet() -> None:
    """Total length 12."""
    row = walk_one(ETH + ipv4(tcp(), total=12))
    assert (row["stop"], row["path"], row["ip_version"]) == ("short", "eth", 0)


def test_a_header_cut_by_the_capture_fills_no_column() -> None:
    """30 of the 34 bytes up to the end of the IP header were captured."""
    row = walk_one((ETH + ipv4(tcp()))[:30], wire_bytes=54)
    assert (row["stop"], row["path"], row["ip_version"], row["ethertype"]) == ("cut", "eth", 0, 0x0800)


def test_an_empty_frame_is_a_row() -> None:
    """Nothing was captured of 60 bytes."""
    row = walk_one(b"", wire_bytes=60)
    assert (row["stop"], row["path"], row["eth_src"]) == ("cut", "", None)


def test_a_first_fragment_has_ports_and_its_own_payload() -> None:
    """More fragments: the UDP length is that of the whole datagram, the payload that of this fragment."""
    row = walk_one(ETH + ipv4(udp(b"x" * 48, size=4000), protocol=17, part=0x2000))
    assert (row["ip_fragment"], row["dst_port"], row["payload_bytes"], row["stop"]) == (1, 53, 48, "complete")


def test_a_later_fragment_has_no_ports() -> None:
    """Offset 185: whatever stands after the IP header is no transport header."""
    row = walk_one(ETH + ipv4(b"x" * 48, protocol=17, part=185))
    assert (row["ip_fragment"], row["dst_port"], row["transport_at"], row["payload_bytes"]) == (2, 0, -1, 0)
    assert (row["stop"], row["ip_protocol"], row["ip_id"]) == ("later_fragment", 17, 77)


def test_do_not_fragment_is_no_fragment() -> None:
    """DF is bit 0x4000."""
    assert walk_one(ETH + ipv4(tcp(), part=0x4000))["ip_fragment"] == 0


def test_a_tunnel_packet_in_fragments_keeps_the_length_of_the_packet_inside() -> None:
    """The first fragment of a VXLAN packet: the segment inside goes on in the second, its own length is the truth."""
    inner = ETH + ipv4(tcp(b"x" * 1000))
    outer = ETH + ipv4(udp(VXLAN_5001 + inner, port=4789)[:400], protocol=17, part=0x2000)
    row = walk_one(outer)
    assert (row["path"], row["payload_bytes"], row["ip_fragment"]) == ("eth/ip/udp/vxlan/eth/ip/tcp", 1000, 0)
    assert row["stop"] == "complete"


@pytest.mark.parametrize(("truncated", "payload", "stop"), [(0x04, 1400, "complete"), (0x00, 26, "lying_length")])
def test_a_truncated_mirror_copy_keeps_its_length(truncated: int, payload: int, stop: str) -> None:
    """ERSPAN II with its T bit: the mirror cut the frame, so the length inside is believed; without it, the wire is."""
    inner = (ETH + ipv4(tcp(bytes(1400))))[:80]
    gre = bytes.fromhex("1000 88be 00000001") + bytes([0x10, 0x05, truncated, 0x03, 0, 0, 0, 0]) + inner
    row = walk_one(ETH + ipv4(gre, protocol=47))
    assert (row["path"], row["payload_bytes"], row["stop"]) == ("eth/ip/gre/erspan2/eth/ip/tcp", payload, stop)


def test_two_overlays_are_two_segments() -> None:
    """One MAC in VNI 5001 and in VNI 5002; the same pair again gives the same keys."""
    frames = [ETH + ipv4(udp(vxlan + ETH + ipv4(tcp()), port=4789), protocol=17) for vxlan in (VXLAN_5001, VXLAN_5002)]
    keys = walk_all(frames * 2).segment_key.tolist()
    assert keys[0] != keys[1]
    assert keys[:2] == keys[2:]
    assert 0 not in keys


def test_two_vlans_are_two_segments_and_a_priority_tag_is_none() -> None:
    """VLAN 10, 20, 20 with another priority, priority only, untagged."""
    tags = ["8100000a", "81000014", "81006014", "81006000", ""]
    frames = [ETH[:12] + bytes.fromhex(tag) + b"\x08\x00" + ipv4(tcp()) for tag in tags]
    columns = walk_all(frames)
    ten, twenty, urgent, priority, untagged = columns.segment_key.tolist()
    assert ten != twenty
    assert twenty == urgent
    assert (priority, untagged) == (0, 0)
    assert columns.vlan_outer_id.tolist() == [10, 20, 20, 0, -1]


def test_the_order_of_tags_matters() -> None:
    """10 inside 20 is not 20 inside 10."""
    frames = [
        ETH[:12] + bytes.fromhex(tags) + b"\x08\x00" + ipv4(tcp()) for tags in ("88a8000a81000014", "88a800148100000a")
    ]
    columns = walk_all(frames)
    assert columns.segment_key[0] != columns.segment_key[1]
    assert columns.vlan_outer_id.tolist() == [10, 20]
    assert columns.vlan_inner_id.tolist() == [20, 10]


def test_segments_of_many_ids_do_not_fall_together() -> None:
    """Every VLAN, and many VNIs inside some of them."""
    tagged = [ETH[:12] + b"\x81\x00" + n.to_bytes(2, "big") + b"\x08\x00" + ipv4(tcp()) for n in range(1, 4095)]
    wrapped = [
        ETH[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + b"\x08\x00"
        + ipv4(udp(b"\x08\0\0\0" + vni.to_bytes(3, "big") + b"\0" + ETH + ipv4(tcp()), port=4789), protocol=17)
        for vlan in range(1, 9)
        for vni in range(0, 4000, 9)
    ]  # fmt: skip
    keys = walk_all(tagged).segment_key.tolist() + walk_all(wrapped).segment_key.tolist()
    assert len(set(keys)) == len(tagged) + len(wrapped)


def test_labels_do_not_part_the_directions_of_a_connection() -> None:
    """Each direction has labels of its own, so a label is shown and keeps nothing apart."""
    columns = walk_all([ETH[:12] + bytes.fromhex(f"8847 {label:05x}1ff") + ipv4(tcp()) for label in (16, 17)])
    assert columns.vni.tolist() == [-1, -1]
    assert columns.ids[:, 0].tolist() == [16, 17]
    assert columns.segment_key.tolist() == [0, 0]


@pytest.mark.parametrize("tags", [15, 16, 40])
def test_the_walk_has_an_end(tags: int) -> None:
    """Sixteen headers are followed, a frame of nothing but tags is not."""
    frame = ETH[:12] + b"\x81\x00\x00\x05" * tags + b"\x88\xcc"
    row = walk_one(frame)
    assert row["stop"] == ("too_deep" if tags > 15 else "unknown_ethertype")
    assert row["depth"] == 16
    assert row["path"] == "/".join(["eth", *["vlan"] * 15])


@pytest.mark.parametrize(
    ("frame", "link_type", "stop"),
    [
        (ETH + ipv4(tcp()), 147, "unknown_link_type"),
        (ETH[:12] + b"\x88\xcc" + bytes(46), 1, "unknown_ethertype"),
        (ETH[:12] + b"\x05\xdd" + bytes(46), 1, "unknown_ethertype"),
        (ETH[:12] + b"\x05\xdc" + bytes(46), 1, "llc"),
        (ETH + ipv4(bytes(20), protocol=89), 1, "unknown_ip_protocol"),
        (ETH + ipv4(bytes.fromhex("0000 880b") + bytes(20), protocol=47), 1, "unknown_payload"),
        (ETH + ipv4(bytes(20), protocol=50), 1, "opaque"),
        (ETH[:12] + b"\x86\xdd" + ipv4(bytes(20)), 1, "not_as_named"),
        (ETH + ipv4(udp(bytes(30), port=8472), protocol=17), 1, "not_recognised"),
        (ETH[:12] + bytes.fromhex("0806 0006 0800 0604 0001") + bytes(40), 1, "foreign_arp"),
    ],
)
def test_what_cannot_be_walked_has_a_reason(frame: bytes, link_type: int, stop: str) -> None:
    """A frame is never dropped, and its row says what stood in the way."""
    assert walk_one(frame, link_type=link_type)["stop"] == stop


def test_a_port_that_is_no_tunnel_leaves_the_datagram() -> None:
    """UDP 8472 without the flag of VXLAN: still a datagram with its ports."""
    row = walk_one(ETH + ipv4(udp(bytes(30), port=8472), protocol=17))
    assert (row["path"], row["dst_port"], row["payload_bytes"]) == ("eth/ip/udp", 8472, 30)


def test_only_the_destination_port_names_a_tunnel() -> None:
    """A question to a name server from the random port 4789 is no VXLAN."""
    reply = bytes.fromhex("12b5 0035") + bytes.fromhex("0018 0000") + bytes(16)
    assert walk_one(ETH + ipv4(reply, protocol=17))["path"] == "eth/ip/udp"


@pytest.mark.parametrize(
    ("link_type", "header"),
    [
        (113, "0001 0001 0006 0050569a12340000 0806"),
        (276, "0806 0000 00000002 0001 01 06 0050569a12340000"),
    ],
)
def test_a_cooked_broadcast_keeps_its_destination(link_type: int, header: str) -> None:
    """Packet type 1: there is no destination address, and yet it was a broadcast."""
    body = bytes.fromhex("0001080006040001 0050569a1234 c0a80132 000000000000 c0a80132")
    row = walk_one(bytes.fromhex(header) + body, link_type=link_type)
    assert (row["eth_src"], row["eth_dst"]) == ("00:50:56:9a:12:34", "ff:ff:ff:ff:ff:ff")
    assert (row["ethertype"], row["stop"]) == (0x0806, "complete")


def test_a_cooked_unicast_has_no_destination() -> None:
    """Packet type 0 (to us), address length 0 (a tunnel interface)."""
    row = walk_one(bytes.fromhex("0000 0001 0000 0000000000000000 0800") + ipv4(tcp()), link_type=113)
    assert (row["eth_src"], row["eth_dst"], row["path"]) == (None, None, "sll/ip/tcp")


def test_an_arp_inside_a_tunnel_is_not_a_packet_of_the_tunnel() -> None:
    """The columns are those of the packet inside; the addresses of the tunnel's ends are not its own."""
    arp = bytes.fromhex("ffffffffffff 0050569a1234 0806 0001080006040001 0050569a1234 c0a80132 000000000000 c0a80132")
    row = walk_one(ETH + ipv4(udp(VXLAN_5001 + arp, port=4789), protocol=17))
    assert (row["ip_version"], row["src_port"], row["transport_at"], row["payload_bytes"]) == (0, 0, -1, 0)


def test_walking_again_overwrites() -> None:
    """The arrays are scratch: rarely written columns are cleared between batches."""
    ping = ipv4(bytes.fromhex("0800 0000 1092 0011") + bytes(8), protocol=1)
    opening = tcp(options=bytes.fromhex("020405b4 01030307"), flags=2)
    first = row_of(walk_all([ETH + ping, ETH + ipv4(opening)]), 0)
    assert (first["icmp_type"], first["icmp_id"], first["icmp_seq"]) == (8, 0x1092, 17)
    second = walk_all([ETH + ipv4(tcp()), ETH + ipv4(tcp())])
    rare = ("icmp_type", "icmp_id", "icmp_seq", "icmp_code", "tcp_mss", "tcp_window_scale", "tcp_sack_blocks")
    assert [getattr(second, name).any() for name in rare] == [False] * len(rare)


def test_rows_are_cut_to_the_batch_and_read_only() -> None:
    """The answer has as many rows as the batch, and nobody can write into it."""
    walker = Walker(8)
    for count in (8, 3, 8, 0):
        frames = walker.walk(batch_of([ETH + ipv4(tcp())] * count))
        assert {getattr(frames, name).shape[0] for name in Frames._fields} == {count}
        assert not any(getattr(frames, name).flags.writeable for name in Frames._fields)


def test_a_batch_too_large_is_refused() -> None:
    """The walker was made for two records."""
    with pytest.raises(ValueError, match="3 records came to a walker made for 2"):
        Walker(2).walk(batch_of([b"", b"", b""]))


def test_the_reader_s_columns_are_handed_on() -> None:
    """Times, lengths and interface are those of the batch."""
    batch: RecordBatch = batch_of([ETH + ipv4(tcp())] * 2, wire_bytes=[54, 60], ts_ns=[5, -7])
    frames = WALKER.walk(batch)
    assert frames.ts_ns.tolist() == [5, -7]
    assert frames.wire_bytes.tolist() == [54, 60]
    assert np.shares_memory(frames.ts_ns, batch.ts_ns)
