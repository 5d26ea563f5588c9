"""A table as text and as Markdown."""

from collections.abc import Sequence


class Table:
    """Rows of words under a head; columns from numbers_from on are set to the right."""

    def __init__(self, title: str, head: Sequence[str], numbers_from: int) -> None:
        self._title, self._head, self._numbers_from = title, tuple(head), numbers_from
        self._rows: list[tuple[str, ...]] = []

    def add(self, *cells: str) -> None:
        """One more row."""
        self._rows.append(cells)

    def as_text(self) -> str:
        """Columns side by side, for a terminal."""
        lines = [self._head, *self._rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self._head))]
        padded = (
            "  ".join(
                cell.rjust(width) if i >= self._numbers_from else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )
        return "\n".join([self._title, *padded])

    def as_markdown(self) -> str:
        """The same as Markdown, with a heading."""
        rule = tuple("---:" if i >= self._numbers_from else "---" for i in range(len(self._head)))
        lines = ("| " + " | ".join(line) + " |" for line in (self._head, rule, *self._rows))
        return "\n".join([f"### {self._title}", "", *lines])
