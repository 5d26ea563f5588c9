"""The man pages say what --help says, and roff takes them without a word."""

import re
import shutil
import subprocess

import click
import pytest

from tests.docs.texts import script
from vmpcap.cli.exits import EXITS
from vmpcap.cli.group import COMMANDS, commands

man = script("man")
PAGES: dict[str, str] = man.pages()


def plain(page: str) -> str:
    """The page's words, without what is roff's."""
    words = re.sub(r"\\f[BR]|\\&", "", page).replace("\\-", "-").replace("\\e", "\\")
    return " ".join(words.split())


def test_every_command_has_a_page_with_every_option_of_its_help() -> None:
    """Names and texts, as click shows them."""
    assert set(PAGES) == {"vmpcap.1", *(f"vmpcap-{row.name}.1" for row in COMMANDS)}
    context = click.Context(commands)
    for row in COMMANDS:
        shown = plain(PAGES[f"vmpcap-{row.name}.1"])
        command = commands.get_command(context, row.name)
        assert command is not None
        assert row.short_help.rstrip(".") in shown
        for option in (p for p in command.params if isinstance(p, click.Option)):
            assert all(name in shown for name in option.opts)
            assert " ".join((option.help or "").split()) in shown
    for one in EXITS:
        assert f"{one.status} {' '.join(one.meaning.split())}" in plain(PAGES["vmpcap.1"])


@pytest.mark.parametrize("name", PAGES)
def test_roff_takes_it_without_a_warning(name: str) -> None:
    """And what it shows begins with the name and holds the examples in their own lines."""
    if shutil.which("groff") is None:
        pytest.skip("not installed: groff")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"], input=PAGES[name], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert f"{name.removesuffix('.1')} - " in done.stdout.replace("−", "-").replace("‐", "-")
    if name == "vmpcap-report.1":
        lines = [line.strip().replace("−", "-") for line in done.stdout.splitlines()]
        assert "tcpdump -w - tcp port 8000 | vmpcap report -" in lines


def test_what_begins_with_a_dot_is_no_request() -> None:
    """Roff takes a dot or a quote at the start of a line for a command of its own."""
    assert man.text(".so /etc/passwd").startswith("\\&.")
    assert man.text("'x").startswith("\\&'")
    assert man.text("a\\b") == "a\\eb"
