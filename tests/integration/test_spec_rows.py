# SPDX-License-Identifier: Apache-2.0
"""tests/data/spec-rows.tsv: each property of the runtime-spec's schema has a row, each row a test that is there."""
import json
import os

import pytest

from table import ROOT, missing

SCHEMA = os.path.join(ROOT, "tests", "data", "runtime-spec-schema")
PLATFORMS = ("windows", "solaris", "vm", "zos", "freebsd")


@pytest.fixture(scope="session", autouse=True)
def able():
    """Neither root nor the command is needed."""


def rows():
    with open(os.path.join(ROOT, "tests", "data", "spec-rows.tsv"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    assert lines[0] == ["property", "tests"]
    return lines[1:]


class Schema:
    """Walks JSON schemas by their references and collects what may be in a document."""

    def __init__(self):
        self.files, self.found = {}, set()

    def resolve(self, file, node):
        while "$ref" in node:
            name, _, pointer = node["$ref"].partition("#")
            file = name or file
            if file not in self.files:
                with open(os.path.join(SCHEMA, file), encoding="utf-8") as text:
                    self.files[file] = json.load(text)
            node = self.files[file]
            for part in filter(None, pointer.split("/")):
                node = node[part]
        return file, node

    def walk(self, file, node, path=""):
        file, node = self.resolve(file, node)
        for word in ("allOf", "anyOf", "oneOf"):
            for other in node.get(word, []):
                self.walk(file, other, path)
        for name, child in node.get("properties", {}).items():
            self.found.add(f"{path}/{name}")
            self.walk(file, child, f"{path}/{name}")
        below = [("[]", node.get("items")), ("/*", node.get("additionalProperties"))]
        below += [("/*", child) for child in node.get("patternProperties", {}).values()]
        for step, child in below:
            if isinstance(child, dict):
                self.walk(file, child, path + step)
        return self.found


def properties():
    return Schema().walk("", {"$ref": "config-schema.json"})


def test_the_schema_is_understood():
    found = properties()
    assert len(found) > 300
    assert {"/mounts[]/uidMappings[]/hostID", "/linux/netDevices/*/name", "/linux/seccomp/syscalls[]/args[]/valueTwo",
            "/hooks/poststop[]/timeout", "/linux/timeOffsets/boottime/nanosecs", "/windows/layerFolders"} <= found


def test_every_property_has_one_row():
    found = {name for name in properties() if name.split("/")[1] not in PLATFORMS}
    found |= {f"/{name}/**" for name in PLATFORMS}
    named = [row[0] for row in rows()]
    assert sorted(set(named)) == sorted(named)
    assert {name for name in named if "=" not in name} == found
    assert {name.split("=")[0] for name in named} - found == set()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row(row):
    name, tests = row  # two columns
    assert name and [fault for fault in map(missing, tests.split(", ")) if fault] == []
