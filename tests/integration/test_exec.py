# SPDX-License-Identifier: Apache-2.0
"""exec: a further process in a container, by options and by a process file; its exit codes are an interface."""
import json
import os
import signal

import pytest

from harness import IS_HUSK, PATH, read, unique, userns, wait_for, without


def process_file(work, args, **fields):
    path = os.path.join(work, unique("p") + ".json")
    process = {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": args, "env": ["PATH=" + PATH], "cwd": "/"}
    process.update(fields)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(process, file)
    return path


def status_of(text, key):
    return [line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith(key + ":")][0]


def test_output_input_and_status(husk, running):
    name = running()
    result = husk("exec", name, "sh", "-c", "cat; echo err >&2; exit 9", stdin="in\n", check=False)
    assert (result.rc, result.out, result.err) == (9, "in\n", "err\n")
    assert husk("exec", name, "true").said == ""
    assert husk("exec", name, "sh", "-c", "kill -TERM $$", check=False).rc == 128 + signal.SIGTERM


def test_every_namespace_is_the_containers(husk, running):
    name = running(edits={"/linux/namespaces/-": {"type": "cgroup"}})
    pid = husk.state(name)["pid"]
    seen = husk("exec", name, "sh", "-c", "cd /proc/self/ns; for n in *; do readlink $n; done").out.split()
    assert seen == [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in sorted(os.listdir(f"/proc/{pid}/ns"))]
    assert husk("exec", name, "hostname").out == "box\n"


def test_options_after_the_id_belong_to_the_command(husk, running):
    name = running()
    assert husk("exec", name, "echo", "-t", "--cwd", "-d").out == "-t --cwd -d\n"


def test_environment(husk, running):
    name = running(edits={"/process/env/-": "BASE=1"})
    out = husk("exec", "--env", "A=1,2", "-env", "B=x=y", "--env=BASE=2", name, "env").out.splitlines()
    assert {"A=1,2", "B=x=y", "BASE=2", "PATH=" + PATH, "HOME=/root"} <= set(out)
    assert "BASE=1" not in out


def test_working_directory(husk, running):
    name = running()
    assert husk("exec", "--cwd", "/usr/bin", name, "pwd").out == "/usr/bin\n"
    assert husk("exec", "-cwd=/etc", name, "pwd").out == "/etc\n"


@pytest.mark.parametrize("user, expected", [("1000", "uid=1000(app) gid=0(root)"),
                                            ("1000:1000", "uid=1000(app) gid=1000(app)"),
                                            ("0:7", "uid=0(root) gid=7")])
def test_user(husk, running, user, expected):
    name = running()
    out = husk("exec", "--user", user, name, "id").out
    assert out.startswith(expected), out


@pytest.mark.husk
@pytest.mark.parametrize("user", ["4294967296", "-1", "4294967295", "x", "0:x", "0:4294967296", ":", "", "1:2:3"])
def test_bad_user(husk, running, user):
    name = running()
    result = husk("exec", "--user=" + user, name, "id", check=False)
    assert result.rc == 255 and ("user" in result.err or "group" in result.err) and result.out == "", result


def test_additional_groups(husk, running):
    name = running()
    out = husk("exec", "-g", "5", "-g", "1000", name, "id", "-G").out.split()
    assert {"0", "5", "1000"} == set(out)


def test_capabilities(husk, running):
    name = running()
    plain = husk("exec", name, "cat", "/proc/self/status").out
    more = husk("exec", "--cap", "CAP_NET_ADMIN", "--cap=CAP_SYS_PTRACE", name, "cat", "/proc/self/status").out
    added = int(status_of(more, "CapEff")[0], 16) & ~int(status_of(plain, "CapEff")[0], 16)
    assert added == 1 << 12 | 1 << 19
    for key in ("CapBnd", "CapPrm"):
        assert int(status_of(more, key)[0], 16) & added == added


def test_no_new_privs(husk, running):
    name = running(edits={"/process/noNewPrivileges": False})
    assert status_of(husk("exec", name, "cat", "/proc/self/status").out, "NoNewPrivs") == ["0"]
    assert status_of(husk("exec", "--no-new-privs", name, "cat", "/proc/self/status").out, "NoNewPrivs") == ["1"]


def test_process_file(husk, running, work):
    name = running()
    path = process_file(work, ["sh", "-c", "id -u; pwd; umask; echo $X; ulimit -n; exit 6"],
                        user={"uid": 1000, "gid": 1000, "umask": 0o27}, cwd="/tmp", env=["PATH=" + PATH, "X=y"],
                        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}])
    for option in (["--process", path], ["-p", path], ["--process=" + path]):
        result = husk("exec", *option, name, check=False)
        expected = ["1000", "/tmp", "0027", "y", "100"]
        if not IS_HUSK:
            # Debian's runc 1.1.5 forgets the umask here, and races with Go's own change of this limit.
            expected = ["1000", "/tmp", "0022", "y", result.out.split()[-1]]
        assert (result.rc, result.out.split()) == (6, expected), result


def test_bad_process_file(husk, running, work):
    name = running()
    missing = husk("exec", "-p", work + "/missing", name, check=False)
    assert missing.rc == 255 and "no such file or directory" in missing.err.lower()
    with open(work + "/bad", "w", encoding="utf-8") as file:
        file.write('{"args": [')
    bad = husk("exec", "-p", work + "/bad", name, check=False)
    assert bad.rc == 255 and bad.err


@pytest.mark.parametrize("command, phrase", [
    ("nosuchprogram", 'exec: "nosuchprogram": executable file not found in $PATH'),
    ("/no/such", "no such file or directory"),
    ("/etc/passwd", "permission denied"),
    pytest.param("/etc", "is a directory", marks=pytest.mark.husk)])
def test_what_cannot_run(husk, running, work, command, phrase):
    name = running()
    pid_file = work + "/pid"
    result = husk("exec", "--pid-file", pid_file, name, command, check=False)
    # conmon takes the missing pid file as the only sign that it was the runtime that failed.
    assert result.rc == 255 and phrase in result.err.replace(r'\"', '"'), result
    assert husk.status(name) == "running"
    if command == "nosuchprogram":
        assert not os.path.exists(pid_file)


def test_into_what_does_not_run(husk, running, created, bundle):
    stopped = running("true")
    wait_for(lambda: husk.status(stopped) == "stopped", "the end")
    result = husk("exec", stopped, "true", check=False)
    assert result.rc == 255 and "cannot exec in a stopped container" in result.err, result
    missing = husk("exec", unique(), "true", check=False)
    assert missing.rc == 255 and "does not exist" in missing.err
    nothing = husk("exec", created(), check=False)
    assert nothing.rc != 0


def test_into_the_created(husk, created):
    name = created("sleep 100")
    assert husk("exec", name, "echo", "early").out == "early\n"
    assert husk.status(name) == "created"


def test_detached(husk, running, work):
    name = running()
    pid_file = work + "/pid"
    result = husk("exec", "-d", "--pid-file", pid_file, name, "sleep", "1000")
    assert result.said == ""
    pid = int(read(pid_file))
    assert read(f"/proc/{pid}/cmdline").split("\0")[:2] == ["sleep", "1000"]
    assert pid in husk("ps", "-f", "json", name).json
    assert sorted(entry for entry in os.listdir(work) if entry.startswith((".pid", "pid"))) == ["pid"]


def test_detached_status_is_the_start_not_the_end(husk, running, work):
    name = running()
    assert husk("exec", "--detach", "--pid-file", work + "/pid", name, "false").rc == 0
    assert int(read(work + "/pid")) > 0


def test_ends_with_its_container(husk, running):
    name = running()
    process = husk.popen("exec", name, "sh", "-c", "echo > /up; exec sleep 1000")
    wait_for(lambda: os.path.exists(husk.state(name)["rootfs"] + "/up"), "the process")
    husk("kill", name, "KILL")
    assert process.wait(10) == 128 + signal.SIGKILL


def test_signals_are_forwarded(husk, running):
    name = running()
    process = husk.popen("exec", name, "sh", "-c", "trap 'exit 5' USR1; echo > /up; while :; do sleep 0.02; done")
    wait_for(lambda: os.path.exists(husk.state(name)["rootfs"] + "/up"), "the trap")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(10) == 5


def test_same_cgroup_and_limits_as_the_first(husk, running):
    name = running()
    pid = husk.state(name)["pid"]
    assert husk("exec", name, "cat", "/proc/self/cgroup").out == husk("exec", name, "cat", "/proc/1/cgroup").out
    assert name in read(f"/proc/{pid}/cgroup")


def test_no_descriptors_leak_in(husk, running):
    name = running()
    with open("/dev/null", "rb") as extra:
        os.set_inheritable(extra.fileno(), True)
        out = husk("exec", name, "ls", "/proc/self/fd", pass_fds=[extra.fileno()]).out.split()
    # The last is the directory that ls reads.
    assert out == ["0", "1", "2", "3"]


def test_into_a_container_without_a_pid_namespace(husk, running):
    name = running(edits={"/linux/namespaces": without("pid")})
    assert husk("exec", name, "hostname").out == "box\n"
    husk("kill", name, "KILL")


def test_into_a_user_namespace(husk, running):
    name = running("while :; do sleep 0.05; done", userns())
    out = husk("exec", "-u", "5:6", name, "sh", "-c", "id -u; id -g; cat /proc/self/uid_map").out.split()
    assert out == ["5", "6", "0", "100000", "65536"]
