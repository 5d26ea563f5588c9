"""`vmpcap profiles`: the threshold profiles, each figure with its source."""

from typing import Final

import click

from vmpcap.cli import completing
from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import emit, emit_data
from vmpcap.verdicts.profile import CERTAINTIES, DEFAULT, SCOPES, Profile, all_profiles, load_profile

WIDTH: Final = 80


@click.command(short_help="The threshold profiles, each figure with its source.")
@click.argument("names", nargs=-1, metavar="[NAME|FILE.toml]...", shell_complete=completing.profiles)
@click.option(
    "--format", "format_name", type=click.Choice(["table", "json"]), default="table", help="How they are written."
)
def profiles(names: tuple[str, ...], format_name: str) -> int:
    """
    The threshold profiles, each figure with its source.

    Without a name: all of them, a line each. With names, built-in or TOML files: what they ask for, and who says so.
    """
    chosen = tuple(load_profile(name) for name in names) or all_profiles()
    if format_name == "json":
        import msgspec

        emit_data(msgspec.json.format(msgspec.json.encode(chosen), indent=2).decode() + "\n")
    elif names:
        emit("\n".join(_in_full(profile) for profile in chosen))
    else:
        emit(_list(chosen))
    return STATUS["fine"]


def _list(chosen: tuple[Profile, ...]) -> str:
    rows = [("profile", "Mbps min", "of", "RTT ms max", "out ms max", "")]
    for p in chosen:
        scope = p.scope if p.throughput_mbps_min is not None else "-"
        figures = (_number(p.throughput_mbps_min), scope, _number(p.rtt_ms_max), _number(p.switchover_ms_max))
        rows.append((p.name, *figures, p.title + (" (default)" if p.name == DEFAULT else "")))
    width = max(len(row[0]) for row in rows)
    lines = [f"{n:<{width}} {m:>8} {o:<7} {r:>10} {s:>10}  {t}".rstrip() for n, m, o, r, s, t in rows]
    lines += ["", *(f"{word:<8} {meaning}" for word, meaning in SCOPES.items())]
    lines += ["", "vmpcap profiles NAME tells where each figure comes from.", ""]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


def _in_full(p: Profile) -> str:
    from textwrap import TextWrapper

    from vmpcap.report.clean import clean

    def told(words: str, indent: int = 2) -> str:
        blanks = " " * indent
        wrap = TextWrapper(WIDTH, blanks, f"{blanks}  ", break_on_hyphens=False, break_long_words=False)
        return wrap.fill(clean(words))

    limits = (
        ("throughput_mbps_min", p.throughput_mbps_min, f"Mbps, {SCOPES[p.scope]}"),
        ("rtt_ms_max", p.rtt_ms_max, "ms between the hosts' migration interfaces"),
        ("switchover_ms_max", p.switchover_ms_max, "ms of interruption"),
    )
    lines = [clean(p.name), told(p.title)]
    lines += [told(f"applies to: {p.applies_to}")] if p.applies_to else []
    for key, value, unit in limits:
        lines.append(told(f"{key}: {'no limit' if value is None else f'{value:,.10g} {unit}'}"))
        for source in p.cited:
            if source.figure == key:
                lines.append(told(_cited(source.says, source.certainty, source.where), 4))
    lines += [told(_cited(s.says, s.certainty, s.where)) for s in p.cited if s.figure is None]
    lines += [told(" ".join(p.notes.split()))] if p.notes else []
    return "\n".join(lines) + "\n"


def _cited(says: str, certainty: str | None, where: str) -> str:
    sure = f" ({CERTAINTIES[certainty]})" if certainty else ""
    return f"{says}{sure}{f' {where}' if where else ''}"
