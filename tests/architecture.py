"""Draw the packages and their imports: `python tests/architecture.py [--write]`.

It prints a Mermaid flowchart, or writes it into docs/architecture.md. An arrow leads
from a package to one that it imports at run time; arrows that follow from others are
omitted. Top-level modules that import no package are one node.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cognito_gw"
PAGE = ROOT / "docs" / "architecture.md"
SHARED = "shared"
_MARKED = re.compile(r"(<!-- imports .*?-->\n).*?(<!-- end of imports -->)", re.DOTALL)


@cache
def imports():
    """Map each package, and each top-level module, to those it imports."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).with_suffix("").parts[0]
        if name != "__init__":
            tree = ast.parse(file.read_text("utf-8"), str(file))
            found.setdefault(name, set()).update(_imported(tree))
    return {name: (found[name] & found.keys()) - {name} for name in found}


def _imported(node):
    """Yield the name below `cognito_gw` of each import that runs."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.ImportFrom):
        modules = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    else:
        modules = []
    for module in modules:
        top, _, rest = module.partition(".")
        if top == PACKAGE.name and rest:
            yield rest.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _imported(child)


def reachable(graph):
    """Map each node to all reachable nodes; a node on a cycle reaches itself."""
    found = {}
    for name in graph:
        seen, ahead = set(), list(graph[name])
        while ahead:
            if (node := ahead.pop()) not in seen:
                seen.add(node)
                ahead += graph[node]
        found[name] = seen
    return found


def grouped(graph):
    """Return the graph with modules that import no package as one node, and them."""
    packages = {name for name in graph if (PACKAGE / name).is_dir()}
    reached = reachable(graph)
    shared = {name for name in graph.keys() - packages if not reached[name] & packages}
    kept = {
        name: {SHARED if target in shared else target for target in targets}
        for name, targets in graph.items()
        if name not in shared
    }
    return kept | {SHARED: set()}, shared


def reduced(graph):
    """Return the graph without arrows that follow from other arrows."""
    reached = reachable(graph)

    def follows(source, target):
        return any(
            target in reached[via] and source not in reached[via]
            for via in graph[source] - {target} - reached[target]
        )

    return {
        source: {target for target in targets if not follows(source, target)}
        for source, targets in graph.items()
    }


def chart():
    """Return the flowchart, starting with the packages that import most."""
    graph, shared = grouped(imports())
    reached = reachable(graph)
    order = sorted(graph, key=lambda name: (-len(reached[name]), name))
    arrows = reduced(graph)
    lines = [
        "```mermaid",
        "flowchart TD",
        f'  {SHARED}["{"<br>".join(sorted(shared))}"]',
    ]
    for name in order:
        lines += [f"  {name} --> {to}" for to in order if to in arrows[name]]
    return "\n".join([*lines, "```", ""])


def page():
    """Return docs/architecture.md with the current chart."""
    text = PAGE.read_text("utf-8")
    new, count = _MARKED.subn(lambda found: found[1] + chart() + found[2], text)
    if count != 1:
        raise SystemExit(f"{PAGE}: expected one pair of markers, found {count}")
    return new


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(chart())
