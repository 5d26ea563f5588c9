"""Routing protocols that carry host routes, by name."""

from typing import Final

from vmpcap.lab.eigrp import Eigrp
from vmpcap.lab.evpn import Evpn
from vmpcap.lab.host_routes import Bgp, HostRoutes, Ospf, Rip
from vmpcap.lab.isis import Isis

PROTOCOLS: Final[dict[str, type[HostRoutes]]] = {kind.name: kind for kind in (Rip, Ospf, Eigrp, Bgp, Isis, Evpn)}
"""Every one that a scenario may name as its option."""
