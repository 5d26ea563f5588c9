"""The columns that a walk fills: their types, what is rare in them, and arrays for them."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.words import MAX_DEPTH

NO_ID: Final = -1
MOST_IDS: Final = 8
"""Ids that a row has room for; further ones are walked but not listed."""
GUESS_CHOICE: Final = 16
GUESS_STEP: Final = 8
GUESS_LEAD: Final = 0xFF
"""Where in the column `guess` the row stands that chose, the one that it chose, and the bits that this one leads by."""
STEPS_IN_HALF: Final = MAX_DEPTH // 2
"""Of a path: as many as a column holds."""
WHOLE: Final = 0
FIRST_FRAGMENT: Final = 1
LATER_FRAGMENT: Final = 2


# Groups of rare columns
WRAPPED: Final = 1
BEYOND_IPV4: Final = 2
BEYOND_STAMPS: Final = 4
SPLIT: Final = 8
GUESSED: Final = 16
RARE: Final[dict[int, dict[str, int]]] = {
    WRAPPED: {
        "vlan_outer_id": NO_ID,
        "vlan_inner_id": NO_ID,
        "vni": NO_ID,
        "segment_key": 0,
        "path_low": 0,
        "id_count": 0,
        "tunnel_seq": NO_ID,
        "tunnel_key": 0,
        "tunnel_step": 0,
        "mirror_at": -1,
    },
    BEYOND_IPV4: {"src_high": 0, "dst_high": 0, "ip_fragment": WHOLE},
    GUESSED: {"guess": 0},
    SPLIT: {"split_network_at": -1, "split_at": -1, "split_segment": 0},
    BEYOND_STAMPS: dict.fromkeys(
        ("tcp_mss", "tcp_window_scale", "tcp_sack_blocks", "icmp_type", "icmp_code", "icmp_id", "icmp_seq"), 0
    ),
}
"""
Columns that have one value in nearly every row of a plain capture. The walk writes them only where they have another,
and a group is cleared only after a walk that wrote into it: a third of all bytes written were these.
"""

GIVEN: Final = ("ts_ns", "captured_bytes", "wire_bytes", "interface")
"""Columns that the reader's arrays are handed on as."""

_DTYPES: Final[dict[str, npt.DTypeLike]] = {
    "stop": np.uint8,
    "path_high": np.uint64,
    "path_low": np.uint64,
    "depth": np.uint8,
    "eth_src": np.uint64,
    "eth_dst": np.uint64,
    "vlan_outer_id": np.int32,
    "vlan_inner_id": np.int32,
    "vni": np.int64,
    "segment_key": np.uint64,
    "ids": np.int64,
    "id_count": np.uint8,
    "tunnel_seq": np.int64,
    "tunnel_key": np.uint64,
    "tunnel_step": np.uint8,
    "mirror_at": np.int32,
    "guess": np.uint32,
    "ethertype": np.uint16,
    "network_at": np.int32,
    "ip_version": np.uint8,
    "ip_protocol": np.uint8,
    "ip_ttl": np.uint8,
    "ip_tos": np.uint8,
    "ip_id": np.uint32,
    "ip_fragment": np.uint8,
    "src_high": np.uint64,
    "src_low": np.uint64,
    "dst_high": np.uint64,
    "dst_low": np.uint64,
    "split_network_at": np.int32,
    "split_at": np.int32,
    "split_segment": np.uint64,
    "transport_at": np.int32,
    "payload_at": np.int32,
    "payload_bytes": np.int32,
    "src_port": np.uint16,
    "dst_port": np.uint16,
    "tcp_seq": np.uint32,
    "tcp_ack": np.uint32,
    "tcp_flags": np.uint16,
    "tcp_window": np.uint16,
    "tcp_options": np.uint8,
    "tcp_mss": np.uint16,
    "tcp_window_scale": np.uint8,
    "tcp_ts_value": np.uint32,
    "tcp_ts_echo": np.uint32,
    "tcp_sack": np.uint32,
    "tcp_sack_blocks": np.uint8,
    "icmp_type": np.uint8,
    "icmp_code": np.uint8,
    "icmp_id": np.uint16,
    "icmp_seq": np.uint16,
}
_WIDTHS: Final = {"tcp_sack": 8, "ids": MOST_IDS}
"""Values that a row of these columns has; all others have one."""
_CACHE_LINE: Final = 64
_PAGE: Final = 4096


def scratch(rows: int) -> dict[str, npt.NDArray[Any]]:
    """
    Which arrays does a walk of so many rows write?

    They begin at different places within a page: were all at its start, row i of every column would compete for the
    same lines of the first-level cache.
    """
    columns = {}
    for place, (name, dtype) in enumerate(_DTYPES.items()):
        width = _WIDTHS.get(name, 1)
        item = np.dtype(dtype)
        room = np.zeros(rows * width * item.itemsize + 2 * _PAGE, dtype=np.uint8)
        skew = (-room.ctypes.data + place * _CACHE_LINE) % _PAGE
        column = room[skew : skew + rows * width * item.itemsize].view(item)
        columns[name] = column.reshape(rows, width) if width > 1 else column
    return columns
