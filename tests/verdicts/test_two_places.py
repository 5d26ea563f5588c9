"""A guest at two places: it owes that to nobody who was surely lost to something else."""

from dataclasses import replace

import msgspec
import pytest

from tests.migration.make import S, guest_story, story, suffered, view
from tests.verdicts.test_rules import SIZED, ask, lost_for, resent
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.suffered import Suffered

FLAPS = Conflict(True, "30 packets of its MAC at the old place", "old", (3,), 12 * S, 15 * S)
REACHED = Reachability("yes", "a request was answered", "client", (1, 2))


def with_parts(cause: str, ms: float, requests: int) -> Suffered:
    """A peer that asked to the end, and what is known of its requests."""
    part = msgspec.structs.replace(SIZED, part=cause, ms=ms, requests=requests)
    lost = lost_for(5)
    return replace(lost, peer=msgspec.structs.replace(lost.peer, breakdown=[part]))


def last_answered(at: int) -> Suffered:
    """A peer that asked to the end, and had its last answer then."""
    lost = replace(lost_for(5), view=view("client", role="client"))
    return replace(lost, outage=replace(resent(3), last_answer_ts=at))


def outcome(*lost: Suffered) -> str:
    return ask(
        "guest_reachable_after",
        story(guest_story(reachability=REACHED, suffered=(*lost, suffered()), second_place=FLAPS)),
    ).outcome


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (with_parts("guest", 5000.0, 25), "fail"),
        (with_parts("guest", 400.0, 25), "undecided"),
        (with_parts("guest", 5000.0, 2), "undecided"),
        (with_parts("unlearned", 5000.0, 25), "undecided"),
        (lost_for(5), "undecided"),
        (last_answered(16 * S), "fail"),
        (last_answered(14 * S), "undecided"),
    ],
    ids=["reached it", "reached it briefly", "two reached it", "went astray", "unknown", "answered since", "before"],
)
def test_only_what_may_be_owed_to_the_old_place_leaves_it_undecided(lost: Suffered, expected: str) -> None:
    """Requests that came to the new place and were not answered there, to the end, were not led astray."""
    assert outcome(lost) == expected


def test_one_more_that_may_be_owed_to_it_softens_nothing() -> None:
    """Beside one that is not, it fails as that does."""
    assert outcome(with_parts("guest", 5000.0, 25), lost_for(5, peer="10.99.0.8")) == "fail"
