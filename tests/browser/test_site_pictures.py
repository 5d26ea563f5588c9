"""Pictures of the site: taken by the build from Chromium, and left out in words where there is none."""

import re
import struct
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from tests.browser.opened import NEEDS_CHROMIUM
from tests.docs.texts import DOCS, ROOT, script


@pytest.fixture
def pictures() -> ModuleType:
    return script("pictures")


def marks(pictures: ModuleType) -> list[tuple[Path, str]]:
    """Every place in the docs where a picture stands."""
    pages = [page for page in sorted(DOCS.rglob("*.md")) if "<!-- picture" in page.read_text(encoding="utf-8")]
    return [(page, found[1]) for page in pages for found in pictures.MARK.finditer(page.read_text(encoding="utf-8"))]


def test_every_picture_is_shown_and_every_mark_names_one(pictures: ModuleType) -> None:
    """A mark that is written wrongly would stay a comment that nobody sees."""
    found = marks(pictures)
    written = sum(len(re.findall("<!-- *picture", page.read_text(encoding="utf-8"))) for page in DOCS.rglob("*.md"))
    assert len(found) == written
    assert {name for _, name in found} == set(pictures.SHOWN)
    assert {page.name for page, _ in found} >= {"first-report.md", "pass-on-as-a-page.md"}
    for shown in pictures.SHOWN.values():
        assert (ROOT / "captures" / shown.situation / "points.toml").exists()


def test_without_a_browser_the_site_says_so_and_is_built(
    pictures: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words stand in place of each picture, and no link leads nowhere."""
    monkeypatch.setattr(pictures.shutil, "which", lambda _: None)
    files: list[object] = []
    assert pictures.on_files(files, None) == []
    assert capsys.readouterr().err == f"{pictures.LEFT_OUT}: no chromium is installed\n"
    text = pictures.with_pictures("a\n\n<!-- picture on-a-telephone: the page\non a telephone -->\n", "how-to/x.md")
    assert "where Chromium was installed when it was built: the page on a telephone" in text
    assert "](" not in text


def test_a_mark_of_no_picture_stops_the_build(pictures: ModuleType) -> None:
    """With the page and what there is."""
    with pytest.raises(ValueError, match=r"how-to/x.md: there is no picture 'on-a-fax'; there are: report-that"):
        pictures.with_pictures("<!-- picture on-a-fax: the page -->", "how-to/x.md")


def test_each_scheme_has_its_picture(pictures: ModuleType) -> None:
    """Relative to the page, so that it opens from disk."""
    pictures.MADE.add("on-a-telephone-dark.png")
    text = pictures.with_pictures("<!-- picture on-a-telephone: it -->", "how-to/x.md")
    assert text.splitlines() == [
        f"![it](../pictures/on-a-telephone-{scheme}.png#only-{scheme})" for scheme in ("light", "dark")
    ]


@NEEDS_CHROMIUM
def test_parts_and_tops_of_a_page_are_taken(pictures: ModuleType, browser: Browser, tmp_path: Path) -> None:
    """As many pixels as were asked for; light and dark differ; a part is smaller than the window."""
    page = pictures.written(ROOT / "captures" / "destination_isolated", tmp_path)
    telephone = pictures.SHOWN["on-a-telephone"]
    light, dark = (pictures.picture(browser, page, 400, scheme, telephone) for scheme in pictures.SCHEMES)
    assert size(light) == size(dark) == (400, telephone.tall)
    assert light != dark
    wide, tall = size(pictures.picture(browser, page, 1280, "light", pictures.SHOWN["where-the-announcement-went"]))
    assert 600 < wide < 1280
    assert 100 < tall < 400


def size(png: bytes) -> tuple[int, int]:
    """How wide and tall is it, by its header?"""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    wide, tall = struct.unpack(">II", png[16:24])
    return wide, tall
