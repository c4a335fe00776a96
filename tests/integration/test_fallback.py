# SPDX-License-Identifier: Apache-2.0
"""A container in a container: an outer seccomp filter refuses newer system calls, and everything works as without.

The filter is made by libseccomp through ctypes in a small launcher that becomes the runtime.
"""
import ctypes.util
import os
import sys

import pytest

from harness import call, unique, userns, wait_for

pytestmark = pytest.mark.husk
LAUNCHER = r"""
import ctypes, ctypes.util, os, sys
number, names, argv = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
lib = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
lib.seccomp_load.argtypes = [ctypes.c_void_p]
lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
context = lib.seccomp_init(0x7fff0000)
lib.seccomp_attr_set(context, 3, 0)  # SCMP_FLTATR_CTL_NNP: root needs no no_new_privs, and it would be inherited
for name in names:
    call = lib.seccomp_syscall_resolve_name(name.encode())
    if call == -1:
        sys.exit("no system call " + name)
    if lib.seccomp_rule_add(context, 0x00050000 | number, call, 0):
        sys.exit("no rule for " + name)
if lib.seccomp_load(context):
    sys.exit("the filter was not taken")
os.execv(argv[0], argv)
"""
ENOSYS, EPERM = 38, 1
NEW_MOUNTS = "fsopen,fsconfig,fsmount"
OLDER = "close_range,faccessat2,mount_setattr,openat2,clone3"
FILTERS = [pytest.param(number, names, id=f"{names.replace(',', '+')}-{word}")
           for number, word in ((ENOSYS, "ENOSYS"), (EPERM, "EPERM"))
           for names in ("openat2", "clone3", "openat2,clone3", "close_range", "mount_setattr", OLDER)]
# Where mount(2) is not refused too, the newer calls are unknown, not forbidden.
FILTERS += [pytest.param(ENOSYS, NEW_MOUNTS, id="new mounts-ENOSYS"),
            pytest.param(ENOSYS, OLDER + "," + NEW_MOUNTS, id="all-ENOSYS")]


@pytest.fixture
def filtered(husk, work):
    """Puts the runtime behind a filter."""
    if not ctypes.util.find_library("seccomp"):
        pytest.skip("libseccomp is not installed")

    def behind(number, names):
        with open(work + "/launcher.py", "w", encoding="utf-8") as file:
            file.write(LAUNCHER)
        husk.prefix = [sys.executable, "-S", work + "/launcher.py", str(number), names]
        return husk

    return behind


def test_the_filter_refuses(filtered, work):
    """The launcher does what it says: openat2 gives the number asked for."""
    husk = filtered(ENOSYS, "openat2")
    program = ("import ctypes; lib = ctypes.CDLL(None, use_errno=True); "
               "print(lib.syscall(437, -100, b'/', 0, 0), ctypes.get_errno())")
    out = call([*husk.prefix, sys.executable, "-c", program]).out.split()
    assert out == ["-1", str(ENOSYS)] or os.uname().machine not in ("x86_64", "aarch64", "riscv64")


@pytest.mark.parametrize("number, names", FILTERS)
def test_everything_works_behind_it(filtered, bundle, work, number, names):
    husk = filtered(number, names)
    os.mkdir(work + "/src")
    made = bundle("touch /m/x || echo ro; hostname; test -c /dev/null && echo dev; cat /secret | wc -c; "
                  "ls /hidden | wc -l; exec 3</proc/self/cgroup; trap 'exit 5' TERM; echo up; "
                  "while :; do sleep 0.05; done",
                  {"/mounts/-": {"destination": "/m", "type": "bind", "source": work + "/src",
                                 "options": ["rbind", "ro", "nosuid"]},
                   "/linux/maskedPaths": ["/secret", "/hidden"], "/root/readonly": True,
                   "/linux/namespaces/-": {"type": "cgroup"}})
    made.file("rootfs/hidden/f", "x")
    made.file("rootfs/secret", "x")
    name = unique()
    with open(work + "/out", "wb") as out:
        assert husk.popen("create", "-b", made.path, name, stdout=out, stderr=out).wait(30) == 0, open(
            work + "/out", encoding="utf-8").read()
    husk("start", name)
    wait_for(lambda: "up" in open(work + "/out", encoding="utf-8").read(), "the container")
    assert husk.status(name) == "running"
    result = husk("exec", name, "sh", "-c", "id -u; exit 4", check=False)
    assert (result.rc, result.out) == (4, "0\n"), result
    husk("kill", name, "TERM")
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    husk("delete", name)
    lines = [line for line in open(work + "/out", encoding="utf-8").read().splitlines() if "touch" not in line]
    assert lines == ["ro", "box", "dev", "0", "0", "up"]


@pytest.mark.parametrize("number", [ENOSYS, EPERM])
def test_user_namespace_behind_it(filtered, bundle, number):
    husk = filtered(number, "openat2,clone3")
    made = bundle("id -u; cat /proc/self/uid_map; hostname", userns())
    assert husk("run", "-b", made.path, unique()).out.split() == ["0", "0", "100000", "65536", "box"]


@pytest.mark.parametrize("number", [ENOSYS, EPERM])
def test_a_link_still_leads_nowhere(filtered, bundle, work, number):
    """The fallback of openat2 is as strict: a link in the image does not lead out of it."""
    husk = filtered(number, "openat2")
    os.mkdir(work + "/victim")
    made = bundle("echo x > /m/sub/x", {"/mounts/-": {"destination": "/m/sub", "type": "tmpfs", "source": "tmpfs"}})
    os.symlink(work + "/victim", made.rootfs + "/m")
    husk("run", "-b", made.path, unique(), check=False)
    assert os.listdir(work + "/victim") == []
