"""No release with a published advisory, or that loses an option, is allowed."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import cognito_gw

PACKAGE = Path(cognito_gw.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
OWN = PROJECT["project"]["name"]
OSV = "https://osv.dev/vulnerability/"
CVE = "https://www.cve.org/CVERecord?id="
GHSA = "https://github.com/advisories/"

# Package, the first release without a known advisory, the advisory that it fixes, and
# its URL. Read on 2026-11-27; older advisories of a package are left out.
ADVISORIES = [
    ("aiohttp", "3.14.4", "PYSEC-2026-4393", OSV),
    ("anyio", "4.14.2", "GHSA-3w57-8xmc-8v26", GHSA),
    ("authlib", "1.9.1", "GHSA-c73q-w75p-j82v", OSV),
    ("awscli", "1.44.78", "GHSA-wfp6-f47h-hxc3", OSV),
    ("certifi", "2024.7.4", "CVE-2024-39689", CVE),
    ("click", "8.3.3", "GHSA-47fr-3ffg-hgmw", GHSA),
    ("cryptography", "50.0.0", "GHSA-g6cj-pr64-35w5", GHSA),
    ("filelock", "4.2.1", "CVE-2026-112906", OSV),
    ("flask", "3.1.3", "GHSA-68rp-wp8r-4726", GHSA),
    ("flask-cors", "6.0.0", "GHSA-8vgw-p6qm-5gr7", GHSA),
    ("h11", "0.16.0", "GHSA-vqfr-h8mv-ghfj", GHSA),
    ("httpx", "0.23.0", "CVE-2021-41945", CVE),
    ("idna", "3.15", "GHSA-65pc-fj4g-8rjx", GHSA),
    ("jinja2", "3.1.6", "GHSA-cpwx-vrp4-4pq7", GHSA),
    ("joserfc", "1.7.6", "CVE-2026-119284", OSV),
    ("multidict", "6.9.1", "GHSA-54p9-h82j-f925", GHSA),
    ("pydantic", "2.4.0", "GHSA-mr82-8j83-vxmv", GHSA),
    ("pygments", "2.20.0", "CVE-2026-4539", CVE),
    ("pyjwt", "2.15.0", "GHSA-x33g-cr3x-6449", GHSA),
    ("pytest", "9.0.3", "CVE-2025-71176", CVE),
    ("pyyaml", "5.4", "CVE-2020-14343", CVE),
    ("requests", "2.33.0", "CVE-2026-25645", CVE),
    ("urllib3", "2.8.0", "PYSEC-2026-4177", OSV),
    ("werkzeug", "3.1.9", "GHSA-g6x2-hccm-hh4m", GHSA),
]
# The same for transitive packages, some releases of which are affected.
BROUGHT = [
    ("pyasn1", "0.6.4", "GHSA-8ppf-4f7h-5ppj", GHSA),
    ("pydantic-settings", "2.14.2", "GHSA-4xgf-cpjx-pc3j", OSV),
    ("python-dotenv", "1.2.2", "GHSA-mf9w-mj56-hr94", GHSA),
]
# Releases of click that break what cgw relies on: the options before the command
# (8.4.0, https://github.com/pallets/click/issues/3458), and `NoSuchCommand` (before).
CLICKS = ["8.1.8", "8.2.1", "8.3.3", "8.4.0"]


def _declared(*lists):
    """Return the requirements in some lists of pyproject.toml, by package."""
    found = {}
    for line in (line for each in lists for line in each):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


CORE = PROJECT["project"]["dependencies"]
ALL = _declared(CORE, *EXTRAS.values())


def _lowest(requirement):
    """Return the lower bound of a requirement, or None."""
    bounds = [
        Version(each.version) for each in requirement.specifier if ">=" in str(each)
    ]
    return max(bounds, default=None)


def _of_each(rows):
    """Run a test for each advisory."""
    names = ("package", "fixed", "advisory", "source")
    return pytest.mark.parametrize(names, rows, ids=[row[0] for row in rows])


@_of_each(ADVISORIES)
def test_no_declared_release_has_an_advisory(package, fixed, advisory, source):
    """Neither the core install nor an extra allows an affected release."""
    assert package in ALL, f"no lower bound keeps {advisory} out: {source}{advisory}"
    for requirement in ALL[package]:
        lowest = _lowest(requirement)
        assert lowest, f"{requirement} has no lower bound"
        assert lowest >= Version(fixed), f"{requirement} allows {source}{advisory}"


@_of_each([*ADVISORIES, *BROUGHT])
def test_no_installed_release_has_an_advisory(package, fixed, advisory, source):
    """The packages that the tests use are not affected either."""
    try:
        installed = Version(version(package))
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    assert installed >= Version(fixed), f"{installed} has {source}{advisory}"


@pytest.mark.parametrize("package", sorted(ALL.keys() - {OWN}))
def test_every_dependency_has_a_lower_bound(package):
    """Otherwise an old environment keeps its old release."""
    assert all(_lowest(requirement) for requirement in ALL[package])


@pytest.mark.parametrize("release", CLICKS)
def test_no_click_that_loses_options(release):
    """`cgw --local down` must not become `cgw down`."""
    assert not any(each.specifier.contains(release) for each in ALL["click"])


def test_imports_are_declared():
    """Also if another dependency would install some release of it."""
    declared = _declared(CORE, EXTRAS["local"]).keys() | {
        "botocore",  # in step with boto3
        "pydantic-core",  # pinned by pydantic
        "pytest",  # which loads the plugin
    }
    distributions = packages_distributions()
    undeclared = {
        f"{top} in {file.name}"
        for file in PACKAGE.rglob("*.py")
        for top in _imported(file) - sys.stdlib_module_names - {PACKAGE.name}
        if not declared & {*map(canonicalize_name, distributions.get(top, ()))}
    }
    assert undeclared == set()


# The formatter writes one statement a line. A sentence in a text could look like an
# import: then the test fails.
_IMPORT = re.compile(r"^ *(?:from (?=\S+ import )|import )(\w+)", re.MULTILINE)


def _imported(file):
    """Return the top-level names of a file's imports."""
    return {*_IMPORT.findall(file.read_text("utf-8"))}
