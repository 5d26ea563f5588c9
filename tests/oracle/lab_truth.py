"""What the lab's own witnesses say of a migration, read from truth.json: QEMU, the kernel, the emulator, the client."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Leg:
    """One migration of a scenario."""

    source: str
    destination: str
    completed: bool
    transferred: int
    stop: float | None
    resume: float | None


@dataclass(frozen=True)
class Truth:
    """One scenario."""

    name: str
    folder: Path
    raw: dict[str, Any]
    legs: tuple[Leg, ...]

    @property
    def ping_min_ms(self) -> float:
        """From `rtt min/avg/max/mdev = a/b/c/d ms`."""
        return float(self.raw["ping_rtt_before"].split("=")[1].split("/")[0])

    @property
    def points(self) -> list[str]:
        return [name for name in self.raw["captures"] if (self.folder / f"{name}.pcap.zst").exists()]

    def rarps_at(self, point: str) -> int:
        return sum(1 for r in self.raw["captures"][point]["rarp"])

    @property
    def outages(self) -> list[tuple[str, float, float, bool]]:
        """(probe, interval_ms, outage_ms, ended) of every run of lost requests."""
        found = []
        for probe, data in self.raw["client"].items():
            found += [(probe, data["interval_ms"], run["outage_ms"], run["ended"]) for run in data["lost_runs"]]
        return found


ROLES = {
    "src-uplink": "source",
    "dst-uplink": "destination",
    "src-vmk": "source",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "dst-switchport": "domain:destination",
    "gw-lan": "gateway",
    "client": "client",
}


def read_truth(folder: Path) -> Truth:
    """What is known of the scenario in this folder?"""
    raw = json.loads((folder / "truth.json").read_text())
    addresses = {"host-src": raw["configured"]["src_vmk"], "host-dst": raw["configured"]["dst_vmk"]}
    stops = {w["leg"]: w for w in raw.get("switchover") or []}
    legs = []
    for leg in raw["legs"]:
        state = leg["query_migrate_src"]
        when = stops.get(leg["leg"], {})
        legs.append(
            Leg(
                source=addresses[leg["from"]],
                destination=addresses[leg["to"]],
                completed=state["status"] == "completed",
                transferred=state.get("ram", {}).get("transferred", 0),
                stop=when.get("src_STOP"),
                resume=when.get("dst_RESUME"),
            )
        )
    return Truth(folder.name, folder, raw, tuple(legs))
