"""From answers to a verdict: fail beats undecided beats pass, and advice never decides."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.migration.make import story
from vmpcap.verdicts.findings import Check
from vmpcap.verdicts.judge import check_all, conclude, conclude_report
from vmpcap.verdicts.profile import load_profile
from vmpcap.verdicts.rules import RULES

OUTCOMES = ("pass", "fail", "undecided")
CHECKS = st.lists(
    st.builds(
        lambda outcome, decides: Check(id="x", outcome=outcome, decides=decides, because="so"),
        st.sampled_from(OUTCOMES),
        st.booleans(),
    ),
    max_size=8,
)


def check(outcome: Any, decides: bool = True) -> Check:
    return Check(id="x", outcome=outcome, decides=decides, because="so")


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "undecided"], "undecided"),
        (["undecided", "fail"], "fail"),
        (["fail", "pass"], "fail"),
        (["pass", "undecided", "fail"], "fail"),
    ],
)
def test_fail_beats_undecided_beats_pass(outcomes: list[str], verdict: str) -> None:
    """In whatever order the answers come."""
    for order in itertools.permutations(outcomes):
        assert conclude([check(outcome) for outcome in order]) == verdict


@given(CHECKS)
def test_advice_never_decides(checks: list[Check]) -> None:
    """Without the advice the verdict is the same."""
    assert conclude(checks) == conclude([c for c in checks if c.decides])


@given(CHECKS)
def test_a_pass_has_nothing_but_passes_behind_it(checks: list[Check]) -> None:
    """At least one deciding check, and all of them passed."""
    deciding = [c.outcome for c in checks if c.decides]
    assert (conclude(checks) == "pass") == (bool(deciding) and set(deciding) == {"pass"})


def test_where_nothing_decides_nothing_passed() -> None:
    """No check, or advice alone, is undecided."""
    assert conclude([]) == "undecided"
    assert conclude([check("pass", decides=False), check("fail", decides=False)]) == "undecided"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], "undecided"),
        (["pass"], "pass"),
        (["pass", "undecided"], "undecided"),
        (["undecided", "fail", "pass"], "fail"),
    ],
)
def test_a_report_is_as_good_as_its_worst_migration(verdicts: Any, whole: str) -> None:
    """And undecided where no migration was found."""
    assert conclude_report(verdicts) == whole


def test_every_rule_answers_once_in_its_order() -> None:
    """The checks of a migration are the rules, deciding ones first."""
    checks = check_all(story(), load_profile("vsphere4"))
    assert [c.id for c in checks] == [rule.id for rule in RULES]
    decides = [c.decides for c in checks]
    assert decides == sorted(decides, reverse=True)
