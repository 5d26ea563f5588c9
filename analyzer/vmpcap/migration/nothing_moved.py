"""What else is told where no migration is in view: who was not answered, and which stream may have been one."""

from collections.abc import Sequence

from vmpcap.migration.likely_ports import find_likely_ports
from vmpcap.migration.lost_sessions import find_lost_sessions
from vmpcap.migration.unanswered import Unanswered, find_unanswered
from vmpcap.migration.views import PointView


def tell_of_nothing_moved(views: Sequence[PointView]) -> tuple[Unanswered, ...]:
    """What may somebody look for who knows that a guest moved? What its peers met first, then what to try."""
    return (*find_unanswered(views), *find_lost_sessions(views), *find_likely_ports(views))
