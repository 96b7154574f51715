"""Where packages run: Lambda's runtimes, and this machine."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from packaging import tags
from packaging.markers import default_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Architecture = Literal["x86_64", "arm64"]

# Lambda guide, "Lambda runtimes": these are on Amazon Linux 2, later ones on 2023.
_AMAZON_LINUX_2 = frozenset(
    {"python3.8", "python3.9", "python3.10", "python3.11", "nodejs16.x", "nodejs18.x"}
)
# The minor version of glibc 2: Amazon Linux 2 FAQ, and AL2023 guide, "Core".
_GLIBC_OF_2, _GLIBC_OF_2023 = 26, 34
# PEP 600: the older names of some tags. The oldest glibc that each CPU's tags have.
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST = {"x86_64": 5, "aarch64": 17}
_COMMON = 17
_NPM_CPU = {"x86_64": "x64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Target:
    """A runtime with its operating system and CPU."""

    name: str  # for messages, and part of the key of a build
    version: str  # of Python, such as 3.13; empty for Node.js
    machine: str  # x86_64 or aarch64, as Linux names it
    glibc: int = 0  # its minor version on Lambda
    is_here: bool = False  # this machine and interpreter, not Lambda

    @classmethod
    def on_lambda(cls, runtime: str, architecture: Architecture) -> Target:
        """Return the target of a function: Lambda's `runtime` on a CPU."""
        is_old = runtime in _AMAZON_LINUX_2
        return cls(
            f"{runtime} on {architecture}",
            runtime.removeprefix("python") if runtime.startswith("python") else "",
            "aarch64" if architecture == "arm64" else "x86_64",
            _GLIBC_OF_2 if is_old else _GLIBC_OF_2023,
        )

    @classmethod
    def here(cls, *, is_python: bool) -> Target:
        """Return this machine, with this interpreter or with Node.js."""
        version = "{}.{}".format(*sys.version_info[:2]) if is_python else ""
        language = f"Python {version}" if is_python else "Node.js"
        machine = platform.machine()
        name = f"{language} on {platform.system()} {machine}"
        return cls(name, version, machine, is_here=True)

    @property
    def npm_options(self) -> list[str]:
        """The options by which npm installs for this target."""
        if self.is_here:
            return []
        return ["--os=linux", f"--cpu={_NPM_CPU[self.machine]}", "--libc=glibc"]

    @property
    def uv_options(self) -> list[str]:
        """The options by which uv installs for this target."""
        if self.is_here:
            return []
        # uv has no name for 2.26. No wheel but a very rare one requires 2.18 to 2.26.
        glibc = self.glibc if self.glibc == _GLIBC_OF_2023 else _COMMON
        name = f"{self.machine}-manylinux_2_{glibc}"
        return ["--python-version", self.version, "--python-platform", name]

    @property
    def abis(self) -> list[str]:
        """The binary interfaces of its CPython, besides `none`."""
        return [f"cp{self.version.replace('.', '')}", "abi3"]

    @cached_property
    def platforms(self) -> list[str]:
        """The platform tags of its wheels, the best first."""
        return [*tags.platform_tags()] if self.is_here else [*self._manylinux()]

    def _manylinux(self) -> Iterator[str]:
        versions = [*range(self.glibc, _OLDEST[self.machine] - 1, -1)]
        if self.glibc == _GLIBC_OF_2:  # as uv, which knows only the latter
            versions.sort(key=lambda version: version > _COMMON)
        for version in versions:
            yield f"manylinux_2_{version}_{self.machine}"
            if version in _ALIASES:
                yield f"{_ALIASES[version]}_{self.machine}"

    @cached_property
    def tags(self) -> frozenset[tags.Tag]:
        """The tags of the wheels that run there."""
        version = [int(part) for part in self.version.split(".")]
        interpreter = self.abis[0]
        return frozenset(
            [
                *tags.cpython_tags(version, self.abis, self.platforms),
                *tags.compatible_tags(version, interpreter, self.platforms),
            ]
        )

    @cached_property
    def markers(self) -> Mapping[str, str]:
        """The values of environment markers there (PEP 508)."""
        here = {key: str(value) for key, value in default_environment().items()}
        if self.is_here:
            return here
        return here | {
            "implementation_name": "cpython",
            "implementation_version": f"{self.version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.version}.0",
            "python_version": self.version,
            "sys_platform": "linux",
        }

    @property
    def is_like_here(self) -> bool:
        """Whether what is built for it also runs on this machine."""
        if self.is_here:
            return True
        here = Target.here(is_python=bool(self.version))
        name, version = platform.libc_ver()
        minor = version.partition(".")[2]
        has_glibc = name == "glibc" and minor.isdigit() and int(minor) >= self.glibc
        same = (self.version, self.machine) == (here.version, here.machine)
        return same and sys.platform == "linux" and has_glibc
