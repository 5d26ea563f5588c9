"""Streams that a proxy made smaller on the way: known by the same connection at another point."""

from collections.abc import Sequence

from vmpcap.migration.stream.transfers import Link, Refused, Transfer
from vmpcap.migration.views import PointView

Found = list[tuple[PointView, list[Transfer]]]


def join_reduced(found: Found, refused: Sequence[tuple[PointView, Refused]]) -> list[tuple[PointView, Refused]]:
    """
    Take those refused connections in that are a migration at another point and begin with other numbers here.

    Too little for a migration by itself, as an optimiser sends. Without other initial numbers it is a point that saw a
    part only, and stays refused. Added to `found`; returns what remains refused.
    """
    known = [(view, transfer, link) for view, transfers in found for transfer in transfers for link in transfer.links]
    rest = []
    for view, one in refused:
        joined = next((t for other, t, link in known if other is not view and _is_other_part(one, link)), None)
        if joined is None or not any(side.payload_bytes for side in one.connection.sides):
            rest.append((view, one))
            continue
        data_side = 0 if one.connection.a_ip == joined.source else 1
        because = "the same connection is a migration at another point; here somebody between sends less"
        made = Transfer(joined.stream, None, (Link(one.connection, data_side),), because)
        next(transfers for there, transfers in found if there is view).append(made)
    return rest


def _is_other_part(one: Refused, link: Link) -> bool:
    """Has it the addresses and ports of this connection, and the sender of its data another initial number?"""
    c = one.connection
    if tuple(sorted(((c.a_ip, c.a_port), (c.b_ip, c.b_port)))) != link.key:
        return False
    isn = next(s.isn for s, ip in zip(c.sides, (c.a_ip, c.b_ip), strict=True) if ip == link.source)
    return isn is not None and link.data.isn is not None and isn != link.data.isn
