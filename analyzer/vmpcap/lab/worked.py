"""Whether each mechanism did its part, asked of its own machines."""

from collections.abc import Callable
from typing import Final

from vmpcap.lab.accounts import peers_words, span, worst_ns
from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import ip_words
from vmpcap.lab.world import GUEST_IP, GUEST_MAC, World

IN_TIME_NS: Final = 2 * S
"""What takes a peer no longer than this is no failure of the mechanism."""


def _stretched(world: World) -> tuple[bool, str]:
    """Others reached the guest at its new place in time, through the one domain."""
    worst = worst_ns(world)
    heard = world.guest.heard_at_new
    return worst is not None and worst <= IN_TIME_NS, f"{heard} frames reached the guest there; {peers_words(world)}"


def _gateway_arp(world: World) -> tuple[bool, str]:
    """The gateway knew the guest's MAC in time, and no question of its stays open."""
    assert world.asker is not None
    known = world.asker.cache.get(GUEST_IP)
    worst = worst_ns(world)
    right = known is not None and known.mac == world.guest.eth0.mac
    asked = world.asker.unanswered.get(GUEST_IP, 0)
    whose = "the gateway" if any(tap.role == "gateway" for tap in world.taps) else "the gateway of the old site"
    words = f"{whose} knows the guest's MAC" if right else f"{whose} asked for the guest {asked} times in vain"
    return right and not asked and worst is not None and worst <= IN_TIME_NS, f"{words}; {peers_words(world)}"


def _ipv6_nd(world: World) -> tuple[bool, str]:
    """The same by neighbour discovery."""
    assert world.asker is not None
    address = next(a for a in world.guest.eth0.addresses if len(a) == 16)
    asked = world.asker.unanswered.get(address, 0)
    known = world.asker.cache.get(address)
    right = known is not None and known.mac == world.guest.eth0.mac and not asked
    words = "the gateway knows the guest's MAC" if right else f"the gateway solicited {asked} times in vain"
    return right, f"{words}; {peers_words(world)}"


def _gateways(world: World) -> tuple[bool, str]:
    """Each site has an active router of its own."""
    active = [site for site, gateway in world.gateways if gateway.is_active]
    crossed = [
        site for site, g in world.gateways if any(o.interface.addresses[0] in g.heard for _, o in world.gateways)
    ]
    words = f"active at site {' and '.join(s.upper() for s in active)}"
    words += f"; hellos of the other site heard at {' and '.join(s.upper() for s in crossed)}" if crossed else ""
    return active == ["a", "b"] and not crossed, words


def _host_route(world: World) -> tuple[bool, str]:
    """The core sends to the new site's router, and the old one has taken its route back."""
    routes = world.routes
    assert routes is not None
    old, new = routes.ways
    best = routes.best.name if routes.best is not None else "nobody"
    came = next((ts for ts in new.announced if ts >= world.moment_ns), None)
    left = next((ts for ts in old.withdrawn if ts >= world.moment_ns), None)
    words = f"{new.name} " + (f"announced it after {span(came - world.moment_ns)}" if came else "never announced it")
    words += f", {old.name} " + (f"withdrew it after {span(left - world.moment_ns)}" if left else "never withdrew it")
    return best == new.name and left is not None, f"{words}; the core sends to {best}; {peers_words(world)}"


def _evpn(world: World) -> tuple[bool, str]:
    """The new endpoint's route with the guest's address came in time; one with its MAC alone routes nothing."""
    right, words = _host_route(world)
    assert world.routes is not None
    came = next((ts for ts in world.routes.ways[1].announced if ts >= world.moment_ns), None)
    return right and came is not None and came - world.moment_ns <= IN_TIME_NS, f"with its address, {words}"


def _lisp(world: World) -> tuple[bool, str]:
    """The map server and the PITR know the new site's locator."""
    assert world.map_server is not None
    assert world.proxy is not None
    new = dict(world.tunnel_routers)["b"].locator
    right = world.map_server.locator == new and world.proxy.locator == new
    words = f"registered at {ip_words(world.map_server.locator) if world.map_server.locator else 'nobody'}"
    words += f", the PITR sends to {ip_words(world.proxy.locator) if world.proxy.locator else 'nobody'}"
    return right, f"{words}; {peers_words(world)}"


def _overlay(world: World) -> tuple[bool, str]:
    """The gateway's endpoint sends what is for the guest to the new site's."""
    ends = world.endpoints
    entry = ends["gw"].table.get((0, GUEST_MAC))
    behind = next(
        (site for site, end in ends.items() if entry and getattr(entry[0], "address", b"") == end.address), ""
    )
    words = f"the gateway's endpoint sends to edge-{behind}" if behind else "the gateway's endpoint does not know it"
    return behind == "b", f"{words}; {peers_words(world)}"


def _tunnel(world: World) -> tuple[bool, str]:
    """What the guest answers fits, and its peers are answered in time."""
    worst = worst_ns(world)
    lost = [d for link in world.links for d in link.drops if d.why == "too large for the link"]
    words = f"{len(lost)} frames of the tunnel were too large for a link and got lost; " if lost else ""
    return worst is not None and worst <= IN_TIME_NS and not lost, f"{words}{peers_words(world)}"


def _port_group(world: World) -> tuple[bool, str]:
    """Somebody's unicast reached the guest at its new place."""
    heard = world.guest.heard_at_new
    return heard > 0, f"{heard} frames for the guest reached it at its new place; {peers_words(world)}"


def _way(world: World) -> tuple[bool, str]:
    """The stream came to its end; nobody gave up."""
    if world.gave_up_ns is None:
        return True, "the stream came to its end"
    assert world.stream_link is not None
    lost = [d for link in (world.stream_link, *world.links) for d in link.drops if d.why == "too large for the link"]
    refused = world.hop.refused if world.hop is not None else 0
    words = f"{len(lost)} segments were too large for a link and got lost" if lost else ""
    words = words or f"a router said {refused} times that segments are too big for its next link"
    return False, f"{words}; the source host gave up"


def _static_route(world: World) -> tuple[bool, str]:
    """Both hosts hand the stream to the router that is meant for it."""
    wrong = [i for i, (is_to, should) in enumerate(world.next_hops) if is_to != should]
    words = " and ".join(f"the {('source', 'destination')[i]} host hands it to management's router" for i in wrong)
    return not wrong, words or "both hosts hand the stream to the router that is meant for it"


def _separate_vlan(world: World) -> tuple[bool, str]:
    """Nobody routes in the stream's VLAN."""
    return not world.hops, f"{'a' if world.hops else 'no'} router stands in the stream's VLAN"


def _sealed(world: World) -> tuple[bool, str]:
    """Less than a hundredth of the tunnel's packets is lost."""
    assert world.stream_link is not None
    lost, sent = len(world.stream_link.drops), world.stream_link.carried
    return lost * 100 < sent, f"{lost} of {sent} packets of the tunnel were lost"


def _storage(world: World) -> tuple[bool, str]:
    """The guest's disk is about as near as it was."""
    old, new = (2 * ns / MS for ns in world.storage_ns)
    return new < 4 * old, f"the storage is {old:g} ms from the source host and {new:g} ms from the destination host"


def _start(world: World) -> tuple[bool, str]:
    """Others reach the guest again, at its new address if it has one."""
    again = [request for peer in (*world.pings, *world.later) for request in peer.account.requests]
    answered = [r.answered for r in again if r.answered is not None and r.answered > world.moment_ns]
    words = f"the guest started at its new place as {', '.join(ip_words(a) for a in world.guest.eth0.addresses)}"
    if not answered:
        return False, f"{words}, and nobody reached it"
    return True, f"{words}, and was reached {span(min(answered) - world.moment_ns)} after it was switched on"


def _drs(world: World) -> tuple[bool, str]:
    """The guest stays where it was moved."""
    back = world.guest.back
    return not back, f"{1 + len(world.streams)} moves; the guest {'went back' if back else 'stayed'}"


def _nat(world: World) -> tuple[bool, str]:
    """The guest's connections go on through the new site's translator."""
    worst = worst_ns(world)
    return worst is not None and worst <= IN_TIME_NS, peers_words(world)


def _anycast(world: World) -> tuple[bool, str]:
    """No connection of the guest with the service was denied."""
    resets = sum(caller.resets for caller in world.callers)
    words = f"{len(world.callers)} connections of the guest with 10.66.0.80 were denied {resets} times"
    return not resets, words


def _ft(world: World) -> tuple[bool, str]:
    """The hosts still log at the end."""
    assert world.logging is not None
    last = world.logging.account.requests[-1].sent - world.moment_ns
    return last > S, f"the last record was sent {span(abs(last))} {'after' if last > 0 else 'before'} the switchover"


WORKED: Final[dict[str, Callable[[World], tuple[bool, str]]]] = {
    "same_subnet_vmotion": _way,
    "routed_vmotion": _way,
    "static_route": _static_route,
    "separate_vlan": _separate_vlan,
    "wan_optimizer": _way,
    "mpls": _way,
    "hcx": _sealed,
    "ip_storage": _storage,
    "ft": _ft,
    "nat": _nat,
    "anycast": _anycast,
    "drs": _drs,
    "ha": _start,
    "cold_migration": _start,
    "stretched_vlan": _stretched,
    "port_group": _port_group,
    "gateway_arp": _gateway_arp,
    "ipv6_nd": _ipv6_nd,
    "vrrp": _gateways,
    "hsrp": _gateways,
    "glbp": _gateways,
    "rip": _host_route,
    "ospf": _host_route,
    "eigrp": _host_route,
    "bgp": _host_route,
    "isis": _host_route,
    "evpn": _evpn,
    "lisp": _lisp,
    "vxlan": _overlay,
    "geneve": _overlay,
    "otv": _overlay,
    "etherip": _tunnel,
    "fence": _tunnel,
}
"""How each mechanism's own machines say whether it did its part."""
