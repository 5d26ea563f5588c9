"""Frames as the tests need them: batches from literal bytes, and rows as plain Python."""

from collections.abc import Sequence

import numpy as np

from vmpcap.decode.fields import tcp
from vmpcap.decode.frames import Frames
from vmpcap.decode.paths import path_steps
from vmpcap.decode.stops import stop_name
from vmpcap.decode.walk import Walker
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.arrays import as_read_only, doorway

WALKER = Walker(4096)


def batch_of(
    frames: Sequence[bytes],
    wire_bytes: Sequence[int] | None = None,
    link_type: int | Sequence[int] = 1,
    ts_ns: Sequence[int] | None = None,
) -> RecordBatch:
    """Which batch holds exactly these frames, end to end?"""
    sizes = [len(frame) for frame in frames]
    ends = np.cumsum([0, *sizes])
    link_types = [link_type] * len(frames) if isinstance(link_type, int) else link_type
    return RecordBatch(
        as_read_only(b"".join(frames)),
        1,
        doorway(ends[:-1], np.int64),
        doorway(sizes, np.int32),
        doorway(sizes if wire_bytes is None else wire_bytes, np.int32),
        doorway(range(len(frames)) if ts_ns is None else ts_ns, np.int64),
        doorway(np.zeros(len(frames)), np.int32),
        doorway(link_types, np.int32),
    )


def walk_all(frames: Sequence[bytes], wire_bytes: Sequence[int] | None = None, link_type: int = 1) -> Frames:
    """What does the walk say of these frames? The arrays hold until the next walk."""
    return WALKER.walk(batch_of(frames, wire_bytes, link_type))


def walk_one(frame: bytes, wire_bytes: int | None = None, link_type: int = 1) -> dict[str, object]:
    """What does the walk say of this frame?"""
    return row_of(walk_all([frame], None if wire_bytes is None else [wire_bytes], link_type), 0)


def row_of(frames: Frames, i: int) -> dict[str, object]:
    """Row i with addresses, path and stop as text, everything else as int."""
    row: dict[str, object] = {}
    for name in frames._fields:
        value = getattr(frames, name)[i]
        row[name] = [int(one) for one in value] if name in ("tcp_sack", "ids") else int(value)
    row["ids"] = [int(one) for one in frames.ids[i][: int(frames.id_count[i])]]
    row["stop"] = stop_name(int(frames.stop[i]))
    row["path"] = "/".join(path_steps(int(frames.path_high[i]), int(frames.path_low[i])))
    row["eth_src"] = mac_text(int(frames.eth_src[i]))
    row["eth_dst"] = mac_text(int(frames.eth_dst[i]))
    if row["ip_version"]:
        row["src"] = ip_text(int(frames.src_high[i]), int(frames.src_low[i]))
        row["dst"] = ip_text(int(frames.dst_high[i]), int(frames.dst_low[i]))
    return row


def options_of(row: dict[str, object]) -> dict[str, object]:
    """The TCP options of a row, in the words of the twin."""
    bits = row["tcp_options"]
    assert isinstance(bits, int)
    options: dict[str, object] = {"cut": bool(bits & tcp.OPTIONS_CUT), "bad": bool(bits & tcp.OPTIONS_BAD)}
    if bits & tcp.HAS_MSS:
        options["mss"] = row["tcp_mss"]
    if bits & tcp.HAS_WINDOW_SCALE:
        options["scale"] = row["tcp_window_scale"]
    if bits & tcp.HAS_SACK_PERMITTED:
        options["sack_permitted"] = True
    if bits & tcp.HAS_SACK:
        edges, blocks = row["tcp_sack"], row["tcp_sack_blocks"]
        assert isinstance(edges, list)
        assert isinstance(blocks, int)
        options["sack"] = tuple(edges[: 2 * blocks])
    if bits & tcp.HAS_TIMESTAMPS:
        options["stamps"] = (row["tcp_ts_value"], row["tcp_ts_echo"])
    return options
