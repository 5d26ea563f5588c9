"""The commands as a table; the module of a command is imported when it is called, never before."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Final

import click

from vmpcap import __version__
from vmpcap.cli.completing import files

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True, slots=True)
class Row:
    """One command: its module holds a click command of the same name."""

    name: str
    short_help: str

    @property
    def module(self) -> str:
        """Where is the command?"""
        return f"vmpcap.cli.{self.name}"


COMMANDS: Final = (
    Row("report", "The verdict on every migration found in these captures."),
    Row("flows", "One row per TCP or UDP flow."),
    Row("announcements", "One row per RARP, gratuitous ARP, ARP probe or unsolicited NA."),
    Row("packets", "One row per packet; columns and rows as you choose."),
    Row("points", "How capture points stand to each other: clocks, delays, losses between them."),
    Row("compare", "Two links, or before and after: distributions side by side."),
    Row("bench", "Benchmark of WAN links: many migrations, grouped per path, as distributions."),
    Row("carve", "Only the packets that the findings rest on, as pcapng with comments."),
    Row("verify", "Second opinion: the same measures by tshark, and where the two differ."),
    Row("synth", "Captures of a made migration, with the truth beside them."),
    Row("profiles", "The threshold profiles, each figure with its source."),
    Row("completion", "Completion of commands, options and names in your shell."),
    Row("warmup", "Compile what the first run would compile."),
    Row("doctor", "What is installed, what is missing, and what that costs."),
)
"""Every command, in the order in which a newcomer needs them."""


@cache
def _loaded(row: Row) -> click.Command:
    from vmpcap.cli.settings import settled

    return settled(getattr(import_module(row.module), row.name))


class Commands(click.Group):
    """A group that knows its commands by name alone until one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the table's order."""
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now; None where there is none."""
        row = next((row for row in COMMANDS if row.name == cmd_name), None)
        if row is None:
            return None
        return _loaded(row)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a name that is nearly one, or a capture where a command belongs."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean `vmpcap {near[0]}`?" if near else f"for a verdict: `vmpcap report {name}`"
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        found = super().resolve_command(ctx, args)
        if found[1] is not None and not ctx.resilient_parsing:
            _take_settings(ctx, found[1])
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their short help, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(row.name, row.short_help) for row in COMMANDS])


def _take_settings(ctx: click.Context, command: click.Command) -> None:
    """What the file of settings says stands where neither the command line nor the environment says something."""
    from vmpcap.cli.settings import CONFIG, config_file, defaults

    path = config_file(ctx.params.get("config"))
    if path is None or command.name in HARDY:
        return
    ctx.meta[CONFIG] = path
    ctx.default_map = {command.name or "": defaults(command, path, [row.name for row in COMMANDS])}


HARDY: Final = frozenset({"doctor", "completion"})
"""Commands that a faulty file of settings must not keep from working: they help to mend it."""


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"vmpcap {__version__}")
        ctx.exit()


commands: Final = Commands(
    name="vmpcap",
    context_settings=CONTEXT,
    params=[
        click.Option(
            ["-V", "--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version and exit.",
        ),
        click.Option(
            ["--config"],
            metavar="FILE",
            help="Settings as TOML; else the file that VMPCAP_CONFIG names, else ~/.config/vmpcap/config.toml.",
            shell_complete=files,
        ),
    ],
    callback=lambda config: None,
    help="""
    Was the link fit for the live migration, and did the guest stay reachable?

    vmpcap reads packet captures (pcap, pcapng, compressed or not) of VM live migrations and answers pass, fail or
    undecided, with the frames that prove it.

    \b
      vmpcap report wan.pcapng.zst
      vmpcap report --point source=src.pcap --point gateway=gw.pcap --json report.json
    """,
    epilog="Exit status: 0 fine, 1 a deciding check failed, 2 wrong use, 3 undecided (--strict), 4 not readable as a "
    "capture or damaged (--strict), 5 a needed engine is missing, 130 interrupted.",
)
