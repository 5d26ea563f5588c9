"""One connection that the capture shows in two VLANs or overlays, as if there were two."""

from collections.abc import Sequence
from dataclasses import replace

from vmpcap.measures.connections import Connection, Side

Sides = tuple[Side, Side]


def fold_mirrors(connections: Sequence[Connection]) -> list[Connection]:
    """
    Which connections are there, each once?

    Parameters
    ----------
    connections : in the order of their first packets

    Notes
    -----
    A mirror of both sides of a router, or of a tunnel and what is in it, shows every packet in two segments. The one
    seen first stays, and learns from the other how many hops its packets had left there.
    """
    kept: list[Connection] = []
    for connection in connections:
        for place, first in enumerate(kept):
            sides = _as_in(connection, first)
            if sides is not None and _is_mirror(first.sides, sides):
                a, b = (_hops_of_both(ours, theirs) for ours, theirs in zip(first.sides, sides, strict=True))
                kept[place] = replace(first, sides=(a, b))
                break
        else:
            kept.append(connection)
    return kept


def _as_in(connection: Connection, first: Connection) -> Sides | None:
    """The sides in the order of another flow of the same stream; None where it is of another stream."""
    if (connection.protocol, connection.tcp_stream) != (first.protocol, first.tcp_stream):
        return None
    ends = ((connection.a_ip, connection.a_port), (connection.b_ip, connection.b_port))
    others = ((first.a_ip, first.a_port), (first.b_ip, first.b_port))
    if ends == others:
        return connection.sides
    return connection.sides[::-1] if ends[::-1] == others else None


def _is_mirror(first: Sides, second: Sides) -> bool:
    """
    Are most packets of the second flow in the first one too?

    A router sends requests from one VLAN to the other and replies the other way, so each flow holds the later sight of
    one direction.
    """
    in_both = sum(side.mirrored for side in (*first, *second))
    return 2 * in_both > sum(side.packets for side in second)


def _hops_of_both(ours: Side, theirs: Side) -> Side:
    fewest = [side.ttl_min for side in (ours, theirs) if side.ttl_min is not None]
    most = [side.ttl_max for side in (ours, theirs) if side.ttl_max is not None]
    return replace(ours, ttl_min=min(fewest, default=None), ttl_max=max(most, default=None))
