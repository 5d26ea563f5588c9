"""The one sentence that every look leads with. It is made here, and nowhere else."""

from collections.abc import Sequence
from typing import Final

from vmpcap.measures.results import LimitClass
from vmpcap.migration.results import KnownBy
from vmpcap.report.away import Away, away_of, felt, worst_away
from vmpcap.report.document import Input, Migration
from vmpcap.report.root_causes import MAJORITY, guests_cause, root_cause
from vmpcap.report.words import answer, not_in_view, verdict_sentence
from vmpcap.report.worst_first import WORST_FIRST
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check, Outcome

SO_FAR: Final = "of what was read by then: "
MOST_GROUPS: Final = 3
"""Groups of migrations whose answers are told; the others are counted."""
MOST_FELT: Final = 2
"""Answers of what peers felt that are told; the guests of the others are counted."""
MOST_NAMED: Final = 6
"""Migrations that are named one by one."""
NOT_PLACED: Final = "whether it changed places is not known, for no migration stream is in view"
UNSEEN: Final[dict[KnownBy, str]] = {
    "stream": "",
    "places": "a guest changed places, and no migration stream is in view",
    "silence": f"a guest was silent until a host announced it; {NOT_PLACED}",
    "name": f"the guest that was named did not answer for a time; {NOT_PLACED}",
}
"""What is said first of a migration that is known by its guest alone."""
CANNOT: Final = " cannot be told"
FIRST_TOLD: Final = ("completed", "guest_reachable_after", "announcement_reached_destination")
"""Of several failures these lead: a guest that is dark comes before a link that is slow."""
FAILED: Final = {"port_group": "the guest's port group led nowhere"}
"""What is said of a mechanism whose name alone tells nobody what broke."""
ADVISED: Final = {
    "mac_flap": "the guest's MAC went on sending at its old place",
    "duplicate_address": "another machine claims the guest's address",
}
"""Advice that is told where it applies, whatever decides: two machines may be one guest."""
SLOWED: Final[dict[LimitClass, str]] = {"network_loss": "it lost packets"}
"""Why a link was too slow, by what limited the stream for most of its time."""
OF_THE_STREAM: Final = frozenset({"throughput", "rtt"})
LONG_S: Final = 1.0
"""An outage of peers so long comes before what is not known of the link."""
TALLIED: Final[dict[Outcome, str]] = {"fail": "failed", "undecided": "undecided", "pass": "passed"}


def headline(migrations: Sequence[Migration], inputs: Sequence[Input], instead: Sequence[str] = ()) -> str:
    """
    What is the verdict on all of it, in one sentence: did it work, and what was wrong with which migration?

    `instead` is what is told first where no migration was recognised.
    """
    so_far = SO_FAR if any(defect.kind == "stopped" for given in inputs for defect in given.defects) else ""
    if not migrations:
        nothing = f"no migration was recognised in {count_of(sum(i.packets for i in inputs), 'packet')}"
        return so_far + "; ".join([*_first_of(instead), nothing])
    if len(migrations) == 1:
        return so_far + of_migration(migrations[0])
    return so_far + _of_several(migrations)


def _first_of(instead: Sequence[str]) -> list[str]:
    """The first of these, and how many more there are."""
    left = len(instead) - MOST_FELT
    return [*instead[:MOST_FELT], *([f"and {left} more like that"] if left > 0 else [])]


def of_migration(m: Migration) -> str:
    """What is to be said first of this one? What decides, what its peers felt, what did not do its part."""
    worst = worst_away(m)
    told = ""
    if worst is not None:
        told = f"{worst.guest.mac}: {worst.away.sentence}" if len(m.guests) > 1 else worst.away.sentence
    lead = told if worst is not None and _comes_first(m, worst.away) else ""
    if worst is not None and _is_passed_over(m, worst.away):
        limits = "" if worst.away.weight[0] else NO_LIMIT
        return "; ".join(part for part in (f"{_decided(m)}{limits}, but {told}", _advised(m), _did_not_work(m)) if part)
    parts = (_decided(m, lead), _advised(m), "" if lead else told, _did_not_work(m))
    return "; ".join(part for part in parts if part)


def _comes_first(m: Migration, away: Away) -> bool:
    """Is a long outage of peers known, and of all that decides only what the link can do is not?"""
    is_open = all(c.id in OF_THE_STREAM for c in m.checks if c.decides and c.outcome == "undecided")
    return m.verdict == "undecided" and is_open and away.is_of_peers and away.weight >= (0, LONG_S)


NO_LIMIT: Final = ", none of which limits an outage"


def _is_passed_over(m: Migration, away: Away) -> bool:
    """Was a peer cut off for long, or for good, under a pass that no check makes of that?"""
    is_limited = any(check.id == "switchover" and check.decides for check in m.checks)
    return m.verdict == "pass" and not is_limited and (away.weight[0] > 0 or away.least >= LONG_S)


def _advised(m: Migration) -> str:
    """What is said though it does not decide?"""
    applies = {check.id for check in m.checks if check.outcome == "fail" and not check.decides}
    return "; ".join(words for name, words in ADVISED.items() if name in applies)


def _said(m: Migration, check: Check) -> str:
    """What does this check say, and why, where most of the time it was one thing?"""
    why = [words for name, words in SLOWED.items() if m.throughput.limit_shares.get(name, 0.0) > MAJORITY]
    is_slow = check.id == "throughput" and check.outcome == "fail" and why
    return f"{answer(check)} ({why[0]})" if is_slow else answer(check)


def _decided(m: Migration, lead: str = "") -> str:
    """Did it complete, and what speaks against it? `lead` is told first."""
    if not m.connections:
        return "; ".join(
            [UNSEEN[m.known_by], *(answer(c) for c in _in_order(m.checks) if c.decides and c.outcome == "fail")]
        )
    if m.verdict == "pass":
        return verdict_sentence(m) + (f", though {not_in_view(m)}" if "begin" in m.cut_at else "")
    worst = [check for check in m.checks if check.decides and check.outcome == m.verdict]
    worst = _in_order(worst) if m.verdict == "fail" else worst
    cause = root_cause(m) or guests_cause(m)
    effects = frozenset[str]() if cause is None else cause.explains
    first = [] if cause is None or m.verdict != "fail" else [cause.says]
    told = "; ".join([*first, *(_said(m, check) for check in worst if not first or check.id not in effects)])
    open_ones = [answer(check).removesuffix(CANNOT) for check in worst if answer(check).endswith(CANNOT)]
    if m.verdict == "undecided" and len(open_ones) == len(worst):
        told = f"it cannot be told {', nor '.join(open_ones)}" if worst else verdict_sentence(m)
    told = "; ".join(part for part in (lead, told) if part)
    done = any(check.id == "completed" and check.outcome == "pass" for check in m.checks)
    told = f"the migration completed, but {told}" if done else told
    return f"{told} ({not_in_view(m)})" if "begin" in m.cut_at else told


def _in_order(checks: Sequence[Check]) -> list[Check]:
    """Those first that are worst for the guest; the others as the report has them."""
    return sorted(checks, key=lambda c: FIRST_TOLD.index(c.id) if c.id in FIRST_TOLD else len(FIRST_TOLD))


def _did_not_work(m: Migration) -> str:
    """Which mechanisms failed, by name?"""
    every = [*(one for guest in m.guests for one in guest.mechanisms), *m.mechanisms]
    cause = root_cause(m) or guests_cause(m)
    effects = frozenset[str]() if cause is None else cause.explains
    names = list(dict.fromkeys(one.name for one in every if one.worked == "no" and one.name not in effects))
    plain = [FAILED[name] for name in names if name in FAILED]
    names = [name for name in names if name not in FAILED]
    told = f"{_listed(names)} did not do {'its' if len(names) == 1 else 'their'} part" if names else ""
    return "; ".join(part for part in (*plain, told) if part)


def _of_several(migrations: Sequence[Migration]) -> str:
    """How many failed, and which for what; what did peers feel? Those of which the same is said stand together."""
    tally = {word: [m for m in migrations if m.verdict == word] for word in WORST_FIRST}
    groups: dict[str, list[str]] = {}
    for m in (m for word in WORST_FIRST for m in tally[word]):
        decided = _decided(m) if m.verdict != "pass" or "begin" in m.cut_at else ""
        said = "; ".join(part for part in (decided, _did_not_work(m)) if part)
        if said:
            groups.setdefault(said, []).append(m.id)
    told = [f"{_listed(ids)}: {said}" for said, ids in list(groups.items())[:MOST_GROUPS]]
    left = sum(len(ids) for ids in list(groups.values())[MOST_GROUPS:])
    told += [f"{left} more for other reasons"] if left else []
    told += _felt(migrations)
    if len(tally["pass"]) == len(migrations):
        return "; ".join([f"all {len(migrations)} migrations met every deciding check", *told])
    counted = ", ".join(f"{len(found)} {TALLIED[word]}" for word, found in tally.items() if found)
    return f"of {len(migrations)} migrations {counted}: {'; '.join(told)}"


def _felt(migrations: Sequence[Migration]) -> list[str]:
    """Which guests were cut off from peers, and how long? The worst first; those that fared alike stand together."""
    known = [
        (away, m.id if len(m.guests) == 1 else f"{m.id} ({guest.mac})")
        for m in migrations
        for guest in m.guests
        if felt(m, guest) and (away := away_of(guest)) is not None and away.is_of_peers and any(away.weight)
    ]
    groups: dict[str, list[str]] = {}
    for away, name in sorted(known, key=lambda one: one[0].weight, reverse=True):
        groups.setdefault(away.sentence, []).append(name)
    named, left = list(groups.items())[:MOST_FELT], list(groups.values())[MOST_FELT:]
    told = [f"in {_listed(names)}: {sentence}" for sentence, names in named]
    if told:
        told[0] = f"peers felt most {told[0]}"
    return told + ([f"less in {count_of(sum(map(len, left)), 'further guest')}"] if left else [])


def _listed(names: Sequence[str]) -> str:
    """a, b and c; of many the first, and how many more."""
    shown, left = list(names[:MOST_NAMED]), len(names) - MOST_NAMED
    if left > 0:
        return f"{', '.join(shown)} and {left} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
