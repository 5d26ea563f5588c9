"""The document of `vmpcap compare` and `vmpcap bench`: many migrations as distributions."""

from typing import Literal

import msgspec

from vmpcap.report.document import ProfileUsed, Tool

COMPARE = "vmpcap.compare/1"
BENCH = "vmpcap.bench/1"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One input: a capture, the captures of one migration in a folder, or a report written earlier."""

    path: str
    side: str
    """A or B of a comparison; empty in a benchmark."""
    kind: Literal["captures", "report"]
    migrations: int
    """That were found in it."""
    counted: int
    """Of them those that no other input tells of."""
    tool_version: str
    because: str = ""
    """Why it counts for nothing, or for less than it holds."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure of the migrations of a group spreads. null: not measured, or without an end."""

    figure: str
    unit: str
    n: int
    """Migrations in which it was measured, those without an end included."""
    unknown: int
    """Migrations in which it was not."""
    unended: int
    """Of n: it had not ended when the capture did; they count as longer than any other."""
    median: float | None
    median_low: float | None
    median_high: float | None
    """95 % interval of the median, by bootstrap; null with fewer than 4 values."""
    least: float | None
    p25: float | None
    p75: float | None
    most: float | None
    values: list[float]
    """Those with an end, in the order of the inputs."""
    limit: float | None = None
    """Of the profile, where one was asked for and limits this figure."""
    limit_is: Literal["at_least", "at_most"] | None = None
    within: int | None = None
    """So many of n keep the limit; what had not ended does not."""
    because: str = ""
    """Why it was not measured where it was not, or what cannot be said of it."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The migrations of one side or of one path."""

    name: str
    migrations: int
    outcomes: dict[str, int]
    paths: dict[str, int]
    """Source and destination, and how many migrations went that way."""
    round_trips: dict[str, int]
    """What closed the round trips: ack, timestamp_echo (leans high), handshake, none."""
    spreads: list[Spread]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure of B stands to that of A."""

    figure: str
    unit: str
    word: Literal["higher", "lower", "undecided"]
    """Of B: only where interval and chance both say so."""
    because: str
    shift: float | None
    """Median of the differences between each of B and each of A (Hodges-Lehmann)."""
    shift_low: float | None
    shift_high: float | None
    """95 % interval of the shift, by bootstrap; null with fewer than 4 values on either side."""
    cliffs_delta: float | None
    """Share of the pairs in which B is higher, less the share in which it is lower: -1 to 1."""
    b_higher_share: float | None
    """Share of the pairs in which B is higher; equal ones count half."""
    chance: float | None
    """How often migrations dealt into two such groups by chance differ as much."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Unknown is null, never 0."""

    schema: str
    tool: Tool
    generated_at: str
    inputs: list[Source]
    groups: list[Group]
    differences: list[Difference]
    """Of a comparison only."""
    notes: list[str]
    profile: ProfileUsed | None = None
    """By whose limits migrations are counted, where that was asked for."""
