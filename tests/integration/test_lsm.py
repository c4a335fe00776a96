# SPDX-License-Identifier: Apache-2.0
"""AppArmor and SELinux where there is neither, and that their writes cannot be led astray.

That a profile or a context is enforced is tested in virtual machines with such kernels. Here husk is made to believe
in AppArmor by a file that says so, in a mount namespace of its own; the write then goes the way it always goes, and
the kernel, which knows better, refuses it with EINVAL. Where it went is seen by strace.
"""
import json
import os
import re
import shutil

import pytest

from harness import BASE, HUSK, call, unique, userns

pytestmark = pytest.mark.husk
ENABLED = "/sys/module/apparmor/parameters/enabled"
BELIEVE = ("mount -t tmpfs none /sys/module && mkdir -p /sys/module/apparmor/parameters && echo Y >" + ENABLED +
           " && exec \"$@\"")
CONTEXT = "system_u:system_r:container_t:s0:c1,c2"
no_apparmor = pytest.mark.skipif(os.path.exists(ENABLED), reason="AppArmor is enabled here")
no_selinux = pytest.mark.skipif(os.path.exists("/sys/fs/selinux"), reason="SELinux is enabled here")


# --- a label that nobody would enforce ---

@no_apparmor
def test_profile_without_apparmor(refused):
    assert ("/process/apparmorProfile: cannot confine the process to 'strict': AppArmor is not enabled on this host"
            in refused("true", {"/process/apparmorProfile": "strict"}))


@no_selinux
def test_label_without_selinux(refused):
    assert (f"/process/selinuxLabel: cannot confine the process to '{CONTEXT}': SELinux is not enabled on this host"
            in refused("true", {"/process/selinuxLabel": CONTEXT}))


@no_apparmor
@pytest.mark.parametrize("profile", ["unconfined", ""])
def test_unconfined_is_what_a_process_is(inside, profile):
    assert inside("echo ran", {"/process/apparmorProfile": profile}) == "ran"


@no_selinux
def test_mount_label_without_selinux(husk, bundle):
    made = bundle("echo ran; grep -c context= /proc/self/mountinfo",
                  {"/linux/mountLabel": "system_u:object_r:container_file_t:s0:c1,c2"})
    result = husk("run", "--bundle", made.path, unique(), rc=1)  # grep's
    assert result.out == "ran\n0\n"
    assert "linux.mountLabel: SELinux is not enabled on this host, ignoring" in result.err


@no_apparmor
@no_selinux
def test_exec(husk, running):
    name = running()
    for option, label, module in (("--apparmor", "strict", "AppArmor"), ("--process-label", CONTEXT, "SELinux")):
        result = husk("exec", option, label, name, "true", check=False)
        assert result.rc != 0
        assert f"cannot confine the process to '{label}': {module} is not enabled on this host" in result.err
    assert husk("exec", "--apparmor", "unconfined", name, "echo", "ran").out == "ran\n"


@no_apparmor
def test_nothing_is_made(husk, bundle):
    """`create` leaves no state; `plan` says the same, though it makes nothing anyway."""
    made = bundle("true", {"/process/apparmorProfile": "strict"})
    for verb in (["create", "--bundle", made.path, "x"], ["plan", "--bundle", made.path]):
        result = husk(*verb, check=False)
        assert result.rc != 0 and "AppArmor is not enabled" in result.err, repr(result)
    assert husk.names() == []


def test_features():
    linux = json.loads(call([HUSK, "features"]).out)["linux"]
    assert linux["apparmor"] == {"enabled": True} and linux["selinux"] == {"enabled": True}


# --- where the label is written ---

@pytest.fixture
def believing(make_runtime, work):
    """A runtime that thinks AppArmor is enabled, under strace; the trace is read with writes()."""
    if os.path.exists(ENABLED) or not shutil.which("strace"):
        pytest.skip("needs a kernel without AppArmor, and strace")
    trace = work + "/trace"
    runtime = make_runtime(name="b", prefix=[
        "unshare", "-m", "--propagation", "slave", "sh", "-c", BELIEVE, "sh",
        "strace", "-f", "-y", "-s", "256", "-e", "trace=write,execve,execveat,prctl,seccomp", "-o", trace])

    def writes():
        with open(trace, encoding="utf-8", errors="replace") as file:
            text = file.read()
        return re.findall(r"write\(\d+<([^>]*)>, \"(exec [^\"]*)\"", text), text

    runtime.writes = writes
    return runtime


def assert_refused_by_the_kernel(result, writes, profile):
    """The one write went to the real file of a process, and the kernel said that it knows no such thing."""
    assert result.rc != 0, repr(result)
    assert f"cannot confine the process to '{profile}': write attr/exec: invalid argument" in result.err
    found, text = writes()
    assert len(found) == 1 and found[0][1] == f"exec {profile}", text[-2000:]
    # without "/proc" once the mount is out of sight, behind the new root
    assert re.fullmatch(r"(/proc)?/\d+/attr/(apparmor/)?exec", found[0][0]), found


def fake_proc(root):
    """What an attacker would like the runtime to write to."""
    files = []
    for process in ("self", "thread-self", "1"):
        for name in ("attr/exec", "attr/current", "attr/apparmor/exec"):
            path = os.path.join(root, process, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write("")
            os.chmod(path, 0o666)
            files.append(path)
    return files


@pytest.mark.parametrize("edits", [{}, userns({"/mounts": BASE["mounts"][:5]})], ids=["plain", "userns"])
def test_written_to_the_own_file(believing, bundle, edits):
    """Also from a user namespace (without sysfs, of which a part is covered here)."""
    made = bundle("echo ran", {**edits, "/process/apparmorProfile": "husk//a b"})
    result = believing("run", "--bundle", made.path, unique(), check=False)
    assert_refused_by_the_kernel(result, believing.writes, "husk//a b")
    assert "ran" not in result.out


def test_before_no_new_privileges_and_the_filter(believing, bundle):
    """Either could forbid it; and the failure must come before the container counts as created."""
    made = bundle("true", {"/process/apparmorProfile": "p", "/linux/seccomp": {
        "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["write"], "action": "SCMP_ACT_ERRNO"}]}})
    result = believing("create", "--bundle", made.path, unique(), check=False)
    assert_refused_by_the_kernel(result, believing.writes, "p")
    lines = believing.writes()[1].splitlines()
    writer = [line.split()[0] for line in lines if '"exec p"' in line]
    calls = [line.split(None, 1)[1] for line in lines if line.split()[0] in writer]
    assert any(line.startswith("write(") for line in calls)
    assert [line for line in calls if "NO_NEW_PRIVS" in line or line.startswith("seccomp(")] == []
    assert believing.names() == []


def test_image_without_a_procfs(believing, bundle):
    """CVE-2019-16884, CVE-2019-19921: the image's own /proc is full of files, and nothing is mounted there."""
    made = bundle("true", {"/process/apparmorProfile": "p", "/mounts": [], "/linux/maskedPaths": [],
                           "/linux/readonlyPaths": []})
    files = fake_proc(made.rootfs + "/proc")
    result = believing("run", "--bundle", made.path, unique(), check=False)
    assert_refused_by_the_kernel(result, believing.writes, "p")
    assert [path for path in files if os.path.getsize(path)] == []


def test_volume_over_proc(believing, bundle, work):
    """A volume with a fake tree is no procfs, and is refused as a mount on /proc or below it."""
    files = fake_proc(work + "/volume")
    for target in ("/proc", "/proc/self", "/proc/1/attr", "/foo/../proc/self/attr/exec"):
        made = bundle("true", {"/process/apparmorProfile": "p", "/mounts/-": {
            "destination": target, "type": "bind", "source": work + "/volume", "options": ["rbind"]}})
        result = believing("run", "--bundle", made.path, unique(), check=False)
        assert result.rc != 0 and "cannot be mounted because it is" in result.err, repr(result)
    assert [path for path in files if os.path.getsize(path)] == []


def test_volume_that_is_the_way_to_proc(believing, bundle, work):
    """CVE-2023-27561: /proc of the image is a link into a volume. Then there is no container."""
    files = fake_proc(work + "/volume")
    made = bundle("true", {"/process/apparmorProfile": "p", "/mounts/-": {
        "destination": "/vol", "type": "bind", "source": work + "/volume", "options": ["rbind"]}})
    shutil.rmtree(made.rootfs + "/proc")
    os.symlink("/vol", made.rootfs + "/proc")
    result = believing("run", "--bundle", made.path, unique(), check=False)
    assert result.rc != 0 and "cannot mount 'proc' on '/proc'" in result.err, repr(result)
    assert [path for path in files if os.path.getsize(path)] == []


def test_exec_into_a_container_with_a_fake_proc(husk, believing, bundle):
    """CVE-2015-1334, CVE-2025-52881: what is mounted in the container is not what exec writes to."""
    made = bundle("while :; do sleep 0.1; done", {"/mounts": [], "/linux/maskedPaths": [], "/linux/readonlyPaths": []})
    files = fake_proc(made.rootfs + "/proc")
    name = unique()
    husk("run", "-d", "--bundle", made.path, name)
    believing.root = husk.root
    result = believing("exec", "--apparmor", "p", name, "true", check=False)
    assert_refused_by_the_kernel(result, believing.writes, "p")
    assert [path for path in files if os.path.getsize(path)] == []
    husk("delete", "--force", name)
