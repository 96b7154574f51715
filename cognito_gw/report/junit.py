"""Cases as JUnit XML, which CI systems show."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from cognito_gw.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write_junit(file: Path, title: str, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write a suite of cases: `route`, `case`, `expected`, `got`, `ok`."""
    suite = ET.Element("testsuite", name=one_line(title))
    for each in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one_line(each["route"]),
            name=one_line(each["case"]),
        )
        if each["got"] == "not tried":
            ET.SubElement(case, "skipped")
        if not each["ok"]:
            message = f"expected {each['expected']}, got {each['got']}"
            ET.SubElement(case, "failure", message=one_line(message))
    suite.set("tests", str(len(suite)))
    for name, kind in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    text = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    try:
        file.write_bytes(text)
    except OSError as error:
        if file.is_file():
            file.unlink()  # half of it would be no XML
        raise OSError(error.errno, error.strerror, str(file)) from None
