"""The report as JSON: the contract `vmpcap.report/1`."""

import msgspec

from vmpcap.report.clean import without_surrogates
from vmpcap.report.document import Report


def to_json(report: msgspec.Struct, indent: int = 2) -> str:
    """
    How is this report, or another document, written as JSON?

    Keys stand in the order of the document, so equal reports are equal bytes. What is not known is null; a figure that
    is no finite number is null as well. Bytes of file names that are no UTF-8 are written as escapes.
    """
    try:
        raw = msgspec.json.encode(report)
    except UnicodeEncodeError:
        raw = msgspec.json.encode(without_surrogates(report))
    return msgspec.json.format(raw, indent=indent).decode("utf-8") + "\n"


def from_json(text: str | bytes) -> Report:
    """
    Which report is this JSON?

    Raises msgspec.ValidationError where it does not keep to the schema; keys added by a later version are ignored.
    """
    return msgspec.json.decode(text, type=Report)
