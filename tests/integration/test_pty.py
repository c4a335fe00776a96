# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: `run` in the foreground in a real pty, driven key by key."""
import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import harness
from harness import unique, wait_for

TERMINAL = {"/process/terminal": True, "/process/env/-": "PS1=> "}
SHELL = ["/bin/sh", "-i"]


class Terminal:
    """A pty of our own with a program in it that has the pty as its controlling terminal."""

    def __init__(self, argv, size=(24, 80)):
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, preexec_fn=self.control)

    @staticmethod
    def control():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def more(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += got
        return bool(got)

    def expect(self, pattern, timeout=10):
        """Reads until the pattern comes; returns the match and forgets all up to its end."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern.encode(), self.text, re.S)
            if found:
                self.text = self.text[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not self.more(left) and self.process.poll() is not None and not self.more(0.1):
                raise AssertionError(f"no {pattern!r} in {self.text!r}\n" + harness.where(
                    harness.children(self.process.pid)))

    def end(self, timeout=15):
        """The exit status; what is written until then is kept in text."""
        limit = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < limit:
            self.more(0.05)
        status = harness.bounded(self.process, 1, self.process.args)
        while self.more(0):
            pass
        return status

    def settings_are_restored(self):
        return termios.tcgetattr(self.slave)[:4] == self.before[:4]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(husk, bundle):
    opened = []

    def start(args=tuple(SHELL), edits=None, size=(24, 80), command=None):
        made = bundle(list(args) if not isinstance(args, str) else args, {**TERMINAL, **(edits or {})})
        opened.append(Terminal(husk.argv(*(command or ["run", "-b", made.path, unique()])), size))
        return opened[-1]

    yield start
    for made in opened:
        made.close()


def test_prompt_echo_and_exit_status(terminal):
    shell = terminal()
    shell.expect("> ")
    shell.type("echo a''b\n")
    shell.expect(r"echo a''b\r\n")
    shell.expect(r"ab\r\n")
    shell.expect("> ")
    shell.type("exit 7\n")
    assert shell.end() == 7
    assert shell.settings_are_restored()


def test_terminal_is_raw_while_it_runs(terminal):
    shell = terminal()
    shell.expect("> ")
    local = termios.tcgetattr(shell.slave)[3]
    assert not local & (termios.ECHO | termios.ICANON | termios.ISIG)
    shell.type("exit\n")
    shell.end()


def test_control_c_goes_to_the_foreground_job(terminal):
    shell = terminal()
    shell.expect("> ")
    shell.type("sleep 1000; echo st=$?\n")
    time.sleep(0.2)
    shell.type("\x03")
    shell.expect("> ")
    shell.type("echo still''here\n")
    shell.expect("stillhere")
    shell.type("exit\n")
    assert shell.end() in (0, 130)


def test_job_control(terminal):
    shell = terminal()
    shell.expect("> ")
    shell.type("cat\n")
    time.sleep(0.2)
    shell.type("first\n")
    shell.expect(r"first\r\nfirst\r\n")
    shell.type("\x1a")
    shell.expect("Stopped")
    shell.expect("> ")
    shell.type("jobs\n")
    shell.expect(r"\[1\]\+?\s+Stopped\s+cat")
    shell.expect("> ")
    shell.type("fg\n")
    shell.expect("cat")
    shell.type("second\n")
    shell.expect(r"second\r\nsecond\r\n")
    shell.type("\x04")
    shell.expect("> ")
    shell.type("exit 3\n")
    assert shell.end() == 3


def test_size_at_the_start_and_after_a_change(terminal):
    shell = terminal(size=(31, 97))
    shell.expect("> ")
    shell.type("stty size\n")
    shell.expect(r"31 97\r\n")
    for rows, columns in ((50, 132), (10, 40)):
        shell.resize(rows, columns)
        # The size that the terminal has is told by SIGWINCH; a person cannot type faster than this.
        os.kill(shell.process.pid, signal.SIGWINCH)
        time.sleep(0.1)
        shell.type("stty size\n")
        shell.expect(rf"{rows} {columns}\r\n")
    shell.type("exit\n")
    shell.end()


def test_resize_reaches_the_program_as_a_signal(terminal):
    shell = terminal("trap 'stty size; [ \"$(stty size)\" = \"41 142\" ] && exit 4' WINCH; echo ready; "
                     "while :; do sleep 0.02; done")
    shell.expect("ready")
    shell.resize(41, 142)
    shell.expect("41 142")
    assert shell.end() == 4


def test_console_size_of_the_config(terminal):
    shell = terminal("stty size", {"/process/consoleSize": {"height": 11, "width": 22}})
    found = shell.expect(r"(\d+) (\d+)\r\n")
    assert found.groups() in ((b"11", b"22"), (b"24", b"80"))
    shell.end()


def test_four_megabytes_without_loss(husk, bundle):
    """Read slowly at first: the relay has to wait, not to drop."""
    block = "".join(f"{number:015x}\n" for number in range(4096))
    made = bundle("stty -opost; sleep 0.2; i=0; while [ $i -lt 64 ]; do i=$((i+1)); cat /block; done", TERMINAL)
    made.file("rootfs/block", block)
    shell = Terminal(husk.argv("run", "-b", made.path, unique()))
    try:
        digest, count, slow = hashlib.sha256(), 0, 20
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if slow:
                time.sleep(0.02)
                slow -= 1
            if shell.more(0.05):
                # Whether our own terminal adds carriage returns is its affair.
                text = shell.text.replace(b"\r", b"")
                digest.update(text)
                count += len(text)
                shell.text = b""
            elif shell.process.poll() is not None:
                break
        assert count == 64 * len(block)
        assert digest.hexdigest() == hashlib.sha256(block.encode() * 64).hexdigest()
        assert shell.end() == 0
    finally:
        shell.close()


def test_large_input_is_complete(husk, bundle):
    made = bundle("stty raw -echo; echo go; head -c 1048576 | sha256sum", TERMINAL)
    shell = Terminal(husk.argv("run", "-b", made.path, unique()))
    try:
        shell.expect("go")
        data = bytes(range(32, 96)) * 16384
        os.set_blocking(shell.master, False)
        sent = 0
        end = time.monotonic() + 30
        while sent < len(data) and time.monotonic() < end:
            select.select([], [shell.master], [], 0.2)
            try:
                sent += os.write(shell.master, data[sent:sent + 4096])
            except BlockingIOError:
                pass
        os.set_blocking(shell.master, True)
        shell.expect(hashlib.sha256(data).hexdigest())
        assert shell.end() == 0
    finally:
        shell.close()


@pytest.mark.parametrize("how, status", [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_settings_are_restored_when_the_container_is_killed(husk, bundle, how, status):
    made = bundle("trap 'trap - TERM; exit 143' TERM; echo up; while :; do sleep 0.02; done", TERMINAL)
    name = unique()
    shell = Terminal(husk.argv("run", "-b", made.path, name))
    try:
        shell.expect("up")
        assert not shell.settings_are_restored()
        husk("kill", name, str(int(how)))
        assert shell.end() == status
        assert shell.settings_are_restored()
    finally:
        shell.close()


@pytest.mark.husk
def test_settings_are_restored_when_the_runtime_is_ended(husk, bundle):
    made = bundle("trap '' TERM; echo up; sleep 2", TERMINAL)
    shell = Terminal(husk.argv("run", "-b", made.path, unique()))
    try:
        shell.expect("up")
        shell.process.send_signal(signal.SIGTERM)
        shell.end()
        assert shell.settings_are_restored()
    finally:
        shell.close()


@pytest.mark.husk
def test_hang_up_ends_nothing_by_accident(husk, bundle):
    """The terminal window is closed: the shell inside gets the hang-up, the runtime ends with it."""
    made = bundle(SHELL, TERMINAL)
    shell = Terminal(husk.argv("run", "-b", made.path, unique()))
    shell.expect("> ")
    os.close(shell.slave)
    os.close(shell.master)
    harness.bounded(shell.process, 15, shell.process.args)
    wait_for(lambda: husk.names() == [] or husk.status(husk.names()[0]) == "stopped", "the end of the container")


def test_exec_with_a_terminal(husk, bundle, running):
    name = running()
    shell = Terminal(husk.argv("exec", "-t", "-e", "PS1=> ", name, "/bin/sh", "-i"), (17, 71))
    try:
        shell.expect("> ")
        shell.type("tty; stty size\n")
        shell.expect(r"/dev/pts/\d+\r+\n17 71\r+\n")
        shell.type("exit 6\n")
        assert shell.end() == 6
        assert shell.settings_are_restored()
    finally:
        shell.close()


@pytest.mark.husk
def test_a_terminal_inside_without_one_outside(husk, bundle):
    """From a script, say: the container has its terminal all the same, and its output comes through."""
    made = bundle("tty; test -t 0 && echo in; exit 3", TERMINAL)
    result = husk("run", "-b", made.path, unique(), check=False)
    assert (result.rc, result.out.split()) == (3, ["/dev/pts/0", "in"]), result
