"""From a scenario to a folder: captures, roles of the points, the truth beside them, a story."""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vmpcap.lab.events import S
from vmpcap.lab.more_moves import BACK_NS, OTHERS
from vmpcap.lab.scenarios import Scenario
from vmpcap.lab.truth import EPOCH_NS, tell
from vmpcap.lab.wires import Tap
from vmpcap.lab.world import World
from vmpcap.lab.worlds import build
from vmpcap.terms.wire import LINKTYPE_ETHERNET

LATEST_NS: Final = 900 * S
"""A stream that has not ended by then never will: the link that was asked for does not carry it."""


@dataclass(frozen=True, slots=True)
class Made:
    """One scenario, played to its end."""

    world: World
    truth: dict[str, Any]

    @property
    def taps(self) -> list[Tap]:
        """The capture points."""
        return self.world.taps


STORY: Final = """# {name}

{what}.

```
{drawing}
host-a:vmk {source} ==== {way} ==== {destination} host-b:vmk
```

## What happened

{moved}
- `{mechanism}` {did}: {because}.
{peers}

All of this is what the simulated machines know themselves (`truth.json`); nothing was read from the captures.

## How it was made

`{command}`: a simulation in which switches learn, routers resolve addresses and TCP recovers what is lost. Nothing
of it was ever on a wire.
"""


MOVED: Final = """\
- The guest ({mac}, {ips}) moved from site A to site B: {size} bytes at {mbps} Mbit/s; {lost} frames were lost, {resent}
  segments sent again. It stood still for {stun} ms.
- Its announcement {reached} {where}.{more}"""

GATEWAY: Final = "the network that its gateway is in"
ROUTER: Final = "the router of its new site; its old site has a router of its own"
"""Where an announcement is to arrive, by whether one gateway serves both sites."""

MORE: Final = {
    "to_and_fro": """
- It was moved back to site A {apart} s later, and to site B again after as long: {count} migrations. The figures are
  those of the first.""",
    "burst": """
- {others} more guests were moved within seconds of it: {count} migrations. The figures are those of the first.""",
}
"""What moved behind the first migration."""

STAYED: Final = """\
- The guest ({mac}, {ips}) was to move from site A to site B, but the source host gave up: {lost} frames
  were lost, {resent} segments sent again. It runs on at site A."""

STARTED: Final = """\
- The guest ({mac}, {ips}) was off or dead for {off} s, and was then started at site B: with DHCP, with probes for its
  address, without its connections. Of its stream {lost} frames were lost, {resent} segments sent again."""


def _moved(truth: dict[str, Any]) -> str:
    move = truth["migration"]
    facts = {
        "mac": truth["guest"]["mac_before"],
        "ips": ", ".join(truth["guest"]["ips"]),
        "lost": sum(move["frames_lost"].values()),
        "resent": move["segments_resent"],
    }
    if truth["parameters"]["restarts"]:
        return STARTED.format(**facts, off=f"{move['stun_ms'] / 1000:.1f}")
    if move["outcome"] != "completed":
        return STAYED.format(**facts)
    reached = "reached" if truth["announcements"]["reached"] else "did not reach"
    return MOVED.format(
        **facts,
        size=f"{move['payload_bytes']:,}",
        mbps=f"{move['bulk_mbps']:.0f}",
        stun=f"{move['stun_ms']:.0f}",
        reached=reached,
        where=GATEWAY if truth["announcements"]["rarp_at"].keys() & {"gateway"} else ROUTER,
        more=_more(truth),
    )


def _more(truth: dict[str, Any]) -> str:
    """Which moves followed the first one?"""
    asked = truth["parameters"]
    kind = asked["fails"] if asked["fails"] in MORE else asked["option"]
    if kind not in MORE:
        return ""
    return MORE[kind].format(apart=f"{BACK_NS / S:g}", others=OTHERS, count=OTHERS + 1)


def play(scenario: Scenario) -> Made | None:
    """Let it happen. None where the stream did not come to its end within fifteen minutes."""
    world = build(scenario)
    while not world.is_over and world.simulation.now < LATEST_NS:
        world.simulation.run(world.simulation.now + S // 4)
    if not world.is_over:
        return None
    world.simulation.run(world.moment_ns + int(scenario.tail_s * S))
    if scenario.is_trunk:
        taps = {tap.role: tap for tap in world.taps}
        taps["domain:source"].records += taps["source"].records
    for tap in world.taps:
        tap.records.sort(key=lambda record: record[0])
    return Made(world, tell(world))


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def pcapng(tap: Tap) -> Iterable[bytes]:
    """The blocks of one capture point's file: nanoseconds, one interface that bears the point's name."""
    yield _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(4, b"vmpcap synth") + _option(0, b""))
    options = _option(2, tap.name.encode()) + _option(9, b"\x09") + _option(0, b"")
    yield _block(1, struct.pack("<HHI", LINKTYPE_ETHERNET, 0, tap.snaplen) + options)
    for ts, raw, size in tap.records:
        stamp = EPOCH_NS + ts
        head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFF_FFFF, len(raw), size)
        yield _block(6, head + raw + b"\0" * (-len(raw) % 4))


def write(made: Made, folder: Path, home: Path, command: str) -> list[str]:
    """
    Into this folder, which must exist: a capture for each point, points.toml, truth.json, story.md.

    Returns the --point and --role arguments that a report takes once they are at home.
    """
    arguments = []
    for tap in made.taps:
        with (folder / f"{tap.name}.pcapng").open("wb") as file:
            file.writelines(pcapng(tap))
        arguments += ["--point", f"{tap.name}={home / tap.name}.pcapng", "--role", f"{tap.name}={tap.role}"]
    lines = ["# Each capture file by its stem, and what that point is to the migration.", "[points]"]
    lines += [f'{tap.name} = "{tap.role}"' for tap in made.taps]
    (folder / "points.toml").write_text("\n".join(lines) + "\n")
    (folder / "truth.json").write_text(json.dumps(made.truth, indent=2) + "\n")
    (folder / "story.md").write_text(story(made, command))
    return arguments


def story(made: Made, command: str) -> str:
    """What happened, for people."""
    scenario, truth = made.world.scenario, made.truth
    move, link = truth["migration"], scenario.link
    peers = [
        f"- {p['peer']} by {p['protocol'].upper()}: "
        + (
            "its connection was denied by the guest, which had no memory of it"
            if p["reset"]
            else "never answered again"
            if not p["ended"]
            else f"cut off for {p['outage_ms']:.0f} ms"
            if p["outage_ms"] is not None
            else "not cut off"
        )
        for p in truth["peers"]
    ]
    routed = ", through a router" if link.is_routed else ""
    return STORY.format(
        name=scenario.name,
        what=f"{scenario.what[0].upper()}{scenario.what[1:]}",
        drawing=made.world.drawing,
        way=f"{link.rate_mbps:g} Mbit/s, {link.rtt_ms:g} ms, loss {link.loss:g}{routed}",
        source=move["source"],
        destination=move["destination"],
        moved=_moved(truth),
        mechanism=truth["mechanism"]["name"],
        did="did its part" if truth["mechanism"]["worked"] == "yes" else "did not do its part",
        because=truth["mechanism"]["because"],
        peers="\n".join(peers),
        command=command,
    )
