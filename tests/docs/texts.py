"""The texts of the project, and the scripts that make parts of them."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
"""Pages that are written from the product's tables."""

FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(name: str) -> ModuleType:
    """A script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_texts() -> list[Path]:
    """Every Markdown file that somebody wrote."""
    pages = [file for file in sorted(DOCS.rglob("*.md")) if file.parent != REFERENCE]
    return [*sorted(ROOT.glob("*.md")), *pages, *sorted((ROOT / "captures").rglob("*.md"))]


def name_of(file: Path) -> str:
    """A file by its path in the checkout."""
    return file.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return FENCE.sub("", text)
