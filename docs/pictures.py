"""
Pictures of the HTML report on every situation in captures/, to look at: `make pictures` writes them to build/pictures.

One for each situation, width and colour scheme, as Chromium shows the whole page.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "pictures"
LOOKS = [(width, scheme) for width in (1280, 400) for scheme in ("light", "dark")]


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("no chromium is installed: make system", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or [str(found.parent) for found in sorted((ROOT / "captures").glob("*/points.toml"))]
    pages = [written(Path(situation)) for situation in wanted]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for page in pages:
            for width, scheme in LOOKS:
                shown = started.new_page(
                    viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
                )
                shown.goto(page.as_uri())
                shown.screenshot(path=page.with_name(f"{page.stem}-{width}-{scheme}.png"), full_page=True)
                shown.close()
        started.close()
    print(f"{len(pages) * len(LOOKS)} pictures in {OUT.relative_to(ROOT)}")
    return 0


def written(situation: Path) -> Path:
    """The page of the report on this situation."""
    page = OUT / f"{situation.name}.html"
    command = [sys.executable, str(ROOT / "captures" / "report.py"), str(situation), "-q", "-o", str(page)]
    subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    return page


if __name__ == "__main__":
    sys.exit(main())
