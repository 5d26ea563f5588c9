"""The one sentence: which migration failed and for what, what its peers felt, and when it is of a part only."""

from typing import Any

import msgspec
import pytest

from tests.report.made import one_line
from tests.report.sample import GOOD_CHECKS, capture, good, guest, lost_guest, migration, several
from vmpcap.migration.results import Bracket, Mechanism, OutagePart, Peer, Switchover
from vmpcap.migration.session_results import Sessions
from vmpcap.report.as_html import to_html
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_metrics import to_metrics
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Defect, Migration
from vmpcap.report.headline import headline
from vmpcap.report.look import Look
from vmpcap.verdicts.findings import Outcome

STOPPED = Defect(kind="stopped", count=1, detail="after 4,816,896 packets, as asked")


def with_answers(number: int, **answers: Outcome) -> Migration:
    """A migration of which these checks say something else."""
    checks = [msgspec.structs.replace(c, outcome=answers.get(c.id, c.outcome)) for c in GOOD_CHECKS]
    outcomes = {c.outcome for c in checks if c.decides}
    verdict: Outcome = next(word for word in ("fail", "undecided", "pass") if word in outcomes)  # type: ignore[assignment]
    return migration(id=f"m{number}", checks=checks, verdict=verdict, guests=[])


def test_of_several_it_names_those_that_failed_and_for_what() -> None:
    """Two for the same reason are told of together."""
    slow, fine = {"throughput": "fail"}, {}
    moves = [with_answers(n, **words) for n, words in enumerate((fine, slow, {"completed": "fail"}, slow), 1)]
    said = headline(moves, [])
    assert said.startswith("of 4 migrations 3 failed, 1 passed: ")
    assert "m2 and m4: the migration completed, but the link was too slow" in said
    assert "m3: the migration did not complete" in said
    assert "m1" not in said


def test_a_guest_that_is_dark_is_told_before_a_link_that_is_slow() -> None:
    """Whoever is called at night has to bring it back first."""
    said = headline([with_answers(1, throughput="fail", guest_reachable_after="fail")], [])
    assert said.index("the guest was not reachable afterwards") < said.index("the link was too slow")


def test_what_made_a_link_too_slow_stands_beside_it() -> None:
    """Where it limited the stream for most of its time."""
    one = with_answers(1, throughput="fail")
    for share, said in ((0.98, "the link was too slow (it lost packets)"), (0.4, "the link was too slow")):
        limited = msgspec.structs.replace(one.throughput, limit_shares={"network_loss": share})
        assert headline([msgspec.structs.replace(one, throughput=limited)], []).endswith(said)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("mac_flap", "the guest's MAC went on sending at its old place"),
        ("duplicate_address", "another machine claims the guest's address"),
    ],
)
def test_two_machines_that_may_be_one_guest_are_told_though_it_is_advice(rule: str, words: str) -> None:
    """Nothing that decides failed, and still it is the first thing to look at."""
    one = with_answers(1)
    for outcome in ("fail", "undecided", "pass"):
        advice = msgspec.structs.replace(GOOD_CHECKS[0], id=rule, decides=False, outcome=outcome)
        said = headline([msgspec.structs.replace(one, checks=[*one.checks, advice])], [])
        assert said == "the migration met every deciding check" + (f"; {words}" if outcome == "fail" else "")


@pytest.mark.parametrize("open_ones", [("throughput",), ("throughput", "guest_reachable_after")])
def test_a_long_outage_that_is_known_comes_before_what_is_not_known_of_the_link(open_ones: tuple[str, ...]) -> None:
    """But not before whether the guest is reachable at all."""
    told = with_answers(1, **dict.fromkeys(open_ones, "undecided"))
    for wait, leads in ((WAITED, True), (msgspec.structs.replace(WAITED, outage_ms=400.0), False)):
        one = msgspec.structs.replace(told, guests=cut_off(1, wait, longest_ms=wait.outage_ms).guests)
        said = headline([one], [])
        first = said.index("peers were cut off") < said.index("whether the link is fast enough")
        assert first is (leads and len(open_ones) == 1), said


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    """A month of them is no reason for a sentence without an end."""
    said = headline([with_answers(n, throughput="fail") for n in range(1, 32)], [])
    assert said.startswith("of 31 migrations 31 failed: m1, m2, m3, m4, m5, m6 and 25 more: ")
    assert len(said) < 200


def test_several_that_passed_still_name_a_mechanism_that_failed() -> None:
    """It decides nothing, and somebody wants to know."""
    mechanism = Mechanism(name="drs", seen=True, worked="no", because="to and fro", evidence=[])
    moves = [with_answers(1), msgspec.structs.replace(with_answers(2), mechanisms=[mechanism])]
    assert headline(moves, []) == "all 2 migrations met every deciding check; m2: drs did not do its part"


def cut_off(number: int, *peers: Peer, longest_ms: float | None = None, **more: object) -> Migration:
    """A migration that met every check, and what the peers of its guest felt of it."""
    one = guest(switchover=Switchover(bracket_ms=146.0, peer_outage_ms=longest_ms), peers=list(peers))
    return migration(**{"id": f"m{number}", "guests": [one], **more})


LOST = [Peer(peer=f"10.99.0.{n}", protocol="icmp", survived=False) for n in (1, 2)]
WAITED = Peer(peer="10.99.0.1", protocol="icmp", outage_ms=3_240.0, survived=True)
FINE = Peer(peer="10.99.0.1", protocol="icmp", outage_ms=0.0, survived=True)


def test_of_several_it_names_those_whose_peers_were_cut_off_the_worst_first() -> None:
    """That checks passed is no reason to be silent about it; every look says so."""
    moves = [
        cut_off(1, WAITED, longest_ms=3_240.0),
        cut_off(2, FINE, longest_ms=0.0),
        cut_off(3, *LOST),
        cut_off(4, msgspec.structs.replace(WAITED, outage_ms=90.0), longest_ms=90.0),
        cut_off(5),
        cut_off(6, *LOST, outcome="truncated"),
    ]
    said = headline(moves, [])
    assert said.endswith(
        "; peers felt most in m3: none of 2 peers was answered again; in m1: peers were cut off for 3.24 s;"
        " less in 1 further guest"
    )
    report = msgspec.structs.replace(good(), migrations=moves, because=said)
    looks = (to_terminal(report, Look(100)), to_terminal(report, Look(60), False), to_markdown(report), to_html(report))
    for shown in looks:
        assert "peers felt most in m3: none of 2 peers was answered again" in one_line(shown).replace("\\", "")
    assert "felt" not in headline([cut_off(1, FINE, longest_ms=0.0), cut_off(2)], [])


def test_a_hang_of_the_guest_long_after_the_move_is_in_the_sentence() -> None:
    """It fails nothing, and whoever was called for it finds it here."""
    hung = Peer(peer="10.99.0.2", protocol="icmp", outage_ms=180.0, later_outage_ms=1200.0)
    for longest in (180.0, None):
        said = headline([cut_off(1, hung, longest_ms=longest)], [])
        assert "cut off for 180 ms; later the guest, or its host for it, did not answer for 1.2 s" in said
        sure = msgspec.structs.replace(hung, later_by_guest=True)
        said = headline([cut_off(1, sure, longest_ms=longest)], [])
        assert "cut off for 180 ms; later the guest itself did not answer for 1.2 s" in said
        ends = {"from_ts": "2026-11-23T15:03:44Z", "later_from_ts": "2026-11-23T15:03:42Z"}
        said = headline([cut_off(1, msgspec.structs.replace(sure, **ends), longest_ms=longest)], [])
        assert "cut off for 180 ms; earlier the guest itself did not answer for 1.2 s" in said


def test_a_guest_that_its_peer_lost_long_after_the_move_is_in_the_sentence() -> None:
    """The outage of the move ended; the later one did not."""
    gone = Peer(peer="10.99.0.2", protocol="icmp", outage_ms=180.0, survived=False, lost_later_ms=6980.0)
    said = headline([cut_off(1, gone, longest_ms=180.0)], [])
    assert "cut off for 180 ms; later its only peer lost it: no answer in the last 6.98 s" in said


@pytest.mark.parametrize(("own_ms", "is_told"), [(3100.0, True), (1000.0, False)])
def test_an_outage_that_was_mostly_the_guests_own_is_told_as_that(own_ms: float, is_told: bool) -> None:
    """Whoever reads that peers were cut off for 3.24 s looks at the network first."""
    ends: dict[str, Any] = {"from_point": "client", "from_frame": 1, "from_ts": "", "to_point": "client", "to_ts": ""}
    ends |= {"requests": 1, "because": ""}
    parts = [OutagePart(part="guest", ms=own_ms, **ends), OutagePart(part="stun", ms=3240.0 - own_ms, **ends)]
    peer = Peer(peer="10.99.0.2", protocol="icmp", outage_ms=3240.0, survived=True, breakdown=parts)
    said = headline([cut_off(1, peer, longest_ms=3240.0)], [])
    assert ("3.24 s, 3.1 s of it while requests reached the guest, which did not answer" in said) is is_told


def test_a_port_group_that_leads_nowhere_is_told_in_words() -> None:
    """Its name alone tells nobody what broke; what has a protocol's name keeps it."""
    failed = [Mechanism(name=name, seen=True, worked="no", because="", evidence=[]) for name in ("port_group", "vrrp")]
    said = headline([msgspec.structs.replace(with_answers(1), mechanisms=failed)], [])
    assert said.endswith("the guest's port group led nowhere; vrrp did not do its part")


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        ((3000.0,), "its only peer was answered until 3 s after the guest was back, and then no more"),
        ((3000.0, 4000.0), "its 2 peers were answered until 3 s to 4 s after the guest was back, and then no more"),
        ((3000.0, None), "none of 2 peers was answered again"),
        ((None,), "its only peer was never answered again"),
    ],
)
def test_never_is_said_of_peers_that_had_no_answer_since_the_move(begun: tuple[float | None, ...], said: str) -> None:
    """Three seconds of answers at the new place are no never."""
    peers = [
        Peer(peer=f"10.99.0.{n}", protocol="icmp", survived=False, begun_after_ms=after)
        for n, after in enumerate(begun, 2)
    ]
    assert said in headline([cut_off(1, *peers)], [])


def test_of_many_whose_peers_were_cut_off_alike_the_first_are_named() -> None:
    """And of a migration of several guests each that was."""
    said = headline([cut_off(n, *LOST) for n in range(1, 32)], [])
    assert "in m1, m2, m3, m4, m5, m6 and 25 more: none of 2 peers was answered again" in said
    assert len(said) < 200
    second = guest(mac="00:50:56:aa:77:11", switchover=Switchover(peer_outage_ms=0.0), peers=[FINE])
    both = migration(id="m1", guests=[second, guest(peers=LOST)])
    assert "peers felt most in m1 (00:50:56:aa:77:10): none of 2 peers" in headline([both, cut_off(2)], [])


def test_what_is_open_is_said_beside_what_is_known() -> None:
    """Undecided does not mean that nothing is known."""
    said = headline([with_answers(1, throughput="undecided", guest_reachable_after="undecided")], [])
    assert said == (
        "the migration completed, but it cannot be told whether the link is fast enough,"
        " nor whether the guest was reachable afterwards"
    )


@pytest.mark.parametrize(
    ("peers", "said"),
    [
        ([(None, False)], "its only peer was never answered again"),
        ([(None, False), (None, False)], "none of 2 peers was answered again"),
        (
            [(None, False), (3_240.0, True)],
            "1 of 2 peers was never answered again; another stream was cut off for 3.24 s",
        ),
        ([(90.0, True)], "the switchover took at most 147 ms"),
    ],
)
def test_a_peer_that_was_never_answered_again_comes_before_the_length_of_anothers_wait(
    peers: list[tuple[float | None, bool]], said: str
) -> None:
    """As all looks say it, for they take it from here."""
    made = [
        Peer(peer=f"10.99.0.{n}", protocol="icmp", outage_ms=ms, survived=back) for n, (ms, back) in enumerate(peers)
    ]
    one = migration(guests=[guest(switchover=Switchover(bracket_ms=146.2), peers=made)])
    report = msgspec.structs.replace(good(), migrations=[one], because=headline([one], []))
    assert report.because.endswith(said)
    for shown in (to_terminal(report, Look(100)), to_markdown(report), to_html(report)):
        assert said in one_line(shown).replace("\\", "")


@pytest.mark.parametrize(("doubt", "said"), [(None, "147 ms"), (0.024, "147 ms"), (1.08, "148 ms"), (40.0, "187 ms")])
def test_no_more_than_at_most_counts_what_the_clocks_leave_open(doubt: float | None, said: str) -> None:
    """146.2 ms by two clocks that may stand apart by so much more."""
    switchover = Switchover(bracket_ms=146.2, bracket=Bracket(uncertainty_ms=doubt))
    assert headline([migration(guests=[guest(switchover=switchover, peers=[])])], []).endswith(f"took at most {said}")


@pytest.mark.parametrize(
    ("known", "low", "high", "said"),
    [
        (3_001.0, 3_094.7, 4_801.3, "peers were cut off for between 3.09 s and 4.81 s"),
        (3_001.0, 3_099.0, 4_801.0, "peers were cut off for between 3.09 s and 4.81 s"),
        (201.0, 0.0, 801.0, "peers were cut off for between 201 ms and 801 ms"),
        (201.17, 0.0, 201.18, "peers were cut off for 201 ms"),
        (201.0, 0.0, 150.0, "peers were cut off for 201 ms"),
        (0.0, 0.0, 333.3, "peers were cut off for at most 334 ms"),
        (0.0, 0.0, 333.0, "peers were cut off for at most 333 ms"),
    ],
)
def test_an_outage_that_is_known_by_its_bounds_may_be_the_longest(
    known: float, low: float, high: float, said: str
) -> None:
    """UDP without numbers: in the headline and in every look, with whose it is."""
    peers = [
        Peer(peer="10.99.0.1", protocol="tcp/80", outage_ms=known),
        Peer(peer="10.99.0.2", protocol="udp/53", outage_low_ms=low, outage_high_ms=high, because="6 missing"),
    ]
    one = migration(guests=[guest(switchover=Switchover(bracket_ms=146.0, peer_outage_ms=known), peers=peers)])
    report = msgspec.structs.replace(good(), migrations=[one], because=headline([one], []))
    assert report.because.endswith(said)
    for shown in (to_terminal(report, Look(100)), to_markdown(report), to_html(report)):
        assert said in one_line(shown).replace("\\", "")
    told = one_line(to_terminal(report, Look(100), True))
    assert ("udp/53 from 10.99.0.2: 6 missing" in told) == (" and " in said or "at most" in said)


@pytest.mark.parametrize(("low", "is_told"), [(4_391.0, True), (150.0, False)])
def test_a_stream_that_asked_in_vain_for_longer_and_stopped_comes_before_the_longest_outage(
    low: float, is_told: bool
) -> None:
    """In every look: another stream of the same peer came back after 215 ms."""
    peers = [
        Peer(peer="10.99.0.2", protocol="tcp/80", outage_ms=215.0, survived=True),
        Peer(peer="10.99.0.2", protocol="icmp", outage_low_ms=low, because="then none came any more"),
    ]
    one = migration(guests=[guest(switchover=Switchover(bracket_ms=146.0, peer_outage_ms=215.0), peers=peers)])
    report = msgspec.structs.replace(good(), migrations=[one], because=headline([one], []))
    said = "a stream had no answer for at least 4.39 s; others were cut off for 215 ms"
    for shown in (report.because, to_terminal(report, Look(100)), to_markdown(report), to_html(report)):
        assert (said in one_line(shown).replace("\\", "")) is is_told
        assert "cut off for 215 ms" in one_line(shown).replace("\\", "")


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ({"a": (1, 1)}, "its only peer was never answered again"),
        ({"a": (3, 3)}, "its only peer was never answered again"),
        ({"a": (3, 234)}, "3 of 234 streams of its only peer were never answered again"),
        ({"a": (1, 2), "b": (0, 9)}, "1 of 2 streams of 1 of 2 peers was never answered again"),
        ({"a": (4, 4), "b": (0, 9)}, "1 of 2 peers was never answered again"),
    ],
)
def test_peers_are_counted_by_address_and_streams_as_streams(streams: dict[str, tuple[int, int]], said: str) -> None:
    """One client may open any number of connections; of how many addresses nothing came back is another number."""
    made = [
        Peer(peer=name, protocol="tcp/80", outage_ms=None if n < lost else 0.0, survived=n >= lost)
        for name, (lost, count) in streams.items()
        for n in range(count)
    ]
    one = migration(guests=[guest(switchover=Switchover(bracket_ms=146.0), peers=made)])
    assert headline([one], []).endswith(said)


@pytest.mark.parametrize(("length", "is_loud"), [(20_000.0, True), (999.0, False)])
def test_a_long_outage_under_a_pass_is_said_to_be_judged_by_nothing(length: float, is_loud: bool) -> None:
    """First of all, where no deciding check has a limit for it; a profile with one has judged it."""
    peers = [Peer(peer="10.99.0.2", protocol="icmp", survived=True, outage_ms=length)]
    one = migration(guests=[guest(switchover=Switchover(bracket_ms=146.0, peer_outage_ms=length), peers=peers)])
    said = headline([one], [])
    assert said.startswith("the migration met every deciding check, none of which limits an outage, but") is is_loud
    assert ("but peers were cut off for 20 s" in said) is is_loud
    bounds = Peer(peer="10.99.0.3", protocol="tcp/80", survived=True, outage_low_ms=199.0, outage_high_ms=5_006.0)
    unsure = migration(guests=[guest(switchover=Switchover(bracket_ms=146.0), peers=[bounds])])
    assert "none of which" not in headline([unsure], []), "it may have been short"
    judged = [msgspec.structs.replace(c, decides=True, outcome="pass", id="switchover") for c in one.checks[:1]]
    limited = msgspec.structs.replace(one, checks=[*one.checks, *judged])
    assert "none of which" not in headline([limited], [])


def test_a_part_of_the_captures_is_said_to_be_one() -> None:
    """After Ctrl-C with --partial: first of all, whatever comes then."""
    report = lost_guest()
    assert headline(report.migrations, [capture("a", None)]) == headline(report.migrations, [])
    partly = headline(report.migrations, [capture("a", None, defects=[STOPPED])])
    assert partly == f"of what was read by then: {headline(report.migrations, [])}"
    assert headline([], [capture("a", None, defects=[STOPPED])]).startswith("of what was read by then: no migration")


def test_a_stream_that_goes_on_behind_the_end_has_lasted_at_least_so_long() -> None:
    """And has carried at least so much, in every look; one that ended has its figures without it."""
    cut = msgspec.structs.replace(good(), migrations=[migration(is_cut=True)])
    for shown in (to_terminal(cut, Look(100)), to_terminal(cut, Look(100), False), to_markdown(cut), to_html(cut)):
        assert "at least 1.39 s, at least 105 MB" in one_line(shown)
    assert "at least 1.39 s" not in to_html(good()) + to_markdown(good()) + to_terminal(good())
    table = msgspec.structs.replace(several(), migrations=[migration(is_cut=True), migration(id="m2")])
    assert "at least 1.39 s" in to_html(table)


@pytest.mark.parametrize(("outcome", "said"), [("completed", True), ("unknown", True), ("truncated", False)])
def test_where_the_switchover_is_not_in_view_nothing_is_said_of_peers(outcome: str, said: bool) -> None:
    """They cannot have felt it yet: no 0 ms, and no word for it either."""
    one = migration(outcome=outcome, guests=[guest(switchover=Switchover(peer_outage_ms=0.0), peers=[])])
    report = msgspec.structs.replace(good(), migrations=[one], because=headline([one], []))
    for shown in (report.because, to_terminal(report, Look(100)), to_html(report)):
        assert ("no peer was cut off" in one_line(shown)) == said
        assert "cut off for 0" not in shown


@pytest.mark.parametrize(
    ("doubt_ms", "said"),
    [
        (10.1, "no peer was cut off"),
        (5001.388, "no peer was cut off for more than 5.01 s"),
        (None, "no peer was cut off"),
    ],
)
def test_who_asks_seldom_shows_no_more_than_that_it_was_not_cut_off_for_longer(
    doubt_ms: float | None, said: str
) -> None:
    """A monitor that pings every 5 s sees nothing of an outage of 200 ms."""
    bracket = Bracket(uncertainty_ms=doubt_ms)
    one = migration(guests=[guest(switchover=Switchover(peer_outage_ms=0.0, peer_outage=bracket), peers=[])])
    assert headline([one], []).endswith(said)


def test_a_stream_that_ran_before_the_captures_is_told_as_a_part_of_one() -> None:
    """It began before, lasted and carried at least so much, in every look; whose it is, its port alone cannot say."""
    guess = "its port alone, 8000, which others use as well; its first bytes are not in view"
    one = migration(is_cut=True, cut_at=["begin"], hypervisor="vmware", hypervisor_because=guess)
    report = msgspec.structs.replace(good(), migrations=[one], because=headline([one], []))
    assert report.because.startswith("the migration met every deciding check, though its begin is not in view")
    for shown in (to_terminal(report, Look(100)), to_markdown(report), to_html(report)):
        assert "at least 1.39 s, at least 105 MB" in one_line(shown)
        assert "before 2026-" in one_line(shown)
        assert "perhaps VMware" in one_line(shown)
        assert "its begin is not in view" in one_line(shown)
    for shown in (to_terminal(good(), Look(100)), to_markdown(good()), to_html(good())):
        assert "perhaps" not in one_line(shown)
    assert "migration_duration_seconds{" not in to_metrics(report)
    assert "migration_duration_seconds{" in to_metrics(good())


@pytest.mark.parametrize("found", [True, False])
def test_the_time_that_was_asked_for_stands_in_every_look(found: bool) -> None:
    """Whoever reads the report alone must know that the captures hold more."""
    asked = {"since_ts": "2026-07-14T02:40:01.500000000Z", "until_ts": None}
    report = msgspec.structs.replace(good(), migrations=good().migrations if found else [], **asked)
    said = "only packets since 2026-07-14 02:40:01.500 UTC were asked for"
    short = to_terminal(report, Look(100), False)
    for shown in (short, to_terminal(report, Look(100)), to_markdown(report), to_html(report)):
        assert said in one_line(shown)
    assert '"since_ts": "2026-07-14T02:40:01.500000000Z"' in to_json(report)
    assert "asked for" not in to_html(good()) + to_markdown(good())
    assert "packets in all, of any time" in one_line(short), "the files' own count is not that of the time"
    assert "of any time" not in one_line(to_terminal(good(), Look(100), False))


def test_an_outage_without_an_upper_bound_leads_before_what_the_guest_took_to_move() -> None:
    """A peer that was cut off before the capture began was so for at least as long as it is seen."""
    open_one = Peer(peer="10.0.0.2", protocol="icmp", survived=True, outage_low_ms=3000.0, because="from its first")
    known = Peer(peer="10.0.0.3", protocol="icmp", survived=True, outage_ms=50.0)
    moved = guest()
    switched = msgspec.structs.replace(moved.switchover, peer_outage_ms=None, bracket_ms=161.0)
    for peers in ([open_one], [known, open_one]):
        only = msgspec.structs.replace(moved, peers=peers, switchover=switched)
        assert headline([migration(guests=[only])], []).endswith("peers were cut off for at least 3 s")


@pytest.mark.parametrize(
    ("worked", "word", "said"),
    [
        ("yes", "undecided", ", of those who asked it before it started anew"),
        ("undecided", "undecided", ", though it may have been started anew"),
        ("undecided", "live", ""),
    ],
)
def test_a_start_that_may_be_why_nobody_was_answered_again_is_told(worked: str, word: str, said: str) -> None:
    """Unless one of its connections went on: then it was none."""
    row = Mechanism(name="cold_migration", seen=True, worked=worked, because="so it was")  # type: ignore[arg-type]
    one = guest(switchover=Switchover(), peers=LOST, mechanisms=[row], sessions=Sessions(word=word))  # type: ignore[arg-type]
    assert f"none of 2 peers was answered again{said}" in headline([migration(guests=[one])], []).split("; cold")[0]
    assert ("started anew" in headline([migration(guests=[one])], [])) == bool(said)


@pytest.mark.parametrize(("schedule", "against"), [("qemu", True), ("esxi", False), ("other", False), (None, False)])
def test_a_hypervisor_that_only_its_port_names_is_a_guess(schedule: str | None, against: bool) -> None:
    """Headers alone were captured; the guest's announcements may speak against the port."""
    guess = "its port alone, 8000, which others use as well; its first bytes were not captured"
    heard = msgspec.structs.replace(guest().announcements, schedule=schedule)
    one = migration(hypervisor="vmware", hypervisor_because=guess, guests=[guest(announcements=heard)])
    report = msgspec.structs.replace(good(), migrations=[one])
    shown = one_line(to_terminal(report, Look(100)))
    assert "perhaps VMware" in shown
    assert f"its hypervisor by {guess}" in shown
    assert ("but its guest was announced as QEMU does it" in shown) == against
