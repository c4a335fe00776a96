# SPDX-License-Identifier: Apache-2.0
"""podman, conmon and netavark drive the runtime: storage, network and configuration are private to this file.

Each test runs with husk and with Debian's runc: what fails under both is a fault of the test or the machine.
"""
import fcntl
import http.server
import json
import os
import pty
import shutil
import struct
import subprocess
import termios
import threading
import urllib.request

import pytest

import harness
import hoststate
from harness import call, unique, wait_for

WAIT = "trap 'exit 3' TERM; while :; do sleep 0.05; done"
CONTAINERS_CONF = """
[containers]
# No CAP_SYS_RESOURCE, no raised limits.
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
[network]
network_backend = "netavark"
"""


class Podman:
    def __init__(self, work, runtime, image):
        self.work, self.bridge = work, f"hk{os.getpid() % 100000}p"
        self.subnet = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        storage = f'[storage]\ndriver = "vfs"\ngraphroot = "{work}/g"\nrunroot = "{work}/rr"\n'
        for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", storage)):
            with open(os.path.join(work, name), "w", encoding="utf-8") as file:
                file.write(text)
        os.mkdir(work + "/net")
        with open(work + "/net/box.json", "w", encoding="utf-8") as file:
            json.dump({"name": "box", "id": "b" * 64, "driver": "bridge", "network_interface": self.bridge,
                       "created": "2026-01-01T00:00:00Z", "ipv6_enabled": False, "internal": False,
                       "dns_enabled": False, "ipam_options": {"driver": "host-local"},
                       "subnets": [{"subnet": self.subnet + ".0/24", "gateway": self.subnet + ".1"}]}, file)
        self.prefix = ["podman", "--root", work + "/g", "--runroot", work + "/rr", "--tmpdir", work + "/tmp",
                       "--storage-driver", "vfs", "--network-config-dir", work + "/net", "--runtime", runtime]
        self.env = {"CONTAINERS_CONF": work + "/containers.conf", "CONTAINERS_STORAGE_CONF": work + "/storage.conf"}
        subprocess.run(["tar", "-C", image, "-cf", work + "/box.tar", "."], check=True)
        self("import", "-q", work + "/box.tar", "localhost/box")

    def __call__(self, *args, **how):
        how.setdefault("timeout", 60)
        return call([*self.prefix, *args], env=self.env, **how)

    def run(self, *args, **how):
        return self("run", "--rm", "--network", "none", *args, **how)

    def inspect(self, name, template):
        return self("inspect", name, "--format", template).out.strip()


@pytest.fixture(scope="module", params=["husk", "runc"])
def podman(request, image, tmp_path_factory):
    if not all(map(shutil.which, ("podman", "conmon", "tar"))):
        pytest.skip("podman or conmon is not installed")
    runtime = harness.HUSK if request.param == "husk" else harness.RUNC
    if request.param == "runc" and (not harness.IS_HUSK or not os.path.exists(runtime)):
        pytest.skip("the control run needs another runtime than the one under test")
    work = str(tmp_path_factory.mktemp("pod"))
    made = Podman(work, runtime, image)
    yield made
    made("rm", "-fa", "-t", "0", check=False)
    made("network", "rm", "-f", "box", check=False)
    call(["ip", "link", "del", made.bridge], check=False)
    for line in reversed(hoststate.mounts([work])):
        call(["umount", "-l", line.split()[5]], check=False)
    shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def running(podman):
    """A container in the background; removed afterwards."""
    names = []

    def start(command=WAIT, *options):
        names.append(unique("p"))
        podman("run", "-d", "--name", names[-1], *(options or ["--network", "none"]), "box", "sh", "-c", command)
        return names[-1]

    yield start
    for name in names:
        podman("rm", "-f", "-t", "0", name)


def test_run(podman):
    result = podman.run("box", "sh", "-c", "echo out; echo err >&2; exit 9", check=False)
    assert (result.rc, result.out, result.err) == (9, "out\n", "err\n")


@pytest.mark.parametrize("args, status, phrase", [
    (["box", "nosuchprogram"], 127, "executable file not found in $PATH"),
    (["box", "/no/such"], 127, "no such file or directory"),
    (["box", "/etc/passwd"], 126, "permission denied"),
    (["--no-such-flag", "box", "true"], 125, "unknown flag"),
    (["box", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137, ""),
    (["box", "sh", "-c", "exit 125"], 125, "")])
def test_exit_codes(podman, args, status, phrase):
    result = podman.run(*args, check=False)
    assert result.rc == status and phrase in result.err, result


def test_hostname_user_workdir_environment(podman):
    out = podman.run("-h", "far", "-u", "1000:7", "-w", "/tmp", "-e", "A=b", "box", "sh", "-c",
                     "hostname; id -u; id -g; pwd; echo $A").out.split()
    assert out == ["far", "1000", "7", "/tmp", "b"]


def test_stdin(podman):
    text = "x" * 300000
    assert podman.run("-i", "box", "wc", "-c", stdin=text).out.strip() == "300000"


def test_volumes(podman, work):
    os.mkdir(work + "/host")
    out = podman.run("-v", work + "/host:/data", "-v", work + "/host:/ro:ro", "box", "sh", "-c",
                     "echo inside > /data/f; cat /ro/f; touch /ro/x || echo refused").out
    assert out.split() == ["inside", "refused"]
    with open(work + "/host/f", encoding="utf-8") as file:
        assert file.read() == "inside\n"
    name = unique("v")
    podman.run("-v", name + ":/v", "box", "sh", "-c", "echo kept > /v/f")
    assert podman.run("-v", name + ":/v", "box", "cat", "/v/f").out == "kept\n"
    podman("volume", "rm", name)


def test_read_only_and_tmpfs(podman):
    out = podman.run("--read-only", "--tmpfs", "/t:size=1m", "box", "sh", "-c",
                     "touch /x 2>/dev/null || echo refused; touch /t/x && df -k /t | tail -1").out.split()
    assert out[0] == "refused" and "1024" in out


def test_terminal(podman):
    out = podman.run("-t", "box", "sh", "-c", "tty; test -t 1 && echo tty").out.split()
    assert out == ["/dev/pts/0", "tty"]


def test_terminal_has_the_callers_size(podman):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    process = subprocess.Popen([*podman.prefix, "run", "--rm", "--network", "none", "-it", "box", "sh", "-c",
                                "sleep 0.3; stty size"], stdin=slave, stdout=slave, stderr=slave,
                               env={**os.environ, **podman.env})
    os.close(slave)
    text = b""
    try:
        while got := os.read(master, 4096):
            text += got
    except OSError:
        pass
    harness.bounded(process, 30, process.args)
    os.close(master)
    assert text.split()[-2:] == [b"33", b"99"], text


@pytest.mark.parametrize("options", [["--pid", "host"], ["--ipc", "host"], ["--uts", "host"], ["--cgroupns", "private"],
                                     ["--privileged"], ["--cap-drop", "all"], ["--cap-add", "NET_ADMIN"],
                                     ["--security-opt", "no-new-privileges"], ["--init"], ["-m", "64m"],
                                     ["--pids-limit", "20"], ["--cpu-shares", "100"], ["--umask", "0077"],
                                     ["--ulimit", "nofile=100:200", "--ulimit", "nproc=999:999"],
                                     ["--sysctl", "kernel.msgmax=9000"],
                                     ["--device", "/dev/null:/dev/other"], ["--oom-score-adj", "100"],
                                     ["--shm-size", "1m"], ["--userns", "auto:size=1000"], ["--group-add", "77"]])
def test_options_that_reach_the_runtime(podman, options):
    if options == ["--init"] and not any(map(os.path.exists, ("/usr/libexec/podman/catatonit", "/usr/bin/catatonit"))):
        pytest.skip("catatonit is not installed")
    if options[0] == "--userns":
        options = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"]
    assert podman.run(*options, "box", "echo", "fine").out == "fine\n"


def test_exec(podman, running):
    name = running()
    result = podman("exec", "-e", "A=b", "-w", "/tmp", name, "sh", "-c", "echo $A; pwd; exit 7", check=False)
    assert (result.rc, result.out) == (7, "b\n/tmp\n")
    assert podman("exec", "-u", "1000", name, "id", "-u").out == "1000\n"
    assert podman("exec", "-i", name, "cat", stdin="through\n").out == "through\n"
    assert podman("exec", "-t", name, "tty").out.startswith("/dev/pts/")
    assert podman("exec", name, "nosuchprogram", check=False).rc == 127
    assert podman("exec", name, "/etc/passwd", check=False).rc == 126
    podman("exec", "-d", name, "sh", "-c", "echo > /done")
    wait_for(lambda: podman("exec", name, "test", "-e", "/done", check=False).rc == 0, "the detached process")


def test_ps_top_inspect(podman, running):
    name = running()
    assert podman("ps", "--format", "{{.Names}} {{.Status}}").out.split()[:2] == [name, "Up"]
    top = podman("top", name, "pid", "comm").out.split()
    assert top[:4] == ["PID", "COMMAND", "1", "sh"]
    assert podman.inspect(name, "{{.State.Status}} {{.State.OOMKilled}}") == "running false"
    pid = int(podman.inspect(name, "{{.State.Pid}}"))
    assert os.path.exists(f"/proc/{pid}")
    assert podman.inspect(name, "{{.OCIRuntime}}") == podman.prefix[-1]


def test_stop_runs_the_trap(podman, running):
    name = running("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done")
    wait_for(lambda: "up" in podman("logs", name).out, "the trap")
    podman("stop", name)
    assert podman.inspect(name, "{{.State.Status}} {{.State.ExitCode}}") == "exited 3"
    assert podman("logs", name).out.split() == ["up", "bye"]


def test_kill(podman, running):
    name = running()
    podman("kill", "-s", "KILL", name)
    podman("wait", name)
    assert podman.inspect(name, "{{.State.ExitCode}}") == "137"
    assert podman("kill", name, check=False).rc == 125


def test_restart(podman, running):
    name = running("echo up; " + WAIT)
    before = podman.inspect(name, "{{.State.Pid}}")
    podman("restart", "-t", "1", name)
    assert podman.inspect(name, "{{.State.Status}}") == "running"
    assert podman.inspect(name, "{{.State.Pid}}") != before


def test_create_start_attach(podman):
    name = unique("p")
    podman("create", "--name", name, "--network", "none", "box", "sh", "-c", "echo attached; exit 4")
    assert podman.inspect(name, "{{.State.Status}}") == "created"
    result = podman("start", "-a", name, check=False)
    assert (result.rc, result.out) == (4, "attached\n")
    podman("rm", name)


def test_init_and_start_are_two_steps(podman):
    name = unique("p")
    podman("create", "--name", name, "--network", "none", "box", "sh", "-c", WAIT)
    podman("init", name)
    assert podman.inspect(name, "{{.State.Status}}") == "initialized"
    podman("start", name)
    assert podman.inspect(name, "{{.State.Status}}") == "running"
    podman("rm", "-f", "-t", "0", name)


def test_pod_shares_namespaces(podman, running):
    first = running()
    out = podman("run", "--rm", "--network", "container:" + first, "--ipc", "container:" + first, "--pid",
                 "container:" + first, "box", "sh", "-c", "readlink /proc/self/ns/net; ps | grep -c 'sleep 0.0[5]'").out
    assert out.split()[0] == podman("exec", first, "readlink", "/proc/self/ns/net").out.strip()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from the host")

    def log_message(self, format, *args):
        pass


def test_bridge_network(podman, running):
    name = running("mkdir /www; echo from the container > /www/page; httpd -p 80 -h /www; " + WAIT, "--network", "box")
    address = podman.inspect(name, "{{.NetworkSettings.Networks.box.IPAddress}}")
    assert address.startswith(podman.subnet + ".")

    def page():
        try:
            return urllib.request.urlopen(f"http://{address}/page", timeout=5).read()
        except OSError:
            return None
    assert wait_for(page, "the container's server") == b"from the container\n"
    server = http.server.ThreadingHTTPServer((podman.subnet + ".1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        out = podman("run", "--rm", "--network", "box", "--cap-add", "NET_RAW", "box", "sh", "-c",
                     f"wget -qO- http://{podman.subnet}.1:{server.server_port}/; echo; ping -c1 -W2 {address}; "
                     f"wget -qO- http://{address}/page").out
    finally:
        server.shutdown()
        server.server_close()
    assert "from the host" in out and "1 packets received" in out and "from the container" in out, out


def test_published_port(podman, running):
    port = 20000 + os.getpid() % 20000
    running("mkdir /www; echo published > /www/page; httpd -p 80 -h /www; " + WAIT, "--network", "box",
            "-p", f"127.0.0.1:{port}:80")

    def page():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/page", timeout=5).read()
        except OSError:
            return None
    assert wait_for(page, "the published port") == b"published\n"


def test_nothing_is_left(podman):
    podman("rm", "-fa", "-t", "0")
    assert podman("ps", "-aq").out == ""
    assert wait_for(lambda: not os.path.exists("/sys/class/net/" + podman.bridge), "the bridge to go")
    assert [line for line in hoststate.processes([podman.work]) if "conmon" in line] == []
