# SPDX-License-Identifier: Apache-2.0
"""husk update: what is asked for, only that, all of it or nothing, and remembered."""
import json
import os

import pytest

from cgroups import NO_LIMIT, Group, owner
from harness import call, read, unique, wait_for

MB = 1 << 20
START = {"memory": {"limit": 64 * MB, "reservation": 16 * MB}, "cpu": {"shares": 512, "quota": 20000, "period": 50000},
         "pids": {"limit": 50}}

pytestmark = pytest.mark.skipif(not all(owner(name) for name in ("memory", "cpu", "pids")),
                                reason="memory, cpu or pids have no controller here")

# option, value, controller, v1 file, v1 value, v2 file, v2 value, values when unset
FLAGS = [
    ("--memory", "100m", "memory", "memory.limit_in_bytes", str(100 * MB), "memory.max", str(100 * MB), NO_LIMIT),
    ("--memory", "-1", "memory", "memory.limit_in_bytes", "9223372036854771712", "memory.max", "max", NO_LIMIT),
    ("--memory-swap", "128m", "memory", "memory.memsw.limit_in_bytes", str(128 * MB), "memory.swap.max", str(64 * MB),
     NO_LIMIT),
    ("--memory-reservation", "20M", "memory", "memory.soft_limit_in_bytes", str(20 * MB), "memory.low", str(20 * MB),
     NO_LIMIT | {"0"}),
    ("--memory-swappiness", "7", "memory", "memory.swappiness", "7", None, None, {"60"}),
    ("--kernel-memory-tcp", "8m", "memory", "memory.kmem.tcp.limit_in_bytes", str(8 * MB), None, None, NO_LIMIT),
    ("--cpu-share", "1024", "cpu", "cpu.shares", "1024", "cpu.weight", "100", {"1024", "100"}),
    ("--cpu-quota", "30000", "cpu", "cpu.cfs_quota_us", "30000", "cpu.max", "30000 50000", {"-1", "max 50000"}),
    ("--cpu-period", "60000", "cpu", "cpu.cfs_period_us", "60000", "cpu.max", "20000 60000", {"100000", "20000 100000"}),
    ("--cpu-burst", "1000", "cpu", "cpu.cfs_burst_us", "1000", "cpu.max.burst", "1000", {"0"}),
    ("--cpu-idle", "1", "cpu", "cpu.idle", "1", "cpu.idle", "1", {"0"}),
    ("--cpuset-cpus", "0", "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0", {"", "0-1", "0-3", "0-7"}),
    ("--cpuset-mems", "0", "cpuset", "cpuset.mems", "0", "cpuset.mems", "0", {"", "0"}),
    ("--cpu-rt-period", "500000", "cpu", "cpu.rt_period_us", "500000", None, None, {"1000000"}),
    ("--cpu-rt-runtime", "1000", "cpu", "cpu.rt_runtime_us", "1000", None, None, {"0"}),
    ("--blkio-weight", "300", "io", "blkio.weight", "300", "io.weight", "default 2930", {"500", "default 100"}),
    ("--pids-limit", "60", "pids", "pids.max", "60", "pids.max", "60", {"max"}),
    ("--pids-limit", "-1", "pids", "pids.max", "max", "pids.max", "max", {"max"}),
    ("--unified", "memory.high=40000000", "memory", None, None, "memory.high", "39997440", {"max"}),
    ("--unified", "pids.max=61", "pids", None, None, "pids.max", "61", {"max"}),
]


@pytest.fixture
def limited(husk, running):
    """A container with limits, and its cgroups; it is deleted with the runtime."""
    name = running(["sleep", "1000"], edits={"/linux/resources": START})
    return name, Group(husk, name)


@pytest.mark.parametrize("option, value, controller, v1, v1_value, v2, v2_value, unset", FLAGS,
                         ids=["".join(row[:2]) for row in FLAGS])
def test_flag(husk, limited, option, value, controller, v1, v1_value, v2, v2_value, unset):
    name, group = limited
    file, wanted = (v1, v1_value) if owner(controller) == "v1" else (v2, v2_value)
    if not owner(controller):
        pytest.skip("no controller " + controller)
    if not file:
        result = husk("update", option, value, name, check=False)
        assert "/linux/resources/" in result.err  # an error, or a warning where it is deprecated
        return
    if file.endswith(("cpu.idle", "_us", ".weight")) and group.read(controller, v1, v2) is None:
        result = husk("update", f"{option}={value}", name, check=False)
        assert "/linux/resources/" in result.err or result.rc == 0  # another file may have it
        pytest.skip("this kernel has no " + file)
    before = everything(group, controller, file)
    husk("update", f"{option}={value}", name)
    assert group.read(controller, v1, v2) == wanted
    # nothing else has changed
    related = {"memory.limit_in_bytes": {"memory.memsw.limit_in_bytes"}, "memory.max": {"memory.swap.max"},
               "cpu.idle": {"cpu.shares", "cpu.weight", "cpu.weight.nice"}, "cpu.shares": {"cpu.weight.nice"},
               "cpu.weight": {"cpu.weight.nice"}}.get(file, set())
    now = everything(group, controller, file)
    assert {key: (before[key], now[key]) for key in before if before[key] != now[key] and key not in related} == {}
    what = value.split("=")[0] + "=unset" if option == "--unified" else "unset"
    husk("update", option, what, name)
    assert group.read(controller, v1, v2) in unset


def everything(group, controller, but):
    """What all files that one can set say, but one."""
    directory = os.path.dirname(group.path(controller, "x", "x"))
    found = {}
    for file in sorted(os.listdir(directory)):
        mode = os.stat(os.path.join(directory, file)).st_mode
        counts = ("stat", "usage", "events", "current", "peak", "failcnt", "slabinfo", "procs", "threads", "tasks",
                  "pressure", "swap.peak", "cgroup.event_control", "force_empty", "reclaim", "numa_stat", "oom_control")
        if mode & 0o200 and file != but and not any(word in file for word in counts):
            found[file] = read(os.path.join(directory, file))
    return found


def test_json(husk, limited, work):
    name, group = limited
    husk("update", "-r", "-", name, stdin=json.dumps({"memory": {"limit": 80 * MB}, "pids": {"limit": 70}}))
    assert group.read("memory", "memory.limit_in_bytes", "memory.max") == str(80 * MB)
    assert group.read("pids", "pids.max", "pids.max") == "70"
    assert group.read("cpu", "cpu.shares", "cpu.weight") in ("512", "59")
    path = work + "/r.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"cpu": {"shares": 1024}}, file)
    husk("update", "--resources", path, "--pids-limit", "71", name)  # options are laid over the file
    assert group.read("cpu", "cpu.shares", "cpu.weight") in ("1024", "100")
    assert group.read("pids", "pids.max", "pids.max") == "71"


@pytest.mark.parametrize("text, said", [("", "line 1"), ("[]", "must be an object"), ("{", "line 1"),
                                        ('{"pids": {"limit": "5"}}', "must be an integer"),
                                        ('{"memory": {"limit": -2}}', "/memory/limit")])
def test_wrong_json(husk, limited, text, said):
    name, group = limited
    result = husk("update", "-r", "-", name, stdin=text, check=False)
    assert result.rc == 1 and said in result.err, result.err
    assert group.read("pids", "pids.max", "pids.max") == "50"


def test_only_what_is_asked(husk, limited):
    """Somebody else changed a file meanwhile: an update of something else leaves it."""
    name, group = limited
    group.write("memory", "memory.soft_limit_in_bytes", "memory.low", str(4 * MB))
    group.write("cpu", "cpu.shares", "cpu.weight", "300")
    husk("update", "--pids-limit", "77", name)
    assert group.read("memory", "memory.soft_limit_in_bytes", "memory.low") == str(4 * MB)
    assert group.read("cpu", "cpu.shares", "cpu.weight") == "300"


@pytest.mark.parametrize("options, pointer", [
    (["--memory", "90m", "--pids-limit", "40", "--cpu-period", "5"], "/linux/resources/cpu/"),
    (["--cpu-share", "1000", "--cpuset-cpus", "4095"], "/linux/resources/cpu/cpus"),
    (["--pids-limit", "40", "--unified", "cgroup.max.depth=x"], "/linux/resources/unified/cgroup.max.depth"),
    (["--memory", "90m", "--memory-swap", "80m"], "/linux/resources/memory/swap"),
])
def test_all_or_nothing(husk, limited, options, pointer):
    name, group = limited
    if "--cpuset-cpus" in options and not owner("cpuset"):
        pytest.skip("no controller cpuset")
    files = [("memory", "memory.limit_in_bytes", "memory.max"), ("pids", "pids.max", "pids.max"),
             ("cpu", "cpu.shares", "cpu.weight"), ("cpu", "cpu.cfs_quota_us", "cpu.max"),
             ("cpu", "cpu.cfs_period_us", "cpu.max")]
    before = [group.read(*file) for file in files]
    result = husk("update", *options, name, check=False)
    assert result.rc == 1 and pointer in result.err
    assert [group.read(*file) for file in files] == before
    # and nothing of it is remembered
    husk("update", "--pids-limit", "51", name)
    assert group.read(*files[0]) == before[0] and group.read(*files[3]) == before[3]


def test_memory_and_swap_up_and_down(husk, limited):
    """v1 takes them only in one order, and which one depends on what they are."""
    name, group = limited
    for memory, swap in ((32, 48), (100, 200), (64, 64), (400, 800), (16, 32)):
        husk("update", "--memory", f"{memory}m", "--memory-swap", f"{swap}m", name)
        assert group.read("memory", "memory.limit_in_bytes", "memory.max") == str(memory * MB)
        assert group.read("memory", "memory.memsw.limit_in_bytes", "memory.swap.max") == \
            str((swap if owner("memory") == "v1" else swap - memory) * MB)
    husk("update", "--memory", "-1", name)
    assert group.read("memory", "memory.memsw.limit_in_bytes", "memory.swap.max") in NO_LIMIT


def test_quota_and_period_in_any_order(husk, limited):
    name, group = limited
    for quota, period in ((5000, 10000), (900000, 1000000), (2000, 4000), (-1, 100000), (60000, 30000)):
        husk("update", "--cpu-quota", str(quota), "--cpu-period", str(period), name)
        if owner("cpu") == "v1":
            assert group.read("cpu", "cpu.cfs_quota_us", None) == str(quota)
            assert group.read("cpu", "cpu.cfs_period_us", None) == str(period)
        else:
            assert group.read("cpu", None, "cpu.max") == f"{quota if quota > 0 else 'max'} {period}"


def test_idle_and_back(husk, limited):
    """What is idle takes no weight; it has its own again afterwards."""
    name, group = limited
    if group.read("cpu", "cpu.idle", "cpu.idle") is None:
        pytest.skip("this kernel has no cpu.idle")
    husk("update", "--cpu-idle", "1", name)
    husk("update", "--cpu-idle", "0", name)
    assert group.read("cpu", "cpu.shares", "cpu.weight") in ("512", "59")


def test_it_is_remembered(husk, limited):
    name, group = limited
    husk("update", "--memory-swap", "100m", name)
    husk("update", "--memory", "80m", name)
    if owner("memory") == "v2":  # swap alone: what is left of both
        assert group.read("memory", None, "memory.swap.max") == str(20 * MB)
    result = husk("update", "--memory", "200m", name, check=False)
    assert result.rc == 1 and "/linux/resources/memory/swap: must not be smaller than limit" in result.err


def test_statuses(husk, created, limited):
    name, group = limited
    husk("pause", name)
    husk("update", "--pids-limit", "41", name)
    assert group.read("pids", "pids.max", "pids.max") == "41" and husk.status(name) == "paused"
    husk("resume", name)
    husk("kill", name, "KILL")
    wait_for(lambda: husk.status(name) == "stopped", "its end")
    result = husk("update", "--pids-limit", "42", name, check=False)
    assert result.rc == 1 and "container not running" in result.err
    other = created(["sleep", "1000"])
    husk("update", "--pids-limit", "43", other)
    assert Group(husk, other).read("pids", "pids.max", "pids.max") == "43"
    assert "does not exist" in husk("update", "--pids-limit", "43", "no-such", check=False).err


def test_kernel_memory(husk, limited):
    """Linux has given it up, engines still ask: it is no error, and a warning where there is no file for it."""
    name, _ = limited
    result = husk("update", "--kernel-memory=8m", name)
    assert owner("memory") == "v1" or "/linux/resources/memory/kernel:" in result.err
    assert "--kernel-memory" not in husk("update", "--help").out


def test_wrong_values(husk, limited):
    name, _ = limited
    for option, value in (("--memory", "12q"), ("--pids-limit", "x"), ("--cpu-share", "-1"), ("--cpuset-cpus", "a"),
                          ("--unified", "x"), ("--blkio-weight", "70000"), ("--cpu-idle", "2"),
                          ("--pids-limit", "99999999999999999999")):
        result = husk("update", option, value, name, check=False)
        assert result.rc == 1 and result.err, option


def test_nothing_asked(husk, limited):
    name, group = limited
    husk("update", name)
    assert group.read("pids", "pids.max", "pids.max") == "50"


def test_rdt_needs_a_group(husk, limited):
    name, _ = limited
    result = husk("update", "--l3-cache-schema", "L3:0=f", name, check=False)
    assert result.rc == 1 and "without linux.intelRdt" in result.err


def test_like_runc(husk, bundle, make_runtime):
    """The same options on equal containers give the same files."""
    if call(["which", "runc"], check=False).rc:
        pytest.skip("no runc here")
    if len({owner(name) for name in ("memory", "cpu", "pids")}) > 1:
        pytest.skip("runc cannot use controllers of both kinds")
    changes = [["--memory", "100m"], ["--memory", "80m", "--memory-swap", "120m"], ["--cpu-quota", "30000", "--cpu-period", "50000"],
               ["--cpu-share", "700"], ["--pids-limit", "44"], ["--cpu-period", "60000", "--cpu-quota", "6000"]]
    seen = []
    for runtime in (husk, make_runtime("runc", name="runc")):
        made = bundle(["sleep", "1000"], edits={"/linux/resources": START, "/linux/cgroupsPath": "/" + unique("g")})
        name = unique()
        runtime("run", "-d", "--bundle", made.path, name)
        group = Group(runtime, name)
        found = []
        for options in changes:
            runtime("update", *options, name)
            found.append([group.read(*file) for file in (
                ("memory", "memory.limit_in_bytes", "memory.max"),
                ("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
                ("cpu", "cpu.cfs_quota_us", "cpu.max"), ("cpu", "cpu.cfs_period_us", "cpu.max"),
                ("cpu", "cpu.shares", None), ("pids", "pids.max", "pids.max"))])
        seen.append(found)
        runtime("delete", "--force", name)
    assert seen[0] == seen[1]
