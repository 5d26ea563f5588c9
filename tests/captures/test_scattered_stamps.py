"""A gateway's capture whose time stamps come early or late by chance: what its packets prove stays proved."""

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import vmpcap
from tests.captures.altered import packets_of, written
from vmpcap.report.document import Report
from vmpcap.terms.units import NS_PER_MS

FOLDER = "routed_stretched"
ROLES = {"src-guestbr": "domain:source", "dst-guestbr": "domain:destination", "gw-lan": "gateway", "client": "client"}
AHEAD_NS = 40 * NS_PER_MS


@cache
def said(scatter_ms: float, seed: int = 0) -> Report:
    """Of four points; the gateway's clock is ahead, its stamps off by so much as a rule, and its file's times rise."""
    rng = random.Random(seed)
    with TemporaryDirectory() as folder:
        points = {}
        for stem in ROLES:
            packets, last = packets_of(FOLDER, stem), 0
            if stem == "gw-lan" and scatter_ms:
                for number, packet in enumerate(packets):
                    off = round(rng.gauss(0, scatter_ms) * NS_PER_MS)
                    last = max(last + 1000, (packet.ts_ns or 0) + AHEAD_NS + off)
                    packets[number] = packet._replace(ts_ns=last)
            points[stem] = written(Path(folder) / f"{stem}.pcap", packets)
        return vmpcap.report(points, roles=ROLES)


@pytest.mark.parametrize("seed", range(3))
def test_its_clock_is_known_within_the_stated_doubt(seed: int) -> None:
    """40 ms, by a bar that holds each stamp's own 5 ms; and another point is the reference."""
    (clock,) = [clock for clock in said(5, seed).clocks if clock.point == "gw-lan"]
    assert clock.offset_ms is not None
    assert clock.uncertainty_ms is not None
    assert abs(clock.offset_ms - 40) <= clock.uncertainty_ms <= 40
    assert "the time stamps of gw-lan come early or late by chance" in clock.because


@pytest.mark.parametrize("seed", range(3))
def test_how_far_the_two_places_are_apart_is_told_by_who_shows_it(seed: int) -> None:
    """2 ms, set by the emulator between the sites: by the gateway's stamps alone it was none at all."""
    ((whole,), (guest,)) = (
        [guest for migration in said(scatter).migrations for guest in migration.guests] for scatter in (0, 5)
    )
    assert whole.domain is not None
    assert guest.domain is not None
    assert whole.domain.word == guest.domain.word == "stretched"
    assert "client" in guest.domain.word_because
