"""Frames from plain rows, for tests that have no capture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vmpcap.decode.frames import Frames
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.arrays import doorway

DTYPES = {
    np.uint8: "stop depth ip_version ip_protocol ip_ttl ip_tos ip_fragment tcp_options tcp_window_scale "
    "tcp_sack_blocks icmp_type icmp_code",
    np.uint16: "ethertype src_port dst_port tcp_flags tcp_window tcp_mss icmp_id icmp_seq",
    np.uint32: "ip_id tcp_seq tcp_ack tcp_ts_value tcp_ts_echo",
    np.uint64: "path_high path_low eth_src eth_dst segment_key src_high src_low dst_high dst_low",
    np.int32: "captured_bytes wire_bytes interface vlan_outer_id vlan_inner_id network_at transport_at payload_at "
    "payload_bytes",
    np.int64: "ts_ns vni",
}
DTYPE_OF = {name: dtype for dtype, names in DTYPES.items() for name in names.split()}
USUAL: Mapping[str, int] = {
    "ip_version": 4,
    "ip_protocol": 6,
    "ip_ttl": 64,
    "eth_src": 0x0050_5600_0001,
    "eth_dst": 0x0050_5600_0002,
    "vlan_outer_id": -1,
    "vlan_inner_id": -1,
    "vni": -1,
    "ethertype": 0x0800,
    "network_at": 14,
    "transport_at": 34,
    "payload_at": 54,
    "tcp_window": 1000,
}


def _complete(row: Mapping[str, Any]) -> dict[str, Any]:
    """Every column of one row: src and dst are texts, payload is bytes or a length."""
    full = {name: USUAL.get(name, 0) for name in Frames._fields}
    full.update({k: v for k, v in row.items() if k not in ("src", "dst", "payload")})
    full["src_high"], full["src_low"] = ip_halves(row.get("src", "10.0.0.1"))
    full["dst_high"], full["dst_low"] = ip_halves(row.get("dst", "10.0.0.2"))
    payload = row.get("payload", b"")
    if isinstance(payload, bytes):
        full["payload_bytes"] = row.get("payload_bytes", len(payload))
        full["captured_bytes"] = full["payload_at"] + len(payload)
    else:
        full["payload_bytes"] = payload
        full["captured_bytes"] = full["payload_at"]
    full.setdefault("wire_bytes", 0)
    if "wire_bytes" not in row:
        full["wire_bytes"] = full["payload_at"] + full["payload_bytes"]
    full["tcp_sack"] = None
    return full


def make_frames(rows: Sequence[Mapping[str, Any]]) -> Frames:
    """Frames of these rows, read-only as the walk gives them; what a row does not name is a plain TCP segment's."""
    full = [_complete(row) for row in rows]
    arrays = {
        name: doorway(np.zeros((len(full), 8)), np.uint32)
        if name == "tcp_sack"
        else doorway(np.array([row[name] for row in full], dtype=DTYPE_OF[name]), DTYPE_OF[name])
        for name in Frames._fields
    }
    return Frames(**arrays)


def make_batch(rows: Sequence[Mapping[str, Any]], first_frame: int = 1) -> tuple[RecordBatch, Frames]:
    """A batch whose buffer holds the rows' payloads where their frames say."""
    frames = make_frames(rows)
    data, at = bytearray(), []
    for i, row in enumerate(rows):
        at.append(len(data))
        payload = row.get("payload", b"")
        data += bytes(int(frames.payload_at[i])) + (payload if isinstance(payload, bytes) else b"")
    buffer = np.frombuffer(bytes(data) or b"\0", dtype=np.uint8)
    batch = RecordBatch(
        buffer=buffer,
        first_frame=first_frame,
        record_at=doorway(at, np.int64),
        captured_bytes=frames.captured_bytes,
        wire_bytes=frames.wire_bytes,
        ts_ns=frames.ts_ns,
        interface=frames.interface,
        link_type=np.ones(len(rows), dtype=np.int32),
    )
    return batch, frames


NOBODY = NO_MAC
