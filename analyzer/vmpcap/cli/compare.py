"""`vmpcap compare`: two links, or before and after."""

from collections.abc import Collection
from typing import Any

import click

from vmpcap.cli.completing import files
from vmpcap.cli.many import asked_points, reads_many, show_schema, told
from vmpcap.terms.errors import RequestError

WITH = "--with"


class TakesWith(click.Command):
    """A command whose --with takes every name that follows it, as `compare A1 A2 --with B1 B2` is written."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        As click does, once each name behind --with has one of its own.

        Raises RequestError for a name of which it is not plain on which side it is.
        """
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option)]
        alone = {name for option in options if option.is_flag or option.count for name in option.opts}
        try:
            spread = spread_out(args, alone)
        except RequestError:
            if not ctx.resilient_parsing:
                raise
            spread = args  # somebody is still typing
        return super().parse_args(ctx, spread)


def spread_out(args: list[str], alone: Collection[str]) -> list[str]:
    """
    Give each name behind --with a --with of its own; the next option ends them.

    Parameters
    ----------
    alone : options that take no value

    Raises
    ------
    RequestError
        A name stands behind another option that follows --with: click would put it on the first side.

    >>> spread_out(["a", "--with", "b", "c", "-q"], {"-q"})
    ['a', '--with', 'b', '--with', 'c', '-q']
    """
    spread, behind, takes, had_with = [], False, False, False
    for arg in args:
        if arg.startswith("-") and arg != "-":
            behind = arg == WITH or arg.startswith(f"{WITH}=")
            had_with |= behind
            takes = _takes_the_next(arg, alone)
            spread.append(arg)
            continue
        if had_with and not behind and not takes:
            raise RequestError(
                f"{arg!r} stands behind {WITH} and another option: is it on the first side or on the other?"
                f" Write `vmpcap compare A... {WITH} B...`, and all other options before or behind both"
            )
        spread += [WITH, arg] if behind and not takes else [arg]
        takes = False
    return spread


def _takes_the_next(option: str, alone: Collection[str]) -> bool:
    """Is what follows this option its value? Of one that nobody knows too: it is refused by its name."""
    if option.startswith("--"):
        return option != "--" and "=" not in option and option not in alone
    valued = next((at for at, letter in enumerate(option) if at and f"-{letter}" not in alone), None)
    return valued == len(option) - 1


@click.command(cls=TakesWith, short_help="Two links, or before and after: distributions side by side.")
@click.argument("a", nargs=-1, metavar="A...", shell_complete=files)
@click.option(
    WITH, "b", multiple=True, metavar="B...", shell_complete=files, help="The other side: what A is compared with."
)
@reads_many
def compare(a: tuple[str, ...], b: tuple[str, ...], json_schema: bool, **options: Any) -> int:
    """
    Two links, or before and after: distributions of migrations side by side, and what they show of each other.

    Each of A and B is a capture, a folder with the captures of one incident, or a report that was written with
    `vmpcap report --json`. With fewer than four migrations on a side no difference is told.

    \b
      vmpcap compare before/*.json --with after/*.json
      vmpcap compare mon.pcap tue.pcap --with new-link/*.pcap.zst --html links.html
    """
    if json_schema:
        return show_schema()
    if asked_points(options):
        raise RequestError(
            "--point does not say on which side it is: put the captures of one incident into a folder and name that, or"
            " compare reports: `vmpcap report --point source=a.pcap --point destination=b.pcap --json a.json`"
        )
    if not a or not b:
        raise RequestError("two sides are compared: `vmpcap compare A... --with B...`, captures or reports on each")
    from vmpcap.runs.compared import compare as made

    return told({"A": a, "B": b}, {**options, "point": ()}, made)
