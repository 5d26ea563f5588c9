"""What `what_if` of a report gives: each of its migrations on another link."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, get_args

import msgspec

from vmpcap.migration.what_if.other_link import Link
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.report.about_what_if import about_what_if, link_words
from vmpcap.report.clean import clean, clean_report
from vmpcap.report.document import Report
from vmpcap.report.html_blocks import draw_blocks
from vmpcap.report.html_tree import el, markup
from vmpcap.runs.expected import with_expected
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

LONGEST_RTT_MS: Final = 60_000.0
MOST_LOST: Final = 0.5
IN_WORDS: Final = frozenset({"assumptions", "checked", "outside"})
"""What stands beside the figures in sentences, alike for each: no column."""


class Expected(Mapping[str, WhatIf]):
    """
    What each migration is expected to take on another link, by the migration's id. A model, not a measurement.

    In a notebook it shows what the report tells of it, with every assumption.
    """

    def __init__(self, report: Report) -> None:
        self._report = report

    def __getitem__(self, migration: str) -> WhatIf:
        return next(iter(self._find(migration)))

    def _find(self, migration: str) -> list[WhatIf]:
        for one in self._report.migrations:
            if one.id == migration:
                return one.what_if
        raise KeyError(migration)

    def __iter__(self) -> Iterator[str]:
        return (migration.id for migration in self._report.migrations)

    def __len__(self) -> int:
        return len(self._report.migrations)

    @property
    def frame(self) -> "pl.DataFrame":
        """One row per migration; the columns are the keys of `migrations[].what_if[]` that are no sentences."""
        import polars as pl

        kinds = {float: pl.Float64(), int: pl.Int64()}
        schema: dict[str, pl.DataType] = {"migration": pl.String()}
        for one in msgspec.structs.fields(WhatIf):
            if one.name not in IN_WORDS:
                members = get_args(one.type) or (one.type,)
                schema[one.name] = next((kind for of, kind in kinds.items() if of in members), pl.String())
        rows = [[name, *(getattr(told, key) for key in list(schema)[1:])] for name, told in self.items()]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _repr_html_(self) -> str:
        """What is told of each migration; text of a capture is nothing but text in it, and there is no script."""
        parts = []
        for one in clean_report(self._report).migrations:
            parts.append(el("h3", f"{one.id} {one.source} to {one.destination}"))
            parts += draw_blocks(about_what_if(one))
        return markup(el("div", *parts))

    def __repr__(self) -> str:
        link = next((link_words(told) for told in self.values()), "no migration")
        told = ", ".join(f"{name}: {told.outcome}" for name, told in self.items())
        return f"<vmpcap what if {link}{f'; {clean(told)}' if told else ''}>"


def expected_of(report: Report, rate_mbps: float, rtt_ms: float, loss: float) -> Expected:
    """What would its migrations take there? Raises RequestError where that is no link."""
    if not (rate_mbps > 0 and 0 <= rtt_ms < LONGEST_RTT_MS and 0 <= loss < MOST_LOST):
        raise RequestError(
            f"what_if(rate_mbps={rate_mbps!r}, rtt_ms={rtt_ms!r}, loss={loss!r}): needed a rate above 0, a round trip"
            " below a minute, and a loss (a share) below half of all"
        )
    return Expected(with_expected(report, [Link(float(rate_mbps), float(rtt_ms), float(loss))]))
