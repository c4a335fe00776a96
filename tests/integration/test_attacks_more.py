# SPDX-License-Identifier: Apache-2.0
"""More of what test_attacks.py begins: races for what masks a path, what stands in for procfs, and what is planted.

tests/cve/README.md is the table of all advisories and of the test for each. As there, a racer is shown to race and
a scanner to have met what it may not read.
"""
import os
import re
import shutil
import socket

import pytest

from harness import call, read, unique, userns, wait_for
from test_attacks import CLEAN, ONLY_PROC, behind_filter, canary, helper, racer, run  # noqa: F401
from test_rootless import bundle_of_user, own, ranges, rootless, user  # noqa: F401

pytestmark = pytest.mark.husk
CORE = "/proc/sys/kernel/core_pattern"


def bind(source, target, *options):
    return {"destination": target, "type": "bind", "source": source, "options": list(options or ("rbind",))}


# --- races for what is masked


@pytest.mark.slow
@pytest.mark.parametrize("refused", ("", "openat2"), ids=("", "without openat2"))
def test_racing_dev_null(husk, bundle, work, racer, refused):  # noqa: F811
    """CVE-2025-31133, CVE-2025-62161: /dev/null of a volume is now the device, now a link to a file of procfs, while
    the paths are masked. A container that starts has the null device over the file, or there is none.
    """
    volume = work + "/dev"
    os.makedirs(volume)
    os.mknod(volume + "/null", 0o20666, os.makedev(1, 3))
    os.symlink(CORE, volume + "/link")
    before = read(CORE)
    made = bundle("stat -c '%t %T' /secret; cat /secret; echo '|/x' > /secret; :", {
        "/mounts": ONLY_PROC + [bind(volume, "/dev")], "/linux/readonlyPaths": None, "/linux/maskedPaths": ["/secret"]})
    made.file("rootfs/secret", "secret\n")
    if refused:
        behind_filter(husk, work, refused)
    racer(volume + "/null", volume + "/link")
    fine = denied = 0
    for _ in range(150):
        result = run(husk, made)
        if result.rc == 0:
            assert result.out == "1 3\n", repr(result)
            fine += 1
        else:
            assert "/dev/null" in result.err, repr(result)
            denied += 1
        assert read(CORE) == before
    assert fine and denied, f"no race: {fine} ran, {denied} were refused"


@pytest.mark.slow
@pytest.mark.parametrize("refused", ("", "openat2,mount_setattr"), ids=("", "old kernel"))
@pytest.mark.parametrize("kind", ("maskedPaths", "readonlyPaths"))
def test_racing_masked_paths(husk, bundle, work, canary, racer, kind, refused):  # noqa: F811
    """GHSA-3q8j-pf29-vwv8 (youki): a directory on the way is exchanged for a link that leads out. Nothing on the host
    is covered or made read-only, and what is looked up once is what is protected: the mount lies inside.
    """
    volume = work + "/volume"
    os.makedirs(volume + "/a")
    for path in (volume + "/a/keep", volume + "/a/null"):
        with open(path, "w", encoding="utf-8") as file:
            file.write("volume")
    os.symlink("../../../../../../../.." + canary, volume + "/b")
    made = bundle("cat /proc/self/mountinfo", {**CLEAN, "/mounts": ONLY_PROC + [bind(volume, "/volume"), {
        "destination": "/dev", "type": "tmpfs", "source": "tmpfs"}], f"/linux/{kind}": ["/volume/a/keep"]})
    if refused:
        behind_filter(husk, work, refused)
    before = [line for line in read("/proc/self/mountinfo").splitlines() if work in line]
    racer(volume + "/a", volume + "/b")
    protected = 0
    for _ in range(120 if not refused else 50):
        result = run(husk, made)
        lines = [line.split() for line in result.out.splitlines()]
        assert not [line for line in lines if canary in line[3]], repr(result)
        # The mount moves with its directory, which is /volume/b when the racer stands so.
        found = [line for line in lines if re.fullmatch("/volume/[ab]/keep", line[4])]
        assert kind == "maskedPaths" or [line for line in found if "ro" not in line[5].split(",")] == [], repr(result)
        protected += len(found)
        assert [line for line in read("/proc/self/mountinfo").splitlines() if work in line] == before
        with open(canary + "/keep", "a", encoding="utf-8"):
            pass  # still writable
    assert protected, "the path was never protected"


# --- races for procfs


@pytest.mark.slow
@pytest.mark.parametrize("refused", ("", "fsopen,fsconfig,fsmount"), ids=("", "without fsopen"))
def test_racing_fake_proc(husk, bundle, work, racer, refused):  # noqa: F811
    """CVE-2025-52881, CVE-2025-62596, CVE-2019-16884: /proc of the image is exchanged for a tree of files while the
    runtime mounts there and writes. What it writes reaches the kernel of this container, or there is no container.
    """
    made = bundle("cat /proc/sys/net/ipv4/ip_default_ttl /proc/self/oom_score_adj", {
        **CLEAN, "/mounts": ONLY_PROC, "/process/oomScoreAdj": 77, "/linux/sysctl": {"net.ipv4.ip_default_ttl": "99"}})
    os.makedirs(made.rootfs + "/proc", exist_ok=True)
    names = ["sys/net/ipv4/ip_default_ttl", "self/oom_score_adj", "thread-self/oom_score_adj", "1/oom_score_adj"]
    for name in names:
        made.file("rootfs/fake/" + name, "fake\n", 0o666)
    if refused:
        behind_filter(husk, work, refused)
    host = read("/proc/sys/net/ipv4/ip_default_ttl")
    racer(made.rootfs + "/proc", made.rootfs + "/fake")
    fine = 0
    for _ in range(100):
        result = run(husk, made)
        # What stands at /proc when the program looks may be the tree; nothing was written to it.
        assert set(result.out.split()) <= {"99", "77", "fake"}, repr(result)
        fine += result.out.split() == ["99", "77"]
        for name in names:
            assert {read(f"{made.rootfs}/{place}/{name}", "gone") for place in ("fake", "proc")} <= {"fake\n", "gone"}
        assert read("/proc/sys/net/ipv4/ip_default_ttl") == host
    assert fine, "no container was made at all"


def test_the_image_plays_procfs_without_fsopen(husk, bundle, work):
    """CVE-2025-52881 where the kernel has no detached procfs: the fallback trusts the image no more."""
    made = bundle("cat /proc/self/oom_score_adj", {**CLEAN, "/mounts": [], "/process/oomScoreAdj": 77,
                                                   "/linux/sysctl": {"net.ipv4.ip_default_ttl": "99"}})
    names = ["proc/sys/net/ipv4/ip_default_ttl", "proc/self/oom_score_adj", "proc/thread-self/oom_score_adj"]
    for name in names:
        made.file("rootfs/" + name, "fake\n", 0o666)
    behind_filter(husk, work, "fsopen,fsconfig,fsmount")
    assert run(husk, made, check=True).out == "fake\n"
    assert [read(f"{made.rootfs}/{name}") for name in names] == ["fake\n"] * 3


# --- who watches


@pytest.mark.slow
def test_new_init_cannot_be_watched(husk, bundle, helper):  # noqa: F811
    """crun 1.31, CVE-2016-9962 for create: the init of a second container in the pid and user namespaces of a first.
    The first may not look at it before it has become its program.
    """
    # Root there is root here, and has every capability over that user namespace, so that neither a change of the
    # user nor a capability is in the way: only that the init is not dumpable.
    every = husk("features").json["linux"]["capabilities"]
    same = [{"containerID": 0, "hostID": 0, "size": 65536}]
    made = bundle(["/scan", "scan"], userns({
        "/linux/uidMappings": same, "/linux/gidMappings": same,
        "/process/capabilities": {kind: every for kind in ("bounding", "effective", "permitted")}}))
    shutil.copy(helper, made.rootfs + "/scan")
    first, out = unique(), made.path + "/out"
    with open(out, "w", encoding="utf-8") as file:
        scanner = husk.popen("run", "--bundle", made.path, first, stdout=file)
        wait_for(lambda: husk.status(first) == "running", "the scanner")
        pid = husk.state(first)["pid"]
        spaces = [{"type": "user", "path": f"/proc/{pid}/ns/user"}, {"type": "pid", "path": f"/proc/{pid}/ns/pid"},
                  *({"type": kind} for kind in ("mount", "uts", "ipc", "network"))]
        second = bundle("true", {"/linux/namespaces": spaces})
        for _ in range(40):
            husk("run", "--bundle", second.path, unique())
        open(made.rootfs + "/stop", "w", encoding="utf-8").close()
        assert scanner.wait(20) == 0
    hidden, leaks = map(int, re.fullmatch(r"hidden (\d+) leaks (\d+)\n", read(out)).groups())
    assert leaks == 0
    assert hidden > 0, "the scanner never met an init"


# --- what is planted


@pytest.mark.parametrize("verb", ("create", "run"))
@pytest.mark.parametrize("plant", ("link", "dangling", "file", "state"))
def test_planted_state(husk, bundle, work, canary, verb, plant):  # noqa: F811
    """CVE-2015-1331: in a state root where others may write, a name that is there already is not followed or used."""
    made, name = bundle("echo ran"), unique()
    os.makedirs(husk.root)
    path = os.path.join(husk.root, name)
    if plant == "link":
        os.symlink(canary, path)
    elif plant == "dangling":
        os.symlink(work + "/made-by-husk", path)
    elif plant == "file":
        with open(path, "w", encoding="utf-8"):
            pass
    else:
        os.makedirs(path)
        os.symlink(canary + "/keep", path + "/state.json")
    result = husk(verb, "--bundle", made.path, name, check=False)
    assert result.rc != 0 and "ran" not in result.out, repr(result)
    assert not os.path.lexists(work + "/made-by-husk")
    (shutil.rmtree if plant == "state" and os.path.isdir(path) else os.unlink)(path)


def test_programs_of_the_image_are_not_the_hosts(rootless, bundle_of_user, user, canary):  # noqa: F811
    """CVE-2026-84042: what the runtime needs of the host (newuidmap) comes neither from $PATH nor from the bundle."""
    path = bundle_of_user("id -u", {"/linux/uidMappings": ranges("subuid", user),
                                    "/linux/gidMappings": ranges("subgid", user)})
    os.chmod(canary, 0o777)
    for place in (path, path + "/rootfs", path + "/rootfs/bin", path + "/rootfs/usr/bin"):
        os.makedirs(place, exist_ok=True)
        for name in ("newuidmap", "newgidmap"):
            with open(f"{place}/{name}", "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\ntouch {canary}/taken\nexit 1\n")
            os.chmod(f"{place}/{name}", 0o755)
    # Their own come first in $PATH, too.
    argv = [f"PATH=.:{path}:{path}/rootfs/bin:/usr/bin:/bin" if word.startswith("PATH=") else word
            for word in rootless.argv("run", "-b", path, unique())]
    assert call(argv, cwd=path).out == "0\n"
    assert not os.path.exists(canary + "/taken")


# --- what is left open to the inside


def test_rootless_cannot_write_to_the_hosts_cgroups(rootless, bundle_of_user, user):  # noqa: F811
    """CVE-2023-25809: without a cgroup namespace, a cgroup of the host that belongs to the user is not writable,
    though /sys is bound with all that is below it.
    """
    name, tops = unique("mine"), []
    for point in [line.split() for line in read("/proc/self/mounts").splitlines()]:
        if point[2] in ("cgroup", "cgroup2"):
            path = os.path.join(point[1], name)
            os.mkdir(path)
            os.chown(path, user.pw_uid, user.pw_gid)
            tops.append(path)
    try:
        assert tops, "there is no cgroup hierarchy"
        outside = rootless.prefix + ["mkdir", tops[0] + "/outside"]
        call(outside)
        os.rmdir(tops[0] + "/outside")
        script = f"find /sys/fs/cgroup -name {name} -type d | while read d; do echo seen; mkdir $d/in && echo WROTE; " \
            "done; echo end"
        for mounts in (True, False):
            edits = {"/linux/namespaces": [{"type": kind} for kind in ("pid", "user", "ipc", "uts", "mount")]}
            path = bundle_of_user(script, edits)
            if not mounts:  # what remains is the bound /sys alone
                path = bundle_of_user(script, {**edits, "/mounts": [
                    *ONLY_PROC, {"destination": "/sys", "type": "none", "source": "/sys",
                                 "options": ["rbind", "nosuid", "noexec", "nodev", "rro"]}]})
            result = rootless("run", "-b", path, unique())
            assert result.out.endswith("end\n") and "WROTE" not in result.out, repr(result)
            assert mounts or "seen" in result.out, "the test saw no cgroup"
            assert [top for top in tops if os.path.exists(top + "/in")] == []
    finally:
        for path in tops:
            for below in ("/in", "/outside", ""):
                if os.path.isdir(path + below):
                    os.rmdir(path + below)


def test_the_notify_socket_is_shared_with_nobody(husk, bundle, work):
    """crun 1.31: the mount of the notification socket is private and read-only, whatever the root's propagation is."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(work + "/notify")
    made = bundle("cat /proc/self/mountinfo", {"/linux/rootfsPropagation": "rshared"})
    # The host's mounts are shared, but with nobody outside of the test.
    husk.prefix = ["unshare", "-m", "--propagation", "private", "/bin/sh", "-ec", "mount --make-rshared /; exec \"$@\"",
                   "sh"]
    out = run(husk, made, check=True, env={"NOTIFY_SOCKET": work + "/notify"}).out
    listener.close()
    assert " shared:" in out, "the test has no shared mounts"
    found = [line.split() for line in out.splitlines() if "/run/notify/" in line or "/notify " in line]
    assert len(found) == 1, out
    assert "ro" in found[0][5].split(",") and not found[0][6].startswith("shared"), found


def test_exec_leaves_no_mounts(husk, running):
    """youki#3431: each exec added a procfs to the container."""
    name = running()
    before = husk("exec", name, "cat", "/proc/1/mountinfo").out
    for _ in range(5):
        husk("exec", "--env", "A=b", "--apparmor", "unconfined", name, "true")
    assert husk("exec", name, "cat", "/proc/1/mountinfo").out == before
    assert husk("exec", name, "cat", "/proc/self/mountinfo").out == before
