"""One address or MAC told in several tenants' networks: which of them is the guest's, or what is said of all."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case, joined, result
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.requests import packet_keys
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

CARRY_FRAMES = ("vxlan", "geneve")

LEAST_SHARED: Final = 3
"""Fewer packets in two networks may look alike by chance."""
SHARED_WITHIN_NS: Final = NS_PER_S
"""A gateway hands a packet on at once; what looks the same later is another."""


def of_networks(name: str, answers: Sequence[tuple[str, Mechanism]]) -> Mechanism | None:
    """
    What is said where each of these may be the guest's network? None where nothing is said of any.

    Parameters
    ----------
    answers
        What each is called, and what is said if it is the guest's.
    """
    if len(answers) < 2:
        return answers[0][1] if answers else None
    seen: list[Sighted] = []
    for _, said in answers:
        seen = joined(seen, said.evidence)
    each = "; ".join(f"in {network} {said.worked}: {said.because}" for network, said in answers)
    because = f"which network is the guest's is not in view; {each}"
    first = answers[0][1]
    if any(said.worked != first.worked for _, said in answers):
        return result(name, "undecided", because, seen)
    late = [said.latency_ms for _, said in answers if said.latency_ms is not None]
    known = max(late) if len(late) == len(answers) else None
    return msgspec.structs.replace(
        first, because=because, evidence=seen, latency_ms=known, latency_is_at_most=known is not None
    )


def own_overlays(case: Case) -> frozenset[int]:
    """In which overlays that carry Ethernet frames was the guest's MAC seen, none of another tenant's?"""
    mac = np.uint64(case.guest.mac)
    steps = tuple(step for name in CARRY_FRAMES for step in SHELLS[name].steps)
    found: set[int] = set()
    for view in case.views:
        rows = view.carriers.rows()
        mine = (rows.eth_src == mac) | (rows.eth_dst == mac)
        if mine.any():
            found |= set(np.unique(rows.vni[mine & is_carried_by(rows, steps)]).tolist())
    return frozenset(found) - foreign_overlays(case)


def bridged_overlays(case: Case, numbers: Iterable[int]) -> list[frozenset[int]]:
    """
    Which two of these numbers are one network, since a gateway between them hands the guest's packets on?

    It gives routes and frames other numbers and targets on their way to the other site (RFC 9014 3); the packets are
    the same ones. Two tenants' packets are not, however alike their machines are.
    """
    seen: dict[int, list[tuple[U64, I64]]] = {number: [] for number in numbers}
    for view in case.views:
        j, mine = view.journal, frames_of(view, case.guest)
        rows = np.concatenate([mine.sent_ip, mine.asked])
        for number, packets in seen.items():
            there = rows[j.vni[rows] == number]
            if len(there):
                packets.append((packet_keys(j, there), view.line.all_on_reference(j.ts_ns[there])))
    known = {number: _first_times(some) for number, some in seen.items() if some}
    return [frozenset(pair) for pair in combinations(sorted(known), 2) if _are_shared(*(known[n] for n in pair))]


def _first_times(some: Sequence[tuple[U64, I64]]) -> tuple[U64, I64]:
    """When was each of these packets first seen? By key."""
    keys, times = (np.concatenate(columns) for columns in zip(*some, strict=True))
    order = np.argsort(times, kind="stable")
    found, at = np.unique(keys[order], return_index=True)
    return found, times[order][at]


def _are_shared(one: tuple[U64, I64], other: tuple[U64, I64]) -> bool:
    """Are enough packets seen in both at the same time?"""
    _, here, there = np.intersect1d(one[0], other[0], assume_unique=True, return_indices=True)
    return int((np.abs(one[1][here] - other[1][there]) <= SHARED_WITHIN_NS).sum()) >= LEAST_SHARED


def numbers_of_guest(case: Case, carried: Iterable[tuple[PointView, I64]]) -> frozenset[int]:
    """
    Under which numbers are these packets for the guest carried that some point shows without what carries them?

    Another tenant's packets to the same address are never seen outside of its own network. Where no packet is seen
    both ways, its sender tells: two tenants that have that address twice, too, stay two.
    """
    rows_of = {view.name: rows for view, rows in carried}
    none = np.zeros(0, np.int64)
    for known_by in (packet_keys, _senders):
        plain = [none.astype(np.uint64)]
        for view in case.views:
            asked = frames_of(view, case.guest).asked
            bare = asked[(view.journal.vni[asked] < 0) & ~np.isin(asked, rows_of.get(view.name, none))]
            plain.append(known_by(view.journal, bare))
        found: set[int] = set()
        for view in case.views:
            rows, j = rows_of.get(view.name, none), view.journal
            found |= set(j.vni[rows[np.isin(known_by(j, rows), np.concatenate(plain))]].tolist())
        if found:
            return frozenset(found)
    return frozenset()


def _senders(j: JournalColumns, rows: I64) -> U64:
    """Whose packets are these?"""
    return j.src_low[rows]
