"""What else is told where no migration is in view: who was not answered, and which stream may have been one."""

from collections.abc import Collection, Sequence

from vmpcap.measures.whose import addresses_of
from vmpcap.migration.likely_ports import find_likely_ports
from vmpcap.migration.lost_sessions import find_lost_sessions
from vmpcap.migration.unanswered import Unanswered, find_unanswered
from vmpcap.migration.views import PointView


def tell_of_nothing_moved(views: Sequence[PointView], told: Collection[int] = ()) -> tuple[Unanswered, ...]:
    """
    What may somebody look for who knows that a guest moved? What its peers met first, then what to try.

    Parameters
    ----------
    told : MACs of machines of which the report tells already why nobody was answered: they were started anew
    """
    known = {address for view in views for address in addresses_of(view.journal, told)}
    return (*find_unanswered(views, known), *find_lost_sessions(views, known), *find_likely_ports(views, told))
