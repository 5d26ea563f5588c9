"""Roles: what a point is to a migration, and to one that goes the other way."""

import pytest

from vmpcap.points.roles import ARRIVAL_PROOF, OPPOSITE, OUTAGE_FIGURES, ROLES, STREAM_FIGURES, rank, turned


@pytest.mark.parametrize("role", [*ROLES, None])
def test_there_and_back_is_the_same_role(role: str | None) -> None:
    """Turned twice, every role is what it was."""
    assert turned(turned(role)) == role
    assert turned(role) is None or turned(role) in ROLES


def test_what_stands_at_a_host_or_its_domain_is_turned_and_nothing_else() -> None:
    """Gateway, client and what lies between stay where they are."""
    moved = {role for role in ROLES if turned(role) != role}
    assert moved == set(OPPOSITE) == {"source", "destination", "domain:source", "domain:destination"}


@pytest.mark.parametrize("order", [ARRIVAL_PROOF, OUTAGE_FIGURES, STREAM_FIGURES])
def test_roles_outside_an_order_come_last(order: tuple[str | None, ...]) -> None:
    """Within it they come as written."""
    assert [rank(role, order) for role in order] == list(range(len(order)))
    assert rank("nowhere", order) == len(order)
    assert {role for role in order if role is not None} <= set(ROLES)


def test_every_role_says_where_it_stands() -> None:
    """The contract's seven, each with its words."""
    assert set(ROLES) == {"source", "destination", "wan", "domain:source", "domain:destination", "gateway", "client"}
    assert all(ROLES.values())
