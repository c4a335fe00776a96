# SPDX-License-Identifier: Apache-2.0
"""The same container under Debian's runc and husk has the same cgroup files; each difference is explained here."""
import json
import os
import re

import pytest

from cgroups import owner
from harness import call, read, unique
from test_cgroup import places

MB = 1 << 20

CASES = [
    {},
    {"memory": {"limit": 64 * MB}},
    {"memory": {"limit": 64 * MB, "swap": 128 * MB, "reservation": 32 * MB}},
    {"memory": {"limit": 64 * MB, "swap": -1}},
    {"memory": {"limit": 64 * MB, "swap": 64 * MB}},
    {"memory": {"limit": -1}},
    {"cpu": {"shares": 2}},
    {"cpu": {"shares": 100000}},
    {"cpu": {"shares": 512, "quota": 20000, "period": 50000}},
    {"cpu": {"quota": -1, "period": 50000}},
    {"cpu": {"period": 70000}},
    {"cpu": {"cpus": "0", "mems": "0"}},
    {"pids": {"limit": 33}},
    {"pids": {"limit": -1}},
    {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229,
                                                     "access": "rw"}]},
    {"memory": {"limit": 100 * MB, "reservation": 50 * MB}, "cpu": {"shares": 700, "quota": 30000, "period": 100000,
                                                                    "cpus": "0"}, "pids": {"limit": 100}},
    {"unified": {"memory.high": str(40 * MB), "cpu.weight": "77", "memory.oom.group": "1"}},
    {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}]},
]

# What a file counts, and what depends on the moment.
COUNTS = re.compile(r"stat|usage|current|peak|failcnt|slabinfo|pressure|procs|threads|tasks|events|time|sectors|io_|serviced|"
                    r"service_bytes|queued|merged|sched_delay|force_empty|reclaim|event_control|numa|irq|uclamp")

# file: (why it may differ, what runc has as husk's formula gives it, or None)
EXPLAINED = {
    # runc before 1.3 made 1024 shares a weight of 39; the curve that makes it 100 is newer, and crun's and husk's
    "cpu.weight": "the older conversion", "cpu.weight.nice": "the older conversion",
    # making nodes is allowed for all devices anyway: runc says it again for some
    "devices.list": "the same rules in other words",
    # runc 1.1 limits only pages that are in use, not those reserved
    "hugetlb.2MB.rsvd.limit_in_bytes": "reserved pages", "hugetlb.2MB.rsvd.max": "reserved pages",
    # husk hands controllers of a hybrid cgroup2 down only where a limit asks for one
    "cgroup.controllers": "more controllers than were asked for", "cgroup.subtree_control": "as before",
}

pytestmark = [pytest.mark.skipif(call(["which", "runc"], check=False).rc != 0, reason="no runc here"),
              pytest.mark.skipif(len({owner(name) for name in ("memory", "cpu", "pids")} - {None}) > 1,
                                 reason="runc cannot use controllers of both kinds")]


def files(pid):
    """{controllers/file: text} of all cgroups of a process."""
    found = {}
    for names, path in places(pid).items():
        for file in os.listdir(path):
            full = os.path.join(path, file)
            if os.path.isfile(full) and os.stat(full).st_mode & 0o400 and not COUNTS.search(file):
                found[f"{names}/{file}"] = read(full, None)
    return found


@pytest.mark.parametrize("resources", CASES, ids=[f"{n}-{json.dumps(case)[:40]}" for n, case in enumerate(CASES)])
def test_same_files(husk, bundle, make_runtime, resources):
    needed = {"hugepageLimits": "hugetlb"}
    for key, controller in needed.items():
        # runc 1.1 does not use the hugetlb of a cgroup2 beside v1
        if key in resources and owner(controller) != owner("memory"):
            pytest.skip("runc has no controller " + controller)
    if "unified" in resources and owner("memory") != "v2":
        pytest.skip("no cgroup2 with controllers")
    if "cpus" in resources.get("cpu", {}) and not owner("cpuset"):
        pytest.skip("no controller cpuset")
    seen = {}
    for runtime in (husk, make_runtime("runc", name="runc")):
        made = bundle(["sleep", "1000"], edits={"/linux/resources": resources, "/linux/cgroupsPath": "/" + unique("g")})
        name = unique()
        runtime("run", "-d", "--bundle", made.path, name)
        seen[runtime is husk] = files(runtime.state(name)["pid"])
        runtime("delete", "--force", name)
    ours, theirs = seen[True], seen[False]
    # runc 1.1 is in fewer hierarchies than there are (misc, and the cgroup2 of some hybrid layouts)
    common = {file.split("/")[0] for file in theirs if file.split("/")[0] + "/release_agent" not in theirs}
    different = {file: (ours.get(file), theirs.get(file)) for file in {*ours, *theirs}
                 if file.split("/")[0] in common and ours.get(file) != theirs.get(file)
                 and os.path.basename(file) not in EXPLAINED}
    assert different == {}
