# SPDX-License-Identifier: Apache-2.0
"""The root filesystem: mounts and their options, propagation, devices, masked and read-only paths, ways out."""
import os
import re
import stat
import subprocess

import pytest

from harness import BASE, namespace, read, unique, userns, wait_for, without


def mount_of(text, target):
    """Options and type of the last mount on a path, from /proc/self/mountinfo."""
    found = None
    for line in text.splitlines():
        left, right = line.split(" - ")
        fields = left.split()
        if fields[4] == target:
            found = {"options": fields[5].split(","), "tags": fields[6:], "type": right.split()[0],
                     "root": fields[3], "super": right.split()[2].split(",")}
    return found


@pytest.fixture
def seen(inside):
    """The mount on a target in a container with this mount entry."""
    def look(entry, target="/m", edits=None):
        text = inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": entry, **(edits or {})})
        found = mount_of(text, target)
        assert found, f"no mount on {target}:\n{text}"
        return found

    return look


def bind(source, *options, target="/m", kind="bind"):
    return {"destination": target, "type": kind, "source": source, "options": list(options)}


def tmpfs(*options, target="/m"):
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


# --- options ---

@pytest.mark.parametrize("option, flag, there", [
    ("ro", "ro", True), ("rw", "rw", True), ("nosuid", "nosuid", True), ("suid", "nosuid", False),
    ("nodev", "nodev", True), ("dev", "nodev", False), ("noexec", "noexec", True), ("exec", "noexec", False),
    ("noatime", "noatime", True), ("nodiratime", "nodiratime", True), ("relatime", "relatime", True),
    ("strictatime", "relatime", False), pytest.param("nosymfollow", "nosymfollow", True, marks=pytest.mark.husk)])
def test_flags_of_a_tmpfs(seen, option, flag, there):
    assert (flag in seen(tmpfs(option))["options"]) == there


@pytest.mark.parametrize("option, flag", [("sync", "sync"), ("dirsync", "dirsync"), ("size=64k", "size=64k"),
                                          ("mode=700", "mode=700"), ("nr_inodes=99", "nr_inodes=99"),
                                          ("uid=5", "uid=5"),
                                          pytest.param("lazytime", "lazytime", marks=pytest.mark.husk)])
def test_options_of_the_superblock(seen, option, flag):
    assert flag in seen(tmpfs(option))["super"]


@pytest.mark.parametrize("option", [pytest.param("defaults", marks=pytest.mark.husk), "async", "atime", "diratime",
                                    "loud", "silent", "norelatime", "nostrictatime", "nomand", "noiversion"])
def test_options_that_leave_no_trace(seen, option):
    if option in ("atime", "diratime", "norelatime", "nostrictatime"):
        assert "noatime" not in seen(tmpfs(option))["options"]
    else:
        assert seen(tmpfs(option))["type"] == "tmpfs"


@pytest.mark.parametrize("options, flags", [(["bind"], []), (["rbind", "ro"], ["ro"]),
                                            (["bind", "nosuid", "nodev", "noexec"], ["nosuid", "nodev", "noexec"]),
                                            (["bind", "ro", "noatime"], ["ro", "noatime"])])
def test_flags_of_a_bind_mount(seen, work, options, flags):
    os.mkdir(work + "/src")
    found = seen(bind(work + "/src", *options))
    assert set(flags) <= set(found["options"]) and found["root"].endswith("/src")


@pytest.mark.husk
def test_bind_keeps_the_flags_of_its_source_unless_told(husk, bundle, work):
    """What the kernel locks stays; what the config clears is cleared."""
    os.mkdir(work + "/src")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec", "src", work + "/src"], check=True)
    try:
        made = bundle(["cat", "/proc/self/mountinfo"], {"/mounts/-": bind(work + "/src", "bind", "ro")})
        found = mount_of(husk("run", "-b", made.path, unique()).out, "/m")
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(found["options"])
    finally:
        subprocess.run(["umount", work + "/src"], check=True)


@pytest.mark.husk
def test_clearing_options_of_a_bind_mount_count(husk, bundle, work):
    os.mkdir(work + "/src")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,noexec", "src", work + "/src"], check=True)
    try:
        made = bundle(["cat", "/proc/self/mountinfo"], {"/mounts/-": bind(work + "/src", "bind", "exec")})
        options = mount_of(husk("run", "-b", made.path, unique()).out, "/m")["options"]
        assert "noexec" not in options and "nosuid" in options
    finally:
        subprocess.run(["umount", work + "/src"], check=True)


@pytest.mark.husk
@pytest.mark.parametrize("options, top, below", [(["rbind", "rro"], True, True), (["rbind", "ro"], True, False),
                                                 (["bind", "rro"], True, None)])
@pytest.mark.parametrize("edits", [{}, userns()], ids=["plain", "userns"])
def test_recursive_readonly(husk, bundle, work, options, top, below, edits):
    os.makedirs(work + "/src/sub")
    subprocess.run(["mount", "-t", "tmpfs", "src", work + "/src/sub"], check=True)
    try:
        made = bundle(["cat", "/proc/self/mountinfo"], {**edits, "/mounts/-": bind(work + "/src", *options)})
        os.mkdir(made.rootfs + "/m")
        text = husk("run", "-b", made.path, unique()).out
    finally:
        subprocess.run(["umount", work + "/src/sub"], check=True)
    assert ("ro" in mount_of(text, "/m")["options"]) == top
    sub = mount_of(text, "/m/sub")
    assert (sub is None) if below is None else ("ro" in sub["options"]) == below


@pytest.mark.parametrize("option, tags", [("rprivate", 0), ("private", 0), ("rslave", 0), ("rshared", "shared"),
                                          ("shared", "shared"), ("unbindable", "unbindable")])
def test_propagation(seen, work, option, tags):
    os.mkdir(work + "/src")
    found = seen(bind(work + "/src", "rbind", option))
    names = [tag.split(":")[0] for tag in found["tags"]]
    assert (tags in names) if tags else "shared" not in names


@pytest.mark.parametrize("value, expected", [pytest.param("slave", "master", marks=pytest.mark.husk),
                                             ("rslave", "master"), ("private", None), ("rprivate", None),
                                             pytest.param("shared", "shared", marks=pytest.mark.husk)])
def test_root_propagation(husk, bundle, work, value, expected):
    """The bundle lies on a shared mount, so that each kind can be told from the others."""
    made = bundle(["cat", "/proc/self/mountinfo"], {"/linux/rootfsPropagation": value})
    for command in (["mount", "--bind", made.path, made.path], ["mount", "--make-private", made.path],
                    ["mount", "--make-shared", made.path]):
        subprocess.run(command, check=True)
    try:
        found = mount_of(husk("run", "-b", made.path, unique()).out, "/")
    finally:
        subprocess.run(["umount", "-l", made.path], check=True)
    names = [tag.split(":")[0] for tag in found["tags"]]
    assert (expected in names) if expected else names == []


def test_mounts_do_not_reach_the_host(husk, bundle, running):
    name = running()
    before = read("/proc/self/mountinfo")
    husk("exec", "--cap", "CAP_SYS_ADMIN", name, "mount", "-t", "tmpfs", "x", "/tmp")
    assert read("/proc/self/mountinfo") == before


def test_tmpcopyup(husk, bundle):
    made = bundle("cat /data/f /data/d/g; stat -c '%a %u' /data/d; readlink /data/l; rm /data/f",
                  {"/mounts/-": tmpfs("tmpcopyup", "mode=755", target="/data")})
    made.file("rootfs/data/f", "one\n")
    made.file("rootfs/data/d/g", "two\n")
    os.symlink("f", made.rootfs + "/data/l")
    os.chown(made.rootfs + "/data/d", 1000, 7)
    os.chmod(made.rootfs + "/data/d", 0o751)
    assert husk("run", "-b", made.path, unique()).out.split() == ["one", "two", "751", "1000", "f"]
    assert os.path.exists(made.rootfs + "/data/f")


def test_files_and_sockets_can_be_bound(husk, bundle, work):
    made = bundle("cat /etc/resolv.conf; cat /deep/er/file; test -c /n && echo null", {
        "/mounts/-": bind(work + "/resolv", "bind", "ro", target="/etc/resolv.conf")})
    with open(work + "/resolv", "w", encoding="utf-8") as file:
        file.write("nameserver\n")
    made.write({"/mounts/-": bind(work + "/resolv", "rbind", target="/deep/er/file")})
    made.write({"/mounts/-": bind("/dev/null", "bind", target="/n")})
    assert husk("run", "-b", made.path, unique()).out.split() == ["nameserver", "nameserver", "null"]


def test_source_is_relative_to_the_bundle(husk, bundle):
    made = bundle("cat /m", {"/mounts/-": bind("data", "bind", kind="none")})
    made.file("data", "in the bundle\n")
    assert husk("run", "-b", made.path, unique()).out == "in the bundle\n"


def test_order_of_mounts_is_the_configs(husk, bundle):
    made = bundle("test -e /m/sub && echo there; grep -c ' /m' /proc/self/mounts")
    made.config["mounts"] += [tmpfs(target="/m/sub"), tmpfs(target="/m")]
    made.write()
    assert husk("run", "-b", made.path, unique()).out.split() == ["2"]
    made.config["mounts"][-2:] = [tmpfs(target="/m"), tmpfs(target="/m/sub")]
    made.write()
    assert husk("run", "-b", made.path, unique()).out.split() == ["there", "2"]


# --- ways out ---

def test_link_in_the_image_does_not_lead_out(husk, bundle, work):
    os.mkdir(work + "/victim")
    made = bundle("echo x > /m/sub/x; ls /m/sub", {"/mounts/-": tmpfs(target="/m/sub")})
    os.symlink(work + "/victim", made.rootfs + "/m")
    before = read("/proc/self/mountinfo")
    husk("run", "-b", made.path, unique(), check=False)
    assert os.listdir(work + "/victim") == []
    assert read("/proc/self/mountinfo") == before


def test_dots_in_a_target_stay_inside(husk, bundle, work):
    made = bundle(["cat", "/proc/self/mountinfo"], {"/mounts/-": tmpfs(target="/../../../../m")})
    result = husk("run", "-b", made.path, unique(), check=False)
    assert result.rc != 0 or mount_of(result.out, "/m")


def test_proc_may_not_be_covered(refused, work):
    assert "/proc" in refused("true", {"/mounts/-": bind(work, "bind", target="/proc/sys")})


def test_missing_source(refused):
    said = refused("true", {"/mounts/-": bind("/no/such/source", "bind")})
    assert "/no/such/source" in said and "no such file or directory" in said.lower()


def test_unknown_filesystem(refused):
    said = refused("true", {"/mounts/-": {"destination": "/m", "type": "nosuchfs", "source": "x"}})
    assert "no such device" in said.lower()


# --- the root ---

def test_readonly_root(inside):
    out = inside("touch /x 2>/dev/null || echo refused; touch /dev/shm/x && echo shm; grep ' / ' /proc/self/mounts",
                 {"/root/readonly": True}).split()
    assert out[:2] == ["refused", "shm"] and "ro" in out[5].split(",")


def test_the_old_root_is_gone(inside):
    out = inside("cat /proc/self/mountinfo; ls /").splitlines()
    assert [line.split()[4] for line in out if " - " in line].count("/") == 1
    assert not any(name in out for name in ("work", ".pivot", "oldroot", "put_old"))


@pytest.mark.husk
def test_without_a_mount_namespace(husk, bundle, work):
    """In a mount namespace of the test's own: what goes wrong here goes wrong for the host."""
    made = bundle("pwd; ls /", {"/linux/namespaces": without("mount"), "/mounts": [], "/linux/maskedPaths": None,
                                "/linux/readonlyPaths": None})
    husk.prefix = ["unshare", "-m", "/bin/sh", "-c",
                   f'cat /proc/self/mountinfo >{work}/before; "$@"; s=$?; '
                   f"cat /proc/self/mountinfo >{work}/after; exit $s",
                   "sh"]
    out = husk("run", "-b", made.path, unique()).out.split()
    assert out[0] == "/" and "bin" in out and "work" not in out
    assert read(work + "/after") == read(work + "/before")


# --- devices ---

def test_default_devices_and_links(inside):
    out = inside("cd /dev; for d in null zero full random urandom tty; do stat -c '%n %t %T %a %F' $d; done; "
                 "for l in fd stdin stdout stderr core ptmx; do echo $l $(readlink $l); done; echo x > null; "
                 "head -c 3 zero | od -An -tx1").splitlines()
    assert out[:6] == [f"{name} 1 {minor} 666 character special file" for name, minor in
                       (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9))] \
        + ["tty 5 0 666 character special file"]
    links = dict((line + " ").split(" ", 1) for line in out[6:12])
    links = {name: target.strip() for name, target in links.items()}
    assert (links["fd"], links["stdin"], links["stdout"], links["stderr"]) == (
        "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2")
    assert links["ptmx"] == "pts/ptmx"
    assert out[12].split() == ["00"] * 3


def test_devices_of_the_config(inside):
    devices = [{"path": "/dev/own", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
               {"path": "/dev/deep/er/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 0o600},
               {"path": "/opt/block", "type": "b", "major": 7, "minor": 99},
               {"path": "/dev/pipe", "type": "p"}]
    out = inside("stat -c '%n %a %u %g %t %T %F' /dev/own /dev/deep/er/zero /opt/block /dev/pipe",
                 {"/linux/devices": devices}).splitlines()
    assert out[0] == "/dev/own 640 5 6 1 3 character special file"
    assert out[1] == "/dev/deep/er/zero 600 0 0 1 5 character special file"
    assert re.match(r"/opt/block \d+ 0 0 7 63 block special file", out[2])
    assert out[3].endswith("fifo")


def test_devices_in_a_user_namespace_are_bound(inside):
    out = inside("stat -c '%F %t %T' /dev/null /dev/tty; echo x > /dev/null && echo works",
                 userns()).splitlines()
    assert out == ["character special file 1 3", "character special file 5 0", "works"]


def test_dev_that_the_config_binds_is_left_alone(husk, bundle, work):
    made = bundle("ls /dev | head -3", {"/mounts": [BASE["mounts"][0], bind("/dev", "rbind", target="/dev")]})
    before = sorted(os.listdir("/dev"))
    husk("run", "-b", made.path, unique())
    assert sorted(os.listdir("/dev")) == before and stat.S_ISCHR(os.stat("/dev/null").st_mode)


# --- masked and read-only paths ---

def test_masked_paths(husk, bundle):
    made = bundle("cat /secret; ls /hidden | wc -l; cat /proc/kcore | wc -c; touch /hidden/x 2>/dev/null || echo ro",
                  {"/linux/maskedPaths": ["/secret", "/hidden", "/proc/kcore", "/not/there"]})
    made.file("rootfs/secret", "secret")
    made.file("rootfs/hidden/file", "secret")
    assert husk("run", "-b", made.path, unique()).out.split() == ["0", "0", "ro"]


def test_readonly_paths(husk, bundle):
    made = bundle("echo x > /data/f || echo one; echo 1 > /proc/sys/net/ipv4/ip_forward || echo two; cat /data/f",
                  {"/linux/readonlyPaths": ["/data", "/proc/sys", "/not/there"]})
    made.file("rootfs/data/f", "kept\n")
    assert husk("run", "-b", made.path, unique()).out.split() == ["one", "two", "kept"]


def test_masked_through_a_link_in_the_image(husk, bundle, work):
    """A link in place of a masked file must not make the runtime cover a path of the host."""
    made = bundle("true", {"/linux/maskedPaths": ["/secret"], "/linux/readonlyPaths": ["/data"]})
    with open(work + "/host", "w", encoding="utf-8") as file:
        file.write("host\n")
    os.symlink(work + "/host", made.rootfs + "/secret")
    os.symlink(work, made.rootfs + "/data")
    husk("run", "-b", made.path, unique(), check=False)
    with open(work + "/host", "a", encoding="utf-8") as file:
        file.write("still writable\n")


# --- cgroup and /sys ---

def only_the_containers(pids):
    """0 would be a process of another pid namespace; the numbers of a young container are small."""
    assert "1" in pids.split() and all(0 < int(pid) < 100 for pid in pids.split())


def test_cgroup_mount_shows_only_the_own_group(inside):
    edits = {"/linux/namespaces/-": {"type": "cgroup"}}
    assert all(line.endswith(":/") for line in inside(["cat", "/proc/self/cgroup"], edits).splitlines())
    seen = inside("cd /sys/fs/cgroup; for f in . *; do [ ! -e $f/cgroup.procs ] || cat $f/cgroup.procs; done", edits)
    only_the_containers(seen)


@pytest.mark.husk
def test_cgroup_mount_is_readonly(inside):
    out = inside("cd /sys/fs/cgroup; for f in . *; do mkdir $f/x 2>/dev/null && echo $f; done; echo end")
    assert out == "end"


def test_cgroup_mount_without_a_cgroup_namespace(inside):
    out = inside("cd /sys/fs/cgroup; for f in . *; do [ ! -e $f/cgroup.procs ] || cat $f/cgroup.procs; done")
    only_the_containers(out)


def test_joined_mount_namespace(husk, bundle, work):
    """The namespace of another program, its mounts and all; the container's root is entered there."""
    os.mkdir(work + "/only")
    other = subprocess.Popen(["unshare", "-m", "/bin/sh", "-c",
                              f"mount -t tmpfs x {work}/only && echo seen > {work}/only/f && exec sleep 1000"])
    try:
        wait_for(lambda: os.path.exists(f"/proc/{other.pid}/root{work}/only/f"), "the other namespace")
        path = f"/proc/{other.pid}/ns/mnt"
        made = bundle("readlink /proc/self/ns/mnt; cat /m/f; ls /; test ! -e /work || echo host",
                      {"/linux/namespaces": namespace("mount", path),
                       "/mounts/-": bind(work + "/only", "rbind")})
        before = read("/proc/self/mountinfo")
        out = husk("run", "-b", made.path, unique()).out.split()
        assert out[:2] == [os.readlink(path), "seen"] and "bin" in out and "host" not in out
        assert read("/proc/self/mountinfo") == before
    finally:
        other.kill()
        other.wait()
