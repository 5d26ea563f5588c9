"""The kernel that gives every packet its flow and side, and the one that moves the table to a larger place."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.terms.kernels import Bool, Int, inline_kernel, kernel
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST,
    ICMPV6_ECHO_REPLY,
    ICMPV6_ECHO_REQUEST,
    IP_ICMP,
    IP_ICMPV6,
    IP_SCTP,
    IP_TCP,
    IP_UDP,
    TCP_ACK,
    TCP_SYN,
)

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

NO_FLOW: Final = -1

FLOW: Final = np.dtype(
    [
        ("a_high", np.uint64),
        ("a_low", np.uint64),
        ("b_high", np.uint64),
        ("b_low", np.uint64),
        ("segment_key", np.uint64),
        ("a_port", np.uint16),
        ("b_port", np.uint16),
        ("protocol", np.uint8),
        ("nominated", np.uint8),
        ("bases", np.uint8),
        ("ip_version", np.uint8),
        ("stream", np.int32),
        ("lead", np.int32),
        ("older", np.int32),
        ("a_base", np.uint32),
        ("b_base", np.uint32),
        ("vlan_outer_id", np.int16),
        ("vlan_inner_id", np.int16),
        ("first_ts", np.int64),
        ("first_frame", np.int64),
        ("path_high", np.uint64),
        ("path_low", np.uint64),
        ("vni", np.int64),
    ],
    align=True,
)
"""
One followed flow: its key, the sequence numbers its sides count from, and where its first packet was seen.

lead is the first flow of the same connection, in whichever segment: the numbers are kept there. older is the flow that
was the youngest between these ends before this one, NO_FLOW without.
"""

# What the counts count
FLOWS: Final = 0
TCP_STREAMS: Final = 1
UDP_STREAMS: Final = 2
LATER_FRAGMENTS: Final = 3
NO_TRANSPORT: Final = 4
NOT_FOLLOWED: Final = 5
PORTS_REUSED: Final = 6
COUNTS: Final = 7

A_BASE: Final = 1
B_BASE: Final = 2
BOTH_BASES: Final = 3
LEFT: Final = 4
"""Another connection has the ports now."""
TURNED: Final = 8
"""Its first packet came from the side that is b in its lead."""

MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
MIX_2: Final = np.uint64(0x94D049BB133111EB)
GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
TAG: Final = np.uint64(0xFFFFFFFF00000000)
FLOW_BITS: Final = np.uint64(0x00000000FFFFFFFF)
ZERO: Final = np.uint64(0)
ONE: Final = np.uint64(1)
BY_PORTS: Final = 1
BY_FIRST_BYTES: Final = 2
"""How a flow is known for a migration's (`nominated`): by its ports; by what it opens with, whatever those are."""
EPHEMERAL: Final = 32768
"""As streams.EPHEMERAL_FROM."""


class Table(NamedTuple):
    """The table's memory. A slot holds 32 bits of the key's hash and the flow's number plus one; 0 is free."""

    slots: U64
    """uint64[2**n]: by the whole key."""
    pairs: U64
    """uint64[2**n]: by addresses, ports and protocol only, as Wireshark's streams are; holds the youngest flow."""
    flows: Records
    """FLOW[room]."""
    counts: I64
    seed: U64
    """uint64[2]: secret, so that nobody can choose keys that share a slot."""
    port_kinds: U8
    """uint8[65536]: streams.port_kinds."""


@inline_kernel
def stir(value: np.uint64) -> np.uint64:
    """Which number stands for this one, with every bit depending on every bit? (The finaliser of SplitMix64.)"""
    value = (value ^ (value >> np.uint64(30))) * MIX_1
    value = (value ^ (value >> np.uint64(27))) * MIX_2
    return value ^ (value >> np.uint64(31))


@inline_kernel
def hash_end(high: np.uint64, low: np.uint64, port: np.uint64, seed: np.uint64) -> np.uint64:
    """Which number stands for one end of a flow? IPv4 ends (high = 0) take one stirring less."""
    value = low ^ seed
    if high != ZERO:
        value = value ^ stir(high + GOLDEN)
    return stir(value + port * GOLDEN)


@inline_kernel
def find_flow(
    slots: U64, flows: Records, hashed: np.uint64,
    a_high: np.uint64, a_low: np.uint64, a_port: np.uint64, b_high: np.uint64, b_low: np.uint64, b_port: np.uint64,
    protocol: Int, segment: np.uint64, with_segment: bool,
) -> tuple[np.uint64, np.int64, np.uint8]:  # fmt: skip
    """
    Where in the table is this key, and from which side?

    Returns (slot, flow, side); flow is -1 where the slot is free.
    """
    mask = np.uint64(slots.shape[0] - 1)
    at = hashed & mask
    tag = hashed & TAG
    while True:
        entry = slots[at]
        if entry == ZERO:
            return at, np.int64(-1), np.uint8(0)
        if entry & TAG == tag:
            flow = np.int64((entry & FLOW_BITS) - ONE)
            one = flows[flow]
            if one["protocol"] == protocol and (not with_segment or one["segment_key"] == segment):
                if (
                    one["a_low"] == a_low
                    and one["b_low"] == b_low
                    and one["a_port"] == a_port
                    and one["b_port"] == b_port
                    and one["a_high"] == a_high
                    and one["b_high"] == b_high
                ):
                    return at, flow, np.uint8(0)
                if (
                    one["a_low"] == b_low
                    and one["b_low"] == a_low
                    and one["a_port"] == b_port
                    and one["b_port"] == a_port
                    and one["a_high"] == b_high
                    and one["b_high"] == a_high
                ):
                    return at, flow, np.uint8(1)
        at = (at + ONE) & mask


@inline_kernel
def is_reuse(lead: Any, side: Int, seq: Int) -> Bool:
    """
    Does this SYN without ACK open a new connection on an old one's ports?

    As Wireshark: its number is not the one that its direction counts from.
    """
    if side == 0:
        return bool(lead["bases"] & A_BASE != 0 and lead["a_base"] != seq)
    return bool(lead["bases"] & B_BASE != 0 and lead["b_base"] != seq)


@inline_kernel
def leave(flows: Records, youngest: Int) -> None:
    """Mark all flows of the youngest one's connection: what comes from now on between these ends belongs to another."""
    lead, flow = np.int64(flows[youngest]["lead"]), np.int64(youngest)
    while flow >= 0 and flows[flow]["lead"] == lead:
        flows[flow]["bases"] |= LEFT
        flow = np.int64(flows[flow]["older"])


@inline_kernel
def note_bases(lead: Any, side: Int, seq: Int, ack: Int, flags: Int) -> None:
    """
    From which sequence numbers do the two directions count?

    As Wireshark: a SYN's own number, else one before the first segment's; the other way, one before the first ACK. A
    SYN/ACK begins anew whatever was there.
    """
    own, other = (A_BASE, B_BASE) if side == 0 else (B_BASE, A_BASE)
    if lead["bases"] & own == 0 or flags & (TCP_SYN | TCP_ACK) == TCP_SYN | TCP_ACK:
        base = seq if flags & TCP_SYN else (seq - 1) & 0xFFFFFFFF
        if side == 0:
            lead["a_base"] = base
        else:
            lead["b_base"] = base
        lead["bases"] |= own
    if lead["bases"] & other == 0 and flags & TCP_ACK:
        base = (ack - 1) & 0xFFFFFFFF
        if side == 0:
            lead["b_base"] = base
        else:
            lead["a_base"] = base
        lead["bases"] |= other


@inline_kernel
def side_in_lead(one: Any, side: Int) -> Int:
    """Which side is this in the first flow of the connection?"""
    return side ^ 1 if one["bases"] & TURNED else side


@inline_kernel
def next_stream(counts: I64, protocol: Int) -> np.int32:
    """Which number gives Wireshark to the next stream? -1 where it numbers none."""
    if protocol == IP_TCP:
        counts[TCP_STREAMS] += 1
        return np.int32(counts[TCP_STREAMS] - 1)
    if protocol == IP_UDP:
        counts[UDP_STREAMS] += 1
        return np.int32(counts[UDP_STREAMS] - 1)
    return np.int32(-1)


@inline_kernel
def join_connection(table: Table, flow: Int, sibling: Int, sibling_side: Int) -> None:
    """
    Which connection does this new flow belong to: its youngest sibling's, or one of its own?

    A sibling has the same ends in another segment; Wireshark has one stream for both.
    """
    one = table.flows[flow]
    one["older"] = sibling
    if sibling >= 0 and table.flows[sibling]["bases"] & LEFT == 0:
        other = table.flows[sibling]
        one["lead"], one["stream"] = other["lead"], other["stream"]
        if side_in_lead(other, sibling_side):
            one["bases"] |= TURNED
        return
    one["lead"], one["stream"] = flow, next_stream(table.counts, np.int64(one["protocol"]))


@inline_kernel
def ends_of(frames: Frames, i: Int) -> tuple[np.uint64, np.uint64, int]:
    """
    Which ports does this frame's flow have? (a port, b port, reason): reason is 0, or the count that it goes to.

    An ICMP echo has its identifier for both.
    """
    protocol = frames.ip_protocol[i]
    if frames.ip_version[i] == 0 or frames.transport_at[i] < 0:
        late = frames.ip_fragment[i] == 2
        return np.uint64(0), np.uint64(0), LATER_FRAGMENTS if late else NO_TRANSPORT
    if frames.ip_fragment[i] == 2:
        return np.uint64(0), np.uint64(0), LATER_FRAGMENTS
    if protocol in (IP_TCP, IP_UDP, IP_SCTP):
        return np.uint64(frames.src_port[i]), np.uint64(frames.dst_port[i]), 0
    kind = frames.icmp_type[i]
    is_echo = (protocol == IP_ICMP and kind in (ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY)) or (
        protocol == IP_ICMPV6 and kind in (ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY)
    )
    if is_echo:
        return np.uint64(frames.icmp_id[i]), np.uint64(frames.icmp_id[i]), 0
    return np.uint64(0), np.uint64(0), NO_TRANSPORT


@inline_kernel
def is_nominated(port_kinds: U8, protocol: Int, a_port: np.uint64, b_port: np.uint64) -> np.uint8:
    """Do these ports nominate a flow as a migration's? BY_PORTS or 0."""
    if protocol != IP_TCP:
        return np.uint8(0)
    kind_a, kind_b = port_kinds[a_port], port_kinds[b_port]
    if kind_a == 1 or kind_b == 1 or (kind_a == 2 and b_port >= EPHEMERAL) or (kind_b == 2 and a_port >= EPHEMERAL):
        return np.uint8(BY_PORTS)
    return np.uint8(0)


@inline_kernel
def has_room(
    table: Table, frames: Frames, i: Int, budget: Int, room: Int, a_port: np.uint64, b_port: np.uint64
) -> Bool:
    """
    May this frame open another flow?

    Beyond the budget only a migration's may: half of the reserve is for any of its packets, the rest for payload, which
    a flood of SYNs has not.
    """
    count = table.counts[FLOWS]
    if count < budget:
        return True
    if count >= room or not is_nominated(table.port_kinds, frames.ip_protocol[i], a_port, b_port):
        return False
    return bool(count < budget + (room - budget) // 2 or frames.payload_bytes[i] > 0)


@inline_kernel
def open_flow(
    table: Table, frames: Frames, i: Int, first_frame: Int, a_port: np.uint64, b_port: np.uint64, flow: Int
) -> None:
    """What is known of a flow from its first packet?"""
    one = table.flows[flow]
    one["a_high"] = frames.src_high[i]
    one["a_low"] = frames.src_low[i]
    one["b_high"] = frames.dst_high[i]
    one["b_low"] = frames.dst_low[i]
    one["a_port"] = a_port
    one["b_port"] = b_port
    one["segment_key"] = frames.segment_key[i]
    one["protocol"] = frames.ip_protocol[i]
    one["ip_version"] = frames.ip_version[i]
    one["vlan_outer_id"] = frames.vlan_outer_id[i]
    one["vlan_inner_id"] = frames.vlan_inner_id[i]
    one["vni"] = frames.vni[i]
    one["path_high"] = frames.path_high[i]
    one["path_low"] = frames.path_low[i]
    one["first_ts"] = frames.ts_ns[i]
    one["first_frame"] = first_frame + i
    one["bases"] = 0
    one["nominated"] = is_nominated(table.port_kinds, frames.ip_protocol[i], a_port, b_port)


@kernel
def name_flows(
    frames: Frames, first_frame: int, budget: int, room: int, table: Table, out_flow_id: I32, out_side: U8
) -> None:
    """
    Which flow does each frame belong to, and which of its sides sent it?

    Parameters
    ----------
    frames : Frames[m]
    first_frame : frame number of row 0
    budget : flows that may be followed; frames of later ones are counted and get NO_FLOW
    room : flows with those on migration ports that are followed beyond the budget
    table : the table's memory, carried over batches; slots and pairs must hold m flows more at most half full
    out_flow_id : int32[m], NO_FLOW for what has no flow
    out_side : uint8[m], 0 for the sender of the flow's first packet

    Notes
    -----
    A flow is what Wireshark calls a stream, in one segment: both addresses, both ports, the protocol and the segment
    are its key, so one 5-tuple in two VLANs is two flows. A SYN that opens another connection on the same ports ends
    the flows of the old one in every segment; what is late of the old one counts as the new one's.
    """
    for i in range(frames.ts_ns.shape[0]):
        out_flow_id[i] = NO_FLOW
        out_side[i] = 0
        a_port, b_port, reason = ends_of(frames, i)
        if reason:
            table.counts[reason] += 1
            continue
        protocol = frames.ip_protocol[i]
        a_high, a_low = frames.src_high[i], frames.src_low[i]
        b_high, b_low = frames.dst_high[i], frames.dst_low[i]
        segment = frames.segment_key[i]
        pair_hash = hash_end(a_high, a_low, a_port, table.seed[0]) + hash_end(b_high, b_low, b_port, table.seed[0])
        pair_hash = pair_hash + np.uint64(protocol) * table.seed[1]
        hashed = pair_hash if segment == ZERO else stir(pair_hash ^ stir(segment + table.seed[1]))
        at, flow, side = find_flow(
            table.slots, table.flows, hashed, a_high, a_low, a_port, b_high, b_low, b_port, protocol, segment, True
        )
        if flow >= 0 and table.flows[flow]["bases"] & LEFT:
            flow = np.int64(-1)
        seq, flags = np.int64(frames.tcp_seq[i]), np.int64(frames.tcp_flags[i])
        opens = protocol == IP_TCP and flags & (TCP_SYN | TCP_ACK) == TCP_SYN
        if flow < 0 or opens:
            pair_at, sibling, sibling_side = find_flow(
                table.pairs, table.flows, pair_hash, a_high, a_low, a_port, b_high, b_low, b_port, protocol, ZERO, False
            )
            if opens and sibling >= 0 and table.flows[sibling]["bases"] & LEFT == 0:
                youngest = table.flows[sibling]
                if is_reuse(table.flows[youngest["lead"]], side_in_lead(youngest, sibling_side), seq):
                    table.counts[PORTS_REUSED] += 1
                    leave(table.flows, sibling)
                    flow = np.int64(-1)
            if flow < 0:
                if not has_room(table, frames, i, budget, room, a_port, b_port):
                    table.counts[NOT_FOLLOWED] += 1
                    continue
                flow, side = table.counts[FLOWS], np.uint8(0)
                table.counts[FLOWS] += 1
                open_flow(table, frames, i, first_frame, a_port, b_port, flow)
                join_connection(table, flow, sibling, sibling_side)
                table.slots[at] = (hashed & TAG) | (np.uint64(flow) + ONE)
                table.pairs[pair_at] = (pair_hash & TAG) | (np.uint64(flow) + ONE)
        one = table.flows[flow]
        if protocol == IP_TCP and (one["bases"] & BOTH_BASES != BOTH_BASES or flags & TCP_SYN):
            lead = table.flows[one["lead"]]
            note_bases(lead, side_in_lead(one, side), seq, np.int64(frames.tcp_ack[i]), flags)
            one["bases"] |= lead["bases"] & BOTH_BASES
        out_flow_id[i] = flow
        out_side[i] = side


@kernel
def rehash(flows: Records, seed: U64, with_segment: bool, old: U64, out_slots: U64) -> None:
    """
    Where do the flows of a slot table go in a larger one?

    Parameters
    ----------
    flows : FLOW[n]
    seed : uint64[2]
    with_segment : whether the table is by the whole key
    old : uint64[2**n]
    out_slots : uint64[2**k], all free, larger than old
    """
    mask = np.uint64(out_slots.shape[0] - 1)
    for i in range(old.shape[0]):
        if old[i] == ZERO:
            continue
        one = flows[np.int64((old[i] & FLOW_BITS) - ONE)]
        hashed = hash_end(one["a_high"], one["a_low"], np.uint64(one["a_port"]), seed[0])
        hashed = hashed + hash_end(one["b_high"], one["b_low"], np.uint64(one["b_port"]), seed[0])
        hashed = hashed + np.uint64(one["protocol"]) * seed[1]
        if with_segment and one["segment_key"] != ZERO:
            hashed = stir(hashed ^ stir(one["segment_key"] + seed[1]))
        at = hashed & mask
        while out_slots[at] != ZERO:
            at = (at + ONE) & mask
        out_slots[at] = old[i]
