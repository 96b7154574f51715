"""Measures cgw, and other tools beside it, as ratios within one run.

    python tests/benchmarks [--only stack] [--runs 3] [--markdown]

**stack.** Each installed tool creates the tutorial's stack (user pool, app client,
domain, user, Lambda function and role, REST API, GET /transactions, Cognito
authorizer, deployment, and stage), finds it unchanged, changes it (double the
function's memory), and deletes it. AWS is a moto_server, emptied before each run,
behind a proxy that adds a latency to each call and counts the calls. Commands are
separate processes; times are wall-clock times, the median of all runs.

The critical path is computed, not measured: the resources are walked in this process,
the calls of each one are counted, and the path through their graph with the most
calls is taken, plus the calls before any resource (see critical_path.py). "of path" is

    (time - time of `python -c pass`) / (round trips of the path x latency)

so that 1.00 is a cgw without any cost that never waits needlessly.

**start.** The cost of commands before and besides their calls, and their peak memory.

**gateway.** The local gateway in front of one warm Python function, called over 16
open connections from a separate process, which shares the cores.

**routes.** An API of 200 routes. Only amazonaws.com is paced by API Gateway's quotas:
AWS allows the creation of five paths a second, whatever the client.

No test asserts any of the times.
"""

from __future__ import annotations

import signal
import tempfile
from importlib import import_module
from pathlib import Path

import click
from benchmarks.bench import Bench
from benchmarks.peers import PEERS

SECTIONS = ("stack", "start", "gateway", "routes")


@click.command("benchmarks", help=__doc__.split("\n\n")[0])
@click.option(
    "--only", type=click.Choice(SECTIONS), multiple=True, help="These tables alone."
)
@click.option(
    "--peer",
    type=click.Choice([peer.name for peer in PEERS[1:]], case_sensitive=False),
    multiple=True,
    help="These tools alone beside cgw.",
)
@click.option("--runs", default=3, show_default=True, help="How often; median.")
@click.option(
    "--latency",
    type=click.IntRange(0),
    multiple=True,
    default=(0, 80, 200),
    show_default=True,
    help="Milliseconds that are added to each call; can be repeated.",
)
@click.option("--markdown", is_flag=True, help="Tables as Markdown.")
@click.option(
    "--terraform-plugins",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="Where Terraform's AWS provider is: `terraform init -plugin-dir`.",
)
def benchmarks(*, only, markdown, runs, latency, peer, terraform_plugins):  # noqa: PLR0913
    """Print the requested tables."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up, too
    options = {"terraform_plugins": terraform_plugins}
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        bench = Bench(Path(folder), runs, latency, peer, options)
        for section in only or SECTIONS:
            for table in import_module(f"benchmarks.{section}").tables(bench):
                show(table, markdown=markdown)


def show(table, *, markdown):
    """Print one table as soon as it is complete."""
    if markdown:
        click.echo(table.markdown())
        return
    from rich.console import Console

    Console().print(table.rich())
