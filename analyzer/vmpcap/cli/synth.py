"""`vmpcap synth`: captures of a made migration whose truth is known."""

import shlex
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vmpcap.cli.completing import folders, scenarios
from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import emit
from vmpcap.cli.quantities import quantity
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    from vmpcap.lab.scenarios import Scenario

TRUTH: Final = "truth.json"


@dataclass(frozen=True, slots=True)
class Knob:
    """One figure of a scenario that may be changed."""

    option: str
    kind: str
    field: str
    of_link: bool
    least: float
    most: float
    factor: float
    help: str


# fmt: off
KNOBS: Final = (
    Knob("--rate", "rate", "rate_mbps", True, 1, 100_000, 1, "Rate of the link between the hosts (622Mbps)."),
    Knob("--rtt", "time", "rtt_ms", True, 0, 2_000, 1, "Round trip of that link (5ms)."),
    Knob("--queue", "amount", "queue_bytes", True, 3_000, 1e9, 1, "Queue in front of it (512KiB)."),
    Knob("--bytes", "amount", "stream_bytes", False, 1e5, 1e9, 1, "How much the migration sends (60MB)."),
    Knob("--window", "amount", "window_bytes", False, 16_384, 2**25, 1, "The destination's receive window (256KiB)."),
    Knob("--stun", "time", "stun_ms", False, 1, 60_000, 1, "How long the guest stands still, at least (150ms)."),
    Knob("--tail", "time", "tail_s", False, 1_000, 600_000, 1e-3, "How long the captures go on afterwards (8s)."),
)
# fmt: on
"""Every such option; without it the scenario's own figure holds."""


def _with_knobs(command: Any) -> Any:
    for knob in reversed(KNOBS):
        command = click.option(knob.option, metavar=knob.kind.upper(), help=knob.help)(command)
    return command


@click.command(short_help="Captures of a made migration, with the truth beside them.")
@click.argument("name", required=False, metavar="[SCENARIO]", shell_complete=scenarios)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    shell_complete=folders,
    help="The folder to make; a scenario made there before is replaced.",
)
@click.option("--list", "wants_list", is_flag=True, help="List the scenarios, a line each.")
@click.option(
    "--loss", type=click.FloatRange(0, 0.5), metavar="SHARE", help="Share of its frames that it loses (0.001)."
)
@click.option("--routed/--switched", default=None, help="Whether a router stands between the hosts.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32), metavar="N", help="Another run of the same story; 1 if not given."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
@_with_knobs
def synth(
    name: str | None,
    output: str | None,
    wants_list: bool,
    loss: float | None,
    routed: bool | None,
    seed: int | None,
    quiet: bool,
    **knobs: str | None,
) -> int:
    """
    Captures of a made migration, with the truth beside them.

    A simulated network plays the scenario; what its machines know themselves is the truth. The folder has a capture
    for each point, points.toml with the points' roles, truth.json and story.md. The same scenario, figures and seed
    give the same bytes.

    \b
      vmpcap synth --list
      vmpcap synth vrrp_leak -o vrrp_leak
      vmpcap synth stretched_vlan --rate 622Mbps --rtt 5ms --loss 0.001 -o lossy
    """
    from vmpcap.lab.scenarios import SCENARIOS

    if wants_list or name is None:
        if name is None and output is not None:
            raise RequestError("which scenario? `vmpcap synth --list` lists them")
        width = max(len(scenario.name) for scenario in SCENARIOS)
        emit("".join(f"{scenario.name:<{width}}  {scenario.what}\n" for scenario in SCENARIOS))
        return STATUS["fine"]
    scenario = _chosen(name)
    if output is None:
        raise RequestError(f"where to? `vmpcap synth {name} -o {name}` makes a folder of that name")
    link: dict[str, Any] = {"loss": loss, "is_routed": routed}
    own: dict[str, Any] = {"seed": seed}
    for knob in KNOBS:
        text = knobs[knob.option.removeprefix("--")]
        if text is not None:
            value = quantity(text, knob.kind, knob.option, knob.least, knob.most) * knob.factor
            (link if knob.of_link else own)[knob.field] = int(value) if knob.kind == "amount" else value
    scenario = replace(scenario, **{key: value for key, value in own.items() if value is not None})
    scenario = replace(
        scenario,
        stream_bytes=scenario.stream_bytes // 2 * 2,
        link=replace(scenario.link, **{key: value for key, value in link.items() if value is not None}),
    )
    given = click.get_current_context().params
    _make(scenario, Path(output), _command(name, given), quiet)
    return STATUS["fine"]


def _chosen(name: str) -> "Scenario":
    from vmpcap.lab.scenarios import SCENARIOS, named

    scenario = named(name)
    if scenario is None:
        near = get_close_matches(name, [row.name for row in SCENARIOS], n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`vmpcap synth --list` lists them"
        raise RequestError(f"there is no scenario {name!r}; {hint}")
    return scenario


def _command(name: str, given: dict[str, Any]) -> str:
    """The command without where it wrote to: the same story has the same words wherever it lies."""
    words = ["vmpcap", "synth", name]
    for option in ("loss", "seed", *(knob.option.removeprefix("--") for knob in KNOBS)):
        if given[option] is not None:
            words += [f"--{option}", str(given[option])]
    if given["routed"] is not None:
        words.append("--routed" if given["routed"] else "--switched")
    return shlex.join(words)


def _make_parents(folder: Path) -> None:
    """
    Make the folder to make the scenario's in, as far as it is not there.

    Raises RequestError where that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RequestError(f"cannot make the folder {str(folder)!r}: {problem.strerror}") from problem


def _make(scenario: "Scenario", folder: Path, command: str, quiet: bool) -> None:
    """Play it, and put the folder where it belongs once it is complete."""
    import shutil
    import tempfile

    from vmpcap.lab.synth import play, write

    if folder.exists() and not folder.is_dir():
        raise RequestError(f"{str(folder)!r} is a file; give a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / TRUTH).exists():
        raise RequestError(f"{str(folder)!r} holds other things; give a new folder")
    _make_parents(folder.absolute().parent)
    made = play(scenario)
    if made is None:
        raise RequestError(
            "the migration did not come to its end within 15 minutes: give it a faster link, less loss, a larger "
            "window or fewer bytes"
        )
    beside = Path(tempfile.mkdtemp(prefix=".vmpcap-", dir=folder.absolute().parent))
    try:
        arguments = write(made, beside, folder, command)
        folder.mkdir(exist_ok=True)
        for file in sorted(beside.iterdir()):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    if not quiet:
        truth = made.truth["mechanism"]
        emit(f"{folder}: {len(made.taps)} captures, points.toml, truth.json, story.md\n")
        emit(f"truth: {truth['name']} worked: {truth['worked']}; {truth['because']}\n\n")
        emit(f"vmpcap report {shlex.join(arguments)}\n")
