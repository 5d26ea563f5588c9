"""The real routing daemons and switches around a move: their points, and what their README says of the domains."""

import json
from pathlib import Path

MECHANISMS = Path(__file__).resolve().parents[3] / "shared" / "mechanisms"

DOMAINS = {
    "r1_": "stretched",
    "r2_": "stretched",
    "r4_": "equivalent",
    "r5_": "equivalent",
    "r6": "equivalent",
    "r7_": "equivalent",
    "r8_": "equivalent",
    "r9": "stretched",
    "r10_": "stretched",
    "r11v_": "stretched",
    "r12": "equivalent",
    "r13w_": "same",
}
"""By the topology: EVPN, VXLAN or a link between the bridges; LANs not connected, with one gateway; one trunk."""


def mechanisms() -> list[Path]:
    """Their folders, where they are beside the checkout."""
    return [p.parent for p in sorted(MECHANISMS.glob("*/truth.json"))]


def domain_of(folder: Path) -> str:
    """What are the two domains to each other there?"""
    return next(word for prefix, word in DOMAINS.items() if folder.name.startswith(prefix))


def points_of(folder: Path) -> list[tuple[str, str | None, str]]:
    """Name, role and file of each point."""
    points = json.loads((folder / "truth.json").read_text())["points"]
    return [(p["file"].split(".")[0], p["role"], str(folder / p["file"])) for p in points]
