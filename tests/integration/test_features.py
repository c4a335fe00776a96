# SPDX-License-Identifier: Apache-2.0
"""features: valid against the schema of the runtime-spec, complete, and true."""
import json
import os

import pytest

from harness import SOURCE, read

pytestmark = pytest.mark.husk
SCHEMAS = os.path.join(SOURCE, "tests/data/runtime-spec-schema")
HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


def load(name):
    with open(os.path.join(SCHEMAS, name), encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture
def features(husk):
    return husk("features").json


def test_valid(features):
    jsonschema = pytest.importorskip("jsonschema")
    store = {name: load(name) for name in os.listdir(SCHEMAS) if name.endswith(".json")}
    resolver = jsonschema.RefResolver("file://" + SCHEMAS + "/features-schema.json", store["features-schema.json"],
                                      store={"file://" + SCHEMAS + "/" + name: text for name, text in store.items()})
    validator = jsonschema.Draft4Validator(store["features-schema.json"], resolver=resolver)
    assert [error.message for error in validator.iter_errors(features)] == []
    # The test itself: a wrong document is found.
    assert list(validator.iter_errors({**features, "linux": {"namespaces": ["nope"]}}))


def test_complete(features):
    assert set(features) == {"ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
                             "potentiallyUnsafeConfigAnnotations"}
    linux = features["linux"]
    assert set(linux) == {"namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt",
                          "memoryPolicy", "mountExtensions", "netDevices"}
    assert set(linux["cgroup"]) == {"v1", "v2", "systemd", "systemdUser", "rdma"}
    assert set(linux["intelRdt"]) == {"enabled", "schemata", "monitoring"}
    assert set(linux["mountExtensions"]) == {"idmap"}
    assert len(linux["memoryPolicy"]["modes"]) == 7 and len(linux["memoryPolicy"]["flags"]) == 3
    assert set(features["hooks"]) <= set(HOOKS)
    assert features["annotations"]["run.oci.husk.version"]


def test_namespaces_and_capabilities_are_the_kernels(features):
    assert set(features["linux"]["namespaces"]) == {"mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"}
    last = int(read("/proc/sys/kernel/cap_last_cap"))
    assert len(features["linux"]["capabilities"]) == last + 1


def test_seccomp(features):
    seccomp = features["linux"]["seccomp"]
    if not seccomp["enabled"]:
        pytest.skip("built without seccomp")
    assert set(seccomp["supportedFlags"]) <= set(seccomp["knownFlags"]) and seccomp["supportedFlags"]
    kernel = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
    assert ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" in seccomp["supportedFlags"]) == (kernel >= (5, 19))
    assert features["annotations"]["io.github.seccomp.libseccomp.version"].startswith("2.")


@pytest.mark.parametrize("property, edits", [
    ("hooks", {"/hooks": {"createRuntime": [{"path": "/bin/true"}]}}),
    ("memoryPolicy", {"/linux/memoryPolicy": {"mode": "MPOL_DEFAULT"}}),
    ("netDevices", {"/linux/netDevices": {"no-such": {}}}),
    ("idmap", {"/mounts/-": {"destination": "/x", "type": "bind", "source": "/tmp", "options": ["bind"],
                             "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}],
                             "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}}),
    ("notify", {"/linux/seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/run/x"}}),
])
def test_what_is_enabled_is_not_refused_and_the_reverse(husk, bundle, features, property, edits):
    """Nobody lands a part and forgets to say so."""
    linux = features["linux"]
    enabled = {"hooks": bool(features["hooks"]), "memoryPolicy": "memoryPolicy" in linux,
               "netDevices": linux["netDevices"]["enabled"], "idmap": linux["mountExtensions"]["idmap"]["enabled"],
               "notify": "SCMP_ACT_NOTIFY" in linux["seccomp"].get("actions", [])}[property]
    found = husk("validate", "--json", bundle(edits=edits).path, check=False).json
    assert any("not supported yet" in f["message"] for f in found) != enabled, found
