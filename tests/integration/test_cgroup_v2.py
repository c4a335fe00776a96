# SPDX-License-Identifier: Apache-2.0
"""What only a host with nothing but cgroup2 has: controllers handed down, inner nodes, threaded domains."""
import os
import subprocess

import pytest

from harness import namespace, read, unique

V2 = "/sys/fs/cgroup"

pytestmark = pytest.mark.skipif(not os.path.exists(V2 + "/cgroup.controllers"), reason="not a host with cgroup v2 alone")


@pytest.fixture
def group():
    """A cgroup of the test's own; gone with all below it afterwards."""
    path = f"{V2}/{unique('g')}"
    os.mkdir(path)
    yield path
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)


def place(path):
    return path[len(V2):]


def test_controllers_are_enabled_from_the_top(group, husk, running):
    path = group + "/a/b/c"
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": place(path), "/linux/resources": {"memory": {"limit": 64 << 20}}})
    every = read(V2 + "/cgroup.controllers").split()
    assert read(path + "/memory.max").strip() == str(64 << 20)
    for directory in (path, group + "/a/b", group):
        assert read(directory + "/cgroup.controllers").split() == every
    husk("delete", "--force", name)


def test_exec_into_an_inner_node(group, husk, running):
    """The container's own cgroup has cgroups with controllers below it now, and takes no processes any more."""
    path = group + "/c"
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": place(path)})
    pid = str(husk.state(name)["pid"])
    os.mkdir(path + "/sub")
    with open(path + "/sub/cgroup.procs", "w", encoding="ascii") as file:
        file.write(pid)
    with open(path + "/cgroup.subtree_control", "w", encoding="ascii") as file:
        file.write("+memory")
    assert husk("exec", name, "cat", "/proc/self/cgroup").out in ("0::/sub\n", f"0::{place(path)}/sub\n")
    os.mkdir(path + "/other")
    assert "/other" in husk("exec", "--cgroup", "other", name, "cat", "/proc/self/cgroup").out
    husk("delete", "--force", name)
    assert not os.path.exists(path)


def test_processes_in_the_way(group, refused):
    with subprocess.Popen(["sleep", "1000"]) as sleep:
        with open(group + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(sleep.pid))
        try:
            said = refused("true", {"/linux/cgroupsPath": place(group) + "/c",
                                    "/linux/resources": {"memory": {"limit": 64 << 20}}})
            assert ("/linux/resources/memory/limit: cannot be applied: the controller 'memory' is not enabled in cgroup "
                    f"'{place(group)}/c': it ends at '{place(group)}', there are processes in it") in said
            assert "systemd-run --scope -p Delegate=yes" in said
            assert read(group + "/cgroup.type") == "domain\n"
        finally:
            sleep.kill()
    assert os.listdir(group) and not os.path.exists(group + "/c")


def test_threaded(group, husk, running, refused):
    threaded = group + "/t"
    os.mkdir(threaded)
    with open(threaded + "/cgroup.type", "w", encoding="ascii") as file:
        file.write("threaded")
    said = refused("true", {"/linux/cgroupsPath": place(threaded) + "/c",
                            "/linux/resources": {"memory": {"limit": 64 << 20}}})
    assert "/linux/resources/memory/limit" in said and "below a threaded one" in said
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": place(threaded) + "/c", "/linux/resources": {"pids": {"limit": 20}}})
    assert read(threaded + "/c/cgroup.type") == "threaded\n" and read(threaded + "/c/pids.max") == "20\n"
    assert read(threaded + "/c/cgroup.threads").split() == [str(husk.state(name)["pid"])]
    husk("delete", "--force", name)


def test_a_path_counts_from_above(husk, running):
    """Our own cgroup has processes: a container's is beside it, where it can have controllers."""
    own = read("/proc/self/cgroup").splitlines()[-1].split("::")[1]
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": None, "/linux/namespaces": namespace("cgroup")})
    there = read(f"/proc/{husk.state(name)['pid']}/cgroup").split("::")[1].strip()
    assert there == os.path.join(os.path.dirname(own), name)
