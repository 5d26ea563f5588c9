"""A large stream on another port that ended as a machine was announced: what to try with --port."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import GUEST, MS, S, announced, side, stream, view
from vmpcap.migration.likely_ports import find_likely_ports
from vmpcap.terms.addresses import mac_text


def carried(**data: Any) -> Any:
    """100 MB to port 443, a second long, by a TLS that anybody may speak."""
    sent = {"packets": 9, "payload_bytes": 100_000_000, "syn_ts": 0, "opening": bytes.fromhex("1603030100")}
    sent |= {"first_data_ts": 0, "first_data_frame": 4, "last_data_ts": S, "last_data_frame": 900}
    return stream(a=side(**{**sent, **data}), b=side(packets=9, payload_bytes=3000), b_port=443, nominated=False)


def test_the_stream_that_ended_just_before_a_machine_was_announced_is_a_hint() -> None:
    """With the port to try, on the side that was called."""
    (one,) = find_likely_ports([view("up", services=(carried(),), series=(announced(1200 * MS),))])
    assert one.short.startswith("100 MB went one way from 10.10.1.11 to 10.10.1.12 (TCP port 443) until 0.2 s before")
    assert one.short.endswith(f"{mac_text(GUEST)} announced itself: if that was its migration, --port 443 tells it")
    assert "at up, " in one.sentence
    assert "frames 4 to 900" in one.sentence


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({}, 7 * S),
        ({"last_data_ts": 20 * S}, 1200 * MS),
        ({"payload_bytes": 3_900_000}, 1200 * MS),
        ({"payload_bytes": 20_000, "opening": b""}, 1200 * MS),
        ({"opening": b"PUT /backup.img "}, 1200 * MS),
    ],
    ids=["announced later", "goes on", "too little", "both ways", "plain HTTP"],
)
def test_what_was_no_guests_memory_is_no_hint(changed: dict[str, Any], at: int) -> None:
    """A backup beside a machine that starts, an upload by HTTP, chatter."""
    assert find_likely_ports([view("up", services=(carried(**changed),), series=(announced(at),))]) == []


def test_the_copy_of_a_machine_that_is_off_and_one_that_is_told_already_are_no_hint() -> None:
    """NFC carries no running guest; a machine that was started anew came by no stream."""
    up = view("up", services=(carried(),), series=(announced(1200 * MS),))
    assert find_likely_ports([up], [GUEST]) == []
    copied = replace(carried(), b_port=902)
    assert find_likely_ports([view("up", services=(copied,), series=(announced(1200 * MS),))]) == []


def test_two_points_that_show_it_say_it_once_and_without_an_announcement_nothing_is_said() -> None:
    """Any host copies much to another, now and then."""
    both = [view(name, services=(carried(),), series=(announced(1200 * MS),)) for name in ("a", "b")]
    assert len(find_likely_ports(both)) == 1
    assert find_likely_ports([view("up", services=(carried(),))]) == []
