"""The chapters of the walk that fill a frame's columns, once it is known where its headers lie."""

import numpy as np

from vmpcap.decode import stops
from vmpcap.decode.bits import Bytes, Offset, be16, be32, byte
from vmpcap.decode.columns import BEYOND_IPV4, BEYOND_STAMPS, SPLIT, STEPS_IN_HALF, WHOLE
from vmpcap.decode.fields import tcp
from vmpcap.decode.fields.icmp import is_echo
from vmpcap.decode.fields.ip import read_ipv4, read_ipv6
from vmpcap.decode.fields.link import read_cooked, read_ethernet
from vmpcap.decode.frames import Frames
from vmpcap.decode.layers import Header, Layers, Way
from vmpcap.decode.words import ETHERNET, ICMP, IPV4, IPV6, MAX_DEPTH, TCP, UDP
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.kernels import Int, pasted_kernel
from vmpcap.terms.wire import ETHERTYPE_LEAST


@pasted_kernel
def fill_link(buffer: Bytes, link: Offset, reads: np.int64, i: Int, out: Frames) -> None:
    """Who sent the frame to whom, by its innermost link-layer header? `link` counts from the buffer's beginning."""
    source = np.uint64(NO_MAC)
    destination = np.uint64(NO_MAC)
    if reads == ETHERNET:
        source, destination = read_ethernet(buffer, link)
    elif reads != 0:
        source, destination = read_cooked(buffer, link, reads)
    out.eth_src[i] = source
    out.eth_dst[i] = destination


@pasted_kernel
def fill_path(path: Way, i: Int, out: Frames) -> None:
    """Which headers were met, a byte each: the first in the highest byte."""
    high, low, depth = path
    if 0 < depth < STEPS_IN_HALF:
        high <<= np.uint64(8 * (STEPS_IN_HALF - depth))
    elif depth > STEPS_IN_HALF:
        out.path_low[i] = low << np.uint64(8 * (MAX_DEPTH - depth))
    out.path_high[i] = high
    out.depth[i] = depth


@pasted_kernel
def fill_network(
    buffer: Bytes, base: Offset, network: Header, protocol: Int, fragment: Int, fragment_at: Int, i: Int, out: Frames
) -> int:
    """What does the innermost IP header say? Gives which rare columns were written."""
    reads, network_at = network
    rare = 0
    version = 0
    ttl = np.int64(0)
    tos = np.int64(0)
    ip_id = np.int64(0)
    src_low = np.uint64(0)
    dst_low = np.uint64(0)
    if reads == IPV4:
        version = 4
        ttl, tos, ip_id, src_low, dst_low = read_ipv4(buffer, base + network_at)
    elif reads == IPV6:
        version = 6
        ttl, tos, src_high, src_low, dst_high, dst_low = read_ipv6(buffer, base + network_at)
        if fragment_at >= 0:
            ip_id = be32(buffer, base + fragment_at + 4)
        rare = BEYOND_IPV4
        out.src_high[i] = src_high
        out.dst_high[i] = dst_high
    if version != 0 and fragment != WHOLE:
        rare = BEYOND_IPV4
        out.ip_fragment[i] = fragment
    out.network_at[i] = network_at if reads != 0 else -1
    out.ip_version[i] = version
    out.ip_protocol[i] = protocol if version != 0 else 0
    out.ip_ttl[i] = ttl
    out.ip_tos[i] = tos
    out.ip_id[i] = ip_id
    out.src_low[i] = src_low
    out.dst_low[i] = dst_low
    return rare


@pasted_kernel
def fill_transport(
    buffer: Bytes, base: Offset, transport: Header, payload_at: Int, payload_bytes: Int, captured: Offset, i: int,
    out: Frames,
) -> tuple[int, bool]:  # fmt: skip
    """What does the transport header say? Gives which rare columns were written, and whether TCP options were cut."""
    reads, transport_at = transport
    rare = 0
    start = base + transport_at
    has_transport = reads != 0
    out.transport_at[i] = transport_at if has_transport else -1
    out.payload_at[i] = payload_at if has_transport else -1
    out.payload_bytes[i] = payload_bytes if has_transport else 0
    src_port = np.int64(0)
    dst_port = np.int64(0)
    seq, ack, flags, window = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    options = 0
    ts_value = np.int64(0)
    ts_echo = np.int64(0)
    if reads == TCP:
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
            rare = BEYOND_STAMPS
            options, ts_value, ts_echo = tcp.read_options(
                buffer, options_at, options_end, base + captured, i, out.tcp_mss, out.tcp_window_scale, out.tcp_sack,
                out.tcp_sack_blocks,
            )  # fmt: skip
    elif reads == UDP:
        src_port = be16(buffer, start)
        dst_port = be16(buffer, start + 2)
    elif reads == ICMP:
        rare = BEYOND_STAMPS
        icmp_type = byte(buffer, start)
        out.icmp_type[i] = icmp_type
        out.icmp_code[i] = byte(buffer, start + 1)
        if is_echo(out.ip_version[i], icmp_type):
            out.icmp_id[i] = be16(buffer, start + 4)
            out.icmp_seq[i] = be16(buffer, start + 6)
    out.src_port[i] = src_port
    out.dst_port[i] = dst_port
    out.tcp_seq[i] = seq
    out.tcp_ack[i] = ack
    out.tcp_flags[i] = flags
    out.tcp_window[i] = window
    out.tcp_options[i] = options
    out.tcp_ts_value[i] = ts_value
    out.tcp_ts_echo[i] = ts_echo
    return rare, options & tcp.OPTIONS_CUT != 0


@pasted_kernel
def fill_layers(buffer: Bytes, base: Offset, layers: Layers, captured: Offset, stop: Int, i: int, out: Frames) -> int:
    """What do the innermost headers say, and where did the walk stop? Gives which rare columns were written."""
    link, network, transport, ethertype, ip_protocol, fragment, fragment_at, payload_at, payload_bytes = layers
    fill_link(buffer, base + link.at, link.reads, i, out)
    out.ethertype[i] = ethertype if ethertype >= ETHERTYPE_LEAST else 0
    rare = fill_network(buffer, base, network, ip_protocol, fragment, fragment_at, i, out)
    written, is_cut = fill_transport(buffer, base, transport, payload_at, payload_bytes, captured, i, out)
    out.stop[i] = stops.CUT_OPTIONS if stop == stops.COMPLETE and is_cut else stop
    return rare | written


@pasted_kernel
def fill_split(layers: Layers, segment: np.uint64, i: Int, out: Frames) -> int:
    """
    Where does the packet begin that is here in parts, and where is told which part this is? Of several, the outermost.

    Gives which rare columns were written.
    """
    if layers.fragment == WHOLE or out.split_at[i] >= 0:
        return 0
    out.split_network_at[i] = layers.network.at
    out.split_at[i] = layers.fragment_at
    out.split_segment[i] = segment
    return SPLIT
