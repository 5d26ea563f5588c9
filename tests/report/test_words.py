"""How figures, times and answers are worded."""

import math
import random
import re

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.report.sample import GOOD_CHECKS, at, capture, good, lost_guest, migration
from vmpcap.report.document import Defect, Guess
from vmpcap.report.input_words import guess_words, odd_inputs, odd_words, try_next
from vmpcap.report.words import (
    VERDICTS,
    between,
    figure,
    figure_bound,
    frame_list,
    held_against_limit,
    nanoseconds,
    seconds_between,
    size,
    span,
    span_bound,
    stamp,
    tunnels,
    verdict_sentence,
)
from vmpcap.terms.digits import Side
from vmpcap.terms.units import count_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (733.9, "734 Mbps"),
        (1038.4, "1,038 Mbps"),
        (99.97, "100 Mbps"),
        (43.51, "43.5 Mbps"),
        (9.9998, "10.0 Mbps"),
        (5.0, "5 Mbps"),
        (2.162, "2.16 Mbps"),
        (0.14, "0.14 Mbps"),
        (0.0996, "0.10 Mbps"),
        (0.0324, "0.032 Mbps"),
        (0.00012, "0.00012 Mbps"),
        (0.0, "0 Mbps"),
        (-3.25, "-3.25 Mbps"),
        (None, "unknown"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_a_figure_has_about_three_digits_and_its_unit(value: float | None, shown: str) -> None:
    """Three where they tell something, two below 1, none behind the point of a whole number."""
    assert figure(value, "Mbps") == shown


@given(value=st.floats(0.0001, 1e6), limit=st.floats(0.0001, 1e6))
def test_a_figure_is_shown_on_its_side_of_the_limit(value: float, limit: float) -> None:
    """621.97 beside 622 is not shown as 622: the reader would see a failure where the limit is met."""
    assume(abs(value - limit) > 1e-8)
    shown = float(figure(value, "", beside=limit).replace(",", ""))
    assert (shown < limit) == (value < limit)
    assert shown == pytest.approx(value, rel=0.051 if value < 1 else 0.0051)


@pytest.mark.parametrize(
    ("check", "shown"),
    [
        ({"measured": 621.97, "limit": 622.0, "unit": "Mbps", "id": "throughput"}, "621.97 Mbps (at least 622 Mbps)"),
        ({"measured": 0.151, "limit": 5.0, "unit": "ms", "id": "rtt"}, "0.15 ms (at most 5 ms)"),
        ({"measured": None, "limit": 5.0, "unit": "ms", "id": "rtt"}, "not measured (at most 5 ms)"),
        ({"measured": 170.0, "limit": None, "unit": "ms", "id": "switchover"}, "170 ms"),
        ({"measured": 0.00108, "limit": 0.001, "unit": "share", "id": "retransmissions"}, "0.11 % (at most 0.10 %)"),
        ({"measured": None, "limit": None, "unit": "", "id": "completed"}, ""),
    ],
)
def test_a_figure_stands_beside_its_limit(check: dict[str, object], shown: str) -> None:
    """Throughput has a minimum, everything else a maximum."""
    assert held_against_limit(msgspec.structs.replace(GOOD_CHECKS[0], **check)) == shown


@pytest.mark.parametrize(
    ("bytes_", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (105_393_557, "105 MB"),
        (999_999_999, "1 GB"),
        (4_321_000_000_000_000, "4,321 TB"),
    ],
)
def test_sizes_are_decimal(bytes_: int, shown: str) -> None:
    """1 MB is 10^6 bytes, and no size is written as 1e+03."""
    assert size(bytes_) == shown


@given(st.integers(0, 10**16))
def test_a_size_is_near_the_bytes_it_stands_for(bytes_: int) -> None:
    """Within the three digits that are shown, whatever the unit."""
    number, unit = size(bytes_).split()
    scale = {"byte": 1, "bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert float(number.replace(",", "")) * scale == pytest.approx(bytes_, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0 ms"),
        (0.0884, "88.4 ms"),
        (0.9996, "1 s"),
        (1.39, "1.39 s"),
        (99.96, "100 s"),
        (119.4, "119 s"),
        (119.9, "2 min 0 s"),
        (125, "2 min 5 s"),
        (7_199.7, "2 h 0 min"),
        (90_000, "25 h 0 min"),
        (-3.0, "-3 s"),
        (None, "unknown"),
    ],
)
def test_a_stretch_of_time_is_written_as_people_say_it(seconds: float | None, shown: str) -> None:
    """Milliseconds, seconds, minutes, hours; no 60 in front of a smaller unit."""
    assert span(seconds) == shown


@given(st.floats(0.002, 10**6))
def test_a_stretch_of_time_is_near_the_seconds_it_stands_for(seconds: float) -> None:
    """The parts add up again, within the digits that are shown."""
    scale = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
    parts = [float(n.replace(",", "")) * scale[u] for n, u in re.findall(r"([\d.,]+) (ms|min|s|h)", span(seconds))]
    assert sum(parts) == pytest.approx(seconds, rel=0.006)


def test_times_are_utc_to_the_millisecond() -> None:
    """The day is said once where both ends are on it."""
    assert stamp("2026-07-14T02:40:06.616999999Z") == "2026-07-14 02:40:06.616 UTC"
    assert between(at(6.616), at(8.006)) == "2026-07-14 02:40:06.616 to 02:40:08.006 UTC"
    assert between("2026-07-14T23:59:59.5Z", "2026-07-15T00:00:01Z").count("2026") == 2
    assert stamp(None) == "unknown"
    assert between(None, None) == "unknown to unknown"


def test_nanoseconds_are_exact() -> None:
    """A float of seconds since 1970 would lose the last three digits."""
    assert nanoseconds("2026-07-14T02:40:06.000000001Z") == 1_783_996_806_000_000_001
    assert nanoseconds(None) is nanoseconds("") is nanoseconds("soon") is None
    assert seconds_between("2026-07-14T02:40:06.000000001Z", "2026-07-14T02:40:06.000000003Z") == 2e-9
    assert seconds_between(None, at(1)) is None


@given(st.lists(st.integers(1, 60), max_size=40))
def test_a_list_of_frames_names_or_counts_every_frame(frames: list[int]) -> None:
    """Runs are written as a-b, what does not fit is counted."""
    shown = frame_list(frames, most=5)
    listed, _, left = shown.partition(" and ")
    named = set()
    for part in filter(None, listed.split(", ")):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    more = int(left.removesuffix(" more")) if left else 0
    assert named <= set(frames)
    assert len(named) + more == len(set(frames))
    assert (more == 0) == (named == set(frames))


def test_the_verdict_sentence_names_the_worst_answers() -> None:
    """As a person would say it, not by ids."""
    assert verdict_sentence(good().migrations[0]) == "the migration met every deciding check"
    assert verdict_sentence(lost_guest().migrations[0]) == (
        "the guest's announcement did not reach its new broadcast domain; the guest was not reachable afterwards"
    )
    assert verdict_sentence(migration(checks=[], verdict="undecided")) == "no check decides under this profile"
    assert set(VERDICTS) == {"pass", "fail", "undecided"}


def test_oddities_of_captures_are_grouped() -> None:
    """One kind is said once, with the points that have it."""
    report = lost_guest()
    assert odd_inputs(report) == "cut_short at dst-guestbr; frames not walked to the end at dst-guestbr"
    assert odd_inputs(good()) == ""
    cut = msgspec.structs.replace(
        good(), inputs=[capture("a", None, truncated=True), capture("b", None, truncated=True)]
    )
    assert odd_inputs(cut) == "cut short at a, b"


def test_only_tags_and_tunnels_are_worth_a_word() -> None:
    """Plain TCP over IP over any link is what everybody expects."""
    plain = ["eth/ip/tcp", "eth/ipv6/tcp", "sll/ip/tcp", "raw/ipv6/tcp", "null/ip/tcp"]
    inside = ["eth/vlan/ip/tcp", "eth/ip/udp/vxlan/eth/ip/tcp", "eth/ip/ip/tcp", "eth/mpls/ip/tcp"]
    assert tunnels(plain) == []
    assert tunnels([*plain, *inside]) == inside


def test_commands_to_try_can_be_pasted_into_a_shell() -> None:
    """A file name with blanks and quotes stays one word."""
    odd = msgspec.structs.replace(good(), inputs=[capture("a", None, path="my 'odd' file.pcap")])
    commands = [command for command, _ in try_next(odd)]
    assert commands[0] == "vmpcap flows 'my '\"'\"'odd'\"'\"' file.pcap'"


def test_counted_things_have_their_plural() -> None:
    """One capture, three captures, none without a noun."""
    assert [count_of(n, "capture") for n in (0, 1, 3, 4_000)] == [
        "0 captures",
        "1 capture",
        "3 captures",
        "4,000 captures",
    ]


def test_guesses_have_a_line_where_bytes_were_weighed_or_came_to_nothing() -> None:
    def guess(choice: str, chosen: str | None, doubtful: int) -> Guess:
        first = 7 if doubtful else None
        return Guess(
            choice=choice, chosen=chosen, frames=1200, doubtful=doubtful, first_frame=3, first_doubtful=first,
            override="udp.port==1,PROTOCOL",
        )  # fmt: skip

    how = "(first frame 3; --decode-as udp.port==1,PROTOCOL overrides)"
    guesses = [
        guess("labelled", "pw", 0),
        guess("labelled", "ip", 2),
        guess("natt", None, 1200),
    ]
    assert guess_words(msgspec.structs.replace(good().inputs[0], guesses=guesses)) == [
        f"1,200 frames taken for pw by their bytes {how}",
        f"1,200 frames taken for ip by their bytes, 2 of them doubtful from frame 7 on {how}",
        f"1,200 frames look like nothing that may stand there {how}",
    ]


def test_frames_a_little_out_of_order_are_no_clock_that_was_set_back() -> None:
    """Both are steps back in time; only the larger ones contradict "no clock was set back"."""
    step = Defect(kind="time_backwards", count=113, first_frame=190, detail="largest step 0.000020791 s", minor=True)
    (said,) = odd_words(capture("a", None, defects=[step]))
    assert said.endswith("no clock was set back")
    (said,) = odd_words(capture("a", None, defects=[msgspec.structs.replace(step, minor=False)]))
    assert "no clock" not in said


SIDES: tuple[Side, Side] = ("least", "most")


@pytest.mark.parametrize("seed", range(200))
def test_a_bound_in_words_never_says_more_than_is_known(seed: int) -> None:
    """A lower one is read back as no more, an upper one as no less, and both are near; times of any length."""
    rng = random.Random(seed)
    seconds = round(10 ** rng.uniform(-3, 6), 9)
    units = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}

    def read(text: str) -> float:
        words = text.replace(",", "").split()
        return sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))

    low, high = (read(span_bound(seconds, side)) for side in SIDES)
    assert low <= seconds * (1 + 1e-12)
    assert high >= seconds * (1 - 1e-12)
    assert high - low <= seconds / 50
    least, most = (float(figure_bound(seconds, "s", side).removesuffix(" s").replace(",", "")) for side in SIDES)
    assert least <= seconds <= most
    assert most - least <= seconds / 9  # small figures have two digits


@pytest.mark.parametrize(
    ("seconds", "least", "most"),
    [
        (0.3333, "333 ms", "334 ms"),
        (0.333, "333 ms", "333 ms"),
        (0.9996, "999 ms", "1 s"),
        (4.35, "4.35 s", "4.35 s"),
        (100.2, "100 s", "101 s"),
        (119.7, "119 s", "2 min 0 s"),
        (7_201.0, "2 h 0 min", "2 h 1 min"),
        (0.0, "0 ms", "0 ms"),
    ],
)
def test_what_is_known_to_the_digit_is_told_as_it_is(seconds: float, least: str, most: str) -> None:
    """And what is not goes outward."""
    assert (span_bound(seconds, "least"), span_bound(seconds, "most")) == (least, most)
