"""`vmpcap carve`: the packets that the findings rest on, and no others."""

import click

from vmpcap.cli.completing import files
from vmpcap.cli.frames import rows_status
from vmpcap.cli.interrupts import leaves_on_ctrl_c
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.output import STDOUT, check_file, emit_bytes, write_file
from vmpcap.cli.progress import Progress, complain
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures
from vmpcap.terms.errors import RequestError
from vmpcap.terms.units import count_of


@click.command(cls=Reading, short_help="Only the packets that the findings rest on, as pcapng with comments.")
@reads_captures
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=files,
    required=True,
    help="The pcapng file to write; - for standard output.",
)
@click.option(
    "--format",
    "format_name",
    metavar="pcapng",
    default="pcapng",
    help="How packets are written: pcapng, which alone holds a comment beside each.",
)
def carve(common: Common, output: str, format_name: str) -> int:
    """
    Only the packets that the findings rest on, as pcapng, each with its finding as packet comment.

    Every frame that the report names: of its checks, of the switchover and the peers' gaps, of each announcement at
    each point. Where a deciding check names none, since it is of many packets or of one that is missing, those that
    bound it. Their own interfaces, times and bytes stay; the comment says which frame of which capture it was.

    \b
      vmpcap carve wan.pcapng -o proof.pcapng
      vmpcap carve --point source=src.pcap --point gateway=gw.pcap -o proof.pcapng
    """
    if format_name != "pcapng":
        raise RequestError(
            f"--format {format_name}: packets are written as pcapng, which alone holds a comment beside each; for rows"
            " ask `vmpcap packets --format csv`, for the findings `vmpcap report --format json`"
        )
    request = request_of(common)
    if output != STDOUT:
        check_file(output)
    spare_captures(request, [output])
    from vmpcap.runs.graph import refuse_unreadable

    refuse_unreadable(request, "`vmpcap carve`")
    from vmpcap.report.as_pcapng import to_pcapng
    from vmpcap.report.proof_frames import proof_frames
    from vmpcap.runs.carve import carve as pick
    from vmpcap.runs.deciding_frames import deciding_proofs, headline
    from vmpcap.runs.pipeline import analyse

    with leaves_on_ctrl_c(), Progress(common.quiet) as progress:  # the first frames are asked of polars
        analysis = analyse(request, progress, progress.stage)
        report = analysis.report
        points = [point.files for point in analysis.points]
        progress.stage("picking the packets")
        proofs = [*deciding_proofs(analysis, request), *proof_frames(report)]
        carved = pick(points, proofs, request.max_unpacked_bytes)
    if not carved.packets:
        why = "; ".join(carved.missing) or f"the report names no frame: {report.because}"
        raise RequestError(f"nothing was carved: {why}")
    raw = to_pcapng(carved.sources, carved.packets, headline(analysis))
    if output == STDOUT:
        emit_bytes(raw)
    else:
        write_file(output, raw)
    if not common.quiet:
        for words in carved.missing:
            complain(words)
        where = "standard output" if output == STDOUT else repr(output)
        complain(
            f"{count_of(len(carved.packets), 'packet')} of {count_of(len(carved.sources), 'interface')} in {where}"
        )
    return rows_status(report.inputs, request, common.strict, common.quiet)
