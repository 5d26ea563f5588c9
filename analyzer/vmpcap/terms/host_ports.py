"""Ports of what hosts do beside migrations (domain notes 1.1)."""

from typing import Final

MANAGEMENT: Final = (22, 443, 902, 5989, 8182, 16509, 16514)
"""SSH, HTTPS, ESXi's host agent, CIM, vSphere HA, libvirt without and with TLS."""

HOST_AGENT: Final = 902
"""Only a host's own agent (NFC, heartbeats to vCenter) is known to use it: who does is a host."""

STORAGE: Final = (3260, 2049)
"""iSCSI (RFC 7143), NFS (RFC 7530)."""

FAULT_TOLERANCE: Final = (8100, 8200, 8300)
"""vSphere Fault Tolerance logging, TCP and UDP."""
