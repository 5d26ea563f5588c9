"""Does a stream begin in view, or had it run before the capture, or the time asked for, began?"""

from typing import Final

from vmpcap.flows.streams import MAGICS, recognise
from vmpcap.migration.stream.transfers import Link, Transfer

ALSO_WITHIN: Final = frozenset({"multifd"})
"""QEMU writes this magic again in front of each packet of pages: that one begins with it shows no begin."""


def begins_in_view(transfer: Transfer) -> bool:
    """
    Did this point see every connection that carried memory begin: its SYN, or the hypervisor's first bytes?

    Where it did not, nobody knows how much went by before: what is in view is the least that there was. This leans
    towards "a part": a connection whose SYN alone the capture missed is taken for one that ran before.
    """
    return all(_begins(link) for link in transfer.links if link.data.payload_bytes)


def _begins(link: Link) -> bool:
    if any(side.syn_ts is not None for side in (link.data, link.back)):
        return True
    magic = recognise(link.data.opening)
    return magic is not None and magic not in ALSO_WITHIN


def hypervisor_because(transfer: Transfer) -> str:
    """What tells whose stream it is? A port is used by others as well, so that alone is no proof."""
    if transfer.magic is not None and transfer.magic != "tls":
        return "its first bytes"
    port = f"its port alone, {transfer.links[0].port}, which others use as well"
    if not begins_in_view(transfer):
        return f"{port}; its first bytes are not in view"
    return port if any(_tells(link) for link in transfer.links) else f"{port}; its first bytes were not captured"


def _tells(link: Link) -> bool:
    """Is enough of the first bytes captured to tell that they are no hypervisor's magic?"""
    opening = link.data.opening
    return not any(magic.begins.startswith(opening) for magic in MAGICS)
