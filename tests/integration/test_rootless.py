# SPDX-License-Identifier: Apache-2.0
"""An ordinary user: spec --rootless, a single id or a range by newuidmap, state below $XDG_RUNTIME_DIR.

Run by root, the tests make a user and become it; run by an ordinary user (tests/vm) that one will do."""
import json
import os
import pwd
import shutil
import subprocess

import pytest

import harness
from harness import call, read, unique, wait_for
from test_cgroup import hierarchies

USER = "husktest"
pytestmark = pytest.mark.husk


@pytest.fixture(scope="session", autouse=True)
def able():
    """Root is not needed."""
    if not os.access(harness.HUSK, os.X_OK):
        pytest.exit(f"no runtime: '{harness.HUSK}' is missing (build it, or set HUSK)", 3)


@pytest.fixture(scope="session")
def user():
    """A user of the tests' own, with ranges of subordinate ids."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    if not shutil.which("useradd"):
        pytest.skip("useradd is not installed")
    call(["useradd", "--create-home", "--shell", "/bin/bash", USER])
    for kind in ("subuid", "subgid"):
        if USER + ":" not in read("/etc/" + kind):
            call(["usermod", f"--add-{kind}s", "2000000-2065535", USER])
    return pwd.getpwnam(USER)


@pytest.fixture
def own(work, user):
    """A directory of the user's, and how to become them."""
    path = os.path.join(work, "own")
    os.mkdir(path, 0o700)
    os.mkdir(path + "/run", 0o700)
    for entry in (path, path + "/run"):
        os.chown(entry, user.pw_uid, user.pw_gid)
    return path


@pytest.fixture
def rootless(make_runtime, user, own):
    """husk as the user, with its default state directory."""
    become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--inh-caps=-all"]
    prefix = [*([] if os.geteuid() else become), "env", "-i", "PATH=" + harness.PATH, "HOME=" + user.pw_dir,
              "XDG_RUNTIME_DIR=" + own + "/run"]
    runtime = make_runtime(name="unused", prefix=prefix)
    # Only the prefix and the command: --root is not given.
    runtime.argv = lambda *args, options=(): [*prefix, runtime.path, *options, *map(str, args)]
    runtime.names = lambda: os.listdir(own + "/run/husk") if os.path.isdir(own + "/run/husk") else []
    if call([*prefix, "test", "-x", harness.HUSK], check=False).rc != 0:
        copy = os.path.join(os.path.dirname(own), "husk")
        shutil.copy(harness.HUSK, copy)
        os.chmod(copy, 0o755)
        runtime.path = copy
    return runtime


@pytest.fixture
def bundle_of_user(rootless, own, user, image):
    """A bundle that belongs to the user, with what spec --rootless writes, edited."""
    def make(args, edits=None):
        path = os.path.join(own, unique("b"))
        os.mkdir(path)
        subprocess.run(["cp", "-a", image, path + "/rootfs"], check=True)
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", path], check=True)
        rootless("spec", "--rootless", cwd=path)
        config = json.loads(read(path + "/config.json"))
        config["process"].update(terminal=False, args=args if isinstance(args, list) else ["/bin/sh", "-c", args])
        config["root"]["readonly"] = False
        harness.edit(config, edits)
        with open(path + "/config.json", "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    return make


def ranges(kind, user):
    if not shutil.which("newuidmap"):
        pytest.skip("newuidmap is not installed")
    return [{"containerID": 0, "hostID": user.pw_uid if kind == "subuid" else user.pw_gid, "size": 1},
            {"containerID": 1, "hostID": start_of(kind, user), "size": 65535}]


def start_of(kind, user):
    lines = [line for line in read("/etc/" + kind).splitlines() if line.startswith(user.pw_name + ":")]
    if not lines:
        pytest.skip(f"{user.pw_name} has no /etc/{kind}")
    return int(lines[0].split(":")[1])


def test_spec_has_one_id(bundle_of_user, user):
    config = json.loads(read(bundle_of_user("true") + "/config.json"))
    assert config["linux"]["uidMappings"] == [{"containerID": 0, "hostID": user.pw_uid, "size": 1}]
    assert config["linux"]["gidMappings"] == [{"containerID": 0, "hostID": user.pw_gid, "size": 1}]


def test_run_with_one_id(rootless, bundle_of_user, user):
    path = bundle_of_user("id -u; id -g; cat /proc/self/uid_map; cat /proc/self/setgroups; hostname; echo $$; "
                          "touch /made; mount | grep -c .")
    out = rootless("run", "-b", path, unique()).out.split()
    assert out[:8] == ["0", "0", "0", str(user.pw_uid), "1", "deny", "husk", "1"]
    assert os.stat(path + "/rootfs/made").st_uid == user.pw_uid
    assert rootless.names() == []


def test_run_with_a_range(rootless, bundle_of_user, user):
    path = bundle_of_user("chown 1000:7 /etc/hosts && stat -c '%u %g' /etc/hosts; id -G; cat /proc/self/setgroups",
                          {"/linux/uidMappings": ranges("subuid", user),
                           "/linux/gidMappings": ranges("subgid", user),
                           "/process/user/additionalGids": [5],
                           "/process/capabilities": {kind: ["CAP_CHOWN"] for kind in (
                               "bounding", "effective", "permitted")}})
    assert rootless("run", "-b", path, unique()).out.split() == ["1000", "7", "0", "5", "allow"]
    assert os.stat(path + "/rootfs/etc/hosts").st_uid == start_of("subuid", user) + 999


def test_a_range_that_is_not_theirs(rootless, bundle_of_user, user):
    path = bundle_of_user("true", {"/linux/uidMappings": [{"containerID": 0, "hostID": 0, "size": 10}]})
    result = rootless("run", "-b", path, unique(), check=False)
    assert result.rc == 1 and "uid" in result.err.lower() and rootless.names() == [], result


def test_lifecycle_and_exec(rootless, bundle_of_user, own):
    path = bundle_of_user("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    name = unique()
    rootless("create", "-b", path, name)
    assert rootless.names() == [name] and rootless.status(name) == "created"
    assert os.stat(own + "/run/husk").st_mode & 0o066 == 0
    rootless("start", name)
    assert rootless("exec", name, "sh", "-c", "id -u; hostname; exit 4", check=False).out.split() == ["0", "husk"]
    assert rootless("exec", "-t", name, "tty", check=False).out.split() in (["/dev/pts/0"], ["/dev/pts/1"])
    rootless("kill", name, "TERM")
    wait_for(lambda: rootless.status(name) == "stopped", "the end")
    rootless("delete", name)
    assert rootless.names() == []


def test_exec_by_name(rootless, bundle_of_user, user):
    path = bundle_of_user("trap 'exit 0' TERM; while :; do sleep 0.05; done",
                          {"/linux/uidMappings": ranges("subuid", user),
                           "/linux/gidMappings": ranges("subgid", user)})
    name = unique()
    rootless("run", "-d", "-b", path, name)
    try:
        assert rootless("exec", "-u", "app", name, "sh", "-c", "id -u; id -g").out.split() == ["1000", "1000"]
        assert rootless("exec", "-u", "0:app", name, "sh", "-c", "id -u; id -g").out.split() == ["0", "1000"]
        refused = rootless("exec", "-u", user.pw_name, name, "true", check=False)
        assert refused.rc == 255 and "no matching entries in passwd file" in refused.err
    finally:
        rootless("delete", "--force", name)


def test_validate_knows_whose_ids_they_are(rootless, bundle_of_user, user):
    path = bundle_of_user("true", {"/linux/uidMappings": ranges("subuid", user),
                                   "/linux/gidMappings": ranges("subgid", user)})
    assert rootless("validate", "--host", path).out == ""
    path = bundle_of_user("true", {"/linux/uidMappings": [{"containerID": 0, "hostID": 0, "size": 10}]})
    result = rootless("validate", "--host", "--json", path, check=False)
    assert result.rc == 1 and [f["pointer"] for f in result.json] == ["/linux/uidMappings/0"], result


def test_terminal(rootless, bundle_of_user):
    from test_pty import Terminal
    path = bundle_of_user(["/bin/sh", "-i"], {"/process/terminal": True, "/process/env/-": "PS1=> "})
    shell = Terminal(rootless.argv("run", "-b", path, unique()), (21, 77))
    try:
        shell.expect("> ")
        shell.type("stty size\n")
        shell.expect(r"21 77\r\n")
        shell.type("exit 5\n")
        assert shell.end() == 5
    finally:
        shell.close()


def test_what_belongs_to_root_is_refused(rootless, bundle_of_user):
    path = bundle_of_user("true", {"/linux/namespaces": [{"type": kind} for kind in ("pid", "mount", "uts", "ipc")],
                                   "/linux/uidMappings": None, "/linux/gidMappings": None})
    result = rootless("run", "-b", path, unique(), check=False)
    assert result.rc == 1 and ("user namespace" in result.err or "not permitted" in result.err), result


def test_own_network_namespace(rootless, bundle_of_user):
    path = bundle_of_user("ip link show lo | head -1", {"/linux/namespaces/-": {"type": "network"}})
    assert "UP" in rootless("run", "-b", path, unique()).out


def test_scheduling_without_rights(rootless, bundle_of_user):
    """To be nicer, or idle, takes no right; to be faster does, and says so."""
    edits = {"/process/scheduler": {"policy": "SCHED_BATCH", "nice": 19},
             "/process/ioPriority": {"class": "IOPRIO_CLASS_IDLE"}, "/linux/memoryPolicy": {"mode": "MPOL_LOCAL"},
             "/linux/personality": {"flags": ["ADDR_NO_RANDOMIZE"]}}
    path = bundle_of_user("cut -d' ' -f19,41 /proc/self/stat; ionice -p $$; cat /proc/self/personality", edits)
    assert rootless("run", "-b", path, unique()).out.split() == ["19", "3", "idle", "00040000"]
    path = bundle_of_user("true", {"/process/scheduler": {"policy": "SCHED_OTHER", "nice": -20}})
    result = rootless("run", "-b", path, unique(), check=False)
    assert result.rc == 1 and "/process/scheduler: cannot set the scheduler: sched_setattr: operation not permitted" \
        in result.err and rootless.names() == []


def test_network_devices_are_not_theirs(rootless, bundle_of_user):
    path = bundle_of_user("true", {"/linux/namespaces/-": {"type": "network"}, "/linux/netDevices": {"eth0": {}}})
    result = rootless("run", "-b", path, unique(), check=False)
    assert result.rc == 1 and "/linux/netDevices: a rootless container cannot have any: to move an interface takes " \
        "CAP_NET_ADMIN on the host" in result.err and rootless.names() == []


def test_features_and_list(rootless):
    assert rootless("list", "-f", "json").out.strip() == "null"
    assert rootless("features").json["linux"]["namespaces"]


def test_limits_in_a_delegated_cgroup(rootless, bundle_of_user, user):
    """Where systemd (or whoever) gave the user a part of cgroup2, containers are there, with their limits."""
    if list(hierarchies()) != [""] or os.geteuid() != user.pw_uid:
        pytest.skip("the user who runs this has no cgroup2 of their own")
    above = os.path.dirname(hierarchies()[""] + read("/proc/self/cgroup").strip().split(":")[2])
    if not os.access(above + "/cgroup.procs", os.W_OK):
        pytest.skip(f"{above} is not delegated")
    limits = {"memory": {"limit": 64 << 20}, "pids": {"limit": 20}}
    path = bundle_of_user(["sleep", "1000"], {"/linux/resources": limits})
    name = unique()
    rootless("run", "-d", "-b", path, name)
    group = hierarchies()[""] + read(f"/proc/{rootless.state(name)['pid']}/cgroup").strip().split(":")[2]
    assert group == f"{above}/{name}"
    assert [read(f"{group}/{file}").strip() for file in ("memory.max", "pids.max")] == [str(64 << 20), "20"]
    rootless("update", "--pids-limit", "30", name)
    assert read(group + "/pids.max").strip() == "30"
    rootless("pause", name)
    assert rootless.status(name) == "paused"
    rootless("resume", name)
    assert rootless("exec", name, "cat", "/proc/self/cgroup").out == "0::/\n"  # the root of its namespace
    rootless("delete", "--force", name)
    assert not os.path.exists(group)
