# SPDX-License-Identifier: Apache-2.0
"""A thousand containers one after another, and two hundred at once: the host is as it was before."""
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import hoststate
from harness import children, read, unique, wait_for

pytestmark = pytest.mark.slow
ROW = int(os.environ.get("HUSK_STRESS_ROW", "1000"))
CROWD = int(os.environ.get("HUSK_STRESS_CROWD", "200"))


def difference(before, after):
    """What came and what went, of each thing that must stay. Another run of these tests goes on as it likes."""
    found = {}
    other = re.compile(rf"\bhk(?!{os.getpid()}\b)\d+|/tmp/hk-|pytest-of-")
    for key, value in before.items():
        old, new = ({entry for entry in map(str, side) if not other.search(entry)} for side in (value, after[key]))
        if old != new:
            found[key] = {"gone": sorted(old - new)[:10], "new": sorted(new - old)[:10]}
    return found


def settled(before, names):
    """Waits for the last exiting processes; then what differs, of our own names or of the whole host."""
    end = time.monotonic() + 10
    while True:
        found = difference(before, hoststate.whole())
        mine = hoststate.left([names])
        if not found and not mine or time.monotonic() > end:
            return found, mine
        time.sleep(0.1)


def undisturbed(crowd):
    """Runs crowd(names) until the whole host is the same afterwards. What it leaves of its own is never forgiven; what
    somebody else on the machine makes or removes meanwhile does not come three times."""
    found = None
    for _ in range(3):
        before, names = hoststate.whole(), unique("s")
        crowd(names)
        found, mine = settled(before, names)
        assert mine == []
        if not found:
            return
    raise AssertionError(f"the host has changed each time: {found}")


def test_a_thousand_in_a_row(husk, bundle):
    made = bundle(["/bin/true"])

    def crowd(names):
        for number in range(ROW):
            husk("run", "-b", made.path, f"{names}-{number}")
        assert husk.names() == []

    undisturbed(crowd)
    assert [pid for pid in children(os.getpid())[1:] if " Z " in read(f"/proc/{pid}/stat")] == []


def test_a_crowd_at_once(husk, bundle):
    made = bundle("cat /proc/self/cgroup >/dev/null; exit 3")

    def crowd(names):
        gate = threading.Barrier(CROWD)

        def one(number):
            gate.wait(60)
            return husk("run", "-b", made.path, f"{names}-{number}", check=False, timeout=120)

        with ThreadPoolExecutor(CROWD) as pool:
            results = list(pool.map(one, range(CROWD)))
        bad = [result for result in results if result.rc != 3 or result.err]
        assert bad == [], f"{len(bad)} of {CROWD}: {bad[0]!r}"
        assert husk.names() == []

    undisturbed(crowd)


def test_a_crowd_alive_at_once(husk, bundle):
    """All run together, are listed, and are ended together."""
    made = bundle("trap 'exit 0' TERM; while :; do sleep 1 & wait; done")

    def crowd(prefix):
        names = [f"{prefix}-{number}" for number in range(CROWD // 4)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda name: husk("run", "-d", "-b", made.path, name, timeout=60), names))
            assert sorted(husk("list", "-q").out.split()) == sorted(names)
            assert {entry["status"] for entry in husk("list", "-f", "json").json} == {"running"}
            list(pool.map(lambda name: husk("exec", name, "true", timeout=60), names))
            list(pool.map(lambda name: husk("delete", "--force", name, timeout=60), names))
        wait_for(lambda: husk.names() == [], "an empty state directory")

    undisturbed(crowd)


def test_one_name_wanted_by_many(husk, bundle):
    """Only one gets it; the others are told so, and harm it not."""
    made = bundle("sleep 1000")
    name = unique("s")
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: husk("create", "-b", made.path, name, check=False), range(20)))
    assert sorted(result.rc for result in results) == [0] + [1] * 19
    assert all("exist" in result.err for result in results if result.rc)
    assert husk.status(name) == "created"


def test_many_execs_at_once(husk, running):
    name = running()
    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda number: husk("exec", name, "sh", "-c", f"echo {number}; exit {number}",
                                                    check=False, timeout=60), range(80)))
    assert [(result.rc, result.out) for result in results] == [(number, f"{number}\n") for number in range(80)]


def test_start_wanted_by_many(husk, created):
    name = created("sleep 1000")
    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda _: husk("start", name, check=False), range(10)))
    assert sorted(result.rc for result in results) == [0] + [1] * 9
    assert husk.status(name) == "running"
