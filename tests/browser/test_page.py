"""The HTML report in a real browser: it draws, it fetches nothing, it can be used by everybody and read on anything."""

import math
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.drawings import A4_WIDE, CROSSED, LEAST_LETTER, LETTERS
from tests.browser.opened import NEEDS_CHROMIUM, WIDTHS, Opened
from tests.report.made import HOSTILE, poisoned
from tests.report.sample import SAMPLES
from vmpcap.measures.sequence_graph import SequenceGraph
from vmpcap.report.as_html import to_html
from vmpcap.report.document import Report
from vmpcap.runs.graph import sequence_graphs
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
REAL = ("routed_stretched", "destination_isolated", "there_and_back", "cancelled")
pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports on real migrations and on made ones, written once."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: reported(CAPTURES / name) for name in REAL} | {
        f"sample-{name}": make() for name, make in SAMPLES.items()
    }
    written = {}
    for name, report in made.items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(to_html(report), encoding="utf-8")
    return written


def graphed(folder: Path, point: str) -> tuple[Report, dict[str, SequenceGraph]]:
    """The report on one point, and the numbers of its stream."""
    points = (PointFiles(point, None, (str(folder / f"{point}.pcap.zst"),)),)
    request = Request(points=points, profile=load_profile(DEFAULT))
    analysis = analyse(request)
    return analysis.report, sequence_graphs(analysis, request)


def reported(folder: Path) -> Report:
    """The report on all points of a situation."""
    files = sorted(folder.glob("*.pcap.zst"))
    points = tuple(PointFiles(path.name.split(".")[0], None, (str(path),)) for path in files)
    return analyse(Request(points=points, profile=load_profile(DEFAULT))).report


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_drawn_in_silence(browser: Browser, pages: dict[str, Path], width: int, scheme: str) -> None:
    """No message on the console, no request but for the file, every chart has ink, nothing is wider than the window."""
    for name, path in pages.items():
        with Opened(browser, path, width, scheme) as opened:
            page = opened.page
            assert page.evaluate("document.documentElement.dataset.ready") == "yes", name
            assert opened.complaints == [], name
            assert opened.asked == [path.as_uri()], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            inks = page.evaluate(INK)
            assert all(ink > LEAST_INK for ink in inks), (name, inks)
            assert len(inks) == page.locator(".chart").count(), name
            if name in REAL:
                assert len(inks) >= 4, name


INK = """() => {
  const hue = getComputedStyle(document.documentElement).getPropertyValue("--bar").trim();
  const wanted = [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16));
  return [...document.querySelectorAll(".chart canvas")].map((canvas) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let inked = 0;
    for (let at = 0; at < pixels.length; at += 4)
      if (pixels[at + 3] > 200 && wanted.every((value, n) => Math.abs(pixels[at + n] - value) < 40)) inked += 1;
    return inked;
  });
}"""
"""How many pixels of each chart have the colour of its main line, which neither grid nor words have; bands are thin."""
LEAST_INK = 150
"""A line that crosses half of the narrowest chart."""


STROKES = """() => {
  const canvas = document.querySelector(".chart[data-kind=sequence] canvas");
  const hue = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const count = (name) => {
    const wanted = [1, 3, 5].map((at) => parseInt(hue(name).slice(at, at + 2), 16));
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let inked = 0;
    for (let at = 0; at < pixels.length; at += 4)
      if (pixels[at + 3] > 200 && wanted.every((value, n) => Math.abs(pixels[at + n] - value) < 12)) inked += 1;
    return inked;
  };
  return [count("fail"), count("garp")];
}"""
"""How many pixels of the graph have the colours of what was sent again, and of what was late."""


@pytest.mark.parametrize("width", WIDTHS)
def test_words_of_drawings_are_whole_and_can_be_read(browser: Browser, pages: dict[str, Path], width: int) -> None:
    """None is cut off, lies on another, or is smaller than ten pixels."""
    for name, path in pages.items():
        with Opened(browser, path, width) as opened:
            assert opened.page.evaluate(CROSSED) == [], name
            assert min(opened.page.evaluate(LETTERS), default=LEAST_LETTER) >= LEAST_LETTER, name


@pytest.mark.parametrize("width", WIDTHS)
def test_the_graph_of_a_stream_marks_what_was_sent_again_and_what_was_late(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    """76 segments of the lossy stream: seen twice at the source, into gaps at the destination."""
    for point, again, late in (("src-uplink", True, False), ("dst-uplink", False, True)):
        path = tmp_path / f"{point}.html"
        path.write_text(to_html(*graphed(CAPTURES / "lossy", point)), encoding="utf-8")
        with Opened(browser, path, width) as opened:
            assert opened.complaints == []
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
            red, violet = opened.page.evaluate(STROKES)
            assert (red > 200, violet > 200) == (again, late), point
            kinds = opened.page.evaluate("[...document.querySelectorAll('.chart')].map((c) => c.dataset.kind)")
            assert "sequence" in kinds
            found = Axe().run(opened.page, options={"resultTypes": ["violations"]})
            assert [v["id"] for v in found.response["violations"]] == []


def test_idle_and_loaded_round_trips_have_a_line_each(browser: Browser, pages: dict[str, Path]) -> None:
    """In the spread. The shares are of all samples, as the percentiles told are: they begin at 0, end at 100 %."""
    with Opened(browser, pages["routed_stretched"]) as opened:
        for kind, named in (("spread", ["loaded", "idle"]), ("share", ["share"])):
            labels = f"[...document.querySelector('.chart[data-kind={kind}]').chart.series].map((s) => s.label)"
            assert opened.page.evaluate(labels)[1:] == named
        drawn = opened.page.evaluate("[...document.querySelector('.chart[data-kind=share]').chart.data[1]]")
        assert (drawn[0], drawn[-1]) == (0, 100)


def test_a_round_trip_that_stands_alone_is_drawn(browser: Browser, tmp_path: Path) -> None:
    """Through a black hole came a single one: no line leads through it, so it is a point."""
    report = reported(CAPTURES / "jumbo_black_hole")
    assert report.migrations[0].rtt.samples == 1
    path = tmp_path / "one.html"
    path.write_text(to_html(report), encoding="utf-8")
    with Opened(browser, path) as opened:
        chart = "document.querySelector('.chart[data-kind=over-time]').chart"
        drawn = opened.page.evaluate(f"[1, 2, 3].map((n) => {chart}.series[n].points.filter({chart}, n))")
        assert drawn == [[0], [0], [0]]
        inks = dict(zip(opened.page.evaluate(KINDS), opened.page.evaluate(POINTS), strict=True))
        assert inks["over-time"] >= 16


KINDS = "[...document.querySelectorAll('.chart')].map((c) => c.dataset.kind)"
POINTS = INK.replace('"--bar"', '"--quiet"')
"""The longest one is drawn over the others."""


def test_on_a_telephone_several_migrations_are_a_list_each(browser: Browser, pages: dict[str, Path]) -> None:
    """Nobody scrolls sideways for the verdict."""
    for name in ("there_and_back", "sample-several"):
        with Opened(browser, pages[name], 400) as opened:
            cut = "[...document.querySelectorAll('header .wide')].map((e) => e.scrollWidth - e.clientWidth)"
            assert opened.page.evaluate(cut) == [0], name
            rows = opened.page.locator("header tbody tr")
            assert rows.count() >= 2
            assert rows.first.locator("td").count() == rows.first.locator("td:visible").count() == 7


def test_a_chart_without_its_line_has_no_ink(browser: Browser, pages: dict[str, Path]) -> None:
    """What is counted is the line: with grid, axes and bands alone there is none."""
    with Opened(browser, pages["routed_stretched"]) as opened:
        assert min(opened.page.evaluate(INK)) > LEAST_INK
        opened.page.evaluate(
            "document.querySelectorAll('.chart').forEach((c) => c.chart.series.forEach((s, n) =>"
            " n && c.chart.setSeries(n, {show: false})))"
        )
        opened.page.wait_for_timeout(100)
        assert max(opened.page.evaluate(INK)) < LEAST_INK


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_to_object_to(browser: Browser, pages: dict[str, Path], width: int) -> None:
    """Contrast, names, roles, order of headings: the rules of axe-core, light and dark."""
    for name in ("routed_stretched", "destination_isolated", "there_and_back"):
        for scheme in ("light", "dark"):
            with Opened(browser, pages[name], width, scheme) as opened:
                found = Axe().run(opened.page, options={"resultTypes": ["violations"]})
                told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found.response["violations"]]
                assert told == [], (name, scheme)


def test_evidence_opens_and_its_filter_is_copied(browser: Browser, pages: dict[str, Path]) -> None:
    """With the keyboard alone: Enter opens, Enter copies."""
    with Opened(browser, pages["destination_isolated"]) as opened:
        page = opened.page
        proof = page.locator("details.proof", has=page.locator(".copyable")).first
        assert not proof.locator("code").first.is_visible()
        proof.locator("summary").focus()
        page.keyboard.press("Enter")
        assert proof.locator("code").first.is_visible()
        proof.locator("button.copy").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("[...document.querySelectorAll('button.copy')].some((b) => b.textContent === 'copied')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == proof.locator("code").first.text_content()
        assert opened.complaints == []


def test_a_chart_zooms_where_it_is_dragged_and_comes_back(browser: Browser, pages: dict[str, Path]) -> None:
    """The axis shows other times afterwards, and the first ones again after a double click."""
    with Opened(browser, pages["routed_stretched"]) as opened:
        page = opened.page
        over = page.locator(".chart[data-kind=goodput] .u-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        whole = shown(page)
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=4)
        page.mouse.up()
        near = shown(page)
        assert near[1] - near[0] == pytest.approx(0.2 * (whole[1] - whole[0]), rel=0.05)
        assert near[0] == pytest.approx(whole[0] + 0.3 * (whole[1] - whole[0]), rel=0.05)
        page.mouse.dblclick(box["x"] + 0.4 * box["width"], box["y"] + 50)
        assert shown(page) == whole


def shown(page: Page, kind: str = "goodput") -> list[float]:
    """From when to when, or of which durations, this chart is shown."""
    ends: list[float] = page.evaluate(
        f"(({{min, max}}) => [min, max])(document.querySelector('.chart[data-kind={kind}]').chart.scales.x)"
    )
    return ends


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_does_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    """No dialog, no request, no element of its making, nothing on the console."""
    path = tmp_path / "hostile.html"
    path.write_text(to_html(poisoned(HOSTILE[name])), encoding="utf-8")
    with Opened(browser, path, 400) as opened:
        assert opened.complaints == []
        assert opened.asked == [path.as_uri()]
        assert opened.page.locator("img, iframe, script:not([type]) ~ script").count() == 0
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400


def test_without_scripts_every_word_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    """The picture in characters stands for the chart; the close up needs no script."""
    with Opened(browser, pages["routed_stretched"], scripts=False) as opened:
        assert "limit 622 Mbps" in opened.page.locator("noscript").first.inner_text()
        assert opened.page.locator("svg.timeline").first.is_visible()


def test_printed_it_shows_what_was_closed(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """On paper nothing can be opened, so it is open there; afterwards it is as before."""
    with Opened(browser, pages["destination_isolated"]) as opened:
        page = opened.page
        closed = page.locator("details:not([open])").count()
        assert closed
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() == closed
        page.pdf(path=tmp_path / "page.pdf", format="A4")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_on_paper_everything_is_light_and_nothing_is_cut_off(browser: Browser, pages: dict[str, Path]) -> None:
    """From a dark screen too, with the colours that the light one has, in the charts as well."""
    for name in REAL:
        with Opened(browser, pages[name], 1280, "light") as opened:
            light = opened.page.evaluate(HUES)
        with Opened(browser, pages[name], 1280, "dark") as opened:
            page = opened.page
            assert page.evaluate(HUES) != light
            page.emulate_media(media="print", color_scheme="dark")
            page.set_viewport_size({"width": A4_WIDE, "height": 1000})
            page.wait_for_timeout(200)
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert page.evaluate(HUES) == light
            assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDE, name
            assert min(page.evaluate(INK)) > LEAST_INK, name


HUES = """() => ["--pass", "--fail", "--undecided", "--bar", "--limit", "--stun"].map(
  (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim())"""


def test_a_report_on_nothing_says_what_to_try(browser: Browser, pages: dict[str, Path]) -> None:
    """No migration, no chart, but a way on."""
    with Opened(browser, pages["sample-no_migration"]) as opened:
        assert opened.page.locator(".chart").count() == 0
        assert opened.page.get_by_text("What to try").is_visible()


def test_a_chart_of_durations_is_used_by_keys_too(browser: Browser, pages: dict[str, Path]) -> None:
    """Its scale is logarithmic: + shows 0.6 of its decades, 0 all of them."""
    kind = "spread"
    with Opened(browser, pages["routed_stretched"]) as opened:
        page = opened.page
        page.locator(f".chart[data-kind={kind}]").focus()
        whole = shown(page, kind)
        page.keyboard.press("+")
        near = shown(page, kind)
        assert math.log(near[1] / near[0]) == pytest.approx(0.6 * math.log(whole[1] / whole[0]), rel=0.01)
        page.keyboard.press("ArrowRight")
        assert shown(page, kind)[0] > near[0]
        page.keyboard.press("0")
        assert shown(page, kind) == pytest.approx(whole)
        assert opened.complaints == []


def test_a_chart_is_used_by_keys_and_says_what_it_shows(browser: Browser, pages: dict[str, Path]) -> None:
    """Reached with Tab; + and - zoom around the middle, arrows move, 0 shows all; each is told to who cannot see it."""
    with Opened(browser, pages["routed_stretched"]) as opened:
        page = opened.page
        chart = page.locator(".chart[data-kind=goodput]")
        heard = page.locator("figure:has(.chart[data-kind=goodput]) [role=status]")
        for _ in range(100):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.kind") == "goodput":
                break
        assert page.evaluate("document.activeElement.dataset.kind") == "goodput"
        whole = shown(page)
        page.keyboard.press("+")
        near = shown(page)
        assert near[1] - near[0] == pytest.approx(0.6 * (whole[1] - whole[0]), rel=0.01)
        assert sum(near) == pytest.approx(sum(whole), rel=0.01)
        assert "goodput: median " in (heard.text_content() or "")
        before = heard.text_content()
        page.keyboard.press("ArrowRight")
        assert shown(page)[0] > near[0]
        assert heard.text_content() != before
        for _ in range(9):
            page.keyboard.press("ArrowRight")
        assert shown(page)[1] == pytest.approx(whole[1]), "not beyond the end"
        page.keyboard.press("-")
        page.keyboard.press("-")
        assert shown(page) == pytest.approx(whole), "nor wider than all of it"
        page.keyboard.press("+")
        page.keyboard.press("0")
        assert shown(page) == pytest.approx(whole)
        for one in page.locator(".chart").all():
            assert one.get_attribute("tabindex") == "0"
        assert chart.get_attribute("role") == "application"
        assert opened.complaints == []
