"""Whether the roles that a user named hold, for who asks nothing else of a migration."""

from collections.abc import Sequence
from typing import Final

from vmpcap.migration.domains.role_doubts import DOMAINS, HOSTS, find_role_doubts, say_doubts
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.stream.moves import match_transfers
from vmpcap.migration.stream.other_names import name_streams
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.migration.views import PointView

DOUBTED: Final = frozenset({*HOSTS, *DOMAINS, "gateway"})
"""Roles that the packets can contradict."""


def doubt_roles(views: Sequence[PointView], ports: Sequence[int], guests: Sequence[str]) -> list[str]:
    """Which named roles do the packets contradict? What the report says of them; nothing without a migration."""
    moves = match_transfers(name_streams([(view, find_transfers(view.streams, ports)[0]) for view in views]).found)
    moved, _ = find_guests(moves, views, guests)
    return say_doubts(find_role_doubts(moves, moved, views))
