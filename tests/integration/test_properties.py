# SPDX-License-Identifier: Apache-2.0
"""Properties of config.json, and mount options, that have no better place: tests/data/spec-rows.tsv names them."""
import os
import re
import subprocess

import pytest

from harness import BASE, HUSK, call, namespace, read, unique
from test_mounts import bind, mount_of, tmpfs

pytestmark = pytest.mark.husk
# Of a source that has nothing, and of one that has everything.
SET = {"rro": "ro", "rnosuid": "nosuid", "rnodev": "nodev", "rnoexec": "noexec", "rnodiratime": "nodiratime",
       "rnosymfollow": "nosymfollow", "rrelatime": "relatime", "rnoatime": "noatime"}
CLEARED = {"rrw": "ro", "rsuid": "nosuid", "rdev": "nodev", "rexec": "noexec", "rdiratime": "nodiratime",
           "rsymfollow": "nosymfollow", "ratime": "noatime", "rstrictatime": "noatime"}
UNSEEN = ["rnorelatime", "rnostrictatime"]  # what they take away is what is anyway
PLAIN = ["defaults", "ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "nodiratime", "diratime",
         "nosymfollow", "symfollow", "relatime", "norelatime", "noatime", "atime", "strictatime", "nostrictatime",
         "sync", "async", "mand", "nomand", "iversion", "noiversion", "lazytime", "nolazytime", "silent", "loud",
         "dirsync", "tmpcopyup"]
PROPAGATION = {"private": [], "rprivate": [], "slave": ["master"], "rslave": ["master"], "shared": ["shared"],
               "rshared": ["shared"], "unbindable": ["unbindable"], "runbindable": ["unbindable"]}


@pytest.fixture
def tree(work, make_runtime):
    """tree(options) is a mounted directory with a mounted directory in it."""
    made = []

    def make(options, shared=False, readonly=False):
        path = os.path.join(work, unique("tree"))
        for place in (path, path + "/sub"):
            os.mkdir(place)
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tree", place], check=True)
            made.append(place)
        for place in (path, path + "/sub") if readonly else ():
            subprocess.run(["mount", "-o", "remount,bind,ro," + options, place], check=True)
        subprocess.run(["mount", "--make-rshared" if shared else "--make-rprivate", path], check=True)
        return path

    yield make
    for place in reversed(made):
        subprocess.run(["umount", place], check=True)


# --- the document

@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-rc1", "1.0.2-dev", "1.1.0", "1.2.1", "1.3.0", "1.0.0+build"])
def test_oci_version(husk, bundle, version):
    made = bundle("true", {"/ociVersion": version})
    name = unique()
    husk("create", "--bundle", made.path, name)
    assert husk.state(name)["ociVersion"] == version
    husk("delete", "--force", name)


@pytest.mark.parametrize("version", ["2.0.0", "0.9.0", "1", "1.0", "", "v1.0.0", "1.0.0.0"])
def test_oci_version_that_is_none(refused, version):
    assert "/ociVersion: " in refused("true", {"/ociVersion": version})


@pytest.mark.parametrize("how", ["relative", "deep", "absolute"])
def test_root_path(husk, bundle, how):
    made = bundle("cat /here")
    made.file("rootfs/here", "this one\n")
    if how == "deep":
        os.mkdir(made.path + "/a")
        os.rename(made.rootfs, made.path + "/a/b")
    made.write({"/root/path": {"relative": "rootfs", "deep": "a/./b", "absolute": made.rootfs}[how]})
    assert husk("run", "--bundle", made.path, unique(), cwd="/").out == "this one\n"


def test_what_is_for_other_platforms(husk, bundle):
    """Sections of other platforms are checked as JSON and change nothing; so do the two names of Windows."""
    made = bundle("id -un; echo $0", {
        "/process/commandLine": "C:\\evil.exe", "/process/user/username": "app",
        "/windows": {"layerFolders": ["C:\\x"], "servicing": True, "resources": {"memory": {"limit": 1}}},
        "/solaris": {"limitpriv": "none", "cappedMemory": {"physical": "1", "swap": "1"}},
        "/vm": {"kernel": {"path": "/no/such/kernel"}}, "/zos": {"namespaces": [{"type": "pid"}]},
        "/freebsd": {"jail": {"host": "new"}}})
    assert husk("run", "--bundle", made.path, unique()).out.split() == ["root", "/bin/sh"]
    said = husk("validate", made.path, check=False).said
    for name in ("windows", "solaris", "vm", "zos", "freebsd", "process/commandLine", "process/user/username"):
        assert f"/{name}: is for another platform" in said, said


# --- linux

def test_time_offsets_of_both_clocks(inside):
    out = inside(["cat", "/proc/self/timens_offsets"], {
        "/linux/namespaces": namespace("time"),
        "/linux/timeOffsets": {"boottime": {"secs": 5, "nanosecs": 6},
                               "monotonic": {"secs": 86400, "nanosecs": 999999999}}})
    assert out.split() == ["monotonic", "86400", "999999999", "boottime", "5", "6"]


def test_unbuffered_device(inside):
    """u is a character device, too."""
    out = inside("stat -c '%a %u %g %t %T %F' /dev/own", {"/linux/devices": [
        {"path": "/dev/own", "type": "u", "major": 1, "minor": 5, "fileMode": 0o604, "uid": 3, "gid": 4}]})
    assert out == "604 3 4 1 5 character special file"


@pytest.mark.parametrize("changed", ["uid", "gid"])
def test_mappings_are_those_of_each_kind(inside, changed):
    maps = {kind: [{"containerID": 0, "hostID": 100000, "size": 1000}] for kind in ("uid", "gid")}
    maps[changed] = [{"containerID": 0, "hostID": 100000, "size": 7}, {"containerID": 7, "hostID": 300000, "size": 11}]
    out = inside("cat /proc/self/uid_map; echo; cat /proc/self/gid_map", {
        "/linux/namespaces": namespace("user"), **{f"/linux/{kind}Mappings": maps[kind] for kind in maps}})
    want = {kind: [[entry[key] for key in ("containerID", "hostID", "size")] for entry in maps[kind]] for kind in maps}
    seen = [[list(map(int, line.split())) for line in part.strip().splitlines()] for part in out.split("\n\n")]
    assert seen == [want["uid"], want["gid"]]


# --- mount options

def test_options_of_features_are_those_of_the_rows():
    """What `features` lists is what is tested here and in test_idmap.py."""
    listed = set(call([HUSK, "features"]).json["mountOptions"])
    assert listed == {*SET, *CLEARED, *UNSEEN, *PLAIN, *PROPAGATION, "bind", "rbind", "remount", "copy-symlink",
                      "src-nofollow", "dest-nofollow", "idmap", "ridmap"}


@pytest.mark.parametrize("option", PLAIN)
def test_plain_option(inside, option):
    """Each is taken for a new file system, is no data for it, and does what it says where that can be seen."""
    found = mount_of(inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": tmpfs(option, "size=1m")}), "/m")
    assert found
    shown = found["options"] + found["super"]
    if option in ("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "relatime", "noatime", "sync",
                  "dirsync", "lazytime"):
        assert option in shown
    opposite = {"suid": "nosuid", "dev": "nodev", "exec": "noexec", "diratime": "nodiratime",
                "symfollow": "nosymfollow", "atime": "noatime", "async": "sync", "nolazytime": "lazytime", "rw": "ro",
                "strictatime": "relatime"}
    if option in opposite:
        assert opposite[option] not in shown
        # and the later of two wins
        both = mount_of(inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": tmpfs(opposite[option], option)}), "/m")
        assert opposite[option] not in both["options"] + both["super"]


@pytest.mark.parametrize("option", [*SET, *CLEARED, *UNSEEN])
def test_recursive_option(inside, tree, option):
    """The mount and what is below it; without the r only the mount itself."""
    flag = SET.get(option) or CLEARED.get(option)
    every = "nosuid,nodev,noexec,nodiratime,nosymfollow,noatime"
    source = tree(every if option in CLEARED else "strictatime", readonly=option == "rrw")
    out = inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": bind(source, "rbind", option)})
    found = [mount_of(out, place)["options"] for place in ("/m", "/m/sub")]
    if flag:
        assert [flag in options for options in found] == [option in SET] * 2, found
    else:
        assert [("noatime" in options) for options in found] == [False] * 2, found
    out = inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": bind(source, "rbind", option[1:])})
    plain = mount_of(out, "/m/sub")
    assert not flag or (flag in plain["options"]) == (option in CLEARED), "without r it reached what is below"


@pytest.mark.parametrize("option", PROPAGATION)
def test_propagation_of_a_mount(inside, tree, option):
    """Of a source that is shared, and of what is mounted below it when the option says so."""
    source = tree("mode=755", shared=True)
    out = inside(["cat", "/proc/self/mountinfo"], {"/mounts/-": bind(source, "rbind", option)})
    tags = [[tag.split(":")[0] for tag in mount_of(out, place)["tags"] if ":" in tag or tag == "unbindable"]
            for place in ("/m", "/m/sub")]
    # A shared mount is in a new group, whose master is the host's.
    want = sorted(PROPAGATION[option] + (["master"] if "shared" in option else []))
    assert sorted(tags[0]) == want, tags
    assert (sorted(tags[1]) == want) == (option.startswith("r") or "slave" in option), tags


def test_remount(inside):
    """`remount` changes what is mounted there already."""
    mounts = BASE["mounts"] + [tmpfs("rw", "size=1m"), {"destination": "/m", "type": "tmpfs", "source": "tmpfs",
                                                        "options": ["remount", "ro", "nosuid"]}]
    lines = inside(["cat", "/proc/self/mountinfo"], {"/mounts": mounts}).splitlines()
    found = [line for line in lines if line.split()[4] == "/m"]
    assert len(found) == 1 and {"ro", "nosuid"} <= set(re.split("[ ,]", found[0])), found
    assert read("/proc/self/mountinfo").count(" /m ") == 0
