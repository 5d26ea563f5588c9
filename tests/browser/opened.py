"""A page in a real browser, and what it complained of or asked for."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
WIDTHS = (1280, 400)
NEEDS_CHROMIUM = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed: make system")


class Opened:
    """A page in the browser, and all that it complained of or asked for."""

    def __init__(self, browser: Browser, path: Path, width: int = 1280, scheme: str = "light", scripts: bool = True):
        self.complaints: list[str] = []
        self.asked: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()
