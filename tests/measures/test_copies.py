"""Copies: one packet captured twice."""

import random
from collections import Counter

import numpy as np
import pytest

from tests.measures.talk import ACK, echo, journal_of, pings, segment
from vmpcap.measures.copies import (
    COPY_AGAIN_NS,
    COPY_ELSEWHERE_NS,
    COPY_HERE_NS,
    COPY_NS,
    PLACE,
    SAME,
    find_likeness,
    is_first_copy,
)
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.kernels.likeness import digest_rows, mark_shared


def kept(*rows: dict[str, object]) -> list[bool]:
    return is_first_copy(journal_of(list(rows))).tolist()


def test_both_sides_of_a_router_are_one_packet() -> None:
    """Same identification, one hop fewer, other link addresses, a fraction of a millisecond later."""
    assert kept(echo(0, 1, ip_ttl=64), echo(0.3, 1, ip_ttl=63, eth_src=9, eth_dst=8)) == [True, False]


def test_a_mirror_of_two_ports_is_one_packet() -> None:
    """Alike in everything, some microseconds apart."""
    assert kept(echo(0, 1), echo(0.02, 1)) == [True, False]


def test_a_resent_segment_is_not_a_copy() -> None:
    """A retransmission has another identification, or comes later than any copy."""
    assert kept(segment(0, True, 1, 1, 10), segment(200, True, 1, 1, 10)) == [True, True]
    without = {"ip_id": 0}
    assert kept(segment(0, True, 1, 1, 10, **without), segment(200, True, 1, 1, 10, **without)) == [True, True]


def test_a_datagram_whose_identification_has_come_round_is_not_a_copy() -> None:
    """At 200,000 packets a second a host uses each identification three times a second: alike, and yet sent again."""
    assert kept(echo(0, 1, ip_id=7), echo(340, 1, ip_id=7)) == [True, True]
    assert kept(echo(0, 1, ip_id=7), echo(340, 1, ip_id=7, ip_ttl=63)) == [True, False]


def test_without_an_identification_a_copy_is_known_by_its_place() -> None:
    """IPv6 has none: another hop count within 20 ms is a copy, the same one after a millisecond is not."""
    first = echo(0, 1, ip_id=0)
    assert kept(first, echo(1, 1, ip_id=0, ip_ttl=63)) == [True, False]
    assert kept(first, echo(1, 1, ip_id=0)) == [True, True]


def test_different_packets_stay() -> None:
    """Requests and replies of a whole conversation are all kept, three copies of one are one."""
    assert all(kept(*pings(20, 10)))
    assert kept(echo(0, 1), echo(0.1, 1), echo(0.2, 1), echo(0.3, 2)) == [True, False, False, True]
    assert kept(segment(0, True, 5, 5, 0, ACK), segment(0, True, 5, 6, 0, ACK)) == [True, True]


def looked_through(rows: list[dict[str, object]]) -> list[bool]:
    """The same, row by row: each against the last one before it that no router could have made of it."""
    journal = journal_of(rows)
    last: dict[tuple[int, ...], int] = {}
    first = []
    for row in range(journal.rows):
        key = tuple(int(getattr(journal, name)[row]) for name in SAME)
        before = last.get(key)
        last[key] = row
        if before is None:
            first.append(True)
            continue
        elsewhere = any(getattr(journal, name)[row] != getattr(journal, name)[before] for name in PLACE)
        named = COPY_NS if elsewhere else COPY_AGAIN_NS
        unnamed = COPY_ELSEWHERE_NS if elsewhere else COPY_HERE_NS
        apart = int(journal.ts_ns[row] - journal.ts_ns[before])
        first.append(apart > (named if journal.ip_id[row] else unnamed))
    return first


def test_many_packets_are_told_apart_as_by_a_plain_look() -> None:
    """Few identifications, many places: most packets have others like them, near and far."""
    rng = random.Random(5)
    rows, ms, told = [], 0.0, 0
    for _ in range(4000):
        ms += rng.choice((0.0, 0.01, 0.05, 0.2, 5.0, 30.0, 400.0))
        where = rng.choice(({}, {"ip_ttl": 63}, {"eth_src": 9, "eth_dst": 8}))
        rows.append(echo(ms, rng.randrange(6), ip_id=rng.choice((0, 7)), **where))
    found = kept(*rows)
    told = found.count(False)
    assert found == looked_through(rows)
    assert 100 < told < 3900


def test_rows_may_be_some_of_the_journals() -> None:
    """A copy is one of what is asked about: without the first, the second is the first."""
    journal = journal_of([echo(0, 1), echo(0.02, 1), echo(0.04, 1)])
    assert is_first_copy(journal, np.array([1, 2])).tolist() == [True, False]
    assert is_first_copy(journal, np.array([], np.int64)).tolist() == []


@pytest.mark.parametrize("seed", range(40))
def test_what_is_alike_in_all_of_the_journal_may_be_found_before(seed: int) -> None:
    """Of some rows the same are first copies, though their copies may not be among them."""
    rng = random.Random(seed)
    rows = [echo(n * rng.choice((0.01, 0.2)), rng.randrange(9), ip_ttl=rng.choice((63, 64))) for n in range(60)]
    journal = journal_of(sorted(rows, key=lambda row: row["ts_ns"]))
    some = np.array(sorted(rng.sample(range(60), rng.randrange(61))), np.int64)
    found = is_first_copy(journal, some)
    assert is_first_copy(journal, some, find_likeness(journal)).tolist() == found.tolist()
    assert len(some) < 30 or not found.all()


def test_each_column_that_no_router_changes_is_in_the_digest() -> None:
    """One more in any of them is another packet, and nothing else is looked at."""
    journal = journal_of([segment(0, True, 5, 6, 10)])
    digests = set()
    for name in (None, *SAME):
        changed = journal if name is None else journal._replace(**{name: getattr(journal, name) + 1})
        digest = np.empty(1, np.uint64)
        digest_rows(journal_like(changed), np.zeros(1, np.int64), digest)
        digests.add(int(digest[0]))
    assert len(digests) == 1 + len(SAME)


@pytest.mark.parametrize("seed", range(100))
def test_shared_digests_are_those_that_stand_there_twice(seed: int) -> None:
    """Also where many of them would take the same place of the table."""
    rng = random.Random(seed)
    crowded = [rng.randrange(16) << rng.choice((0, 5, 60)) for _ in range(rng.randrange(300))]
    digest, table = np.array(crowded, np.uint64), np.full(2 << len(crowded).bit_length(), -1, np.int32)
    digest.flags.writeable = False
    found, times = np.empty(len(crowded), np.bool_), Counter(crowded)
    mark_shared(digest, table, found)
    assert found.tolist() == [times[one] > 1 for one in crowded]


def journal_like(columns: JournalColumns) -> JournalColumns:
    """Read-only, as a journal's columns are."""
    for column in columns:
        column.flags.writeable = False
    return columns
