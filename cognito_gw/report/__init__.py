"""How steps are told: fixed rows on a terminal, lines when piped, or JSON."""
