"""Which migration is to be looked at first, where there are many?"""

from collections.abc import Sequence
from typing import Final

from vmpcap.report.away import worst_away
from vmpcap.report.document import Migration
from vmpcap.verdicts.findings import Outcome

WORST_FIRST: Final[tuple[Outcome, ...]] = ("fail", "undecided", "pass")


def worst_first(migrations: Sequence[Migration]) -> list[Migration]:
    """Those that failed, then the undecided; among equals by what their peers felt, then in the order of time."""

    def weight(m: Migration) -> tuple[int, int, float]:
        worst = worst_away(m)
        lost, length = worst.away.weight if worst is not None else (0, 0.0)
        return WORST_FIRST.index(m.verdict), -lost, -length

    return sorted(migrations, key=weight)
