# SPDX-License-Identifier: Apache-2.0
"""exec into containers of all kinds: paused, with joined and time namespaces, after the bundle was edited; into
sub-cgroups; without standard descriptors."""
import json
import os
import subprocess
import time

import pytest

from harness import PATH, namespace, read, unique, userns, wait_for, without
from test_cgroup import places

pytestmark = pytest.mark.husk


def status(text, key):
    return [line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith(key + ":")][0]


class Frozen:
    """A container held still by its freezer, as `pause` does."""

    def __init__(self, pid):
        groups = places(pid)
        v1 = groups.get("freezer")
        self.file = v1 + "/freezer.state" if v1 else groups[""] + "/cgroup.freeze"
        self.on, self.off = ("FROZEN", "THAWED") if v1 else ("1", "0")
        self.seen = (lambda: read(self.file).strip() == "FROZEN") if v1 else \
            (lambda: "frozen 1" in read(groups[""] + "/cgroup.events"))

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        self.write(self.on)
        wait_for(self.seen, "the freezer")
        return self

    def __exit__(self, *_):
        self.write(self.off)


# --- capabilities

@pytest.mark.parametrize("cap, phrase", [("CAP_SYS_ADMN", "did you mean 'CAP_SYS_ADMIN'"), ("sys_admin", "unknown"),
                                         ("", "unknown capability ''"), ("CAP_CHOWN,CAP_KILL", "unknown")])
def test_unknown_capability(husk, running, cap, phrase):
    result = husk("exec", "--cap", cap, running(), "true", check=False)
    assert result.rc == 255 and "unknown capability" in result.err and phrase in result.err, result


def test_added_capabilities_are_not_inherited(husk, running):
    """CVE-2022-29162."""
    out = husk("exec", "--cap", "CAP_SYS_TIME", running(), "cat", "/proc/self/status").out
    for key in ("CapInh", "CapAmb"):
        assert int(status(out, key)[0], 16) == 0
    assert int(status(out, "CapPrm")[0], 16) >> 25 & 1


# --- cgroups

@pytest.fixture
def grouped(husk, running):
    """A container with a sub-cgroup 'below/deep' and one 'a..b' in every hierarchy."""
    name = running()
    groups = places(husk.state(name)["pid"])
    for hierarchy, path in groups.items():
        for below in ("below/deep", "a..b"):
            os.makedirs(os.path.join(path, below))
            if hierarchy and os.path.exists(path + "/cpuset.cpus"):
                part = path
                for step in below.split("/"):
                    part += "/" + step
                    for file in ("cpuset.cpus", "cpuset.mems"):
                        with open(f"{part}/{file}", "w", encoding="utf-8") as out:
                            out.write(read(f"{path}/{file}"))
    return name, groups


def where(husk, name, *options):
    out = husk("exec", *options, name, "cat", "/proc/self/cgroup").out
    return {line.split(":", 2)[1]: line.split(":", 2)[2] for line in out.splitlines()}


@pytest.mark.parametrize("path", ["below", "/below/deep", "below//./deep/", "a..b"])
def test_one_path_is_for_all_hierarchies(husk, grouped, path):
    name, groups = grouped
    clean = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
    assert {key: value.endswith(clean) for key, value in where(husk, name, "--cgroup", path).items()
            if key in groups} == {key: True for key in groups}


def test_a_path_for_each_controller(husk, grouped):
    name, groups = grouped
    if not {"pids", "memory"} <= set(groups):
        pytest.skip("no cgroup v1 with pids and memory")
    seen = where(husk, name, "--cgroup", "pids:below", "--cgroup", "memory:/a..b")
    assert seen["pids"].endswith("/below") and seen["memory"].endswith("/a..b")
    assert not any(path.endswith(("/below", "/a..b")) for key, path in seen.items() if key not in ("pids", "memory"))
    seen = where(husk, name, "--cgroup", "pids,memory:below")
    assert seen["pids"].endswith("/below") and seen["memory"].endswith("/below")
    both = next((key for key in groups if "," in key), None)
    if both:  # two controllers of one hierarchy move it once
        assert where(husk, name, "--cgroup", both + ":below")[both].count("/below") == 1


@pytest.mark.parametrize("bad", ["..", "../x", "below/../..", "/../x", "below/..", "pids:../x", "pids:a:b", ":below",
                                 "pids,:below", ",pids:below", "nosuch:below", "missing", "pids:missing"])
def test_bad_cgroups(husk, grouped, bad):
    name, _ = grouped
    result = husk("exec", "--cgroup", bad, name, "true", check=False)
    assert result.rc == 255 and result.err, result


def test_contradicting_cgroups(husk, grouped):
    name, groups = grouped
    key = "pids" if "pids" in groups else None
    options = ["--cgroup", f"{key}:below", "--cgroup", f"{key}:a..b"] if key else ["--cgroup", "below", "--cgroup", "a..b"]
    result = husk("exec", *options, name, "true", check=False)
    assert result.rc == 255 and "another path" in result.err


def test_no_sibling_of_the_same_prefix(husk, running):
    """runc before 1.5.2: a sub-cgroup path was only compared as a string."""
    name = running()
    groups = places(husk.state(name)["pid"])
    siblings = [path + "-sibling" for path in groups.values()]
    for path in siblings:
        os.mkdir(path)
    try:
        for bad in ("../" + os.path.basename(siblings[0]), "-sibling", "./../" + os.path.basename(siblings[0])):
            result = husk("exec", "--cgroup=" + bad, name, "true", check=False)
            assert result.rc == 255, result
        assert all(read(path + "/cgroup.procs") == "" for path in siblings)
    finally:
        for path in siblings:
            os.rmdir(path)


# --- paused

def test_paused_is_refused_at_once(husk, running):
    name = running()
    with Frozen(husk.state(name)["pid"]):
        assert husk.status(name) == "paused"
        started = time.monotonic()
        result = husk("exec", name, "true", check=False)
        assert result.rc == 255 and "cannot exec in a paused container (use --ignore-paused to override)" in result.err
        assert time.monotonic() - started < 2
    assert husk("exec", name, "echo", "again").out == "again\n"


def test_ignore_paused_waits_for_the_resume(husk, running):
    name = running()
    with Frozen(husk.state(name)["pid"]):
        process = husk.popen("exec", "--ignore-paused", name, "echo", "done", stdout=subprocess.PIPE)
        time.sleep(0.5)
        assert process.poll() is None
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, b"done\n")


# --- the saved configuration

def test_an_edited_bundle_changes_nothing(husk, bundle):
    made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    name = unique()
    husk("run", "-d", "--bundle", made.path, name)
    made.write({"/process/user/uid": 5, "/process/cwd": "/nowhere", "/process/env/-": "EVIL=1",
                "/process/capabilities/bounding": ["CAP_SYS_ADMIN"], "/process/noNewPrivileges": False,
                "/linux/namespaces": []})
    out = husk("exec", name, "sh", "-c", "id -u; pwd; env; cat /proc/self/status").out
    assert out.startswith("0\n/\n") and "EVIL" not in out
    assert status(out, "NoNewPrivs") == ["1"] and not int(status(out, "CapBnd")[0], 16) >> 21 & 1
    os.unlink(made.path + "/config.json")
    assert husk("exec", name, "echo", "still").out == "still\n"


def test_process_file_says_everything(husk, running, work):
    name = running()
    process = {"args": ["sh", "-c", "id -u; id -g; id -G; umask; pwd; echo $X; ulimit -n; cat /proc/self/status "
                        "/proc/self/oom_score_adj"],
               "env": ["PATH=" + PATH, "X=y"], "cwd": "/tmp", "terminal": False, "noNewPrivileges": True,
               "user": {"uid": 11, "gid": 12, "additionalGids": [13, 14], "umask": 0o77},
               "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 99}], "oomScoreAdj": 500,
               "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
                                "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}}
    path = work + "/process.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(process, file)
    out = husk("exec", "-p", path, name).out
    assert out.splitlines()[:7] == ["11", "12", "12 13 14", "0077", "/tmp", "y", "99"]
    assert out.splitlines()[-1] == "500" and status(out, "NoNewPrivs") == ["1"]
    for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status(out, key)[0], 16) == 1 << 5, key
    # What the command line says on top of the file wins.
    out = husk("exec", "-p", path, "-u", "21:22", "-g", "23", "-e", "X=z", "--cwd", "/", name).out
    assert out.splitlines()[:6] == ["21", "22", "22 13 14 23", "0077", "/", "z"]


# --- namespaces

def of_process(pid):
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in os.listdir(f"/proc/{pid}/ns")
            if not kind.endswith("_for_children")}


def seen_by_exec(husk, name):
    out = husk("exec", name, "sh", "-c", "cd /proc/self/ns; for n in *; do echo $n $(readlink $n); done").out
    return {line.split()[0]: line.split()[1] for line in out.splitlines()
            if not line.split()[0].endswith("_for_children")}


def test_into_a_time_namespace(husk, running):
    if not os.path.exists("/proc/self/ns/time"):
        pytest.skip("no time namespaces")
    name = running(edits={"/linux/namespaces": namespace("time"),
                          "/linux/timeOffsets": {"boottime": {"secs": 1000000, "nanosecs": 0}}})
    assert seen_by_exec(husk, name) == of_process(husk.state(name)["pid"])
    assert float(husk("exec", name, "cat", "/proc/uptime").out.split()[0]) > 1000000


def test_into_joined_namespaces(husk, running):
    first = running()
    pid = husk.state(first)["pid"]
    kinds = {"network": "net", "ipc": "ipc", "uts": "uts", "pid": "pid"}
    name = running(edits={"/linux/namespaces": [{"type": kind, "path": f"/proc/{pid}/ns/{file}"}
                                                for kind, file in kinds.items()] + [{"type": "mount"}]})
    seen = seen_by_exec(husk, name)
    assert seen == of_process(husk.state(name)["pid"])
    assert all(seen[file] == os.readlink(f"/proc/{pid}/ns/{file}") for file in kinds.values())


def test_into_a_joined_user_namespace(husk, running):
    first = running(edits=userns())
    pid = husk.state(first)["pid"]
    paths = [{"type": "user", "path": f"/proc/{pid}/ns/user"}] + without("user")
    name = running(edits={"/linux/namespaces": paths})
    seen = seen_by_exec(husk, name)
    assert seen == of_process(husk.state(name)["pid"]) and seen["user"] == os.readlink(f"/proc/{pid}/ns/user")


# --- standard descriptors

def test_detached_without_standard_descriptors(husk, running):
    name = running()
    pid_file = f"/tmp/{name}.pid"
    argv = husk.argv("exec", "-d", "--pid-file", pid_file, name, "sleep", "60")
    try:
        closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *argv]
        assert subprocess.run(closed, timeout=20, check=False).returncode == 0
        pid = int(read(pid_file))
    finally:
        os.unlink(pid_file)
    wait_for(lambda: "sleep" in read(f"/proc/{pid}/cmdline"), "execve")
    assert {n: os.stat(f"/proc/{pid}/fd/{n}").st_rdev for n in os.listdir(f"/proc/{pid}/fd")} == \
        {n: os.makedev(1, 3) for n in "012"}
    os.kill(pid, 9)
