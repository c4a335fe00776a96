# SPDX-License-Identifier: Apache-2.0
"""Scheduler, I/O priority, CPU affinity, memory policy, personality: read back inside by a program of our own."""
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import PATH, read, unique, userns

pytestmark = pytest.mark.husk

PROBE = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } a = {0};
	unsigned long nodes[16] = {0};
	int mode = -1;
	long io = syscall(SYS_ioprio_get, 1, 0);

	syscall(SYS_sched_getattr, 0, &a, sizeof a, 0);
	syscall(SYS_get_mempolicy, &mode, nodes, 1024 + 1, 0, 0);
	printf("sched %u %d %u %llx %llu %llu %llu\n", a.policy, a.nice, a.priority, (unsigned long long)a.flags,
		(unsigned long long)a.runtime, (unsigned long long)a.deadline, (unsigned long long)a.period);
	printf("io %ld %ld\nmemory %x %lx\npersona %x\n", io >> 13, io & 0x1fff, mode, nodes[0], personality(0xffffffff));
	return 0;
}
"""
NODES = {"MPOL_BIND": 2, "MPOL_INTERLEAVE": 3, "MPOL_WEIGHTED_INTERLEAVE": 6, "MPOL_PREFERRED": 1,
         "MPOL_PREFERRED_MANY": 5}
KERNEL = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The probe as a static program."""
    compiler = shutil.which("musl-gcc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    work = tmp_path_factory.mktemp("probe")
    (work / "probe.c").write_text(PROBE)
    subprocess.run([compiler, "-static", "-o", work / "probe", work / "probe.c"], check=True)
    return work / "probe"


def parse(out):
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()}


@pytest.fixture
def probe(husk, bundle, program):
    """probe(edits) runs it in a new container; probe(edits, exec_process) in one that runs."""
    def run(edits=None, process=None):
        made = bundle("while :; do sleep 0.05; done" if process is not None else ["/probe"], edits)
        shutil.copy(program, os.path.join(made.rootfs, "probe"))
        name = unique()
        if process is None:
            return parse(husk("run", "--bundle", made.path, name).out)
        husk("run", "-d", "--bundle", made.path, name)
        path = made.file("process.json", json.dumps(
            {"args": ["/probe"], "cwd": "/", "env": ["PATH=" + PATH], "user": {"uid": 0, "gid": 0}, **process}))
        return parse(husk("exec", "--process", path, name).out)

    return run


@pytest.fixture
def realtime():
    """Edits for a cgroup whose processes may be realtime ones: with RT_GROUP_SCHED that must be given on cgroup v1."""
    points = [line.split() for line in read("/proc/self/mounts").splitlines()]
    tops = [point[1] for point in points if point[2] == "cgroup" and "cpu" in point[3].split(",")]
    if not tops or not os.path.exists(tops[0] + "/cpu.rt_runtime_us"):
        yield {}
        return
    own = os.path.join(tops[0], unique("rt"))
    os.mkdir(own)
    with open(own + "/cpu.rt_runtime_us", "w", encoding="ascii") as file:
        file.write("10000")
    yield {"/linux/cgroupsPath": "/" + os.path.basename(own)}
    if os.path.isdir(own):
        os.rmdir(own)


def may(attributes):
    """Skips what this machine refuses to root itself."""
    result = subprocess.run(["chrt", *attributes, "true"], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("this machine refuses 'chrt " + " ".join(attributes) + "': " + result.stderr.strip())


# What is asked for, what chrt says it is, and what sched_getattr must say; N is the nice value of the tests.
SCHEDULERS = [
    ({"policy": "SCHED_OTHER"}, ["-o", "0"], "0 0 0 0"),
    ({"policy": "SCHED_OTHER", "nice": -7}, ["-o", "0"], "0 -7 0 0"),
    ({"policy": "SCHED_OTHER", "nice": 19}, ["-o", "0"], "0 19 0 0"),
    ({"policy": "SCHED_BATCH", "nice": 4}, ["-b", "0"], "3 4 0 0"),
    ({"policy": "SCHED_IDLE"}, ["-i", "0"], "5 N 0 0"),
    ({"policy": "SCHED_FIFO", "priority": 11}, ["-f", "11"], "1 0 11 0"),
    ({"policy": "SCHED_RR", "priority": 99}, ["-r", "99"], "2 0 99 0"),
    ({"policy": "SCHED_FIFO", "priority": 1, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}, ["-f", "-R", "1"], "1 0 1 1"),
    ({"policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 20000000, "period": 40000000},
     ["-d", "-T", "2000000", "-D", "20000000", "-P", "40000000", "0"], "6 0 0 0 2000000 20000000 40000000"),
    ({"policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 20000000, "period": 20000000,
      "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]},
     ["-d", "-T", "2000000", "-D", "20000000", "-P", "20000000", "0"], "6 0 0 7 2000000 20000000 20000000"),
    ({"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS"]},
     ["-o", "0"], "0 N 0 0"),
]


@pytest.mark.parametrize("scheduler, chrt, want", SCHEDULERS, ids=lambda v: v if isinstance(v, str) else "")
def test_scheduler(realtime, probe, scheduler, chrt, want):
    may(chrt)
    # Also without any capability, and as a user: it is set before both.
    edits = {"/process/scheduler": scheduler, "/process/user": {"uid": 1000, "gid": 1000}, "/process/capabilities": {},
             **realtime}
    want = want.replace("N", str(os.nice(0))).split()
    assert probe(edits)["sched"][:len(want)] == want


@pytest.mark.parametrize("scheduler, chrt, want", [row for row in SCHEDULERS if row[0].get("flags") or "nice" in row[0]
                                                   or row[0]["policy"] in ("SCHED_RR", "SCHED_DEADLINE")],
                         ids=lambda v: v if isinstance(v, str) else "")
def test_scheduler_in_a_user_namespace(realtime, probe, scheduler, chrt, want):
    may(chrt)
    want = want.replace("N", str(os.nice(0))).split()
    assert probe(userns({"/process/scheduler": scheduler, **realtime}))["sched"][:len(want)] == want


@pytest.mark.parametrize("user", [False, True], ids=["", "user namespace"])
def test_scheduler_of_exec(realtime, probe, user):
    may(["-r", "8"])
    edits = {**(userns() if user else {}), **realtime}
    assert probe(edits, {"scheduler": {"policy": "SCHED_RR", "priority": 8}})["sched"][:3] == ["2", "0", "8"]


@pytest.mark.parametrize("user", [False, True], ids=["", "user namespace"])
def test_deadline_of_exec(probe, user):
    may(["-d", "-T", "2000000", "-D", "20000000", "-P", "20000000", "0"])
    got = probe(userns() if user else None, {"scheduler": {
        "policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 20000000, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}})
    assert got["sched"] == ["6", "0", "0", "1", "2000000", "20000000", "20000000"]


def test_realtime_without_runtime_for_it(realtime, refused):
    if not realtime:
        pytest.skip("no cgroup v1 with cpu.rt_runtime_us")
    for edits in ({}, userns()):
        assert "/process/scheduler: cannot set the scheduler: sched_setattr: operation not permitted (has the cgroup " \
            "any realtime runtime, cpu.rt_runtime_us of cgroup v1?)" in refused(
                "true", {**edits, "/process/scheduler": {"policy": "SCHED_RR", "priority": 1}})


def test_exec_takes_what_the_configuration_says(realtime, husk, bundle, program):
    may(["-f", "5"])
    made = bundle("while :; do sleep 0.05; done", {"/process/scheduler": {"policy": "SCHED_FIFO", "priority": 5},
                                                   "/process/ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 0},
                                                   "/linux/memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"},
                                                   **realtime})
    shutil.copy(program, os.path.join(made.rootfs, "probe"))
    name = unique()
    husk("run", "-d", "--bundle", made.path, name)
    seen = parse(husk("exec", name, "/probe").out)
    assert seen["sched"][:3] == ["1", "0", "5"] and seen["io"] == ["3", "0"] and seen["memory"] == ["2", "1"]
    # Field 41 of /proc/PID/stat is the policy, also of the first process.
    assert read(f"/proc/{husk.state(name)['pid']}/stat").rpartition(")")[2].split()[38] == "1"


@pytest.mark.parametrize("how, number", [("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)])
def test_io_priority(probe, how, number):
    io = {"class": how, "priority": 6}
    got = probe({"/process/ioPriority": io})["io"]
    assert got[0] == str(number) and (how.endswith("IDLE") or got[1] == "6")
    assert probe(userns({"/process/ioPriority": io}))["io"] == got
    assert probe(userns(), {"ioPriority": io})["io"] == got


@pytest.mark.parametrize("mode", [*NODES, "MPOL_DEFAULT", "MPOL_LOCAL"])
def test_memory_policy(probe, mode):
    since = {"MPOL_WEIGHTED_INTERLEAVE": (6, 9), "MPOL_PREFERRED_MANY": (5, 15)}.get(mode, (5, 10))
    if not os.path.exists("/sys/devices/system/node/node0"):
        pytest.skip("a kernel without NUMA")
    if KERNEL < since:
        pytest.skip(f"{mode} needs Linux {since[0]}.{since[1]}")
    policy = {"mode": mode, **({"nodes": "0"} if mode in NODES else {"nodes": ""})}
    want = [f"{NODES[mode]:x}", "1"] if mode in NODES else [{"MPOL_DEFAULT": "0", "MPOL_LOCAL": "4"}[mode], "0"]
    assert probe({"/linux/memoryPolicy": policy})["memory"] == want
    assert probe({"/linux/memoryPolicy": policy}, {})["memory"] == want
    assert probe(userns({"/linux/memoryPolicy": policy}))["memory"] == want


def test_memory_policy_flags(probe):
    for flag, bit in (("MPOL_F_STATIC_NODES", 0x8000), ("MPOL_F_RELATIVE_NODES", 0x4000)):
        policy = {"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": [flag]}
        assert probe({"/linux/memoryPolicy": policy})["memory"] == [f"{bit | 3:x}", "1"]


def test_memory_policy_of_nodes_that_are_not_there(refused):
    assert "/linux/memoryPolicy: cannot set the memory policy: set_mempolicy: invalid argument (are these nodes that " \
        "the cgroup may use?)" in refused("true", {"/linux/memoryPolicy": {"mode": "MPOL_BIND", "nodes": "900-1023"}})


@pytest.mark.parametrize("personality, want", [
    ({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}, 0x40000),
    ({"domain": "LINUX32", "flags": ["ADDR_LIMIT_3GB", "UNAME26"]}, 0x8020008),
    ({"flags": ["SHORT_INODE", "WHOLE_SECONDS", "STICKY_TIMEOUTS", "ADDR_COMPAT_LAYOUT"]}, 0x7200000),
])
def test_personality(probe, personality, want):
    assert int(probe({"/linux/personality": personality})["persona"][0], 16) == want
    assert int(probe({"/linux/personality": personality}, {})["persona"][0], 16) == want


def allowed(husk, name, *options):
    out = husk("exec", *options, name, "cat", "/proc/self/status").out
    return re.search(r"^Cpus_allowed_list:\s*(\S*)", out, re.M)[1]


def test_exec_cpu_affinity(husk, running):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU only")
    first, second = sorted(os.sched_getaffinity(0))[:2]
    every = re.search(r"^Cpus_allowed_list:\s*(\S*)", read("/proc/self/status"), re.M)[1]
    both = running(edits={"/process/execCPUAffinity": {"initial": str(first), "final": f"{second}, {second}"}})
    assert allowed(husk, both) == str(second)
    # The container itself has nothing to do with it.
    assert re.search(r"^Cpus_allowed_list:\s*(\S*)", read(f"/proc/{husk.state(both)['pid']}/status"), re.M)[1] == every
    assert allowed(husk, running(edits={"/process/execCPUAffinity": {"final": f"{first}-{first}"}})) == str(first)
    # Without `final` the CPUs of the cgroup, not what was for the way there.
    for last in ({}, {"final": ""}):
        assert allowed(husk, running(edits={"/process/execCPUAffinity": {"initial": str(second), **last}})) == every


def test_exec_cpu_affinity_is_before_and_behind_the_cgroup(husk, running):
    for when in ("initial", "final"):
        name = running(edits={"/process/execCPUAffinity": {when: "8000"}})
        result = husk("exec", name, "true", check=False)
        assert result.rc == 255 and f"/process/execCPUAffinity/{when}: cannot set the CPU affinity to '8000': " \
            "sched_setaffinity: invalid argument" in result.err


@pytest.mark.parametrize("edits, text", [
    ({"/process/scheduler": {"policy": "SCHED_ISO"}}, "/process/scheduler/policy: SCHED_ISO is a name"),
    ({"/process/scheduler": {"policy": "SCHED_FIFO"}}, "/process/scheduler/priority: must be between 1 and 99"),
    ({"/process/scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1024, "deadline": 2048}},
     "/process/scheduler: cannot set the scheduler: sched_setattr: "),
    ({"/process/execCPUAffinity": {"final": "1-"}}, "/process/execCPUAffinity/final: must be a list of CPUs like 0-3,7"),
    ({"/linux/memoryPolicy": {"mode": "MPOL_BIND"}}, "/linux/memoryPolicy/nodes: is required for MPOL_BIND"),
    ({"/linux/personality": {"flags": ["X"]}}, "/linux/personality/flags/0: there is no flag 'X' in personality(2)"),
])
def test_refusals(refused, edits, text):
    assert text in refused("true", edits)


def test_refusal_of_what_the_runtime_sets(refused):
    edits = userns({"/process/scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1024, "deadline": 2048}})
    assert "/process/scheduler: cannot set the scheduler: sched_setattr: " in refused("true", edits)
