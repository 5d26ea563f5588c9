"""The report for a terminal: what fits one screen; in full, first a summary, then everything it rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.text import Text

from vmpcap.report.about_checks import Where, where_to_look
from vmpcap.report.blocks import Aside, Block, Commands, Fact, Grid, Heading, Picture, Proof, Source
from vmpcap.report.brief import ROOMS, brief
from vmpcap.report.chart import LABEL, Line
from vmpcap.report.clean import clean_report, for_ascii
from vmpcap.report.document import Report
from vmpcap.report.look import Look
from vmpcap.report.outline import outline
from vmpcap.report.page import COLOURS, Page, fitted
from vmpcap.report.summary import summary
from vmpcap.report.words import held_against_limit


def to_terminal(report: Report, look: Look | None = None, in_full: bool = True) -> str:
    """
    How is this report shown on a terminal? Without colour no escape sequence is in it.

    Not `in_full`: on one screen, if what is of weight fits there; where to find the rest stands below.
    """
    look = look or Look()
    shown = clean_report(report)
    if look.ascii_only:
        shown = for_ascii(shown)
    if not in_full:
        return _one_screen(shown, look).text()
    page = Page(look)
    page.take(summary(shown, look))
    draw_blocks(page, outline(shown, look.width, look.glyphs))
    return page.text()


def _one_screen(report: Report, look: Look) -> Page:
    """The roomiest page that fits the screen and leaves a line for the prompt; where none does, the tightest."""
    page, above = Page(look), summary(report, look, look.height // 2, alone=True)
    for room in ROOMS:
        page = Page(look)
        page.take(above)
        draw_blocks(page, brief(report, look, room))
        if page.lines() < look.height:
            break
    return page


def draw_blocks(page: Page, blocks: Iterable[Block | Where]) -> None:
    """Draw these blocks one under the other, tables apart from what is around them."""
    above: Block | Where = Heading("")
    for block in blocks:
        ends = isinstance(above, Where) and not isinstance(block, Where)
        if ends or isinstance(above, Grid) or (isinstance(block, Grid) and not isinstance(above, Heading)):
            page.gap()
        _draw(page, block)
        above = block


def _draw(page: Page, block: Block | Where) -> None:
    """Draw one block of the body."""
    if isinstance(block, Heading):
        _heading(page, block)
    elif isinstance(block, Fact):
        _fact(page, block)
    elif isinstance(block, Grid):
        _grid(page, block)
    elif isinstance(block, Picture):
        _picture(page, block)
    elif isinstance(block, Proof):
        _proof(page, block)
    elif isinstance(block, Source):
        _source(page, block)
    elif isinstance(block, Where):
        _where(page, block, indent=2)
    elif isinstance(block, Aside):
        page.put(Text(block.text, style=COLOURS["because"]), indent=2)
    elif isinstance(block, Commands):
        for command, why in block.rows:
            page.put(Text(why, style=COLOURS["because"]), indent=2)
            page.verbatim(command, indent=4)


def _heading(page: Page, block: Heading) -> None:
    page.gap()
    if block.level == 1:
        rule = page.look.glyphs.rule
        title = fitted(block.text, page.look.width - 6)
        line = f"{rule * 2} {title} "
        page.put(Text(line + rule * max(page.look.width - cell_len(line), 0), style=COLOURS["heading"]))
        return
    page.put(Text(block.text, style=COLOURS["heading"]), hang=2)


def _fact(page: Page, block: Fact) -> None:
    label = _aligned(fitted(block.label, LABEL - 1), LABEL, right=False)
    text = Text.assemble((label, COLOURS["label"]), block.text)
    if block.because:
        text.append(f"; {block.because}" if block.text else block.because, style=COLOURS["because"])
    page.put(text, indent=2, hang=LABEL)


def _grid(page: Page, block: Grid) -> None:
    """
    Columns that hold nothing are left out. What is a sentence, or finds no room beside the others, goes under its row.
    The first column is the row's name: only a name that is wider than the terminal is shortened.
    """
    room = page.look.width - 2
    block = replace(block, rows=tuple((fitted(row[0], room), *row[1:]) for row in block.rows))
    filled = [i for i in range(len(block.columns)) if any(row[i] for row in block.rows)]
    beside, under = _shared_out(block, filled, room)
    widths = {i: _width(block, i) for i in beside}
    names = Text("  ").join(
        Text(_aligned(block.columns[i], widths[i], block.columns[i] in block.right)) for i in beside
    )
    names.stylize(COLOURS["label"])
    page.put(names, indent=2, most_lines=1)
    for row in block.rows:
        cells = (_aligned(row[i], widths[i], block.columns[i] in block.right) for i in beside)
        page.verbatim("  ".join(cells), indent=2)
        words = [_told(block, row, i) for i in under if row[i]]
        if words:
            page.put(Text("; ".join(words), style=COLOURS["because"]), indent=6)


def _shared_out(block: Grid, filled: Sequence[int], room: int) -> tuple[list[int], list[int]]:
    """Which columns stand beside each other, which under their row? The last ones give way first."""
    beside = [i for i in filled if block.columns[i] not in block.sentences]
    while len(beside) > 1 and sum(_width(block, i) for i in beside) + 2 * (len(beside) - 1) > room:
        beside.pop()
    return beside, [i for i in filled if i not in beside]


def _width(block: Grid, i: int) -> int:
    return max(cell_len(block.columns[i]), *(cell_len(row[i]) for row in block.rows))


def _aligned(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _told(block: Grid, row: Sequence[str], i: int) -> str:
    """A cell outside its column says which it is, where it is no sentence."""
    return row[i] if block.columns[i] in block.sentences else f"{block.columns[i]} {row[i]}"


def _picture(page: Page, block: Picture) -> None:
    gutter = max(len(line.label) for line in block.lines)
    for line in block.lines:
        page.put(_drawn(line, gutter), most_lines=1)
    if block.caption:
        page.put(Text(block.caption, style=COLOURS["because"]), indent=2)


def _drawn(line: Line, gutter: int) -> Text:
    return Text.assemble((line.label.rjust(gutter) + " ", COLOURS["label"]), (line.text, COLOURS[line.kind]))


def _proof(page: Page, block: Proof) -> None:
    hang = 4 if page.look.is_short else 10
    for check in block.checks[:1]:
        held = held_against_limit(check)
        text = Text.assemble((check.outcome.ljust(10), COLOURS[check.outcome]))
        text.append(", ".join(c.id for c in block.checks), style="bold")
        text.append(f"  {held};" if held else ":")
        text.append(f" {check.because}")
        page.put(text, indent=2, hang=hang)
        for where in where_to_look(check):
            _where(page, where, indent=2 + hang)


def _where(page: Page, where: Where, indent: int) -> None:
    """Point and filter in one line, if that is long enough; the filter whole in any case."""
    words = f"{where.words}: " if where.words and where.filter else where.words
    if where.filter and cell_len(words + where.filter) <= page.look.width - indent:
        page.put(Text.assemble((words, COLOURS["because"]), where.filter), indent=indent)
        return
    if words:
        page.put(Text(words, style=COLOURS["because"]), indent=indent, hang=2)
    if where.filter:
        page.verbatim(where.filter, indent=indent)


def _source(page: Page, block: Source) -> None:
    page.put(block.says, indent=2, hang=2)
    if block.link:
        page.verbatim(block.link, indent=4)
