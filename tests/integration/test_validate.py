# SPDX-License-Identifier: Apache-2.0
"""validate over real files, and what --host finds missing on this machine. What is told of a text alone is in
tests/validate (unit test core-validate)."""
import json
import os

import pytest

from error_table import CONFIGS
from harness import read, userns

pytestmark = pytest.mark.husk
# Words of errors that only the kernel, or the container's root, can tell.
ATTEMPTS = ["sethostname:", "chdir to cwd", "exec: ", "cannot mount '", "cannot map user and group IDs",
            "cannot set the kernel parameter"]


def findings(husk, made, *options):
    result = husk("validate", "--json", *options, made.path, check=False)
    assert result.rc in (0, 1), result
    found = result.json
    assert (result.rc == 1) == any(f["severity"] == "error" for f in found)
    return {f["pointer"]: f for f in found}


def test_good_bundle(husk, bundle):
    made = bundle()
    assert husk("validate", made.path).out == ""
    assert findings(husk, made, "--host") == {}


def test_what_is_refused_is_what_create_refuses(husk, bundle):
    made = bundle(edits={"/process/rlimits/-": {"type": "RLIMIT_NOPE", "soft": 1, "hard": 1}})
    found = findings(husk, made)
    assert found["/process/rlimits/1/type"]["severity"] == "error"
    failed = husk("create", "-b", made.path, "nope", check=False)
    assert failed.rc and "/process/rlimits/1/type" in failed.err


def test_missing_things(husk, bundle):
    made = bundle(edits={
        "/root/path": "nowhere",
        "/mounts/-": {"destination": "/x", "type": "bind", "source": "no/source", "options": ["rbind"]},
        "/linux/sysctl": {"net.ipv4.no_such": "1", "net.ipv4.conf.eth9.forwarding": "1", "kernel.shmmax": "1"},
    })
    config = json.loads(read(made.path + "/config.json"))
    mount = len(config["mounts"]) - 1
    assert findings(husk, made) == {}
    found = findings(husk, made, "--host")
    assert set(found) == {"/root/path", f"/mounts/{mount}/source", "/linux/sysctl/net.ipv4.no_such"}
    assert "no such file or directory" in found["/root/path"]["message"]
    assert all(f["severity"] == "error" and f["line"] > 0 for f in found.values())


def test_relative_paths_count_from_the_bundle(husk, bundle):
    made = bundle()
    where = os.getcwd()
    assert husk("validate", "--host", os.path.relpath(made.path, where)).out == ""
    assert husk("validate", "--host", made.path + "/config.json").out == ""


def test_kernel(husk, bundle):
    made = bundle(edits={
        "/mounts/-": {"destination": "/x", "type": "frobfs", "source": "f"},
        "/linux/namespaces/2": {"type": "ipc", "path": "/run/no/such/ns"},
    })
    found = findings(husk, made, "--host")
    mount = len(json.loads(read(made.path + "/config.json"))["mounts"]) - 1
    assert found[f"/mounts/{mount}/type"]["severity"] == "warning"
    assert found["/linux/namespaces/2/path"]["severity"] == "error"


def test_lsm(husk, bundle):
    if "Y" in read("/sys/module/apparmor/parameters/enabled"):
        pytest.skip("this kernel has AppArmor")
    made = bundle(edits={"/process/apparmorProfile": "p"})
    found = findings(husk, made, "--host")["/process/apparmorProfile"]
    assert found["message"] == "cannot confine the process to 'p': AppArmor is not enabled on this host"
    assert "/process/apparmorProfile" not in findings(husk, made)


def test_controllers(husk, bundle):
    made = bundle(edits={"/linux/resources": {"rdma": {"mlx": {"hcaHandles": 1}}, "pids": {"limit": 5}}})
    found = husk("validate", "--host", "--json", made.path, check=False).json
    known = read("/proc/self/cgroup") + read("/sys/fs/cgroup/cgroup.controllers") + \
        read("/sys/fs/cgroup/unified/cgroup.controllers")
    missing = {f["pointer"] for f in found if "no cgroup hierarchy" in f["message"]}
    assert ("/linux/resources/rdma/mlx" in missing) == ("rdma" not in known)
    assert ("/linux/resources/pids/limit" in missing) == ("pids" not in known)


def test_ids_of_an_ordinary_user(husk, bundle, work):
    os.mkdir(work + "/other")
    os.chown(work + "/other", 65534, 65534)
    made = bundle(edits=userns())
    result = husk("validate", "--host", "--json", made.path, check=False,
                  options=["--root", work + "/other/state"], user=65534, env={"XDG_RUNTIME_DIR": "/tmp"})
    assert any("not yours to map" in f["message"] for f in result.json)


def pointer_of(text):
    """The pointer that an error of create begins with, or None for one of syntax."""
    text = text.removeprefix("config.json: ")
    return text.split(": ")[0] if text.startswith("/") else None


@pytest.mark.parametrize("edits, expected", CONFIGS, ids=[str(n) for n in range(len(CONFIGS))])
def test_what_run_refuses_is_found(husk, bundle, edits, expected):
    """The table of errors of run: each is found before, at the same place, but for what only an attempt can tell."""
    made = bundle("true", edits if isinstance(edits, dict) else None)
    if not isinstance(edits, dict):
        with open(made.path + "/config.json", "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(edits)
    found = husk("validate", "--host", "--json", made.path, check=False)
    places = {f.get("pointer") for f in found.json if f["severity"] != "note"}
    if pointer_of(expected) in ("/root", "/process", "/process/args"):
        assert pointer_of(expected) in places or "" in places  # absent: a warning
    elif not any(phrase in expected for phrase in ATTEMPTS):
        assert found.rc == 1, (expected, found)
        assert pointer_of(expected) in places or expected.startswith("config.json: /:"), (expected, found)
