"""Whom the two hosts hand the stream's packets to."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.path_results import Arp, Kind, NextHop
from vmpcap.migration.stream.ends import End, at_end
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.terms.addresses import NO_MAC, NOBODYS_MACS, ip_halves, ip_text, mac_text
from vmpcap.terms.router_macs import maker_of, virtual_mac
from vmpcap.terms.units import count_of
from vmpcap.terms.wire import ARP_REQUEST


class Way(NamedTuple):
    """One direction, from the host that sends it."""

    direction: str
    sender: End
    receiver: End


WAYS: Final = (
    Way("to_destination", "source", "destination"),
    Way("to_source", "destination", "source"),
)


def find_next_hops(move: Move, forward: int | None, backward: int | None) -> list[NextHop]:
    """Whom does each host hand the stream's packets to, and what is that? One for each host with a point beside it."""
    found = []
    for way, hops in zip(WAYS, (forward, backward), strict=True):
        own = {mac for s in at_end(move, way.receiver) for mac in _own_macs(s, way.receiver)}
        for sighting in at_end(move, way.sender):
            _, mac, returns = _macs(sighting, way.sender)
            if mac is not None:
                found.append(_next_hop(move, way, sighting, mac, returns, own, hops))
                break
    return found


def _macs(sighting: Sighting, end: End) -> tuple[int | None, int | None, int | None]:
    """Of the host at this end: its own MAC, the one it sends to, and the one that the other's packets come from."""
    for link in sighting.transfer.links:
        own, other = (link.data, link.back) if end == "source" else (link.back, link.data)
        macs = (own.first_eth_src, own.first_eth_dst, other.first_eth_src)
        if macs[1] not in NOBODYS_MACS:
            mine, to, back = (None if mac in NOBODYS_MACS else mac for mac in macs)
            return mine, to, back
    return None, None, None


def _own_macs(sighting: Sighting, end: End) -> set[int]:
    """From which MAC does the host at this end send, and to which do packets come that reach it?"""
    macs = set()
    for link in sighting.transfer.links:
        own, other = (link.data, link.back) if end == "source" else (link.back, link.data)
        macs |= {own.first_eth_src, other.first_eth_dst} - NOBODYS_MACS
    return macs


def _next_hop(
    move: Move, way: Way, sighting: Sighting, mac: int, returns: int | None, own: set[int], hops: int | None
) -> NextHop:
    transfer = move.best.transfer
    host, peer = transfer.source, transfer.destination
    if way.sender == "destination":
        host, peer = peer, host
    addresses = _addresses_of(sighting, mac)
    address = peer if peer in addresses else next(iter(addresses), None)
    kind, group, because = _classify(mac, own, hops)
    asked = _asked(sighting, host, mac, address)
    arp: Arp = "peer" if peer in asked else "gateway" if asked else "none"
    words = [because]
    words += [f"its card is of {maker_of(mac)} by its first bytes"] if maker_of(mac) and kind == "router" else []
    if addresses:
        words.append(f"{count_of(len(addresses), 'address', 'addresses')} by ARP: {', '.join(addresses[:3])}")
    words += [f"asked for {asked[0]} before the stream began"] if asked else []
    return NextHop(
        direction=way.direction,  # type: ignore[arg-type]
        point=sighting.view.name,
        mac=mac_text(mac) or "",
        kind=kind,
        group=group,
        address=address,
        arp=arp,
        returns_from=None if returns is None else mac_text(returns),
        because="; ".join(words),
    )


def _classify(mac: int, own: set[int], hops: int | None) -> tuple[Kind, int | None, str]:
    """What is this MAC? First what it says itself, then what the other host's own point shows, then the TTL."""
    virtual = virtual_mac(mac)
    if virtual is not None:
        row, group = virtual
        name = row.name + (f", group {group}" if group is not None else "")
        return row.kind, group, f"a virtual MAC of {name}"  # type: ignore[return-value]
    if mac in own:
        return "peer", None, "the other host sends from this MAC, or gets its packets under it"
    if hops == 0:
        return "peer", None, "no TTL was lowered: it is the other host, or a bridge's answer for it"
    if hops:
        return "router", None, "the TTL was lowered behind it"
    return "unknown", None, "nothing shows whether it is the other host or a router"


def _addresses_of(sighting: Sighting, mac: int) -> list[str]:
    """Which addresses does ARP or neighbour discovery give to this MAC, in the order in which they were seen?"""
    arps = sighting.view.arps
    rows = np.flatnonzero((arps.sender_mac == np.uint64(mac)) & ~_nowhere(arps.sender_low))
    return list(dict.fromkeys(ip_text(int(arps.sender_high[r]), int(arps.sender_low[r])) for r in rows[:1000]))


def _nowhere(low: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """0.0.0.0 and ::."""
    nowhere: npt.NDArray[np.bool_] = (low & np.uint64(0xFFFFFFFF)) == 0
    return nowhere


def _asked(sighting: Sighting, host: str, mac: int, address: str | None) -> list[str]:
    """For whom did this host ask before its stream began, of those who may be meant by this MAC?"""
    arps = sighting.view.arps
    high, low = ip_halves(host)
    begin = sighting.transfer.start_ts
    mine = (arps.sender_high == np.uint64(high)) & (arps.sender_low == np.uint64(low)) & (arps.ts_ns <= begin)
    asks = (arps.opcode == ARP_REQUEST) | (arps.target_mac == np.uint64(NO_MAC))
    mine &= (arps.target_low != np.uint64(low)) & asks
    peers = {sighting.transfer.source, sighting.transfer.destination, address} - {host, None}
    rows = np.flatnonzero(mine)[-1000:]
    asked = [ip_text(int(arps.target_high[r]), int(arps.target_low[r])) for r in rows]
    return [a for a in dict.fromkeys(asked) if a in peers]
