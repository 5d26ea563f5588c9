"""The published copy of the JSON Schema."""

from pathlib import Path

from vmpcap.report.schema import schema_text

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "report.schema.json"


def test_the_published_schema_is_current() -> None:
    """Made again with `vmpcap report --json-schema > docs/reference/report.schema.json` after a change."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()
