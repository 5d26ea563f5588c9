"""What is known of the stream's way beyond its length: next hops, complaints, symptoms."""

from typing import Literal

import msgspec

Kind = Literal["peer", "router", "hsrp1", "hsrp2", "hsrp6", "vrrp", "vrrp6", "glbp", "nsx", "unknown"]
Arp = Literal["peer", "gateway", "none"]


class NextHop(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a host hands the stream's packets to, seen at the point beside it."""

    direction: Literal["to_destination", "to_source"]
    point: str
    mac: str
    kind: Kind
    """peer: the other host itself. router: no known virtual MAC, and the TTL was lowered on the way."""
    group: int | None = None
    """Of the gateway protocol, where the MAC says it."""
    address: str | None = None
    """The address that ARP or neighbour discovery gives for this MAC, the peer's where it is one of several."""
    arp: Arp = "none"
    """Whom the host asked for before its first packet of the stream; none: not in view, or known from before."""
    returns_from: str | None = None
    """The MAC from which the other direction arrives there."""
    because: str = ""


class Unreachable(msgspec.Struct, frozen=True, kw_only=True):
    """ICMP errors of one sender about packets of the stream."""

    point: str
    sender: str
    kind: int
    code: int
    meaning: str
    mtu: int | None = None
    """Smallest that the next hop takes, of packets too big."""
    count: int
    frames: list[int] = []
    files: list[str] = []
    """The file of each of these frames, where the point has several; else empty."""


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the way that is often meant otherwise. Its cause is not on the wire: only what it does."""

    name: str
    because: str
    point: str = ""
    frames: list[int] = []
    files: list[str] = []
    """The file of each of these frames, where the point has several; else empty."""
