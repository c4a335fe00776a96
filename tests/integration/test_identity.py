# SPDX-License-Identifier: Apache-2.0
"""Nothing is mistaken for the container: not a reused pid, not a state of another boot, not a half-written file."""
import ctypes
import json
import os
import shutil
import signal
import struct
import subprocess
import time

import pytest

import hoststate
from harness import call, ended, read, unique, wait_for

pytestmark = pytest.mark.husk
CLONE3 = 435


def process_with_pid(pid):
    """A process that has exactly this pid (clone3 with set_tid), sleeping; None when the kernel will not."""
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = (ctypes.c_int * 1)(pid)
    # struct clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size cgroup
    arguments = ctypes.create_string_buffer(struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0,
                                                        ctypes.addressof(wanted), 1, 0))
    got = libc.syscall(CLONE3, arguments, ctypes.c_size_t(88))
    if got == 0:
        os.execv("/bin/sleep", ["sleep", "1000"])
    return got if got > 0 else None


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.fixture
def stranger(husk, running):
    """A container whose pid now belongs to a process that has nothing to do with it."""
    name = running()
    pid = husk.state(name)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the pid to be free", 15)
    other = process_with_pid(pid)
    if other is None:
        pytest.skip("clone3 with set_tid is not possible here")
    time.sleep(0.05)
    yield name, other
    end(other)


def test_a_reused_pid_is_not_the_container(husk, stranger):
    name, other = stranger
    assert husk.status(name) == "stopped"
    assert [entry["status"] for entry in husk("list", "-f", "json").json] == ["stopped"]
    for args in (["kill", name, "KILL"], ["exec", name, "true"], ["start", name]):
        assert husk(*args, check=False).rc != 0, args
    assert husk("ps", "-f", "json", name, check=False).out.strip() in ("", "[]", "null")
    husk("delete", name)
    assert " S " in read(f"/proc/{other}/stat"), "a stranger was killed"


def test_force_does_not_kill_a_stranger(husk, stranger):
    name, other = stranger
    husk("delete", "--force", name)
    assert husk.names() == [] and " S " in read(f"/proc/{other}/stat"), "a stranger was killed"


def test_list_passes_over_rubbish(husk, running):
    name = running()
    os.mkdir(husk.root + "/" + unique("rubbish"))
    with open(husk.root + "/" + unique("file"), "w", encoding="utf-8") as file:
        file.write("x")
    assert name in husk("list", "-q").out.split()
    for entry in os.listdir(husk.root):
        if entry != name:
            path = os.path.join(husk.root, entry)
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)


@pytest.mark.parametrize("kind", ["process.json", "state.json"])
def test_a_damaged_file_is_named(husk, running, kind):
    """States are written whole or not at all; whoever damages one by hand is told, and can have the name back."""
    name = running()
    pid = husk.state(name)["pid"]
    path = os.path.join(husk.root, name, kind)
    with open(path, "r+", encoding="utf-8") as file:
        file.truncate(len(read(path)) // 2)
    try:
        for args in (["state", name], ["start", name], ["kill", name, "KILL"], ["delete", name], ["exec", name, "true"]):
            result = husk(*args, check=False)
            assert result.rc and name in result.err and kind in result.err and result.out == "", args
        husk("list", check=False)
        forced = husk("delete", "--force", name)
        assert husk.names() == []
        assert ended(pid) or kind in forced.err, "a process was left behind without a word"
    finally:
        hoststate.sweep([name])


def test_a_damaged_config_of_the_container_harms_exec_alone(husk, running):
    name = running()
    path = os.path.join(husk.root, name, "config.json")
    with open(path, "r+", encoding="utf-8") as file:
        file.truncate(len(read(path)) // 2)
    assert husk.status(name) == "running"
    result = husk("exec", name, "true", check=False)
    assert result.rc == 255 and "saved configuration" in result.err and name in result.err
    husk("kill", name, "KILL")
    husk("delete", "--force", name)


def test_plan_touches_nothing(husk, bundle, work):
    made = bundle("true")
    before = sorted(os.listdir(work)), read("/proc/self/mountinfo")
    trace = work + "/trace"
    text = husk("plan", made.path).out
    assert "/bin/sh" in text and "pivot" in text and husk.names() == []
    subprocess.run(["strace", "-f", "-qq", "-o", trace, "-e",
                    "trace=mkdir,mkdirat,mount,unlink,unlinkat,rename,clone,clone3,fork,vfork,setns,unshare,move_mount",
                    *husk.argv("plan", made.path)], check=True, stdout=subprocess.DEVNULL)
    assert read(trace) == ""
    os.unlink(trace)
    assert (sorted(os.listdir(work)), read("/proc/self/mountinfo")) == before


def test_plan_is_for_everybody(husk, bundle):
    """It reads a bundle: no right to a state directory is needed."""
    made = bundle("true")
    text = husk("plan", made.path).out
    husk.prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-u", "XDG_RUNTIME_DIR"]
    program = os.path.join(os.path.dirname(made.path), "husk")
    shutil.copy(husk.path, program)
    os.chmod(program, 0o755)
    result = call([*husk.prefix, program, "plan", made.path])
    assert result.err == "" and result.out.splitlines()[0].split() == text.splitlines()[0].split()


def test_relative_paths(husk, bundle, work):
    made = bundle("echo fine")
    relative = os.path.relpath(made.path, work)
    name = unique()
    husk("create", "-b", relative, "--pid-file", "pid", name, cwd=work)
    assert husk.state(name)["bundle"] == made.path and int(read(work + "/pid")) == husk.state(name)["pid"]
    husk.root = os.path.relpath(husk.root, "/")
    assert json.loads(husk("state", name, cwd="/").out)["id"] == name
    husk.root = "/" + husk.root
