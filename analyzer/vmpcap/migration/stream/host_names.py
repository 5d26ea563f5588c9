"""What the stream's hosts are called at points behind a translator."""

from vmpcap.migration.name_results import OtherName
from vmpcap.migration.stream.moves import Move

BECAUSE = "the same TCP segments pass there under it"
RELAYED = "exactly as much passes there in another connection, at the same time"


def name_hosts(move: Move) -> list[OtherName]:
    """Which other addresses do the source and the destination have, and at which points? Each once."""
    found: dict[tuple[object, ...], OtherName] = {}
    known = {link.key: link for link in move.best.transfer.links}
    for sighting in move.sightings:
        for link in (*sighting.transfer.links, *sighting.transfer.also):
            if link.key not in known:
                continue
            for place, end in enumerate(("source", "destination")):
                (address, port), (other, other_port) = known[link.key].own[place], link.own[place]
                if (address, port) == (other, other_port):
                    continue
                is_relay = known[link.key].is_relayed != link.is_relayed
                ports = () if address != other else (port, other_port)
                name = OtherName(
                    end="source" if place == 0 else "destination",
                    address=address,
                    port=port,
                    other_address=other,
                    other_port=other_port,
                    point=sighting.view.name,
                    because=RELAYED if is_relay else BECAUSE,
                    by="relay" if is_relay else "translator",
                )
                found.setdefault((end, address, other, *ports, sighting.view.name), name)
    return list(found.values())
