"""The JSON Schema of the report, made from the document's own types."""

import ast
import inspect
import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, TypeGuard

import msgspec

from vmpcap.measures import results as of_the_stream
from vmpcap.migration import results as of_the_story
from vmpcap.migration import what_if_results as of_other_links
from vmpcap.report import comparison, document
from vmpcap.verdicts import findings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

ROOMS: Final[tuple[ModuleType, ...]] = (document, of_the_stream, of_the_story, of_other_links, findings)
"""Where the parts of a report are declared."""

TIME: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$"
"""ISO 8601, UTC, nanoseconds."""


def report_schema() -> dict[str, Any]:
    """
    Which JSON Schema does every report keep to?

    Every key is always there: what is not known is null. Later versions may add keys, so unlisted ones are allowed.
    """
    head = {"$schema": DIALECT, "$id": f"urn:{document.SCHEMA.replace('/', ':')}", "title": document.SCHEMA}
    return {**head, **_made(document.Report, {"const": document.SCHEMA}, ROOMS)}


def comparison_schema() -> dict[str, Any]:
    """Which JSON Schema does every comparison and benchmark keep to? It is of the same kind."""
    names = [comparison.COMPARE, comparison.BENCH]
    head = {"$schema": DIALECT, "$id": "urn:vmpcap.compare:1", "title": " or ".join(names)}
    return {**head, **_made(comparison.Comparison, {"enum": names}, (comparison, document))}


def _made(struct: type, named: dict[str, Any], rooms: Sequence[ModuleType]) -> dict[str, Any]:
    made = msgspec.json.schema(struct)
    told = _told(rooms)
    for name, part in made["$defs"].items():
        if part["type"] == "object":
            part["required"] = list(part["properties"])
            part["properties"] = {k: _value(k, v, told.get((name, k), "")) for k, v in part["properties"].items()}
    made["$defs"][struct.__name__]["properties"]["schema"] = named
    return dict(made)


def _value(key: str, value: dict[str, Any], told: str) -> dict[str, Any]:
    """What one key holds: its type, its form where it is a time, and what the document says of it."""
    kept = {word: content for word, content in value.items() if word != "default"}
    if key.endswith("_ts"):
        for choice in kept.get("anyOf", [kept]):
            if choice["type"] == "string":
                choice["pattern"] = TIME
    return {**kept, "description": told} if told else kept


def _told(rooms: Sequence[ModuleType]) -> dict[tuple[str, str], str]:
    """What the document's source says under each field, by struct and field."""
    told = {}
    for room in rooms:
        for struct in ast.walk(ast.parse(inspect.getsource(room))):
            if isinstance(struct, ast.ClassDef):
                for field, words in zip(struct.body, struct.body[1:], strict=False):
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(words):
                        told[struct.name, field.target.id] = inspect.cleandoc(ast.literal_eval(words.value))
    return told


def _is_text(node: ast.stmt) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def schema_text() -> str:
    """How is the schema written? As it is committed in docs/reference/report.schema.json."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


def comparison_schema_text() -> str:
    """How is that of comparisons written? As it is committed in docs/reference/comparison.schema.json."""
    return json.dumps(comparison_schema(), indent=2, ensure_ascii=False) + "\n"
