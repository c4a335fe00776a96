# SPDX-License-Identifier: Apache-2.0
"""What a test may leave on the host: nothing.

left(tokens) finds what is named after a test: processes (by command line, cgroup, or a root filesystem in its work
directory), mounts, cgroups. whole() is the state of the host at large, for tests that have the machine to themselves.
"""
import os
import signal
import subprocess
import time

from harness import read

CGROUPS = "/sys/fs/cgroup"


def processes(tokens):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        command = read(f"/proc/{pid}/cmdline").replace("\0", " ")
        state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:2]
        if state == ["Z", "1"]:
            # An orphan waits for the host's own init to reap it, which may take its time.
            continue
        text = command + read(f"/proc/{pid}/cgroup") + read(f"/proc/{pid}/mountinfo")
        own = [token for token in tokens if token in text]
        # The host's own mountinfo names leaked mounts; that is not the fault of each process.
        if own and not (read(f"/proc/{pid}/mountinfo") == read("/proc/self/mountinfo")
                        and not any(token in command + read(f"/proc/{pid}/cgroup") for token in tokens)):
            found.append(f"process {pid} {' '.join(state)} {command!r}")
    return found


def mounts(tokens):
    return ["mount " + line for line in read("/proc/self/mountinfo").splitlines()
            if any(token in line for token in tokens)]


def cgroups(tokens):
    found = []
    for path, names, _ in os.walk(CGROUPS):
        found += ["cgroup " + os.path.join(path, name) for name in names if any(token in name for token in tokens)]
    return found


def left(tokens):
    """Everything named after a test; waits a little for exiting processes."""
    end = time.monotonic() + 2
    while True:
        found = processes(tokens) + mounts(tokens) + cgroups(tokens)
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.02)


def sweep(tokens):
    """Ends what a failed test left; the names are the test's own, so nobody else is hit. Returns what there was."""
    found = left(tokens)
    for line in found:
        if line.startswith("process "):
            try:
                os.kill(int(line.split()[1]), signal.SIGKILL)
            except ProcessLookupError:
                pass
    for line in reversed(mounts(tokens)):
        subprocess.run(["umount", "-l", line.split()[5]], check=False)
    end = time.monotonic() + 3
    for line in sorted(cgroups(tokens), key=len, reverse=True) if found else []:
        while time.monotonic() < end:
            try:
                os.rmdir(line.split(" ", 1)[1])
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.02)
    return found


def whole():
    """Counts and names that must be the same before and after a crowd of containers."""
    return {
        "mounts": sorted(line.split(" ", 1)[1] for line in read("/proc/self/mountinfo").splitlines()),
        "cgroups": sorted(os.path.join(path, name) for path, names, _ in os.walk(CGROUPS) for name in names),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "fds of the tests": sorted(os.listdir("/proc/self/fd")),
        "shared memory": sorted(os.listdir("/dev/shm")),
        "loop devices": sorted(name for name in os.listdir("/sys/block") if name.startswith("loop")
                               and os.path.exists(f"/sys/block/{name}/loop")),
    }
