# SPDX-License-Identifier: Apache-2.0
"""Seccomp: every action, operator and flag as a program in the container feels it, the agent behind SCMP_ACT_NOTIFY,
and the filters that are kept. The agent is this test: it receives the listener and answers with ioctl(2)."""
import array
import ctypes
import errno
import fcntl
import glob
import json
import os
import platform
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from harness import USERNS_MAPS, call, namespace, next_test, read, unique, wait_for

pytestmark = pytest.mark.husk

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define say(...) do { char t_[99]; write(1, t_, snprintf(t_, sizeof t_, __VA_ARGS__)); } while (0)
static void trapped(int s, siginfo_t *i, void *c)
{
	(void)s, (void)c;
	say("SIGSYS %d\n", i->si_syscall == SYS_getppid);
	_exit(0);
}
static void *thread(void *arg) { syscall(*(long *)arg); return 0; }
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *p;
		long n = strtol(argv[i], &p, 10), a[6] = {0};
		if (!strcmp(argv[i], "trap")) {
			struct sigaction s = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
			sigaction(SIGSYS, &s, 0);
			continue;
		}
		if (!strcmp(argv[i], "thread")) {
			pthread_t t;
			long number = strtol(argv[++i], 0, 10);
			pthread_create(&t, 0, thread, &number);
			pthread_join(t, 0);
			say("the others live\n");
			continue;
		}
		if (!strcmp(argv[i], "nnp")) {
			say("nnp %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
			continue;
		}
		for (int k = 0; *p == ','; k++)
			a[k] = strtoul(p + 1, &p, 0);
		errno = 0;
		n = syscall(n, a[0], a[1], a[2], a[3], a[4], a[5]);
		say("%ld %d\n", n < 0 ? -1 : n, errno);
	}
	return 0;
}
"""
PROGRAM32 = r"""
static int call(int n, int a, int b, int c)
{
	int r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}
void _start(void)
{
	char t[2] = {'0', '\n'};
	int r = call(64 /* getppid */, 0, 0, 0);
	t[0] = r == -13 ? 'E' : r >= 0 ? 'P' : '?';
	call(4, 1, (int)t, 2);
	call(1, 0, 0, 0);
}
"""
NUMBERS = {"x86_64": {"getppid": 110, "getpgrp": 111, "lseek": 8, "sendmsg": 46, "getpriority": 140}}
NR = NUMBERS.get(platform.machine(), {})
MACHINE = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}.get(platform.machine(), "")
# What a static program needs to start; the newest is rseq.
STARTING = ("execve exit_group write brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list prlimit64 "
            "readlinkat readlink getrandom rseq newfstatat fstat")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Static programs: `probe NUMBER[,ARG...]...` prints result and errno of each call; `probe32` asks by int 0x80."""
    if not NR:
        pytest.skip("the system call numbers of this machine are not in the table")
    work = tmp_path_factory.mktemp("probe")
    (work / "probe.c").write_text(PROGRAM)
    (work / "probe32.c").write_text(PROGRAM32)
    subprocess.run(["gcc", "-static", "-O1", "-pthread", "-o", work / "probe", work / "probe.c"], check=True)
    built = subprocess.run(["gcc", "-m32", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie",
                            "-fno-stack-protector", "-O1", "-o", work / "probe32", work / "probe32.c"], check=False,
                           stderr=subprocess.DEVNULL)
    return str(work / "probe"), str(work / "probe32") if built.returncode == 0 else None


@pytest.fixture
def filtered(programs, bundle):
    """filtered(profile, args, edits): a bundle with the probe as /probe."""
    def make(profile, args, edits=None):
        made = bundle(args if isinstance(args, list) else ["/probe", *args.split()],
                      {"/linux/seccomp": profile, **(edits or {})})
        shutil.copy(programs[0], os.path.join(made.rootfs, "probe"))
        if programs[1]:
            shutil.copy(programs[1], os.path.join(made.rootfs, "probe32"))
        return made

    return make


@pytest.fixture
def probe(husk, filtered):
    """What the probe says under a profile; without no_new_privs when asked."""
    def run(profile, args, edits=None, **how):
        return husk("run", "--bundle", filtered(profile, args, edits).path, unique(), **how)

    return run


def profile(*calls, default="SCMP_ACT_ALLOW", **more):
    """profile(("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13}), ...)"""
    return {"defaultAction": default, **more,
            "syscalls": [{"names": call[0].split(), "action": call[1], **(call[2] if len(call) > 2 else {})}
                         for call in calls]}


LATE = [{}, {"/process/noNewPrivileges": False}]


# ---- the actions

@pytest.mark.parametrize("edits", LATE, ids=["nnp", "privileged"])
def test_allow_and_errno(probe, edits):
    said = probe(profile(("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13}), ("getpgrp", "SCMP_ACT_ERRNO"),
                         ("lseek", "SCMP_ACT_ALLOW")), f"{NR['getppid']} {NR['getpgrp']} {NR['lseek']},9999 nnp",
                 edits).out.splitlines()
    assert said == ["-1 13", "-1 1", f"-1 {errno.EBADF}", f"nnp {int(not edits)}"]


def test_default_errno(probe):
    said = probe(profile((STARTING, "SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO", defaultErrnoRet=77),
                 f"{NR['getppid']}").out
    assert said == "-1 77\n"


def test_kill_process(probe):
    assert probe(profile(("getppid", "SCMP_ACT_KILL_PROCESS")), f"thread {NR['getppid']}", check=False).rc == 128 + 31


@pytest.mark.parametrize("action", ["SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL"])
def test_kill_thread(probe, action):
    assert probe(profile(("getppid", action)), f"thread {NR['getppid']}").out == "the others live\n"


def test_trap(probe):
    assert probe(profile(("getppid", "SCMP_ACT_TRAP")), f"trap {NR['getppid']}").out == "SIGSYS 1\n"


def test_log(probe):
    """Logged calls take place; that they are logged is in the kernel's log or the audit daemon's."""
    assert probe(profile(("getppid", "SCMP_ACT_LOG"), flags=["SECCOMP_FILTER_FLAG_LOG"]),
                 f"{NR['getppid']}").out == "0 0\n"


def test_trace_without_a_tracer(probe):
    assert probe(profile(("getppid", "SCMP_ACT_TRACE", {"errnoRet": 7})),
                 f"{NR['getppid']}").out == f"-1 {errno.ENOSYS}\n"


# ---- arguments

OPERATORS = [("SCMP_CMP_NE", 5, 0, [4, 6], [5]), ("SCMP_CMP_LT", 5, 0, [0, 4], [5, 6]), ("SCMP_CMP_LE", 5, 0, [4, 5], [6]),
             ("SCMP_CMP_EQ", 5, 0, [5], [4, 6]), ("SCMP_CMP_GE", 5, 0, [5, 6], [4]), ("SCMP_CMP_GT", 5, 0, [6], [4, 5]),
             ("SCMP_CMP_MASKED_EQ", 0xf0, 0x50, [0x50, 0x5f], [0x40, 0x60])]


@pytest.mark.parametrize("operator,value,second,hit,miss", OPERATORS, ids=[row[0] for row in OPERATORS])
def test_operators(probe, operator, value, second, hit, miss):
    rule = {"errnoRet": 99, "args": [{"index": 1, "value": value, "valueTwo": second, "op": operator}]}
    said = probe(profile(("lseek", "SCMP_ACT_ERRNO", rule)),
                 " ".join(f"{NR['lseek']},9999,{n}" for n in hit + miss)).out.split("\n")[:-1]
    assert said == ["-1 99"] * len(hit) + [f"-1 {errno.EBADF}"] * len(miss)


def test_64_bit_arguments(probe):
    rule = {"errnoRet": 99, "args": [{"index": 1, "value": 1 << 40, "op": "SCMP_CMP_GE"}]}
    assert probe(profile(("lseek", "SCMP_ACT_ERRNO", rule)),
                 f"{NR['lseek']},9999,{1 << 40} {NR['lseek']},9999,{(1 << 40) - 1}").out == "-1 99\n-1 9\n"


# ---- architectures

def test_foreign_calls(husk, filtered, programs):
    if not programs[1]:
        pytest.skip("no 32-bit program can be built")
    rules = (("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13}),)
    both = filtered(profile(*rules, architectures=[MACHINE, "SCMP_ARCH_X86"]), ["/probe32"])
    result = husk("run", "--bundle", both.path, unique(), check=False)
    if result.rc == 1 and "exec format" in result.err:
        pytest.skip("the kernel runs no 32-bit programs")
    assert result.rc == 0 and result.out == "E\n", result
    one = filtered(profile(*rules, architectures=[MACHINE]), ["/probe32"])
    assert husk("run", "--bundle", one.path, unique(), check=False).rc == 128 + 31


def test_newer_calls(probe):
    """Refused as unknown if the profile is older than they are, as forbidden if it knew them."""
    said = probe(profile((STARTING, "SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO"),
                 f"{NR['getppid']} 400 460 {NR['getppid']}").out
    assert said == "-1 1\n-1 38\n-1 38\n-1 1\n"
    said = probe(profile((STARTING, "SCMP_ACT_ALLOW"), ("futex_waitv", "SCMP_ACT_ERRNO"), default="SCMP_ACT_ERRNO"),
                 "425 449 450 100000").out
    assert said == "-1 1\n-1 1\n-1 38\n-1 38\n"


# ---- flags

def test_flags(probe):
    for flags in ([], ["SECCOMP_FILTER_FLAG_TSYNC"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG"]):
        result = probe(profile(("getppid", "SCMP_ACT_ERRNO"), flags=flags), f"{NR['getppid']}")
        assert (result.out, result.err) == ("-1 1\n", ""), flags
    result = probe(profile(("getppid", "SCMP_ACT_ERRNO"), flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]),
                   f"{NR['getppid']}")
    assert result.out == "-1 1\n" and "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" in result.err


def test_absent_flags_allow_speculation(inside):
    """The mitigation is slow, and runc leaves it out; a list without the flag asks for it."""
    status = "grep Speculation_Store_Bypass: /proc/self/status"
    absent = inside(status, {"/linux/seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}})
    assert absent == inside(status), "seccomp changed the mitigation"


def test_features(husk):
    told = husk("features").json["linux"]["seccomp"]
    assert told["enabled"] and "SCMP_ACT_NOTIFY" in told["actions"] and len(told["operators"]) == 7
    assert set(told["supportedFlags"]) <= set(told["knownFlags"])
    assert {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"} <= set(told["supportedFlags"])
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups()))
    assert ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" in told["supportedFlags"]) == (release >= (5, 19))


# ---- the agent

NOTIF_RECV, NOTIF_SEND, CONTINUE = 0xc0502100, 0xc0182101, 1
libc = ctypes.CDLL(None, use_errno=True)


class Agent:
    """Listens at a socket; answers each call with errno (by number), else lets it take place."""

    def __init__(self, path, answers=None):
        self.path, self.answers = path, answers or {}
        self.messages, self.calls, self.pids = [], [], set()
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(path)
        self.server.listen(8)
        self.stop = False
        self.listeners = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def take(self):
        connection, _ = self.server.accept()
        with connection:
            data, fds, _, _ = socket.recv_fds(connection, 1 << 16, 4)
            while part := connection.recv(1 << 16):
                data += part
        self.messages.append(json.loads(data))
        assert len(fds) == 1
        self.listeners.append(fds[0])

    def answer(self, listener):
        request = array.array("b", bytes(80))
        if libc.ioctl(listener, ctypes.c_ulong(NOTIF_RECV), ctypes.c_void_p(request.buffer_info()[0])) < 0:
            return  # the process was gone before we asked: ENOENT
        number, pid, _, call = struct.unpack_from("QIIi", request)
        self.calls.append(call)
        self.pids.add(pid)
        wrong = self.answers.get(call)
        reply = array.array("b", struct.pack("QqiI", number, 0, -wrong if wrong else 0, 0 if wrong else CONTINUE))
        libc.ioctl(listener, ctypes.c_ulong(NOTIF_SEND), ctypes.c_void_p(reply.buffer_info()[0]))

    def serve(self):
        while not self.stop:
            poll = select.poll()
            poll.register(self.server, select.POLLIN)
            for listener in self.listeners:
                poll.register(listener, select.POLLIN)
            for fd, what in poll.poll(50):
                if fd == self.server.fileno():
                    self.take()
                elif what & select.POLLIN:
                    self.answer(fd)
                else:
                    self.listeners.remove(fd)
                    os.close(fd)

    def end(self):
        self.stop = True
        self.thread.join(5)
        self.server.close()
        for listener in self.listeners:
            os.close(listener)


@pytest.fixture
def agents(work):
    made = []

    def make(answers=None):
        agent = Agent(os.path.join(work, unique("agent")), answers)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.end()


def notified(agent, names, **more):
    return profile((names, "SCMP_ACT_NOTIFY"), listenerPath=agent.path, **more)


def test_notify(husk, filtered, agents):
    agent = agents({NR["getppid"]: 111})
    made = filtered(notified(agent, "getppid getpgrp", listenerMetadata="what I am"),
                    f"{NR['getppid']} {NR['getpgrp']}", {"/annotations": {"a": "b"}})
    name = unique()
    assert husk("run", "--bundle", made.path, name, timeout=10).out == "-1 111\n1 0\n"
    message, = agent.messages
    pid = message["pid"]
    assert message == {"ociVersion": "1.0.2", "fds": ["seccompFd"], "pid": pid, "metadata": "what I am",
                       "state": {"ociVersion": "1.0.2", "id": name, "status": "creating", "pid": pid,
                                 "bundle": made.path, "annotations": {"a": "b"}}}
    assert agent.calls == [NR["getppid"], NR["getpgrp"]] and agent.pids == {pid}


# What the process that installs the filter may be tempted to use afterwards.
TRAPS = ["sendmsg", "write", "fcntl", "close", "openat", "close_range mmap munmap recvmsg accept4 ppoll futex"]
USERS = {"nnp": {}, "privileged": {"/process/noNewPrivileges": False},
         "user": {"/process/noNewPrivileges": False, "/process/user": {"uid": 1000, "gid": 1000}},
         "all": {"/process/noNewPrivileges": False,
                 "/process/capabilities": {s: ["CAP_SYS_ADMIN"] for s in ("bounding", "effective", "permitted")}},
         "userns": {"/process/noNewPrivileges": False, "/linux/namespaces": namespace("user"), **USERNS_MAPS}}


@pytest.mark.parametrize("who", USERS)
@pytest.mark.parametrize("names", TRAPS)
def test_no_deadlock(husk, filtered, agents, names, who):
    agent = agents()
    shell = "while true; do sleep 1000; done"
    made = filtered(notified(agent, names), ["/bin/sh", "-c", shell], USERS[who])
    run, name = unique(), unique()
    quick = filtered(notified(agent, names), ["/bin/sh", "-c", "echo done > /dev/null; echo done"], USERS[who])
    assert husk("run", "--bundle", quick.path, run, timeout=10).out == "done\n"
    husk("create", "--bundle", made.path, name, timeout=10)
    assert len(agent.messages) == 1 and husk.status(name) == "created"
    husk("start", name, timeout=10)
    assert husk.status(name) == "running"
    assert husk("exec", name, "/bin/sh", "-c", "echo in; exit 3", timeout=10, rc=3).out == "in\n"
    husk("delete", "--force", name)
    assert [m["state"]["status"] for m in agent.messages] == ["creating", "created", "running"]
    assert len({m["pid"] for m in agent.messages}) == 3
    assert agent.messages[1]["pid"] == agent.messages[1]["state"]["pid"] == agent.messages[2]["state"]["pid"]
    assert [m["state"]["id"] for m in agent.messages] == [run, name, name]


@pytest.mark.parametrize("who", USERS)
def test_everything_notifies(husk, filtered, agents, who):
    agent = agents()
    made = filtered(profile(default="SCMP_ACT_NOTIFY", listenerPath=agent.path), f"{NR['getpgrp']}", USERS[who])
    assert husk("run", "--bundle", made.path, unique(), timeout=10).out == "1 0\n"
    made_of = "execve" if who in ("nnp", "all") else "capset and execve"
    assert agent.calls[:2] == ([59, 12] if made_of == "execve" else [126, 59]) or platform.machine() != "x86_64"


def test_the_capability_is_given_back(husk, filtered, agents):
    """Without no_new_privs husk-init keeps CAP_SYS_ADMIN for the filter, and not a moment longer."""
    agent = agents()
    for caps, uid in (["CAP_KILL"], 0), (["CAP_KILL"], 1000), ([], 0):
        sets = {s: caps for s in ("bounding", "effective", "permitted", "inheritable", "ambient")}
        edits = {"/process/noNewPrivileges": False, "/process/capabilities": sets,
                 "/process/user": {"uid": uid, "gid": uid}}
        command = ["/bin/sh", "-c", "grep Cap /proc/self/status"]
        with_filter = husk("run", "--bundle", filtered(notified(agent, "getppid"), command, edits).path, unique()).out
        edits["/linux/seccomp"] = None
        assert with_filter == husk("run", "--bundle", filtered({}, command, edits).path, unique()).out
    assert len(agent.messages) == 3


def test_agent_refuses(husk, filtered, agents):
    """An agent that says no to what husk-init itself still needs is an error, not a hang."""
    agent = agents({59: errno.EPERM})
    made = filtered(notified(agent, "execve"), "nnp")
    result = husk("run", "--bundle", made.path, unique(), check=False, timeout=10)
    assert result.rc != 0 and "operation not permitted" in result.err.lower() and len(agent.messages) == 1


def test_agent_is_gone(husk, filtered, agents, refused):
    agent = agents()
    made = filtered(notified(agent, "getppid"), ["/bin/sleep", "1000"])
    name = unique()
    husk("create", "--bundle", made.path, name)
    agent.end()
    os.unlink(agent.path)
    result = husk("start", name, check=False, timeout=10)
    assert result.rc == 1 and f"cannot connect to socket '{agent.path}'" in result.err
    assert husk.status(name) == "created", "start can be tried again"
    husk("delete", "--force", name)
    for command in "run", "create":
        result = husk(command, "--bundle", made.path, unique(), check=False, timeout=10)
        assert result.rc == 1 and "/linux/seccomp/listenerPath" in result.err and husk.names() == [], result


def test_agent_hangs_up(husk, filtered, work):
    """Whoever takes the descriptor and drops it makes the calls fail with ENOSYS; nothing waits."""
    path = os.path.join(work, "deaf")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(1)
    made = filtered(profile(("getppid", "SCMP_ACT_NOTIFY"), listenerPath=path), f"{NR['getppid']}")
    process = husk.popen("run", "--bundle", made.path, unique(), stdout=subprocess.PIPE)
    connection, _ = server.accept()
    connection.recv(10)  # without room for descriptors: the kernel drops them
    connection.close()
    server.close()
    assert process.communicate(timeout=10)[0] == f"-1 {errno.ENOSYS}\n".encode()


def test_wait_killable(husk, filtered, agents):
    if "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" not in husk("features").json["linux"]["seccomp"]["supportedFlags"]:
        pytest.skip("the kernel has no such flag")
    agent = agents({NR["getppid"]: 5})
    made = filtered(notified(agent, "getppid", flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
                                                      "SECCOMP_FILTER_FLAG_TSYNC"]), f"{NR['getppid']}")
    assert husk("run", "--bundle", made.path, unique(), timeout=10).out == "-1 5\n"


@pytest.mark.parametrize("what,pointer,text", [
    ({"syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]}, "/linux/seccomp/listenerPath", "is required"),
    ({"syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}], "listenerPath": "agent"},
     "/linux/seccomp/listenerPath", "must be an absolute path"),
    ({"listenerMetadata": "x"}, "/linux/seccomp/listenerMetadata", "must not be set without listenerPath"),
    ({"syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}], "listenerPath": "/etc/passwd"},
     "/linux/seccomp/listenerPath", "/etc/passwd"),
])
def test_refusals(refused, what, pointer, text):
    said = refused(["/bin/true"], {"/linux/seccomp": {"defaultAction": "SCMP_ACT_ALLOW", **what}})
    assert pointer in said and text in said


# ---- the filters that are kept

def kept(husk):
    return sorted(glob.glob(husk.root + "/seccomp@cache/*"))


def test_cache(husk, filtered, bundle):
    rules = profile(("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13}))
    made = filtered(rules, f"{NR['getppid']}")
    assert husk("run", "--bundle", made.path, unique()).out == "-1 13\n"
    file, = kept(husk)
    status = os.stat(file)
    assert status.st_mode & 0o7777 == 0o600 and os.stat(os.path.dirname(file)).st_mode & 0o7777 == 0o700
    # The proof that it is used: what lies there is what the container gets.
    with open(file, "rb") as f:
        text = f.read()
    changed = text.replace(struct.pack("<I", 0x50000 | 13), struct.pack("<I", 0x50000 | 99))
    assert changed != text
    with open(file, "wb") as f:
        f.write(changed)
    assert husk("run", "--bundle", made.path, unique()).out == "-1 99\n"
    # Flags and the agent are not part of the filter; another profile is another file.
    made.write({"/linux/seccomp/flags": ["SECCOMP_FILTER_FLAG_LOG"]})
    assert husk("run", "--bundle", made.path, unique()).out == "-1 99\n" and kept(husk) == [file]
    made.write({"/linux/seccomp/defaultAction": "SCMP_ACT_LOG"})
    husk("run", "--bundle", made.path, unique())
    assert len(kept(husk)) == 2
    assert husk("list", "-q").out == "" and husk("list").out.count("\n") <= 1


@pytest.mark.parametrize("damage", ["cut", "empty", "longer", "key", "owner", "mode", "link", "directory"])
def test_damaged_cache(husk, filtered, work, damage):
    """Whatever lies there that is not ours is compiled anew."""
    made = filtered(profile(("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13})), f"{NR['getppid']}")
    assert husk("run", "--bundle", made.path, unique()).out == "-1 13\n"
    file, = kept(husk)
    with open(file, "rb") as f:
        text = f.read()
    wrong = text.replace(struct.pack("<I", 0x50000 | 13), struct.pack("<I", 0x50000 | 99))
    written = {"cut": wrong[:-8], "empty": b"", "longer": wrong + bytes(8),
               "key": wrong.replace(b"getppid", b"getpgid")}.get(damage, wrong)
    if damage in ("link", "directory"):
        os.rename(file, os.path.join(work, "entry"))
        os.symlink(os.path.join(work, "entry"), file) if damage == "link" else os.mkdir(file)
    else:
        with open(file, "wb") as f:
            f.write(written)
    if damage == "owner":
        os.chown(file, 1000, 1000)
    if damage == "mode":
        os.chmod(file, 0o622)
    if damage == "link":
        with open(os.path.join(work, "entry"), "wb") as f:
            f.write(wrong)
    assert husk("run", "--bundle", made.path, unique()).out == "-1 13\n"
    if damage == "directory":
        os.rmdir(file)


def test_cache_that_others_can_write(husk, filtered):
    made = filtered(profile(("getppid", "SCMP_ACT_ERRNO", {"errnoRet": 13})), f"{NR['getppid']}")
    os.makedirs(husk.root + "/seccomp@cache", 0o777)
    os.chmod(husk.root + "/seccomp@cache", 0o777)
    assert husk("run", "--bundle", made.path, unique()).out == "-1 13\n" and kept(husk) == []


def test_cache_is_bounded(husk, filtered):
    made = filtered(profile(), "nnp")
    os.makedirs(husk.root, exist_ok=True)
    os.mkdir(husk.root + "/seccomp@cache", 0o700)
    for n in range(64):
        with open(f"{husk.root}/seccomp@cache/{n:016x}", "wb"):
            pass
    os.utime(f"{husk.root}/seccomp@cache/{7:016x}", (1, 1))
    husk("run", "--bundle", made.path, unique())
    assert len(kept(husk)) == 64 and not os.path.exists(f"{husk.root}/seccomp@cache/{7:016x}")


def test_plan_touches_nothing(husk, filtered):
    made = filtered(profile(("getppid", "SCMP_ACT_NOTIFY"), listenerPath="/nowhere"), "nnp",
                    {"/process/noNewPrivileges": False})
    said = husk("plan", "--bundle", made.path).out
    assert re.search(r"seccomp.*with a listener, then without CAP_SYS_ADMIN", said)
    assert kept(husk) == []


def test_podman_profile(husk, filtered):
    found = [p for p in ("/usr/share/containers/seccomp.json", "/etc/containers/seccomp.json") if os.path.exists(p)]
    if not found:
        pytest.skip("podman's profile is not installed")
    with open(found[0], encoding="utf-8") as file:
        source = json.load(file)
    rules = {key: source[key] for key in ("defaultAction", "defaultErrnoRet") if key in source}
    rules["architectures"] = [MACHINE, "SCMP_ARCH_X86", "SCMP_ARCH_X32"] if MACHINE == "SCMP_ARCH_X86_64" else [MACHINE]
    ours = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    rules["syscalls"] = [{"names": rule["names"], "action": rule["action"], "args": rule.get("args") or [],
                          **({"errnoRet": rule["errnoRet"]} if "errnoRet" in rule else {})}
                         for rule in source["syscalls"] if not rule.get("includes", {}).get("caps")
                         and ours in rule.get("includes", {}).get("arches", [ours])]
    made = filtered(rules, ["/bin/sh", "-c", "ls /bin | wc -l; id; unshare -n true && echo made"])
    first = husk("run", "--bundle", made.path, unique(), check=False)
    assert "uid=0" in first.out and "made" not in first.out
    begin = time.perf_counter()
    assert husk("run", "--bundle", made.path, unique(), check=False).out == first.out
    assert len(kept(husk)) == 1 and time.perf_counter() - begin < 5
