# SPDX-License-Identifier: Apache-2.0
"""What is handed over by descriptor or by environment: console and pidfd sockets, preserved fds, LISTEN_FDS, notify."""
import fcntl
import json
import os
import signal
import socket
import struct
import termios

import pytest

import harness
from harness import Runtime, read, unique, wait_for


class Receiver:
    """A unix socket at path; take() is the descriptor that arrives and the bytes beside it."""

    def __init__(self, path, kind=socket.SOCK_STREAM):
        self.path, self.kind = path, kind
        self.socket = socket.socket(socket.AF_UNIX, kind)
        self.socket.bind(path)
        self.socket.settimeout(15)
        if kind == socket.SOCK_STREAM:
            self.socket.listen(1)

    def take(self):
        connection = self.socket.accept()[0]
        connection.settimeout(15)
        data, fds, _, _ = socket.recv_fds(connection, 4096, 4)
        connection.close()
        assert len(fds) == 1, f"{len(fds)} descriptors beside {data!r}"
        return fds[0], data

    def close(self):
        self.socket.close()


@pytest.fixture
def receiver(work):
    made = Receiver(work + "/s")
    yield made
    made.close()


def size_of(fd):
    return struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2]


def read_all(fd):
    data = b""
    while True:
        try:
            got = os.read(fd, 65536)
        except OSError:
            return data
        if not got:
            return data
        data += got


# --- console ---

def test_console_socket_of_create(husk, bundle, receiver):
    made = bundle("tty; stty size; ls -l /dev/console | cut -c1; exit 3",
                  {"/process/terminal": True, "/process/consoleSize": {"height": 31, "width": 97}})
    name = unique()
    process = husk.popen("create", "-b", made.path, "--console-socket", receiver.path, name)
    master, data = receiver.take()
    assert process.wait(20) == 0
    assert os.isatty(master) and os.readlink(f"/proc/self/fd/{master}").endswith("ptmx")
    assert b"pt" in data
    assert size_of(master) == (31, 97)
    husk("start", name)
    assert read_all(master).decode().split() == ["/dev/pts/0", "31", "97", "c"]
    os.close(master)
    wait_for(lambda: husk.status(name) == "stopped", "the end")


def test_console_is_the_controlling_terminal(husk, bundle, receiver):
    made = bundle("trap 'echo int; exit 5' INT; echo ready; while :; do sleep 0.02; done", {"/process/terminal": True})
    process = husk.popen("run", "-d", "-b", made.path, "--console-socket=" + receiver.path, unique())
    master, _ = receiver.take()
    assert process.wait(20) == 0
    assert b"ready" in os.read(master, 100)
    os.write(master, b"\x03")
    assert b"int" in read_all(master)
    os.close(master)


def test_console_belongs_to_the_user(husk, bundle, receiver):
    made = bundle("exec 3<>/dev/tty && stat -c '%u %a' /dev/pts/0; echo done > /dev/console",
                  {"/process/terminal": True, "/process/user": {"uid": 1000, "gid": 1000}})
    process = husk.popen("run", "-d", "-b", made.path, "--console-socket=" + receiver.path, unique())
    master, _ = receiver.take()
    assert process.wait(20) == 0
    assert read_all(master).decode().split() == ["1000", "620", "done"]
    os.close(master)


def test_console_socket_of_exec(husk, running, receiver):
    name = running()
    process = husk.popen("exec", "-t", "-d", "--console-socket", receiver.path, name, "sh", "-c", "tty; echo $TERM")
    master, _ = receiver.take()
    assert process.wait(20) == 0
    out = read_all(master).decode().split()
    assert out[0].startswith("/dev/pts/")
    os.close(master)


@pytest.mark.parametrize("terminal, options, phrase", [
    (True, [], "cannot allocate tty if runc will detach without setting console socket"),
    (False, ["--console-socket", "/tmp/none"], "cannot use console socket if runc will not detach or allocate tty")])
def test_terminal_and_socket_go_together(husk, bundle, terminal, options, phrase):
    made = bundle("true", {"/process/terminal": terminal})
    result = husk("create", *options, "-b", made.path, unique(), check=False)
    assert result.rc == 1 and "console" in result.err and husk.names() == [], result


def test_console_socket_that_nobody_listens_at(husk, bundle, work):
    made = bundle("true", {"/process/terminal": True})
    result = husk("create", "--console-socket", work + "/none", "-b", made.path, unique(), check=False)
    assert result.rc == 1 and "no such file or directory" in result.err.lower() and husk.names() == []


# --- pidfd ---

@pytest.mark.husk
def test_pidfd_socket(husk, bundle, running, receiver):
    made = bundle("sleep 1000")
    name = unique()
    process = husk.popen("create", "-b", made.path, "--pidfd-socket", receiver.path, name)
    pidfd, _ = receiver.take()
    assert process.wait(20) == 0
    info = dict(line.split(":\t", 1) for line in read(f"/proc/self/fdinfo/{pidfd}").splitlines())
    assert int(info["Pid"]) == husk.state(name)["pid"]
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
    wait_for(lambda: husk.status(name) == "stopped", "the end")


@pytest.mark.husk
def test_pidfd_socket_of_exec(husk, running, receiver):
    name = running()
    process = husk.popen("exec", "-d", "--pidfd-socket=" + receiver.path, name, "sleep", "1000")
    pidfd, _ = receiver.take()
    assert process.wait(20) == 0
    pid = int(dict(line.split(":\t", 1) for line in read(f"/proc/self/fdinfo/{pidfd}").splitlines())["Pid"])
    assert read(f"/proc/{pid}/cmdline").startswith("sleep")
    os.close(pidfd)


# --- descriptors ---

def with_fds(husk, count, *args, **how):
    """Runs husk with pipes at 3..3+count-1, each holding its number."""
    ends = []
    for index in range(count):
        reader, writer = os.pipe()
        os.write(writer, f"pipe{index}\n".encode())
        os.close(writer)
        high = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 100)
        os.close(reader)
        ends.append(high)

    def place():
        for index, end in enumerate(ends):
            os.dup2(end, 3 + index)
    try:
        return husk(*args, preexec_fn=place, pass_fds=range(3, 3 + count), **how)
    finally:
        for end in ends:
            os.close(end)


def test_nothing_leaks_into_the_container(husk, bundle):
    made = bundle("ls /proc/self/fd")
    with open("/dev/null", "rb") as extra:
        out = husk("run", "-b", made.path, unique(), pass_fds=[extra.fileno()]).out.split()
    assert out == ["0", "1", "2", "3"]


def test_preserve_fds(husk, bundle):
    made = bundle("cat <&3; cat <&4; ls /proc/self/fd | tr '\\n' ' '")
    result = with_fds(husk, 3, "run", "--preserve-fds", "2", "-b", made.path, unique())
    assert result.out.split() == ["pipe0", "pipe1", "0", "1", "2", "3", "4", "5"]
    assert not result.err


def test_preserve_fds_of_exec(husk, running):
    name = running()
    result = with_fds(husk, 1, "exec", "--preserve-fds=1", name, "sh", "-c", "cat <&3")
    assert result.out == "pipe0\n"


@pytest.mark.husk
@pytest.mark.parametrize("value", ["-1", "x", "4294967296"])
def test_bad_preserve_fds(husk, bundle, value):
    result = husk("run", "--preserve-fds=" + value, "-b", bundle("true").path, unique(), check=False)
    assert result.rc == 1 and "preserve-fds" in result.err and husk.names() == []


def test_listen_fds(husk, bundle):
    made = bundle("cat <&3; echo $LISTEN_FDS $LISTEN_PID")
    # LISTEN_PID has to be the runtime's: a shell knows it.
    husk.prefix = ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh"]
    result = with_fds(husk, 1, "run", "-b", made.path, unique(), env={"LISTEN_FDS": "1"})
    assert result.out.split() == ["pipe0", "1", "1"]


def test_listen_fds_of_somebody_else(husk, bundle):
    made = bundle("echo fds=$LISTEN_FDS; ls /proc/self/fd | wc -l")
    result = with_fds(husk, 1, "run", "-b", made.path, unique(), env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert result.out.split()[-1] == "4"


# --- notify ---

@pytest.mark.parametrize("message", [b"READY=1\n", pytest.param(b"STATUS=up\nREADY=1\n", marks=pytest.mark.husk)])
def test_notify_socket(husk, bundle, work, message):
    notify = Receiver(work + "/n", socket.SOCK_DGRAM)
    # Busybox cannot send to a unix socket: the test does it, through /proc/PID/root.
    made = bundle("echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && echo there; sleep 1000")
    with open(work + "/out", "wb") as out:
        process = husk.popen("run", "-b", made.path, unique("n"), stdout=out, env={**os.environ,
                                                                                  "NOTIFY_SOCKET": notify.path})
        try:
            wait_for(lambda: "there" in read(work + "/out"), "the socket in the container")
            inside = read(work + "/out").split()[0]
            name = husk.names()[0]
            pid = husk.state(name)["pid"]
            sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sender.sendto(message, f"/proc/{pid}/root{inside}")
            got = notify.socket.recv(4096)
            assert b"READY=1" in got
            if not harness.IS_HUSK:
                # runc reads and repeats; husk gives the service manager's own socket, so nothing needs repeating.
                assert notify.socket.recv(4096).strip() == f"MAINPID={process.pid}".encode()
            sender.close()
        finally:
            husk("kill", name, "KILL", check=False)
            process.wait(10)
            notify.close()


# --- how options may be written ---

@pytest.mark.parametrize("options", [
    ["--bundle", "{b}"], ["--bundle={b}"], ["-bundle", "{b}"], ["-bundle={b}"], ["-b", "{b}"], ["-b={b}"]])
def test_option_forms(husk, bundle, options):
    made = bundle("echo fine")
    assert husk("run", *[option.format(b=made.path) for option in options], unique()).out == "fine\n"


@pytest.mark.parametrize("option", ["--no-pivot", "-no-pivot", "--no-new-keyring", "--no-subreaper", "-no-subreaper"])
def test_flags_that_change_little(husk, bundle, option):
    made = bundle("hostname")
    assert husk("run", option, "-b", made.path, unique()).out == "box\n"


def test_no_pivot_hides_the_host(husk, bundle):
    made = bundle("ls /; test -e /work && echo host; grep -c . /proc/self/mounts")
    out = husk("run", "--no-pivot", "-b", made.path, unique()).out.split()
    assert "host" not in out and "bin" in out
    # The rest of the host's mounts are below the moved root, out of reach but there.
    assert int(out[-1]) < 60


@pytest.mark.husk
@pytest.mark.parametrize("options", [["--debug"], ["--log-format", "json"], ["--rootless", "auto"],
                                     ["--rootless=false"], ["--log-level", "error"], ["--cgroup-manager", "cgroupfs"]])
def test_global_options(husk, bundle, options):
    made = bundle("echo fine")
    assert husk("run", "-b", made.path, unique(), options=options).out == "fine\n"


@pytest.mark.husk
def test_flags_of_other_runtimes_are_taken(husk, bundle):
    made = bundle("true")
    husk("create", "--detach", "-b", made.path, unique())


def test_log_file_in_json(husk, work):
    log = work + "/log"
    result = husk("state", unique(), options=["--log", log, "--log-format", "json"], check=False)
    assert result.rc == 1 and "does not exist" in result.err
    records = [json.loads(line) for line in read(log).splitlines()]
    assert records[-1]["level"] == "error" and "does not exist" in records[-1]["msg"] and "time" in records[-1]


@pytest.mark.husk
def test_root_of_the_filesystem_is_no_state_directory(work):
    result = Runtime(harness.HUSK, "/")("list", check=False)
    assert result.rc != 0 and "root" in result.err
