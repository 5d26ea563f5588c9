"""The chapter of the walk that reads tags, overlays and tunnels: which ids they give, and what tells them apart."""

from typing import Final, NamedTuple

import numpy as np

from vmpcap.decode import tables
from vmpcap.decode.bits import Bytes, Offset
from vmpcap.decode.columns import MOST_IDS, NO_ID
from vmpcap.decode.frames import I32, I64, Frames
from vmpcap.decode.ids import kept_id, mix_id, tunnel_of
from vmpcap.decode.layers import Header
from vmpcap.decode.words import IPV4, IPV6, Role
from vmpcap.terms.kernels import Int, pasted_kernel


class Wrapping(NamedTuple):
    """What tags, overlays and tunnels said on the way in; NO_ID for what none did."""

    tag_outer: np.int64
    tag_inner: np.int64
    overlay: np.int64
    segment: np.uint64
    ids: np.int64
    """How many were listed."""
    mirror_at: np.int64
    tunnel_seq: np.int64
    numbered_at: np.int64
    """The header that numbers the packets of its tunnel, by its place in the path."""
    tunnel_step: np.int64
    tunnel_name: np.int64
    tunnel_network: np.int64
    """Where the IP header in front of it begins, in the buffer."""
    inner_step: np.int64
    """The header right behind that one, where it names the tunnel, too."""
    inner_name: np.int64


_NONE: Final = np.int64(NO_ID)
UNWRAPPED: Final = Wrapping(
    _NONE, _NONE, _NONE, np.uint64(0), np.int64(0), _NONE, _NONE, _NONE, np.int64(0), _NONE, _NONE, np.int64(0), _NONE
)


@pasted_kernel
def untagged(was: Wrapping) -> Wrapping:
    """The same behind an inner link layer: its frame's tags are still to come."""
    return Wrapping(
        np.int64(NO_ID),
        np.int64(NO_ID),
        was[2],
        was[3],
        was[4],
        was[5],
        was[6],
        was[7],
        was[8],
        was[9],
        was[10],
        was[11],
        was[12],
    )


@pasted_kernel
def unwrap(  # noqa: PLR0912 - one branch for each role of an id
    buffer: Bytes, base: Offset, at: Offset, header: Offset, step: Int, depth: Int, network: Header, rules: I32,
    was: Wrapping, i: Int, out_ids: I64,
) -> Wrapping:  # fmt: skip
    """What is known once this header's one or two ids were read? They are listed in row `i` of `out_ids`."""
    rule = step << tables.RULE_BITS
    features = rules[rule + tables.FEATURES]
    start = base + at
    (tag_outer, tag_inner, overlay, segment, ids, mirror_at, tunnel_seq, numbered_at,
     tunnel_step, tunnel_name, tunnel_network, inner_step, inner_name) = was  # fmt: skip
    name = np.int64(NO_ID)
    for number in range(1 + (features & tables.KEEPS_TWO != 0)):
        place = rule + (tables.KEEP_AT if number == 0 else tables.KEEP2_AT)
        role = rules[rule + (tables.KEEP_ROLE if number == 0 else tables.KEEP2_ROLE)]
        separates = features & (tables.KEEP_SEPARATES if number == 0 else tables.KEEP2_SEPARATES)
        kept = kept_id(buffer, start, start + header, rules, place)
        if role == Role.SEQUENCE:
            if tunnel_seq == NO_ID and kept != NO_ID:
                tunnel_seq = np.int64(kept)
                tunnel_step = np.int64(step)
                tunnel_name = name
                if network.reads in (IPV4, IPV6):
                    tunnel_network = np.int64(base + network.at)
                numbered_at = np.int64(depth)
            continue
        if ids < MOST_IDS:
            out_ids[i, ids] = kept
            ids += 1
        if kept == NO_ID:
            continue
        if role == Role.CLOCK and mirror_at < 0:
            mirror_at = np.int64(at)
        if role == Role.TUNNEL:
            name = np.int64(kept)
            if depth == numbered_at + 1:
                inner_step = np.int64(step)
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
    return Wrapping(
        tag_outer, tag_inner, overlay, segment, ids, mirror_at, tunnel_seq, numbered_at, tunnel_step, tunnel_name,
        tunnel_network, inner_step, inner_name,
    )  # fmt: skip


@pasted_kernel
def fill_wrapping(buffer: Bytes, told: Wrapping, i: Int, out: Frames) -> None:
    """What tags, overlays and tunnels said is written down."""
    out.id_count[i] = told.ids
    out.tunnel_seq[i] = told.tunnel_seq
    out.mirror_at[i] = told.mirror_at
    if told.tunnel_seq != NO_ID:
        out.tunnel_key[i] = tunnel_of(buffer, told.tunnel_network, told.tunnel_step, told.tunnel_name, told.inner_name)
        out.tunnel_step[i] = told.tunnel_step if told.inner_name == NO_ID else told.inner_step
    out.vlan_outer_id[i] = told.tag_outer
    out.vlan_inner_id[i] = told.tag_inner
    out.vni[i] = told.overlay
    out.segment_key[i] = told.segment
