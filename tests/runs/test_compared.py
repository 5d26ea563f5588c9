"""Many migrations as distributions: what counts once, what is concluded, and what is not."""

import itertools

import msgspec
import pytest

from tests.report.made import one_line
from tests.report.sample import good, guest, migration
from vmpcap.migration.results import Peer, Switchover
from vmpcap.report.comparison import Comparison, Difference, Spread
from vmpcap.report.comparison_looks import comparison_to_html, comparison_to_markdown, comparison_to_terminal
from vmpcap.report.comparison_pipelines import comparison_to_junit, comparison_to_metrics
from vmpcap.report.document import Migration, Opening
from vmpcap.report.look import Look
from vmpcap.runs.against_limits import held_against
from vmpcap.runs.compared import bench, compare
from vmpcap.runs.gathered import Given, counted_once
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import Profile

DAY = "2026-07-{day:02d}T02:40:{second:02d}.000000000Z"


def moved(day: int, mbps: float = 700.0, **other: object) -> Migration:
    """A migration of that day with this goodput."""
    plain = migration()
    rate = msgspec.structs.replace(plain.throughput, bulk_mbps=mbps)
    times = {"start_ts": DAY.format(day=day, second=1), "end_ts": DAY.format(day=day, second=9)}
    return msgspec.structs.replace(plain, throughput=rate, **{**times, **other})


def given(side: str, *migrations: Migration, name: str = "") -> list[Given]:
    """One report for each of them."""
    return [
        Given(f"{name or side}{number}.json", side, "report", "0.1.0", (one,))
        for number, one in enumerate(migrations, 1)
    ]


def compared(a: list[Migration], b: list[Migration]) -> Comparison:
    """The two sides against each other."""
    inputs = [*given("A", *a), *given("B", *b)]
    return compare(inputs, *counted_once(inputs))


def difference(document: Comparison, figure: str) -> Difference:
    """The row of this figure."""
    return next(d for d in document.differences if d.figure == figure)


def spread(document: Comparison, figure: str, group: int = 0) -> Spread:
    """The spread of this figure in one group."""
    return next(s for s in document.groups[group].spreads if s.figure == figure)


def test_a_clear_difference_is_told_with_its_interval() -> None:
    """Five migrations a side that do not overlap: 2 of 252 deals do as much."""
    document = compared([moved(d, 400.0 + d) for d in range(1, 6)], [moved(d, 800.0 + d) for d in range(11, 16)])
    found = difference(document, "throughput")
    assert (found.word, found.shift, found.cliffs_delta, found.chance) == ("higher", 410.0, 1.0, 2 / 252)
    assert found.shift_low is not None
    assert found.shift_high is not None
    assert 400 < found.shift_low <= 410 <= found.shift_high < 420


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_are_never_a_difference(count: int) -> None:
    """However far apart they are."""
    document = compared([moved(d, 10.0) for d in range(1, count + 1)], [moved(d, 900.0) for d in range(11, 11 + count)])
    found = difference(document, "throughput")
    assert (found.word, found.shift_low, found.shift_high) == ("undecided", None, None)
    assert found.shift == 890.0
    assert {d.word for d in document.differences} == {"undecided"}
    assert any("fewer than 4 migrations in A" in note for note in document.notes)
    assert spread(document, "throughput").median_low is None


def test_one_against_many_is_no_difference_either() -> None:
    """The smaller side decides what can be told."""
    document = compared([moved(1, 10.0)], [moved(d, 900.0) for d in range(2, 30)])
    assert difference(document, "throughput").word == "undecided"


def test_alike_sides_leave_a_difference_open_and_say_how_large() -> None:
    """No difference shown is not: no difference."""
    rates = [500.0, 700.0, 600.0, 800.0, 650.0]
    document = compared(
        [moved(d, r) for d, r in enumerate(rates, 1)], [moved(d, r + 10) for d, r in enumerate(rates, 11)]
    )
    found = difference(document, "throughput")
    assert found.word == "undecided"
    assert "is not excluded" in found.because


def test_a_migration_seen_by_two_inputs_counts_once() -> None:
    """The one with more figures counts, and the input that counts for less says why."""
    poor = moved(1, rtt=msgspec.structs.replace(migration().rtt, coverage="destination_half"))
    inputs = [*given("", poor, name="a"), *given("", moved(1), name="b")]
    counted, doubles = counted_once(inputs)
    document = bench(inputs, counted, doubles, "hosts")
    assert [g.migrations for g in document.groups] == [1]
    assert [(s.migrations, s.counted, bool(s.because)) for s in document.inputs] == [(1, 0, True), (1, 1, False)]
    assert spread(document, "rtt_p50").n == 1


def part(one: Migration, begin: int, end: int, *cut: str, **other: object) -> Migration:
    """What a capture from this second to that one holds of it: fewer bytes, its SYN only with its begin."""
    day = (one.start_ts or "")[:17]
    kept = [o if "begin" not in cut else msgspec.structs.replace(o, sequence=None) for o in one.openings]
    known = {
        "start_ts": f"{day}{begin:02d}.000000000Z",
        "end_ts": f"{day}{end:02d}.000000000Z",
        "bytes": msgspec.structs.replace(one.bytes, unique=one.bytes.unique // 3),
        "is_cut": True,
        "cut_at": list(cut),
        "openings": kept,
    }
    return msgspec.structs.replace(one, **{**known, **other})


def opened(day: int = 1, port: int = 50_100, sequence: int | None = 7, **other: object) -> Migration:
    """A migration of that day whose connection is known."""
    return moved(day, openings=[Opening(source_port=port, destination_port=8000, sequence=sequence)], **other)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_capture_and_parts_of_it_are_one_migration(order: tuple[int, ...]) -> None:
    """In whichever order they are named, the whole one counts, and a note says which does not."""
    whole = opened()
    made = [whole, part(whole, 1, 4, "end"), part(whole, 6, 9, "begin")]
    inputs = given("", *[made[n] for n in order])
    document = bench(inputs, *counted_once(inputs), "hosts")
    assert [g.migrations for g in document.groups] == [1]
    assert [s.counted for s in document.inputs] == [int(made[n] is whole) for n in order]
    assert sum("only a part is in view" in note for note in document.notes) == 2


def test_parts_of_other_connections_are_migrations_of_their_own() -> None:
    """Two guests that move at once between the same hosts; and one port that is used again later."""
    whole = opened()
    other = part(opened(port=50_200), 2, 5, "begin")
    later = part(opened(), 20, 24, "begin")
    again = part(opened(sequence=99), 1, 4, "end")
    for two in (other, later, again, opened(port=50_200)):
        assert len(counted_once(given("", whole, two))[0]) == 2


def test_the_two_connections_that_a_proxy_joins_are_one_migration() -> None:
    """It goes by the hosts' addresses and ports, with numbers of its own: the same bytes at the same time."""
    assert len(counted_once(given("", opened(), opened(sequence=99)))[0]) == 1


def test_clocks_that_stand_apart_do_not_make_two_of_a_connection() -> None:
    """It begins with one number at both points; a day later the same number is chance, or made by a program."""
    late = opened(start_ts=DAY.format(day=1, second=31), end_ts=DAY.format(day=1, second=39))
    counted, doubles = counted_once(given("", opened(), late))
    assert (len(counted), list(doubles)) == (1, [1])
    assert len(counted_once(given("", opened(1), opened(2)))[0]) == 2


def test_a_migration_cannot_be_on_both_sides() -> None:
    """It would be compared with itself."""
    with pytest.raises(RequestError, match="both sides"):
        compared([moved(1)], [moved(1)])


def test_two_guests_on_one_way_at_a_time_are_two_migrations() -> None:
    """Their bytes differ."""
    other = moved(1, bytes=msgspec.structs.replace(migration().bytes, unique=10**9))
    inputs = given("", moved(1), other)
    assert len(counted_once(inputs)[0]) == 2


def test_an_outage_that_never_ended_counts_as_longest() -> None:
    """Leaving it out would make the worst migrations look best."""
    guest = migration().guests[0]
    gone = Peer(peer="10.99.0.2", protocol="icmp", survived=False, outage_ms=None)
    lost = moved(1, guests=[msgspec.structs.replace(guest, peers=[gone])])
    inputs = given("", lost, moved(2), moved(3))
    found = spread(bench(inputs, *counted_once(inputs), "all"), "outage")
    assert (found.n, found.unended, len(found.values), found.most) == (3, 1, 2, None)


@pytest.mark.parametrize(
    ("until", "lost", "is_known"), [("02:40:10", 400, False), ("02:40:05.3", 30, False), ("02:40:05.2", 2, True)]
)
def test_a_peer_that_gave_up_leaves_the_longest_outage_unknown(until: str, lost: int, is_known: bool) -> None:
    """It was gone for at least as long as it asked; one or two requests at the end of the view prove nothing."""
    guest = migration().guests[0]
    times = {"from_ts": "2026-07-01T02:40:05.000000000Z", "to_ts": f"2026-07-01T{until}Z"}
    peers = [
        Peer(peer="10.99.0.2", protocol="icmp", survived=True, outage_ms=170.0, lost=8),
        Peer(peer="10.99.0.7", protocol="icmp", survived=None, outage_ms=None, lost=lost, **times),
    ]
    switched = msgspec.structs.replace(guest.switchover, peer_outage_ms=170.0)
    one = moved(1, guests=[msgspec.structs.replace(guest, peers=peers, switchover=switched)])
    inputs = given("", one, moved(2))
    found = spread(bench(inputs, *counted_once(inputs), "all"), "outage")
    assert (found.unknown, 170.0 in found.values) == (0 if is_known else 1, is_known)
    assert is_known or "stopped asking" in found.because


@pytest.mark.parametrize(
    ("low", "high", "is_known"), [(100.0, 160.0, True), (100.0, 700.0, False), (300.0, 900.0, False)]
)
def test_a_conversation_that_tells_no_length_hides_only_what_it_may_exceed(
    low: float, high: float, is_known: bool
) -> None:
    """Cut off for up to 700 ms, it may have been longer than the 170 ms of the other peer: nobody knows by how much."""
    guest = migration().guests[0]
    bounds = {"outage_low_ms": low, "outage_high_ms": high, "lost": 2}
    peers = [
        Peer(peer="10.99.0.2", protocol="icmp", survived=True, outage_ms=170.0, lost=8),
        Peer(peer="10.99.0.7", protocol="udp/53", survived=True, outage_ms=None, **bounds),
    ]
    switched = msgspec.structs.replace(guest.switchover, peer_outage_ms=170.0 if is_known else None)
    one = moved(1, guests=[msgspec.structs.replace(guest, peers=peers, switchover=switched)])
    inputs = given("", one)
    found = spread(bench(inputs, *counted_once(inputs), "all"), "outage")
    assert found.values == ([170.0] if is_known else [])
    assert is_known or "only bounds are known" in found.because


def test_the_idle_round_trip_is_that_of_the_check_and_none_with_data_in_flight() -> None:
    """Under load a near link looks far: 0.72 ms idle, 4.6 ms with a queue."""
    plain = msgspec.structs.replace(migration().rtt, coverage="full", unproven_half_ms=None, p5_ms=4.6, idle_ms=0.72)
    loaded = msgspec.structs.replace(plain, idle_ms=None)
    inputs = given(
        "", moved(1, rtt=plain), moved(2, rtt=loaded), moved(3, rtt=msgspec.structs.replace(plain, p5_ms=0.7))
    )
    found = spread(bench(inputs, *counted_once(inputs), "all"), "rtt")
    assert (sorted(found.values), found.unknown) == ([0.7, 0.72], 1)
    assert "idle path" in found.because


@pytest.mark.parametrize("figure", ["rtt", "rtt_p5", "rtt_p50", "rtt_p95", "rtt_p99"])
def test_a_round_trip_that_may_be_half_a_path_is_left_out(figure: str) -> None:
    """Only the point's name says that it stands at the sender, and a half that takes 10 ms says it does not."""
    plain = migration().rtt
    unproven = msgspec.structs.replace(plain, coverage="full", unproven_half_ms=10.3)
    inputs = given("", moved(1, rtt=unproven), moved(2))
    found = spread(bench(inputs, *counted_once(inputs), "all"), figure)
    assert (found.n, found.unknown) == (1, 1)
    assert "name" in found.because


def test_migrations_that_did_not_complete_have_no_duration() -> None:
    """They count in throughput, and the spread says what is missing."""
    inputs = given("", moved(1, outcome="aborted"), moved(2), moved(3), moved(4))
    document = bench(inputs, *counted_once(inputs), "all")
    assert (spread(document, "duration").n, spread(document, "duration").unknown) == (3, 1)
    assert "aborted" in spread(document, "duration").because
    assert spread(document, "throughput").n == 4
    assert any("did not complete" in note for note in document.notes)


@pytest.mark.parametrize(("by", "names"), [("hosts", 2), ("networks", 1), ("all", 1)])
def test_paths_are_hosts_networks_or_all(by: str, names: int) -> None:
    """A link between sites has many hosts on either side."""
    inputs = given("", moved(1), moved(2, destination="10.10.1.99"))
    assert len(bench(inputs, *counted_once(inputs), by).groups) == names


def test_half_a_path_is_no_round_trip() -> None:
    """A lower bound among full paths would make a link look nearer than it is."""
    half = moved(1, rtt=msgspec.structs.replace(migration().rtt, coverage="destination_half"))
    inputs = given("", half, moved(2))
    found = spread(bench(inputs, *counted_once(inputs), "all"), "rtt_p50")
    assert (found.n, found.unknown) == (1, 1)


def test_what_was_lost_before_the_point_counts_as_sent_again() -> None:
    """At the destination's side the first copy is never seen."""
    plain = migration()
    loss = msgspec.structs.replace(plain.loss, retransmitted_share=0.0, lost_before_point=100)
    size = msgspec.structs.replace(plain.bytes, payload=9_854_000, unique=9_854_000, retransmitted=0)
    path = msgspec.structs.replace(plain.path, mss=1460)
    inputs = given("", moved(1, loss=loss, bytes=size, path=path))
    found = spread(bench(inputs, *counted_once(inputs), "all"), "resent")
    assert found.median == pytest.approx(146_000 / 10_000_000)


def test_inputs_without_a_migration_are_told() -> None:
    """They are neither a success nor nothing."""
    inputs = [*given("", moved(1)), Given("empty.pcap", "", "captures", "0.1.0", ())]
    document = bench(inputs, *counted_once(inputs), "all")
    assert document.inputs[1].because == "no migration was found in it"
    assert good().migrations


@pytest.mark.parametrize("end", ["begin", "end"])
def test_a_part_of_a_migration_has_no_duration_of_a_whole_one(end: str) -> None:
    """Completed though it is: what ran before or behind the captures is not counted as nothing."""
    inputs = given("", moved(1), moved(2, is_cut=True, cut_at=[end], duration_s=0.1))
    document = bench(inputs, *counted_once(inputs), "all")
    found = spread(document, "duration")
    assert (found.n, found.unknown) == (1, 1)
    assert f"its {end} is not in view" in found.because
    assert any(note.startswith("1 migration is in view in part only") for note in document.notes)


def limits(**known: float | None) -> Profile:
    """A profile of which only this is known."""
    nothing = dict.fromkeys(("throughput_mbps_min", "rtt_ms_max", "switchover_ms_max"))
    return Profile(name="mine", title="", scope="link", applies_to="", **{**nothing, **known})  # type: ignore[arg-type]


def test_how_many_keep_a_profiles_limits_is_counted() -> None:
    """At the limit is within it; an outage that never ended is within none; what has no limit is counted by none."""
    lost = guest(switchover=Switchover(bracket_ms=90.0), peers=[Peer(peer="p", protocol="icmp", survived=False)])
    inputs = given("", moved(1, 622.0), moved(2, 621.9), moved(3, 700.0, guests=[lost]))
    plain = bench(inputs, *counted_once(inputs), "all")
    document = held_against(plain, limits(throughput_mbps_min=622.0, switchover_ms_max=500.0))
    rate, outage = spread(document, "throughput"), spread(document, "outage")
    assert (rate.limit, rate.limit_is, rate.within, rate.n) == (622.0, "at_least", 2, 3)
    assert (outage.limit, outage.limit_is, outage.within, outage.n) == (500.0, "at_most", 2, 3)
    assert (spread(document, "rtt").limit, spread(document, "rtt").within) == (None, None)
    assert document.profile is not None
    assert any("profile mine: at least 622 Mbps" in note for note in document.notes)
    looks = comparison_to_terminal(document, Look(100)), comparison_to_markdown(document), comparison_to_html(document)
    for shown in looks:
        assert "at least 622 Mbps" in one_line(shown)
        assert "2 of 3" in one_line(shown)
    assert "2 of 3 at least 622 Mbps" in comparison_to_junit(document)
    assert 'vmpcap_group_within{group="all migrations",figure="throughput"} 2' in comparison_to_metrics(document)
    assert held_against(plain, None) is plain
    assert "at least" not in comparison_to_terminal(plain, Look(100))


@pytest.mark.parametrize(
    ("low", "high", "told"), [(100.0, 240.0, True), (100.0, 900.0, False), (0.0, None, False), (100.0, 250.04, True)]
)
def test_an_outage_known_by_its_bounds_leaves_no_figure_where_it_may_be_the_longest(
    low: float, high: float | None, told: bool
) -> None:
    """The next longest is none; a range that cannot reach it, or is written alike, changes nothing."""
    bounded = Peer(peer="10.99.0.8", protocol="udp/53", outage_low_ms=low, outage_high_ms=high, survived=True)
    exact = Peer(peer="10.99.0.2", protocol="icmp", outage_ms=250.0, survived=True)
    switched = Switchover(bracket_ms=90.0, peer_outage_ms=250.0)
    one = moved(1, guests=[guest(switchover=switched, peers=[exact, bounded])])
    inputs = given("", one)
    found = spread(bench(inputs, *counted_once(inputs), "all"), "outage")
    assert found.values == ([250.0] if told else [])
    assert told or "only bounds are known" in found.because
