"""Routers that say themselves that they cannot reach the guest: who is asked in vain, however short the view."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from vmpcap.announcements.complaints import Complaint
from vmpcap.migration.mechanisms.case import Case, since
from vmpcap.migration.moved import on_reference
from vmpcap.migration.views import PointView
from vmpcap.terms.units import count_of

NO_WAY: Final = {(4, 3, 0), (4, 3, 1), (4, 3, 6), (4, 3, 7), (6, 1, 0), (6, 1, 3)}
"""Version, type and code: network or host unreachable or unknown (RFC 792, RFC 1122 3.2.2.1; RFC 4443 3.1)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one router said of packets for the guest, as one point shows it."""

    view: PointView
    errors: tuple[Complaint, ...]

    @property
    def frames(self) -> list[tuple[PointView, int]]:
        """The first and the last of them."""
        return [(self.view, number) for number in dict.fromkeys((self.errors[0].frame, self.errors[-1].frame))]

    def words(self, case: Case) -> str:
        """Who said so, how often, from when to when."""
        first, last = (since(case.after(on_reference(self.view, self.errors[n].ts_ns))) for n in (0, -1))
        when = first if len(self.errors) == 1 else f"from {first} until {last}"
        times = count_of(len(self.errors), "time")
        return (
            f"{self.errors[0].sender} said {times} that it cannot reach the guest (ICMP), {when}, at {self.view.name}"
        )


def refused_by(case: Case, routers: Collection[str], begin: int) -> Refusal | None:
    """
    Which of these routers says since that time, on the reference clock, that it has no way to the guest?

    Packets for the guest came to it then. The point that shows most of it; none for none.
    """
    found: dict[tuple[str, str], tuple[PointView, list[Complaint]]] = {}
    for view in case.views:
        for error in view.complaints.errors:
            if error.sender not in routers or error.target not in case.ips:
                continue
            if (error.version, error.kind, error.code) in NO_WAY and on_reference(view, error.ts_ns) >= begin:
                found.setdefault((view.name, error.sender), (view, []))[1].append(error)
    most = max(found.values(), key=lambda one: len(one[1]), default=None)
    return None if most is None else Refusal(most[0], tuple(most[1]))
