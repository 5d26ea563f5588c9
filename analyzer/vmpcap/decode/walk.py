"""The walk: one loop that follows any frame through the steps table, and the columns that it fills at the end."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode import stops, tables
from vmpcap.decode.bits import Bytes, Offset, be16, be32, be64, byte
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.fields import tcp
from vmpcap.decode.fields.icmp import is_echo
from vmpcap.decode.fields.ip import read_ipv4, read_ipv6
from vmpcap.decode.fields.link import read_cooked, read_ethernet
from vmpcap.decode.frames import I32, I64, Frames
from vmpcap.decode.guess import CERTAIN, UNJUDGED, choose
from vmpcap.decode.lengths import measure_special
from vmpcap.decode.tables import Tables
from vmpcap.decode.words import (
    ETHERNET,
    ICMP,
    IPV4,
    IPV6,
    LEAST_SPECIAL_LENGTH,
    LINK_LAYER,
    MAX_DEPTH,
    NETWORK_LAYER,
    REJECTED,
    TCP,
    TRANSPORT_LAYER,
    UDP,
    Role,
    Space,
)
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.wire import ETHERTYPE_LEAST

_FIRST_KEY: Final = int(Space.LINK_TYPE) << tables.KEY_BITS
_KEY_MASK: Final = (1 << tables.KEY_BITS) - 1
_EXPECTED_BYTES: Final = 8
_LONGEST_PACKET: Final = 0x10000
_STEPS_IN_HALF: Final = MAX_DEPTH // 2

NO_ID: Final = -1
MOST_IDS: Final = 8
"""Ids that a row has room for; further ones are walked but not listed."""
KEEPS_FROM_END: Final = tables.KEEP_FROM_END | tables.KEEP2_FROM_END
GUESS_CHOICE: Final = 16
GUESS_STEP: Final = 8
GUESS_LEAD: Final = 0xFF
"""Where in the column `guess` the row stands that chose, the one that it chose, and the bits that this one leads by."""
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


@inline_kernel
def mix_id(key: np.uint64, word: np.uint64) -> np.uint64:
    """Which key has seen this id too? Never 0. Products of 32 bits only, so nothing overflows."""
    low = (key ^ word) & np.uint64(0xFFFFFFFF)
    high = (key ^ word) >> np.uint64(32)
    mixed = (low * np.uint64(0x9E3779B1)) ^ (high * np.uint64(0x85EBCA77))
    turned = (mixed << np.uint64(32)) | (mixed >> np.uint64(32))
    return (turned ^ (high << np.uint64(7))) | np.uint64(1)


@inline_kernel
def kept_id(buffer: Bytes, start: Offset, end: Offset, rules: I32, place: Offset) -> np.int64:
    """Which id does this header give by the four rules from `place` on? NO_ID where a flag says that there is none."""
    when = rules[place + 3]
    if when != 0 and byte(buffer, start) & when != when:
        return np.int64(NO_ID)
    at = rules[place]
    word = be32(buffer, start + at if at >= 0 else end + at)
    return np.int64((word >> rules[place + 1]) & rules[place + 2])


@inline_kernel
def tunnel_of(buffer: Bytes, network: Offset, step: np.int64, name: np.int64, inner_name: np.int64) -> np.uint64:
    """Which key has the tunnel of this kind and these names between these addresses (none: below 0)? Never 0."""
    key = mix_id(np.uint64(0), (np.uint64(step) << np.uint64(40)) | np.uint64(name - NO_ID))
    if network >= 0 and byte(buffer, network) >> 4 == 4:
        key = mix_id(key, be64(buffer, network + 12))
    elif network >= 0:
        for word in range(4):
            key = mix_id(key, be64(buffer, network + 8 + 8 * word))
    return key if inner_name == NO_ID else mix_id(key, np.uint64(inner_name))


@inline_kernel
def unusual_key(buffer: Bytes, start: Offset, end: Offset, rules: I32, rule: Offset) -> np.int64:
    """What has the number of the next header in it, besides the 16 bits where it usually stands?"""
    features = rules[rule + tables.FEATURES]
    if features & tables.NEXT_LITTLE_ENDIAN:
        at = start + rules[rule + tables.NEXT_AT]
        return np.int64(byte(buffer, at) | (byte(buffer, at + 1) << 8))
    if features & tables.NEXT_AFTER_HEADER:
        at = end + rules[rule + tables.NEXT_AT]
        if features & tables.NEXT_IS_COMPRESSED and (end - start) & 1:
            return np.int64(byte(buffer, end - 1))
        return np.int64((be16(buffer, at) & rules[rule + tables.NEXT_MASK]) >> rules[rule + tables.NEXT_SHIFT])
    if features & tables.NEXT_EITHER_ORDER:
        first = be16(buffer, start + rules[rule + tables.NEXT_AT])
        second = be16(buffer, start + rules[rule + tables.NEXT_AT] + 2)
        return np.int64(second if first == 0 or second == 0 else -first)  # no family has bits in both: none is it then
    if features & tables.NEXT_SELECTS:
        flags = byte(buffer, start) & rules[rule + tables.SELECT_MASK]
        return np.int64((flags >> rules[rule + tables.SELECT_SHIFT]) << tables.KEY_BITS)
    return np.int64(0)


@kernel
def walk_frames(  # noqa: PLR0912, PLR0915 - one loop: its chapters share two dozen numbers, and a call for each costs half
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    wire_bytes: I32,
    link_type: I32,
    steps: Tables,
    out: Frames,
) -> int:
    """
    What does each frame contain, and where does the walk through it stop? Gives which rare columns were written.

    Parameters
    ----------
    buffer : uint8[n]
    record_at : int64[m]
    captured_bytes, wire_bytes, link_type : int32[m]
    steps : Tables
    out : Frames
        Rows 0..m-1 are written. The columns of the reader are not; rare columns (`RARE`) come cleared.

    Notes
    -----
    `at` counts from the beginning of the frame. `limit` is where the packet ends on the wire, as the innermost length
    field that can be believed says; `captured` is where the captured bytes end. A header is read only when all bytes
    that the walk looks at lie before both. A length field of 0 says nothing (offloaded super-segments, BIG TCP). A
    packet inside a truncated mirror copy or inside the first fragment of a tunnel packet may end beyond `limit`: there
    its own length field is the only witness, and is believed.
    """
    rules = steps.rules
    entries = steps.entries
    lengths = steps.lengths
    rare = 0
    for i in range(record_at.shape[0]):
        base = record_at[i]
        captured = np.int64(captured_bytes[i])
        limit = max(np.int64(wire_bytes[i]), captured)
        at = np.int64(0)
        depth = np.int64(0)
        path_high = np.uint64(0)
        path_low = np.uint64(0)
        is_open = False  # a mirror truncated the frame: only its own headers know how long it was
        has_lied = False
        link_reads = np.int64(0)
        link_at = np.int64(0)
        tag_outer = np.int64(NO_ID)
        tag_inner = np.int64(NO_ID)
        overlay = np.int64(NO_ID)
        segment = np.uint64(0)
        ids = 0
        tunnel_seq = np.int64(NO_ID)
        mirror_at = np.int64(-1)
        numbered_at = np.int64(NO_ID)  # the header that numbers the packets of its tunnel, by its place in the path
        tunnel_step = np.int64(0)
        tunnel_name = np.int64(NO_ID)
        tunnel_network = np.int64(-1)
        inner_step = np.int64(0)  # the header right behind that one, where it names the tunnel, too
        inner_name = np.int64(NO_ID)
        is_wrapped = False
        ethertype = np.int64(0)
        network_reads = np.int64(0)
        network_at = np.int64(-1)
        ip_protocol = np.int64(0)
        fragment = np.int64(WHOLE)
        fragment_at = np.int64(-1)
        transport_reads = np.int64(0)
        transport_at = np.int64(-1)
        payload_at = np.int64(-1)
        payload_bytes = np.int64(0)

        stop = np.int64(stops.UNKNOWN_LINK_TYPE)
        step = np.int64(0)
        first = np.int64(link_type[i])
        if 0 <= first < 1 << tables.KEY_BITS:
            step = np.int64(entries[_FIRST_KEY + first])
        while True:
            while 0 < step < tables.FIRST_CHOICE:
                if depth == MAX_DEPTH:
                    stop = np.int64(stops.TOO_DEEP)
                    break
                rule = step << tables.RULE_BITS
                needed = at + rules[rule + tables.NEEDS]
                start = base + at
                features = rules[rule + tables.FEATURES]
                layer = rules[rule + tables.LAYER]
                if needed > min(limit, captured):
                    stop = np.int64(stops.SHORT if needed > limit and not is_open else stops.CUT)
                    break
                told_by = byte(buffer, start + rules[rule + tables.LENGTH_AT])
                header = np.int64(lengths[(step << tables.LENGTH_BITS) | told_by])
                if header >= LEAST_SPECIAL_LENGTH:
                    if header == REJECTED:
                        stop = np.int64(stops.NOT_AS_NAMED)
                        break
                    header = measure_special(header, buffer, start, at, min(limit, captured), rules, rule)
                    if header < 0:
                        stop = np.int64(stops.NOT_AS_NAMED)
                        break
                if features & tables.HAS_CHECKS:
                    if features & tables.HAS_EXPECT and (
                        be64(buffer, start) & steps.expect_mask[step] != steps.expect_value[step]
                    ):
                        stop = np.int64(rules[rule + tables.EXPECT_STOP])
                        if layer == NETWORK_LAYER:
                            ethertype = np.int64(rules[rule + tables.TYPE])
                        break
                    size = be16(buffer, start + rules[rule + tables.SIZE_AT])
                    if features & tables.HAS_SIZE and size != 0:
                        end = at + size + rules[rule + tables.SIZE_AFTER]
                        if end <= limit or is_open or (layer == NETWORK_LAYER and fragment == FIRST_FRAGMENT):
                            limit = end
                            is_open = False
                        elif fragment != FIRST_FRAGMENT:
                            has_lied = True
                if at + header > limit:
                    stop = np.int64(stops.SHORT)
                    break

                if depth < _STEPS_IN_HALF:
                    path_high = (path_high << np.uint64(8)) | np.uint64(step)
                else:
                    path_low = (path_low << np.uint64(8)) | np.uint64(step)
                depth += 1
                if layer == NETWORK_LAYER:
                    network_reads = np.int64(rules[rule + tables.READS])
                    network_at = at
                    ethertype = np.int64(rules[rule + tables.TYPE])
                    ip_protocol = np.int64(0)
                    fragment = np.int64(WHOLE)
                    fragment_at = np.int64(-1)
                    transport_reads = np.int64(0)
                elif layer == TRANSPORT_LAYER:
                    transport_reads = np.int64(rules[rule + tables.READS])
                    transport_at = at
                    payload_at = at + header
                    payload_bytes = limit - payload_at
                elif layer == LINK_LAYER:
                    link_reads = np.int64(rules[rule + tables.READS])
                    link_at = at
                    tag_outer = np.int64(NO_ID)
                    tag_inner = np.int64(NO_ID)
                    ethertype = np.int64(0)
                    network_reads = np.int64(0)
                    transport_reads = np.int64(0)
                    is_open |= fragment == FIRST_FRAGMENT
                    fragment = np.int64(WHOLE)
                if features & tables.HAS_CONTENTS:
                    if features & tables.HAS_FRAGMENT:
                        fragment_at = at
                        word = be16(buffer, start + rules[rule + tables.FRAGMENT_AT])
                        if word & rules[rule + tables.OFFSET_MASK]:
                            fragment = np.int64(LATER_FRAGMENT)
                        elif word & rules[rule + tables.MORE_MASK]:
                            fragment = np.int64(FIRST_FRAGMENT)
                        if fragment != WHOLE and out.split_at[i] < 0:
                            rare |= SPLIT
                            out.split_network_at[i] = network_at
                            out.split_at[i] = at
                            out.split_segment[i] = segment
                    if features & tables.HAS_KEEP:
                        if features & KEEPS_FROM_END and at + header > captured:
                            stop = np.int64(stops.CUT)
                            break
                        is_wrapped = True
                        name = np.int64(NO_ID)
                        for number in range(1 + (features & tables.KEEPS_TWO != 0)):
                            place = rule + (tables.KEEP_AT if number == 0 else tables.KEEP2_AT)
                            role = rules[rule + (tables.KEEP_ROLE if number == 0 else tables.KEEP2_ROLE)]
                            separates = features & (tables.KEEP_SEPARATES if number == 0 else tables.KEEP2_SEPARATES)
                            kept = kept_id(buffer, start, start + header, rules, place)
                            if role == Role.SEQUENCE:
                                if tunnel_seq == NO_ID and kept != NO_ID:
                                    tunnel_seq = np.int64(kept)
                                    tunnel_step = step
                                    tunnel_name = name
                                    if network_reads in (IPV4, IPV6):
                                        tunnel_network = base + network_at
                                    numbered_at = np.int64(depth)
                                continue
                            if ids < MOST_IDS:
                                out.ids[i, ids] = kept
                                ids += 1
                            if kept == NO_ID:
                                continue
                            if role == Role.CLOCK and mirror_at < 0:
                                mirror_at = at
                            if role == Role.TUNNEL:
                                name = np.int64(kept)
                                if depth == numbered_at + 1:
                                    inner_step = step
                                    inner_name = np.int64(kept)
                            if role == Role.OVERLAY:
                                overlay = np.int64(kept)
                            elif role == Role.TAG and tag_outer == NO_ID:
                                tag_outer = np.int64(kept)
                            elif role == Role.TAG and tag_inner == NO_ID:
                                tag_inner = np.int64(kept)
                            # a tag with id 0 carries a priority only: the frame is untagged (IEEE 802.1Q 9.6)
                            if separates and not (role == Role.TAG and kept == 0):
                                segment = mix_id(segment, (np.uint64(step) << np.uint64(32)) | np.uint64(kept))
                    if features & tables.HAS_CUT and byte(buffer, start + 2) & rules[rule + tables.CUT_MASK]:
                        is_open = True

                stop = np.int64(rules[rule + tables.STOP])
                if features & tables.ENDS:
                    break
                key = np.int64(rules[rule + tables.NEXT_CONST])
                if features & tables.NEXT_IS_USUAL:
                    number = be16(buffer, start + rules[rule + tables.NEXT_AT]) & rules[rule + tables.NEXT_MASK]
                    key |= number >> rules[rule + tables.NEXT_SHIFT]
                if features & tables.NEXT_IS_UNUSUAL:
                    beyond = at + header + rules[rule + tables.NEXT_AT] + 2
                    if features & tables.NEXT_AFTER_HEADER and beyond > min(limit, captured):
                        stop = np.int64(stops.SHORT if beyond > limit else stops.CUT)
                        break
                    key += unusual_key(buffer, start, start + header, rules, rule)
                if features & tables.NAMES_IP_PROTOCOL:
                    ip_protocol = key & _KEY_MASK
                    if fragment == LATER_FRAGMENT:
                        stop = np.int64(stops.LATER_FRAGMENT)
                        break
                elif features & tables.NAMES_ETHERTYPE:
                    ethertype = key & _KEY_MASK
                step = np.int64(entries[key])
                at += header
            if step < tables.FIRST_CHOICE or depth == MAX_DEPTH:
                break
            # what follows is told by no number: the row only chooses among others
            if at + 1 > min(limit, captured):
                stop = np.int64(stops.SHORT if at + 1 > limit and not is_open else stops.CUT)
                break
            # how long the packet was that a mirror truncated, or of which this is a part, is not known here
            ending = limit + (_LONGEST_PACKET if is_open or fragment == FIRST_FRAGMENT else 0)
            rule = step << tables.RULE_BITS
            choice = step
            step, lead = choose(buffer, base + at, base + min(limit, captured), base + ending, steps, rule)
            if 0 <= lead < CERTAIN and (out.guess[i] == 0 or lead < out.guess[i] & GUESS_LEAD):
                rare |= GUESSED
                out.guess[i] = (choice << GUESS_CHOICE) | (max(step, np.int64(0)) << GUESS_STEP) | lead
            stop = np.int64(stops.CUT if step == UNJUDGED and captured < limit else stops.NOT_RECOGNISED)

        if step >= tables.FIRST_CHOICE and depth == MAX_DEPTH:
            stop = np.int64(stops.TOO_DEEP)
        if step > 0 and (stop == stops.CUT or stop == stops.SHORT):  # noqa: PLR1714 - two comparisons for the compiler
            # what a header was expected to begin with may be there, though the rest of it is not
            rule = step << tables.RULE_BITS
            is_there = at + _EXPECTED_BYTES <= min(limit, captured)
            if is_there and be64(buffer, base + at) & steps.expect_mask[step] != steps.expect_value[step]:
                stop = np.int64(rules[rule + tables.EXPECT_STOP])
                if rules[rule + tables.LAYER] == NETWORK_LAYER:
                    ethertype = np.int64(rules[rule + tables.TYPE])
        if stop == stops.COMPLETE and has_lied:
            stop = np.int64(stops.LYING_LENGTH)
        source = np.uint64(NO_MAC)
        destination = np.uint64(NO_MAC)
        if link_reads == ETHERNET:
            source, destination = read_ethernet(buffer, base + link_at)
        elif link_reads != 0:
            source, destination = read_cooked(buffer, base + link_at, link_reads)
        out.eth_src[i] = source
        out.eth_dst[i] = destination
        if 0 < depth < _STEPS_IN_HALF:
            path_high <<= np.uint64(8 * (_STEPS_IN_HALF - depth))
        elif depth > _STEPS_IN_HALF:
            path_low <<= np.uint64(8 * (MAX_DEPTH - depth))
        if is_wrapped or depth > _STEPS_IN_HALF:
            rare |= WRAPPED
            out.id_count[i] = ids
            out.tunnel_seq[i] = tunnel_seq
            out.mirror_at[i] = mirror_at
            if tunnel_seq != NO_ID:
                out.tunnel_key[i] = tunnel_of(buffer, tunnel_network, tunnel_step, tunnel_name, inner_name)
                out.tunnel_step[i] = tunnel_step if inner_name == NO_ID else inner_step
            out.vlan_outer_id[i] = tag_outer
            out.vlan_inner_id[i] = tag_inner
            out.vni[i] = overlay
            out.segment_key[i] = segment
            out.path_low[i] = path_low
        out.ethertype[i] = ethertype if ethertype >= ETHERTYPE_LEAST else 0
        out.path_high[i] = path_high
        out.depth[i] = depth

        version = 0
        ttl = np.int64(0)
        tos = np.int64(0)
        ip_id = np.int64(0)
        src_high = np.uint64(0)
        src_low = np.uint64(0)
        dst_high = np.uint64(0)
        dst_low = np.uint64(0)
        if network_reads == IPV4:
            version = 4
            ttl, tos, ip_id, src_low, dst_low = read_ipv4(buffer, base + network_at)
        elif network_reads == IPV6:
            version = 6
            ttl, tos, src_high, src_low, dst_high, dst_low = read_ipv6(buffer, base + network_at)
            if fragment_at >= 0:
                ip_id = be32(buffer, base + fragment_at + 4)
        has_ip = version != 0
        out.network_at[i] = network_at if network_reads != 0 else -1
        out.ip_version[i] = version
        out.ip_protocol[i] = ip_protocol if has_ip else 0
        out.ip_ttl[i] = ttl
        out.ip_tos[i] = tos
        out.ip_id[i] = ip_id
        if has_ip and fragment != WHOLE:
            rare |= BEYOND_IPV4
            out.ip_fragment[i] = fragment
        if version == 6:
            rare |= BEYOND_IPV4
            out.src_high[i] = src_high
            out.dst_high[i] = dst_high
        out.src_low[i] = src_low
        out.dst_low[i] = dst_low

        start = base + transport_at
        has_transport = transport_reads != 0
        out.transport_at[i] = transport_at if has_transport else -1
        out.payload_at[i] = payload_at if has_transport else -1
        out.payload_bytes[i] = payload_bytes if has_transport else 0
        src_port = np.int64(0)
        dst_port = np.int64(0)
        seq = np.int64(0)
        ack = np.int64(0)
        flags = np.int64(0)
        window = np.int64(0)
        options = 0
        ts_value = np.int64(0)
        ts_echo = np.int64(0)
        if transport_reads == TCP:
            src_port = be16(buffer, start)
            dst_port = be16(buffer, start + 2)
            seq, ack, flags, window = tcp.read_fixed(buffer, start)
            options_at = start + tcp.FIXED_BYTES
            options_end = base + payload_at
            is_whole = options_end - options_at == tcp.STAMPED_BYTES and payload_at <= captured
            if is_whole and be32(buffer, options_at) == tcp.NOP_NOP_TIMESTAMPS:
                options = tcp.HAS_TIMESTAMPS
                ts_value = be32(buffer, options_at + 4)
                ts_echo = be32(buffer, options_at + 8)
            elif options_end > options_at:
                rare |= BEYOND_STAMPS
                options, ts_value, ts_echo = tcp.read_options(
                    buffer,
                    options_at,
                    options_end,
                    base + captured,
                    i,
                    out.tcp_mss,
                    out.tcp_window_scale,
                    out.tcp_sack,
                    out.tcp_sack_blocks,
                )
                if stop == stops.COMPLETE and options & tcp.OPTIONS_CUT:
                    stop = np.int64(stops.CUT_OPTIONS)
        elif transport_reads == UDP:
            src_port = be16(buffer, start)
            dst_port = be16(buffer, start + 2)
        elif transport_reads == ICMP:
            rare |= BEYOND_STAMPS
            icmp_type = byte(buffer, start)
            out.icmp_type[i] = icmp_type
            out.icmp_code[i] = byte(buffer, start + 1)
            if is_echo(version, icmp_type):
                out.icmp_id[i] = be16(buffer, start + 4)
                out.icmp_seq[i] = be16(buffer, start + 6)
        out.stop[i] = stop
        out.src_port[i] = src_port
        out.dst_port[i] = dst_port
        out.tcp_seq[i] = seq
        out.tcp_ack[i] = ack
        out.tcp_flags[i] = flags
        out.tcp_window[i] = window
        out.tcp_options[i] = options
        out.tcp_ts_value[i] = ts_value
        out.tcp_ts_echo[i] = ts_echo
    return rare


_GIVEN: Final = ("ts_ns", "captured_bytes", "wire_bytes", "interface")
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


def _scratch(rows: int) -> dict[str, npt.NDArray[Any]]:
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


class Walker:
    """Walks batches, one after the other, into the same arrays."""

    def __init__(self, batch_records: int, rules: tuple[Rule, ...] = ()) -> None:
        self._batch_records = batch_records
        self._columns = _scratch(batch_records)
        self._steps = tables.tables(rules)
        self._rare = sum(RARE)
        self._rare_rows = batch_records
        self._cut_rows = -1
        self._cut_columns: list[npt.NDArray[Any]] = []

    def walk(self, batch: RecordBatch, captured: RecordBatch | None = None) -> Frames:
        """
        What is in each frame of this batch?

        The arrays of the answer are read-only, and hold until the next walk.

        Parameters
        ----------
        captured : the same records as the file has them, where packets of the batch were put together

        Raises
        ------
        ValueError
            The batch has more records than the walker was made for.
        """
        rows = batch.record_at.shape[0]
        if rows > self._batch_records:
            raise ValueError(f"a batch of {rows} records came to a walker made for {self._batch_records}")
        told = batch if captured is None else captured
        given = (told.ts_ns, told.captured_bytes, told.wire_bytes, told.interface)
        if not rows:
            return Frames(*given, *self._cut(0))
        self._clear()
        self._rare_rows = rows
        self._rare = walk_frames(
            batch.buffer,
            batch.record_at,
            batch.captured_bytes,
            batch.wire_bytes,
            batch.link_type,
            self._steps,
            Frames(*given, *self._columns.values()),
        )
        return Frames(*given, *self._cut(rows))

    @property
    def met_fragments(self) -> bool:
        """Did the last walk meet parts of packets?"""
        return bool(self._rare & SPLIT)

    def stop_at_fragment(self, rows: npt.NDArray[np.int64]) -> None:
        """Say of these rows of the last walk that they wait for the rest of their packets."""
        self._columns["stop"][rows] = stops.FIRST_FRAGMENT

    def _clear(self) -> None:
        """Nothing is left of the rare columns that the last walk wrote."""
        for group, columns in RARE.items():
            if self._rare & group:
                for name, usual in columns.items():
                    self._columns[name][: self._rare_rows].fill(usual)

    def _cut(self, rows: int) -> list[npt.NDArray[Any]]:
        """Which read-only views show the first rows of every column? Made once for batches of one length."""
        if rows != self._cut_rows:
            self._cut_columns = [column[:rows] for column in self._columns.values()]
            for column in self._cut_columns:
                column.flags.writeable = False
            self._cut_rows = rows
        return self._cut_columns
