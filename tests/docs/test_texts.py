"""The texts: links lead somewhere, output is what its command prints, figures have the command that made them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.texts import DOCS, FENCE, REFERENCE, ROOT, all_texts, name_of, prose, script

each = pytest.mark.parametrize("file", all_texts(), ids=name_of)

outputs = script("outputs")

TOOLS = ("jq", "tshark", "zstd")


def anchor(heading: str) -> str:
    """The anchor that both GitHub and the site make of a heading of plain words."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


@pytest.mark.parametrize("file", [*all_texts(), *sorted(REFERENCE.glob("*.md"))], ids=name_of)
def test_relative_links_lead_somewhere(file: Path) -> None:
    """In a fresh clone: files exist, anchors too; nothing that only a build makes is linked."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(file.read_text())):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        if fragment and found.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)
            assert fragment in {anchor(h) for h in headings}, target


def test_the_site_builds_without_a_warning_and_without_the_network(tmp_path: Path) -> None:
    """mkdocs --strict: every link and anchor resolves, and no page asks another host for anything."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith(script("pictures").LEFT_OUT)]
    assert (done.returncode, done.stdout, said) == (0, "", [])
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(list(DOCS.rglob("*.md")))
    for page in pages:
        fetched = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=[\"']?(https?:[^\"'\s>]+)", page.read_text())
        assert [url for url in fetched if "squidfunk" not in url] == [], page.name


@each
def test_every_block_says_what_it_is_and_shown_output_has_its_command(file: Path) -> None:
    """
    `console`: commands with what they print. `sh`, `toml`, `python`: nothing printed. Without a language: a drawing.
    """
    for language, body in FENCE.findall(file.read_text()):
        assert language in ("console", "sh", "toml", "python", "")
        if language == "python":
            compile(body, file.name, "exec")
        if language == "console":
            assert body.startswith("$ ")
        else:
            assert not re.search(r"^\$ ", body, re.MULTILINE)


def shown_commands() -> list[str]:
    """Every command that some text shows with its output, once."""
    return sorted({c for file in outputs.texts() for c in outputs.commands_of(file.read_text())})


@pytest.mark.parametrize("command", shown_commands())
def test_shown_output_is_what_its_command_prints(command: str) -> None:
    """Where this fails and the new output is right: python docs/outputs.py"""
    missing = [tool for tool in TOOLS if re.search(rf"\b{tool}\b", command) and shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    printed = outputs.run(command)
    for file in outputs.texts():
        text = file.read_text()
        if command in outputs.commands_of(text):
            assert f"$ {command}\n{printed}" in text, name_of(file)


@each
def test_a_figure_of_size_or_speed_has_a_command_beside_it(file: Path) -> None:
    """Sizes on disk and in memory, rates of reading: whoever doubts one can ask again, in the same section."""
    if ROOT / "captures" in file.parents:
        return  # the lab's own figures: truth.json is their source
    for section in re.split(r"^#+ ", file.read_text(), flags=re.MULTILINE):
        claimed = re.findall(r"\d[\d.,]*\s?(?:MB|GB|packets/s|million packets)\b", prose(section))
        limits = re.findall(r"below (\d+ MB)", section)
        if [c for c in claimed if c not in limits]:
            assert FENCE.search(section), claimed


@each
def test_no_text_knows_the_machine_it_was_written_on(file: Path) -> None:
    """No absolute path of somebody's home or checkout."""
    assert re.findall(r"(?<![\w.])/(?:root|home|work|Users|tmp)/\S*", file.read_text()) == []


def test_the_licence_is_whole_and_ours() -> None:
    """The MIT text, word for word in its first and last sentences, and who grants it."""
    text = " ".join((ROOT / "LICENSE").read_text().split())
    assert text.startswith(
        "MIT License Copyright (c) 2026 the vmpcap authors Permission is hereby granted, free of charge"
    )
    assert "The above copyright notice and this permission notice shall be included in all copies" in text
    assert text.endswith("OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.")


def test_scapy_is_imported_in_the_lab_only() -> None:
    """scapy is GPL-2.0-only: nothing on the way from a capture to a report may need it."""
    package = ROOT / "analyzer" / "vmpcap"
    importing = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if re.search(r"^\s*(?:import|from)\s+scapy\b", file.read_text(), re.MULTILINE)
    ]
    assert [name for name in importing if not name.startswith("lab/")] == []
