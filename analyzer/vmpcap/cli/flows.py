"""`vmpcap flows`: one row per TCP or UDP flow."""

import click

from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, rows_status, write_frame
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.progress import Progress
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures


@click.command(cls=Reading, short_help="One row per TCP or UDP flow.")
@reads_captures
@FORMAT
@OUTPUT
def flows(common: Common, format_name: str | None, output: str) -> int:
    """
    One row per TCP or UDP flow.

    `a` is the sender of the first packet seen. `stream` is Wireshark's number: the display filter tcp.stream eq N
    finds it.

    \b
      vmpcap flows wan.pcapng
      vmpcap flows wan.pcapng --format csv -o flows.csv
    """
    request = request_of(common)
    spare_captures(request, [output])
    wanted = checked_format(format_name, output)
    from vmpcap.report.tables import FLOW_VIEW
    from vmpcap.runs.pipeline import list_flows

    with Progress(common.quiet) as progress:
        frame, inputs = list_flows(request, progress=progress)
    write_frame(frame, wanted, output, FLOW_VIEW)
    return rows_status(inputs, request, common.strict, common.quiet)
