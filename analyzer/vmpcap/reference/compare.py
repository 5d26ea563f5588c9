"""The same packets by two engines: where do they differ?"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

Row = Mapping[str, Any]

COMPARED: Final = (
    *("ts", "captured_bytes", "wire_bytes", "link_type", "ids", "vlan_ids", "vni", "eth_src", "eth_dst"),
    *("ethertype", "ip_version", "ip_src", "ip_dst", "ip_protocol", "ip_ttl", "ip_tos", "ip_id", "ip_fragment"),
    *("src_port", "dst_port", "payload_bytes", "tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "tcp_mss"),
    *("tcp_window_scale", "tcp_sack_permitted", "tcp_ts_value", "tcp_ts_echo", "tcp_sack", "icmp_type", "icmp_code"),
    *("icmp_id", "icmp_seq", "arp_op", "arp_sender_mac", "arp_sender_ip", "arp_target_mac", "arp_target_ip"),
    *("tunnel_seq", "mirror_clock_ns", "mirror_clock_unit_ns"),
)
"""Columns that both know, beside the encapsulation. Interfaces are numbered over the file here, by section there."""
OF_A_STREAM: Final = ("tcp_stream", "tcp_analysis", "tcp_ack_rtt_us", "tcp_bytes_in_flight", "tcp_initial_rtt_us")
"""Columns in which a segment depends on those before it."""
OF_THE_RECORD: Final = ("ts", "captured_bytes", "wire_bytes", "link_type")
"""Of these, those that do not come from the headers."""
SILENT: Final = frozenset({"ts", "link_type", "eth_src", "eth_dst", "payload_bytes", "tcp_initial_rtt_us"})
"""
Of these, those of which tshark may know nothing where there is something: its silence contradicts nobody. The initial
round trip it shows on those segments only of which its analysis has something else to say.
"""
DOUBTED: Final = frozenset({"tcp_sack_permitted", "tcp_sack"})
"""Of these, those that are null with us where options were cut, and absent with tshark."""
OF_THE_OPTIONS: Final = frozenset({"tcp_mss", "tcp_window_scale", "tcp_ts_value", "tcp_ts_echo"})
"""Of these, those that are null with us where options were cut; tshark tells a part of one that was cut through."""
OFTEN_UNNAMED: Final = ("pw", "pwcw")
"""Headers of ours that tshark names where it guessed them, and not where it was told."""
WITHOUT_A_HEADER: Final = ("/none",)
"""Ends of our paths for which tshark has no word."""


class Difference(NamedTuple):
    """One value on which the two do not agree."""

    column: str
    ours: object
    theirs: object


def differences(ours: Row, theirs: Row) -> list[Difference]:
    """
    In which columns do these rows differ?

    Where they take different ways into the packet, all values of its headers differ for that reason: only the way is
    named then.
    """
    found = [Difference(name, ours[name], theirs[name]) for name in OF_THE_RECORD if _differ(name, ours, theirs)]
    way, other_way = same_words(ours["encapsulation"]), same_words(theirs["encapsulation"])
    if way != other_way:
        return [*found, Difference("encapsulation", ours["encapsulation"], theirs["encapsulation"])]
    of_headers = (name for name in COMPARED if name not in OF_THE_RECORD)
    return found + [Difference(name, ours[name], theirs[name]) for name in of_headers if _differ(name, ours, theirs)]


def stream_differences(ours: Row, theirs: Row) -> list[Difference]:
    """In which columns do the analyses of this segment differ? In none where the ways to it do."""
    if same_words(ours["encapsulation"]) != same_words(theirs["encapsulation"]):
        return []
    return [Difference(name, ours[name], theirs[name]) for name in OF_A_STREAM if _differ(name, ours, theirs)]


def _differ(name: str, ours: Row, theirs: Row) -> bool:
    if ours[name] == theirs[name]:
        return False
    if theirs[name] is None and name in SILENT:
        return False
    if name in OF_THE_OPTIONS and ours["stop"] == "cut_options":
        return ours[name] is not None
    return not (ours[name] is None and name in DOUBTED)


def same_words(path: str | None) -> str:
    """
    A path without what only one of the two has a word for.

    >>> same_words("eth/ipv6/hip/none"), same_words(None)
    ('eth/ipv6/hip', '')
    """
    path = path or ""
    for end in WITHOUT_A_HEADER:
        path = path.removesuffix(end)
    return "/".join(part for part in path.split("/") if part not in OFTEN_UNNAMED)


def goes_on(ours: str | None, theirs: str | None) -> bool:
    """
    Does tshark name headers behind the last one that our walk knows?

    >>> goes_on("eth/llc", "eth/llc/stp"), goes_on("eth/ip/udp", "eth/ip/udp"), goes_on(None, "eth/ip")
    (True, False, True)
    """
    way, other_way = same_words(ours), same_words(theirs)
    return len(other_way) > len(way) and (not way or other_way.startswith(f"{way}/"))
