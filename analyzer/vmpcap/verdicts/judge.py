"""The verdict on a migration, and on the whole report."""

from collections.abc import Sequence

from vmpcap.migration.stories import Story
from vmpcap.verdicts.findings import Check, Outcome
from vmpcap.verdicts.profile import Profile
from vmpcap.verdicts.rules import RULES, answer


def check_all(story: Story, profile: Profile) -> list[Check]:
    """What does every rule say of this migration?"""
    return [answer(rule, story, profile) for rule in RULES]


def conclude(checks: Sequence[Check]) -> Outcome:
    """
    Pass, fail or undecided, from the deciding checks alone?

    One failure fails; else one doubt leaves it undecided; without any deciding check there is nothing to pass.
    """
    deciding = [check.outcome for check in checks if check.decides]
    if "fail" in deciding:
        return "fail"
    return "undecided" if "undecided" in deciding or not deciding else "pass"


def conclude_report(verdicts: Sequence[Outcome]) -> Outcome:
    """The worst of the migrations' verdicts; undecided where no migration was found."""
    for outcome in ("fail", "undecided"):
        if outcome in verdicts:
            return outcome
    return "pass" if verdicts else "undecided"
