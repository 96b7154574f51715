"""Break cgw on purpose, and show which test notices: `python tests/mutate.py`.

tests/mutants.yaml lists the mutants. Each is applied to a copy of the checkout, so the
checkout itself never changes. A mutant that no test detects survives: write a test.
"""

from __future__ import annotations

# ruff: noqa: T201 - a script that prints
import argparse
import ast
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import venv
from dataclasses import dataclass, fields
from functools import cache
from importlib.util import cache_from_source
from itertools import zip_longest
from pathlib import Path
from site import getsitepackages
from textwrap import indent

import yaml

ROOT = Path(__file__).parent.parent
PACKAGE = "cognito_gw"
_LIST = Path(__file__).with_name("mutants.yaml")
_NOT_COPIED = shutil.ignore_patterns(".*_cache", ".git", ".venv", "build", "dist")
_LONGEST = 900  # seconds per run; beyond that, the mutant counts as detected
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)
_PASSED, _NOTHING_RUN = 0, 5  # exit codes of pytest


class NotApplicable(Exception):
    """Raised for a mutant without effect, or whose text does not occur exactly once."""


@dataclass(frozen=True)
class Mutant:
    """A deliberate bug: the text, its replacement, and the effect for users."""

    id: str
    text: str  # occurs once in the package; spaces and line ends count as one space
    becomes: str
    wrong: str
    killed_by: str = ""  # the tests that detected it last, from the root
    near: tuple[str, ...] = ()  # tests to try next, before the whole suite

    @property
    def nearest(self) -> list[str]:
        """The existing tests to try before all others."""
        places = dict.fromkeys(filter(None, (self.killed_by, *self.near)))
        return [place for place in places if (ROOT / place).exists()]

    def apply(self, sources: dict[Path, str]) -> tuple[Path, str]:
        """Return the one file that contains the text, and its code with the bug."""
        words = self.text.split()
        spaced = re.compile(r"\s+".join(map(re.escape, words)))
        rarest = max(words, key=len)  # in few files
        found = [
            (path, match)
            for path, code in sources.items()
            if rarest in code and all(word in code for word in words)
            for match in spaced.finditer(code)
        ]
        if len(found) != 1:
            raise NotApplicable(f"{self.id}: its text occurs {len(found)} times")
        [(path, match)] = found
        code = sources[path]
        line = code[code.rfind("\n", 0, match.start()) + 1 : match.start()]
        margin = line[: len(line) - len(line.lstrip())]
        break_ = indent(self.becomes, margin).removeprefix(margin)
        broken = code[: match.start()] + break_ + code[match.end() :]
        if not _differ(code, broken, code.count("\n", 0, match.start()) + 1):
            raise NotApplicable(f"{self.id}: it changes nothing")
        return path, broken


def mutants(only: tuple[str, ...] = ()) -> list[Mutant]:
    """Return the listed mutants, or those with the given ids."""
    names = {field.name for field in fields(Mutant)}
    listed = yaml.safe_load(_LIST.read_text("utf-8"))
    found = [Mutant(**entry) for entry in listed if entry.keys() <= names]
    if len(found) != len(listed):
        raise SystemExit(f"{_LIST.name}: an entry has other keys than {sorted(names)}")
    if strange := set(only) - {mutant.id for mutant in found}:
        raise SystemExit(f"no such mutant: {', '.join(sorted(strange))}")
    return [mutant for mutant in found if not only or mutant.id in only]


_parsed = cache(ast.parse)


def _differ(code: str, broken: str, line: int) -> bool:
    """Return whether the codes differ from this line on, beyond spaces and comments.

    It compares one statement of the module after the other, because most of a file is
    the same.
    """
    statements = (
        [each for each in tree.body if (each.end_lineno or line) >= line]
        for tree in (_parsed(code), ast.parse(broken))
    )
    pairs = zip_longest(*statements, fillvalue=ast.Pass())
    return any(ast.dump(before) != ast.dump(after) for before, after in pairs)


@cache
def sources() -> dict[Path, str]:
    """Return the code of the package, by path from the root."""
    return {
        path.relative_to(ROOT): path.read_text("utf-8")
        for path in sorted((ROOT / PACKAGE).rglob("*.py"))
    }


class Copy:
    """A copy of the checkout, with an environment that has the package from there.

    PYTHONPATH is not enough: tests start processes that ignore it.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        """Copy the checkout into `folder`, and check that Python imports the copy."""
        self._root = folder / "checkout"
        self._python = folder / "environment" / "bin" / "python"
        self._workers = workers
        shutil.copytree(ROOT, self._root, ignore=_NOT_COPIED)
        self._make_environment(folder / "environment")
        code = f"import {PACKAGE}; print({PACKAGE}.__file__)"
        seen = self._run([self._python, "-I", "-c", code], cwd=folder).stdout.strip()
        if Path(seen) != self._root / PACKAGE / "__init__.py":
            raise SystemExit(f"the tests would import {seen}, and not the copy")

    def _make_environment(self, folder: Path) -> None:
        """Create an environment with all installed packages except this checkout."""
        venv.create(folder, symlinks=True)
        variables = {"base": str(folder), "platbase": str(folder)}
        site = Path(sysconfig.get_path("purelib", vars=variables))
        # Python does not read the .pth files of folders that a .pth file adds.
        places = [str(self._root), *getsitepackages()]
        (site / "copy.pth").write_text("\n".join(places))
        command = self._python.with_name("cgw")
        command.write_text(
            f"#!{self._python}\nfrom {PACKAGE}.__main__ import main\nmain()\n"
        )
        command.chmod(0o755)

    def killer(self, mutant: Mutant, places: list[str]) -> str | None:
        """Return the first test in these places that fails with the mutant, or None."""
        path, broken = mutant.apply(sources())
        self._write(path, broken)
        try:
            return self.first_failure(places)
        finally:
            self._write(path, sources()[path])

    def first_failure(self, places: list[str]) -> str | None:
        """Return the first failing test, or None."""
        command = [self._python, "-m", "pytest", "-x", "-q", "-rfE", "--no-header"]
        command += ["-p", "no:cacheprovider", "-n", str(self._workers), *places]
        try:
            done = self._run(command, cwd=self._root)
        except subprocess.TimeoutExpired:
            return f"(no end within {_LONGEST} s)"
        failed = _FAILED.findall(done.stdout)
        if done.returncode not in (_PASSED, _NOTHING_RUN) and not failed:
            raise SystemExit(f"pytest did not run:\n{done.stdout}{done.stderr}")
        return failed[0] if failed else None

    def _write(self, path: Path, code: str) -> None:
        file = self._root / path
        file.write_text(code, "utf-8")
        # Bytecode is compared by size and whole seconds: two writes may look alike.
        Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def _run(self, command: list[Path | str], cwd: Path):
        """Run a command on the copy; end all its processes after the timeout."""
        bin_ = str(self._python.parent)
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=_LONGEST)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def killer_of(mutant: Mutant, copy: Copy, tests: list[str]) -> str | None:
    """Return the test that detects a mutant: in `tests`, the nearest, or any."""
    for places in [tests] if tests else [[place] for place in mutant.nearest] + [[]]:
        if killer := copy.killer(mutant, places):
            return killer
    return None


def check(chosen: list[Mutant], copy: Copy, tests: list[str]) -> list[str]:
    """Try every mutant, print the result, and return the IDs of the survivors."""
    survivors, killers = [], set()
    for mutant in chosen:
        killer = killer_of(mutant, copy, tests)
        print(mutant.id, f"killed by {killer}" if killer else "SURVIVED", flush=True)
        if killer is None:
            survivors.append(mutant.id)
        elif not killer.startswith("("):
            killers.add(killer)
    # A test that always fails detects nothing.
    if killers and (broken := copy.first_failure(sorted(killers))):
        raise SystemExit(f"{broken} fails without any mutant, too")
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed")
    return survivors


def main() -> None:
    """Exit with 1 if a mutant survives or cannot be applied."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="ID", default=())
    parser.add_argument("--tests", nargs="+", metavar="PATH", default=[])
    parser.add_argument("--workers", type=int, default=2, help="of pytest-xdist")
    parser.add_argument("--list", action="store_true", help="print the mutants")
    options = parser.parse_args()
    chosen = mutants(tuple(options.only))
    try:
        places = {mutant.id: mutant.apply(sources())[0] for mutant in chosen}
    except NotApplicable as error:
        raise SystemExit(str(error)) from None
    if options.list:
        for mutant in chosen:
            print(f"{mutant.id:<36}{places[mutant.id]}: {mutant.wrong}")
        return
    with tempfile.TemporaryDirectory(prefix="cgw-mutants-") as folder:
        copy = Copy(Path(folder).resolve(), options.workers)
        if check(chosen, copy, options.tests):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
