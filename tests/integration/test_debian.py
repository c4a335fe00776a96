# SPDX-License-Identifier: Apache-2.0
"""A whole distribution inside: a Debian root by mmdebstrap (minbase), with glibc, apt, perl and bash."""
import os
import re
import subprocess
import time

import pytest

from harness import Bundle, unique
from test_pty import Terminal

CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETPCAP"]


@pytest.fixture
def system(work, debian, husk):
    """system(command, edits) runs it in a Debian whose root is an overlay: the cached tree stays as it is."""
    mounted = []

    def bundle(args, edits=None):
        made = Bundle(os.path.join(work, unique("b")), None, args, {
            "/process/capabilities": {kind: CAPS for kind in ("bounding", "effective", "permitted")},
            "/process/noNewPrivileges": False, "/process/args/0": "/bin/bash", **(edits or {})})
        for name in ("up", "tmp", "rootfs"):
            os.mkdir(os.path.join(made.path, name))
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={debian},upperdir={made.path}/up,"
                        f"workdir={made.path}/tmp", made.rootfs], check=True)
        mounted.append(made.rootfs)
        return made

    yield bundle
    for path in mounted:
        subprocess.run(["umount", path], check=True)


def test_programs(husk, system):
    made = system("cat /etc/debian_version; apt --version; id; perl -e 'print 6*7, \"\\n\"'; bash --version | head -1; "
                  "getent passwd daemon; dpkg -l | grep -c ^ii; ls /proc/self/fd | wc -l; exit 12")
    result = husk("run", "-b", made.path, unique(), check=False)
    assert result.rc == 12, result
    assert re.match(r"\d+\.\d+\n", result.out) and re.search(r"^apt \d", result.out, re.M)
    assert "uid=0(root) gid=0(root)" in result.out and "\n42\n" in result.out
    assert "GNU bash" in result.out and "daemon:x:1:1" in result.out and not result.err


def test_packages_can_be_handled(husk, system):
    """dpkg builds and installs a package: fork, chroot-free maintainer scripts, ownership, sync, locks."""
    made = system("set -e; mkdir -p /tmp/p/DEBIAN /tmp/p/opt; echo hi > /tmp/p/opt/hi; "
                  "printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' "
                  "> /tmp/p/DEBIAN/control; printf '#!/bin/sh\\nchown 1:2 /opt/hi\\n' > /tmp/p/DEBIAN/postinst; "
                  "chmod 755 /tmp/p/DEBIAN/postinst; dpkg-deb -b /tmp/p /tmp/p.deb >/dev/null; "
                  "dpkg -i /tmp/p.deb >/dev/null; stat -c '%u %g' /opt/hi; dpkg -r p >/dev/null; test ! -e /opt/hi")
    assert husk("run", "-b", made.path, unique(), timeout=60).out.split() == ["1", "2"]


def test_ordinary_user_and_setuid_program(husk, system):
    made = system("id -u; su nobody -s /bin/sh -c 'id -u' 2>&1; passwd -S 2>&1 | head -1",
                  {"/process/user": {"uid": 0, "gid": 0}})
    out = husk("run", "-b", made.path, unique()).out.split("\n")
    assert out[:2] == ["0", "65534"]


def test_interactive_bash(husk, system):
    made = system(None, {"/process/terminal": True, "/process/args": ["/bin/bash", "--norc"],
                         "/process/env/-": "PS1=> "})
    shell = Terminal(husk.argv("run", "-b", made.path, unique()), (33, 99))
    try:
        shell.expect("> ")
        shell.type("stty size; tty\n")
        shell.expect(r"33 99\r\n/dev/pts/0\r\n")
        shell.expect("> ")
        shell.type("sleep 1000\n")
        shell.expect(r"sleep 1000\r\n")
        time.sleep(0.5)
        shell.type("\x1a")
        shell.expect(r"Stopped\s+sleep 1000")
        shell.type("kill -KILL %1; sleep 0.3\n")
        shell.expect(r"Killed\s+sleep 1000")
        shell.type("for i in 1 2; do echo n$i; done\n")
        shell.expect(r"n1\r\nn2\r\n")
        shell.type("exit 9\n")
        assert shell.end() == 9
        assert shell.settings_are_restored()
    finally:
        shell.close()


def test_in_a_user_namespace(husk, system):
    made = system("id -u; cat /proc/self/uid_map; ls -ld /root | cut -c1-10", {
        "/linux/namespaces/-": {"type": "user"},
        "/linux/uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
        "/linux/gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}]})
    assert husk("run", "-b", made.path, unique()).out.split()[:4] == ["0", "0", "0", "65536"]
