"""Scenarios played once for all tests, with a small stream: what matters in them does not depend on its size."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from vmpcap.lab.scenarios import SCENARIOS, Scenario, named
from vmpcap.lab.synth import Made, play, write

NAMES = [scenario.name for scenario in SCENARIOS]
SMALL = 6_000_000


def scenario_of(name: str, **more: Any) -> Scenario:
    """The scenario of this name with other figures; those of the link by their own names."""
    scenario = named(name)
    assert scenario is not None
    link = {key: more.pop(key) for key in ("rate_mbps", "rtt_ms", "loss", "queue_bytes", "is_routed") if key in more}
    return replace(scenario, **{"stream_bytes": SMALL, **more}, link=replace(scenario.link, **link))


def played(name: str, **more: Any) -> Made:
    """This story, played to its end."""
    made = play(scenario_of(name, **more))
    assert made is not None
    return made


@cache
def once(name: str) -> Made:
    """The same, made once."""
    return played(name)


def written(made: Made, folder: Path) -> dict[str, str]:
    """Where each point's capture is, by name."""
    write(made, folder, folder, "vmpcap synth")
    return {tap.name: str(folder / f"{tap.name}.pcapng") for tap in made.taps}
