"""Points taken away one by one: what is left says less, never something else."""

import pytest

from tests.captures.situations import CAPTURES, facts_of, file_of, points_of
from tests.points_taken_away import NEVER, contradictions, read

SITUATIONS = (
    "clean",
    "routed_stretched",
    "destination_isolated",
    "rarp_filtered",
    "cancelled",
    "vxlan_stretched",
    "there_and_back",
    "jumbo_black_hole",
    "receiver_window",
    "source_paused",
    "policer",
)
"""Every kind of end that a migration came to; those left out are large and like one of these."""


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_selection_of_points_says_what_is_not_so(name: str) -> None:
    """All but one, each alone, each host with one other: as a person decided, or undecided with a reason."""
    folder = CAPTURES / name
    allowed = [
        {check: frozenset({told["outcome"]}) | NEVER for check, told in migration["checks"].items()}
        for migration in facts_of(folder)["migrations"]
    ]
    points = [(point, role, str(file_of(folder, point))) for point, role in points_of(folder).items()]
    assert contradictions(read(points), allowed) == []


def test_a_selection_that_says_something_else_is_found() -> None:
    """Were the policer's migration near enough for nobody, every selection that measured it would be named."""
    folder = CAPTURES / "policer"
    points = read([(point, role, str(file_of(folder, point))) for point, role in points_of(folder).items()])
    (migration,) = facts_of(folder)["migrations"]
    told = {check: frozenset({fact["outcome"]}) for check, fact in migration["checks"].items()}
    assert told["rtt"] == {"pass"}
    wrong = contradictions(points, [told | {"rtt": frozenset({"fail"})}])
    assert wrong
    assert all("rtt pass" in one for one in wrong)
