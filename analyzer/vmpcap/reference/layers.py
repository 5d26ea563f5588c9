"""What tshark calls the headers that we name, which fields hold their ids, and how a path is put together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from vmpcap.reference.tshark import Values


@dataclass(frozen=True, slots=True)
class Layer:
    """One word of tshark's `frame.protocols`."""

    theirs: str
    ours: str = ""
    """Our name of the header; empty: it is none of its own (a type field, a guess, an envelope)."""
    ids: tuple[str, ...] = ()
    """Fields of the ids that are listed for it, in their order."""
    written: int = 1
    """How many of them are written in the path; the rest change from packet to packet."""
    ends: bool = False
    """Whether the path ends here: what follows is a quotation, or belongs to an application."""
    carries: bool = False
    """Whether it may follow UDP as a tunnel; what else follows UDP belongs to an application."""


# fmt: off
LAYERS: Final = (
    # where a frame begins
    Layer("eth", "eth"),
    Layer("sll", "sll"),
    Layer("null", "null"),
    Layer("raw", "raw"),
    Layer("ppp", "ppp"),
    Layer("chdlc", "chdlc"),
    Layer("fr", "frelay"),
    Layer("fddi", "fddi"),
    Layer("tr", "tokenring"),
    Layer("arcnet", "arcnet"),
    Layer("atm", "sunatm"),
    Layer("ipoib", "ipoib"),
    Layer("netlink", "netlink"),
    Layer("netlink-netfilter", "netfilter"),
    Layer("netlink-route", ends=True),
    Layer("nflog", "nflog"),
    Layer("pktap", "pktap"),
    Layer("ppi", "ppi"),
    Layer("pcap_pktdata"),
    Layer("fpp", "mpacket"),
    Layer("radiotap", "radiotap"),
    Layer("wlan_radio"),
    Layer("wlan", "wlan"),
    # between addresses and type
    Layer("ethertype"),
    Layer("vlan", "vlan", ("vlan.id",)),
    Layer("ieee8021ad", "vlan", ("ieee8021ad.id",)),
    Layer("ieee8021ah", "pbb", ("ieee8021ah.isid",)),
    Layer("vntag", "vntag", ("vntag.dst", "vntag.src"), written=2),
    Layer("etag", "etag", ("etag.ecid_base",)),
    Layer("cmd", "cmd", ("cmd.sgt",)),
    Layer("llc", "llc"),
    # announcements and the network
    Layer("arp", "arp", ends=True),
    Layer("ip", "ip"),
    Layer("ipv6", "ipv6"),
    Layer("ipv6.hopopts", "hopopts"),
    Layer("ipv6.routing", "routing"),
    Layer("ipv6.fraghdr", "fragment"),
    Layer("ipv6.dstopts", "dstopts"),
    Layer("ah", "ah"),
    Layer("mipv6", "mobility"),
    Layer("hip", "hip"),
    Layer("shim6", "shim6"),
    # transport
    Layer("tcp", "tcp", ends=True),
    Layer("udp", "udp"),
    Layer("icmp", "icmp", ends=True),
    Layer("icmpv6", "icmpv6", ends=True),
    Layer("esp", "esp", ("esp.spi",), ends=True, carries=True),
    Layer("udpencap", "", carries=True),
    Layer("isakmp", "ike", ends=True),
    # labels, GRE and what mirrors
    Layer("mpls", "mpls", ("mpls.label",), carries=True),
    Layer("pwethheuristic"),
    Layer("pwethnocw", "pw"),
    Layer("pwethcw", "pwcw"),
    Layer("pwach", "pwach", ends=True),
    Layer("gre", "gre", ("gre.key",), carries=True),
    Layer("erspan", "erspan", ("erspan.spanid", "erspan.timestamp")),
    # frames and packets inside something
    Layer("cfp", "fabricpath", ("cfp.ftag",)),
    Layer("trill", "trill", ("trill.ingress_nick",)),
    Layer("vmlab", "fence", ("vmlab.pgrp",)),
    Layer("etherip", "etherip"),
    Layer("vxlan", "vxlan", ("vxlan.vni",), carries=True),
    Layer("nsh", "nsh", carries=True),
    Layer("geneve", "geneve", ("geneve.vni",), carries=True),
    Layer("l2tp", "l2tp", ("l2tp.sid",), carries=True),
    Layer("tzsp", "tzsp", carries=True),
    Layer("lisp-data", "lisp", ("lisp-data.iid",), carries=True),
    Layer("pppoes", "pppoe"),
    Layer("frame"),
    Layer("data", ends=True),
    Layer("_ws.malformed"),
    Layer("_ws.unreassembled"),
)
# fmt: on
"""Every word that is translated; all others are tshark's own, and stay as they are."""

BY_NAME: Final = {layer.theirs: layer for layer in LAYERS}
THEIR_NAMES: Final = {"otv": "vxlan", "lispl2": "vxlan"} | {
    layer.ours: layer.theirs for layer in LAYERS if layer.ours and layer.ours not in ("vlan", "erspan")
}
"""What tshark calls a header of ours; it reads the ids of OTV and L2 LISP where VXLAN has its own."""
TAKEN_LATER: Final = ("mpls.label", "gre.key")
"""Fields of ids of which a header may have several, or none."""
OVERLAYS: Final = frozenset({"vxlan", "gpe", "geneve", "nvgre", "lisp", "lispl2", "otv", "pbb", "fence"})
"""Of our names those whose id is a `vni`."""
INSIDE: Final = frozenset({"eth", "ip", "ipv6", "arp"})
"""Of tshark's words those that begin a packet inside something."""
LINKS: Final = frozenset({"eth", "sll", "pbb", "fence", "wlan", "fddi", "tokenring"})
"""Of our names those behind which tags count anew."""
PATH_FIELDS: Final = (
    *("frame.protocols", "frame.encap_type", "arp.opcode", "gre.flags_and_version", "gre.proto", "erspan.version"),
    "gre.key.call_id",
    "netlink.hdr_type",
    *("l2tp.version", "l2tp.type", "llc.oui", "mpls.bottom", "udp.dstport"),
    *(field for layer in LAYERS for field in layer.ids),
)
"""What a path is made of."""

LINK_TYPES: Final = {
    1: 1, 2: 6, 6: 10, 9: 129, 13: 123, 15: 0, 20: 105, 23: 127, 25: 113, 26: 107, 28: 104, 97: 192,
    129: 228, 130: 229, 141: 239, 158: 253, 171: 258, 174: 108, 180: 242, 198: 274, 210: 276,
}  # fmt: skip
"""LINKTYPE_ by Wireshark's WTAP_ENCAP_, where that stands for one: not of RAW (12, 14 and 101) and PPP (9 and 50)."""
SLL2: Final = 210
LOOP: Final = 174
LOGGED: Final = 0x0400
"""Subsystem and kind of a message of netfilter with a packet for the log; what else has one is for a queue."""
FRAMES_IN_GRE: Final = 0x6558
HAS_NUMBER: Final = 0x1000
"""A flag of GRE. A key without a number is over frames that of NVGRE (RFC 7637 3.2); else it is not listed, as in the
packets table."""
HAS_ROUTE: Final = 0x4000
HAS_KEY: Final = 0x2000
PPP_IN_GRE: Final = 0x880B
GRE_VERSION: Final = 0x0007
"""Of version 1 is PPTP's, of no other anything."""
GPE_PORT: Final = 4790
INSIDE_GPE: Final = ("eth", "ip", "ipv6", "nsh")
"""What follows UDP where tshark walked through VXLAN-GPE, which it does not name."""
RARP: Final = (3, 4)


def number(text: str) -> int:
    """
    A number as tshark writes it: decimal, hexadecimal, or a yes and no of later versions.

    >>> number("7"), number("0x10"), number("True"), number("0007")
    (7, 16, 1, 7)
    """
    if text in ("True", "False"):
        return int(text == "True")
    return int(text, 16 if text.startswith("0x") else 10)


def in_tsharks_words(rules: Iterable[str]) -> tuple[str, ...]:
    """
    These rules of --decode-as with tshark's names for what they name.

    >>> in_tsharks_words(["mpls.label==100,pw", "udp.port==4600,vxlan"])
    ('mpls.label==100,pwethnocw', 'udp.port==4600,vxlan')
    """
    told = []
    for rule in rules:
        numbers, comma, name = rule.strip().rpartition(",")
        told.append(f"{numbers}{comma}{THEIR_NAMES.get(name.strip(), name.strip())}")
    return tuple(told)


class Header(NamedTuple):
    """One header on the way to the innermost packet."""

    word: str
    ids: tuple[int | None, ...]
    written: int


def live_layers(values: Values) -> list[str]:
    """
    Which of tshark's protocols are headers of this packet?

    Neither those of a packet that an ICMP error quotes, nor an application's. Over UDP a protocol without a name here
    is a tunnel where tshark finds a packet in it.
    """
    names = values["frame.protocols"][0].split(":") if values["frame.protocols"] else []
    live: list[str] = []
    after_udp = False
    for at, name in enumerate(names):
        layer = BY_NAME.get(name)
        if after_udp and not (layer is not None and _may_follow_udp(layer)) and INSIDE.isdisjoint(names[at:]):
            break
        live.append(name)
        if layer is not None and layer.ends:
            break
        after_udp = name == "udp"
    return live


def _may_follow_udp(layer: Layer) -> bool:
    return layer.carries or layer.theirs in ("eth", "ip", "ipv6", "data")


class Ids:
    """The values of fields in the order of the headers that have them."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._left = {name: iter(found) for name, found in values.items()}
        self.port: int | None = None
        """Destination of the last UDP header."""

    def next(self, name: str) -> int | None:
        """The next value of this field, if there is one."""
        found = next(self._left.get(name, iter(())), None)
        return None if found is None else number(found)


def headers(values: Values, live: Iterable[str]) -> Iterator[Header]:
    """What are these protocols in our words, each with its ids?"""
    left, before = Ids(values), ""
    live = list(live)
    for at, name in enumerate(live):
        layer = BY_NAME.get(name)
        if layer is None:
            yield Header(name, (), 0)
            continue
        below = live[at + 1] if at + 1 < len(live) else ""
        for header in _header(layer, left, values, before, below):
            before = header.word
            yield header


def _header(layer: Layer, left: Ids, values: Values, before: str, below: str) -> Iterator[Header]:  # noqa: PLR0912 - a rule a word
    """One of tshark's words as the headers that it stands for."""
    word, ids = layer.ours, tuple(left.next(name) for name in layer.ids if name not in TAKEN_LATER)
    if layer.theirs == "sll" and _first(values, "frame.encap_type") == SLL2:
        word = "sll2"
    elif layer.theirs == "null" and _first(values, "frame.encap_type") == LOOP:
        word = "loop"
    elif layer.theirs == "arp" and _first(values, "arp.opcode") in RARP:
        word = "rarp"
    elif layer.theirs == "ieee8021ad" and (service := left.next("ieee8021ah.isid")) is not None:
        yield Header("vlan", ids, 1)  # the header inside is read by the same dissector, which names it once
        yield Header("pbb", (service,), 1)
        word, ids = "eth", ()
    elif layer.theirs == "ieee8021ah":
        yield Header("pbb", ids, 1)
        word, ids = "eth", ()
    elif layer.theirs == "llc" and values["llc.oui"]:
        yield Header("llc", (), 0)
        word = "snap"
    elif layer.theirs == "ppp" and before == "pppoe":
        word = ""
    elif layer.theirs == "mpls":
        ids = (_bottom(left),)
    elif layer.theirs == "netlink-netfilter" and below in ("ip", "ipv6"):
        yield Header("netfilter", (), 0)
        word = "nflog" if _first(values, "netlink.hdr_type") == LOGGED else "nfqueue"
    elif layer.theirs == "gre":
        flags, proto = left.next("gre.flags_and_version"), left.next("gre.proto")
        if flags is not None and flags & GRE_VERSION == 1 and proto == PPP_IN_GRE:
            yield Header("pptp" if flags & HAS_NUMBER else "pptp-ack", (left.next("gre.key.call_id"),), 1)
            return
        has_key = flags is not None and flags & HAS_KEY != 0
        yield from _gre(flags, proto, left.next("gre.key") if has_key else None)
        return
    elif layer.theirs == "erspan":
        version = left.next("erspan.version")
        word, ids = {1: ("erspan2", ids[:1]), 2: ("erspan3", ids)}.get(version or 0, ("erspan1", ()))
    elif layer.theirs == "vmlab":
        yield Header("fence", ids, 1)
        word, ids = "eth", ()
    elif layer.theirs == "l2tp":
        word, ids = _l2tp(values, before, ids)
    elif layer.theirs == "udpencap" and not below:
        word = "natt-alive"
    elif layer.theirs == "udp":
        left.port = left.next("udp.dstport")
        if left.port == GPE_PORT and below in INSIDE_GPE:
            yield Header("udp", (), 0)
            word, ids = "gpe", (left.next("vxlan.vni"),)
    elif layer.theirs == "vxlan" and left.port == GPE_PORT:
        word = "gpe"
    if word:
        yield Header(word, ids, layer.written if layer.ids or ids else 0)


def _gre(flags: int | None, proto: int | None, key: int | None) -> Iterator[Header]:
    if flags is not None and flags & HAS_ROUTE:
        yield Header("gre-routed", (), 0)
        return
    has_number = flags is not None and flags & HAS_NUMBER != 0
    yield Header("gre", (key if has_number else None,), 1)
    if proto == FRAMES_IN_GRE and key is not None and not has_number:
        yield Header("nvgre", (key >> 8,), 1)


def _l2tp(values: Values, before: str, ids: tuple[int | None, ...]) -> tuple[str, tuple[int | None, ...]]:
    if 1 in (_first(values, "l2tp.type"),) or ids == (0,):
        return "l2tp-control", ()
    if before != "udp":
        return "l2tpv3", ids
    return ("l2tpv2", ()) if _first(values, "l2tp.version") == 2 else ("l2tpv3-udp", ids)


def _bottom(left: Ids) -> int | None:
    """The last label of a stack; without the bottom's mark the last that was captured."""
    label = left.next("mpls.label")
    while label is not None and left.next("mpls.bottom") == 0:
        further = left.next("mpls.label")
        if further is None:
            break
        label = further
    return label


def path_text(found: Iterable[Header]) -> str | None:
    """How is the way through these headers written? As `eth/vlan:10/ip/udp/vxlan:5001/eth/arp`."""
    parts = [
        ":".join([header.word, *(str(one) for one in header.ids[: header.written] if one is not None)])
        for header in found
    ]
    return "/".join(parts) or None


def _first(values: Values, name: str) -> int | None:
    return number(values[name][0]) if values[name] else None
