"""The page of `compare` and `bench` in a real browser: drawn in silence, on both widths, in both schemes, on paper."""

from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.drawings import A4_WIDE, CROSSED, LEAST_LETTER, LETTERS
from tests.browser.opened import NEEDS_CHROMIUM, WIDTHS, Opened
from tests.report.made import HOSTILE
from tests.report.test_comparison_looks import sample
from tests.runs.test_compared import given, moved
from vmpcap.report.comparison import Comparison
from vmpcap.report.comparison_looks import comparison_to_html
from vmpcap.runs.compared import bench
from vmpcap.runs.gathered import counted_once

pytestmark = NEEDS_CHROMIUM


def several() -> Comparison:
    """Three paths, of which one has a single migration."""
    paths = {"10.1.0.1": 5, "10.2.0.1": 4, "10.3.0.1": 1}
    inputs = given(
        "",
        *(
            moved(day + 7 * n, 400.0 + 100 * n + day, source=source)
            for n, (source, count) in enumerate(paths.items())
            for day in range(1, count + 1)
        ),
    )
    return bench(inputs, *counted_once(inputs), "hosts")


MADE = {"compare": sample, "bench": several}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("comparisons")
    written = {}
    for name, make in MADE.items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(comparison_to_html(make()), encoding="utf-8")
    return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MADE)
def test_it_is_drawn_in_silence(browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str) -> None:
    """No message, no request but for the file, nothing wider than the window, letters that can be read."""
    with Opened(browser, pages[name], width, scheme) as opened:
        page = opened.page
        assert opened.complaints == []
        assert opened.asked == [pages[name].as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        drawn = page.locator("svg.timeline:visible")
        assert drawn.count() >= 5
        assert min(page.evaluate(LETTERS)) >= LEAST_LETTER


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MADE)
def test_no_word_of_a_drawing_is_cut_off_or_lies_on_another(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    """Every word is inside of its drawing, and no two of them share a place."""
    with Opened(browser, pages[name], width) as opened:
        assert opened.page.evaluate(CROSSED) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MADE)
def test_axe_finds_nothing_to_object_to(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    """Contrast, names, roles, order of headings."""
    with Opened(browser, pages[name], width, scheme) as opened:
        found = Axe().run(opened.page, options={"resultTypes": ["violations"]})
        assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found.response["violations"]] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    """Of paths, groups, inputs and reasons: no dialog, no request, no element of its making."""
    text, document = HOSTILE[name], sample()
    groups = [msgspec.structs.replace(g, name=text, paths={text: 1}) for g in document.groups]
    inputs = [msgspec.structs.replace(i, path=text, because=text) for i in document.inputs]
    document = msgspec.structs.replace(document, groups=groups, inputs=inputs, notes=[text])
    path = tmp_path / "hostile.html"
    path.write_text(comparison_to_html(document), encoding="utf-8")
    with Opened(browser, path, 400) as opened:
        assert opened.complaints == []
        assert opened.asked == [path.as_uri()]
        assert opened.page.locator("img, iframe, script").count() == 0
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("name", MADE)
def test_it_prints(browser: Browser, pages: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Dark schemes too come out on white, and nothing is left out: every drawing has its place on the sheet."""
    with Opened(browser, pages[name], 1280, "dark") as opened:
        page = opened.page
        page.emulate_media(media="print")
        page.set_viewport_size({"width": A4_WIDE, "height": 1000})
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDE
        assert page.locator("svg.timeline:visible").count() >= 5
        page.pdf(path=tmp_path / "page.pdf", format="A4")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
