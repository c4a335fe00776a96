# SPDX-License-Identifier: Apache-2.0
"""Id-mapped mounts: who owns what inside, and who owns on the host what is made inside.

A map is (on the file system, in the mount, how many). The mount's side is seen from the host: with a user namespace
100000 is root inside. Sources are ext4 (a loop file), tmpfs and overlayfs; the last takes no map itself, its layers do.
"""
import ctypes.util
import json
import os
import re
import subprocess
import sys

import pytest

from test_fallback import ENOSYS, EPERM, LAUNCHER
from harness import BASE, HUSK, call, namespace, read, unique, userns

pytestmark = pytest.mark.husk
BASE_MOUNTS = BASE["mounts"]


def maps(*ranges):
    rows = [{"containerID": a, "hostID": b, "size": n} for a, b, n in ranges]
    return {"uidMappings": rows, "gidMappings": rows}


def bind(source, *options, target="/m", **more):
    return {"destination": target, "type": "bind", "source": source, "options": list(options), **more}


def tmpfs(*options, target="/m", **more):
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": list(options), **more}


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def owner(path):
    st = os.stat(path)
    return st.st_uid, st.st_gid


def fill(path):
    """A file of 0, one of 7 and one of 3000000 in a directory that anyone may use."""
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o777)
    for uid in (0, 7, 3000000):
        with open(os.path.join(path, f"of{uid}"), "w", encoding="utf-8"):
            pass
        os.chown(os.path.join(path, f"of{uid}"), uid, uid)
    return path


LOOK = "cd {0} && for f in of*; do stat -c '%n %u %g' $f; done"


def look(text):
    return dict((line.split()[0], tuple(map(int, line.split()[1:]))) for line in text.splitlines())


@pytest.fixture
def inside(husk, bundle):
    """The targets are in the image: root of a user namespace could not make them in what is the host's."""
    def run(args, edits=None):
        made = bundle(args, edits)
        os.makedirs(made.rootfs + "/m")
        made.file("rootfs/a")
        made.file("rootfs/b")
        return husk("run", "--bundle", made.path, unique()).out.rstrip("\n")

    return run


@pytest.fixture
def disk(work, make_runtime):
    """disk("ext4" | "tmpfs") is a new file system of that type, gone before the runtime's tests for leftovers."""
    made = []

    def make(kind):
        path = os.path.join(work, unique("disk"))
        os.makedirs(path)
        if kind == "ext4":
            image = path + ".img"
            with open(image, "wb") as file:
                file.truncate(8 << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
            mount("-o", "loop", image, path)
        else:
            mount("-t", kind, kind, path)
        made.append(path)
        return path

    yield make
    for path in reversed(made):
        subprocess.run(["umount", "-R", path], check=True)


@pytest.fixture
def overlay(work, make_runtime):
    made = []

    def make(lower):
        path = os.path.join(work, unique("ov"))
        for name in ("upper", "work", "merged"):
            os.makedirs(f"{path}/{name}")
        mount("-t", "overlay", "overlay", "-o",
              f"lowerdir={lower},upperdir={path}/upper,workdir={path}/work", f"{path}/merged")
        made.append(f"{path}/merged")
        return made[-1]

    yield make
    for path in made:
        subprocess.run(["umount", path], check=True)


# --- bind mounts ---

@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_bind_with_maps_of_its_own(inside, disk, kind):
    source = fill(disk(kind) + "/data")
    out = inside(LOOK.format("/m") + "; touch /m/new",
                 {"/mounts/-": bind(source, "bind", "idmap", **maps((0, 5000, 10), (5000, 0, 1)))})
    assert look(out) == {"of0": (5000, 5000), "of7": (5007, 5007), "of3000000": (65534, 65534)}
    assert owner(source + "/new") == (5000, 5000)


@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_bind_with_the_maps_of_the_user_namespace(inside, disk, kind):
    """Files of the host's root are root's inside, and the other way round: what idmap is for."""
    source = fill(disk(kind) + "/data")
    out = inside(LOOK.format("/m") + "; touch /m/new; chown 7:8 /m/of0",
                 userns({"/mounts/-": bind(source, "bind", "idmap")}))
    assert look(out) == {"of0": (0, 0), "of7": (7, 7), "of3000000": (65534, 65534)}
    assert owner(source + "/new") == (0, 0)
    assert owner(source + "/of0") == (7, 8)


@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_bind_with_other_maps_in_a_user_namespace(inside, disk, kind):
    source = fill(disk(kind) + "/data")
    os.chown(source, 3000000, 3000000)  # the kernel lets nobody write where the owner is unmapped
    out = inside(LOOK.format("/m") + "; touch /m/new",
                 userns({"/mounts/-": bind(source, "rbind", "idmap", **maps((3000000, 100000, 1), (7, 101234, 1)))}))
    assert look(out) == {"of0": (65534, 65534), "of7": (1234, 1234), "of3000000": (0, 0)}
    assert owner(source + "/new") == (3000000, 3000000)


def test_without_a_map_nothing_changes(inside, disk):
    """The other half of the tests above: that it is the map that makes the difference."""
    source = fill(disk("ext4") + "/data")
    assert look(inside(LOOK.format("/m"), userns({"/mounts/-": bind(source, "bind")})))["of0"] == (65534, 65534)


def test_maps_without_the_option_count(inside, disk):
    source = fill(disk("tmpfs") + "/data")
    out = inside(LOOK.format("/m"), {"/mounts/-": bind(source, "bind", **maps((0, 9, 1)))})
    assert look(out)["of0"] == (9, 9)


@pytest.mark.parametrize("option, expected", [
    ("idmap=uids=0-5000-10;gids=0-6000-10", {"of0": (5000, 6000), "of7": (5007, 6007)}),
    ("idmap=gids=7-1-1;uids=7-2-1#0-3-1", {"of0": (3, 65534), "of7": (2, 1)})])
def test_crun_option(inside, disk, option, expected):
    source = fill(disk("ext4") + "/data")
    out = look(inside(LOOK.format("/m"), {"/mounts/-": bind(source, "bind", option)}))
    assert {name: out[name] for name in expected} == expected


def test_crun_option_relative_to_the_container(inside, disk):
    source = fill(disk("ext4") + "/data")
    out = inside(LOOK.format("/m"), userns({"/mounts/-": bind(source, "bind", "idmap=uids=@0-44-1;gids=@0-45-1")}))
    assert look(out)["of0"] == (44, 45)


def test_user_namespace_joined_by_path(husk, bundle, inside, disk):
    source = fill(disk("ext4") + "/data")
    made, first = bundle("while :; do sleep 0.1; done", userns()), unique()
    husk("run", "-d", "--bundle", made.path, first)
    pid = husk.state(first)["pid"]
    edits = {"/linux/namespaces": namespace("user", f"/proc/{pid}/ns/user"), "/mounts/-": bind(source, "bind", "idmap")}
    assert look(inside(LOOK.format("/m") + "; touch /m/new", edits))["of7"] == (7, 7)
    assert owner(source + "/new") == (0, 0)
    husk("delete", "--force", first)


def test_the_source_on_the_host_stays_as_it_is(inside, disk):
    source = fill(disk("ext4") + "/data")
    inside("true", {"/mounts/-": bind(source, "bind", "idmap", **maps((0, 5000, 10)))})
    assert owner(source + "/of0") == (0, 0) and owner(source + "/of7") == (7, 7)


def test_idmap_goes_with_other_options(inside, disk):
    source = fill(disk("ext4") + "/data")
    line = inside(["grep", " /m ", "/proc/self/mountinfo"],
                  userns({"/mounts/-": bind(source, "rbind", "ro", "nosuid", "noexec", "idmap", "rprivate")}))
    assert re.search(r"/m ro,nosuid,noexec,relatime,idmapped - ext4", line), line


# --- recursion ---

def test_ridmap_is_for_all_of_the_tree_and_idmap_is_not(inside, disk):
    """Two mounts, one on the other: r, and only r, reaches the one below."""
    top = fill(disk("ext4") + "/data")
    os.makedirs(top + "/sub")
    mount("-t", "tmpfs", "tmpfs", top + "/sub")
    try:
        fill(top + "/sub")
        command = LOOK.format("/m") + "; echo --; " + LOOK.format("/m/sub")
        seen = {}
        for option in ("idmap", "ridmap"):
            out = inside(command, {"/mounts/-": bind(top, "rbind", option, **maps((0, 5000, 10)))})
            seen[option] = [look(part)["of7"] for part in out.split("--\n")]
    finally:
        subprocess.run(["umount", top + "/sub"], check=True)
    assert seen == {"idmap": [(5007, 5007), (7, 7)], "ridmap": [(5007, 5007), (5007, 5007)]}


def test_ridmap_over_a_file_system_that_refuses(refused, disk):
    top = fill(disk("ext4") + "/data")
    os.makedirs(top + "/sub")
    mount("-t", "ramfs", "ramfs", top + "/sub")
    try:
        said = refused("true", {"/mounts/-": bind(top, "rbind", "ridmap", **maps((0, 5000, 10)))})
    finally:
        subprocess.run(["umount", top + "/sub"], check=True)
    assert "the file system 'ext4' or one mounted below it does not support id-mapped mounts" in said


# --- new file systems ---

def test_new_tmpfs(inside):
    """Root of the mount is 0 on the file system; seen through the map it is 5000."""
    out = inside("stat -c '%u %g' /m; grep -c ' /m .*idmapped' /proc/self/mountinfo",
                 {"/mounts/-": tmpfs("mode=777", "idmap", **maps((0, 5000, 10)))})
    assert out == "5000 5000\n1"


def test_new_tmpfs_in_a_user_namespace(inside):
    """Its ids are the container's from the start; a map moves them: 0 on it is 7 inside, and 1 is root."""
    out = inside("stat -c '%u %g' /m; touch /m/new; stat -c '%u %g' /m/new; grep -c ' /m .*idmapped' /proc/self/mountinfo",
                 userns({"/mounts/-": tmpfs("mode=777", "idmap", **maps((0, 100007, 1), (1, 100000, 1)))}))
    assert out == "7 7\n0 0\n1"


def test_new_tmpfs_with_the_maps_of_the_user_namespace(inside):
    out = inside("touch /m/new; stat -c '%u %g' /m /m/new; grep -c ' /m .*idmapped' /proc/self/mountinfo",
                 userns({"/mounts/-": tmpfs("idmap")}))
    assert out == "0 0\n0 0\n1"


def test_new_ext4(husk, bundle, disk):
    """A block device mounted by the runtime itself; what is made inside is found with its real owner afterwards."""
    path = disk("ext4")
    device = [line.split()[0] for line in read("/proc/self/mounts").splitlines() if line.split()[1] == path][0]
    os.chmod(path, 0o777)
    made = bundle("touch /m/new; stat -c '%u %g' /m/new", {"/mounts/-": {
        "destination": "/m", "type": "ext4", "source": device, "options": ["idmap"], **maps((77, 0, 1), (0, 1, 1))}})
    assert husk("run", "--bundle", made.path, unique()).out == "0 0\n"
    assert owner(path + "/new") == (77, 77)


# --- overlayfs: takes no map itself, but its layers may have one ---

def test_overlay_is_refused_by_name(refused, overlay, disk):
    merged = overlay(fill(disk("ext4") + "/data"))
    said = refused("true", {"/mounts/-": bind(merged, "bind", "idmap", **maps((0, 5000, 10)))})
    assert f"cannot id-map '{merged}': the file system 'overlay' does not support id-mapped mounts" in said


def test_overlay_on_layers_that_are_mapped(husk, bundle, disk):
    top = disk("ext4")
    lower = fill(top + "/lower")
    for name in ("upper", "work"):
        os.makedirs(f"{top}/rw/{name}")
    os.chmod(top + "/rw/upper", 0o777)
    made = bundle(LOOK.format("/m") + "; touch /m/new; stat -c '%u %g' /m/new")
    root = made.rootfs
    entry = {"destination": "/m", "type": "overlay", "source": "overlay",
             "options": [f"lowerdir={root}/lower", f"upperdir={root}/rw/upper", f"workdir={root}/rw/work"]}
    made.config["mounts"] += [bind(lower, "bind", "idmap", target="/lower", **maps((0, 0, 7), (7, 5007, 1))),
                              bind(top + "/rw", "bind", "idmap", target="/rw", **maps((0, 1, 1), (33, 0, 1))), entry]
    made.write()
    *rows, new = husk("run", "--bundle", made.path, unique()).out.splitlines()
    assert look("\n".join(rows)) == {"of0": (0, 0), "of7": (5007, 5007), "of3000000": (65534, 65534)}
    assert new == "0 0"
    assert owner(top + "/rw/upper/new") == (33, 33)


# --- what cannot be ---

@pytest.mark.parametrize("kind", ["ramfs", "mqueue", "devpts"])
def test_new_file_systems_that_refuse(refused, kind):
    said = refused("true", {"/mounts/-": {"destination": "/m", "type": kind, "source": kind, "options": ["idmap"],
                                          **maps((0, 5000, 10))}})
    assert f"cannot id-map '/m': the file system '{kind}' does not support id-mapped mounts" in said


def test_source_that_refuses(refused):
    said = refused("true", {"/mounts/-": bind("/proc/sys", "bind", "idmap", **maps((0, 5000, 10)))})
    assert "cannot id-map '/proc/sys': the file system 'proc' does not support id-mapped mounts" in said


def test_source_that_is_mapped_already(husk, bundle, disk, refused):
    """A container shows its id-mapped mount to the host through /proc/PID/root; it cannot be mapped once more."""
    source = fill(disk("ext4") + "/data")
    made, name = bundle("while :; do sleep 0.1; done",
                        {"/mounts/-": bind(source, "bind", "idmap", **maps((0, 5000, 10)))}), unique()
    husk("run", "-d", "--bundle", made.path, name)
    path = f"/proc/{husk.state(name)['pid']}/root/m"
    other = bundle("true", {"/mounts/-": bind(path, "bind", "idmap", **maps((0, 6000, 10)))})
    result = husk("run", "--bundle", other.path, unique(), check=False)
    assert result.rc != 0 and ("it is id-mapped already" in result.err or "open_tree" in result.err), repr(result)
    husk("delete", "--force", name)


def test_no_mapping_at_all(refused, work):
    assert "there is no mapping: the mount has no uidMappings and gidMappings" in \
        refused("true", {"/mounts/-": bind(work, "bind", "idmap")})


def test_overlapping_ranges(refused, work):
    said = refused("true", {"/mounts/-": bind(work, "bind", "idmap", **maps((0, 1, 5), (3, 100, 5)))})
    assert "cannot make a user namespace with these ID mappings: uid_map: invalid argument" in said


@pytest.mark.parametrize("number", [ENOSYS, EPERM])
def test_kernel_without_mount_setattr(husk, bundle, work, number):
    """An old kernel, or a filter around us: for bind mounts and for new file systems."""
    if not ctypes.util.find_library("seccomp"):
        pytest.skip("libseccomp is not installed")
    with open(work + "/launcher.py", "w", encoding="utf-8") as file:
        file.write(LAUNCHER)
    husk.prefix = [sys.executable, "-S", work + "/launcher.py", str(number), "mount_setattr"]
    for entry in (bind(work, "bind", "idmap", **maps((0, 5, 1))), tmpfs("idmap", **maps((0, 5, 1)))):
        made = bundle("true", {"/mounts/-": entry})
        result = husk("run", "--bundle", made.path, unique(), check=False)
        assert result.rc != 0 and "id-mapped mounts need mount_setattr (Linux 5.12)" in result.err, repr(result)
    assert husk.names() == []


def test_long_option_of_a_mapped_file_system(refused):
    """Such an option needs mount(2), which cannot id-map; it is not done without."""
    for option in ("x=" + "y" * 300, "iversion"):
        assert "idmap and recursive options cannot be had by mount(2)" in refused(
            "true", {"/mounts/-": tmpfs("idmap", option, **maps((0, 5, 1)))})


def test_many_mounts_share_a_namespace(inside, work):
    """Forty mounts with the same maps: one namespace, and no descriptor of it reaches the program."""
    fill(work + "/data")
    config = [bind(work + "/data", "bind", "idmap", target=f"/m{i}", **maps((0, 5000, 10))) for i in range(40)]
    out = inside("ls /proc/self/fd; stat -c %u /m39/of0", {"/mounts": BASE_MOUNTS + config})
    assert out.split() == ["0", "1", "2", "3", "5000"]  # 3 is ls's own


def test_features():
    """Engines ask before they use it."""
    features = json.loads(call([HUSK, "features"]).out)
    assert features["linux"]["mountExtensions"]["idmap"]["enabled"] is True
    assert {"idmap", "ridmap", "copy-symlink"} <= set(features["mountOptions"])


# --- links as sources ---

@pytest.mark.parametrize("edits", [{}, userns()], ids=["plain", "userns"])
def test_copy_symlink(inside, work, edits):
    """The link is made anew, where it leads does not matter; a source that is none is mounted as ever."""
    os.symlink("no/where", work + "/link")
    os.makedirs(work + "/data/x")
    out = inside("readlink /dev/copied; readlink /dev/new/dir/copied; ls /m",
                 {**edits, "/mounts": BASE_MOUNTS + [bind(work + "/link", "bind", "copy-symlink", target="/dev/copied"),
                                                     bind(work + "/link", "bind", "copy-symlink", target="/dev/new/dir/copied"),
                                                     bind(work + "/data", "bind", "copy-symlink")]})
    assert out.split() == ["no/where", "no/where", "x"]


def test_copy_symlink_where_something_else_is(refused, inside, work):
    os.symlink("target", work + "/link")
    entry = bind(work + "/link", "bind", "copy-symlink", target="/etc/passwd")
    assert "(what is there is not this link)" in refused("true", {"/mounts/-": entry})
    again = [bind(work + "/link", "bind", "copy-symlink", target="/etc/same") for _ in range(2)]
    assert inside("readlink /etc/same", {"/mounts": BASE_MOUNTS + again}) == "target"


def test_copy_symlink_stays_inside(husk, bundle, work):
    """A link in the image does not lead the new link out of it."""
    os.symlink("target", work + "/link")
    os.makedirs(work + "/outside")
    made = bundle("true", {"/mounts/-": bind(work + "/link", "bind", "copy-symlink", target="/esc/new")})
    os.symlink(work + "/outside", made.rootfs + "/esc")
    husk("run", "--bundle", made.path, unique())
    assert os.listdir(work + "/outside") == []


@pytest.mark.parametrize("edits", [{}, userns()], ids=["plain", "userns"])
def test_src_nofollow_mounts_the_link_itself(inside, work, edits):
    """What shows at the target is a link; without the option it would be the file behind it."""
    os.chmod(work, 0o755)
    with open(work + "/secret", "w", encoding="utf-8") as file:
        file.write("secret")
    os.symlink(work + "/secret", work + "/link")
    mounts = [bind(work + "/link", "bind", "src-nofollow", target="/a"), bind(work + "/link", "bind", target="/b")]
    out = inside("stat -c %F /a; cat /b", {**edits, "/mounts": BASE_MOUNTS + mounts})
    assert out == "symbolic link\nsecret"


def test_dest_nofollow_mounts_on_the_link(husk, bundle, work):
    """Without the option the mount goes where the link leads, with it over the link."""
    with open(work + "/file", "w", encoding="utf-8") as file:
        file.write("mounted")
    seen = {}
    for option in ("bind", "dest-nofollow"):
        made = bundle("cat /etc/behind; echo; cat /link 2>/dev/null",
                      {"/mounts/-": bind(work + "/file", "bind", option, target="/link")})
        os.symlink("/etc/behind", made.rootfs + "/link")
        made.file("rootfs/etc/behind", "image")
        seen[option] = husk("run", "--bundle", made.path, unique(), check=False).out.splitlines()
    assert seen["bind"] == ["mounted", "mounted"]
    assert seen["dest-nofollow"] == ["image", "mounted"]
