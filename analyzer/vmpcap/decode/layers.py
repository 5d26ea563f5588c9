"""The chapter of the walk that knows which header of each layer was met last, and what it named."""

from typing import Final, NamedTuple

import numpy as np

from vmpcap.decode import tables
from vmpcap.decode.bits import Offset
from vmpcap.decode.columns import STEPS_IN_HALF, WHOLE
from vmpcap.decode.frames import I32
from vmpcap.decode.words import LINK_LAYER, NETWORK_LAYER, TRANSPORT_LAYER
from vmpcap.terms.kernels import Int, pasted_kernel


class Header(NamedTuple):
    """A header of some layer: how its fields are read (0: there is none), and where it begins in the frame."""

    reads: np.int64
    at: np.int64


class Way(NamedTuple):
    """Which steps led here, a byte each: the last in the lowest byte of its half."""

    high: np.uint64
    low: np.uint64
    depth: np.int64
    """How many."""


class Layers(NamedTuple):
    """The innermost headers so far. What a layer carries is forgotten with each new header of that layer."""

    link: Header
    network: Header
    transport: Header
    ethertype: np.int64
    """Of the network header; 0 where nothing named one."""
    ip_protocol: np.int64
    fragment: np.int64
    """WHOLE, FIRST_FRAGMENT or LATER_FRAGMENT."""
    fragment_at: np.int64
    """Where the header begins that says so; -1 without one."""
    payload_at: np.int64
    payload_bytes: np.int64


NO_WAY: Final = Way(np.uint64(0), np.uint64(0), np.int64(0))
NO_HEADER: Final = Header(np.int64(0), np.int64(-1))
NO_LAYERS: Final = Layers(
    NO_HEADER, NO_HEADER, NO_HEADER, np.int64(0), np.int64(0), np.int64(WHOLE), np.int64(-1), np.int64(-1), np.int64(0)
)


@pasted_kernel
def further(was: Way, step: Int) -> Way:
    """The same and this step."""
    high, low, depth = was
    if depth < STEPS_IN_HALF:
        return Way((high << np.uint64(8)) | np.uint64(step), low, np.int64(depth + 1))
    return Way(high, (low << np.uint64(8)) | np.uint64(step), np.int64(depth + 1))


@pasted_kernel
def entered(was: Layers, at: Offset, header: Offset, limit: Offset, rules: I32, rule: Offset) -> Layers:
    """The same with the header at `at`, `header` bytes long, of a packet that ends at `limit`."""
    layer = rules[rule + tables.LAYER]
    here = Header(np.int64(rules[rule + tables.READS]), np.int64(at))
    none = Header(np.int64(0), np.int64(-1))
    zero, whole = np.int64(0), np.int64(WHOLE)
    if layer == NETWORK_LAYER:
        ethertype = np.int64(rules[rule + tables.TYPE])
        return Layers(was.link, here, none, ethertype, zero, whole, np.int64(-1), was.payload_at, was.payload_bytes)
    if layer == TRANSPORT_LAYER:
        payload_at = np.int64(at + header)
        return Layers(
            was.link, was.network, here, was.ethertype, was.ip_protocol, was.fragment, was.fragment_at, payload_at,
            np.int64(limit - payload_at),
        )  # fmt: skip
    if layer == LINK_LAYER:
        network = Header(zero, was.network.at)
        return Layers(
            here, network, none, zero, was.ip_protocol, whole, was.fragment_at, was.payload_at, was.payload_bytes
        )
    return was


@pasted_kernel
def in_parts(was: Layers, fragment: Int, at: Offset) -> Layers:
    """The same where the header at `at` tells which part of a packet is here."""
    return Layers(
        was.link, was.network, was.transport, was.ethertype, was.ip_protocol, np.int64(fragment), np.int64(at),
        was.payload_at, was.payload_bytes,
    )  # fmt: skip


@pasted_kernel
def of_protocol(was: Layers, ip_protocol: Int) -> Layers:
    """The same where the network header named this IP protocol."""
    return Layers(
        was.link, was.network, was.transport, was.ethertype, np.int64(ip_protocol), was.fragment, was.fragment_at,
        was.payload_at, was.payload_bytes,
    )  # fmt: skip


@pasted_kernel
def of_type(was: Layers, ethertype: Int) -> Layers:
    """The same where something in front named this ethertype."""
    return Layers(
        was.link, was.network, was.transport, np.int64(ethertype), was.ip_protocol, was.fragment, was.fragment_at,
        was.payload_at, was.payload_bytes,
    )  # fmt: skip
