"""TCP options from literal bytes, sound, cut and malformed."""

import pytest

from tests.decode.frames_of import options_of, walk_one
from tests.decode.test_walk import ETH, ipv4, tcp
from vmpcap.decode.fields.tcp import HAS_TIMESTAMPS


def options(text: str, captured: int | None = None) -> dict[str, object]:
    """What is read of these options, of which so many bytes were captured?"""
    given = bytes.fromhex(text)
    frame = ETH + ipv4(tcp(b"data", given))
    wire = len(frame)
    if captured is not None:
        frame = frame[: 54 + captured]
    row = walk_one(frame, wire_bytes=wire)
    assert row["payload_bytes"] == 4
    return options_of(row) | {"stop": row["stop"]}


WHOLE = {"cut": False, "bad": False, "stop": "complete"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0204 05b4", {"mss": 1460}),
        (
            "0204 23d0 0402 080a 00000007 00000000 01 030309",
            {"mss": 9168, "sack_permitted": True, "stamps": (7, 0), "scale": 9},
        ),
        ("0101 080a 89abcdef 01234567", {"stamps": (0x89ABCDEF, 0x01234567)}),
        ("0101 050a 00000001 00000002", {"sack": (1, 2)}),
        ("0101 0522" + "".join(f"{n:08x}" for n in range(8)), {"sack": tuple(range(8))}),
        (
            "0101 080a 00000001 00000002 0101 0512 00000003 00000004 00000005 00000006",
            {"stamps": (1, 2), "sack": (3, 4, 5, 6)},
        ),
        ("00 ff ff ff", {}),
        ("1e04 0001", {}),  # a kind nobody here reads
    ],
)
def test_options_are_read(text: str, wanted: dict[str, object]) -> None:
    """RFC 9293 3.2, RFC 7323 2.2 and 3.2, RFC 2018 2 and 3."""
    assert options(text) == WHOLE | wanted


@pytest.mark.parametrize(
    "text",
    [
        "02000000",  # length 0 would never end
        "02010000",
        "0209 0000",  # beyond the header
        "0203 05 00",  # an MSS of three bytes
        "0509 00000000000000 000000",  # SACK that is no whole number of blocks
        "01010108",  # kind without length
    ],
)
def test_a_malformed_list_is_said_to_be(text: str) -> None:
    """It neither loops nor reads on outside the header."""
    found = options(text)
    assert found["bad"] is True
    assert found["stop"] == "complete"


@pytest.mark.parametrize("captured", range(12))
def test_options_cut_by_the_capture_are_said_to_be(captured: int) -> None:
    """NOP, NOP, timestamps: without the last byte there is no time stamp, and the row says why."""
    found = options("0101 080a 00000001 00000002", captured)
    assert (found["cut"], found["stop"]) == (True, "cut_options")
    assert "stamps" not in found


def test_what_stands_before_the_cut_is_kept() -> None:
    """The MSS was captured, the rest was not."""
    found = options("0204 05b4 0402 080a 00000001 00000002 01010101", captured=6)
    assert (found["mss"], found["sack_permitted"], found["cut"]) == (1460, True, True)


def test_the_usual_layout_is_read_as_any_other() -> None:
    """NOP, NOP, timestamps goes a shorter way and must say the same."""
    usual = walk_one(ETH + ipv4(tcp(b"", bytes.fromhex("0101080a0000000a0000000b"))))
    turned = walk_one(ETH + ipv4(tcp(b"", bytes.fromhex("080a0000000a0000000b0101"))))
    names = ("tcp_options", "tcp_ts_value", "tcp_ts_echo")
    assert [usual[name] for name in names] == [turned[name] for name in names] == [HAS_TIMESTAMPS, 10, 11]
