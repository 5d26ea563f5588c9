"""What happened on the wire, one row per packet, and how several senders' rows become one capture."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]
"""EVENT[n] or FLOW[n]."""
Floats = npt.NDArray[np.float64]
Batch = tuple[Rows, float]
"""Rows, and the time before which this sender has no further rows."""

NEVER: Final = float("inf")

# What a flow carries. The first three are IP protocol numbers; ARP and RARP stand beside them.
TCP, UDP, ICMP, ARP, RARP = 6, 17, 1, 250, 251

# TCP flags
FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10

# Which TCP options a segment carries
STAMPS, SACK, OFFER = 0, 1, 2

US_PER_S: Final = 1e6

EVENT: Final = np.dtype(
    [
        ("ts_us", np.float64),  # since the capture began
        ("flow", np.int32),
        ("back", np.uint8),  # 1: from b to a
        ("seq", np.uint32),  # TCP; ICMP: the echo's number; UDP: counts up
        ("ack", np.uint32),
        ("flags", np.uint8),  # TCP; ICMP: its type; ARP and RARP: the operation
        ("window", np.uint16),
        ("options", np.uint8),
        ("stamp", np.uint32),
        ("echo", np.uint32),
        ("sack_left", np.uint32),
        ("sack_right", np.uint32),
        ("payload_bytes", np.int32),
    ]
)

FLOW: Final = np.dtype(
    [
        ("protocol", np.uint8),
        ("a_mac", np.uint64),
        ("b_mac", np.uint64),
        ("a_ip", np.uint32),
        ("b_ip", np.uint32),
        ("a_port", np.uint16),
        ("b_port", np.uint16),
        ("mss", np.uint16),
    ]
)


def rows(ts_us: Any, **columns: Any) -> Rows:
    """One event per time; numbers that belong into 32 bits are wrapped there."""
    ts = np.atleast_1d(np.asarray(ts_us, np.float64))
    made = np.zeros(len(ts), EVENT)
    made["ts_us"] = ts
    for name, values in columns.items():
        if EVENT[name] == np.uint32:
            made[name] = np.asarray(values, np.int64) & 0xFFFFFFFF
        else:
            made[name] = values
    return made


def flow(**columns: Any) -> Rows:
    """The row of one flow."""
    made = np.zeros(1, FLOW)
    for name, value in columns.items():
        made[name] = value
    return made


def mac(text: str) -> int:
    """The number of a MAC address."""
    return int(text.replace(":", ""), 16)


def ip(text: str) -> int:
    """The number of an IPv4 address."""
    return int.from_bytes(bytes(int(part) for part in text.split(".")), "big")


def stamps(ts_us: Any, start: int) -> npt.NDArray[np.int64]:
    """What a timestamp clock of 1 kHz shows then."""
    return start + (np.asarray(ts_us) // 1000).astype(np.int64)


def one_after_another(at_us: Floats, apart_us: Any, not_before: float) -> Floats:
    """
    When does each of these leave a queue that keeps their order?

    The n-th leaves when it is ready and apart_us after the one before it; the first not before not_before.
    """
    spent = np.cumsum(np.broadcast_to(np.asarray(apart_us, np.float64), at_us.shape))
    earliest = np.maximum.accumulate(np.maximum(at_us - spent, not_before - spent[:1] if len(spent) else 0.0))
    return earliest + spent


def in_time_order(senders: list[Iterator[Batch]], at_least: int) -> Iterator[Rows]:
    """
    All rows of these senders in the order of their time, in chunks of some at_least rows.

    Only the sender that has told least is asked to go on, so no more is held than what the others are ahead.
    """
    held: list[Rows] = []
    told = [-NEVER] * len(senders)
    waiting = 0
    while min(told) < NEVER:
        who = told.index(min(told))
        batch, told[who] = next(senders[who], (np.empty(0, EVENT), NEVER))
        held.append(batch)
        waiting += len(batch)
        if waiting >= at_least or min(told) == NEVER:
            together = np.concatenate(held)
            ready = together["ts_us"] < min(told)
            chunk, rest = together[ready], together[~ready]
            if len(chunk):
                yield chunk[np.argsort(chunk["ts_us"], kind="stable")]
            held, waiting = [rest], 0
