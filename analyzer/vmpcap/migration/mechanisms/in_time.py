"""Was what shows that a way works in time, where peers waited for it? Asked of the rows that only frames show."""

from collections.abc import Mapping
from typing import Final

import msgspec

from vmpcap.migration.mechanisms.case import Case, span
from vmpcap.migration.results import Mechanism
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

WITHIN_NS: Final[Mapping[str, int]] = dict.fromkeys(
    ("etherip", "fence", "mpls", "vxlan", "geneve", "otv", "nat"), 5 * NS_PER_S
)
"""
Within this each of them should have followed the guest; who answers for it is told by nothing but its frames.

A choice, one for all: no standard says how soon any of them must. It rests on what is met in the field, where a guest
that is unreachable for 5 to 20 s is reported as a fault of those that had to learn its new place (domain notes 6.1).
"""


def say_if_late(case: Case, told: Mechanism) -> Mechanism:
    """
    The same answer; a way that worked only after its time, while peers waited, is no pass.

    Nor a failure: what kept them waiting may lie beside it (a gateway's old entry). Where nobody waited, nobody had
    asked sooner, and the time is only a bound.
    """
    limit = WITHIN_NS.get(told.name)
    if limit is None or told.worked != "yes" or told.latency_ms is None or case.back_at is None:
        return told
    if told.latency_ms * NS_PER_MS <= limit or case.after(case.back_at) <= limit:
        return told
    because = f"{told.because}: later than {span(limit)}, and its peers waited"
    because += ": whether for this or for something else is not known"
    return msgspec.structs.replace(told, worked="undecided", because=because)
