"""What made a sender send again, and how late a late segment came: the kernel and a twin say the same."""

import random
from collections import Counter

import pytest

from tests.measures.stories import ACK, MS, US, Packet, cut_at_random
from tests.measures.test_analysis import CLIENT, SERVER, judged, told
from tests.twins.recovery import recovery_of

SIZE = 10
NAMES = (
    "came_late",
    "sent_again",
    "resent_reported",
    "resent_timeout",
    "resent_tail",
    "late_most_bytes",
    "late_most_segments",
    "late_most_ns",
)


def story(rng: random.Random, steps: int = 150) -> list[Packet]:
    """A sender beside the capture point, a path that drops and reorders, a receiver that tells what it has."""
    packets: list[Packet] = []
    now, number, sent, held = MS, 100, 0, []
    arrived: set[int] = set()

    def send(index: int, passes_later: bool) -> None:
        nonlocal number
        number += rng.randint(1, 3)
        one = Packet(now, *CLIENT, *SERVER, seq=100 + SIZE * index, ack=1, size=SIZE, number=number)
        if passes_later:
            held.append((index, one))
        else:
            pass_by(index, one)

    def pass_by(index: int, one: Packet) -> None:
        packets.append(one._replace(ts_ns=now))
        if rng.random() < 0.8:
            arrived.add(index)
            answer()

    def answer() -> None:
        missing = next(n for n in range(sent + 2) if n not in arrived)
        beyond = sorted(n for n in arrived if n > missing)[:2]
        blocks = tuple((100 + SIZE * n, 110 + SIZE * n) for n in beyond) if rng.random() < 0.7 else ()
        packets.append(Packet(now + 10 * US, *SERVER, *CLIENT, seq=1, ack=100 + SIZE * missing, sack=blocks))

    for _ in range(steps):
        now += rng.choice((50 * US, 50 * US, MS, 30 * MS, 250 * MS))
        if held and rng.random() < 0.4:
            pass_by(*held.pop(0))
        elif sent and rng.random() < 0.3:
            send(rng.randrange(max(0, sent - 6), sent), passes_later=False)
        else:
            sent += 1
            send(sent - 1, passes_later=rng.random() < 0.15 and sent > 1)
    return packets


def found(batches: list[list[Packet]]) -> dict[str, int]:
    one = judged(batches)[1].told[0, 0]
    return {name: int(one[name]) for name in NAMES}


@pytest.mark.parametrize("seed", range(150))
def test_the_kernel_says_what_the_twin_says(seed: int) -> None:
    """Wherever the batches are cut."""
    rng = random.Random(seed)
    packets = story(rng)
    wanted = recovery_of(packets, told(packets), CLIENT)
    assert found(cut_at_random(rng, packets)) == {name: wanted[name] for name in NAMES}


def test_stories_meet_every_case() -> None:
    """What no story shows was not compared."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        packets = story(random.Random(seed))
        seen.update(recovery_of(packets, told(packets), CLIENT))
    assert all(seen[name] > 0 for name in NAMES)


def data(at: int, index: int, number: int) -> Packet:
    return Packet(at, *CLIENT, *SERVER, seq=100 + SIZE * index, ack=1, size=SIZE, number=number)


def reply(at: int, ack: int, sack: tuple[tuple[int, int], ...] = ()) -> Packet:
    return Packet(at, *SERVER, *CLIENT, seq=1, ack=ack, flags=ACK, sack=sack)


@pytest.mark.parametrize(
    ("between", "again_at", "index", "wanted"),
    [
        ([reply(2 * MS, 110, ((120, 130),))], 3 * MS, 1, (1, 0, 0)),  # SACK names what came behind it
        ([reply(2 * MS, 110), reply(2 * MS + US, 110)], 3 * MS, 1, (1, 0, 0)),  # the ACK repeated
        ([reply(2 * MS, 110)], 3 * MS, 1, (0, 0, 0)),  # nothing was reported, and too soon for a timeout
        ([reply(2 * MS, 110)], 300 * MS, 1, (0, 1, 0)),
        ([reply(2 * MS, 120)], 10 * MS, 2, (0, 0, 1)),  # a tail loss probe (RFC 8985)
        ([reply(2 * MS, 120)], 300 * MS, 2, (0, 1, 1)),
    ],
)
def test_what_made_it_send_again(
    between: list[Packet], again_at: int, index: int, wanted: tuple[int, int, int]
) -> None:
    """Three segments, some answers, and one of the three once more."""
    packets = [data(MS, 0, 100), data(MS + US, 1, 101), data(MS + 2 * US, 2, 102), *between, data(again_at, index, 103)]
    one = found([packets])
    assert (one["resent_reported"], one["resent_timeout"], one["resent_tail"]) == wanted
    assert one["sent_again"] == 1


def test_how_late_a_late_segment_came() -> None:
    """Two segments overtook it, the first one half a millisecond before; sent again, neither overtakes twice."""
    overtaken = [data(MS, 0, 100), data(MS + US, 2, 102), data(MS + 2 * US, 3, 103), data(MS + 501 * US, 1, 101)]
    for packets in (overtaken, [*overtaken[:3], data(MS + 9 * US, 3, 104), overtaken[3]]):
        one = found([packets])
        assert (one["came_late"], one["late_most_bytes"]) == (1, 3 * SIZE)
        assert (one["late_most_segments"], one["late_most_ns"]) == (2, 500 * US)


@pytest.mark.parametrize("behind", range(1, 40))
def test_the_extent_is_how_many_places_one_segment_fell_back(behind: int) -> None:
    """RFC 4737 4.2.2 with one late segment: places between the first that overtook it and itself."""
    order = [0, *range(2, 2 + behind), 1, *range(2 + behind, 50)]
    packets = [data(MS + place * US, index, 100 + index) for place, index in enumerate(order)]
    one = found([packets[:7], packets[7:20], packets[20:]])
    assert (one["came_late"], one["late_most_segments"], one["late_most_ns"]) == (1, behind, behind * US)
