"""
The reference, written from the product's own tables.

Its pages stand in docs/reference, so that a fresh clone can be read; a test holds them to the tables. After a change:

    python docs/generate.py docs

mkdocs calls `on_files` at every build (see `hooks` in mkdocs.yml): the site has the tables as they are now.
"""

import ast
import inspect
import re
import shlex
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

import vmpcap
from vmpcap.announcements.kinds import KINDS as ANNOUNCEMENT_KINDS
from vmpcap.announcements.schedules import SCHEDULES
from vmpcap.cli.exits import EXITS
from vmpcap.cli.group import COMMANDS, commands
from vmpcap.cli.options import DECORATORS
from vmpcap.decode.arrivals import ARP, NA, NS, RARP
from vmpcap.decode.decode_as import LAYERS, Layer, names_for
from vmpcap.decode.fragments import MOST_NESTED, PATIENCE_NS, TRUST, WAITING
from vmpcap.decode.guess import LEAST_SCORE
from vmpcap.decode.guesses import CLEAR_LEAD
from vmpcap.decode.steps import STEPS
from vmpcap.decode.stops import STOPS
from vmpcap.decode.words import (
    GRE_ROUTE,
    LABEL_STACK,
    LEAST_SPECIAL_LENGTH,
    LITTLE_COUNT,
    MAX_DEPTH,
    NFLOG_FIELDS,
    NFQUEUE_FIELDS,
    PPP_HEADER,
    TZSP_TAGS,
    Length,
    Role,
    Space,
    Step,
)
from vmpcap.flows.streams import EPHEMERAL_FROM, MAGICS, STREAMS
from vmpcap.migration.mechanisms.table import MECHANISMS
from vmpcap.points.roles import ARRIVAL_PROOF, OUTAGE_FIGURES, ROLES, STREAM_FIGURES
from vmpcap.readers import FORMATS, PACKINGS
from vmpcap.readers.defects import DEFECT_KINDS
from vmpcap.report.as_parquet import FRAMES
from vmpcap.report.comparison import BENCH, COMPARE, Comparison
from vmpcap.report.comparison_frames import FRAMES as COMPARISON_FRAMES
from vmpcap.report.document import SCHEMA, Report
from vmpcap.runs.answer import Answer
from vmpcap.runs.expected_answer import Expected
from vmpcap.runs.many_answer import Compared
from vmpcap.terms.columns import KINDS as COLUMN_KINDS
from vmpcap.terms.columns import TABLES
from vmpcap.terms.units import NS_PER_S
from vmpcap.verdicts.profile import CERTAINTIES, DEFAULT, KEYS, SCOPES, Profile, all_profiles
from vmpcap.verdicts.rules import RULES

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

HERE: Final = Path(__file__).resolve().parent


# words


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar inside a cell stays a bar."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell(c) for c in line) + " |" for line in lines) + "\n"


def cell(value: object) -> str:
    """One cell: one line, nothing that ends it early."""
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").strip()


def code(value: object) -> str:
    """As code; nothing stays nothing."""
    return f"`{value}`" if str(value) else ""


def page(title: str, *parts: str) -> str:
    """A page under its title."""
    return "\n".join([f"# {title}\n", *parts])


def number(value: float | None) -> str:
    """A figure without noughts that say nothing; a dash for no limit."""
    return "-" if value is None else f"{value:g}"


# commands


def commands_page() -> str:
    """Every command with its options, from click itself."""
    shared = shared_options()
    parts = [
        "The commands, as `vmpcap --help` lists them.\n",
        table(("command", "what it shows"), [(f"[{r.name}](#{r.name})", r.short_help) for r in COMMANDS]),
        "## Options that all commands share which read captures\n",
        option_table(shared),
        "`vmpcap --version` (`-V`) shows the version, `-h` the help of any command. "
        "What the exit status means: [exit status](exit-status.md).\n",
    ]
    known = {p.name for p in shared}
    context = click.Context(commands)
    for row in COMMANDS:
        command = commands.get_command(context, row.name)
        assert command is not None
        reads = known <= {p.name for p in command.params}
        own = [p for p in command.params if not (reads and p.name in known)]
        parts += [f"## {row.name}\n", described(command.help or row.short_help)]
        if own:
            parts.append(option_table(own))
        if reads:
            parts.append("And the options that all commands share which read captures, above.\n")
    return page("Commands", *parts)


def shared_options() -> list[click.Parameter]:
    """Which options does every command have that reads captures?"""

    @click.command
    def nothing() -> None:
        pass

    decorated: Any = nothing.callback
    for decorate in reversed(DECORATORS):
        decorated = decorate(decorated)
    return list(click.command()(decorated).params)


def described(help_text: str) -> str:
    """A command's help: paragraphs as they are, what stands behind \\b as code."""
    blocks = []
    for block in inspect.cleandoc(help_text).split("\n\n"):
        if block.startswith("\b"):
            blocks.append("```sh\n" + textwrap.dedent(block.lstrip("\b").strip("\n")) + "\n```")
        else:
            blocks.append(" ".join(block.split()))
    return "\n\n".join(blocks) + "\n"


def option_table(parameters: Sequence[click.Parameter]) -> str:
    """Options and arguments with what they take and what they do."""
    rows = []
    for p in parameters:
        if isinstance(p, click.Option):
            rows.append((code(", ".join(p.opts)), code(taken(p)), defaulted(p)))
        else:
            rows.append((code(p.metavar or p.name), "", ARGUMENTS[p.name or ""]))
    return table(("option", "takes", "what it does"), rows)


ARGUMENTS: Final = {
    "captures": "The captures; `-` is standard input.",
    "shell": "`bash` (4.4 or later), `zsh` or `fish`.",
    "a": "Captures, folders with the captures of one incident, or reports written earlier.",
    "names": "Which profiles; all of them where none is named.",
    "name": "Which scenario; without one they are listed.",
}
"""What arguments are, since click keeps no help for them."""


def taken(option: click.Option) -> str:
    """What does this option take?"""
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return "|".join(str(c) for c in option.type.choices)
    return option.metavar or "TEXT"


def defaulted(option: click.Option) -> str:
    """The option's help, and its default where it says one."""
    words = " ".join((option.help or "").split())
    return f"{words} Default: `{option.default}`." if option.show_default and not option.is_flag else words


def exits_page() -> str:
    """Every exit status."""
    return page(
        "Exit status",
        "The same for every command. A verdict of `undecided` is an answer: status 0, unless `--strict` is given.\n",
        table(("status", "name", "meaning"), [(code(e.status), e.name, e.meaning) for e in EXITS]),
    )


# what is judged


def checks_page() -> str:
    """Every rule, what it asks, and when it decides."""
    return page(
        "Checks",
        "Every check answers `pass`, `fail` or `undecided`, with the reason in one sentence and the frames that prove"
        " it. Want of evidence is never `pass`. A migration fails if one deciding check failed; else it is undecided if"
        " one is undecided; else it passes. The rest is advice: a piece of advice that applies has the outcome `fail`,"
        " and decides nothing.\n",
        table(
            ("check", "it asks", "decides"),
            [(code(rule.id), first_line(rule.ask), decides_when(rule.decides)) for rule in RULES],
        ),
        "Limits come from the [profile](profiles.md). How reachability is decided:"
        " [reached, not reached, not observable](../explanation/reachability.md).\n",
    )


def first_line(thing: object) -> str:
    """The question that a function answers."""
    return (inspect.getdoc(thing) or "").split("\n")[0]


def decides_when(decides: Callable[[Profile], bool]) -> str:
    """Always, never, or where the profile has which limit? Asked of the rule itself."""
    nothing: dict[str, Any] = dict.fromkeys(LIMITS)
    given = [key for key in LIMITS if decides(profile_with({**nothing, key: 1.0}))]
    if decides(profile_with(nothing)):
        return "always"
    return " or ".join(f"where the profile sets `{key}`" for key in given) or "never"


LIMITS: Final = ("throughput_mbps_min", "rtt_ms_max", "switchover_ms_max")


def profile_with(limits: dict[str, Any]) -> Profile:
    """A profile of these limits and nothing else."""
    return Profile(name="asked", title="asked", scope="link", applies_to="", **limits)


def profiles_page() -> str:
    """Every profile with its figures and their sources, and how to write one."""
    profiles = all_profiles()
    parts = [
        f"`{DEFAULT}` is the default; `--profile NAME` takes another one, `--profile FILE.toml` your own.\n",
        table(
            ("profile", "Mbps at least", "of the", "round trip ms at most", "interruption ms at most", "for"),
            [
                (
                    f"[{p.name}](#{p.name.replace('.', '')})",
                    number(p.throughput_mbps_min),
                    p.scope if p.throughput_mbps_min else "-",
                    number(p.rtt_ms_max),
                    number(p.switchover_ms_max),
                    p.title,
                )
                for p in profiles
            ],
        ),
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in SCOPES.items()) + "\n",
        "How sure a source is:\n",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in CERTAINTIES.items()) + "\n",
        "## Keys of a profile file\n",
        table(("key", "what it needs"), [(code(key.name), key.needed) for key in KEYS]),
        "A limit that is left out is no limit. A key that is not known is refused.\n",
    ]
    for p in profiles:
        parts += [f"## {p.name}\n", f"{p.title}. {'Applies to: ' + p.applies_to + '.' if p.applies_to else ''}\n"]
        if p.notes:
            parts.append(" ".join(p.notes.split()) + "\n")
        parts.append(
            table(
                ("figure", "what the source says", "how sure", "where"),
                [(code(s.figure or ""), s.says, s.certainty or "", s.where) for s in p.cited],
            )
        )
    return page("Profiles", *parts)


def roles_page() -> str:
    """Every role, and for what it is preferred."""

    def order(roles: Iterable[str | None]) -> str:
        return ", ".join("no role" if r is None else f"`{r}`" for r in roles)

    return page(
        "Roles",
        "What a capture point is to a migration. A point whose name is a role has it (`-` and `_` may stand for `:`);"
        " `--role NAME=ROLE` gives it to a point of another name.\n",
        table(("role", "where the point stands"), [(code(r), m) for r, m in ROLES.items()]),
        "Where several points could answer, the first of these that is there does:\n",
        f"- the stream's figures: {order(STREAM_FIGURES)}\n"
        f"- whether the announcement arrived: {order(ARRIVAL_PROOF)}\n"
        f"- a peer's outage: {order(OUTAGE_FIGURES)}\n",
        "For a migration that goes the other way, roles change places with its hosts.\n",
    )


def mechanisms_page() -> str:
    """Every mechanism that is judged: its marks, its work, its failure."""
    rows = [
        (f"[{code(m.name)}](../explanation/mechanisms/{m.name}.md)", m.marked_by, m.must_do, m.fails_as)
        for m in MECHANISMS
    ]
    stream = ", ".join(code(m.name) for m in MECHANISMS if m.of_stream)
    return page(
        "Mechanisms",
        "Ways of keeping a guest reachable, and of its stream. The report has them for each guest, in"
        " `migrations[].guests[].mechanisms`; where no guest is known, the rows of the stream itself are in"
        f" `migrations[].mechanisms`: {stream}. One is told of where it shows its marks. Its"
        " [fields](report.md#mechanism) are the same in both: `name`, `seen`, `worked` (`yes`, `no` or `undecided`),"
        " `latency_ms` from the switchover, `because`, `evidence`."
        " What real ones look like: [mechanisms](../explanation/mechanisms/index.md).\n",
        table(("name", "marked by", "must do", "fails as"), rows),
    )


# what is written


def report_page() -> str:
    """Every key of the report, from the types that it is written from."""
    parts = [
        f"The report as JSON (`vmpcap report --format json`), schema `{SCHEMA}`."
        " `vmpcap report --json-schema` prints its JSON Schema"
        + (", which is [here](report.schema.json) too" if (HERE / "reference" / "report.schema.json").exists() else "")
        + ". Unknown is `null`, never 0. Times are ISO 8601 UTC with nanoseconds. Mbps is 10^6 bit/s. Frame numbers"
        " count from 1, as Wireshark's do. What each figure counts: [figures](../explanation/figures.md).\n"
    ]
    return page("The report's keys", *parts, *_keys_of(structs_of(Report)))


def comparison_page() -> str:
    """Every key of a comparison and of a benchmark, from the types that they are written from."""
    words = (
        f"`vmpcap compare --format json` (schema `{COMPARE}`) and `vmpcap bench --format json` (`{BENCH}`) write one"
        " document, without differences in a benchmark. `vmpcap compare --json-schema` prints its JSON Schema, which is"
        " [here](comparison.schema.json) too. What each figure is: [Compare links](../how-to/compare-links.md).\n"
    )
    return page("A comparison's keys", words, *_keys_of(structs_of(Comparison)))


def _keys_of(structs: Iterable[type[msgspec.Struct]]) -> list[str]:
    parts = []
    for struct in structs:
        words = (struct.__doc__ or "").strip() if not (struct.__doc__ or "").startswith(struct.__name__ + "(") else ""
        parts += [f"## {struct.__name__}\n", words + "\n" if words else ""]
        if struct.__struct_config__.array_like:
            parts.append("Written as an array of its values, in this order.\n")
        parts.append(table(("key", "type", "what it says"), field_rows(struct)))
    return parts


def structs_of(root: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """This struct and all that it holds, in the order in which a reader meets them."""
    found: list[type[msgspec.Struct]] = []

    def visit(kind: Any) -> None:
        if isinstance(kind, msgspec.inspect.StructType):
            if kind.cls in found:
                return
            found.append(kind.cls)
            for field in kind.fields:
                visit(field.type)
        elif isinstance(kind, msgspec.inspect.UnionType):
            for one in kind.types:
                visit(one)
        else:
            for name in ("item_type", "key_type", "value_type"):
                if hasattr(kind, name):
                    visit(getattr(kind, name))

    visit(msgspec.inspect.type_info(root))
    return found


def field_rows(struct: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    """Each field with its type and the docstring below it, as they stand in the source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(definition, ast.ClassDef)
    rows: list[tuple[str, str, str]] = []
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            rows.append((code(statement.target.id), code(ast.unparse(statement.annotation)), ""))
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and rows:
            name, kind, _ = rows[-1]
            rows[-1] = (name, kind, " ".join(str(statement.value.value).split()))
    return rows


def columns_page() -> str:
    """Every column of the table commands."""
    parts = [
        "The columns of the table commands, whatever the format. An unknown value is null, never 0.\n",
        table(("kind", "in polars, Parquet and Arrow"), [(k, code(v)) for k, v in COLUMN_KINDS.items()]),
    ]
    for name, columns in TABLES.items():
        rows = [(code(c.name), c.kind, c.unit, c.meaning) for c in columns]
        parts += [f"## {name}\n", f"`vmpcap {name}`\n", table(("column", "kind", "unit", "what it says"), rows)]
    return page("Columns", *parts)


def frames_page() -> str:
    """Every frame of `--parquet DIR`."""
    parts = [
        "`vmpcap report --parquet DIR` writes the report as a folder of frames, one Parquet file each, beside"
        " `flows.parquet` and `announcements.parquet` ([columns](columns.md)). `migration` joins them. The names are"
        " those of the [report's keys](report.md).\n"
    ]
    for frame in FRAMES:
        rows = [(code(c.name), c.kind, c.unit, c.meaning) for c in frame.columns]
        words = frame.meaning[:1].upper() + frame.meaning[1:].rstrip(".") + "."
        parts += [f"## {frame.name}\n", words + "\n", table(("column", "kind", "unit", "what it says"), rows)]
    return page("Frames of the Parquet folder", *parts)


# from Python


FUNCTIONS: Final = (vmpcap.report, vmpcap.compare, vmpcap.bench, vmpcap.scan)
CLASSES: Final = (Answer, Compared, Expected)
SECTION: Final = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)
"""A heading of a docstring: its word, underlined."""


def python_page() -> str:
    """Every function and class that a program uses, from its own docstring."""
    parts = [
        "[How to use it](../how-to/use-from-python.md) shows examples. Keys of the documents are the same as those of"
        " the [report](report.md) and of [comparisons](comparison.md); unknown is `None`, never 0.\n"
    ]
    for function in FUNCTIONS:
        parts += [f"## vmpcap.{function.__name__}\n", signature(function), documented(inspect.getdoc(function) or "")]
    for one in CLASSES:
        parts += [f"## {one.__name__}\n", documented(inspect.getdoc(one) or "")]
        members = [(name, member) for name, member in vars(one).items() if not name.startswith("_")]
        rows = [(code(called(name, member)), told_of(member)) for name, member in members]
        parts.append(table(("member", "what it is"), rows))
    frames = [
        (code(name), meaning, ", ".join(code(c.name) for c in columns))
        for name, (meaning, columns, _) in COMPARISON_FRAMES.items()
    ]
    parts += [
        "## Frames of a comparison\n",
        "Those of a report are [here](frames.md).\n",
        table(("frame", "rows", "columns"), frames),
    ]
    return page("From Python", *parts)


def signature(function: Callable[..., Any]) -> str:
    """How is it called? A parameter a line."""
    found = inspect.signature(function)
    lines: list[str] = []
    for one in found.parameters.values():
        if one.kind is one.KEYWORD_ONLY and "    *," not in lines:
            lines.append("    *,")
        lines.append(f"    {parameter(one)},")
    returned = annotation(found.return_annotation)
    return "\n".join(["```python", f"{function.__name__}(", *lines, f") -> {returned}", "```\n"])


def parameter(one: inspect.Parameter) -> str:
    """A parameter with what it takes and what it is otherwise."""
    default = "" if one.default is one.empty else f" = {one.default!r}"
    return f"{one.name}: {annotation(one.annotation)}{default}"


def annotation(of: object) -> str:
    """Which type is this, as it is written in the source?"""
    return of if isinstance(of, str) else inspect.formatannotation(of).replace("typing.", "")


def called(name: str, member: object) -> str:
    """A property by its name, a method with its parameters."""
    if not inspect.isfunction(member):
        return name
    return f"{name}({', '.join(parameter(one) for one in list(inspect.signature(member).parameters.values())[1:])})"


def told_of(member: object) -> str:
    """The first paragraph of its docstring. A member without one is what the document calls so."""
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split()) or "as in the document"


def documented(text: str) -> str:
    """A docstring in the style of numpy as Markdown: its words, then a heading in bold for each section."""
    words, *sections = SECTION.split(text)
    parts = [words.strip() + "\n"]
    for heading, body in zip(sections[::2], sections[1::2], strict=True):
        told = body.strip()
        if heading in ("Parameters", "Returns", "Raises", "Warns"):
            parts.append(f"**{heading}**\n\n" + listed(body))
        else:
            parts.append(f"**{heading}**\n\n{examples(told) if heading == 'Examples' else told}\n")
    return "\n".join(parts)


def listed(body: str) -> str:
    """What stands indented below a name belongs to it."""
    items: list[tuple[str, list[str]]] = []
    for line in body.strip().splitlines():
        if line.startswith(" ") and items:
            items[-1][1].append(line.strip())
        elif line.strip():
            items.append((line.strip(), []))
    return "\n".join(f"- {code(name)}: {' '.join(words)}" for name, words in items) + "\n"


SESSION: Final = re.compile(r"(?:^(?:>>>|\.\.\.) .*\n(?:(?!>>>)\S.*\n)*)+", re.MULTILINE)
"""Lines of an interactive session, with what it answers."""


def examples(text: str) -> str:
    """Sessions as code; what stands between them is text."""
    plain = "".join(f"{line.replace('# doctest: +SKIP', '').rstrip()}\n" for line in text.splitlines())
    return SESSION.sub(lambda found: f"```pycon\n{found[0]}```\n", plain)


# what is read


def encapsulations_page() -> str:
    """Every header that the walk knows, what it is and how it is read, and every reason for which a walk ends."""
    walked = [step for step in STEPS if not step.chooses]
    return page(
        "Encapsulations and stops",
        f"Every frame is walked from its outermost header inwards by one table, at most {MAX_DEPTH} headers deep (what"
        " lies deeper stops as `too_deep`). Each"
        " row has an example capture in `captures/encapsulations/`, which tshark 4.0 was asked about: what it has to be"
        " told before it sees the same stands beside it, and where it sees something else even so, why.\n",
        "## What they are\n",
        table(
            ("header", "what it is", "where it is met", "example", "public capture", "tshark agrees"),
            [
                (code(s.name), about(s)["what"], about(s)["seen"], code(f"{s.name}.pcap"), found_in(s), agrees(s))
                for s in walked
            ],
        ),
        "*Public capture*: one of a collection of public captures, not part of this project, in which the header is"
        " met; what is read there is compared with tshark, frame for frame. Where none is named, the row rests on the"
        " header's documents, on its example and on tshark.\n",
        "## How they are read\n",
        "*Keeps* names the ids that the columns `ids`, `vlan` and `vni` come from. An id separates broadcast domains"
        " unless it says otherwise: flows and announcements with another one are others. A label, and the session of"
        " L2TPv3 or L2TPv2, is given by each receiver for itself, so both directions of one connection have two, and a"
        " router on the way changes it: it separates nothing. Two customers of equal addresses on one wire, told apart"
        " by labels alone, are therefore one here: their flows run together, and segments of the one look resent."
        " Capture them apart, or narrow the capture to one label first.\n",
        table(
            ("header", "entered by", "bytes", "hands over by", "keeps"),
            [(code(s.name), entries(s), length(s.length), hands_over(s), kept(s)) for s in walked],
        ),
        "Stacks that no capture shows are built at random, byte for byte by the headers' documents, and held to what"
        " was put in and to tshark (`tests/decode/test_stacks.py`). Three things tshark 4.0 does not show of them:"
        " FabricPath inside PBB or a fence, PBB's own name behind a service tag (0x88A8), and which of three or more"
        " service tags is whose.\n",
        "A length that does not look like the header's own is not believed: the walk stops there and says so.\n",
        "## Where no number says what follows\n",
        "Behind the last label of MPLS, behind the session of L2TPv3, on ports that several protocols share: there the"
        " bytes decide. Each candidate whose first four bytes allow it is weighed in bits, one for each halving of the"
        " chance that noise looks the same: a checksum that is right counts 16, an ethertype whose content fits 16 and"
        " more, the beginning of an ARP body 48. The heaviest is taken, the earlier of equals, and its name in the path"
        f" says that it was chosen. Below {LEAST_SCORE} bits the walk stops as `not_recognised`.\n",
        "The report counts by file what was chosen (`guesses` of each input, and a line each in the text): the header"
        " that was taken, the first frame, and how many are doubtful. A frame is doubtful where what was taken leads by"
        f" fewer than {CLEAR_LEAD} bits before whatever else may stand there, or where nothing was likely. A frame in"
        " which two choices were made counts by the less certain. Each frame is weighed for itself: that a label or a"
        " session keeps its framing is not used, so a doubtful frame may be read in another way than its neighbours."
        " Where that matters, say what it is (below); what was said is no guess and is not counted.\n",
        table(
            ("place", "entered by", "candidates"),
            [(code(s.name), chosen_after(s), candidates(s)) for s in STEPS if s.chooses],
        ),
        "## What a user may say\n",
        "`--decode-as <layer type>==<number>,<protocol>` gives a number another meaning"
        " ([how](../how-to/decode-as.md)). Wireshark's names for protocols are understood beside ours.\n",
        table(
            ("layer type", "what the number is", "protocols"),
            [(code(one.name), one.meaning, may_name(one)) for one in LAYERS],
        ),
        f"*Usual* are {', '.join(map(code, usual_names()))}.\n",
        "## Packets that came in parts\n",
        f"Fragments of IPv4 and IPv6 are put together before what is in them is walked, and so are packets in parts"
        f" inside each other, {MOST_NESTED} deep: the packet stands at the frame that completes it, as in Wireshark. Up"
        f" to {WAITING} packets may be incomplete at a time, for {PATIENCE_NS // NS_PER_S} s; how many never became"
        " whole is a note of the report. A part that the capture cut cannot be put together: there the first part is"
        " walked by itself, and what its inner packet says of its own length is believed. The same is done where"
        f" {TRUST} first parts came between two ends and never a later one, as behind a capture filter for a port.\n",
        "## Numbers that tunnels give their packets\n",
        "GRE (and so ERSPAN), PPTP and ESP number what they carry. A gap of a mirror is a loss of the capture: the"
        " check `capture_quality` fails, and nothing is said to be absent there. A gap of another tunnel is a loss on"
        " the way, or a packet that went where the point does not see it: it is a note.\n",
        "The hardware timestamp of ERSPAN III stands in the column `mirror_clock_ns` of `vmpcap packets`, in"
        " nanoseconds since that clock began, and what it counts in beside it (`mirror_clock_unit_ns`): 100 us, 100 ns,"
        " or the nanoseconds of IEEE 1588, as the granularity field says. It has 32 bits and comes round (after five"
        " days, seven minutes, a second or four); where the platform's own header has the seconds (5, 6) or the upper"
        " half of the count (0, 3, 7), they are added. The unit that an owner defines is not known: there both are"
        " null. The 32 bits as they are in the header are its second id (`ids`). Times in reports stay the"
        " capture's.\n",
        "## What is left out\n",
        "".join(f"- {one}\n" for one in LEFT_OUT),
        "## Why a walk ends\n",
        "Every frame has one of these. All but `complete` are counted in the report (`not_walked` of each input).\n",
        table(
            ("stop", "meaning", "all headers read"),
            [(code(s.name), s.meaning, "yes" if s.is_whole else "no") for s in STOPS],
        ),
    )


def usual_names() -> list[str]:
    """What may stand behind any number that is no link type: the rows that need no IP header before them."""
    return names_for(next(layer for layer in LAYERS if layer.name == "ethertype"))


def may_name(layer: Layer) -> str:
    """Which protocols may a rule of this layer name? Said by what it has besides the usual ones, or lacks of them."""
    names, usual = names_for(layer), usual_names()
    besides = [code(name) for name in names if name not in usual]
    lacking = [code(name) for name in usual if name not in names]
    if len(lacking) > len(names):
        return ", ".join(map(code, names))
    more = f" and {', '.join(besides)}" if besides else ""
    return f"the usual{more}" + (f", without {', '.join(lacking)}" if lacking else "")


LEFT_OUT: Final = (
    "STT (TCP 7471): it looks like TCP and is none. Only the first segment of a frame has its header, the numbers mean"
    " something else, and a frame is whole only when all its segments are put together. Its segments are shown as TCP.",
    "GRE over DTLS (UDP 4755), MACsec and encrypted wireless frames: nothing to be seen inside.",
    "The second and later parts of a frame that a fence (0x88DE) or IEEE 802.3br sends in parts.",
    "IEEE 802.11 frames with four addresses, token ring frames with a route in them, Frame Relay addresses above two"
    " bytes.",
    "The key of a GRE header with routing entries (RFC 1701): its number and what is inside are read.",
    "GRE of the versions 2 to 7, which nobody has defined, and version 1 with anything but PPP: `not_recognised`."
    " tshark walks them as if they were version 0.",
    "PPP that is compressed, encrypted, or sent over several links at once (0x00fd, 0x0053, 0x003d):"
    " `unknown_payload`.",
    "L2TPv2 with an offset before its PPP frame (RFC 2661 3.1): `not_as_named`; nobody sends one.",
    "PPPoE discovery (0x8863): `unknown_ethertype`.",
    "Link types without a row: their frames are counted as `unknown_link_type`, and the report names the link type of"
    " the capture. IEEE 802.15.4 (195) is the radio of sensors, with IPv6 only in a compressed form of its own, and"
    " the experimental Ethernet of 1976 (2) has stations of one byte: neither is a guest's.",
    "Of netlink (253) all but packets for a queue or a log, and of several messages in one record all but the first.",
)
"""What a reader might look for in the table and not find."""


def found_in(step: Step) -> str:
    """A capture made by others with this header in it."""
    return code(about(step)["public"]) if "public" in about(step) else "none"


@cache
def words_of_rows() -> dict[str, dict[str, Any]]:
    """What a person wrote of every example capture."""
    return tomllib.loads((HERE.parent / "captures" / "encapsulations" / "rows.toml").read_text())


def about(step: Step) -> dict[str, Any]:
    """What a person wrote of this row."""
    return words_of_rows()[step.name]


def agrees(step: Step) -> str:
    """Does tshark see in the examples of this row what we see?"""
    said = []
    for name, words in words_of_rows().items():
        if name == step.name or (name.startswith(f"{step.name}-") and "what" not in words):
            where = "" if name == step.name else f"{code(f'{name}.pcap')}: "
            said += [where + one for one in agreement(words) if where == "" or one != "yes"]
    return "; ".join(said)


def agreement(words: dict[str, Any]) -> list[str]:
    """The same for one capture."""
    if "unreadable" in words:
        return [f"no: {words['unreadable']}"]
    told = shlex.join(words.get("options", []))
    said = [f"with `{told}`" if told else "yes"]
    return said + [f"but for frame {number}: {why}" for number, why in words.get("differs", {}).items()]


def chosen_after(step: Step) -> str:
    """Where does this choice stand?"""
    places = {c.key for c in step.entered_by if c.space is Space.GUESS}
    before = [s.name for s in STEPS if s.hands_over.space is Space.GUESS and s.hands_over.const in places]
    return f"after {', '.join(code(name) for name in before)}" if before else entries(step)


def candidates(step: Step) -> str:
    """What may stand there?"""
    return ", ".join(dict.fromkeys(code(one.step) for one in step.chooses))


SPACES: Final = {
    Space.LINK_TYPE: ("link type", "d"),
    Space.ETHERTYPE: ("ethertype", "#06x"),
    Space.IP_PROTOCOL: ("IP protocol", "d"),
    Space.UDP_PORT: ("UDP port", "d"),
    Space.IP_VERSION: ("IP version", "d"),
    Space.ADDRESS_FAMILY: ("address family", "d"),
    Space.PPP_PROTOCOL: ("PPP protocol", "#06x"),
    Space.NEXT_PROTOCOL: ("next protocol", "d"),
    Space.ERSPAN_FRAME: ("ERSPAN frame type", "d"),
    Space.GRE: ("GRE protocol", "#06x"),
    Space.GRE_SEQUENCED: ("GRE protocol with a sequence number", "#06x"),
    Space.GRE_KEYED: ("GRE protocol with a key", "#06x"),
    Space.GRE_KEYED_SEQUENCED: ("GRE protocol with key and sequence number", "#06x"),
    Space.LLC_SAP: ("service access points", "#06x"),
    Space.GUESS: ("what it looks like", "d"),
    Space.FRAME_RELAY: ("Frame Relay protocol", "#06x"),
    Space.HDLC: ("HDLC protocol", "#06x"),
    Space.ARCNET: ("ARCNET protocol", "#04x"),
    Space.TZSP: ("TZSP protocol", "d"),
    Space.NETLINK: ("netlink family", "d"),
    Space.NETFILTER: ("netfilter message", "#06x"),
}
OF_GRE: Final = (Space.GRE, Space.GRE_SEQUENCED, Space.GRE_KEYED, Space.GRE_KEYED_SEQUENCED)


def entries(step: Step) -> str:
    """By which numbers is this header entered? Those of GRE that repeat an ethertype are left out."""
    by_space: dict[Space, list[int]] = {}
    for claim in step.entered_by:
        by_space.setdefault(claim.space, []).append(claim.key)
    ethertypes = set(by_space.get(Space.ETHERTYPE, ()))
    words = []
    for space, keys in by_space.items():
        name, form = SPACES[space]
        if space in OF_GRE and set(keys) <= ethertypes:
            continue
        plain = [k for k in keys if space is not Space.ADDRESS_FAMILY or k < 256]
        if len(plain) > 8:
            words.append(f"{name} {plain[0]} to {plain[-1]}")
        else:
            words.append(f"{name} {', '.join(format(k, form) for k in plain)}")
    return "; ".join(words) or "its look"


LENGTHS: Final = {
    LABEL_STACK: "4 a label",
    NFLOG_FIELDS: "up to the field that holds the packet",
    NFQUEUE_FIELDS: "up to the field that holds the packet",
    LITTLE_COUNT: "as its length says",
    TZSP_TAGS: "4 and its tags",
    PPP_HEADER: "1 to 4, by what is compressed",
    GRE_ROUTE: "as its flags and entries say",
}
"""Lengths that no single byte tells."""


def length(of: Length) -> str:
    """How long is this header?"""
    for special, words in LENGTHS.items():
        if special in of.by_byte:
            return words
    sizes = sorted({size for size in of.by_byte if size < LEAST_SPECIAL_LENGTH})
    if len(sizes) == 1:
        return str(sizes[0])
    return f"{sizes[0]} to {sizes[-1]}, by byte {of.at}"


def hands_over(step: Step) -> str:
    """What says what follows?"""
    to = step.hands_over
    if to.space is None:
        return "ends" if to.stop == 0 else f"ends: `{STOPS[to.stop].name}`"
    name, _ = SPACES[to.space]
    if to.space is Space.GUESS:
        return name
    if to.mask == 0:
        (row,) = (s for s in STEPS for c in s.entered_by if (c.space, c.key) == (to.space, to.const))
        return f"always {code(row.name)}"
    if to.is_after_header:
        return f"{name} behind it" if to.at >= 0 else f"{name} in its last bytes"
    return f"{name} at {to.at + (to.mask == 0xFF)}"  # a single byte is the second of the two that are read


def kept(step: Step) -> str:
    """Which ids does it leave behind?"""
    return ", ".join(
        f"{keep.name}{'' if keep.separates or keep.role is Role.SEQUENCE else ' (separates nothing)'}"
        for keep in (step.keeps, step.also_keeps)
        if keep is not None
    )


def formats_page() -> str:
    """Every capture format, packing and defect."""
    formats: dict[str, list[str]] = {}
    for one in FORMATS:
        formats.setdefault(one.name, []).append(one.magic.hex(" "))
    return page(
        "Formats, packings, defects",
        "What a file is, is told by its first bytes, never by its name.\n",
        table(("format", "begins with"), [(n, ", ".join(code(m) for m in magics)) for n, magics in formats.items()]),
        "Compressed captures are unpacked while they are read:\n",
        table(("packing", "begins with"), [(p.name, code(p.magic.hex(" "))) for p in PACKINGS]),
        "## Defects\n",
        "What is odd about a capture is counted and reported; nothing is repaired in silence. What *ends the reading*"
        " may have packets behind it that were not read.\n",
        table(
            ("defect", "ends the reading", "meaning"),
            [(code(d.name), "yes" if d.ends_reading else "", d.meaning) for d in DEFECT_KINDS],
        ),
    )


PROOFS: Final = " or ".join(code(magic.name) for magic in MAGICS if magic.proves)


def streams_page() -> str:
    """Every port and first byte that nominates a migration stream."""
    return page(
        "Migration streams",
        "A port only nominates a connection; volume, direction and first bytes confirm it. `--port N` nominates a"
        f" further port. A range that systems also hand out to connecting sides ({EPHEMERAL_FROM} and up) nominates"
        " only where the other port could be a connecting side's too.\n",
        table(
            ("stream", "hypervisor", "TCP ports", "live", "nominated by itself", "source"),
            [
                (
                    code(s.key),
                    s.hypervisor,
                    s.first_port if s.first_port == s.last_port else f"{s.first_port} to {s.last_port}",
                    "yes" if s.live else "no",
                    "yes" if s.nominates else "no, with `--port` only",
                    s.source,
                )
                for s in STREAMS
            ],
        ),
        "## First bytes\n",
        f"What opens with the magic of {PROOFS} is a migration, whatever its ports. What begins like HTTP is none,"
        " whatever its port.\n",
        table(("name", "begins with", "source"), [(code(m.name), code(m.begins.hex(" ")), m.source) for m in MAGICS]),
    )


BODIES: Final = {RARP: "RARP", ARP: "ARP", NA: "neighbour advertisement", NS: "neighbour solicitation"}


def announcements_page() -> str:
    """Every kind of announcement, and every known rhythm."""
    return page(
        "Announcements",
        "How ARP, RARP and neighbour-discovery bodies are told apart; the first row that fits names a frame. What is"
        " *listed* is shown by `vmpcap announcements`; the rest with `--all`. What *announces* tells the domain where"
        " its sender now lives.\n",
        table(
            ("kind", "body", "opcode", "listed", "announces", "source"),
            [
                (
                    code(k.name),
                    " or ".join(BODIES[b] for b in k.bodies),
                    ", ".join(map(str, k.opcodes)),
                    "yes" if k.listed else "",
                    "yes" if k.announces else "",
                    k.source,
                )
                for k in ANNOUNCEMENT_KINDS
            ],
        ),
        "## Schedules\n",
        "How often a hypervisor repeats itself after one event. A series that fits none is `other`.\n",
        table(
            ("schedule", "ms after the first", "source"),
            [(code(s.name), ", ".join(map(str, s.offsets_ms)), s.source) for s in SCHEDULES],
        ),
    )


def index_page() -> str:
    """The reference's own front page."""
    return page(
        "Reference",
        "Written from the product's own tables at every build of these pages.\n",
        "\n".join(f"- [{title}]({Path(path).name})" for path, title, _ in PAGES) + "\n",
    )


PAGES: Final[tuple[tuple[str, str, Callable[[], str]], ...]] = (
    ("reference/commands.md", "Commands", commands_page),
    ("reference/exit-status.md", "Exit status", exits_page),
    ("reference/checks.md", "Checks", checks_page),
    ("reference/profiles.md", "Profiles", profiles_page),
    ("reference/roles.md", "Roles", roles_page),
    ("reference/mechanisms.md", "Mechanisms", mechanisms_page),
    ("reference/report.md", "The report's keys", report_page),
    ("reference/comparison.md", "A comparison's keys", comparison_page),
    ("reference/columns.md", "Columns", columns_page),
    ("reference/python.md", "From Python", python_page),
    ("reference/frames.md", "Frames of the Parquet folder", frames_page),
    ("reference/encapsulations.md", "Encapsulations and stops", encapsulations_page),
    ("reference/formats.md", "Formats, packings, defects", formats_page),
    ("reference/streams.md", "Migration streams", streams_page),
    ("reference/announcements.md", "Announcements", announcements_page),
)
"""Every page of the reference but its front page."""


def pages() -> dict[str, str]:
    """All generated pages, by their path in the docs."""
    return {"reference/index.md": index_page(), **{path: write() for path, _, write in PAGES}}


def on_config(config: "MkDocsConfig") -> "MkDocsConfig":
    """Give explanations that are not everywhere their place in the menu."""
    for title, path in (("How fast it is", "explanation/performance.md"),):
        if (HERE / path).exists():
            next(part["Explanation"] for part in config.nav or [] if "Explanation" in part).append({title: path})
    return config


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Give mkdocs the generated pages as if they stood beside the others."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        committed = files.get_file_from_path(path)
        if committed is not None:
            files.remove(committed)
        files.append(File.generated(config, path, content=text))
    return files


def main() -> None:
    """Write all pages below a folder."""
    folder = Path(sys.argv[1])
    for path, text in pages().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
