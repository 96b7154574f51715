"""Small wheels that tests install, without a network."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile

from packaging import tags

HERE = "cp{0}{1}-cp{0}{1}-".format(*sys.version_info) + next(tags.platform_tags())


def wheel(folder, name, files, tag="py3-none-any", requires=()):
    """Write a wheel of version 1.0 with these files into a folder; return its path."""
    version = "1.0"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    head += "".join(f"Requires-Dist: {each}\n" for each in requires)
    is_pure = str(tag.endswith("-any")).lower()
    kind = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {is_pure}\nTag: {tag}\n"
    info = f"{name}-{version}.dist-info"
    entries = {**files, f"{info}/METADATA": head, f"{info}/WHEEL": kind}
    record = f"{info}/RECORD"
    lines = [f"{file},{_hashed(text)},{len(text)}\n" for file, text in entries.items()]
    entries[record] = "".join([*lines, f"{record},,\n"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in entries.items():
            archive.writestr(file, text)
    return path


def compiled(folder, name="fastmath"):
    """Write the wheels of a package with a compiled part: for Lambda, and for here.

    The part says where it is for.
    """
    for cpu in ("x86_64", "aarch64"):
        shared = f"{name}/_part.cpython-313-{cpu}-linux-gnu.so"
        files = {f"{name}/__init__.py": f"WHERE = '{cpu}'", shared: f"ELF of {cpu}"}
        wheel(folder, name, files, f"cp313-cp313-manylinux_2_28_{cpu}")
    files = {f"{name}/__init__.py": "WHERE = 'here'"}
    wheel(folder, name, files, HERE)


def _hashed(text):
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
