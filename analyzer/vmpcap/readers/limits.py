"""How large things in a capture may be: what claims more is damage, and nothing is allocated for it."""

from typing import Final

LONGEST_FRAME: Final = 1 << 20
"""Captured bytes of one packet: four times what libpcap and Wireshark allow, twice the largest BIG TCP packet."""
LONGEST_TRANSFER: Final = 128 << 20
"""The same for links that carry messages instead of frames; libpcap's figure for them."""
TRANSFER_LINK_TYPES: Final = (
    231,  # D-Bus
    249,  # USBPcap
    279,  # EBHSCR
)
LONGEST_BLOCK: Final = 16 << 20
"""A pcapng block of any other kind (names, secrets, custom); libpcap's figure."""
BLOCK_OVERHEAD: Final = 1 << 20
"""Room for the options of a packet block, beside its packet."""
DEFAULT_BATCH_RECORDS: Final = 32768
DEFAULT_BLOCK_BYTES: Final = 4 << 20
"""Batch and block that stay in cache; at 60 bytes to 9000 bytes a record either may be reached first."""
UNPACKED_FLOOR: Final = 4 << 30
UNPACKED_RATIO: Final = 1000
"""A packed input may unpack to the floor plus so many times its packed size; full packets of zeroes reach hundreds."""


def longest_record(link_type: int) -> int:
    """How many captured bytes may a packet of this link type have?"""
    return LONGEST_TRANSFER if link_type in TRANSFER_LINK_TYPES else LONGEST_FRAME
