# SPDX-License-Identifier: Apache-2.0
"""pause and resume: everything stands still and goes on, and whatever else is asked of a paused container."""
import os
import random
import threading
import time

import pytest

from harness import call, read, unique, wait_for
from test_cgroup import hierarchies, places

COUNT = "i=0; while :; do i=$((i + 1)); echo $i >/count.new && mv /count.new /count; sleep 0.01; done"

pytestmark = pytest.mark.skipif(not any(names == "" or "freezer" in names.split(",") for names in hierarchies()),
                                reason="no freezer is mounted")


@pytest.fixture
def counting(husk, bundle):
    """A container that counts in a file; its name, and what the count is now."""
    def start(runtime=husk):
        made = bundle(COUNT, edits={"/root/readonly": False})
        name = unique()
        runtime("run", "-d", "--bundle", made.path, name)
        count = os.path.join(made.rootfs, "count")
        wait_for(lambda: os.path.exists(count), "the first count")
        return name, lambda: int(read(count) or 0)

    return start


def stands_still(count):
    before = count()
    time.sleep(0.2)
    return count() == before


def test_stands_still_and_goes_on(husk, counting):
    name, count = counting()
    husk("pause", name)
    assert husk.status(name) == "paused" and stands_still(count)
    husk("resume", name)
    before = count()
    assert husk.status(name) == "running"
    wait_for(lambda: count() > before, "that it counts on")
    husk("delete", "--force", name)


def test_words_and_codes(husk, counting):
    """What engines look for: the phrases of runc, and its statuses."""
    name, _ = counting()
    result = husk("resume", name, check=False)
    assert result.rc == 1 and "container not paused" in result.err
    husk("pause", name)
    result = husk("pause", name, check=False)
    assert result.rc == 1 and "paused" in result.err
    result = husk("exec", name, "true", check=False)
    assert result.rc == 255 and "cannot exec in a paused container (use --ignore-paused to override)" in result.err
    result = husk("delete", name, check=False)
    assert result.rc == 1 and "is not stopped: paused" in result.err
    assert husk("ps", "--format", "json", name).json
    assert [entry["status"] for entry in husk("list", "--format", "json").json if entry["id"] == name] == ["paused"]
    husk("kill", name, "KILL")
    wait_for(lambda: husk.status(name) == "stopped", "stopped")
    for command in ("pause", "resume"):
        result = husk(command, name, check=False)
        assert result.rc == 1 and ("container not running" in result.err or "container not paused" in result.err)
    husk("delete", name)
    assert "does not exist" in husk("pause", name, check=False).err


def test_a_created_one(husk, created):
    name = created(["sleep", "1000"])
    husk("pause", name)
    assert husk.status(name) == "paused"
    start = time.monotonic()
    result = husk("start", name, check=False)
    assert result.rc == 1 and "'paused' state" in result.err and time.monotonic() - start < 2
    husk("resume", name)
    assert husk.status(name) == "created"
    husk("start", name)
    assert husk.status(name) == "running"
    husk("delete", "--force", name)


@pytest.mark.parametrize("how", [["kill", "KILL"], ["delete", "--force"]])
def test_the_paused_can_be_ended(husk, counting, how):
    name, _ = counting()
    husk("pause", name)
    start = time.monotonic()
    if how[0] == "kill":
        husk("kill", name, "KILL")
        wait_for(lambda: husk.status(name) == "stopped", "stopped")
        husk("delete", name)
    else:
        husk(*how, name)
    assert time.monotonic() - start < 2


def test_another_signal_waits(husk, bundle):
    """As for any process that stands still: it is delivered when it goes on."""
    made = bundle("trap 'exit 3' TERM; while :; do sleep 0.02; done")
    name = unique()
    husk("run", "-d", "--bundle", made.path, name)
    husk("pause", name)
    husk("kill", name, "TERM")
    assert husk.status(name) == "paused"
    husk("resume", name)
    wait_for(lambda: husk.status(name) == "stopped", "stopped")
    husk("delete", name)


def test_ignore_paused(husk, counting):
    name, _ = counting()
    husk("pause", name)
    process = husk.popen("exec", "--ignore-paused", name, "true")
    time.sleep(0.3)
    assert process.poll() is None
    husk("resume", name)
    assert process.wait(10) == 0
    husk("delete", "--force", name)


def test_frozen_above(husk, running):
    """The cgroup above is frozen: that is not our doing, and resume says what is in the way."""
    if "" not in hierarchies():
        pytest.skip("no cgroup2 is mounted")
    above = "/" + unique("g")
    name = running(["sleep", "1000"], edits={"/linux/cgroupsPath": above + "/c"})
    parent = os.path.dirname(places(husk.state(name)["pid"])[""])
    with open(parent + "/cgroup.freeze", "w", encoding="ascii") as file:
        file.write("1")
    try:
        wait_for(lambda: husk.status(name) == "paused", "paused")
        result = husk("resume", name, check=False)
        assert result.rc == 1 and above in result.err and "is frozen" in result.err
    finally:
        with open(parent + "/cgroup.freeze", "w", encoding="ascii") as file:
            file.write("0")
    wait_for(lambda: husk.status(name) == "running", "running")
    husk("delete", "--force", name)
    for path in hierarchies().values():
        if os.path.isdir(path + above):
            os.rmdir(path + above)


def test_many_processes(husk, running):
    """A container that forks all the time stands still as a whole, and ends as a whole."""
    name = running("while :; do for i in 1 2 3 4 5 6 7 8; do sleep 0.01 & done; wait; done")
    for _ in range(5):
        husk("pause", name)
        before = husk("ps", "--format", "json", name).json
        time.sleep(0.05)
        assert husk("ps", "--format", "json", name).json == before
        husk("resume", name)
    husk("pause", name)
    husk("delete", "--force", name)


def test_like_runc(husk, counting, make_runtime):
    if call(["which", "runc"], check=False).rc:
        pytest.skip("no runc here")
    seen = []
    for runtime in (husk, make_runtime("runc", name="runc")):
        name, _ = counting(runtime)
        codes = [runtime(command, name, check=False).rc
                 for command in ("resume", "pause", "pause", "resume", "pause", "resume")]
        seen.append(codes)
        runtime("delete", "--force", name)
    assert seen[0] == seen[1]


def test_races(husk, counting):
    """500 times pause, resume, exec, update and signals at once on the same container, and then it is killed."""
    name, count = counting()
    faults = []
    known = ("not paused", "paused", "not running", "does not exist", "stopped", "at work on it")

    def act(seed):
        rng = random.Random(seed)
        for _ in range(100):
            command = rng.choice([["pause", name], ["resume", name], ["resume", name], ["state", name],
                                  ["kill", name, "WINCH"], ["update", "--pids-limit", "200", name]])
            result = husk(*command, check=False)
            if result.rc and not any(word in result.err for word in known):
                faults.append((command, result.err))

    threads = [threading.Thread(target=act, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    if husk.status(name) == "paused":
        husk("resume", name)
    before = count()
    wait_for(lambda: count() > before, "that it counts on")
    threads = [threading.Thread(target=husk, args=command, kwargs={"check": False})
               for command in [("pause", name), ("kill", name, "KILL"), ("resume", name), ("delete", "--force", name)] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    husk("delete", "--force", name)
    assert husk.names() == []
