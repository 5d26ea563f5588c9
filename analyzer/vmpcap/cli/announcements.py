"""`vmpcap announcements`: one row per frame with which a guest says where it is."""

import click

from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, rows_status, write_frame
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.progress import Progress
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures


@click.command(cls=Reading, short_help="One row per RARP, gratuitous ARP, ARP probe or unsolicited NA.")
@reads_captures
@click.option("--all", "every", is_flag=True, help="Every ARP, RARP and neighbour-discovery frame.")
@FORMAT
@OUTPUT
def announcements(common: Common, every: bool, format_name: str | None, output: str) -> int:
    """
    One row per RARP, gratuitous ARP, ARP probe or announcement, and unsolicited neighbour advertisement.

    \b
      vmpcap announcements gw-lan.pcap
      vmpcap announcements gw-lan.pcap --all --format ndjson
    """
    request = request_of(common)
    spare_captures(request, [output])
    wanted = checked_format(format_name, output)
    from vmpcap.report.tables import ANNOUNCEMENT_VIEW
    from vmpcap.runs.pipeline import list_announcements

    with Progress(common.quiet) as progress:
        frame, inputs = list_announcements(request, every=every, progress=progress)
    write_frame(frame, wanted, output, ANNOUNCEMENT_VIEW)
    return rows_status(inputs, request, common.strict, common.quiet)
