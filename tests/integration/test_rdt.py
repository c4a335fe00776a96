# SPDX-License-Identifier: Apache-2.0
"""intelRdt. This file system exists only on CPUs that have it: where it is missing, the error that says so. Groups on
record are joined and removed like any directory, so exec and delete are tested on directories of our own; all that
make and find decide is in the unit test rdt-rdt."""
import json
import os
import shutil

import pytest

from harness import read, unique

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
