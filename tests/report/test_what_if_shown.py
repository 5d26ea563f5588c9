"""What is expected on another link, in every look."""

import msgspec
import pytest

from tests.report.sample import good, migration
from vmpcap.migration.what_if.other_link import Link
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.report.as_html import to_html
from vmpcap.report.as_json import from_json, to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look
from vmpcap.runs.expected import with_expected

TOLD = WhatIf(
    rate_mbps=622.0,
    rtt_ms=5.0,
    loss=0.0001,
    outcome="converges",
    because="2 passes behind the first of 100 MB",
    goodput_mbps=512.0,
    goodput_low_mbps=439.0,
    goodput_high_mbps=586.0,
    limited_by="rate",
    bytes=123_000_000,
    rounds=2,
    duration_s=2.07,
    duration_low_s=1.74,
    duration_high_s=None,
    switchover_ms=76.1,
    switchover_low_ms=14.8,
    switchover_high_ms=386.0,
    dirty_mbps=106.0,
    hidden_round_s=3.33,
    assumptions=["the guest changes memory evenly"],
)


def told(**other: object) -> Report:
    """The good report with this expected of its migration."""
    one = migration(what_if=[msgspec.structs.replace(TOLD, **other)])
    return msgspec.structs.replace(good(), migrations=[one])


@pytest.mark.parametrize(
    "words", ["2.07 s (1.74 s to no end)", "76.1 ms (14.8 to 386)", "622 Mbps, 5 ms", "evenly", "3.33 s"]
)
def test_every_look_tells_it(words: str) -> None:
    """With its range, its assumptions, and that it is a model."""
    looks = [to_terminal(told(), Look(width=160)), to_markdown(told()), to_html(told())]
    for text in looks:
        assert words in text
        assert "a model, not a measurement" in text


def test_one_screen_tells_it_in_a_line() -> None:
    """Whoever asks wants to see it without --full."""
    text = to_terminal(told(), Look(width=160), in_full=False)
    assert "on 622 Mbps, 5 ms, 0.010 % lost: 2.07 s (1.74 s to no end)" in text


@pytest.mark.parametrize("outcome", ["undecided", "may_not_converge"])
def test_what_is_open_says_why(outcome: str) -> None:
    """Never a figure in its place."""
    text = to_terminal(told(outcome=outcome, duration_s=None, because="it is too busy"), Look(width=160))
    assert f"{outcome.replace('_', ' ')}; it is too busy" in text


def test_it_survives_json_and_is_empty_where_nobody_asked() -> None:
    """Reports without it are as they were."""
    report = told()
    assert from_json(to_json(report)) == report
    assert with_expected(good(), []) == good()
    asked = with_expected(good(), [Link(622.0, 5.0), Link(100.0, 20.0)])
    assert [w.rate_mbps for w in asked.migrations[0].what_if] == [622.0, 100.0]


@pytest.mark.parametrize(("hypervisor", "is_checked"), [("qemu", True), ("esxi", False), ("unknown", False)])
def test_a_line_claims_a_check_only_for_the_hypervisor_it_was_checked_on(hypervisor: str, is_checked: bool) -> None:
    """On the first screen as in full."""
    report = told(outside=[] if is_checked else ["another hypervisor than qemu"])
    (one,) = report.migrations
    report = msgspec.structs.replace(report, migrations=[msgspec.structs.replace(one, hypervisor=hypervisor)])
    for in_full in (False, True):
        text = " ".join(to_terminal(report, Look(width=400), in_full=in_full).split())
        assert ("where it was checked (qemu, 200 to 900 Mbps)" in text) == is_checked
        assert ("outside of what was checked" in text) != is_checked
