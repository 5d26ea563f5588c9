"""
Make a situation of this folder from one run of the migration lab.

    python captures/make.py RUN NAME [--points a,b,c] [--snap BYTES]

RUN is the folder that the lab wrote (a `*.pcap.zst` per point and `truth.json`), NAME the folder to make here. Bulk
files are cut to BYTES a frame; times, wire lengths and precision stay. `story.md` and `expected.json` are left to a
person: what is expected comes from the lab's own witnesses, never from a report.

    python captures/make.py --lab LAB

makes every situation of SITUATIONS again from the lab's runs in LAB.
"""

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent

ROLES: Final = {
    "src-uplink": "source",
    "dst-uplink": "destination",
    "src-vmk": "source",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "dst-switchport": "domain:destination",
    "gw-lan": "gateway",
    "client": "client",
}
"""The lab's points, and what each is to a migration."""

BULK: Final = ("src-uplink", "dst-uplink", "src-vmk")
"""Points that see the migration stream: the guest's memory goes by there, so their frames are cut."""

SNAP_BYTES: Final = 96
"""Ethernet, IPv4, TCP with its options, and enough payload to recognise how a stream begins and ends."""

LIMIT_SNAP_BYTES: Final = 74
"""A SYN with all its options, for the scale of the window: what limited a stream needs no payload."""

BOTH: Final = ("src-uplink", "dst-uplink")
SOURCE_ONLY: Final = ("src-uplink",)
GUEST_SIDE: Final = ("src-guestbr", "dst-guestbr", "dst-switchport", "gw-lan", "client")


@dataclass(frozen=True, slots=True)
class Situation:
    """One folder here: which run of the lab it is, and which points of the stream it carries."""

    name: str
    run: str
    bulk: tuple[str, ...]
    snap: int = SNAP_BYTES


SITUATIONS: Final = (
    Situation("clean", "s1", BOTH),
    Situation("routed_stretched", "s2", BOTH),
    Situation("destination_isolated", "s6", SOURCE_ONLY),
    Situation("rarp_filtered", "s7q", SOURCE_ONLY),
    Situation("cancelled", "s11", BOTH),
    Situation("vxlan_stretched", "s8", SOURCE_ONLY),
    Situation("multifd", "s10", SOURCE_ONLY),
    Situation("lossy", "s4", BOTH),
    Situation("jumbo_black_hole", "s14", BOTH),
    Situation("there_and_back", "s12", BOTH, snap=80),  # two migrations: at 96 a file would be above 4 MB
    Situation("receiver_window", "c2", BOTH, snap=LIMIT_SNAP_BYTES),
    Situation("sender_buffer", "c7", BOTH, snap=LIMIT_SNAP_BYTES),
    Situation("software_cap", "c1", BOTH, snap=LIMIT_SNAP_BYTES),
    Situation("source_paused", "c6", BOTH, snap=LIMIT_SNAP_BYTES),
    Situation("policer", "c4", BOTH, snap=LIMIT_SNAP_BYTES),
    Situation("split_tcp", "sp1", BOTH, snap=LIMIT_SNAP_BYTES),
)
"""Every situation that came from the lab, in the order in which a newcomer should read them."""


def make(run: Path, folder: Path, points: tuple[str, ...], snap: int) -> None:
    """Write the capture files, points.toml and truth.json of one situation; what a person wrote stays."""
    folder.mkdir(exist_ok=True)
    carried = [point for point in points if (run / f"{point}.pcap.zst").exists()]
    for point in carried:
        file = run / f"{point}.pcap.zst"
        if point in BULK:
            cut(file, folder / file.name, snap)
        else:
            shutil.copyfile(file, folder / file.name)
    (folder / "points.toml").write_text(points_text(carried))
    truth = json.loads((run / "truth.json").read_text())
    (folder / "truth.json").write_text(json.dumps(trimmed(truth, carried, snap), indent=1) + "\n")
    if (run / "wan-drops.csv").exists():
        shutil.copyfile(run / "wan-drops.csv", folder / "wan-drops.csv")
    for name in ("story.md", "expected.json"):
        if not (folder / name).exists():
            print(f"{folder.name}: {name} is for a person to write: see captures/README.md", file=sys.stderr)


def points_text(points: list[str]) -> str:
    """What does points.toml say? One role per file stem."""
    lines = [f'{point} = "{ROLES[point]}"' for point in points]
    return "# Each capture file by its stem, and what that point is to the migration.\n[points]\n" + "\n".join(
        [*lines, ""]
    )


def trimmed(truth: dict[str, Any], carried: list[str], snap: int) -> dict[str, Any]:
    """The lab's truth without the hypervisor's progress polls, and with the frame sizes that the files have here."""
    for leg in truth["legs"]:
        leg.pop("polls", None)
    for point, facts in truth["captures"].items():
        for key in ("bytes_raw", "bytes_zst"):
            facts.pop(key, None)
        if point in carried and point in BULK:
            facts["snaplen"] = min(snap, facts["snaplen"])
    return truth


def cut(packed: Path, to: Path, snap: int) -> None:
    """
    Cut every frame to so many bytes; nothing else may change.

    Raises
    ------
    SystemExit
        A time or wire length differs afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole, short = Path(folder) / "whole.pcap", Path(folder) / "short.pcap"
        run_tool("zstd", "-dqf", str(packed), "-o", str(whole))
        kind = "nsecpcap" if whole.read_bytes()[:4] == NANOSECOND_MAGIC else "pcap"
        run_tool("editcap", "-F", kind, "-s", str(snap), str(whole), str(short))
        if list(records(whole)) != list(records(short)):
            raise SystemExit(f"{packed}: cutting changed more than the captured bytes")
        run_tool("zstd", "-19", "-qf", str(short), "-o", str(to))


NANOSECOND_MAGIC: Final = b"\x4d\x3c\xb2\xa1"


def records(file: Path) -> Iterator[tuple[int, int, int]]:
    """Seconds, fraction and wire length of every record of a little-endian pcap."""
    content = file.read_bytes()
    at = 24
    while at < len(content):
        seconds, fraction, captured, wire = struct.unpack_from("<IIII", content, at)
        yield seconds, fraction, wire
        at += 16 + captured


def run_tool(*command: str) -> None:
    """Run one program; its complaint ends ours."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr.strip()}")


def main() -> None:
    """Make one situation, or all of them again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--points", default=",".join((*BOTH, *GUEST_SIDE)))
    parser.add_argument("--snap", type=int, default=SNAP_BYTES)
    parser.add_argument("--lab", type=Path)
    given = parser.parse_args()
    if given.lab:
        for one in SITUATIONS:
            if not (given.lab / one.run / "truth.json").exists():
                print(f"{one.name}: left as it is, {given.lab} has no run {one.run}", file=sys.stderr)
                continue
            make(given.lab / one.run, HERE / one.name, (*one.bulk, *GUEST_SIDE), one.snap)
    elif given.run and given.name:
        make(given.run, HERE / given.name, tuple(given.points.split(",")), given.snap)
    else:
        parser.error("name a run and a folder, or --lab")


if __name__ == "__main__":
    main()
