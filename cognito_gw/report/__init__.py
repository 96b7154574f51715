"""Progress and results: rows on a terminal, lines when piped, or JSON."""
