"""Tables, for a terminal and for docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """A title, named columns, rows of text, and notes."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells):
        """Add a row."""
        self.rows.append(tuple(map(str, cells)))

    def markdown(self):
        """Return it as Markdown."""
        rules = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = [f"**{self.title}**", "", _row(self.columns), _row(rules)]
        lines += map(_row, self.rows)
        lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines).strip() + "\n"

    def rich(self):
        """Return it for a terminal."""
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(
            title=Text(self.title),
            caption=Text("\n".join(self.notes)),
            title_justify="left",
            caption_justify="left",
        )
        for number, column in enumerate(self.columns):
            justify = "right" if number else "left"
            table.add_column(Text(column), justify=justify)
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table


def _row(cells):
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def seconds(value):
    """Return a time in the format of the tables."""
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"
