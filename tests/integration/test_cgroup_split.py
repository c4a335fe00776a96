# SPDX-License-Identifier: Apache-2.0
"""A host where cgroup2 has some controllers and v1 the others: one container has limits in both."""
import pytest

from harness import read
from test_cgroup import hierarchies, places

V2 = read(hierarchies().get("", "/nowhere") + "/cgroup.controllers").split()

pytestmark = pytest.mark.skipif("memory" not in V2 or "cpu,cpuacct" not in hierarchies(),
                                reason="all controllers are on one side")


def test_limits_on_both_sides(husk, running):
    limits = {"memory": {"limit": 64 << 20}, "pids": {"limit": 20}, "cpu": {"shares": 512, "cpus": "0"},
              "unified": {"memory.high": str(32 << 20)}}
    name = running(["sleep", "1000"], edits={"/linux/resources": limits})
    group = places(husk.state(name)["pid"])
    assert read(group[""] + "/memory.max").strip() == str(64 << 20)
    assert read(group[""] + "/memory.high").strip() == str(32 << 20)
    assert read(group[""] + "/pids.max").strip() == "20"
    assert read(group["cpu,cpuacct"] + "/cpu.shares").strip() == "512"
    assert read(group["cpuset"] + "/cpuset.cpus").strip() == "0"
    husk("update", "--memory", "48m", "--cpu-share", "100", "--pids-limit", "unset", name)
    assert read(group[""] + "/memory.max").strip() == str(48 << 20) and read(group[""] + "/pids.max").strip() == "max"
    assert read(group["cpu,cpuacct"] + "/cpu.shares").strip() == "100"
    husk("delete", "--force", name)


def test_what_neither_has(refused):
    said = refused("true", {"/linux/resources": {"unified": {"cpu.weight": "5"}}})
    assert "/linux/resources/unified/cpu.weight: cannot be applied: this host has no controller 'cpu' in a cgroup2" in said
