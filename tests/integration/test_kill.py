# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every step: nobody hangs, and `delete --force` leaves nothing behind.

The build with -Dfault_injection=true stops itself (SIGSTOP) at the point that HUSK_FAULT_POINT names; the points
come from the program itself. With the normal build the moment is left to chance.
"""
import contextlib
import os
import random
import signal
import subprocess
import time

import pytest

import harness
import hoststate
from cgroups import Group, owner
from harness import FAULT, bounded, children, ended, read, unique, wait_for, where

pytestmark = pytest.mark.husk
HOOKS = {"/hooks/" + kind: [{"path": "/bin/busybox", "args": ["true"]}] for kind in (
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")}
LOOP = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


def points():
    """(command, point) of the fault-injection build; what create does is a part of run."""
    if not os.access(FAULT, os.X_OK):
        return [pytest.param("", "", marks=pytest.mark.skip(reason="no fault-injection build (HUSK_FAULT_BUILD)"))]
    out = subprocess.run([FAULT, "--version"], env={**os.environ, "HUSK_FAULT_POINT": "list"}, capture_output=True,
                         text=True, timeout=10, check=True).stdout
    found = [tuple(line.split()) for line in out.splitlines()]
    assert len(found) > 10, out
    found += [("run", point) for command, point in found if command == "create"] + [("run", "poststart")]
    unit = pytest.mark.skipif(not os.path.isdir("/run/systemd/system"), reason="systemd does not run here")
    return [pytest.param(*entry, marks=[unit] if entry[1] == "unit-started" else []) for entry in found]


POINTS = points()


def manager(point):
    """The options without which it is never passed."""
    return ["--systemd-cgroup"] if point == "unit-started" else []


def stopped(pid, timeout=10):
    """Waits until a child stopped itself: True; False when it ended instead."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        got, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if got:
            return os.WIFSTOPPED(status)
        time.sleep(0.002)
    raise harness.Hang(f"neither stopped nor ended\n{where(children(pid))}")


def begin(runtime, bundle, command, name):
    """Brings a container to where `command` applies and returns the arguments of that command."""
    if command in ("create", "run"):
        return [command, "-b", bundle(LOOP, HOOKS).path, name]
    if command == "start":
        runtime("create", "-b", bundle(LOOP, HOOKS).path, name)
        return ["start", name]
    runtime("run", "-d", "-b", bundle(LOOP, HOOKS).path, name)
    return {"exec": ["exec", name, "sleep", "1000"], "pause": ["pause", name],
            "update": ["update", "--pids-limit", "77", name]}.get(command, ["delete", "--force", name])


def end_below(pid):
    """Kills all below a stopped process, and what they made in the meantime; whether there was anybody."""
    found = children(pid)[1:]
    below = found
    while below:
        for child in below:
            with contextlib.suppress(ProcessLookupError):  # the end of an init takes those below it along
                os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
        below = [child for child in children(pid)[1:] if not ended(child)]
    return bool(found)


def check_all(runtime, name, work):
    """Every question is answered, delete --force succeeds, and nothing is left."""
    for args in (["list"], ["state", name], ["kill", name, "KILL"], ["ps", name]):
        runtime(*args, check=False, timeout=10)
    runtime("delete", "--force", name, timeout=10)
    assert runtime.names() == []
    assert runtime("list", "-q").out == ""
    assert hoststate.left([name, work]) == []


@pytest.fixture
def faulty(make_runtime):
    if not os.access(FAULT, os.X_OK):
        pytest.skip("no fault-injection build (HUSK_FAULT_BUILD)")
    return make_runtime(FAULT, "f")


@pytest.mark.parametrize("command, point", POINTS)
def test_killed_at(faulty, bundle, work, command, point):
    name = unique()
    args = begin(faulty, bundle, command, name)
    process = faulty.popen(*args, options=manager(point), env={**os.environ, "HUSK_FAULT_POINT": point})
    assert stopped(process.pid), f"'{' '.join(args)}' ended without coming to '{point}'"
    process.kill()
    bounded(process, 5, args)
    check_all(faulty, name, work)


@pytest.mark.parametrize("command, point", [entry for entry in POINTS if entry.values[0] in ("create", "run", "exec")]
                         or POINTS[:1])
def test_its_child_is_killed_at(faulty, bundle, work, command, point):
    """The other side dies instead: the command has to notice, report and clean up by itself."""
    name = unique()
    args = begin(faulty, bundle, command, name)
    with open(work + "/err", "wb") as err:
        process = faulty.popen(*args, options=manager(point), env={**os.environ, "HUSK_FAULT_POINT": point}, stderr=err)
    assert stopped(process.pid), f"'{' '.join(args)}' ended without coming to '{point}'"
    below = end_below(process.pid)
    process.send_signal(signal.SIGCONT)
    if below and command == "create":
        # A process that died before it was ready is an error; one that died later is a stopped container.
        status = bounded(process, 10, args)
        assert status == 0 or read(work + "/err"), "failed without a word"
        if status:
            assert faulty.names() == [], "a create that failed left state"
    elif below:
        assert bounded(process, 10, args) != 0
    else:
        process.kill()
        bounded(process, 5, args)
    check_all(faulty, name, work)


@pytest.mark.parametrize("command", ["create", "run", "start", "exec", "delete"])
def test_killed_at_any_moment(husk, bundle, work, command):
    made = bundle(LOOP)
    dice = random.Random(command)
    # Each round of exec leaves an orphan in the container, which ends no sooner than the host's init has reaped it.
    for number in range(20 if command == "exec" else 45):
        name = unique()
        if command == "create" or command == "run":
            args = [command, "-b", made.path, name]
        else:
            args = begin(husk, lambda *_: made, command, name)
        process = husk.popen(*args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, 0.005))
        process.kill()
        bounded(process, 5, args)
        husk("delete", "--force", name, timeout=10)
        assert husk.names() == [], f"round {number}"
    assert hoststate.left([name.rsplit("c", 1)[0], work]) == []


@pytest.mark.skipif(not owner("pids"), reason="no controller pids")
def test_a_killed_update_is_made_up_for(faulty, bundle):
    """The files are written, nothing is remembered: the container goes on, and the next update counts from before."""
    name = unique()
    faulty("run", "-d", "-b", bundle(LOOP, {"/linux/resources": {"pids": {"limit": 50}}}).path, name)
    group = Group(faulty, name)
    process = faulty.popen("update", "--pids-limit", "77", name,
                           env={**os.environ, "HUSK_FAULT_POINT": "update-written"})
    assert stopped(process.pid)
    assert group.read("pids", "pids.max", "pids.max") == "77"
    process.kill()
    process.wait()
    assert faulty.status(name) == "running"
    faulty("update", "--pids-limit", "50", name)
    assert group.read("pids", "pids.max", "pids.max") == "50"


def test_container_survives_its_killed_start(faulty, bundle):
    """Killed between create and the end of start, a container is created or running, never in between."""
    name = unique()
    args = begin(faulty, bundle, "start", name)
    process = faulty.popen(*args, env={**os.environ, "HUSK_FAULT_POINT": "start-sent"})
    assert stopped(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: faulty.status(name) in ("created", "running"), "a definite state")
    if faulty.status(name) == "created":
        faulty("start", name)
    assert faulty.status(name) == "running"


def test_the_init_of_a_created_container_is_killed(husk, created):
    name = created()
    os.kill(husk.state(name)["pid"], signal.SIGKILL)
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    result = husk("start", name, check=False, timeout=10)
    assert result.rc == 1 and result.err
    husk("delete", name)


def test_lock_of_the_dead_holds_nobody_up(faulty, bundle):
    name = unique()
    args = begin(faulty, bundle, "delete", name)
    process = faulty.popen(*args, env={**os.environ, "HUSK_FAULT_POINT": "delete-locked"})
    assert stopped(process.pid)
    waiting = faulty.popen("delete", "--force", name)
    time.sleep(0.1)
    process.kill()
    process.wait()
    assert bounded(waiting, 10, ["delete"]) == 0
