"""Which ids a header gives: words of the steps table."""

from typing import Final

from vmpcap.decode.words import Keep, Role

VLAN_ID: Final = Keep("vlan", Role.TAG, at=0, shift=16, mask=0xFFF)
VNI: Final = Keep("vni", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF)
VSID: Final = Keep("vsid", Role.OVERLAY, at=-4, shift=8, mask=0xFF_FFFF)
"""The key of the GRE header before a step without bytes of its own (RFC 7637 3.2)."""
INSTANCE_ID: Final = Keep("iid", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF, when_mask=0x08)
SERVICE_ID: Final = Keep("isid", Role.OVERLAY, at=0, shift=0, mask=0xFF_FFFF)
FENCE_ID: Final = Keep("fence", Role.OVERLAY, at=0, shift=16, mask=0xFF)
LABEL: Final = Keep("label", Role.NOTE, at=-4, shift=12, mask=0xF_FFFF, separates=False)
"""
The bottom label. It separates nothing and is no overlay's id: each router hands out its own labels, so the two
directions of one connection carry different ones (RFC 3031 3.1).
"""
OVERLAY_ID: Final = Keep("overlay", Role.OVERLAY, at=0, shift=0, mask=0xFF_FFFF)
"""OTV's overlay; its instance stands where VXLAN has the VNI."""
OTV_INSTANCE: Final = Keep("instance", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF)
TO_PORT: Final = Keep("to", Role.NOTE, at=0, shift=16, mask=0x3FFF, separates=False)
"""Of a VN-Tag: the virtual interface, or the list of them, that a frame goes to; 0 on the way to the switch."""
FROM_PORT: Final = Keep("from", Role.NOTE, at=0, shift=0, mask=0xFFF, separates=False)
CHANNEL: Final = Keep("ecid", Role.NOTE, at=0, shift=0, mask=0xFFF, separates=False)
"""Of an E-tag: the port that a frame goes to or came from, without its extension (IEEE 802.1BR 7.5)."""
GROUP: Final = Keep("sgt", Role.NOTE, at=2, shift=0, mask=0xFFFF, separates=False)
"""TrustSec's security group of the sender."""
TREE: Final = Keep("ftag", Role.NOTE, at=0, shift=22, mask=0x3FF, separates=False)
INGRESS: Final = Keep("ingress", Role.NOTE, at=2, shift=0, mask=0xFFFF, separates=False)
SESSION: Final = Keep("session", Role.TUNNEL, at=0, shift=0, mask=0x3FF, separates=False)
"""Of ERSPAN: it names a mirror, not a broadcast domain; two mirrors between the same ends count apart."""
STAMP: Final = Keep("stamp", Role.CLOCK, at=4, shift=0, mask=0xFFFF_FFFF, separates=False)
"""ERSPAN III's hardware clock, in units of its granularity field."""
TUNNEL_SESSION: Final = Keep("session", Role.NOTE, at=0, shift=0, mask=0xFFFF_FFFF, separates=False)
"""Each end of an L2TPv3 tunnel chooses its own (RFC 3931 4.1), so the two directions differ."""
TUNNEL_SESSION_UDP: Final = Keep("session", Role.NOTE, at=4, shift=0, mask=0xFFFF_FFFF, separates=False)
GRE_KEY: Final = Keep("key", Role.TUNNEL, at=-8, shift=0, mask=0xFFFF_FFFF, when_mask=0x30, separates=False)
"""Where a sequence number follows it; a key that is the last word is a virtual subnet's, or nothing that we know."""
GRE_NUMBER: Final = Keep("gre_seq", Role.SEQUENCE, at=-4, shift=0, mask=0xFFFF_FFFF, when_mask=0x10)
ROUTED_NUMBER: Final = Keep("gre_seq", Role.SEQUENCE, at=8, shift=0, mask=0xFFFF_FFFF, when_mask=0x10)
"""Before routing entries, in a header without a key."""
ROUTED_NUMBER_BEHIND_KEY: Final = Keep("gre_seq", Role.SEQUENCE, at=12, shift=0, mask=0xFFFF_FFFF, when_mask=0x30)
"""Kept first where there is a key, so that what stands in the key's place is not."""
CALL: Final = Keep("call", Role.TUNNEL, at=4, shift=0, mask=0xFFFF, separates=False)
"""Of PPTP: each end names its own (RFC 2637 4.1), so the two directions differ."""
PPTP_NUMBER: Final = Keep("pptp_seq", Role.SEQUENCE, at=8, shift=0, mask=0xFFFF_FFFF)
ESP_SPI: Final = Keep("spi", Role.TUNNEL, at=0, shift=0, mask=0xFFFF_FFFF, separates=False)
ESP_NUMBER: Final = Keep("esp_seq", Role.SEQUENCE, at=4, shift=0, mask=0xFFFF_FFFF)
