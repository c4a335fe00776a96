# SPDX-License-Identifier: Apache-2.0
"""intelRdt. This file system exists only on CPUs that have it: where it is missing, the error that says so. Groups on
record are joined and removed like any directory, so exec and delete are tested on directories of our own; all that
make and find decide is in the unit test rdt-rdt. Where the kernel has it (in the machines of tests/vm/) the same is
tested on the real one."""
import json
import os
import shutil

import pytest

import hoststate
from harness import call, read, unique

pytestmark = pytest.mark.husk
MOUNTED = any(" - resctrl " in line for line in read("/proc/self/mountinfo").splitlines())
RDT = {"/linux/intelRdt": {"closID": "gold", "schemata": ["L3:0=f"]}}


@pytest.mark.skipif(MOUNTED, reason="resctrl is mounted")
def test_not_mounted(husk, bundle, refused):
    error = refused("true", RDT)
    assert "/linux/intelRdt: " in error
    assert "resctrl is not mounted" in error or "no resctrl file system" in error
    found = husk("validate", "--host", "--json", bundle(edits=RDT).path, check=False).json
    assert [f["pointer"] for f in found] == ["/linux/intelRdt"]


def test_plan_shows_the_group(husk, bundle):
    out = husk("plan", bundle(edits=RDT).path).out
    assert "resctrl      /gold\nschemata     L3:0=f\n" in out


def test_features(husk):
    assert husk("features").json["linux"]["intelRdt"] == {"enabled": True, "schemata": True, "monitoring": True}


@pytest.fixture
def grouped(husk, bundle, work):
    """A running container whose record says that it made a group and a monitoring group."""
    name = unique()
    husk("run", "-d", "-b", bundle("sleep 1000").path, name)
    group = work + "/rdt/gold"
    monitor = f"{group}/mon_groups/{name}"
    os.makedirs(monitor)
    for directory in (group, monitor):
        open(directory + "/tasks", "w").close()
    path = f"{husk.root}/{name}/state.json"
    state = json.loads(read(path))
    assert "rdt" not in state
    state["rdt"] = {"root": work + "/rdt", "group": group, "monitor": monitor, "ownGroup": True, "ownMonitor": True}
    with open(path, "w") as f:
        json.dump(state, f)
    yield name, group, monitor
    shutil.rmtree(work + "/rdt")


def test_exec_joins(husk, grouped):
    name, group, monitor = grouped
    shown = husk("exec", "--pid-file", group + "/../pid", name, "true")
    assert shown.rc == 0
    pid = read(group + "/../pid").strip()
    assert read(group + "/tasks").strip() == read(monitor + "/tasks").strip() == pid
    os.unlink(monitor + "/tasks")
    os.rmdir(monitor)
    failed = husk("exec", name, "true", check=False)
    assert failed.rc and f"cannot put the process into resctrl group '{monitor}': no such file" in failed.err


def test_delete_removes_what_is_ours(husk, grouped):
    name, group, monitor = grouped
    os.unlink(monitor + "/tasks")
    os.unlink(group + "/tasks")
    os.rename(group + "/mon_groups", group + "/../aside")  # the kernel's would go with the group
    husk("delete", "--force", name)
    assert not os.path.exists(group)


def test_delete_leaves_others_alone(husk, grouped):
    name, group, monitor = grouped
    os.unlink(monitor + "/tasks")
    with open(group + "/tasks", "w") as f:
        f.write(f"{os.getpid()}\n")
    out = husk("delete", "--force", name)
    assert "is not removed while others are in it, ignoring" in out.err
    assert os.path.exists(group) and not os.path.exists(monitor)


# --- the real one ---

@pytest.fixture
def resctrl():
    """Where it is mounted; it is mounted if it can be, and there may be no group of the tests' own afterwards."""
    if "\tresctrl\n" not in read("/proc/filesystems"):
        pytest.skip("this CPU or kernel has no resctrl")
    root = "/sys/fs/resctrl"
    mine = not os.path.exists(root + "/schemata")
    if mine and call(["mount", "-t", "resctrl", "resctrl", root], check=False).rc:
        pytest.skip("resctrl cannot be mounted")
    if not os.path.isdir(root + "/info/L3"):
        pytest.skip("this CPU cannot share out its L3 cache")
    before = set(os.listdir(root))
    yield root
    left = set(os.listdir(root)) - before
    for name in left:
        os.rmdir(f"{root}/{name}")
    if mine:
        call(["umount", root])
    assert left == set()


def share(root, group):
    """The masks of the first L3 cache."""
    line = [line for line in read(f"{root}/{group}/schemata").splitlines() if line.strip().startswith("L3:")][0]
    return int(line.split(":")[1].split(";")[0].split("=")[1], 16)


def tasks(root, group):
    return [int(pid) for pid in read(f"{root}/{group}/tasks").split()]


@pytest.mark.parametrize("wish", [{"l3CacheSchema": "L3:0=f"}, {"schemata": ["L3:0=f"]},
                                  {"l3CacheSchema": "L3:0=ff", "schemata": ["L3:0=f"]}], ids=lambda wish: "+".join(wish))
def test_a_group_with_a_share(resctrl, husk, running, wish):
    group = unique("g")
    name = running("sleep 1000", {"/linux/intelRdt": {"closID": group, **wish}})
    assert share(resctrl, group) == 0xf and husk.state(name)["pid"] in tasks(resctrl, group)
    pid_file = os.path.join(husk.root, "pid")
    husk("exec", "-d", "--pid-file", pid_file, name, "sleep", "1000")
    assert int(read(pid_file)) in tasks(resctrl, group)
    husk("delete", "--force", name)
    assert not os.path.exists(f"{resctrl}/{group}")


def test_a_group_of_the_containers_name(resctrl, husk, running):
    name = running("sleep 1000", {"/linux/intelRdt": {"schemata": ["L3:0=3"]}})
    assert share(resctrl, name) == 3 and husk.state(name)["pid"] in tasks(resctrl, name)
    husk("delete", "--force", name)
    assert not os.path.exists(f"{resctrl}/{name}")


def test_a_group_that_was_there(resctrl, husk, running, refused):
    """It is joined, not changed, and it stays."""
    group = unique("g")
    os.mkdir(f"{resctrl}/{group}")
    with open(f"{resctrl}/{group}/schemata", "w", encoding="utf-8") as file:
        file.write("L3:0=ff\n")
    name = running("sleep 1000", {"/linux/intelRdt": {"closID": group}})
    assert husk.state(name)["pid"] in tasks(resctrl, group)
    husk("delete", "--force", name)
    error = refused("true", {"/linux/intelRdt": {"closID": group, "l3CacheSchema": "L3:0=f"}})
    assert "/linux/intelRdt/closID: " in error and "has another share: L3:0 is" in error
    assert share(resctrl, group) == 0xff
    os.rmdir(f"{resctrl}/{group}")


def test_a_share_that_the_cpu_refuses(resctrl, refused):
    """The kernel's own words are in the message, and the group is gone again."""
    for wish, at in (({"l3CacheSchema": "L3:0=5"}, "/l3CacheSchema"), ({"schemata": ["L3:0=5"]}, "/schemata")):
        error = refused("true", {"/linux/intelRdt": wish})
        assert f"/linux/intelRdt{at}: cannot set the shares" in error and "non-consecutive" in error


def test_more_groups_than_there_are(resctrl, husk, running, bundle):
    edits = {"/linux/intelRdt": {"schemata": ["L3:0=f"]}}
    free = int(read(resctrl + "/info/L3/num_closids")) - 1
    names = [running("sleep 1000", edits) for _ in range(free)]
    result = husk("run", "--bundle", bundle("true", edits).path, unique(), check=False)
    assert result.rc == 1 and "all CLOSIDs of the CPU are in use" in result.err
    assert sorted(husk.names()) == sorted(names)


def test_bandwidth_where_there_is_none(resctrl, refused):
    if os.path.isdir(resctrl + "/info/MB"):
        pytest.skip("this CPU can share out memory bandwidth")
    error = refused("true", {"/linux/intelRdt": {"memBwSchema": "MB:0=50"}})
    assert "/linux/intelRdt/memBwSchema: cannot set the shares" in error and "MB" in error


def test_monitoring_where_there_is_none(resctrl, refused):
    if os.path.isdir(resctrl + "/mon_groups"):
        pytest.skip("this CPU can monitor")
    error = refused("true", {"/linux/intelRdt": {"enableMonitoring": True, "schemata": ["L3:0=f"]}})
    assert "/linux/intelRdt/enableMonitoring: this CPU has no resctrl monitoring" in error


def test_validate_on_this_host(resctrl, husk, bundle):
    assert hoststate.mounts([resctrl])
    found = husk("validate", "--host", "--json", bundle(edits=RDT).path, check=False).json
    assert found == []
