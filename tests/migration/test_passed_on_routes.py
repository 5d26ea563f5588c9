"""A host route of BGP that a router in between passed on, when whom it had it from took it back."""

import pytest

from tests.migration.test_mechanisms import LOST, after, case, judged, news, point
from vmpcap.announcements.routes.rows import RouteNews

OLD, CORE, NEW = "192.0.2.2", "192.0.2.1", "192.0.2.3"
"""The old site's router, the one between the sites, the new site's router."""
HOLD_S = 40


def says(ts: int, sender: str, told_to: str, origin: str, length: int = 1) -> RouteNews:
    known = {"sender": sender, "told_to": told_to, "origin": origin, "path_length": length}
    return news(ts, protocol="bgp", next_hop=sender, reason="update", **known)


def gone(ts: int, sender: str, told_to: str) -> RouteNews:
    return news(ts, "withdraw", protocol="bgp", sender=sender, told_to=told_to, reason="update")


BEFORE = [says(0, OLD, CORE, "AS 65101"), says(5, CORE, NEW, "AS 65101", 2)]
MOVED = [says(after(194), NEW, CORE, "AS 65102"), gone(after(294), OLD, CORE)]


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_was_taken_back_from_who_passed_it_on_stands_no_more(is_lost: bool) -> None:
    """The core's word to the new site's router is not taken back in view: it has it from nobody any more."""
    wan = point("wan", "wan", [*BEFORE, *MOVED], last_ts=after(HOLD_S * 1000))
    found = judged("bgp", case(wan, peers=[LOST]) if is_lost else case(wan))
    assert found is not None
    assert found.worked == ("undecided" if is_lost else "yes")
    assert "AS 65101 withdrew it +294 ms" in found.because
    assert f"{CORE}, which had passed it on, said no more of it" in found.because
    assert "never withdrew" not in found.because
    assert "still advertises" not in found.because


@pytest.mark.parametrize(
    "more",
    [
        [says(3, "192.0.2.9", CORE, "AS 65101")],
        [says(after(394), CORE, NEW, "AS 65101", 2)],
    ],
    ids=["another of that system tells it", "it says so again"],
)
def test_who_has_it_from_another_too_still_passes_it_on(more: list[RouteNews]) -> None:
    """The old system's second router, or a later word of the core: peers may still be led there."""
    rows = sorted([*BEFORE, *MOVED, *more], key=lambda row: row.ts_ns)
    found = judged("bgp", case(point("wan", "wan", rows, last_ts=after(HOLD_S * 1000)), peers=[LOST]))
    assert found is not None
    assert (found.worked, "never withdrew" in found.because) == ("no", True)


def test_a_withdrawal_told_to_another_takes_nothing_from_who_passed_it_on() -> None:
    """The old router took it back from a third one alone."""
    rows = [*BEFORE, says(6, OLD, "192.0.2.8", "AS 65101"), MOVED[0], gone(after(294), OLD, "192.0.2.8")]
    found = judged("bgp", case(point("wan", "wan", rows, last_ts=after(HOLD_S * 1000)), peers=[LOST]))
    assert found is not None
    assert found.worked == "no"
