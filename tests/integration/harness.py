# SPDX-License-Identifier: Apache-2.0
"""What the tests stand on: a runtime that is called with a time limit, bundles made of dicts, hang reports.

HUSK names the runtime under test; any program with runc's command line will do (HUSK=/usr/sbin/runc shows that a
test is right before husk is blamed). Output goes to files, never to pipes: a detached container keeps them open.
"""
import copy
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

SOURCE = os.environ.get("HUSK_SOURCE_ROOT") or os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
HUSK = os.path.realpath(os.environ.get("HUSK") or os.path.join(SOURCE, "build", "husk"))
FAULT = os.environ.get("HUSK_FAULT_BUILD") or os.environ.get("HUSK_FAULT") or ""
RUNC = shutil.which("runc") or "/usr/sbin/runc"
IS_HUSK = "husk" in os.path.basename(HUSK)
# "systemd": every container is a unit of systemd (tests/vm).
MANAGER = os.environ.get("HUSK_CGROUP_MANAGER", "cgroupfs")
TIMEOUT = float(os.environ.get("HUSK_TEST_TIMEOUT", "30"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"]

# What every engine sends, more or less; a test edits what it is about.
BASE = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["/bin/true"],
        "env": ["PATH=" + PATH, "TERM=xterm"],
        "cwd": "/",
        "capabilities": {name: list(CAPS) for name in ("bounding", "effective", "permitted")},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs", "readonly": False},
    "hostname": "box",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
         "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
    ],
    "linux": {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")],
        "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}
USERNS_MAPS = {"/linux/uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
               "/linux/gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}]}
_number = itertools.count(1)
_test = itertools.count(1)
_current = [f"hk{os.getpid()}.0-"]


class Hang(AssertionError):
    """A call that did not end; the text tells where each process stands in the kernel."""


class Result:
    def __init__(self, argv, rc, out, err):
        self.argv, self.rc, self.out, self.err = argv, rc, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def said(self):
        """Everything that was written, for texts that may be on either stream."""
        return self.out + self.err

    def __repr__(self):
        return f"{' '.join(map(str, self.argv))}\n  exit {self.rc}\n  stdout {self.out!r}\n  stderr {self.err!r}"


def next_test():
    """From here on names belong to another test; returns what they begin with."""
    _current[0] = f"hk{os.getpid()}.{next(_test)}-"
    return _current[0]


def unique(prefix="c"):
    return f"{_current[0]}{prefix}{next(_number)}"


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return default


def children(pid):
    """A process and all below it, as far as the kernel still tells."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task") if os.path.isdir(f"/proc/{pid}/task") else []:
        for child in read(f"/proc/{pid}/task/{task}/children").split():
            found += children(int(child))
    return found


def where(pids):
    """Where processes stand: the text that makes a hang worth reporting."""
    lines = []
    for pid in pids:
        command = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
        state = [line for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("State")]
        lines.append(f"pid {pid} {state} {command!r} wchan={read(f'/proc/{pid}/wchan')} "
                     f"syscall={read(f'/proc/{pid}/syscall').strip()}\n{read(f'/proc/{pid}/stack')}")
    return "\n".join(lines)


def ended(pid):
    """Whether a process is no more, or only waits to be reaped."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] in ([], ["Z"])


def wait_for(condition, what, timeout=10.0):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {timeout} s for {what}"
        time.sleep(0.005)


def bounded(process, timeout, argv):
    """Waits for a process; one that does not end is described, killed and reported."""
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        pids = children(process.pid)
        text = where(pids)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait(5)
        raise Hang(f"no end after {timeout} s: {' '.join(map(str, argv))}\n{text}") from None


def call(argv, check=True, rc=None, timeout=None, stdin=None, env=None, cwd=None, pass_fds=(), **popen):
    """Runs a command to its end: text in, text out, never longer than the time limit."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as inp:
        if stdin is not None:
            inp.write(stdin if isinstance(stdin, bytes) else stdin.encode())
            inp.seek(0)
        process = subprocess.Popen(argv, stdin=inp if stdin is not None else subprocess.DEVNULL, stdout=out, stderr=err,
                                   cwd=cwd, env=None if env is None else {**os.environ, **env}, pass_fds=pass_fds,
                                   **popen)
        bounded(process, timeout or TIMEOUT, argv)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    result = Result(argv, process.returncode, *texts)
    if rc is not None:
        assert result.rc == rc, f"expected exit status {rc}: {result}"
    elif check:
        assert result.rc == 0, repr(result)
    return result


class Runtime:
    """A runtime with a state directory of its own: runtime("run", id, ...) is `husk --root DIR run id ...`."""

    def __init__(self, path, root, prefix=(), env=None):
        self.path, self.root, self.prefix, self.env = path, root, list(prefix), env or {}

    def argv(self, *args, options=()):
        if MANAGER == "systemd":
            options = ("--systemd-cgroup", *options)
        return [*self.prefix, self.path, "--root", self.root, *options, *map(str, args)]

    def __call__(self, *args, options=(), env=None, **how):
        return call(self.argv(*args, options=options), env={**self.env, **(env or {})}, **how)

    def popen(self, *args, options=(), **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.argv(*args, options=options), **how)

    def state(self, name):
        return self("state", name).json

    def status(self, name):
        result = self("state", name, check=False)
        return result.json["status"] if result.rc == 0 else "gone"

    def names(self):
        return [entry for entry in os.listdir(self.root)
                if "@" not in entry and os.path.isdir(os.path.join(self.root, entry))] \
            if os.path.isdir(self.root) else []


def edit(config, edits):
    """Sets values by JSON Pointer; "-" appends, None removes."""
    for pointer, value in (edits or {}).items():
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        node = config
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        if last == "-":
            node.append(value)
        elif isinstance(node, list) and value is None:
            del node[int(last)]
        elif isinstance(node, list):
            node[int(last)] = value
        elif value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return config


class Bundle:
    def __init__(self, path, rootfs, args=None, edits=None):
        self.path = path
        self.rootfs = os.path.join(path, "rootfs")
        self.config = copy.deepcopy(BASE)
        os.makedirs(path)
        if rootfs:
            # Hard links: a test that writes into a file of the image would be wrong anyway.
            subprocess.run(["cp", "-a", "--link", rootfs, self.rootfs], check=True)
        if isinstance(args, str):
            args = ["/bin/sh", "-c", args]
        if args is not None:
            self.config["process"]["args"] = args
        edit(self.config, edits)
        self.write()

    def write(self, edits=None):
        edit(self.config, edits)
        with open(os.path.join(self.path, "config.json"), "w", encoding="utf-8") as file:
            json.dump(self.config, file, indent=1)

    def file(self, name, text="", mode=0o644):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path


def namespace(kind, path=None, config=None):
    """The namespaces of BASE (or config) with one more, or with one replaced by a path."""
    kinds = [dict(entry) for entry in (config or BASE)["linux"]["namespaces"] if entry["type"] != kind]
    return kinds + [{"type": kind, **({"path": path} if path else {})}]


def without(*kinds):
    return [dict(entry) for entry in BASE["linux"]["namespaces"] if entry["type"] not in kinds]


def userns(edits=None):
    """Edits for a user namespace with maps; the image belongs to host root, so it is read through 'other' bits."""
    return {"/linux/namespaces": namespace("user"), **USERNS_MAPS, **(edits or {})}
