"""`vmpcap warmup`: compile ahead what the first run would compile."""

import time

import click

from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import emit


@click.command(short_help="Compile what the first run would compile.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
def warmup(quiet: bool) -> int:
    """
    Compile what the first run would compile, and keep it.

    Compiled code is kept in the user's cache folder, apart for every version of vmpcap.
    """
    from vmpcap.terms.kernel_store import can_keep, how_many

    before = how_many()
    begun = time.monotonic()
    from vmpcap.runs.warm import warm

    warm()
    if not quiet:
        took = f"{time.monotonic() - begun:.1f} s"
        state = "is compiled" if how_many() > before or not can_keep() else "was there already"
        kept = "" if can_keep() else "; it cannot be kept, since the cache folder is not writable: see vmpcap doctor"
        emit(f"everything {state} ({took}){kept}\n")
    return STATUS["fine"]
