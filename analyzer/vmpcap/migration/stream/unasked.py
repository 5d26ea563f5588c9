"""Calls that carried nothing where one point stood, and are known from another."""

from collections.abc import Sequence

from vmpcap.migration.stream.transfers import Link, Refused, Transfer
from vmpcap.migration.views import PointView


def without_denied(
    found: Sequence[tuple[PointView, list[Transfer]]], refused: Sequence[tuple[PointView, Refused]]
) -> list[tuple[PointView, list[Transfer]]]:
    """
    The transfers of each point, without attempts of which another point shows that they are no migration.

    Behind a place where full segments are lost a call shows its handshake alone; before it, what it had to say.
    """
    denied = {Link(r.connection, 0).key for _, r in refused}
    return [(view, [t for t in transfers if t.established or not _keys(t) <= denied]) for view, transfers in found]


def _keys(transfer: Transfer) -> set[tuple[object, ...]]:
    return {link.key for link in transfer.links}
