"""A rule's answer about one migration, with the frames that prove it."""

from typing import Literal

import msgspec

Outcome = Literal["pass", "fail", "undecided"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look: a capture point, frame numbers counted from 1 as Wireshark does, a ready display filter."""

    point: str
    file: str | None = None
    """The file that counts these frames, as inputs[].path has it, where the point has several."""
    frames: list[int] = []
    filter: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's answer. Want of evidence is `undecided`, never `pass`."""

    id: str
    outcome: Outcome
    decides: bool
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    because: str
    in_short: str = ""
    """The answer in a few words, where what is usually said of such an answer does not tell it; else empty."""
    evidence: list[Evidence] = []
