"""How many migrations of each group keep the limits of a profile?"""

from typing import Final

import msgspec

from vmpcap.report.assemble import profile_used
from vmpcap.report.comparison import Comparison, Spread
from vmpcap.report.words import profile_line
from vmpcap.verdicts.profile import Profile

LIMITS: Final = {
    "throughput": "throughput_mbps_min",
    "rtt": "rtt_ms_max",
    "switchover": "switchover_ms_max",
    "outage": "switchover_ms_max",
}
"""Which key of a profile limits which figure; the switchover's is an upper bound, what peers met is the outage."""
COUNTED: Final = (
    "counted is by the figure alone: a report's verdict also asks what held it, so a link may be fast enough of which"
    " the sender used little"
)


def held_against(document: Comparison, profile: Profile | None) -> Comparison:
    """The same document with how many of each group keep the profile's limits; as it is without a profile."""
    if profile is None:
        return document
    groups = [
        msgspec.structs.replace(group, spreads=[_held(spread, profile) for spread in group.spreads])
        for group in document.groups
    ]
    used = profile_used(profile)
    notes = [*document.notes, f"{profile_line(used)}; {COUNTED}"]
    return msgspec.structs.replace(document, groups=groups, profile=used, notes=notes)


def _held(spread: Spread, profile: Profile) -> Spread:
    """What never ended is longer than any limit."""
    key = LIMITS.get(spread.figure)
    limit: float | None = getattr(profile, key) if key is not None else None
    if key is None or limit is None:
        return spread
    kept = sum(value >= limit if key.endswith("_min") else value <= limit for value in spread.values)
    return msgspec.structs.replace(
        spread, limit=limit, limit_is="at_least" if key.endswith("_min") else "at_most", within=kept
    )
