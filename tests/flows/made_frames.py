"""Frames from plain rows, for tests that have no capture."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

import numpy as np

from vmpcap.decode.frames import Frames
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.arrays import doorway

DTYPE_OF = {name: get_args(get_args(hint)[1])[0] for name, hint in get_type_hints(Frames).items()}
LISTS = {"tcp_sack": 0, "ids": -1}
"""Columns of eight numbers a row, and what stands there when nothing does."""
USUAL: Mapping[str, int] = {
    "ip_version": 4,
    "ip_protocol": 6,
    "ip_ttl": 64,
    "eth_src": 0x0050_5600_0001,
    "eth_dst": 0x0050_5600_0002,
    "vlan_outer_id": -1,
    "vlan_inner_id": -1,
    "vni": -1,
    "tunnel_seq": -1,
    "mirror_at": -1,
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
    return full


def make_frames(rows: Sequence[Mapping[str, Any]]) -> Frames:
    """Frames of these rows, read-only as the walk gives them; what a row does not name is a plain TCP segment's."""
    full = [_complete(row) for row in rows]
    arrays = {
        name: doorway(np.full((len(full), 8), LISTS[name]), dtype)
        if name in LISTS
        else doorway(np.array([row[name] for row in full], dtype=dtype), dtype)
        for name, dtype in DTYPE_OF.items()
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
