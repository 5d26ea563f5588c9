"""What a measured migration would take on another link, in the words of the report."""

from typing import Literal

import msgspec

Bound = Literal["rate", "loss", "receiver_window", "sender_buffer", "sender"]


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """
    What this migration is expected to take on another link. No measurement: a model, with its assumptions.

    Where `outside` is empty, low and high are what the check supports: of real runs that had no part in such ranges
    84 % of the figures lay there (`benchmarks/what_if.py`, "held out"). Elsewhere they are the model's own extremes,
    and nobody knows how many lie between. How far it was off stands in the docs.
    """

    rate_mbps: float
    """Of the link, as it was asked: bits on the wire."""
    rtt_ms: float
    loss: float
    """Share of packets lost at random; what overflows queues is not in it."""
    outcome: Literal["converges", "may_not_converge", "undecided"]
    because: str
    goodput_mbps: float | None = None
    goodput_low_mbps: float | None = None
    goodput_high_mbps: float | None = None
    limited_by: Bound | None = None
    """What bounds the expected goodput."""
    bytes: int | None = None
    """Expected payload, memory that the guest changes meanwhile included."""
    rounds: int | None = None
    """Passes over memory behind the first, the last one included, that this takes."""
    duration_s: float | None = None
    duration_low_s: float | None = None
    duration_high_s: float | None = None
    switchover_ms: float | None = None
    """Of the stream's bracket: what peers suffer is at least that."""
    switchover_low_ms: float | None = None
    switchover_high_ms: float | None = None
    dirty_mbps: float | None = None
    """How fast the guest changes memory, as far as the measured migration shows."""
    hidden_round_s: float | None = None
    """The expected duration if the measured stream hid one more pass than the fewest that explain it; null: no such."""
    outside: list[str] = []
    """In what this lies outside of what was checked; empty without a duration, too."""
    checked: str = ""
    """How far such figures were off where that could be checked; empty without a duration."""
    assumptions: list[str] = []
