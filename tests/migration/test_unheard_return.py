"""A guest that is first heard long after its last frame before: away, or back and silent."""

from collections.abc import Callable

import pytest

from tests.migration.test_breakdown import COUNT, client, old_place, point, seen, spent, told
from vmpcap.migration.views import PointView

HEARD = 300
"""The first ping that is answered again, sent at 3 s; the guest's last frame before was at 0.831 s."""


def answered_from(first: int) -> Callable[[int], bool]:
    """All but those from number 84 to this one."""
    return lambda number: not 84 <= number < first


def new_place(delivered: int, answered: int, *announced_at: int) -> PointView:
    """Pings from one number on, and what the guest says to those from another on."""
    return point("new", "domain:destination", seen(range(delivered, COUNT), range(answered, COUNT)), *announced_at)


def test_a_silence_that_only_the_guests_own_word_ends_is_not_told_as_its_absence() -> None:
    """All pings go to its old place until 3 s; nothing announces it, and it answers the first that comes to it."""
    peer = told(client(answered_from(HEARD)), old_place(range(HEARD)), new_place(HEARD, HEARD))
    assert spent(peer) == {"unexplained": 2160}
    assert "while no host ran the guest, or it ran and nobody heard of it" in peer.breakdown_because
    assert "nothing announced it then, and nothing for it came to new before" in peer.breakdown[0].because


@pytest.mark.parametrize(
    ("delivered", "first", "announced_at"),
    [(HEARD, HEARD, (3000,)), (HEARD, HEARD, (3200,)), (150, HEARD, ()), (100, 100, ())],
    ids=["announced then", "announced soon after", "asked there in vain before", "heard soon"],
)
def test_a_guest_whose_return_is_in_view_was_away_until_then(
    delivered: int, first: int, announced_at: tuple[int, ...]
) -> None:
    """Its host announced it; or pings came to it and had no answer; or it was silent for a moment only."""
    views = client(answered_from(first)), old_place(range(delivered)), new_place(delivered, first, *announced_at)
    assert spent(told(*views)) == {"stun": 10 * (first - 84)}
