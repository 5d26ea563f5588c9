"""How a command that reads captures explains itself: first what is its own, then what it shares with the others."""

import click

from vmpcap.cli.options import NAMES


class Reading(click.Command):
    """A command whose --help tells its own options apart from those that all commands share which read captures."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Two lists; of no option nothing is lost."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                (shared if parameter.name in NAMES else own).append(record)
        for title, records in (("Options", own), ("Which captures, and how they are read", shared)):
            with formatter.section(title):
                formatter.write_dl(records)
