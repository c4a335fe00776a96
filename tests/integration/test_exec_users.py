# SPDX-License-Identifier: Apache-2.0
"""exec --user: numbers are numbers, names are those of the container, and its files are not trusted."""
import os
import shutil
import subprocess

import pytest

from harness import unique, userns, without

PASSWD = """root:x:0:0:root:/root:/bin/sh
1000:x:0:0:a trap:/:/bin/sh
app:x:1001:1002:app:/:/bin/sh
broken:x:-1:0::/:/bin/sh
far:x:4294967296:0::/:/bin/sh
100x:x:0:0::/:/bin/sh
"""
GROUP = """root:x:0:
1000:x:0:
wheel:x:10:root,app
app:x:1002:
more:x:20:app,other
"""


@pytest.fixture
def container(husk, bundle):
    """A container with a passwd of its own; prepare(rootfs) may change its files. Its process has groups 5 and 9."""
    def start(prepare=None, edits=None):
        made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done",
                      {"/process/user": {"uid": 3, "gid": 7, "additionalGids": [5, 9]}, **(edits or {})})
        for name, text in (("passwd", PASSWD), ("group", GROUP)):
            path = os.path.join(made.rootfs, "etc", name)
            if os.path.lexists(path):
                os.unlink(path)  # a hard link to the image's
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        if prepare:
            prepare(made.rootfs)
        name = unique()
        husk("run", "-d", "--bundle", made.path, name)
        return name

    return start


def ids(husk, name, user, *options):
    status = husk("exec", "-u", user, *options, name, "cat", "/proc/self/status").out
    rows = dict(line.split(":", 1) for line in status.splitlines())
    uids, gids = set(rows["Uid"].split()), set(rows["Gid"].split())
    assert len(uids) == 1 and len(gids) == 1
    return int(uids.pop()), int(gids.pop()), sorted(map(int, rows["Groups"].split()))


def test_numbers_change_only_themselves(husk, container):
    """As Debian's runc does: this test runs with it, too."""
    name = container()
    assert ids(husk, name, "1000") == (1000, 7, [5, 9])
    assert ids(husk, name, "1000:8") == (1000, 8, [5, 9])
    assert ids(husk, name, "0:0") == (0, 0, [5, 9])
    assert ids(husk, name, "1000", "-g", "11") == (1000, 7, [5, 9, 11])


@pytest.mark.husk
def test_names(husk, container):
    name = container()
    assert ids(husk, name, "app") == (1001, 1002, [10, 20])
    assert ids(husk, name, "app:wheel") == (1001, 10, [])
    assert ids(husk, name, "app:8") == (1001, 8, [])
    assert ids(husk, name, "1001:app") == (1001, 1002, [5, 9])
    assert ids(husk, name, "root") == (0, 0, [10])
    assert ids(husk, name, "app", "-g", "30") == (1001, 1002, [10, 20, 30])
    assert husk("exec", "-u", "4294967294", name, "true").rc == 0


@pytest.mark.husk
@pytest.mark.parametrize("user, phrase", [
    ("4294967296", "invalid user"), ("4294967295", "invalid user"), ("-1", "invalid user"), ("", "invalid user"),
    ("+1", "invalid user"), ("1000x", "invalid user"), ("100x", "invalid user"), (":0", "invalid user"),
    ("0x10", "invalid user"), ("1e3", "invalid user"), ("18446744073709551616", "invalid user"),
    ("0:", "invalid group"), ("0:-1", "invalid group"), ("0:4294967296", "invalid group"), ("0:10x", "invalid group"),
    ("app:", "invalid group"), ("0:0:0", "invalid group"), ("0:app:0", "no matching entries in group file"),
    ("nobodyy", "no matching entries in passwd file"), ("ap", "no matching entries in passwd file"),
    (" app", "no matching entries in passwd file"), ("app\n", "no matching entries in passwd file"),
    ("0:nogroup", "no matching entries in group file"), ("broken", "damaged"), ("far", "damaged"),
])
def test_refused(husk, container, user, phrase):
    name = container()
    result = husk("exec", "--user=" + user, name, "id", check=False)
    assert result.rc == 255 and phrase in result.err and result.out == "", result


def trap_host_link(etc, file):
    os.symlink("/../../../../../../../etc/" + file, os.path.join(etc, file))


def trap_fifo(etc, file):
    os.mkfifo(os.path.join(etc, file))


def trap_directory(etc, file):
    os.mkdir(os.path.join(etc, file))


def trap_device(etc, file):
    os.mknod(os.path.join(etc, file), 0o020666, os.makedev(1, 5))


def trap_zeros(etc, file):
    with open(os.path.join(etc, file), "wb") as out:
        out.truncate(1 << 40)


def trap_long_line(etc, file):
    with open(os.path.join(etc, file), "w", encoding="utf-8") as out:
        out.write("app:x:0:0:" + "x" * 70000 + "\n")


def trap_missing(etc, file):
    """Nothing is there."""


def trap_kmsg(etc, file):
    os.symlink("/proc/kmsg", os.path.join(etc, file))


def trap_magic_link(etc, file):
    os.symlink("/proc/1/root/etc/shadow", os.path.join(etc, file))


@pytest.mark.husk
@pytest.mark.parametrize("trap", [trap_host_link, trap_fifo, trap_directory, trap_device, trap_zeros, trap_long_line,
                                  trap_missing, trap_kmsg, trap_magic_link])
@pytest.mark.parametrize("file", ["passwd", "group"])
def test_traps(husk, container, trap, file):
    def prepare(rootfs):
        os.unlink(os.path.join(rootfs, "etc", file))
        trap(os.path.join(rootfs, "etc"), file)

    name = container(prepare)
    user = "app" if file == "passwd" else "0:app"
    result = husk("exec", "-u", user, name, "id", check=False, timeout=10)
    assert result.rc == 255 and result.out == "" and file in result.err, result
    # A number needs no file.
    assert ids(husk, name, "1000:8")[:2] == (1000, 8)


@pytest.mark.husk
def test_links_inside_are_followed(husk, container):
    def prepare(rootfs):
        os.mkdir(os.path.join(rootfs, "etc/real"))
        shutil.move(os.path.join(rootfs, "etc/passwd"), os.path.join(rootfs, "etc/real/passwd"))
        os.symlink("/etc/real/passwd", os.path.join(rootfs, "etc/passwd"))

    assert ids(husk, container(prepare), "app") == (1001, 1002, [10, 20])


@pytest.mark.husk
def test_names_are_the_containers_not_the_hosts(husk, container):
    name = container()
    host = subprocess.run(["getent", "passwd", "daemon"], capture_output=True, text=True, check=False)
    assert host.returncode == 0
    assert "no matching entries" in husk("exec", "-u", "daemon", name, "true", check=False).err


@pytest.mark.husk
def test_what_the_container_changed_counts(husk, container):
    name = container()
    husk("exec", "-u", "0:0", name, "sh", "-c", "echo new:x:77:78::/: >>/etc/passwd")
    assert ids(husk, name, "new") == (77, 78, [])


@pytest.mark.husk
def test_in_a_user_namespace(husk, container):
    name = container(edits={**userns(), "/process/user": {"uid": 0, "gid": 0}})
    assert ids(husk, name, "app") == (1001, 1002, [10, 20])
    name = container(edits={"/linux/namespaces": userns()["/linux/namespaces"],
                            "/linux/uidMappings": [{"containerID": 0, "hostID": 100000, "size": 10}],
                            "/linux/gidMappings": [{"containerID": 0, "hostID": 100000, "size": 10}],
                            "/process/user": {"uid": 0, "gid": 0}})
    result = husk("exec", "-u", "app", name, "id", check=False)
    assert result.rc == 255 and "user 1001 is not mapped" in result.err


@pytest.mark.husk
def test_without_a_mount_namespace_name(husk, container):
    name = container(edits={"/linux/namespaces": without("pid")})
    assert ids(husk, name, "app") == (1001, 1002, [10, 20])
