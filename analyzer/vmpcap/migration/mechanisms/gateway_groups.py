"""Which groups of virtual gateways are the guest's: several may be heard in one network, and each serves its own."""

import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.kinds import ASKS
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.gateway_hellos import Hello, virtual_mac
from vmpcap.migration.mechanisms.stream_ways import is_one_subnet
from vmpcap.migration.sightings import frames_of
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_halves, ip_text
from vmpcap.terms.router_macs import virtual_mac as made_by

Key = tuple[int, bool]
"""A group's number, and whether it is IPv6's."""
Groups = Mapping[Key, Sequence[Hello]]

NO_ADDRESS: Final = {str(ipaddress.IPv4Address(0)), str(ipaddress.IPv6Address(0))}
"""A probe's sender, and a group that has not learned its own yet."""


def used_by(case: Case, groups: Groups) -> list[Key]:
    """Which of these groups does the guest send to, or ask for, the one that it uses most first?"""
    sent = _sent_to(case)
    uses = {
        key: sum(count for mac, count in sent.items() if mac in macs_of(case, key, hellos)) or _asks_for(case, hellos)
        for key, hellos in groups.items()
    }
    return sorted((key for key, count in uses.items() if count), key=lambda key: -uses[key])


def may_be_used(case: Case, groups: Groups) -> list[Key]:
    """
    Which groups have an address in the guest's network, where it sends to no gateway that is known to be another?

    No frame gives the width of a network: addresses are compared as most networks are cut.
    """
    near = [key for key, hellos in groups.items() if _is_near(case, key, hellos)]
    if not near:
        return []
    own: set[int] = set()
    names: set[str] = set()
    for key in near:
        own |= macs_of(case, key, groups[key]) | {t.what.eth_src for t in groups[key]}
        names |= _addresses(groups[key]) | {t.what.sender for t in groups[key]}
    others = [mac for mac in _gateways(case) - own if made_by(mac) is not None or _names_of(case, mac) - names]
    return [] if others else near


def _sent_to(case: Case) -> Counter[int]:
    """To which MACs did the guest itself send, how often?"""
    sent: Counter[int] = Counter()
    for view in case.views:
        j, rows = view.journal, frames_of(view, case.guest).sent
        macs, counts = np.unique(j.eth_dst[rows], return_counts=True)
        sent.update(dict(zip(macs.tolist(), counts.tolist(), strict=True)))
    return sent


def macs_of(case: Case, key: Key, hellos: Sequence[Hello]) -> set[int]:
    """Under which MACs is the group's gateway reached: by its number, and by what answers for its addresses?"""
    what = hellos[0].what
    found = {mac for mac in _claimed(case, _addresses(hellos)) if _may_be(mac, what.protocol, key)}
    found |= {virtual_mac(what)} - {NO_MAC}
    if what.protocol == "glbp":
        found |= {mac for mac in _sent_to(case) if (made := made_by(mac)) is not None and made[1] == what.group}
    return found


def _may_be(mac: int, protocol: str, key: Key) -> bool:
    """A MAC that another group's number made is that one's, whoever answers with it."""
    made = made_by(mac)
    return made is None or made[1] is None or (made[0].kind.startswith(protocol) and made[1] == key[0])


def _addresses(hellos: Sequence[Hello]) -> set[str]:
    return {ip for t in hellos for ip in t.what.virtual_ips if ip} - NO_ADDRESS


def _claimed(case: Case, addresses: set[str]) -> set[int]:
    """Which MACs say by ARP or neighbour discovery that one of these addresses is theirs?"""
    found: set[int] = set()
    for view in case.views:
        rows = view.arps
        for high, low in map(ip_halves, addresses):
            mine = (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
            found |= set(np.unique(rows.sender_mac[mine]).tolist())
    return found - {NO_MAC, 0, case.guest.mac}


def _names_of(case: Case, mac: int) -> set[str]:
    """Which addresses does this MAC call its own?"""
    found: set[str] = set()
    for view in case.views:
        rows = view.arps
        mine = rows.sender_mac == np.uint64(mac)
        pairs = zip(rows.sender_high[mine].tolist(), rows.sender_low[mine].tolist(), strict=True)
        found |= {ip_text(high, low) for high, low in set(pairs)}
    return found - NO_ADDRESS


def _asks_for(case: Case, hellos: Sequence[Hello]) -> int:
    """How often did the guest ask who has one of the group's addresses?"""
    asked = 0
    for view in case.views:
        rows = view.arps
        own = (rows.sender_mac == np.uint64(case.guest.mac)) & np.isin(rows.kind, ASKS)
        for high, low in map(ip_halves, _addresses(hellos)):
            asked += int((own & (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))).sum())
    return asked


def _is_near(case: Case, key: Key, hellos: Sequence[Hello]) -> bool:
    """May one of its addresses be in the guest's network? One that is not told may be any."""
    addresses, own = _addresses(hellos), [ip for ip in case.ips if (":" in ip) == key[1]]
    if not addresses or not case.ips or key[1]:
        return True  # of IPv6 it is an address of the link, which every network has
    return any(is_one_subnet(ip, address) for ip in own for address in addresses)


def _gateways(case: Case) -> set[int]:
    """To which MACs does the guest hand packets for other networks?"""
    found: set[int] = set()
    for view in case.views:
        j, rows = view.journal, frames_of(view, case.guest).sent_ip
        rows = rows[(j.eth_src[rows] == np.uint64(case.guest.mac)) & ((j.eth_dst[rows] & GROUP_BIT) == 0)]
        for mac in np.unique(j.eth_dst[rows]).tolist():
            at = rows[j.eth_dst[rows] == np.uint64(mac)]
            targets = set(zip(j.dst_high[at].tolist(), j.dst_low[at].tolist(), strict=True))
            texts = [ip_text(high, low) for high, low in targets]
            if any(not is_one_subnet(ip, text) for text in texts for ip in case.ips if (":" in ip) == (":" in text)):
                found.add(mac)
    return found
