"""Route news: who says, when, that a prefix or a MAC is reached through it, or no longer."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["announce", "withdraw", "lost"]
"""
`lost`: somebody who passed the route on tells it no more, for the session ended, or its peer has a way of its own;
whether those who brought it up still tell it is not known by that.
"""


@dataclass(frozen=True, slots=True)
class RouteNews:
    """One thing said about one prefix or MAC in one frame."""

    frame: int
    ts_ns: int
    protocol: str
    sender: str
    """Who sent the packet: IP address, MAC where there is none."""
    origin: str
    """Who brought the route up, as far as the protocol says: router id, AS, distinguisher, locator; else empty."""
    action: Action
    prefix: str = ""
    """As 10.77.0.10/32; empty for news about a MAC alone."""
    mac: str = ""
    vni: int | None = None
    metric: int | None = None
    sequence: int | None = None
    """Of the statement (OSPF, IS-IS), or of the MAC's mobility (EVPN)."""
    next_hop: str = ""
    reason: str = ""
    """What kind of message said so, in the protocol's word; begins with `session` where it ended with that."""
    beside: tuple[str, ...] = ()
    """Other locators of the same mapping (LISP): those of one site."""
    path_length: int = 0
    """How many different autonomous systems the route passed (BGP)."""
    path_id: int | None = None
    """Which of several paths to it that its sender tells of (BGP, RFC 7911); None without an identifier."""
    told_to: str = ""
    """Whom it was said to, where that is one speaker (BGP); empty of what all on a link hear."""
    teller: str = ""
    """Which router sent it, by the kind of name that `origin` has (OSPF, IS-IS); empty where the frame does not say."""

    is_reflected: bool = False
    """Whether its sender says that it passes on what another brought up (BGP, RFC 4456 8)."""
    is_sticky: bool = False
    """Whether its sender says that the MAC does not move (EVPN, RFC 7432 15.2)."""
    link: str = ""
    """The Ethernet segment of several homes behind which it is (EVPN), as hex digits; empty where it has one home."""
    tag: int = 0
    """Of several networks under one distinguisher, which (EVPN's Ethernet tag, RFC 7432 6.3)."""
    targets: tuple[str, ...] = ()
    """Route targets, who takes the route over (EVPN, RFC 4360 4), as hex digits; none in a withdrawal."""


@dataclass(frozen=True, slots=True)
class GatewayHello:
    """One hello of a router that stands, or stands ready, for a virtual gateway."""

    frame: int
    ts_ns: int
    protocol: str
    version: int
    sender: str
    eth_src: int
    segment_key: int
    group: int
    state: Literal["active", "standby", "other"]
    priority: int
    virtual_ips: tuple[str, ...] = ()
    hello_ms: int | None = None
    hold_ms: int | None = None
    """For so long others take it for alive without another hello; at most, where their priority has a part in it."""
    is_leaving: bool = False
    """Whether it gives up being active (VRRP priority 0, HSRP resign)."""
