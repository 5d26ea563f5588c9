"""The page: what a capture says stays text, nothing is fetched, and it says what every other look says."""

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from tests.report.made import HOSTILE, poisoned, reports
from tests.report.sample import SAMPLES, at, good, lost_guest, several
from tests.report.test_hostile import harmful
from tests.report.test_same_figures import says_the_same
from vmpcap.migration.results import Peer
from vmpcap.report import as_html
from vmpcap.report.about_guest import PARTS
from vmpcap.report.as_html import brings_charts, ours, to_html
from vmpcap.report.document import Report
from vmpcap.report.html_timeline import close_up, outages
from vmpcap.report.html_tree import el, markup, raw
from vmpcap.report.words import seconds_between
from vmpcap.terms.errors import RequestError

RAW = ("script", "style")
VOID = ("meta", "br", "img", "link", "input")


class Page(HTMLParser):
    """The page as a browser takes it apart: its tags with their attributes, its visible text, its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "script":
            self.scripts.append((self.tags[-1][1], ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif not self.open or self.open[-1] not in RAW:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    @property
    def data(self) -> dict[str, dict[str, dict[str, object]]]:
        """What the charts are drawn from."""
        (told,) = [text for attributes, text in self.scripts if attributes.get("type") == "application/json"]
        read: dict[str, dict[str, dict[str, object]]] = json.loads(told)
        return read


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_text(name: str) -> None:
    """It makes no element, no attribute and no script, and no character of it moves or hides others."""
    text = to_html(poisoned(HOSTILE[name]))
    page, plain = Page(text), Page(to_html(poisoned("harmless")))
    assert not harmful(text)
    assert shape(page) <= shape(plain)
    assert all(re.match(r"https?://|#", a["href"]) for tag, a in page.tags if tag == "a")
    assert len(page.scripts) == 2
    assert page.open == []


def shape(page: Page) -> set[tuple[str, ...]]:
    """Kinds of elements with the names of their attributes; an address becomes a link only where it is one."""
    return {(tag, *sorted(attributes)) for tag, attributes in page.tags if tag != "a"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_needs_nothing_else(name: str) -> None:
    """No address is loaded from anywhere, and the browser is told to load none; no script may run but ours."""
    text = to_html(SAMPLES[name]())
    page = Page(text)
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "action", "data", "poster", "background"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert "href" not in attributes or tag == "a"
    assert "url(" not in "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    (policy,) = [a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a]
    ours = [text for attributes, text in page.scripts if "type" not in attributes]
    assert len(ours) == 1
    digest = base64.b64encode(hashlib.sha256(ours[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}'" in policy


@settings(max_examples=30, deadline=None)
@given(report=reports())
def test_the_page_says_every_deciding_answer_figure_limit_and_reason(report: Report) -> None:
    """As the terminal and the ticket do."""
    words = Page(to_html(report)).words
    for check in report.migrations[0].checks:
        if check.decides:
            says_the_same(words, check)
    assert report.because in words


@pytest.mark.parametrize("name", SAMPLES)
def test_every_filter_and_frame_can_be_copied(name: str) -> None:
    """What proves an answer stands in a code element with a button beside it."""
    report = SAMPLES[name]()
    text = to_html(report)
    page = Page(text)
    for migration in report.migrations:
        for check in migration.checks:
            for shown in check.evidence:
                if shown.filter:
                    assert f"<code>{markup(el('i', shown.filter))[3:-4]}</code>" in text
    codes = [tag for tag, attributes in page.tags if tag == "button" and attributes.get("class") == "copy"]
    assert len(codes) == text.count('<div class="copyable">')


def test_the_charts_are_drawn_from_the_reports_own_figures() -> None:
    """Every bin of the series, the limit, the phases and each announcement, in seconds after the stream's start."""
    report = good()
    (migration,) = report.migrations
    drawn = Page(to_html(report)).data[migration.id]["goodput"]
    at = np.frombuffer(base64.b64decode(str(drawn["at"])), "<f8")
    mbps = np.frombuffer(base64.b64decode(str(drawn["mbps"])), "<f4")
    assert at.tolist() == [point.at_s for point in migration.series]
    assert mbps.tolist() == pytest.approx([point.mbps for point in migration.series], rel=1e-6)
    assert drawn["limit"] == report.profile.throughput_mbps_min
    assert drawn["phases"] == [
        [p.kind, p.n, seconds_between(migration.start_ts, p.start_ts), seconds_between(migration.start_ts, p.end_ts)]
        for p in migration.phases
    ]


def test_several_migrations_have_a_table_to_jump_from() -> None:
    """Each by its id, which is the place to go to."""
    report = several()
    page = Page(to_html(report))
    goals = {attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes["href"].startswith("#")}
    places = {attributes["id"] for tag, attributes in page.tags if tag == "article"}
    assert goals == {f"#{m.id}" for m in report.migrations} == {f"#{place}" for place in places}


def test_a_guest_that_was_lost_is_drawn_so() -> None:
    """The close up says in words, for whoever cannot see it, who was cut off and did not come back."""
    (migration,) = lost_guest().migrations
    (guest,) = migration.guests
    cut_off = next(p for p in guest.peers if p.survived is False)
    peers = [msgspec.structs.replace(cut_off, from_ts=at(8.0), to_ts=at(31.0))]
    drawings = close_up(migration, msgspec.structs.replace(guest, peers=peers))
    assert drawings is not None
    drawing = drawings[0]
    words = str(next(drawing.iter("title")).text)
    assert f"{cut_off.peer} {cut_off.protocol} not back" in words
    assert "not heard at gw-lan" in words


def test_an_outage_is_drawn_as_far_as_it_is_known_and_open_behind_that() -> None:
    """Nobody looked after the captures' end: what is drawn there says so, and the key says what that is."""
    report = lost_guest()
    (migration,) = report.migrations
    (guest,) = migration.guests
    cut_off = next(p for p in guest.peers if p.survived is False)
    peer = msgspec.structs.replace(cut_off, from_ts=at(1.2), to_ts=at(13.0), breakdown=[])
    back = msgspec.structs.replace(peer, outage_ms=11_800.0, survived=True)
    open_ended, ended = (msgspec.structs.replace(guest, peers=[p]) for p in (peer, back))
    for number in (0, 1):
        drawings, told = outages(migration, open_ended), outages(migration, ended)
        assert drawings is not None
        assert told is not None
        bars, whole = (
            {str(e.get("class")): [float(str(e.get(k))) for k in ("x", "width")] for e in d[number].iter("rect")}
            for d in (drawings, told)
        )
        assert bars["bar cut"] == whole["bar cut"]
        assert "bar open" not in whole
        assert bars["bar open"][0] == pytest.approx(sum(bars["bar cut"]), abs=0.2)
    for one, known in ((open_ended, False), (ended, True)):
        page = to_html(msgspec.structs.replace(report, migrations=[msgspec.structs.replace(migration, guests=[one])]))
        assert 'class="swatch cut"' in page
        assert ('class="swatch open"' not in page) is known


def test_what_an_outage_was_spent_on_is_drawn_over_it() -> None:
    """Each part where it lies, with its cause; the whole outage's length stands behind its end."""
    report = good()
    (migration,) = report.migrations
    (peer, *_) = migration.guests[0].peers
    start, end = at(1.0), at(1.15)
    spent = [
        msgspec.structs.replace(peer.breakdown[0], part=part, from_ts=a, to_ts=b, ms=75.0, because=f"why {part}")
        for part, a, b in (("stun", start, at(1.05)), ("gateway_arp", at(1.05), end))
    ]
    cut_off = msgspec.structs.replace(peer, from_ts=start, to_ts=end, outage_ms=150.0, breakdown=spent)
    guests = [msgspec.structs.replace(migration.guests[0], peers=[cut_off])]
    drawings = close_up(msgspec.structs.replace(migration, guests=guests), guests[0])
    assert drawings is not None
    drawing = drawings[0]
    bars = {str(e.get("class")): e for e in drawing.iter("rect")}
    whole, stun, arp = (bars[f"bar {kind}"] for kind in ("cut", "part stun", "part gateway_arp"))
    assert float(str(stun.get("x"))) == float(str(whole.get("x"))) < float(str(arp.get("x")))
    ends = [float(str(bar.get("x"))) + float(str(bar.get("width"))) for bar in (whole, arp)]
    assert ends[0] == pytest.approx(ends[1], abs=0.2)
    assert "gateway arp 75 ms: why gateway_arp" in markup(drawing)
    assert ">150 ms</text>" in markup(drawing)


def test_an_outage_that_begins_after_the_close_up_is_told_where_it_is_not_drawn() -> None:
    """In words that fit a telephone: an arrow there, "later" where there is room."""
    (migration,) = good().migrations
    (guest,) = migration.guests
    gone = msgspec.structs.replace(guest.switchover.bracket, from_ts=at(1.0), to_ts=at(1.2))
    s = msgspec.structs.replace(guest.switchover, bracket=gone, bracket_ms=200.0)
    peer = msgspec.structs.replace(guest.peers[0], breakdown=[], from_ts=at(9.0), to_ts=at(31.0), outage_ms=22_000.0)
    drawings = close_up(migration, msgspec.structs.replace(guest, switchover=s, peers=[peer]))
    assert drawings is not None
    screen, telephone = ("".join(drawing.itertext()) for drawing in drawings)
    assert "22 s, later" in screen
    assert "22 s \u2192" in telephone


def test_a_peer_that_came_back_is_never_told_as_gone() -> None:
    """Where nobody knows how long it was cut off, from how long to how long stands behind its bar."""
    (migration,) = good().migrations
    (guest,) = migration.guests
    bounds = {"outage_ms": None, "outage_low_ms": 100.0, "outage_high_ms": 400.0, "survived": True}
    peer = msgspec.structs.replace(guest.peers[0], breakdown=[], from_ts=at(1.0), to_ts=at(1.2), **bounds)
    drawings = close_up(migration, msgspec.structs.replace(guest, peers=[peer]))
    assert drawings is not None
    assert "100 ms to 400 ms" in "".join(drawings[0].itertext())
    assert "not back" not in "".join(drawings[0].itertext())


def test_bars_say_what_the_rows_say_and_the_longest_outage_has_one() -> None:
    """Requests that stopped at once are of unknown length there; 13 lost peers do not hide the outage that ended."""
    (migration,) = good().migrations
    (guest,) = migration.guests
    asked = msgspec.structs.replace(guest.peers[0], breakdown=[], from_ts=at(1.0), to_ts=at(1.0), lost=1)
    unknown = msgspec.structs.replace(asked, outage_ms=None, outage_low_ms=None, outage_high_ms=None, survived=None)
    lost = msgspec.structs.replace(unknown, survived=False, peer="10.99.0.7")
    ended = msgspec.structs.replace(asked, outage_ms=215.0, to_ts=at(1.215), survived=True)

    def words(*peers: Peer) -> str:
        drawings = close_up(migration, msgspec.structs.replace(guest, peers=list(peers)))
        assert drawings is not None
        return "".join(drawings[0].itertext())

    said = words(*[unknown] * 13, ended)
    assert "215 ms" in said
    assert "not back" not in said
    assert "more" not in said
    said = words(*[lost] * 13, ended)
    assert "215 ms" in said
    assert "not back" in said
    assert "and 2 peers more" in said
    gave_up = msgspec.structs.replace(unknown, outage_low_ms=2210.0, to_ts=at(3.21), lost=222)
    assert "not back" in words(gave_up)


def test_an_outage_many_times_as_long_as_the_switchover_has_a_drawing_of_its_own() -> None:
    """The close up keeps its scale, and says in words what came later; a short outage needs no second drawing."""
    (migration,) = good().migrations
    (guest,) = migration.guests
    peer = msgspec.structs.replace(guest.peers[0], breakdown=[], from_ts=at(1.0), to_ts=at(31.0), outage_ms=30_000.0)
    gone = msgspec.structs.replace(guest.switchover.bracket, from_ts=at(1.0), to_ts=at(1.2))
    s = msgspec.structs.replace(guest.switchover, bracket=gone, bracket_ms=200.0)
    long = msgspec.structs.replace(guest, switchover=s, peers=[peer])
    near, far = close_up(migration, long), outages(migration, long)
    assert near is not None
    assert far is not None
    for number in (0, 1):
        bars = {str(e.get("class")): float(str(e.get("width"))) for e in near[number].iter("rect")}
        assert bars["bar gone"] > 60
        assert "30 s \u2192" in "".join(near[number].itertext())
        assert "30 s \u2192" not in "".join(far[number].itertext())
    short = msgspec.structs.replace(peer, to_ts=at(1.3), outage_ms=300.0)
    assert outages(migration, msgspec.structs.replace(long, peers=[short])) is None


def test_an_installation_without_the_chart_library_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build could not reach the npm registry: no half page is written."""
    monkeypatch.setattr(as_html, "TAKEN", tmp_path)
    with pytest.raises(RequestError, match=re.escape(f"where that can be reached run `{brings_charts()}`")):
        to_html(good())


def test_a_bare_clone_is_told_the_one_command_that_brings_the_charts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make does all where nothing was set up; where it was, the library was out of reach: build again."""
    assert brings_charts(tmp_path) == "pip install ."
    clone = tmp_path / "a clone"
    clone.mkdir()
    (clone / "Makefile").touch()
    build = f"'{clone}'/.venv/bin/pip install --no-deps -e '{clone}'"
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    assert brings_charts(clone) == f"make -C '{clone}' setup && {build}"
    (tools / "npm").touch(mode=0o755)
    assert brings_charts(clone) == f"make -C '{clone}' setup"
    (clone / ".venv").mkdir()
    (clone / ".venv" / ".installed-0").touch()
    assert brings_charts(clone) == build


def test_a_text_that_would_end_its_script_is_refused() -> None:
    """A script is never put together from what could close it."""
    with pytest.raises(ValueError, match="cannot stand in a script"):
        raw("script", "var a = '</SCRIPT>';")
    with pytest.raises(ValueError, match="cannot stand in a div"):
        raw("div", "a")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_an_outage_has_its_colour_in_the_drawing_and_in_its_key(part: str) -> None:
    """A new one would be drawn black, and looked for in vain."""
    css = ours("page.css")
    (drawn,) = re.findall(rf"\.timeline \.bar\.{part} \{{ fill: (var\(--[\w-]+\)); \}}", css)
    assert re.findall(rf"\.swatch\.{part} \{{ background: (var\(--[\w-]+\)); \}}", css) == [drawn]
    assert css.count(f"{drawn[4:-1]}: #") == 2, "light and dark"


def test_peers_that_were_cut_off_behind_the_close_up_share_a_row() -> None:
    """Ten empty rows hide what the drawing is about; two say themselves when they were."""
    (whole,) = good().migrations
    (one,) = whole.guests
    for count in (2, 10):
        late = [
            Peer(peer="10.66.0.80", protocol=f"tcp/{80 + n}", survived=False, from_ts=at(30 + n), to_ts=at(60))
            for n in range(count)
        ]
        drawn = close_up(whole, msgspec.structs.replace(one, peers=[*one.peers, *late]))
        assert drawn is not None
        words = ["".join(text.itertext()) for text in drawn[0].iter("text")]
        rows = [word for word in words if word.startswith("10.66.0.80")]
        assert (len(rows), "10 peers cut off later" in " ".join(words)) == ((2, False) if count == 2 else (0, True))


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_level_of_headings_is_left_out(sample: str) -> None:
    """Who listens to the page goes from heading to heading: one below the other, with and without a migration."""
    levels = [int(tag[1]) for tag, _ in Page(to_html(SAMPLES[sample]())).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert len(levels) > 2
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
