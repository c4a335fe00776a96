# SPDX-License-Identifier: Apache-2.0
"""Limits: applied, read back, and biting - on v1, v2 or both, whatever this host has."""
import json
import os
import signal
import sys
import time

import pytest

import hoststate
from cgroups import NO_LIMIT, Group, owner
from harness import call, read, unique, wait_for

MB = 1 << 20
MAP_NORESERVE, MAP_HUGETLB = 0x4000, 0x40000  # asm-generic; not in the module mmap


def needs(controller, kind=None):
    found = owner(controller)
    return pytest.mark.skipif(not found or (kind and found != kind), reason=f"no controller {controller} " +
                              (f"on {kind}" if kind else "anywhere"))


def limits(**what):
    return {"/linux/resources": what}


# resources; controller, v1 file and value, v2 file and value
ROWS = [
    ({"memory": {"limit": 64 * MB}}, "memory", "memory.limit_in_bytes", str(64 * MB), "memory.max", str(64 * MB)),
    ({"memory": {"limit": 64 * MB, "swap": 96 * MB}}, "memory", "memory.memsw.limit_in_bytes", str(96 * MB),
     "memory.swap.max", str(32 * MB)),
    ({"memory": {"reservation": 32 * MB}}, "memory", "memory.soft_limit_in_bytes", str(32 * MB), "memory.low",
     str(32 * MB)),
    ({"memory": {"swappiness": 7}}, "memory", "memory.swappiness", "7", None, None),
    ({"memory": {"disableOOMKiller": True, "limit": 64 * MB}}, "memory", "memory.oom_control", "oom_kill_disable 1", None,
     None),
    ({"memory": {"kernelTCP": 8 * MB}}, "memory", "memory.kmem.tcp.limit_in_bytes", str(8 * MB), None, None),
    ({"memory": {"useHierarchy": True}}, "memory", "memory.use_hierarchy", "1", None, None),
    ({"cpu": {"shares": 512}}, "cpu", "cpu.shares", "512", "cpu.weight", "59"),
    ({"cpu": {"quota": 20000, "period": 50000}}, "cpu", "cpu.cfs_quota_us", "20000", "cpu.max", "20000 50000"),
    ({"cpu": {"quota": 20000, "period": 50000}}, "cpu", "cpu.cfs_period_us", "50000", "cpu.max", "20000 50000"),
    ({"cpu": {"quota": 20000, "burst": 5000}}, "cpu", "cpu.cfs_burst_us", "5000", "cpu.max.burst", "5000"),
    ({"cpu": {"idle": 1}}, "cpu", "cpu.idle", "1", "cpu.idle", "1"),
    ({"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 500000}}, "cpu", "cpu.rt_runtime_us", "1000", None, None),
    ({"cpu": {"cpus": "0"}}, "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"),
    ({"cpu": {"mems": "0"}}, "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"),
    ({"pids": {"limit": 33}}, "pids", "pids.max", "33", "pids.max", "33"),
    ({"pids": {"limit": -1}}, "pids", "pids.max", "max", "pids.max", "max"),
    ({"pids": {"limit": 0}}, "pids", "pids.max", "0", "pids.max", "0"),
    ({"blockIO": {"weight": 300}}, "io", "blkio.weight", "300", "io.weight", "default 2930"),
    ({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}]}, "hugetlb", "hugetlb.2MB.limit_in_bytes", str(4 * MB),
     "hugetlb.2MB.max", str(4 * MB)),
    ({"network": {"classID": 1048577}}, "net_cls", "net_cls.classid", "1048577", None, None),
    ({"network": {"priorities": [{"name": "lo", "priority": 3}]}}, "net_prio", "net_prio.ifpriomap", "lo 3", None, None),
    ({"unified": {"memory.high": str(32 * MB)}}, "memory", None, None, "memory.high", str(32 * MB)),
    ({"unified": {"cpu.max": "30000 60000"}}, "cpu", None, None, "cpu.max", "30000 60000"),
    ({"unified": {"pids.max": "44"}}, "pids", None, None, "pids.max", "44"),
]


@pytest.mark.parametrize("resources, controller, v1, v1_value, v2, v2_value", ROWS,
                         ids=[f"{n}-{json.dumps(row[0])[:50]}" for n, row in enumerate(ROWS)])
def test_values(husk, running, refused, resources, controller, v1, v1_value, v2, v2_value):
    kind = owner(controller)
    if not kind:
        assert "/linux/resources/" in refused("true", {"/linux/resources": resources})
        return
    file, value = (v1, v1_value) if kind == "v1" else (v2, v2_value)
    if not file:
        if "kernelTCP" in str(resources) or "useHierarchy" in str(resources):
            pytest.skip("deprecated: warned about, or true anyway")
        assert "cannot be applied" in refused("true", {"/linux/resources": resources})
        return
    made = running(["sleep", "1000"]) if file.startswith(("cpu.rt_", "blkio.weight", "io.weight", "cpu.idle")) else None
    if made:
        exists = os.path.exists(Group(husk, made).path(controller, v1 or "", v2 or ""))
        other = "blkio.bfq.weight" if kind == "v1" else "io.bfq.weight"
        exists = exists and not os.path.exists(Group(husk, made).path(controller, other, other))
        husk("delete", "--force", made)
        if not exists:
            pytest.skip(f"this kernel has no {file}, or another one counts")
    name = running(["sleep", "1000"], edits={"/linux/resources": resources})
    assert value in Group(husk, name).read(controller, v1, v2)
    husk("delete", "--force", name)


# ---- they bite ----

@needs("memory")
def test_memory_kills(husk, bundle):
    made = bundle("tail /dev/zero", edits=limits(memory={"limit": 32 * MB, "swap": 32 * MB}))
    name = unique()
    result = husk("run", "--bundle", made.path, name, check=False)
    assert result.rc in (137, 1), result  # the shell or its child was killed
    made = bundle(["tail", "/dev/zero"], edits=limits(memory={"limit": 32 * MB, "swap": 32 * MB}))
    assert husk("run", "--bundle", made.path, unique(), check=False).rc == 137


@needs("cpu")
def test_cpu_quota_throttles(husk, running):
    name = running("while :; do :; done", edits=limits(cpu={"quota": 10000, "period": 50000}))
    group = Group(husk, name)
    stat = dict(line.split() for line in group.read("cpu", "cpu.stat", "cpu.stat").splitlines())
    key = "throttled_time" if "throttled_time" in stat else "throttled_usec"

    def ticks():
        fields = read(f"/proc/{group.pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before, start = ticks(), time.monotonic()
    time.sleep(1.5)
    share = (ticks() - before) / (time.monotonic() - start)
    after = dict(line.split() for line in group.read("cpu", "cpu.stat", "cpu.stat").splitlines())
    assert int(after[key]) > int(stat[key])
    assert share < 0.35, f"used {share:.2f} of a CPU where 0.20 are allowed"
    husk("delete", "--force", name)


@needs("cpuset")
def test_cpuset_is_seen(inside):
    assert "Cpus_allowed_list:\t0\n" in inside("grep Cpus_allowed_list /proc/self/status; echo", edits=limits(cpu={"cpus": "0"})) + "\n"


@needs("pids")
def test_pids_fork_fails(husk, bundle):
    made = bundle("for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait", edits=limits(pids={"limit": 5}))
    result = husk("run", "--bundle", made.path, unique(), check=False)
    assert result.rc != 0 and "fork" in result.err


@needs("pids")
def test_pids_zero_is_a_value(husk, bundle):
    """The first process is there and can run, but not fork."""
    made = bundle("echo here; /bin/true; echo not here", edits=limits(pids={"limit": 0}))
    result = husk("run", "--bundle", made.path, unique(), check=False)
    assert result.out == "here\n" and "fork" in result.err


@pytest.fixture
def huge_pages():
    """The host lends two huge pages of 2 MB for a test."""
    path = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages"
    if not os.path.exists(path):
        pytest.skip("no huge pages of 2 MB on this kernel")
    before = read(path)
    with open(path, "w", encoding="ascii") as file:
        file.write(str(int(before) + 2))
    yield
    with open(path, "w", encoding="ascii") as file:
        file.write(before)


TWO_HUGE_PAGES = """
import mmap, os, sys
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
held = []
for number in range(2):
    held.append(mmap.mmap(-1, 2 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | int(sys.argv[2])))
    held[-1][0] = 1
    print("page", flush=True)
"""


@needs("hugetlb")
@pytest.mark.parametrize("flags", [0, MAP_NORESERVE])
@pytest.mark.parametrize("pages", [1, 2])
def test_hugetlb_second_page(husk, running, huge_pages, flags, pages):
    """A page too many is refused when it is reserved, or, without a reservation, when it is touched."""
    name = running(edits=limits(hugepageLimits=[{"pageSize": "2MB", "limit": pages * 2 * MB}]))
    procs = Group(husk, name).path("hugetlb", "cgroup.procs", "cgroup.procs")
    done = call([sys.executable, "-c", TWO_HUGE_PAGES, procs, str(MAP_HUGETLB | flags)], check=False)
    assert done.out == pages * "page\n", done.err
    if pages == 2:
        assert done.rc == 0
    elif flags:
        assert done.rc == -signal.SIGBUS
    else:
        assert "Cannot allocate memory" in done.err


@pytest.fixture
def loop(work):
    """A block device of our own with 8 MB in it."""
    image = work + "/disk"
    with open(image, "wb") as file:
        file.truncate(16 * MB)
    found = call(["losetup", "--find", "--show", image], check=False)
    if found.rc:
        pytest.skip("no loop devices here: " + found.err.strip())
    device = found.out.strip()
    yield device
    call(["losetup", "--detach", device])


@needs("io")
def test_io_throttle(husk, bundle, loop):
    number = os.stat(loop).st_rdev
    major, minor = os.major(number), os.minor(number)
    rule = {"major": major, "minor": minor, "rate": 2 * MB}
    edits = {"/linux/devices": [{"path": "/dev/disk", "type": "b", "major": major, "minor": minor}],
             "/linux/resources": {"devices": [{"allow": True, "type": "b", "major": major, "minor": minor,
                                               "access": "r"}],
                                  "blockIO": {"throttleReadBpsDevice": [rule]}}}
    command = ["dd", "if=/dev/disk", "of=/dev/null", "bs=1M", "count=4", "iflag=direct"]
    made = bundle(command, edits=edits)
    start = time.monotonic()
    result = husk("run", "--bundle", made.path, unique(), check=False)
    if result.rc and "iflag" in result.err:
        pytest.skip("busybox here cannot read around the cache")
    took = time.monotonic() - start
    assert result.rc == 0, result
    assert took > 1.2, f"4 MB at 2 MB/s took {took:.2f} s"


@needs("io")
def test_io_all_kinds(husk, running, loop):
    number = os.stat(loop).st_rdev
    major, minor = os.major(number), os.minor(number)
    rows = {kind: [{"major": major, "minor": minor, "rate": rate}] for kind, rate in (
        ("throttleReadBpsDevice", 1048576), ("throttleWriteBpsDevice", 2097152), ("throttleReadIOPSDevice", 100),
        ("throttleWriteIOPSDevice", 200))}
    name = running(["sleep", "1000"], edits=limits(blockIO=rows))
    group = Group(husk, name)
    if owner("io") == "v2":
        assert group.read("io", None, "io.max") == f"{major}:{minor} rbps=1048576 wbps=2097152 riops=100 wiops=200"
    else:
        for file, rate in (("read_bps", 1048576), ("write_bps", 2097152), ("read_iops", 100), ("write_iops", 200)):
            assert f"{major}:{minor} {rate}" in group.read("io", f"blkio.throttle.{file}_device", None)
    husk("delete", "--force", name)


@pytest.fixture
def io_group(husk, running, loop):
    """A container, its cgroups and the device with a limit in io.max."""
    number = os.stat(loop).st_rdev
    device = f"{os.major(number)}:{os.minor(number)}"
    name = running(["sleep", "1000"], edits=limits(unified={"io.max": f"{device} rbps=1048576\n{device} wiops=200"}))
    return name, Group(husk, name), device


@needs("io", "v2")
def test_unified_has_lines(io_group):
    _, group, device = io_group
    assert group.read("io", None, "io.max") == f"{device} rbps=1048576 wbps=max riops=max wiops=200"


@needs("io", "v2")
def test_lines_are_all_or_nothing(husk, io_group):
    name, group, device = io_group
    before = group.read("io", None, "io.max")
    for text in (f"{device} rbps=4096 riops=7\n4000:0 rbps=4096", f"{device} rbps=4096\n{device} nonsense=1"):
        wish = json.dumps({"unified": {"io.max": text}})
        result = husk("update", "-r", "-", name, stdin=wish, check=False)
        assert result.rc == 1 and "/linux/resources/unified/io.max:" in result.err and result.err.count("\n") == 1
        assert group.read("io", None, "io.max") == before
    # a key that nobody had set before goes again
    husk("update", "--unified", f"io.max={device} rbps=max wiops=max", name)
    assert group.read("io", None, "io.max") == ""
    wish = json.dumps({"unified": {"io.max": f"{device} rbps=4096\n4000:0 rbps=4096"}})
    assert husk("update", "-r", "-", name, stdin=wish, check=False).rc == 1
    assert group.read("io", None, "io.max") == ""


@needs("memory", "v2")
def test_check_before_update(husk, running):
    name = running("head -c 30000000 /dev/zero >/dev/shm/x; sleep 1000",
                   edits=limits(memory={"limit": 200 * MB, "checkBeforeUpdate": True}))
    group = Group(husk, name)
    wait_for(lambda: int(group.read("memory", None, "memory.current")) > 28 * MB, "the memory to be used")
    result = husk("update", "--memory", "10m", name, check=False)
    assert result.rc == 1 and "/linux/resources/memory/limit" in result.err and "checkBeforeUpdate" in result.err
    assert husk.status(name) == "running" and group.read("memory", None, "memory.max") == str(200 * MB)
    husk("delete", "--force", name)


@needs("memory", "v1")
def test_memory_in_use(husk, running):
    """v1 refuses by itself what is less than what is used and cannot be reclaimed."""
    name = running("head -c 30000000 /dev/zero >/dev/shm/x; sleep 1000", edits=limits(memory={"limit": 200 * MB}))
    group = Group(husk, name)
    wait_for(lambda: int(group.read("memory", "memory.usage_in_bytes", None)) > 28 * MB, "the memory to be used")
    if "SwapTotal:             0 kB" in read("/proc/meminfo"):
        result = husk("update", "--memory", "10m", name, check=False)
        assert result.rc == 1 and "unable to set memory limit to 10485760 (current usage: " in result.err
    husk("delete", "--force", name)


# ---- what cannot be had leaves nothing ----

@pytest.mark.parametrize("resources, pointer", [
    ({"cpu": {"period": 5}}, "/linux/resources/cpu/period"),
    ({"memory": {"limit": 64 * MB}, "cpu": {"quota": 5}}, "/linux/resources/cpu/quota"),
    ({"cpu": {"cpus": "4095"}}, "/linux/resources/cpu/cpus"),
    ({"unified": {"nonsense.max": "1"}}, "/linux/resources/unified/nonsense.max"),
    ({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}, "/linux/resources/hugepageLimits/0"),
    ({"memory": {"limit": 100, "swap": 50}}, "/linux/resources/memory/swap"),
])
def test_refused(refused, resources, pointer):
    group = unique("g")
    said = refused("true", {"/linux/resources": resources, "/linux/cgroupsPath": f"/{group}/below"})
    assert pointer + ":" in said
    assert hoststate.cgroups([group]) == []


def test_rdma(husk, running, refused):
    wish = {"rdma": {"mlx5_0": {"hcaHandles": 3, "hcaObjects": 10000}}}
    if owner("rdma"):  # the controller is there, the device is not
        assert "/linux/resources/rdma/mlx5_0: cannot write 'mlx5_0 hca_handle=3 hca_object=10000' to" in \
            refused("true", {"/linux/resources": wish})
    else:
        assert "/linux/resources/rdma/mlx5_0" in refused("true", {"/linux/resources": wish})


@needs("memory", "v2")
def test_deprecated_ones_are_told(husk, bundle):
    made = bundle("true", edits=limits(memory={"kernel": 8 * MB, "kernelTCP": 8 * MB}))
    said = husk("run", "--bundle", made.path, unique()).err
    assert "/linux/resources/memory/kernel:" in said and "/linux/resources/memory/kernelTCP:" in said


@needs("io")
def test_weight_device(husk, running, refused, loop):
    number = os.stat(loop).st_rdev
    device = f"{os.major(number)}:{os.minor(number)}"
    wish = {"blockIO": {"weightDevice": [{"major": os.major(number), "minor": os.minor(number), "weight": 200}]}}
    probe = running(["sleep", "1000"])
    group = Group(husk, probe)
    names = ("blkio.weight_device", "blkio.bfq.weight_device") if owner("io") == "v1" else ("io.bfq.weight", "io.weight")
    there = [file for file in names if os.path.exists(group.path("io", file, file))]
    husk("delete", "--force", probe)
    if not there:
        assert "/linux/resources/blockIO/weightDevice/0" in refused("true", {"/linux/resources": wish})
        return
    try:
        name = running(["sleep", "1000"], edits={"/linux/resources": wish})
    except AssertionError as problem:  # the device has no scheduler with weights
        assert "/linux/resources/blockIO/weightDevice/0" in str(problem)
        return
    assert device in Group(husk, name).read("io", there[0], there[0])
    husk("delete", "--force", name)


@needs("io")
def test_leaf_weights(husk, running, refused):
    """Gone from the kernel with 5.0, and never on cgroup2: an error, not silence."""
    for wish, pointer in (({"leafWeight": 300}, "leafWeight"),
                          ({"weightDevice": [{"major": 7, "minor": 0, "leafWeight": 300}]}, "weightDevice/0")):
        probe = running(["sleep", "1000"])
        there = owner("io") == "v1" and os.path.exists(Group(husk, probe).path("io", "blkio.leaf_weight", ""))
        husk("delete", "--force", probe)
        if not there:
            assert "/linux/resources/blockIO/" + pointer in refused("true", limits(blockIO=wish))


def test_no_limit_is_no_limit(husk, running):
    name = running(["sleep", "1000"], edits=limits(memory={"limit": -1}, pids={"limit": -1}, cpu={"quota": -1}))
    group = Group(husk, name)
    for controller, v1, v2 in (("memory", "memory.limit_in_bytes", "memory.max"), ("pids", "pids.max", "pids.max"),
                               ("cpu", "cpu.cfs_quota_us", "cpu.max")):
        if owner(controller):
            assert group.read(controller, v1, v2) in NO_LIMIT
    husk("delete", "--force", name)


def test_plan_shows_them(husk, bundle):
    if not owner("pids"):
        pytest.skip("no controller pids")
    made = bundle("true", edits=limits(pids={"limit": 77}))
    assert "pids.max = 77  # /linux/resources/pids/limit" in husk("plan", made.path).out
