"""The JSON Schema of the report, made from the document's own types."""

import json
from typing import Any

import msgspec

from vmpcap.report.document import SCHEMA, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> dict[str, Any]:
    """Which JSON Schema does every report keep to?"""
    made = msgspec.json.schema(Report)
    head = {"$schema": DIALECT, "$id": f"urn:{SCHEMA.replace('/', ':')}", "title": SCHEMA}
    made["$defs"]["Report"]["properties"]["schema"] = {"const": SCHEMA}
    return {**head, **made}


def schema_text() -> str:
    """How is the schema written? As it is committed in docs/reference/report.schema.json."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"
