"""tshark as the tests ask it: raw values of fields, packet by packet. What they mean is for each test to say."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from vmpcap.reference.tshark import Question, Values
from vmpcap.terms.errors import CaptureError

HAS_TSHARK = shutil.which("tshark") is not None
needs_tshark = pytest.mark.skipif(not HAS_TSHARK, reason="tshark is not installed")


def tshark_fields(path: Path, fields: Sequence[str], arguments: Sequence[str] = (), whole: bool = True) -> list[Values]:
    """
    All values of these fields, packet for packet, up to where tshark ends; nothing where it reads nothing.

    Only the process is the product's own code: no word of tshark's is translated here.
    """
    return list(_rows(Question(str(path), tuple(fields), arguments=tuple(arguments), whole=whole)))


def _rows(question: Question) -> Iterator[Values]:
    try:
        yield from question.answer()
    except CaptureError:
        return


def nanoseconds(text: str) -> int | None:
    """
    Seconds with nine decimals as nanoseconds, None where there are none.

    >>> nanoseconds("1.000000001"), nanoseconds("-1.5"), nanoseconds("")
    (1000000001, -1500000000, None)
    """
    if not text:
        return None
    whole, _, rest = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * 10**9 + sign * int(rest.ljust(9, "0"))
