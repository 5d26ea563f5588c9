"""One connection that the capture shows in two VLANs or overlays, as if there were two."""

from collections.abc import Sequence
from dataclasses import replace

from vmpcap.measures.connections import Connection, Side


def fold_mirrors(connections: Sequence[Connection]) -> list[Connection]:
    """
    Which connections are there, each once?

    A mirror of both sides of a router, or of a tunnel and what is in it, shows every packet in two segments. The one
    seen first stays, and learns from the other how few hops its packets had left.
    """
    kept = [connection for connection in connections if not connection.is_mirror]
    for mirror in connections:
        if mirror.is_mirror:
            kept = [_learn(one, mirror) if _ends(one) == _ends(mirror) else one for one in kept]
    return kept


def _ends(connection: Connection) -> frozenset[tuple[str, int]]:
    return frozenset({(connection.a_ip, connection.a_port), (connection.b_ip, connection.b_port)})


def _learn(one: Connection, mirror: Connection) -> Connection:
    same = (one.a_ip, one.a_port) == (mirror.a_ip, mirror.a_port)
    seen = mirror.sides if same else mirror.sides[::-1]
    a, b = (_least_hops(ours, theirs) for ours, theirs in zip(one.sides, seen, strict=True))
    return replace(one, sides=(a, b))


def _least_hops(ours: Side, theirs: Side) -> Side:
    known = [side.ttl_min for side in (ours, theirs) if side.ttl_min is not None]
    return replace(ours, ttl_min=min(known)) if known else ours
