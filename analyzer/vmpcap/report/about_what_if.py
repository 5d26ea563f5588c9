"""What the report tells of other links, where that was asked: what is expected there, and what was assumed for it."""

from collections.abc import Iterator
from typing import Final

from vmpcap.migration.what_if.what_if_checked import OF_OTHERS, in_short
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.report.blocks import Block, Fact, Heading
from vmpcap.report.document import Migration
from vmpcap.report.words import figure, size, span

BOUNDS: Final = {
    "rate": "bounded by the link's rate",
    "loss": "bounded by its loss over its distance",
    "receiver_window": "bounded by the receiver's window",
    "sender_buffer": "bounded by the sender's buffer",
    "sender": "bounded by how fast the hosts were",
}


def about_what_if(migration: Migration) -> Iterator[Block]:
    """All of it, link by link."""
    for told in migration.what_if:
        yield Heading(f"Expected on another link: {link_words(told)}")
        yield expected(told, migration.hypervisor)
        if told.goodput_mbps is not None:
            bound = f", {BOUNDS[told.limited_by]}" if told.limited_by else ""
            yield Fact("goodput", _range(told.goodput_mbps, told.goodput_low_mbps, told.goodput_high_mbps) + bound)
        if told.bytes is not None:
            yield Fact("payload", size(told.bytes), told.because)
        if told.dirty_mbps is not None:
            yield Fact("memory", f"changed at about {figure(told.dirty_mbps, 'Mbps')}")
        if told.hidden_round_s is not None:
            words = f"{span(told.hidden_round_s)} if the measured stream hid one more pass over memory"
            yield Fact("or", words)
        if told.checked:
            yield Fact("how far off", f"not known here; {told.checked}" if told.outside else told.checked)
        for number, words in enumerate(told.assumptions):
            yield Fact("" if number else "assumed", words)


def expected_lines(migration: Migration) -> Iterator[Block]:
    """A line a link."""
    for told in migration.what_if:
        fact = expected(told, migration.hypervisor)
        yield Fact("expected", f"on {link_words(told)}: {fact.text}", fact.because)


ASSUMED: Final = "assumed: the link to itself, guest and hosts as they were"


def expected(told: WhatIf, hypervisor: str) -> Fact:
    """How long, and how long the switchover; or why that is open."""
    if told.duration_s is None:
        return Fact("expected", told.outcome.replace("_", " "), told.because)
    high = span(told.duration_high_s) if told.duration_high_s is not None else "no end"
    text = f"{span(told.duration_s)} ({span(told.duration_low_s)} to {high})"
    if told.switchover_ms is None:
        text += ", switchover not known"
    else:
        text += f", switchover {figure(told.switchover_ms, 'ms')} ({figure(told.switchover_low_ms)} to"
        text += f" {figure(told.switchover_high_ms)})"
    return Fact("expected", text, f"a model, not a measurement; {ASSUMED}; {_range_is(told, hypervisor)}")


def _range_is(told: WhatIf, hypervisor: str) -> str:
    """What is the range worth?"""
    if told.outside:
        return f"outside of what was checked, so the range is the model's own: {', '.join(told.outside)}"
    return f"{OF_OTHERS:.0%} of the figures of other runs lay in such a range {in_short(hypervisor)}"


def link_words(told: WhatIf) -> str:
    """How the link was asked."""
    lost = f", {figure(told.loss, 'share')} lost" if told.loss else ""
    return f"{told.rate_mbps:,.10g} Mbps, {told.rtt_ms:,.10g} ms{lost}"


def _range(likely: float, low: float | None, high: float | None) -> str:
    return f"{figure(likely, 'Mbps')} ({figure(low)} to {figure(high)})"
