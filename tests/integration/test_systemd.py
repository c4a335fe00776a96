# SPDX-License-Identifier: Apache-2.0
"""Containers that are units of systemd. Skipped where systemd does not run: see tests/vm."""
import json
import os
import subprocess
import time

import pytest

from cgroups import directory
from harness import call, namespace, read, unique, wait_for
from test_cgroup import hierarchies, places

pytestmark = pytest.mark.skipif(not os.path.isdir("/run/systemd/system"), reason="systemd does not run here")
V2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers")


@pytest.fixture
def husk(make_runtime):
    runtime = make_runtime()
    plain = runtime.argv
    runtime.argv = lambda *args, options=(): plain(*args, options=("--systemd-cgroup", *options))
    return runtime


def unit(name):
    """What systemd says of a unit, as {property: text}."""
    lines = call(["systemctl", "show", name]).out.splitlines()
    return dict(line.split("=", 1) for line in lines)


def exists(name):
    return unit(name)["LoadState"] != "not-found"


def test_a_scope(husk, running):
    name = running(["sleep", "1000"])
    scope = f"husk-{name}.scope"
    found = unit(scope)
    assert (found["ActiveState"], found["Slice"], found["Delegate"]) == ("active", "system.slice", "yes")
    assert found["Description"] == "husk container " + name
    groups = places(husk.state(name)["pid"])
    assert groups and all(path.endswith("/system.slice/" + scope) for path in groups.values())
    assert husk("exec", name, "true").rc == 0
    husk("delete", "--force", name)
    assert not exists(scope)
    assert [path for path in groups.values() if os.path.exists(path)] == []


@pytest.mark.parametrize("path, scope, slice_, below", [
    ("user.slice:pre:{name}", "pre-{name}.scope", "user.slice", "/user.slice/pre-{name}.scope"),
    ("a-b.slice:pre:{name}", "pre-{name}.scope", "a-b.slice", "/a.slice/a-b.slice/pre-{name}.scope"),
    (":pre:{name}", "pre-{name}.scope", "system.slice", "/system.slice/pre-{name}.scope"),
    ("-.slice:pre:{name}", "pre-{name}.scope", "-.slice", "/pre-{name}.scope"),
    ("system.slice::{name}", "{name}.scope", "system.slice", "/system.slice/{name}.scope"),
])
def test_names(husk, running, path, scope, slice_, below):
    own = unique("u").replace(".", "_")
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": path.format(name=own)})
    assert unit(scope.format(name=own))["Slice"] == slice_
    for place in places(husk.state(name)["pid"]).values():
        assert place.endswith(below.format(name=own))
    husk("delete", "--force", name)
    assert not exists(scope.format(name=own))


@pytest.mark.parametrize("path", ["/a/b", "a:b", "a.slice:b:c:d", "a/b.slice:x:y", "nothing:x:y", ".slice:x:y"])
def test_wrong_paths(refused, path):
    assert "/linux/cgroupsPath" in refused("true", {"/linux/cgroupsPath": path})


def test_properties(husk, running):
    limits = {"memory": {"limit": 64 << 20, "reservation": 32 << 20}, "pids": {"limit": 33},
              "cpu": {"shares": 512, "quota": 20000, "period": 100000}}
    name = running(["sleep", "1000"], edits={"/linux/resources": limits})
    found = unit(f"husk-{name}.scope")
    assert found["TasksMax"] == "33" and found["CPUQuotaPerSecUSec"] == "200ms"
    if V2:
        assert (found["MemoryMax"], found["MemoryLow"], found["CPUWeight"]) == (str(64 << 20), str(32 << 20), "59")
    else:
        assert (found["MemoryLimit"], found["CPUShares"]) == (str(64 << 20), "512")
    husk("update", "--memory", "100m", "--pids-limit", "unset", name)
    found = unit(f"husk-{name}.scope")
    assert found["MemoryMax" if V2 else "MemoryLimit"] == str(100 << 20) and found["TasksMax"] == "infinity"
    husk("delete", "--force", name)


def memory_file(name, husk):
    groups = places(husk.state(name)["pid"])
    return groups[""] + "/memory.max" if V2 else groups["memory"] + "/memory.limit_in_bytes"


def test_limits_outlive_a_reload(husk, running):
    limits = {"memory": {"limit": 64 << 20}, "pids": {"limit": 33}, "cpu": {"quota": 12345, "period": 70000}}
    name = running(["sleep", "1000"], edits={"/linux/resources": limits})
    call(["systemctl", "daemon-reload"])
    assert read(memory_file(name, husk)).strip() == str(64 << 20)
    husk("update", "--memory", "80m", name)
    call(["systemctl", "daemon-reload"])
    assert read(memory_file(name, husk)).strip() == str(80 << 20)
    husk("delete", "--force", name)


def test_devices_outlive_a_reload(husk, running):
    """Devices are lost after `systemctl daemon-reload` with other runtimes, once their rules were changed."""
    tmp = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]}
    name = running(["sleep", "1000"], edits={"/mounts/-": tmp, "/process/capabilities": {
        kind: ["CAP_MKNOD"] for kind in ("bounding", "effective", "permitted")}})

    def opens(numbers):
        result = husk("exec", name, "sh", "-c", f"[ -e /tmp/{numbers} ] || mknod /tmp/{numbers} c {numbers.replace(':', ' ')}; "
                      f": </tmp/{numbers}", check=False)
        return result.rc == 0

    assert opens("1:5") and not opens("10:229")
    call(["systemctl", "daemon-reload"])
    assert opens("1:5") and not opens("10:229")
    husk("update", "--device", "c 10:229 rw", name)
    assert opens("10:229")
    call(["systemctl", "daemon-reload"])
    assert opens("1:5") and opens("10:229") and not opens("10:237")
    husk("delete", "--force", name)


def test_a_refused_update_changes_nothing(husk, running):
    name = running(["sleep", "1000"], edits={"/linux/resources": {"memory": {"limit": 64 << 20}}})
    before = unit(f"husk-{name}.scope")
    result = husk("update", "--memory", "80m", "--cpu-period", "5", name, check=False)
    assert result.rc == 1 and "/linux/resources/cpu" in result.err
    after = unit(f"husk-{name}.scope")
    key = "MemoryMax" if V2 else "MemoryLimit"
    assert before[key] == after[key] == str(64 << 20)
    assert read(memory_file(name, husk)).strip() == str(64 << 20)
    husk("delete", "--force", name)


def test_what_was_is_found_again_exactly(husk, running):
    """systemd rounds the quota of 12.345 % it is told; the file that is put back has it as it was."""
    name = running(["sleep", "1000"], edits={"/linux/resources": {"cpu": {"quota": 12345, "period": 100000}}})
    groups = places(husk.state(name)["pid"])
    file = groups[""] + "/cpu.max" if V2 else directory(husk.state(name)["pid"], "cpu") + "/cpu.cfs_quota_us"
    quota = "12345 100000" if V2 else "12345"
    assert read(file).strip() == quota
    refused = ["--unified", "cpu.weight.nice=99"] if V2 else ["--cpuset-cpus", "0-900"]
    result = husk("update", "--cpu-quota", "50000", *refused, name, check=False)
    assert result.rc == 1 and ("cpu.weight.nice" if V2 else "cpu/cpus") in result.err
    assert read(file).strip() == quota
    husk("delete", "--force", name)


@pytest.mark.skipif(not V2, reason="no cgroup2 with controllers")
def test_file_without_a_property(husk, running):
    """What has no default that could be written is not in the way of the properties' way back."""
    name = running(["sleep", "1000"], edits={"/linux/resources": {"pids": {"limit": 20}}})
    group = places(husk.state(name)["pid"])[""]
    husk("update", "--cpu-share", "512", "--unified", "cpu.weight.nice=3", name)
    assert unit(f"husk-{name}.scope")["CPUWeight"] == "59" and read(group + "/cpu.weight.nice").strip() == "3"
    husk("update", "--unified", "memory.high=100000000", name)
    assert unit(f"husk-{name}.scope")["MemoryHigh"] == "100000000"
    husk("update", "--unified", "memory.high=unset", name)
    assert unit(f"husk-{name}.scope")["MemoryHigh"] == "infinity" and read(group + "/memory.high") == "max\n"
    husk("delete", "--force", name)


def test_annotations(husk, running, refused):
    notes = {"org.systemd.property.Description": "'of my own'", "org.systemd.property.TimeoutStopSec": "5",
             "org.systemd.property.CollectMode": "'inactive-or-failed'"}
    name = running(["sleep", "1000"], edits={"/annotations": notes})
    found = unit(f"husk-{name}.scope")
    assert (found["Description"], found["TimeoutStopUSec"], found["CollectMode"]) == \
        ("of my own", "5s", "inactive-or-failed")
    husk("delete", "--force", name)
    said = refused("true", {"/annotations": {"org.systemd.property.NoSuchThing": "5"}})
    assert "NoSuchThing" in said
    said = refused("true", {"/annotations": {"org.systemd.property.Description": "'open"}})
    assert "/annotations/org.systemd.property.Description" in said


def test_a_failed_create_leaves_no_unit(husk, refused):
    before = call(["systemctl", "list-units", "--all", "--plain", "--no-legend", "husk-*"]).out
    assert refused(["/no/such/program"])
    assert call(["systemctl", "list-units", "--all", "--plain", "--no-legend", "husk-*"]).out == before


def test_without_the_flag_afterwards(husk, running, make_runtime):
    """What systemd made is on record: the other commands need no flag."""
    name = running(["sleep", "1000"])
    plain = [husk.path, "--root", husk.root]
    assert call([*plain, "exec", name, "cat", "/proc/self/cgroup"]).rc == 0
    call([*plain, "update", "--pids-limit", "50", name])
    assert unit(f"husk-{name}.scope")["TasksMax"] == "50"
    call([*plain, "pause", name])
    call([*plain, "resume", name])
    call([*plain, "kill", name, "KILL"])
    wait_for(lambda: husk.status(name) == "stopped", "its end")
    call([*plain, "delete", name])
    assert not exists(f"husk-{name}.scope")


@pytest.mark.skipif(not os.environ.get("HUSK_FAULT_BUILD"), reason="no build with fault injection")
def test_killed_when_the_unit_is_there(husk, bundle):
    made = bundle(["sleep", "1000"])
    name = unique()
    process = subprocess.Popen([os.environ["HUSK_FAULT_BUILD"], "--systemd-cgroup", "--root", husk.root, "run", "-d",
                                "--bundle", made.path, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "HUSK_FAULT_POINT": "unit-started"})
    wait_for(lambda: exists(f"husk-{name}.scope"), "the unit")
    time.sleep(0.3)
    process.kill()
    process.wait()
    husk("delete", "--force", name)
    wait_for(lambda: not exists(f"husk-{name}.scope"), "the unit's end")
    assert husk.names() == []


def test_a_slow_bus(husk, running):
    """systemd stands still for a while: everything waits for its word, and nothing gets lost."""
    stop = subprocess.Popen(["sh", "-c", "kill -STOP 1 2>/dev/null; sleep 1; kill -CONT 1"])
    name = running(["sleep", "1000"])
    stop.wait()
    assert unit(f"husk-{name}.scope")["ActiveState"] == "active"
    husk("delete", "--force", name)


def test_features(husk):
    cgroup = husk("features").json["linux"]["cgroup"]
    assert cgroup["systemd"] is True and cgroup["systemdUser"] is True


def test_an_ordinary_user(husk, bundle):
    """The user's own systemd makes the unit. as-user is the machine's: see tests/vm."""
    if call(["which", "as-user"], check=False).rc:
        pytest.skip("needs as-user and the user tester")
    made = bundle(["sleep", "1000"])
    spec = json.loads(call(["as-user", "tester", "sh", "-c",
                            f"cd $(mktemp -d) && {husk.path} spec --rootless && cat config.json"]).out)
    spec["process"].update({"terminal": False, "args": ["sleep", "1000"]})
    if V2:  # v1 delegates nothing
        spec["linux"]["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 20}}
    with open(os.path.join(made.path, "config.json"), "w", encoding="utf-8") as file:
        json.dump(spec, file)
    name = unique("user")
    script = f"""
set -e
r=$(mktemp -d)
h="{husk.path} --systemd-cgroup --root $r"
$h run -d --bundle {made.path} {name} </dev/null >/dev/null
systemctl --user show -p ActiveState -p TasksMax husk-{name}.scope
cat /proc/$($h state {name} | jq .pid)/cgroup
$h exec {name} true
$h delete --force {name}
systemctl --user show -p LoadState husk-{name}.scope
rmdir $r
"""
    result = call(["as-user", "tester", "sh", "-c", script], check=False)
    assert result.rc == 0, result.err
    assert "ActiveState=active" in result.out and "LoadState=not-found" in result.out
    if V2:
        assert "TasksMax=20" in result.out and f"user@1000.service/user.slice/husk-{name}.scope" in result.out
