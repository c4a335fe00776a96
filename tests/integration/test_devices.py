# SPDX-License-Identifier: Apache-2.0
"""Device rules: what processes may open and make nodes of, from the start and changed while they run."""
import json

import pytest

from harness import call, read, unique, userns, wait_for
from test_cgroup import hierarchies, places

FUSE = "c 10:229"
RULES = "/linux/resources/devices"
CAPS = {"/process/capabilities": {kind: ["CAP_MKNOD", "CAP_DAC_OVERRIDE"]
                                  for kind in ("bounding", "effective", "permitted")},
        "/mounts/-": {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]}}

pytestmark = pytest.mark.skipif(not hierarchies(), reason="no cgroups are mounted")


def tries(husk, name, *words):
    """Each word is a letter and a device: r reads, w opens for writing, m makes a node; what the shell says of it."""
    said = {}
    for word in words:
        what, kind, numbers = word.split()
        node = "/tmp/" + "-".join([kind, numbers.replace(":", "-")])
        major, minor = numbers.split(":")
        make = f"mknod {node}.new {kind} {major} {minor} && rm {node}.new"
        keep = f"[ -e {node} ] || mknod {node} {kind} {major} {minor}; "
        command = {"m": make, "r": keep + f": <{node}", "w": keep + f": >{node}"}[what]
        result = husk("exec", name, "sh", "-c", command, check=False)
        said[word] = "yes" if result.rc == 0 else "no" if "not permitted" in result.err else result.err
    return said


def expect(husk, name, **wanted):
    words = {word: answer for answer, words in wanted.items() for word in words}
    assert tries(husk, name, *words) == words


def test_defaults(husk, running):
    """Deny all but what every container gets, whatever the configuration says or does not say."""
    name = running(["sleep", "1000"], edits=CAPS)
    expect(husk, name, yes=["r c 1:3", "w c 1:3", "r c 1:5", "r c 1:9", "m c 1:11", "m b 7:0"],
           no=["r c 10:229", "w c 10:229", "r c 1:1", "r b 7:0", "r c 1:11", "r c 5:1"])
    husk("delete", "--force", name)


def test_update(husk, running):
    """A device that cannot be opened can be after `update --device`, and the other way round; nothing else changes."""
    name = running(["sleep", "1000"], edits=CAPS)
    expect(husk, name, no=["r c 10:229", "w c 10:229", "r c 10:237"])
    husk("update", "--device", FUSE + " r", name)
    expect(husk, name, yes=["r c 10:229", "r c 1:3"], no=["w c 10:229", "r c 10:237"])
    husk("update", "--device", "allow c 1:* rw", "--device", "allow c 10:229 w", name)
    expect(husk, name, yes=["r c 10:229", "w c 10:229"], no=["r c 10:237"])
    husk("update", "--device", "deny c 10:229 rw", name)
    expect(husk, name, yes=["m c 10:229", "r c 1:3"], no=["r c 10:229", "w c 10:229"])
    husk("delete", "--force", name)


def test_update_takes_a_default_away(husk, running):
    """What every container gets comes before what is added later."""
    name = running(["sleep", "1000"], edits=CAPS)
    expect(husk, name, yes=["r c 1:5"])
    husk("update", "--device", "deny c 1:5 r", name)
    expect(husk, name, yes=["r c 1:3", "w c 1:5"], no=["r c 1:5"])
    husk("update", "--pids-limit", "50", name)
    husk("update", "--device", "c 10:229 r", name)
    expect(husk, name, yes=["r c 10:229"], no=["r c 1:5"])
    husk("delete", "--force", name)


def test_update_by_json(husk, running):
    rule = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}
    name = running(["sleep", "1000"], edits={**CAPS, RULES: [rule]})
    expect(husk, name, yes=["r c 10:229"], no=["w c 10:229"])
    husk("update", "-r", "-", name, stdin=json.dumps({"devices": [{**rule, "access": "w"}]}))
    expect(husk, name, yes=["w c 10:229"], no=["r c 10:229"])
    # an update of something else leaves them alone
    husk("update", "--pids-limit", "100", name)
    expect(husk, name, yes=["w c 10:229"], no=["r c 10:229"])
    husk("delete", "--force", name)


def test_open_descriptors_stay(husk, running):
    """As the kernel has it: the rules are asked when a device is opened."""
    script = "mknod /tmp/k c 1 3; exec 3>/tmp/k; : >/tmp/open; while :; do echo >&3 || exit 3; sleep 0.02; done"
    name = running(script, edits=CAPS)
    wait_for(lambda: husk("exec", name, "test", "-e", "/tmp/open", check=False).rc == 0, "the open device")
    husk("update", "--device", "deny c 1:* rw", name)
    expect(husk, name, no=["w c 1:3"])
    assert husk.status(name) == "running"
    husk("delete", "--force", name)


def test_a_wrong_rule_changes_nothing(husk, running):
    name = running(["sleep", "1000"], edits=CAPS)
    for rule in ("", "c", "c 1:3", "c 1:3 x", "c 1 r", "d 1:3 r", "c 1:3:4 r", "c -1:3 r", "c 1:3 rr", "c 99999999999:3 r",
                 "allow", "allow  c 1:3 r", "c *:3 r "):
        result = husk("update", "--device", rule, "--pids-limit", "7", name, check=False)
        assert result.rc == 1 and "device rule" in result.err, rule
    expect(husk, name, no=["r c 10:229"])
    husk("delete", "--force", name)


def test_all(husk, running):
    name = running(["sleep", "1000"], edits={**CAPS, RULES: [{"allow": True, "access": "rwm"}]})
    expect(husk, name, yes=["r c 10:229", "w c 10:229", "m b 7:0"])
    husk("delete", "--force", name)


def test_order(husk, running):
    """The last rule that matches decides. What v1 has no words for is an error that names the rule."""
    rules = [{"allow": True, "type": "c", "major": 10, "access": "rw"},
             {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "w"}]
    edits = {**CAPS, RULES: rules}
    if any("devices" in names.split(",") for names in hierarchies()):
        pytest.skip("cgroup v1 has no words for this: see test_no_words")
    name = running(["sleep", "1000"], edits=edits)
    expect(husk, name, yes=["r c 10:229"], no=["w c 10:229", "r c 1:1"])
    husk("delete", "--force", name)


def test_no_words(refused):
    if not any("devices" in names.split(",") for names in hierarchies()):
        pytest.skip("the devices are not managed by cgroup v1")
    said = refused("true", {RULES: [{"allow": True, "type": "c", "major": 9, "access": "rw"},
                                    {"allow": False, "type": "c", "major": 9, "minor": 5, "access": "w"}]})
    assert "/linux/resources/devices/1" in said or "'c 9:5 w'" in said


def test_in_a_user_namespace(husk, running):
    """The kernel lets nobody open device nodes of a user's mounts; the rules are enforced all the same."""
    name = running(["sleep", "1000"], edits=userns({"/linux/resources": {"devices": [{"allow": False}]}}))
    assert husk("exec", name, "sh", "-c", ": </dev/null && : >/dev/zero").rc == 0
    husk("delete", "--force", name)


def test_same_list_as_runc(husk, running, make_runtime, bundle):
    """On v1 the kernel tells its list: that of Debian's runc has the same devices."""
    if not any("devices" in names.split(",") for names in hierarchies()):
        pytest.skip("the devices are not managed by cgroup v1")
    if call(["which", "runc"], check=False).rc:
        pytest.skip("no runc here")
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
             {"allow": True, "type": "b", "major": 7, "access": "r"}]
    lists = []
    for runtime in (husk, make_runtime("runc", name="runc")):
        made = bundle(["sleep", "1000"], edits={RULES: rules})
        name = unique()
        runtime("run", "-d", "--bundle", made.path, name)
        group = next(path for names, path in places(runtime.state(name)["pid"]).items() if "devices" in names.split(","))
        # making nodes of all devices is allowed anyway: some lines say it again
        lists.append({line.replace("m", "") for line in read(group + "/devices.list").splitlines()})
        runtime("delete", "--force", name)
    assert lists[0] == lists[1]


def test_validate_and_plan_tell(husk, bundle):
    made = bundle("true", edits={RULES: [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]})
    text = husk("plan", made.path).out
    assert "allow c 10:229 rw" in text and "deny a *:* rwm" in text
