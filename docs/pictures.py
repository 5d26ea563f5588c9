"""
Pictures of the HTML report, as Chromium shows it: for people to look at, and for the pages of this site.

`make pictures` writes one for each situation in captures/, width and colour scheme to build/pictures. When the site is
built, mkdocs calls `on_files`, which takes those of SHOWN; they are part of the built site only, never of the sources.
Where Chromium is not installed the site is built without them, and that is said.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from playwright.sync_api import Browser

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "build" / "pictures"
SCHEMES: Final = ("light", "dark")
WIDTHS: Final = (1280, 400)


@dataclass(frozen=True)
class Shown:
    """One picture of the site: a situation, how wide the window is, and what of the page is taken."""

    situation: str
    width: int
    tall: int = 900
    part: str = ""
    """A selector of the part; empty: the page from its top, so many pixels of it."""


SHOWN: Final = {
    "report-that-passed": Shown("routed_stretched", 1280, 1000),
    "report-that-failed": Shown("destination_isolated", 1280, 760),
    "where-the-announcement-went": Shown("destination_isolated", 1280, part="figure:has(.stop.lossy)"),
    "where-the-stream-went": Shown("routed_stretched", 1280, part="figure:has(.leg.back)"),
    "switchover-close-up": Shown("routed_stretched", 1280, part="figure:has(svg.timeline)"),
    "on-a-telephone": Shown("destination_isolated", 400, 800),
}
"""Pictures that pages of the site show, by the name that their marks have."""

MARK: Final = re.compile(r"<!-- picture ([\w-]+): ([^<>]+?) -->", re.DOTALL)
"""Where a picture stands in a page, and what it shows; elsewhere than on the site nothing is seen of it."""


def main() -> int:
    browser = chromium()
    if browser is None:
        print("no chromium is installed: make system", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or [str(found.parent) for found in sorted((ROOT / "captures").glob("*/points.toml"))]
    pages = [written(Path(situation), OUT) for situation in wanted]
    count = 0
    with started(browser) as opened:
        for page in pages:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    path = page.with_name(f"{page.stem}-{width}-{scheme}.png")
                    path.write_bytes(picture(opened, page, width, scheme))
                    count += 1
    print(f"{count} pictures in {OUT.relative_to(ROOT)}")
    return 0


def chromium() -> str | None:
    """Where is the browser?"""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class started:
    """The browser, until the block ends."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> "Browser":
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright()
        begun = self._playwright.__enter__()
        return begun.chromium.launch(executable_path=self._path, args=["--no-sandbox", "--disable-gpu"])

    def __exit__(self, *_: object) -> None:
        self._playwright.__exit__()


def picture(browser: "Browser", page: Path, width: int, scheme: str, of: Shown | None = None) -> bytes:
    """The whole page as PNG, or what is wanted of it."""
    opened = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    try:
        opened.goto(page.as_uri())
        if of is None:
            return opened.screenshot(full_page=True)
        if of.part:
            return opened.locator(of.part).first.screenshot()
        return opened.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": of.tall})
    finally:
        opened.close()


def written(situation: Path, folder: Path) -> Path:
    """The page of the report on this situation."""
    page = folder / f"{situation.name}.html"
    command = [sys.executable, str(ROOT / "captures" / "report.py"), str(situation), "-q", "-o", str(page)]
    subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    return page


def taken() -> Iterator[tuple[str, bytes]]:
    """
    Every picture that the site shows, by its file name.

    Raises
    ------
    LookupError
        There is no browser, or nothing that speaks with it.
    subprocess.CalledProcessError
        A page could not be written: the chart library is missing.
    """
    browser = chromium()
    if browser is None:
        raise LookupError("no chromium is installed")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        raise LookupError("playwright is not installed") from None
    with tempfile.TemporaryDirectory() as folder, started(browser) as opened:
        situations = dict.fromkeys(shown.situation for shown in SHOWN.values())
        pages = {name: written(ROOT / "captures" / name, Path(folder)) for name in situations}
        for name, shown in SHOWN.items():
            for scheme in SCHEMES:
                yield f"{name}-{scheme}.png", picture(opened, pages[shown.situation], shown.width, scheme, shown)


MADE: Final[set[str]] = set()
"""File names of the pictures of the build that runs."""


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Give mkdocs the pictures as if they stood beside the pages; without a browser it goes on without them."""
    from mkdocs.structure.files import File

    MADE.clear()
    try:
        for name, png in taken():
            files.append(File.generated(config, f"pictures/{name}", content=png))
            MADE.add(name)
    except (LookupError, subprocess.CalledProcessError) as problem:
        why = str(problem) if isinstance(problem, LookupError) else "the report could not be written as a page"
        print(f"{LEFT_OUT}: {why}", file=sys.stderr)
    return files


LEFT_OUT: Final = "the site is built without pictures of the report"


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Put the pictures where their marks stand."""
    return with_pictures(markdown, page.file.src_uri)


def with_pictures(markdown: str, page: str) -> str:
    """The page with its pictures, of which the site shows the one that suits its colours."""
    up = "../" * page.count("/")

    def shown(mark: re.Match[str]) -> str:
        name, words = mark[1], " ".join(mark[2].split())
        if name not in SHOWN:
            raise ValueError(f"{page}: there is no picture {name!r}; there are: {', '.join(SHOWN)}")
        if f"{name}-dark.png" not in MADE:
            return f"*(Here the site shows a picture, where Chromium was installed when it was built: {words}.)*"
        return "\n".join(f"![{words}]({up}pictures/{name}-{scheme}.png#only-{scheme})" for scheme in SCHEMES)

    return MARK.sub(shown, markdown)


if __name__ == "__main__":
    sys.exit(main())
