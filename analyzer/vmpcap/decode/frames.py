"""What the walk says of every frame: one row per frame, one array per quantity."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


class Frames(NamedTuple):
    """
    One walked batch. All arrays have length m (the frames of the batch, in file order).

    Addresses, ports and lengths are those of the innermost packet that the walk reached: a link-layer header inside a
    tunnel clears the network and transport columns of what carries it, a network header those of the transport layer.
    Offsets count from the first byte of the frame; -1 means there is no such header. The arrays are scratch
    that the next walk overwrites: whoever keeps something copies it.
    """

    # as the reader gave it
    ts_ns: I64
    captured_bytes: I32
    wire_bytes: I32
    interface: I32
    # how far the walk came
    stop: U8  # why it ended there: decode.stops
    path_high: U64  # steps walked, first step in the highest byte of path_high, 16 steps in all
    path_low: U64
    depth: U8  # steps walked
    # link layer, innermost Ethernet (or the cooked header)
    eth_src: U64  # 48 bits, addresses.NO_MAC where there is none
    eth_dst: U64
    vlan_outer_id: I32  # of the innermost Ethernet header, -1 untagged
    vlan_inner_id: I32  # second tag, -1 where there is none
    vni: I64  # id of the innermost overlay (VNI, VSID, I-SID, instance, fence), -1 outside any
    segment_key: U64  # which broadcast domain as far as headers tell: all ids on the path, 0 untagged and outside
    ids: I64  # int64[m, 8]: ids of the path in its order (tags, overlays, labels, sessions), -1 where a header has none
    id_count: U8  # how many of them there are
    tunnel_seq: I64  # sequence number of the outermost tunnel that has one (ERSPAN and other GRE, ESP), else -1
    tunnel_key: U64  # which tunnel that is; 0 outside any
    tunnel_step: U8  # the last header that names it, as a number of the path; 0 outside any
    mirror_at: I32  # where the outermost header of a mirror with a hardware clock begins (ERSPAN III), -1 without
    guess: U32  # the least certain choice on the path: choice << 16 | chosen step << 8 | lead in bits; 0 without one
    ethertype: U16  # of the innermost network header (0x0806 ARP, 0x8035 RARP, 0x0800, 0x86DD, ...), 0 unknown
    network_at: I32
    # network layer
    ip_version: U8  # 4, 6 or 0
    ip_protocol: U8  # the transport protocol after extension headers; 0 where ip_version is 0
    ip_ttl: U8
    ip_tos: U8
    ip_id: U32  # IPv4 identification, or that of the IPv6 fragment header; 0 where there is none
    ip_fragment: U8  # 0 whole, 1 first fragment, 2 later fragment
    src_high: U64
    src_low: U64  # IPv4 as IPv4-mapped
    dst_high: U64
    dst_low: U64
    # the outermost packet on the path of which this frame holds only a part
    split_network_at: I32  # where its network header begins, -1 where everything is whole
    split_at: I32  # where the header that says so begins: the same for IPv4, the fragment header of IPv6
    split_segment: U64  # segment_key of what carries it
    # transport layer
    transport_at: I32
    payload_at: I32
    payload_bytes: I32  # from the IP header, never from captured_bytes; 0 where there is no transport
    src_port: U16
    dst_port: U16
    tcp_seq: U32
    tcp_ack: U32
    tcp_flags: U16  # 12 bits with ECN and reserved, as on the wire
    tcp_window: U16  # unscaled
    tcp_options: U8  # bits of decode.fields.tcp: which of the following were there
    tcp_mss: U16
    tcp_window_scale: U8
    tcp_ts_value: U32
    tcp_ts_echo: U32
    tcp_sack: U32  # uint32[m, 8]: left, right of up to four blocks
    tcp_sack_blocks: U8  # also where the option was cut behind them: then without HAS_SACK in tcp_options
    icmp_type: U8
    icmp_code: U8
    icmp_id: U16  # of echo request and reply
    icmp_seq: U16


class Arrivals(NamedTuple):
    """ARP, RARP and neighbour-discovery bodies of a batch: one row per such frame. Owned, not scratch."""

    row: I64  # index into the Frames of the batch
    kind: U8  # decode.arrivals: ARP, RARP, NS, NA
    opcode: U16  # ARP/RARP opcode; NA flags (R S O in the top three bits of a byte) for NA
    sender_mac: U64  # sha; SLLA/TLLA option for ND, addresses.NO_MAC without
    sender_high: U64  # spa; IPv6 source for ND
    sender_low: U64
    target_mac: U64  # tha; NO_MAC for ND
    target_high: U64  # tpa; ND target
    target_low: U64
