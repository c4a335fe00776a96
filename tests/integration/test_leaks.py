# SPDX-License-Identifier: Apache-2.0
"""The leak finder finds: one leak of each kind is made and taken back."""
import os
import signal
import subprocess
import uuid

import leaks

NAME = "hk-leak-" + uuid.uuid4().hex[:8]


def kinds(snapshot):
    return sorted(line.split(":")[0] for line in snapshot.compare())


def test_nothing():
    assert leaks.Snapshot(only=[NAME]).leaks() == []


def test_process():
    before = leaks.Snapshot(only=[NAME])
    process = subprocess.Popen(["sh", "-c", f": {NAME}; read x"], stdin=subprocess.PIPE)
    try:
        found = before.leaks(patience=0)
        assert len(found) == 1 and found[0].startswith(f"process left: {process.pid} (") and NAME in found[0]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert before.leaks() == []


def test_state_and_descriptor(tmp_path):
    before = leaks.Snapshot(root=str(tmp_path), pid=os.getpid(), only=[str(tmp_path)])
    with open(tmp_path / NAME, "w", encoding="utf-8"):
        assert kinds(before) == ["descriptor left", "state left"]
    assert kinds(before) == ["state left"]
    os.unlink(tmp_path / NAME)
    assert before.leaks() == []


def test_mount_cgroup_interface(tmp_path):
    hierarchy = leaks.CGROUPS
    if not os.path.exists(f"{hierarchy}/cgroup.procs"):
        hierarchy += "/freezer"
    cgroup, link = f"{hierarchy}/{NAME}", "hkl" + NAME[-8:]
    before = leaks.Snapshot(only=[NAME, link, str(tmp_path)])
    made = []
    try:
        os.mkdir(cgroup)
        made.append(["rmdir", cgroup])
        for _ in range(2):  # two on one point are two
            subprocess.run(["mount", "-t", "tmpfs", NAME, tmp_path], check=True)
            made.append(["umount", tmp_path])
        expected = ["cgroup left", "mount left", "mount left"]
        if not subprocess.run(["ip", "link", "add", link, "type", "dummy"], capture_output=True, check=False).returncode:
            made.append(["ip", "link", "del", link])
            expected.insert(1, "interface left")
        assert kinds(before) == expected
    finally:
        for command in reversed(made):
            subprocess.run(command, check=True)
    assert before.leaks() == []


def test_lost(tmp_path):
    (tmp_path / NAME).mkdir()
    before = leaks.Snapshot(root=str(tmp_path), only=[NAME])
    (tmp_path / NAME).rmdir()
    assert before.leaks(patience=0) == [f"state lost: {tmp_path / NAME}"]


def test_command_line(tmp_path):
    file, root = tmp_path / "snapshot", tmp_path / "root"
    root.mkdir()
    tool = [os.path.join(os.path.dirname(leaks.__file__), "leaks.py")]
    subprocess.run(tool + ["take", file, "--root", root, "--only", NAME], check=True)
    (root / NAME).mkdir()
    done = subprocess.run(tool + ["compare", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, f"state left: {root / NAME}\n")
    (root / NAME).rmdir()
    done = subprocess.run(tool + ["compare", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "nothing is left\n")
