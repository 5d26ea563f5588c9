"""One address or MAC told in several tenants' networks: which of them is the guest's, or what is said of all."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case, joined, result
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.packet_keys import ENDS, packet_keys
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

CARRY_FRAMES = ("vxlan", "geneve")

LEAST_SHARED: Final = 3
"""Fewer packets in two networks may look alike by chance. A choice: of 16-bit numbers one is in 65,536 alike."""
SHARED_WITHIN_NS: Final = NS_PER_S
"""
A gateway hands a packet on at once; what looks the same later is another. A choice: far more than a hand-over takes, so
that clocks of two points may be off by some, and less than IP numbers take to come again.
"""

ECHOES: Final = (IP_ICMP, IP_ICMPV6)

Seen = dict[str, tuple[U64, I64]]
"""Which packets were seen, and when first; those that the guest sent and those for it apart."""


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
    rows_of = {view.name: _named_packets(view, case) for view in case.views}
    known = {number: seen for number in numbers if (seen := _seen_in(number, case.views, rows_of))}
    return [frozenset(pair) for pair in combinations(sorted(known), 2) if _are_shared(*(known[n] for n in pair))]


def _named_packets(view: PointView, case: Case) -> dict[str, I64]:
    """Rows of the packets from the guest and to it that a number of their own tells from others of the same ends."""
    mine, j = frames_of(view, case.guest), view.journal
    return {way: rows[_is_named(j, rows)] for way, rows in (("sent", mine.sent_ip), ("asked", mine.asked))}


def _is_named(j: JournalColumns, rows: I64) -> Bools:
    """
    Has each of these packets a number: of IP, of TCP, or an echo's?

    IPv6 has none, nor has a datagram of IPv4 that must not be cut, where its sender writes 0 (RFC 6864 4.1).
    """
    is_tcp, is_echo = j.ip_protocol[rows] == IP_TCP, np.isin(j.ip_protocol[rows], ECHOES)
    named: Bools = (j.ip_id[rows] != 0) | (is_tcp & (j.tcp_seq[rows] != 0)) | (is_echo & (j.icmp_seq[rows] != 0))
    return named


def _seen_in(number: int, views: Sequence[PointView], rows_of: Mapping[str, Mapping[str, I64]]) -> Seen:
    """When was each of these packets first seen in the network of this number?"""
    found: Seen = {}
    for way in ("sent", "asked"):
        some = []
        for view in views:
            j, rows = view.journal, rows_of[view.name][way]
            there = rows[j.vni[rows] == number]
            some.append((packet_keys(j, there, ENDS), view.line.all_on_reference(j.ts_ns[there])))
        if any(len(keys) for keys, _ in some):
            found[way] = _first_times(some)
    return found


def _first_times(some: Sequence[tuple[U64, I64]]) -> tuple[U64, I64]:
    """When was each of these packets first seen? By key."""
    keys, times = (np.concatenate(columns) for columns in zip(*some, strict=True))
    order = np.argsort(times, kind="stable")
    found, at = np.unique(keys[order], return_index=True)
    return found, times[order][at]


def _are_shared(one: Seen, other: Seen) -> bool:
    """
    Are enough packets seen in both at the same time?

    Those of one direction all pass the gateway from the same side: one that came sooner in the second network, where
    others came later, is another packet, and so may they be.
    """
    count = 0
    for way in one.keys() & other.keys():
        (keys, times), (others, later) = one[way], other[way]
        _, here, there = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
        apart = later[there] - times[here]
        apart = apart[np.abs(apart) <= SHARED_WITHIN_NS]
        if (apart > 0).any() and (apart < 0).any():
            return False
        count += len(apart)
    return count >= LEAST_SHARED


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
