# SPDX-License-Identifier: Apache-2.0
"""What an image, a volume or a process inside may try against the host: one test for each class of known attack.

The names are those of the advisories (FEATURES D). Nothing here is allowed to succeed by luck: a racer is shown to
race, a scanner to have seen what it may not read. Which protection each test guards stands with the test.
"""
import ctypes.util
import fcntl
import hashlib
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import termios

import pytest

import harness
import test_fallback
from harness import call, read, unique, userns, wait_for, without

pytestmark = pytest.mark.husk
ONLY_PROC = [mount for mount in harness.BASE["mounts"] if mount["destination"] == "/proc"]
ONLY_PTS = ONLY_PROC + [mount for mount in harness.BASE["mounts"] if mount["destination"] == "/dev/pts"]
SEALS = 0xf  # F_SEAL_SEAL | SHRINK | GROW | WRITE
OUTSIDE = "possible container breakout"
CLEAN = {"/linux/maskedPaths": None, "/linux/readonlyPaths": None}

HELPER = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* 1: it is husk-init and we may look at it; 0: we may not; -1: gone, or another program */
static int look(int pid)
{
	char path[64], exe[256] = "";
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof exe - 1);
	if (n < 0)
		return errno == EACCES || errno == EPERM ? 0 : -1;
	return strstr(exe, "husk-init") ? 1 : -1;
}

static int fds_readable(int pid)
{
	char path[64], link[256] = "";
	struct dirent *e;
	int found = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)))
		if (*e->d_name != '.' && readlinkat(dirfd(d), e->d_name, link, sizeof link - 1) > 0)
			found++;
	closedir(d);
	return found;
}

/* Looks at whoever comes until /stop is there: "hidden N leaks N". */
static int scan(void)
{
	long hidden = 0, leaks = 0;

	while (access("/stop", F_OK)) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while ((e = readdir(d))) {
			int pid = atoi(e->d_name), what;

			if (pid <= 1 || pid == getpid())
				continue;
			what = look(pid);
			hidden += what == 0;
			leaks += what == 1;
			if (what == 0 && fds_readable(pid) && look(pid) == 0)
				leaks++;
			if (what == 0 && !ptrace(PTRACE_SEIZE, pid, 0, 0)) {
				leaks += look(pid) == 1;
				ptrace(PTRACE_INTERRUPT, pid, 0, 0);
				waitpid(pid, NULL, __WALL);
				ptrace(PTRACE_DETACH, pid, 0, 0);
			}
		}
		closedir(d);
	}
	printf("hidden %ld leaks %ld\n", hidden, leaks);
	return 0;
}

/* Types into the terminal that is our stdin, and looks for a controlling one. */
static int type(void)
{
	int tty, r = ioctl(0, TIOCSTI, "#");

	printf("isatty %d sti %s ", isatty(0), r ? strerrorname_np(errno) : "done");
	tty = open("/dev/tty", O_RDWR);
	printf("tty %s sid %d\n", tty < 0 ? strerrorname_np(errno) : "open", getsid(0) == getpid());
	return 0;
}

int main(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "scan") ? scan() : type();
}
"""

RACER = r"""
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (name.encode() for name in sys.argv[1:3])
print("go", flush=True)
while True:
    if libc.renameat2(-100, a, -100, b, 2):
        sys.exit(str(ctypes.get_errno()))
"""


@pytest.fixture(scope="session")
def helper(tmp_path_factory):
    """A static program for what busybox cannot do."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("helper")
    (path / "helper.c").write_text(HELPER)
    call([compiler, "-O1", "-static", "-o", str(path / "helper"), str(path / "helper.c")])
    return str(path / "helper")


@pytest.fixture
def canary(work):
    """A host directory that nobody may change, and what is in it must be as it was."""
    path = work + "/canary"
    os.makedirs(path)
    for name in ("null", "ptmx", "stdin", "console", "fd", "keep"):
        with open(f"{path}/{name}", "w", encoding="utf-8") as file:
            file.write("host")
    before = picture(path)
    yield path
    assert picture(path) == before, "the host was changed through a link in the image"


def picture(path):
    """Names, modes, owners and texts; what is no file any more (a device without end) is not read."""
    found = []
    for name in sorted(os.listdir(path)):
        info = os.lstat(f"{path}/{name}")
        found.append((name, info.st_mode, info.st_uid, read(f"{path}/{name}") if stat.S_ISREG(info.st_mode) else ""))
    return found


def replace_by_link(made, name, target):
    path = made.rootfs + name
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def run(husk, made, *options, **how):
    how.setdefault("check", False)
    return husk("run", *options, "--bundle", made.path, unique(), **how)


# --- links in the image


@pytest.mark.parametrize("name", ("/proc", "/sys"))
@pytest.mark.parametrize("outside", (True, False))
def test_proc_or_sys_is_a_link(husk, bundle, canary, name, outside):
    """CVE-2019-19921, CVE-2023-27561: a link there would let the image choose what the runtime takes for procfs."""
    made = bundle("echo ran", CLEAN)
    os.makedirs(made.rootfs + "/other")
    replace_by_link(made, name, canary if outside else "other")
    result = run(husk, made)
    assert result.rc != 0 and "ran" not in result.out, repr(result)
    assert "symbolic links" in result.err and name in result.err


@pytest.mark.parametrize("user", (False, True), ids=("", "userns"))
@pytest.mark.parametrize("link", ("{canary}", "../../../../../../../../..{canary}"))
def test_dev_is_a_link(husk, bundle, canary, link, user):
    """CVE-2026-41579: nodes and links were made, and files removed, where the link leads on the host."""
    edits = {**CLEAN, "/mounts": ONLY_PROC}
    made = bundle("echo ran", userns(edits) if user else edits)
    replace_by_link(made, "/dev", link.format(canary=canary))
    if user:
        os.chmod(made.rootfs, 0o777)
    run(husk, made)  # refused or made inside: the fixture looks at the canary


@pytest.mark.parametrize("user", (False, True), ids=("", "userns"))
def test_dev_null_is_a_link(husk, bundle, canary, user):
    """CVE-2025-31133, CVE-2026-88265: neither is the link followed nor is its target what masks a path."""
    edits = {"/mounts": ONLY_PROC, "/linux/readonlyPaths": None, "/linux/maskedPaths": ["/secret"]}
    made = bundle("cat /secret; test -c /dev/null && echo null; echo x > /dev/null; cat /keep",
                  userns(edits) if user else edits)
    for name in ("keep", "secret"):
        made.file("rootfs/" + name, name + "\n", 0o666)
    replace_by_link(made, "/dev/null", "/keep")
    if user:
        os.chmod(made.rootfs, 0o777)
        os.chmod(made.rootfs + "/dev", 0o777)
    result = run(husk, made)
    assert result.rc != 0 or result.out.split() == ["null", "keep"], repr(result)
    assert read(made.rootfs + "/keep") == "keep\n"


@pytest.mark.parametrize("what", ("link", "file", "zero", "missing"))
def test_masking_with_a_dev_null_that_is_none(husk, bundle, work, what):
    """CVE-2025-31133: a volume on /dev brings its own null; nothing but the null device hides a file."""
    volume = work + "/dev"
    os.makedirs(volume)
    if what == "link":
        os.symlink("/proc/sys/kernel/core_pattern", volume + "/null")
    elif what == "file":
        open(volume + "/null", "w", encoding="utf-8").close()
    elif what == "zero":
        os.mknod(volume + "/null", 0o20666, os.makedev(1, 5))
    made = bundle("echo ran", {"/mounts": ONLY_PROC + [{"destination": "/dev", "type": "bind", "source": volume,
                                                        "options": ["rbind"]}],
                               "/linux/maskedPaths": ["/proc/keys"]})
    result = run(husk, made)
    assert result.rc != 0 and "ran" not in result.out, repr(result)
    assert "/dev/null" in result.err


@pytest.mark.parametrize("link", ("{canary}/new", "../../../../../../../../..{canary}/new", "{canary}/console", "/proc/sysrq-trigger"))
def test_dev_console_is_a_link(husk, bundle, canary, link):
    """CVE-2026-88264, CVE-2025-52565: the terminal lands neither on the host nor on a file of procfs."""
    made = bundle("echo ran", {**CLEAN, "/mounts": ONLY_PTS, "/process/terminal": True})
    replace_by_link(made, "/dev/console", link.format(canary=canary))
    os.makedirs(made.rootfs + "/dev/pts", exist_ok=True)
    result = run(husk, made)
    assert result.rc != 0 and "ran" not in result.out, repr(result)
    assert "/dev/console" in result.err


@pytest.mark.parametrize("what", ("link to proc", "file", "link", "node"))
def test_dev_pts_is_none(husk, bundle, work, what):
    """CVE-2025-52565: a terminal comes from the multiplexer of a devpts, whatever else is called so."""
    volume = work + "/pts"
    os.makedirs(volume)
    mounts = ONLY_PROC + [{"destination": "/dev/pts", "type": "bind", "source": volume, "options": ["rbind"]}]
    made = bundle("echo ran", {**CLEAN, "/mounts": ONLY_PROC if what == "link to proc" else mounts,
                               "/process/terminal": True})
    if what == "link to proc":
        replace_by_link(made, "/dev/pts", "/proc/self")
    elif what == "file":
        open(volume + "/ptmx", "w", encoding="utf-8").close()
    elif what == "link":
        os.symlink("/dev/tty", volume + "/ptmx")
    else:
        os.mknod(volume + "/ptmx", 0o20666, os.makedev(5, 2))  # the host's own devpts, if it were followed
    result = run(husk, made)
    assert result.rc != 0 and "ran" not in result.out, repr(result)
    assert "/dev/pts/ptmx" in result.err


def test_the_image_plays_procfs(husk, bundle):
    """CVE-2019-16884, CVE-2025-52881: what the runtime writes goes to the kernel, not to files of the image."""
    made = bundle("cat /proc/sys/net/ipv4/ip_forward", {**CLEAN, "/mounts": [], "/process/oomScoreAdj": 77,
                                                        "/linux/sysctl": {"net.ipv4.ip_forward": "1"}})
    files = ["proc/sys/net/ipv4/ip_forward", "proc/self/oom_score_adj", "proc/self/attr/current"]
    for name in files:
        made.file("rootfs/" + name, "fake\n", 0o666)
    result = run(husk, made, check=True)
    assert result.out == "fake\n"
    assert [read(f"{made.rootfs}/{name}") for name in files] == ["fake\n"] * 3


@pytest.mark.parametrize("old", (False, True), ids=("", "without mount_setattr"))
def test_the_image_plays_proc_self_fd(husk, bundle, work, old):
    """CVE-2026-115521: making the root read-only goes through the trusted procfs, never the image's /proc/self/fd."""
    made = bundle("touch /x && echo written; true", {**CLEAN, "/mounts": [], "/root/readonly": True})
    for number in range(3, 40):
        os.makedirs(f"{made.rootfs}/proc/self/fd/{number}")
    if old:
        behind_filter(husk, work, "mount_setattr")
    result = run(husk, made, check=True)
    assert result.out == "" and not os.path.exists(made.rootfs + "/x")


# --- races with a volume


@pytest.fixture
def racer(work):
    """Exchanges a directory and a link in a volume, again and again."""
    racing = []

    def start(a, b):
        process = subprocess.Popen([sys.executable, "-S", "-c", RACER, a, b], stdout=subprocess.PIPE)
        racing.append(process)
        assert process.stdout.readline() == b"go\n"

    yield start
    for process in racing:
        assert process.poll() is None, "the racer gave up"
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("refused", ("", "openat2"), ids=("", "without openat2"))
def test_racing_mount_targets(husk, bundle, work, canary, racer, refused):
    """CVE-2021-30465, CVE-2024-45310: 300 containers, whose mount targets have to be made in a volume that changes
    under the runtime. Nothing is made in the host's directory, nothing is mounted in it, nothing on the host.
    """
    volume = work + "/volume"
    os.makedirs(volume + "/a")
    os.symlink("../../../../../../../.." + canary, volume + "/b")
    bind = {"destination": "/volume", "type": "bind", "source": volume, "options": ["rbind"]}
    made = bundle(None, {**CLEAN, "/linux/rootfsPropagation": "private"})
    made.config["process"]["args"] = ["/bin/sh", "-c", "wc -l < /proc/self/mountinfo; ls /root"]
    if refused:
        behind_filter(husk, work, refused)
    before = [line for line in read("/proc/self/mountinfo").splitlines() if work in line]
    racer(volume + "/a", volume + "/b")
    fine = 0
    for number in range(300 if not refused else 100):
        target = f"/volume/a/t{number}/deep"
        made.write({"/mounts": ONLY_PROC + [bind, {"destination": target, "type": "tmpfs", "source": "tmpfs"}]})
        result = run(husk, made)
        fine += result.rc == 0
        assert result.rc != 0 or result.out == "4\n", repr(result)  # the root, /proc, the volume, the target
    assert fine, "no container was made at all"
    assert [line for line in read("/proc/self/mountinfo").splitlines() if work in line] == before


def test_racer_wins_against_plain_mkdir(work, racer):
    """The race is one: who makes directories by path finds himself in the canary soon."""
    os.makedirs(work + "/v/a")
    os.makedirs(work + "/elsewhere")
    os.symlink(work + "/elsewhere", work + "/v/b")
    racer(work + "/v/a", work + "/v/b")

    def lost():
        for number in range(50):
            try:
                os.mkdir(f"{work}/v/a/t{number}")
            except OSError:
                pass
        return os.listdir(work + "/elsewhere")

    wait_for(lost, "the racer to win")


# --- descriptors and the working directory


def behind_filter(husk, work, names):
    if not ctypes.util.find_library("seccomp"):
        pytest.skip("libseccomp is not installed")
    with open(work + "/launcher.py", "w", encoding="utf-8") as file:
        file.write(test_fallback.LAUNCHER)
    husk.prefix = [sys.executable, "-S", work + "/launcher.py", str(test_fallback.ENOSYS), names]


@pytest.fixture
def leaky(work):
    """Inheritable descriptors of a host directory, as a careless engine may have them."""
    fds = []
    for _ in range(8):
        fd = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(fd, True)
        fds.append(fd)
    yield fds
    for fd in fds:
        os.close(fd)


SHOW = "ls /proc/$$/fd; true"  # true: or ls would take the place of the shell


@pytest.mark.parametrize("refused", ("", "close_range"), ids=("", "without close_range"))
@pytest.mark.parametrize("how", ("run", "create", "exec", "no mount namespace"))
def test_no_descriptors_of_the_host(husk, bundle, running, work, leaky, how, refused):
    """CVE-2024-21626, CVE-2015-3627: only 0, 1 and 2, also before Linux 5.11."""
    edits = {"/linux/namespaces": without("mount"), "/mounts": [], **CLEAN} if how == "no mount namespace" else {}
    name = running() if how == "exec" else unique()
    made = None if how == "exec" else bundle(f"exec > /seen; {SHOW}", edits)
    if refused:
        behind_filter(husk, work, refused)
    if how == "exec":
        seen = husk("exec", name, "/bin/sh", "-c", SHOW, pass_fds=leaky).out
        assert seen.split() == ["0", "1", "2"]
        return
    if how == "no mount namespace":  # no /proc inside: looked at from outside
        made.write({"/process/args": ["/bin/sleep", "100"]})
        husk("run", "-d", "--bundle", made.path, name, pass_fds=leaky)
        assert sorted(os.listdir(f"/proc/{husk.state(name)['pid']}/fd")) == ["0", "1", "2"]
        return
    if how == "create":
        husk("create", "--bundle", made.path, name, pass_fds=leaky)
        pid = husk.state(name)["pid"]
        links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert "/etc" not in links
        husk("start", name, pass_fds=leaky)
        wait_for(lambda: husk.status(name) == "stopped", "the end")
    else:
        husk("run", "--bundle", made.path, name, pass_fds=leaky)
    assert read(made.rootfs + "/seen").split() == ["0", "1", "2"]


@pytest.mark.parametrize("refused", ("", "close_range", "openat2,close_range"))
def test_cwd_of_a_descriptor(husk, bundle, running, work, leaky, refused):
    """CVE-2024-21626: /proc/self/fd/N as working directory, of the container and of exec."""
    name = running()
    made = bundle("cat ../etc/shadow; pwd", {"/process/cwd": ""})
    if refused:
        behind_filter(husk, work, refused)
    for number in range(3, 21):
        cwd = f"/proc/self/fd/{number}"
        made.write({"/process/cwd": cwd})
        for result in (run(husk, made, pass_fds=leaky),
                       husk("exec", "--cwd", cwd, name, "/bin/pwd", check=False, pass_fds=leaky)):
            assert result.rc != 0 and result.out == "", repr(result)
            assert "chdir to cwd" in result.err


@pytest.mark.parametrize("depth", (0, 6, 25), ids=("short", "over 1024", "over 4096"))
def test_cwd_of_a_preserved_descriptor(husk, bundle, running, work, depth):
    """CVE-2024-21626 without luck: the descriptor is there, but its directory is not inside; however long its path."""
    base = os.open(work, os.O_RDONLY)
    fd = base
    for _ in range(depth):
        os.mkdir("x" * 200, dir_fd=fd)
        fd = os.open("x" * 200, os.O_RDONLY, dir_fd=fd)
    name = running()
    made = bundle("ls ..", {"/process/cwd": "/proc/self/fd/3"})
    husk.prefix = [sys.executable, "-S", "-c",
                   f"import os, sys; os.dup2({fd}, 3, True); os.execv(sys.argv[1], sys.argv[1:])"]
    for result in (run(husk, made, "--preserve-fds", "1", pass_fds=[fd]),
                   husk("exec", "--preserve-fds", "1", "--cwd", "/proc/self/fd/3", name, "/bin/ls", "..", check=False,
                        pass_fds=[fd])):
        assert result.rc != 0 and result.out == "", repr(result)
        assert OUTSIDE in result.err or "chdir to cwd" in result.err
    husk.prefix = []
    os.close(base)
    call(["rm", "-rf", work + "/" + "x" * 200])


# --- exec into a hostile container


@pytest.mark.slow
def test_joining_process_cannot_be_watched(husk, running, bundle, helper):
    """CVE-2016-9962: while 200 processes join, nobody inside may trace them or read their descriptors."""
    made = bundle(["/scan", "scan"])
    shutil.copy(helper, made.rootfs + "/scan")
    out = made.path + "/out"
    name = unique()
    with open(out, "w", encoding="utf-8") as file:
        scanner = husk.popen("run", "--bundle", made.path, name, stdout=file)
        wait_for(lambda: husk.status(name) == "running", "the scanner")
        for _ in range(200):
            husk("exec", name, "/bin/true")
        open(made.rootfs + "/stop", "w", encoding="utf-8").close()
        assert scanner.wait(20) == 0
    hidden, leaks = map(int, re.fullmatch(r"hidden (\d+) leaks (\d+)\n", read(out)).groups())
    assert hidden > 0, "the scanner never met a process that joined"
    assert leaks == 0


def test_program_inside_cannot_be_written(husk, created):
    """CVE-2019-5736: /proc/PID/exe of the waiting init is a sealed copy in memory."""
    pid = husk.state(created())["pid"]
    exe = f"/proc/{pid}/exe"
    assert "husk-init" in os.readlink(exe)
    fd = os.open(exe, os.O_RDONLY)
    assert fcntl.fcntl(fd, 1034) & SEALS == SEALS  # F_GET_SEALS
    os.close(fd)
    with pytest.raises(OSError):
        fd = os.open(exe, os.O_WRONLY)
        try:
            os.write(fd, b"x")
        finally:
            os.close(fd)


def test_entry_point_that_is_ourselves(husk, bundle, running):
    """CVE-2019-5736: '#!/proc/self/exe' makes the runtime run inside, but never the host's file of it."""
    before = hashlib.sha256(open(husk.path, "rb").read()).digest()
    made = bundle(["/evil"])
    made.file("rootfs/evil", "#!/proc/self/exe\n", 0o755)
    result = run(husk, made)
    assert result.rc != 0
    name = running()
    inode = os.stat(husk.path).st_ino
    seen = husk("exec", name, "/bin/sh", "-c", "ls -iL /proc/self/exe; ls -l /proc/[0-9]*/exe", check=False).out
    assert str(inode) not in seen.split()
    assert hashlib.sha256(open(husk.path, "rb").read()).digest() == before


@pytest.mark.parametrize("how", ("run", "exec"))
def test_keys_do_not_reach_the_callers_terminal(husk, bundle, helper, how):
    """CVE-2016-10124: a process on the caller's terminal is in a session of its own and cannot type into it."""
    made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    shutil.copy(helper, made.rootfs + "/type")
    name = unique()
    if how == "exec":
        husk("run", "-d", "--bundle", made.path, name)
    else:
        made.write({"/process/args": ["/type"]})
    master, slave = pty.openpty()
    out = made.path + "/typed"

    def own_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    args = ["exec", name, "/type"] if how == "exec" else ["run", "--bundle", made.path, name]
    with open(out, "w", encoding="utf-8") as file:
        process = husk.popen(*args, stdin=slave, stdout=file, preexec_fn=own_terminal, pass_fds=[slave])
        assert process.wait(10) == 0
    os.close(slave)
    os.close(master)
    words = read(out).split()
    assert words[:2] == ["isatty", "1"], words
    assert words[3] in ("EPERM", "EIO") and words[5:] == ["ENXIO", "sid", "1"], words


@pytest.mark.skipif(not harness.FAULT, reason="needs a build with fault injection (HUSK_FAULT_BUILD)")
def test_exec_waits_for_the_root(make_runtime, bundle):
    """The process of a container that is still being made has the host's root: exec must not join it yet."""
    path = harness.FAULT if os.path.isfile(harness.FAULT) else harness.FAULT + "/husk"
    husk = make_runtime(path)
    made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    made.file("rootfs/inside")
    name = unique()
    creator = husk.popen("create", "--bundle", made.path, name, env={**os.environ, "HUSK_FAULT_POINT": "pid-recorded"})
    wait_for(lambda: " T " in read(f"/proc/{creator.pid}/stat"), "the stop of create")
    other = husk.popen("exec", name, "/bin/sh", "-c", "test -e /inside", stderr=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(0.5)
    os.kill(creator.pid, signal.SIGCONT)
    assert creator.wait(10) == 0 and other.wait(10) == 0


# --- who one is


def test_nothing_is_inheritable_by_default(husk, work, image, running):
    """CVE-2022-24769, CVE-2022-29162: the default configuration and exec --cap leave CapInh and CapAmb empty."""
    path = work + "/spec"
    os.makedirs(path)
    call(["cp", "-a", image, path + "/rootfs"])
    husk("spec", cwd=path)
    with open(path + "/config.json", encoding="utf-8") as file:
        text = file.read()
    with open(path + "/config.json", "w", encoding="utf-8") as file:
        file.write(text.replace('"terminal": true', '"terminal": false').replace('"sh"', '"/bin/grep","Cap","/proc/self/status"'))
    seen = dict(line.split() for line in husk("run", "--bundle", path, unique()).out.splitlines())
    assert int(seen["CapPrm:"], 16) != 0
    assert seen["CapInh:"] == seen["CapAmb:"] == "0" * 16
    name = running()
    for user, effective in (("0", True), ("1000", False)):
        out = husk("exec", "--cap", "CAP_SYS_ADMIN", "-u", user, name, "/bin/grep", "Cap", "/proc/self/status").out
        seen = dict(line.split() for line in out.splitlines())
        assert seen["CapInh:"] == seen["CapAmb:"] == "0" * 16
        assert bool(int(seen["CapEff:"], 16)) == effective


@pytest.mark.parametrize("user", ("4294967296", "4294967295", "-1", "", "1x", " 1", "1 ", "+1", "0x10", "1:", ":1", "1:-1",
                                  "1:2:3", "1:4294967296", "nosuchuser", "18446744073709551617", "1\n"))
def test_user_that_is_no_number(husk, running, user):
    """CVE-2016-3697, CVE-2026-30892: nothing but whole decimal numbers and known names, or somebody becomes root by mistake."""
    result = husk("exec", "--user", user, running(), "/bin/id", check=False)
    assert result.rc != 0 and result.out == "" and re.search("invalid|unable to find", result.err), repr(result)


def test_numeric_name_in_the_images_passwd(husk, bundle):
    """CVE-2016-3697: a user that is called 1000 there does not make 1000 root."""
    made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    os.unlink(made.rootfs + "/etc/passwd")
    made.file("rootfs/etc/passwd", "1000:x:0:0::/:/bin/sh")
    name = unique()
    husk("run", "-d", "--bundle", made.path, name)
    assert husk("exec", "-u", "1000:1000", name, "/bin/sh", "-c", "id -u; id -g; echo $HOME").out.split()[:2] == ["1000", "1000"]
    assert husk("exec", "-u", "1", name, "/bin/id", "-u").out == "1\n"


# --- sizes


BIG = 70000


def test_large_environment_and_arguments(inside):
    """CVE-2021-43784: nothing is cut off to 16 bits."""
    big = "x" * BIG
    assert inside(["/bin/sh", "-c", "echo ${#A} ${#1} $#", "sh", big, "y"], {"/process/env/-": "A=" + big}) == f"{BIG} {BIG} 2"


@pytest.mark.parametrize("edits", (
    {"/linux/namespaces": harness.namespace("user"),
     "/linux/uidMappings": [{"containerID": n * 2, "hostID": 100000 + n * 2, "size": 1} for n in range(5000)],
     "/linux/gidMappings": [{"containerID": 0, "hostID": 100000, "size": 1}]},
    {"/process/env/-": "A=" + "x" * 200000},
    {"/process/cwd": "/" + "x" * BIG},
    {"/process/cwd": "/x" * BIG},
    {"/hostname": "x" * BIG},
    {"/mounts/-": {"destination": "/x" * 3000, "type": "tmpfs", "source": "tmpfs"}},
    {"/mounts/-": {"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["size=1" + "0" * BIG]}},
    {"/mounts/-": {"destination": "/m", "type": "bind", "source": "/x" * BIG, "options": ["bind"]}},
    {"/linux/maskedPaths": ["/" + "x" * BIG]},
    {"/linux/sysctl": {"net." + "x" * BIG: "1"}},
    {"/linux/cgroupsPath": "/" + "x" * BIG},
    {"/linux/namespaces": harness.namespace("network", "/" + "x" * BIG)},
    {"/root/path": "/" + "x" * BIG},
), ids=("mappings", "env", "cwd name", "cwd path", "hostname", "target", "data", "source", "masked", "sysctl", "cgroup",
        "namespace", "root"))
def test_too_large(refused, edits):
    """Too much of anything is an error with a text, not a crash and not something else."""
    text = refused("echo ran", edits)
    assert "level=error" in text and "ran" not in text.split()


# --- the host's mounts


def in_own_mounts(script, *args):
    """Runs a script where / is shared, but with nobody outside."""
    prelude = "mount --make-rshared / && cat /proc/self/mountinfo > \"$1\" && "
    return call(["unshare", "-m", "--propagation", "private", "/bin/sh", "-ec",
                 prelude + script + "; cat /proc/self/mountinfo > \"$2\"", "sh", *args], check=False)


@pytest.mark.parametrize("edits, options", (
    ({"/linux/namespaces": without("mount"), "/mounts": [], **CLEAN}, ""),
    ({"/linux/namespaces": without("mount"), "/mounts": [], "/linux/rootfsPropagation": "rprivate", **CLEAN}, ""),
    ({"/linux/rootfsPropagation": "rshared"}, "--no-pivot"),
    ({"/linux/rootfsPropagation": "rshared"}, ""),
    ({"/linux/rootfsPropagation": "rslave"}, "--no-pivot"),
    ({}, ""),
), ids=("no namespace", "no namespace, propagation", "rshared, no pivot", "rshared", "rslave, no pivot", "default"))
@pytest.mark.parametrize("separate", (False, True), ids=("", "root on its own mount"))
def test_mounts_of_the_host_stay_as_they_are(husk, bundle, work, edits, options, separate):
    """runc 1.5.3, and --no-pivot on a shared host: neither propagation nor mounts change, nothing goes away."""
    made = bundle("true", edits)
    if separate:
        os.makedirs(work + "/own")
    move = "mount -t tmpfs own \"$3/own\" && cp -a \"$4\" \"$3/own/b\" && cat /proc/self/mountinfo > \"$1\" && "
    script = (move if separate else "") + " ".join(husk.argv("run", *options.split(), "--bundle")) + " \"$5\" " + unique()
    result = in_own_mounts(script, work + "/before", work + "/after", work, made.path,
                           work + "/own/b" if separate else made.path)
    assert result.rc == 0, repr(result)
    assert read(work + "/before") and read(work + "/after") == read(work + "/before")


@pytest.mark.parametrize("refused", ("", "mount_setattr"), ids=("", "without mount_setattr"))
@pytest.mark.parametrize("flags", ("nosuid,nodev,noexec,noatime", "strictatime,nodiratime", "relatime,ro"))
def test_bind_mount_loses_no_flag(husk, bundle, work, refused, flags):
    """What the host took from a volume (nosuid, noexec) stays taken when the container asks for something else."""
    os.makedirs(work + "/volume")
    made = bundle("grep ' /volume ' /proc/self/mountinfo",
                  {"/mounts/-": {"destination": "/volume", "type": "bind", "source": work + "/volume",
                                 "options": ["bind", "nosymfollow" if not refused else "nodev"]}})
    if refused:
        behind_filter(husk, work, refused)
    script = "mount -t tmpfs -o \"$4\" volume \"$3/volume\" && cat /proc/self/mountinfo > \"$1\" && " + \
             " ".join(f"'{word}'" for word in husk.argv("run", "--bundle", made.path, unique()))
    result = in_own_mounts(script, work + "/before", work + "/after", work, flags)
    seen = result.out.split()[5].split(",")
    for flag in flags.split(","):
        if flag == "strictatime":
            assert "relatime" not in seen and "noatime" not in seen, seen
        else:
            assert flag in seen, seen


def test_device_of_stdio_keeps_its_owner(husk, bundle):
    """CVE-2026-88265: /dev/null as stdio of another user stays root's."""
    made = bundle("true", {"/process/user": {"uid": 1000, "gid": 1000}})
    run(husk, made, check=True)
    assert os.stat("/dev/null").st_uid == 0


# --- a caller that is not what one expects


def test_caller_that_ignores_the_end_of_children(husk, bundle, running):
    """With SIGCHLD ignored the kernel would reap the process, and its exit status would be lost."""
    name = running()
    made = bundle("exit 7")
    husk.prefix = [sys.executable, "-S", "-c",
                   "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"]
    assert run(husk, made).rc == 7
    assert husk("exec", name, "/bin/sh", "-c", "exit 7", check=False).rc == 7


def test_asking_a_stopped_init(husk, created):
    """Nobody answers at the gate of a stopped init, and nobody hangs there either."""
    name = created()
    husk("kill", name, "STOP")
    for _ in range(40):
        assert husk("state", name, timeout=5).json["status"] == "created"
    husk("kill", name, "CONT")
    husk("start", name)
