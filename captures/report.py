"""Run `vmpcap report` on one situation of this folder, with the roles of its points.toml; prints the command first."""

import shlex
import sys
import tomllib
from pathlib import Path


def command(situation: Path, extra: list[str]) -> list[str]:
    """
    Which command reports on this situation?

    Roles that two points share are given by --role, since a point's name must be its own.
    """
    roles = tomllib.loads((situation / "points.toml").read_text())
    roles = roles.get("points", roles)
    arguments = ["vmpcap", "report"]
    for name, role in roles.items():
        file = next(situation.glob(f"{name}.pcap*"))
        arguments += ["--point", f"{name}={file}", "--role", f"{name}={role}"]
    return arguments + extra


def main() -> int:
    situation = Path(sys.argv[1])
    arguments = command(situation, sys.argv[2:])
    print("$ " + shlex.join(arguments) + "\n", file=sys.stderr)
    from vmpcap.cli import main as vmpcap

    sys.argv = arguments
    return 0 if vmpcap() in (0, 1, 3) else 2  # a verdict other than pass is an answer, not a failure of this command


if __name__ == "__main__":
    sys.exit(main())
