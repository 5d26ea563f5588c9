"""Connections that a proxy splits: by two points, by one, and what only looks like it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.migration.make import MS, S, journal, moves_of, rtt, side, stream, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.stream.split import LEAST_PINGS, find_split, longest_part_ns
from vmpcap.migration.views import PointView

SOURCE, DESTINATION = (stream().a_ip, stream().b_ip)
FIRST_DATA = 10 * S


def at(
    name: str,
    isn: int | None,
    frame: int = 1,
    *,
    acks: int = 1000,
    scale: int | None = 7,
    handshake: int | None = MS,
    **more: Any,
) -> PointView:
    """What one point shows of the stream: its SYN, how many ACKs came, how long the handshake took."""
    made = stream(start=FIRST_DATA)
    data = replace(made.sides[0], isn=isn, syn_frame=frame if isn is not None else None, window_scale=scale)
    data = replace(data, rtt=more.pop("trips", data.rtt), near_rtt=more.pop("near", data.near_rtt))
    data = replace(data, loop_rtt=more.pop("loops", data.loop_rtt))
    back = replace(made.sides[1], packets=acks, ttl_min=more.pop("ttl_min", 64), ttl_max=64)
    shaken = replace(made, sides=(data, back), handshake_ns=handshake, syn_to_synack_ns=more.pop("synack", None))
    return view(name, "source" if name == "a" else None, streams=(shaken,), **more)


def pings(
    took: int, count: int = LEAST_PINGS, start: int = S, asker: str = SOURCE, answerer: str = DESTINATION
) -> JournalColumns:
    """Echoes from host to host, one each 100 ms, and their answers."""
    rows: list[tuple[int, int, int, str, str]] = []
    for n in range(count):
        asked = start + n * 100 * MS
        rows += [(asked, 1, 2, asker, answerer), (asked + took, 2, 1, answerer, asker)]
    numbers = np.repeat(np.arange(count), 2).astype(np.uint16)
    kinds = np.tile([8, 0], count).astype(np.uint8)
    return journal(*rows)._replace(icmp_seq=numbers, icmp_type=kinds, icmp_id=np.full(2 * count, 9, np.uint16))


@pytest.mark.parametrize(
    ("other", "proof"),
    [
        ({"handshake": 11 * MS}, "handshakes of 1 ms and 11 ms"),
        ({"acks": 3000}, "1,000 and 3,000 acknowledgements"),
        ({"scale": 9}, "window scales"),
    ],
)
def test_other_numbers_and_more_are_two_connections(other: dict[str, Any], proof: str) -> None:
    """A WAN optimiser ends TCP on each side: nothing of one connection is that of the other."""
    (move,) = moves_of(at("a", 1000), at("b", 5_000_000, 44, **other))
    found = find_split(move)
    assert (found.found, found.point, found.frames) == (True, "b", (44,))
    assert proof in found.because


def test_other_numbers_alone_may_be_a_firewalls() -> None:
    """Many draw them anew and pass all else on: the same ACKs, the same time."""
    (move,) = moves_of(at("a", 1000), at("b", 5_000_000, acks=1040, handshake=MS + MS // 2, scale=None))
    found = find_split(move)
    assert found.found is None
    assert "firewall" in found.because


def test_the_same_number_everywhere_is_one_connection() -> None:
    """Checked, and in order."""
    (move,) = moves_of(at("a", 1000), at("b", 1000, acks=4000, handshake=40 * MS))
    assert find_split(move).found is False


def test_a_split_takes_the_handshake_at_two_points() -> None:
    """One point, or one that started later, cannot tell."""
    for views in ((at("a", 1000),), (at("a", 1000), at("b", None))):
        (move,) = moves_of(*views)
        assert find_split(move).found is None


def test_each_connection_is_held_against_itself() -> None:
    """Two connections have two numbers of their own at one point: no split."""
    both = tuple(
        replace(
            stream(a_port=50_000 + n),
            sides=(replace(stream().sides[0], isn=n, syn_frame=n), side(packets=1, mss=1460)),
        )
        for n in (1, 2)
    )
    (move,) = moves_of(view("a", streams=both), view("b", streams=both))
    assert find_split(move).found is False


def test_who_answers_tcp_sooner_than_pings_is_somebody_else() -> None:
    """The far host takes 10 ms, what acknowledges for it 30 us; one point is enough, the echoes are its evidence."""
    (move,) = moves_of(at("a", 1000, journal=pings(10 * MS), trips=rtt(30_000, 5 * MS)))
    found = find_split(move)
    assert (found.found, found.point, found.frames) == (True, "a", (1, 2))
    (back,) = moves_of(at("a", 1000, journal=pings(10 * MS, asker=DESTINATION, answerer=SOURCE), near=rtt(30_000)))
    assert find_split(back).found is True


@pytest.mark.parametrize(
    ("shown", "trips"),
    [
        (pings(10 * MS), rtt(9 * MS)),
        (pings(10 * MS), rtt(3 * MS)),
        (pings(900_000), rtt(30_000)),
        (pings(10 * MS, count=LEAST_PINGS - 1), rtt(30_000)),
        (pings(10 * MS, start=FIRST_DATA), rtt(30_000)),
        (pings(10 * MS, answerer="10.9.9.9"), rtt(30_000)),
    ],
    ids=["alike", "three times", "less than 1 ms", "too few", "behind its data", "another host"],
)
def test_what_is_longer_for_another_reason_is_no_proof(shown: JournalColumns, trips: Any) -> None:
    """A queue, jitter, ARP; and the host itself must be asked."""
    (move,) = moves_of(at("a", 1000, journal=shown, trips=trips))
    assert find_split(move).found is None


@pytest.mark.parametrize(
    ("odd", "words"),
    [({"ttl_min": 63}, "two machines"), ({"synack": 10 * MS, "trips": rtt(30_000)}, "connects onward first")],
)
def test_what_only_looks_like_a_split_is_said_and_decides_nothing(odd: dict[str, Any], words: str) -> None:
    """A changed route lowers TTLs, too, and ARP delays the first answer."""
    (move,) = moves_of(at("a", 1000, **odd))
    found = find_split(move)
    assert found.found is None
    assert words in found.because
    (plain,) = moves_of(at("a", 1000))
    assert words not in find_split(plain).because


def test_the_longest_part_is_the_shortest_trip_of_the_slowest_point() -> None:
    """A handshake may have waited for ARP: an echo of a time stamp that was quicker says so."""
    (move,) = moves_of(at("a", 1, handshake=MS), at("b", 2, handshake=22 * MS, loops=rtt(11 * MS, 30 * MS)))
    assert longest_part_ns(move) == 11 * MS
    (unknown,) = moves_of(at("a", 1, handshake=None))
    assert longest_part_ns(unknown) is None
