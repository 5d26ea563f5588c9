"""Which format the name of an output asks for: by the ends that are known, since not every dot begins one."""

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Final

SUFFIXES: Final = {
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".parquet": "parquet",
    ".xml": "junit",
    ".prom": "metrics",
    ".txt": "terminal",
    ".text": "terminal",
    ".log": "terminal",
}
"""Which format of a document the name of an output asks for."""

OTHERS: Final = frozenset({
    ".adoc", ".arrow", ".avro", ".bz2", ".cap", ".conf", ".csv", ".db", ".doc", ".docx", ".eps", ".feather", ".gif",
    ".gz", ".ini", ".ipc", ".ipynb", ".jpeg", ".jpg", ".jsonl", ".lz4", ".ndjson", ".odf", ".ods", ".odt", ".orc",
    ".pcap", ".pcapng", ".pdf", ".png", ".pptx", ".ps", ".py", ".rst", ".rtf", ".sql", ".sqlite", ".svg", ".tar",
    ".tex", ".tgz", ".toml", ".tsv", ".webp", ".xhtml", ".xls", ".xlsx", ".xz", ".yaml", ".yml", ".zip", ".zst",
})  # fmt: skip
"""What else names end with that other programs go by: whoever opens such a file expects no text."""
ALIKE: Final = 0.75
"""From this likeness on an end is taken for a known one that is misspelt."""


def end_of(output: str) -> str:
    """
    What does this name end with, from its last dot on? A name that is nothing but an end has it, too.

    >>> end_of("out/.json"), end_of("a.d/report"), end_of("report-10.1.1.5")
    ('.json', '', '.5')
    """
    name = os.path.basename(output)
    return name[name.rindex(".") :].lower() if "." in name else ""


def asked_format(output: str, known: Mapping[str, str]) -> str | None:
    """Which of these formats, by their ends, does the name ask for? None where it asks for none of them."""
    return known.get(end_of(output))


def is_refused(output: str, known: Collection[str]) -> bool:
    """
    Does the name ask for a format that there is not, or misspell one? Other ends are part of the name.

    >>> [is_refused(name, SUFFIXES) for name in ("r.pdf", "r.js0n", "report-10.1.1.5", "esx1.example.com", "r.v2")]
    [True, True, False, False, False]
    """
    end = end_of(output)
    return end not in known and (end in OTHERS or bool(get_close_matches(end, known, 1, ALIKE)))
