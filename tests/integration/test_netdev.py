# SPDX-License-Identifier: Apache-2.0
"""netDevices: made interfaces move into a container with all that belongs to them, and come back if it fails.

The runtime runs in a network namespace of the test's own, so the machine's interfaces are out of reach.
"""
import json
import os
import signal
import subprocess

import pytest

from harness import FAULT, call, namespace, read, unique, userns, wait_for

pytestmark = pytest.mark.husk


class Net:
    """A network namespace, held by a process."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{self.process.pid}/ns/net") != own, "a network namespace")
        self.path = f"/proc/{self.process.pid}/ns/net"
        self.prefix = ["nsenter", "--net=" + self.path]
        self("link", "set", "lo", "up")

    def __call__(self, *args, check=True):
        return call([*self.prefix, "ip", *args], check=check)

    def end(self):
        self.process.kill()
        self.process.wait()


def seen(prefix):
    """Everything about the interfaces of a namespace but what a move must change: indices, lifetimes, link-local."""
    found = {}
    for link in json.loads(call([*prefix, "ip", "-j", "-d", "address"]).out):
        addresses = [{key: a.get(key) for key in ("local", "prefixlen", "scope", "label", "broadcast", "noprefixroute")}
                     for a in link["addr_info"] if not a["local"].startswith("fe80")]
        found[link["ifname"]] = {"mtu": link["mtu"], "up": "UP" in link["flags"], "master": link.get("master"),
                                 "mac": link["address"], "addresses": addresses, "routes": []}
    for family in ("-4", "-6"):
        for route in json.loads(call([*prefix, "ip", "-j", family, "route", "show", "table", "all"]).out or "[]"):
            if route.get("protocol") != "kernel" and route.get("type") != "local" and "dev" in route:
                found[route["dev"]]["routes"].append(
                    {key: route.get(key) for key in ("dst", "gateway", "metric", "prefsrc", "flags", "table", "scope")})
    return found


def labelled(interface, old, new):
    """The same with labels as they are under another name."""
    addresses = [{**a, "label": a["label"] and a["label"].replace(old, new, 1)} for a in interface["addresses"]]
    return {**interface, "addresses": addresses}


@pytest.fixture
def net():
    made = Net()
    if made("link", "add", "dev0", "type", "veth", "peer", "name", "peer0", check=False).rc != 0:
        made.end()
        pytest.skip("this kernel makes no veth")
    made("link", "set", "peer0", "up")
    yield made
    made.end()


@pytest.fixture
def there(net, make_runtime):
    """The runtime, in that namespace."""
    return make_runtime(prefix=net.prefix)


def dress(net, name="dev0"):
    """Addresses, MTU and routes of every kind."""
    for command in (f"link set {name} mtu 1400 up",
                    f"address add 10.11.12.2/24 broadcast 10.11.12.255 dev {name} label {name}:x",
                    f"address add 10.11.12.3/24 dev {name}",
                    f"address add 192.0.2.7/32 dev {name}",
                    f"address add 169.254.7.7/16 scope link dev {name}",
                    f"address add fd00:1:2::2/64 dev {name} nodad",
                    f"address add fd00:1:3::2/64 dev {name} nodad noprefixroute",
                    f"route add default via 10.11.12.1 dev {name} metric 7",
                    f"route add 203.0.113.0/24 dev {name} scope link src 192.0.2.7",
                    f"route add 198.51.100.0/24 via 172.16.0.1 dev {name} onlink",
                    f"route add 198.51.101.0/24 via 10.11.12.9 dev {name} table 100",
                    f"-6 route add default via fd00:1:2::1 dev {name}",
                    f"-6 route add fd00:9::/32 dev {name} metric 5"):
        net(*command.split())


@pytest.fixture
def start(there, bundle):
    """start({interface: {...}}) runs a container with them; yields its pid and name."""
    def run(devices, edits=None):
        made = bundle("while :; do sleep 0.05; done", {"/linux/netDevices": devices, **(edits or {})})
        name = unique()
        there("run", "-d", "--bundle", made.path, name)
        return there.state(name)["pid"], name

    return run


@pytest.fixture
def denied(there, bundle, net):
    """What the runtime says when it will not; the interfaces must be as before."""
    def run(devices, edits=None, args="true"):
        before = seen(net.prefix)
        made = bundle(args, {"/linux/netDevices": devices, **(edits or {})})
        result = there("run", "--bundle", made.path, unique(), check=False)
        assert result.rc != 0 and there.names() == [], result
        assert seen(net.prefix) == before
        return result.err

    return run


@pytest.mark.parametrize("user", [False, True], ids=["", "user namespace"])
def test_moved_with_all_that_belongs_to_it(there, net, start, user):
    dress(net)
    before = seen(net.prefix)
    edits = {f"/process/capabilities/{kind}/-": "CAP_NET_RAW" for kind in ("bounding", "effective", "permitted")}
    pid, name = start({"dev0": {"name": "net0"}}, userns(edits) if user else edits)
    inside = seen(["nsenter", "-t", str(pid), "-n"])
    assert sorted(inside) == ["lo", "net0"] and "dev0" not in seen(net.prefix)
    want = labelled(before["dev0"], "dev0", "net0")
    # Only permanent addresses of global scope go along.
    want["addresses"] = [a for a in want["addresses"] if a["scope"] == "global"]
    assert inside["net0"] == want
    assert len(want["addresses"]) == 5 and len(want["routes"]) == 6, "the test lost something itself"
    # It carries packets at once, also with IPv6.
    net("address", "add", "10.11.12.1/24", "dev", "peer0")
    net("address", "add", "fd00:1:2::1/64", "dev", "peer0", "nodad")
    for address in ("10.11.12.1", "fd00:1:2::1"):
        there("exec", name, "ping", "-c", "1", "-W", "5", address)
    there("delete", "--force", name)
    # runtime-spec: the runtime must not take it out; the kernel ends a virtual one.
    wait_for(lambda: "peer0" not in seen(net.prefix), "the end of the pair")


def test_the_container_finds_it(there, net, bundle):
    dress(net)
    made = bundle("ip -o -4 address show dev dev0; cat /sys/class/net/dev0/mtu", {"/linux/netDevices": {"dev0": {}}})
    out = there("run", "--bundle", made.path, unique()).out
    assert "10.11.12.2/24" in out and out.endswith("1400\n")


def test_one_that_is_down_comes_up(net, start):
    pid, _ = start({"dev0": {}})
    assert seen(["nsenter", "-t", str(pid), "-n"])["dev0"]["up"]


def test_templates_alternative_names_and_several(net, start):
    net("link", "add", "dev1", "type", "veth", "peer", "name", "peer1")
    net("link", "add", "dev2", "type", "veth", "peer", "name", "peer2")
    net("link", "property", "add", "dev", "dev2", "altname", "another-name-that-is-long")
    pid, _ = start({"dev0": {"name": "eth%d"}, "dev1": {"name": "eth%d"}, "dev2": {"name": "eth1"}})
    assert sorted(seen(["nsenter", "-t", str(pid), "-n"])) == ["eth0", "eth1", "eth2", "lo"]


def test_a_joined_namespace_keeps_it(there, net, start):
    other = Net()
    try:
        dress(net)
        before = seen(net.prefix)["dev0"]
        _, name = start({"dev0": {"name": "net0"}}, {"/linux/namespaces": namespace("network", other.path)})
        there("delete", "--force", name)
        assert seen(other.prefix)["net0"]["mac"] == before["mac"]
    finally:
        other.end()


@pytest.mark.parametrize("devices, text", [
    ({"nope0": {}}, "/linux/netDevices/nope0: there is no interface 'nope0' in the runtime's network namespace"),
    ({"dev0": {"name": "lo"}},
     "/linux/netDevices/dev0/name: the container's network namespace has an interface 'lo' already"),
    ({"lo": {}}, "/linux/netDevices/lo: the container's network namespace has an interface 'lo' already"),
    ({"lo": {"name": "lo1"}}, "/linux/netDevices/lo: cannot change the network namespace of interface 'lo': "
                              "invalid argument"),
    ({"dev0": {"name": "a/b"}}, "/linux/netDevices/dev0/name: must be the name of an interface, is 'a/b'"),
    ({"dev0": {"name": "a b"}}, "/linux/netDevices/dev0/name: must be the name of an interface, is 'a b'"),
    ({"dev0": {"name": "a:b"}}, "/linux/netDevices/dev0/name: must be the name of an interface, is 'a:b'"),
    ({"dev0": {"name": "sixteen-letters-"}}, "/linux/netDevices/dev0/name: must be the name of an interface"),
])
def test_refusals(denied, devices, text):
    assert text in denied(devices)


def test_refusals_of_the_namespace(denied, net, there):
    kinds = [kind for kind in namespace("network") if kind["type"] != "network"]
    assert "/linux/netDevices: cannot be set without a network namespace" in denied(
        {"dev0": {}}, {"/linux/namespaces": kinds})
    assert "/linux/netDevices: the container's network namespace is the runtime's own" in denied(
        {"dev0": {}}, {"/linux/namespaces": namespace("network", net.path)})


def test_a_taken_name_of_a_joined_namespace(denied, net):
    other = Net()
    try:
        other("link", "add", "net0", "type", "veth", "peer", "name", "net1")
        assert "/linux/netDevices/dev0/name: the container's network namespace has an interface 'net0' already" in \
            denied({"dev0": {"name": "net0"}}, {"/linux/namespaces": namespace("network", other.path)})
    finally:
        other.end()


def test_given_back_when_the_program_is_missing(denied, net):
    dress(net)
    net("link", "add", "bridge0", "type", "bridge")
    net("link", "add", "port0", "type", "veth", "peer", "name", "peer1")
    net("link", "set", "port0", "master", "bridge0", "mtu", "1300")
    assert "executable file not found in $PATH" in denied(
        {"dev0": {"name": "net0"}, "port0": {"name": "net1"}}, args=["no-such-program"])


def test_hooks_come_after_it(denied, net):
    """A createRuntime hook finds the interface inside; when it fails the interface comes back."""
    dress(net)
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); "
                                        "nsenter -t $pid -n ip -br addr >&2; exit 3"]}
    said = denied({"dev0": {"name": "net0"}}, {"/hooks": {"createRuntime": [hook]}})
    assert "/hooks/createRuntime/0" in said and "net0" in said and "10.11.12.2/24" in said


def test_given_back_when_the_next_one_cannot_move(denied, net):
    dress(net)
    net("link", "add", "bridge0", "type", "bridge")
    assert "/linux/netDevices/bridge0: cannot change the network namespace of interface 'bridge0': invalid argument" \
        in denied({"dev0": {"name": "net0"}, "bridge0": {}})


def test_given_back_when_an_address_is_refused(denied, net):
    """IPv6 is switched off in the joined namespace: an address that cannot be kept is no container."""
    other = Net()
    try:
        dress(net)
        call([*other.prefix, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"])
        assert "/linux/netDevices/dev0: cannot put on an address of interface 'dev0': permission denied" in denied(
            {"dev0": {}}, {"/linux/namespaces": namespace("network", other.path)})
    finally:
        other.end()


@pytest.mark.parametrize("point", ["net-devices-moved", "ready"])
def test_killed_on_the_way(net, make_runtime, bundle, point):
    """What was written down before is enough for delete to bring it back, as long as the namespace is there."""
    if not os.access(FAULT, os.X_OK):
        pytest.skip("no fault injection build")
    other = Net()
    try:
        there = make_runtime(path=FAULT, prefix=net.prefix)
        dress(net)
        before = seen(net.prefix)
        made = bundle("true", {"/linux/netDevices": {"dev0": {"name": "net0"}},
                               "/linux/namespaces": namespace("network", other.path)})
        name = unique()
        process = there.popen("create", "--bundle", made.path, name, env={**os.environ, "HUSK_FAULT_POINT": point})
        wait_for(lambda: ") T " in read(f"/proc/{process.pid}/stat"), "the stop")
        assert "net0" in seen(other.prefix)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there("delete", "--force", name)
        assert seen(net.prefix) == before and list(seen(other.prefix)) == ["lo"]
    finally:
        other.end()


def test_nothing_is_written_down_for_a_container_that_stands(there, net, start):
    _, name = start({"dev0": {}})
    assert not [file for file in os.listdir(os.path.join(there.root, name)) if "netdev" in file]


def test_features(husk):
    assert husk("features").json["linux"]["netDevices"] == {"enabled": True}
