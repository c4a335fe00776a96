# SPDX-License-Identifier: Apache-2.0
"""cgroups: made, entered, emptied and removed in every hierarchy of the machine, be it v1, v2 or both."""
import os

import pytest

import hoststate
from harness import children, ended, namespace, read, unique, userns, wait_for, without


def hierarchies():
    """Mount points of all cgroup hierarchies by the names that /proc/self/cgroup gives them ("" is v2)."""
    names = [line.split(":")[1] for line in read("/proc/self/cgroup").splitlines()]
    found = {}
    for line in read("/proc/self/mountinfo").splitlines():
        left, right = line.split(" - ")
        kind, _, options = right.split()
        if kind == "cgroup2":
            found[""] = left.split()[4]
        elif kind == "cgroup":
            found |= {name: left.split()[4] for name in names if name and set(name.split(",")) <= set(options.split(","))}
    return found


def places(pid):
    """The directories of a process in every hierarchy."""
    mounts = hierarchies()
    found = {}
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, name, path = line.split(":", 2)
        if name in mounts:
            found[name] = mounts[name] + path
    return found


def test_a_group_in_every_hierarchy(husk, running):
    name = running()
    groups = places(husk.state(name)["pid"])
    assert set(groups) == set(hierarchies())
    for group in groups.values():
        assert os.path.basename(group) == name and str(husk.state(name)["pid"]) in read(group + "/cgroup.procs").split()
    husk("delete", "--force", name)
    assert [group for group in groups.values() if os.path.exists(group)] == []


def test_the_path_of_the_config(husk, running):
    path = "/" + unique("g") + "/a/b"
    name = running(edits={"/linux/cgroupsPath": path})
    groups = places(husk.state(name)["pid"])
    assert groups and all(group.endswith(path) for group in groups.values())
    husk("delete", "--force", name)
    assert [group for group in groups.values() if os.path.exists(group)] == []
    # The parents may hold other containers: they are the caller's.
    for group in groups.values():
        for parent in (os.path.dirname(group), os.path.dirname(os.path.dirname(group))):
            if os.path.isdir(parent):
                os.rmdir(parent)


@pytest.mark.parametrize("path", ["../../../" + "{name}", "/../{name}", "/x/../../{name}", "a/../{name}"])
def test_a_path_does_not_lead_out(husk, running, path):
    group = unique("g")
    name = running(edits={"/linux/cgroupsPath": path.format(name=group)})
    for mount, place in places(husk.state(name)["pid"]).items():
        assert ".." not in place and place.startswith(hierarchies()[mount] + "/") and place.endswith(group)
    husk("delete", "--force", name)
    for line in hoststate.cgroups([group]):
        os.rmdir(line.split(" ", 1)[1])


@pytest.mark.husk
def test_a_group_that_is_in_use_is_refused(husk, running, bundle):
    path = "/" + unique("g")
    name = running(edits={"/linux/cgroupsPath": path})
    second = unique()
    result = husk("create", "-b", bundle("true", {"/linux/cgroupsPath": path}).path, second, check=False)
    assert result.rc == 1 and "cgroup" in result.err and husk.names() == [name]
    assert husk.status(name) == "running"


def test_a_group_that_is_there_and_empty_is_taken(husk, bundle):
    path = "/" + unique("g")
    made = [place + path for place in hierarchies().values()]
    for group in made:
        os.mkdir(group)
    husk("run", "-b", bundle("cat /proc/self/cgroup", {"/linux/cgroupsPath": path}).path, unique())
    for group in made:
        if os.path.exists(group):
            os.rmdir(group)


def test_groups_made_inside_are_removed_too(husk, running):
    name = running()
    groups = places(husk.state(name)["pid"])
    for group in groups.values():
        os.makedirs(group + "/inner/most")
    husk("delete", "--force", name)
    assert [group for group in groups.values() if os.path.exists(group)] == []


def test_what_is_left_running_is_killed(husk, running):
    """Without a pid namespace the first process leaves its children behind; deleting ends them."""
    name = running("sleep 1000 & sleep 1000 & exit 0", {"/linux/namespaces": without("pid")})
    group = wait_for(lambda: hoststate.cgroups([name]), "the cgroup")[0].split(" ", 1)[1]
    wait_for(lambda: husk.status(name) == "stopped", "the end of the first")
    pids = [int(pid) for pid in read(group + "/cgroup.procs").split()]
    assert len(pids) == 2
    husk("delete", "--force", name)
    for pid in pids:
        wait_for(lambda pid=pid: ended(pid), f"the end of {pid}")
    assert hoststate.cgroups([name]) == []


def test_the_view_from_a_cgroup_namespace(inside):
    out = inside(["cat", "/proc/self/cgroup"], {"/linux/namespaces": namespace("cgroup")})
    assert out and all(line.endswith(":/") for line in out.splitlines())


def test_exec_is_in_the_same_groups(husk, running):
    name = running()
    assert husk("exec", name, "cat", "/proc/self/cgroup").out == read(f"/proc/{husk.state(name)['pid']}/cgroup")


@pytest.mark.husk
def test_exec_into_a_group_below(husk, running):
    name = running()
    groups = places(husk.state(name)["pid"])
    chosen = next((name for name in ("pids", "freezer") if name in groups), "")
    os.mkdir(groups[chosen] + "/below")
    out = husk("exec", "--cgroup", (chosen + ":" if chosen else "") + "below", name, "cat", "/proc/self/cgroup").out
    inside = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in out.splitlines()}
    assert inside[chosen].endswith("/below")
    assert all(not path.endswith("/below") for key, path in inside.items() if key != chosen)
    for bad in ("pids:../out", "../out", "nosuch:below", "missing"):
        refused = husk("exec", "--cgroup", bad, name, "true", check=False)
        assert refused.rc == 255 and refused.err, bad


def test_in_a_user_namespace(husk, running):
    name = running("while :; do sleep 0.05; done", userns())
    assert set(places(husk.state(name)["pid"])) == set(hierarchies())
    husk("delete", "--force", name)
    assert hoststate.cgroups([name]) == []


def test_own_processes_stay_where_they_are(husk, bundle):
    before = read("/proc/self/cgroup")
    process = husk.popen("run", "-b", bundle("sleep 0.3").path, unique())
    name = wait_for(husk.names, "the container")[0]
    wait_for(lambda: husk.status(name) == "running", "the start")
    assert read(f"/proc/{process.pid}/cgroup") == before and len(children(process.pid)) >= 2
    assert process.wait(10) == 0


CGROUP2 = {"destination": "/sys/fs/cgroup", "type": "cgroup2", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"]}


@pytest.mark.skipif("" not in hierarchies(), reason="no cgroup2 is mounted")
@pytest.mark.parametrize("options, works", [([], True), (["ro"], False)])
def test_delegation(husk, bundle, options, works):
    """A container that is root in its user namespace manages cgroups below its own, if it sees them writable."""
    mount = {**CGROUP2, "options": CGROUP2["options"] + options}
    script = "cd /sys/fs/cgroup && mkdir sub && echo $$ >sub/cgroup.procs && cat /proc/self/cgroup"
    both = namespace("user")[-1:] + namespace("cgroup")[-1:]
    made = bundle(script, edits=userns({"/linux/namespaces": without("user", "cgroup") + both, "/mounts/-": mount}))
    result = husk("run", "--bundle", made.path, unique("d"), check=False)
    if works:
        assert result.rc == 0 and "0::/sub\n" in result.out, result.err
    else:
        assert result.rc != 0 and "Read-only" in result.err


def test_no_manager(husk, bundle):
    """--cgroup-manager disabled: the container stays where its caller is; limits are then an error, not ignored."""
    made = bundle("cat /proc/self/cgroup; true", edits={"/linux/namespaces": without("cgroup"),
                                                       "/mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}]})
    result = husk("run", "--bundle", made.path, unique("n"), options=["--cgroup-manager", "disabled"])
    assert result.out == read("/proc/self/cgroup")
    made.write({"/linux/resources": {"pids": {"limit": 5}}})
    result = husk("run", "--bundle", made.path, unique("n"), options=["--cgroup-manager", "disabled"], check=False)
    assert result.rc == 1 and "/linux/resources/pids/limit" in result.err
