# SPDX-License-Identifier: Apache-2.0
"""containerd and its shim drive the runtime through ctr: a daemon of our own, with its own root, state and socket."""
import hashlib
import json
import os
import platform
import pty
import shutil
import signal
import subprocess

import pytest

import harness
import hoststate
from harness import call, read, unique, wait_for

WAIT = "trap 'exit 3' TERM; while :; do sleep 0.05; done"
CONFIG = """
version = 2
root = "{work}/root"
state = "{work}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{work}/c.sock"
[ttrpc]
address = "{work}/c.sock.ttrpc"
"""
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def oci_archive(work, image):
    """An OCI image layout, as a tar file, of one layer."""
    layout = os.path.join(work, "oci")
    os.makedirs(layout + "/blobs/sha256")

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{layout}/blobs/sha256/{digest}", "wb") as file:
            file.write(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest, "size": len(data)}

    def document(value, kind):
        return blob(json.dumps(value).encode(), kind)

    layer = blob(subprocess.run(["tar", "-C", image, "-c", "."], stdout=subprocess.PIPE, check=True).stdout,
                 "layer.v1.tar")
    config = document({"architecture": MACHINE, "os": "linux", "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["sh"]},
                       "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}, "config.v1+json")
    manifest = document({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                         "config": config, "layers": [layer]}, "manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": "box"}
    for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                        ("index.json", {"schemaVersion": 2, "manifests": [manifest]})):
        with open(f"{layout}/{name}", "w", encoding="utf-8") as file:
            json.dump(value, file)
    subprocess.run(["tar", "-C", layout, "-cf", work + "/oci.tar", "."], check=True)
    return work + "/oci.tar"


class Containerd:
    def __init__(self, work, runtime, image):
        self.work, self.runtime = work, runtime
        self.namespace = unique("ctr")
        with open(work + "/config.toml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(work=work))
        self.log = open(work + "/log", "wb")
        self.process = subprocess.Popen(["containerd", "-c", work + "/config.toml"], stdout=self.log, stderr=self.log)
        wait_for(lambda: self("version", check=False).rc == 0, "containerd", 20)
        self("image", "import", oci_archive(work, image))

    def __call__(self, *args, **how):
        how.setdefault("timeout", 60)
        return call(["ctr", "-a", self.work + "/c.sock", "-n", self.namespace, *args], **how)

    def run(self, name, *command, options=(), **how):
        return self("run", "--snapshotter", "native", "--runc-binary", self.runtime, "--runc-root",
                    self.work + "/runc", *options, "box", name, *command,
                    **how)

    def status(self, name):
        lines = [line.split() for line in self("task", "ls").out.splitlines()]
        return ([line[2] for line in lines if line[0] == name] or ["gone"])[0]

    def clean(self):
        for line in self("task", "ls", check=False).out.splitlines()[1:]:
            self("task", "rm", "-f", line.split()[0], check=False)
        for name in self("container", "ls", "-q", check=False).out.split():
            self("container", "rm", name, check=False)

    def stop(self):
        self.clean()
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        for line in hoststate.cgroups([self.namespace]):
            os.rmdir(line.split(" ", 1)[1])


@pytest.fixture(scope="module", params=["husk", "runc"])
def ctr(request, image, tmp_path_factory):
    if not all(map(shutil.which, ("containerd", "ctr", "tar"))):
        pytest.skip("containerd is not installed")
    runtime = harness.HUSK if request.param == "husk" else harness.RUNC
    if request.param == "runc" and (not harness.IS_HUSK or not os.path.exists(runtime)):
        pytest.skip("the control run needs another runtime than the one under test")
    work = str(tmp_path_factory.mktemp("cd"))
    made = Containerd(work, runtime, image)
    yield made
    made.stop()
    assert hoststate.left([made.namespace]) == []
    shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def running(ctr):
    def start(command=WAIT, options=()):
        name = unique("t")
        ctr.run(name, "sh", "-c", command, options=["-d", *options])
        return name

    yield start
    ctr.clean()


def test_run(ctr):
    result = ctr.run(unique("t"), "sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 9", options=["--rm"], check=False)
    assert (result.rc, result.out, result.err) == (9, "out\n", "err\n")


def test_options(ctr, work):
    with open(work + "/f", "w", encoding="utf-8") as file:
        file.write("shared\n")
    out = ctr.run(unique("t"), "sh", "-c", "pwd; echo $A; cat /m/f; touch /m/g || echo refused; sleep 0.2", options=[
        "--rm", "--cwd", "/tmp", "--env", "A=b", "--mount",
        f"type=bind,src={work},dst=/m,options=rbind:ro"]).out.split()
    assert out == ["/tmp", "b", "shared", "refused"]


@pytest.mark.parametrize("options", [["--privileged"], ["--net-host"], ["--read-only"], ["--memory-limit", "67108864"],
                                     ["--seccomp"], ["--device", "/dev/null"], ["--cap-add", "CAP_BPF"],
                                     ["--cap-drop", "CAP_CHOWN"], ["--allow-new-privs"], ["--cpus", "0.5"]])
def test_options_that_reach_the_runtime(ctr, options):
    if options[0] not in ctr("run", "--help").out:
        pytest.skip(f"this ctr has no {options[0]}")
    # ctr loses the output of a program that is gone before it has opened the fifo.
    out = ctr.run(unique("t"), "sh", "-c", "echo fine; sleep 0.2", options=["--rm", *options]).out
    assert out == "fine\n"


@pytest.mark.parametrize("command, phrase", [("nosuchprogram", 'exec: "nosuchprogram": executable file not found in'),
                                             ("/etc/passwd", "permission denied")])
def test_what_cannot_run(ctr, command, phrase):
    result = ctr.run(unique("t"), command, options=["--rm"], check=False)
    assert result.rc == 1 and phrase in result.err.replace(r'\"', '"'), result
    assert "OCI runtime create failed" in result.err


def test_terminal(ctr):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["ctr", "-a", ctr.work + "/c.sock", "-n", ctr.namespace, "run", "--snapshotter", "native", "--runc-binary",
         ctr.runtime, "--runc-root", ctr.work + "/runc", "--rm", "-t", "box", unique("t"), "sh", "-c",
         "tty; echo bye"], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = b""
    try:
        while got := os.read(master, 4096):
            text += got
    except OSError:
        pass
    harness.bounded(process, 30, process.args)
    os.close(master)
    assert text.split() == [b"/dev/pts/0", b"bye"]


def test_task_exec(ctr, running):
    name = running()
    result = ctr("task", "exec", "--exec-id", unique("e"), name, "sh", "-c", "hostname; echo in; exit 3", check=False)
    assert result.rc == 3 and result.out.endswith("in\n"), result
    assert ctr("task", "exec", "--exec-id", unique("e"), "--user", "1000", name, "id", "-u").out == "1000\n"
    assert ctr("task", "exec", "--exec-id", unique("e"), "--cwd", "/tmp", name, "pwd").out == "/tmp\n"
    missing = ctr("task", "exec", "--exec-id", unique("e"), name, "nosuchprogram", check=False)
    assert missing.rc == 1 and "executable file not found in $PATH" in missing.err
    assert ctr.status(name) == "RUNNING"


def test_task_ps(ctr, running):
    name = running("sleep 1000 & sleep 1000 & wait")

    def three():
        found = ctr("task", "ps", name).out.splitlines()
        return found if len(found) == 4 else None
    lines = wait_for(three, "3 processes")
    for line in lines[1:]:
        assert name in read(f"/proc/{line.split()[0]}/cgroup")


def test_task_kill_and_delete(ctr, running):
    name = running()
    assert ctr.status(name) == "RUNNING"
    refused = ctr("task", "delete", name, check=False)
    assert refused.rc == 1 and ctr.status(name) == "RUNNING"
    ctr("task", "kill", "-s", "SIGKILL", name)
    wait_for(lambda: ctr.status(name) == "STOPPED", "the end")
    deleted = ctr("task", "delete", name, check=False)
    assert "137" in deleted.said
    assert ctr.status(name) == "gone"
    again = ctr("task", "kill", name, check=False)
    assert again.rc == 1 and "not found" in again.err


def test_task_kill_runs_the_trap(ctr, running):
    name = running()
    ctr("task", "exec", "--exec-id", unique("e"), name, "true")
    ctr("task", "kill", "-s", str(int(signal.SIGTERM)), name)
    wait_for(lambda: ctr.status(name) == "STOPPED", "the end")
    assert "exit code 3" in ctr("task", "delete", name, check=False).err


def test_state_is_where_the_shim_says(ctr, running):
    name = running()
    state = f"{ctr.work}/runc/{ctr.namespace}/{name}"
    assert os.path.isdir(state)
    ctr("task", "rm", "-f", name)
    assert not os.path.isdir(state)


def test_nothing_is_left(ctr, running):
    name = running()
    pid = int([line.split()[1] for line in ctr("task", "ls").out.splitlines() if line.split()[0] == name][0])
    ctr("task", "rm", "-f", name)
    ctr("container", "rm", name)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the process")
    assert wait_for(lambda: not [line for line in hoststate.processes([name])], "the end of the shim")
    assert hoststate.cgroups([name]) == [] and hoststate.mounts([name]) == []
