"""`vmpcap points`: how the capture points stand to each other."""

import click

from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, rows_status, write_frame
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.progress import Progress, complain
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures


@click.command(cls=Reading, short_help="How capture points stand to each other: clocks, delays, losses between them.")
@reads_captures
@FORMAT
@OUTPUT
def points(common: Common, format_name: str | None, output: str) -> int:
    """
    How capture points stand to each other: clocks, delays, losses between them.

    The same packets are looked for at all points. A row tells of one direction between two of them; the table has a
    picture of the points in their order above it.

    \b
      vmpcap points --point source=src.pcap --point destination=dst.pcap
      vmpcap points a.pcap b.pcap c.pcap --format csv -o points.csv
    """
    request = request_of(common)
    spare_captures(request, [output])
    wanted = checked_format(format_name, output)
    from vmpcap.report.clean import clean
    from vmpcap.report.tables import POINT_VIEW
    from vmpcap.runs.pipeline import compare_points
    from vmpcap.runs.points_table import point_frame, point_picture

    with Progress(common.quiet) as progress:
        together, inputs = compare_points(request, progress, progress.stage)
    if together.doubts and not common.quiet and wanted.written is not None:
        for doubt in together.doubts:
            complain(clean(doubt))
    write_frame(point_frame(together), wanted, output, POINT_VIEW, point_picture(together))
    return rows_status(inputs, request, common.strict, common.quiet)
