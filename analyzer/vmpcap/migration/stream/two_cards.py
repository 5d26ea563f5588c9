"""Does a host send its part of the stream from another MAC than the one its packets are addressed to?"""

from collections.abc import Iterator
from typing import Final

from vmpcap.migration.path_results import Symptom
from vmpcap.migration.stream.ends import End, at_end
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.terms.addresses import NOBODYS_MACS, mac_text
from vmpcap.terms.router_macs import virtual_mac

ENDS: Final[tuple[End, ...]] = ("source", "destination")


def find_other_senders(move: Move) -> Iterator[Symptom]:
    """
    Which host is addressed by a MAC that it does not send from?

    A switch learns a MAC by what it sends. One that is only addressed is forgotten after the ageing time, and what goes
    to it is flooded to every port of the VLAN: management and migration interfaces of one host in one subnet do that,
    and bonds that send from several cards.

    Notes
    -----
    Seen at a point beside the host, by the last packet of either direction. Other packets of that MAC (the host's
    management, its ARP) may keep the switch's entry alive: the symptom is a cause of flooding, no proof of it.
    """
    for end in ENDS:
        for sighting in at_end(move, end):
            found = _at(sighting, end)
            if found is not None:
                yield found
                break


def _at(sighting: Sighting, end: End) -> Symptom | None:
    for link in sighting.transfer.links:
        own, other = (link.data, link.back) if end == "source" else (link.back, link.data)
        sends, addressed = own.last_eth_src, other.last_eth_dst
        if not own.packets or not other.packets or sends == addressed or {sends, addressed} & NOBODYS_MACS:
            continue
        if virtual_mac(sends) is not None or virtual_mac(addressed) is not None:
            continue
        host = link.source if end == "source" else link.destination
        began = ", after it had begun with that one" if own.first_eth_src == addressed else ""
        stream, what = ("acknowledgements", "of the stream") if end == "source" else ("stream", "itself")
        because = (
            f"{host} sends from {mac_text(sends)}{began}, but what is for it goes to {mac_text(addressed)}: a switch"
            f" forgets a MAC that does not send, and floods the {stream} {what} to every port of the VLAN (two"
            " interfaces of the host in one subnet, or a bond of several cards)"
        )
        return Symptom(name="addressed_by_another_mac", because=because, point=sighting.view.name)
    return None
