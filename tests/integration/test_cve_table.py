# SPDX-License-Identifier: Apache-2.0
"""tests/cve/README.md: every advisory of list.txt has a row, and every row a test that is there, or a reason."""
import os
import re

import pytest

from table import ROOT, functions, missing, HERE

CVE = os.path.join(ROOT, "tests", "cve")
REASON = re.compile(r"(not applicable|issue \d+|later): \S")


@pytest.fixture(scope="session", autouse=True)
def able():
    """Neither root nor the command is needed."""


def rows():
    """The lines of the table as (ID, attack, what closes it, tests)."""
    with open(os.path.join(CVE, "README.md"), encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def wanted():
    with open(os.path.join(CVE, "list.txt"), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def test_every_advisory_has_one_row():
    named = [row[0] for row in rows()]
    assert sorted(named) == sorted(wanted())
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row(row):
    name, attack, closed, tests = row  # four columns
    assert attack and closed, name
    if not REASON.match(tests):
        assert [fault for fault in map(missing, tests.split(", ")) if fault] == []
    for path in re.findall(r"`(src/[^`]*)`", closed):
        assert os.path.exists(os.path.join(ROOT, path)), f"{name}: there is no '{path}'"


def test_advisories_of_the_tests_are_in_the_table():
    """The other way round: what a test says that it is about has a row."""
    named = {row[0] for row in rows()}
    for file in sorted(os.listdir(HERE)):
        if file.endswith(".py"):
            with open(os.path.join(HERE, file), encoding="utf-8") as text:
                assert set(re.findall(r"CVE-\d{4}-\d+", text.read())) - named == set(), file


def test_a_missing_test_is_found():
    assert missing("test_cve_table.py::test_row") is None and missing("tests/cve/list.txt") is None
    assert missing("test_cve_table.py::test_no_such_thing") and missing("test_no_such_file.py::test_row")
    assert missing("tests/cve/nothing.txt") and missing("test_cve_table.py") and missing("")
    assert "test_row" in functions(os.path.join(HERE, "test_cve_table.py"))
