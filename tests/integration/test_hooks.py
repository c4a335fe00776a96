# SPDX-License-Identifier: Apache-2.0
"""Hooks: which runs when and where (compared with Debian's runc), what it is given, and what its failure does.

A hook here is busybox's shell, which host and image both have, and writes into a directory that is at the same path
in the container, so that one helper serves all six kinds.
"""
import json
import os
import signal
import subprocess
import time

import pytest

import harness
from harness import bounded, namespace, read, unique, userns, wait_for, without

KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
AT_CREATE, IN_RUNTIME = KINDS[:3], ["prestart", "createRuntime", "poststart", "poststop"]
STATUS = dict(zip(KINDS, ["creating", "creating", "creating", "created", "running", "stopped"]))
ENV = ["PATH=/bin:/usr/bin"]


def shell(script, **more):
    return {"path": "/bin/busybox", "args": ["sh", "-c", script], "env": ENV, **more}


class Place:
    """A bundle with a directory `share` that is at the same path inside; hooks by kind."""

    def __init__(self, bundle, work, name="share"):
        self.share = os.path.join(work, name)
        os.makedirs(self.share, exist_ok=True)
        os.chmod(self.share, 0o777)
        self.log = self.share + "/log"
        self.bundle = bundle("sleep 1000", {"/mounts/-": {
            "destination": self.share, "type": "bind", "source": self.share, "options": ["rbind"]}})
        self.path = self.bundle.path

    def hooks(self, edits=None, **by_kind):
        self.bundle.write({"/hooks": by_kind, **(edits or {})})
        return self

    def say(self, word):
        return shell(f"echo {word} >> {self.log}")

    def text(self, name="log"):
        return read(f"{self.share}/{name}")


@pytest.fixture
def place(bundle, work):
    return Place(bundle, work)


def go(husk, place, name, check=True, true=True):
    """create, start, delete: the first that fails ends it. Returns its name and result."""
    if true:
        place.bundle.write({"/process/args": ["/bin/true"]})
    for command in (["create", "-b", place.path, name], ["start", name], ["delete", "--force", name]):
        result = husk(*command, check=check)
        if result.rc:
            return command[0], result
    return "delete", result


def alive(marker):
    """Processes that have the marker in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if marker in read(f"/proc/{pid}/cmdline").split("\0") and int(pid) != os.getpid():
            found.append(int(pid))
    return found


# --- when and where

def recorded(runtime, place, run):
    script = ("s=$(cat); s=${s#*'\"status\":\"'}; "
              "echo KIND $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/mnt) ${s%%'\"'*} $(pwd) >> " + place.log)
    place.hooks(**{kind: [shell(script.replace("KIND", kind + str(n))) for n in (0, 1)] for kind in KINDS})
    name = unique()
    if run:
        place.bundle.write({"/process/args": ["/bin/true"]})
        runtime("run", "-b", place.path, name)
    else:
        go(runtime, place, name)
    text = place.text().replace(place.path, "BUNDLE")
    for kind in ("pid", "mnt"):
        text = text.replace(os.readlink("/proc/self/ns/" + kind), "host")
    return [["own" if ":[" in word else word for word in line.split()] for line in text.splitlines()]


@pytest.mark.parametrize("run", [True, False], ids=["run", "create-start-delete"])
def test_order_and_places_are_those_of_runc(husk, make_runtime, bundle, work, run):
    mine = recorded(husk, Place(bundle, work, "one"), run)
    theirs = recorded(make_runtime(harness.RUNC, "runc"), Place(bundle, work, "two"), run)
    assert [line[0] for line in mine] == [kind + str(n) for kind in KINDS for n in (0, 1)]
    theirs[6:] = sorted(theirs[6:], key=lambda line: KINDS.index(line[0][:-1]))  # in runc 1.1 poststart overtakes startContainer
    for line in theirs:
        if line[0].startswith("poststart"):
            line[3] = "running"  # runc 1.1 says "created", the specification "running"
        if line[0].startswith("poststop") and not run:
            line[4] = "BUNDLE"  # where its caller is
    assert mine == theirs


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_state(husk, place, kind):
    place.hooks({"/annotations": {"a": "b", "x": '"pid":0', "é": "\n"}}, **{kind: [shell(f"cat > {place.share}/state")]})
    name = unique()
    husk("create", "-b", place.path, name)
    pid = husk.state(name)["pid"]
    husk("start", name)
    husk("delete", "--force", name)
    want = {"ociVersion": "1.0.2", "id": name, "status": STATUS[kind], "pid": pid, "bundle": place.path,
            "annotations": {"a": "b", "x": '"pid":0', "é": "\n"}}
    if kind in ("createContainer", "startContainer"):
        want["pid"] = 1  # as the container sees it
    if kind == "poststop":
        del want["pid"]
    assert json.loads(place.text("state")) == want


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_and_environment(husk, place, kind):
    script = f"printf '<%s>' \"$0\" \"$@\" > {place.share}/args"
    place.hooks(**{kind: [{"path": "/bin/busybox", "args": ["sh", "-c", script, "zero", "a b", "", "*"]},
                          {"path": "/bin/busybox", "args": ["dd", "if=/proc/self/environ", f"of={place.share}/env"],
                           "env": ["PATH=/bin:/usr/bin", "EMPTY=", "TWICE=1", "TWICE=2"]}]})
    go(husk, place, unique())
    assert place.text("args") == "<zero><a b><><*>"
    assert place.text("env").split("\0") == ["PATH=/bin:/usr/bin", "EMPTY=", "TWICE=1", "TWICE=2", ""]


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_no_arguments_and_no_environment(husk, place, kind):
    """The name of the program is then its path, also for a script."""
    script = place.share + "/hook.sh"
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/busybox sh\nprintf '%s %s\\n' \"$0\" $# > {place.share}/out\n")
    os.chmod(script, 0o755)
    place.hooks(**{kind: [{"path": script}, {"path": "/bin/busybox", "args": [
        "dd", "if=/proc/self/environ", f"of={place.share}/env"]}]})
    go(husk, place, unique())
    assert place.text("out") == f"{script} 0\n"
    assert os.path.getsize(place.share + "/env") == 0


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_descriptors_and_signals(husk, place, kind):
    look = (f"n=0; while [ $n -lt 60 ]; do [ -e /proc/self/fd/$n ] && echo $n >> {place.share}/fds; n=$((n + 1)); done; "
            f"grep -E '^Sig(Blk|Ign)' < /proc/self/status > {place.share}/signals; umask > {place.share}/umask")
    place.hooks(**{kind: [shell(look)]})
    name, (reader, writer) = unique(), os.pipe()
    os.dup2(reader, 3)
    os.dup2(writer, 4)

    def odd():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        os.umask(0o027)

    how = {"pass_fds": (3, 4), "preexec_fn": odd}
    husk("create", "--preserve-fds", "2", "-b", place.path, name, **how)
    husk("start", name, **how)
    husk("delete", "--force", name, **how)
    assert place.text("fds").split() == ["0", "1", "2"]
    blocked, ignored = [int(line.split()[1], 16) for line in place.text("signals").splitlines()]
    assert blocked == 0 and ignored & ~(1 << signal.SIGQUIT - 1) == 0  # that one by busybox
    assert place.text("umask").strip() == "0027"


@pytest.mark.husk
def test_start_hooks_are_confined_as_the_process_is(husk, place):
    look = "id -u; pwd; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"
    place.hooks({"/process/user": {"uid": 1000, "gid": 1000}, "/process/cwd": "/tmp",
                 "/process/args": ["/bin/sh", "-c", f"({look}) > {place.share}/process"],
                 "/linux/seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                                    "syscalls": [{"names": ["reboot"], "action": "SCMP_ACT_ERRNO"}]}},
                startContainer=[shell(f"({look}) > {place.share}/hook")])
    husk("run", "-b", place.path, unique())
    assert place.text("hook") == place.text("process") != ""
    assert "Seccomp:\t2" in place.text("hook") and place.text("hook").startswith("1000\n/tmp\n")


@pytest.mark.husk
def test_status_while_hooks_run(husk, place):
    ask = (f"{harness.HUSK} --root {husk.root} state $(cat | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/') "
           f"| grep '\"status\"' >> {place.share}/status")
    place.hooks(prestart=[shell(ask)], createRuntime=[shell(ask)], poststart=[shell(ask)])
    name = unique()
    husk("create", "-b", place.path, name)
    assert husk.status(name) == "created"
    husk("start", name)
    assert [line.split('"')[3] for line in place.text("status").splitlines()] == ["creating", "creating", "running"]


@pytest.mark.husk
@pytest.mark.parametrize("detach", [True, False], ids=["run", "start"])
def test_poststart_hook_may_use_the_container(husk, place, detach):
    name = unique()
    place.hooks(poststart=[shell(f"{harness.HUSK} --root {husk.root} exec {name} touch {place.share}/touched",
                                 timeout=10)])
    if detach:
        husk("run", "-d", "-b", place.path, name)
    else:
        husk("create", "-b", place.path, name)
        husk("start", name)
    assert os.path.exists(place.share + "/touched")


@pytest.mark.husk
def test_later_changes_of_the_bundle_have_no_effect(husk, place):
    place.hooks(poststart=[place.say("old-start")], poststop=[place.say("old-stop")])
    name = unique()
    husk("create", "-b", place.path, name)
    place.hooks(poststart=[place.say("new")], poststop=[place.say("new")], startContainer=[place.say("new")])
    husk("start", name)
    husk("delete", "--force", name)
    assert place.text().split() == ["old-start", "old-stop"]


def test_exec_runs_no_hooks(husk, place):
    name = unique()
    place.hooks(**{kind: [place.say(kind)] for kind in KINDS})
    husk("run", "-d", "-b", place.path, name)
    before = place.text()
    husk("exec", name, "true")
    assert place.text() == before and before.split() == KINDS[:5]


# --- other namespaces

@pytest.mark.husk
def test_create_container_hook_where_its_user_may_not_walk(husk, place, work):
    """The path is the runtime's: it is opened before the user namespace takes the right to walk there away."""
    hidden = work + "/hidden"
    os.makedirs(hidden, 0o700)
    for name, text in (("script", f"#!/bin/busybox sh\necho script >> {place.log}\n"), ("program", None)):
        if text is None:
            subprocess.run(["cp", "/bin/busybox", f"{hidden}/{name}"], check=True)
        else:
            with open(f"{hidden}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        os.chmod(f"{hidden}/{name}", 0o755)
    place.hooks(userns({"/process/args": ["/bin/true"]}), createContainer=[
        {"path": hidden + "/script"},
        {"path": hidden + "/program", "args": ["sh", "-c", f"echo program $(id -u) >> {place.log}"], "env": ENV}])
    husk("run", "-b", place.path, unique())
    assert place.text() == "script\nprogram 0\n"


@pytest.mark.husk
def test_create_container_hook_is_found_as_the_runtime_sees_it(husk, place, work):
    """A joined mount namespace that hides the hook's file, and has another one of that name."""
    hidden = work + "/tools"
    os.makedirs(hidden)
    subprocess.run(["cp", "/bin/busybox", hidden + "/hook"], check=True)
    holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c",
                               f"mount -t tmpfs none {hidden} && cp /bin/false {hidden}/hook && echo && exec sleep 1000"],
                              stdout=subprocess.PIPE)
    try:
        assert holder.stdout.read(1) == b"\n"
        place.hooks({"/linux/namespaces": namespace("mount", f"/proc/{holder.pid}/ns/mnt"),
                     "/process/args": ["/bin/true"]},
                    createContainer=[{"path": hidden + "/hook", "args": ["sh", "-c", f"echo found >> {place.log}"]}])
        husk("run", "-b", place.path, unique())
    finally:
        holder.kill()
        holder.wait()
    assert place.text() == "found\n"


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_user_namespace(husk, place, kind):
    place.hooks(userns(), **{kind: [shell(f"echo $(id -u) $(cut -c1-40 /proc/self/uid_map) > {place.share}/ids")]})
    go(husk, place, unique())
    assert place.text("ids").split() == (["0", "0", "0", "4294967295"] if kind in IN_RUNTIME
                                         else ["0", "0", "100000", "65536"])


# --- failures

def failing(husk, place, kind, hook, run, check=lambda text: None):
    """Runs a container whose hook of that kind fails; what has to hold afterwards for every failure does."""
    name = unique()
    place.hooks(**{**{other: [place.say(other)] for other in KINDS if other != kind},
                   kind: [hook, place.say(kind + "-too-late")]})
    if kind == "poststop":
        place.hooks(poststop=[hook, place.say("poststop")])
    if run:
        result = husk("run", "-d", "-b", place.path, name, check=False)
        if kind == "poststop":
            assert result.rc == 0
            result = husk("delete", "--force", name, check=False)
    else:
        command, result = go(husk, place, name, check=False, true=False)
        assert command == ("create" if kind in AT_CREATE else "delete" if kind == "poststop" else "start")
        if command == "start":
            assert husk.status(name) == "stopped"
            assert "poststop" not in place.text()
            husk("delete", name)
    assert husk.names() == []
    words = place.text().split()
    if kind == "poststop":
        assert result.rc == 0 and "level=warning" in result.err and result.err.rstrip().endswith(', ignoring"')
        assert words == ["poststop"]  # the rest goes on
    else:
        assert result.rc == 1 and "level=error" in result.err
        assert words == KINDS[:KINDS.index(kind)] + ["poststop"]
    assert f"/hooks/{kind}/0: hook '{hook['path']}' " in result.err
    return result.err


@pytest.mark.husk
@pytest.mark.parametrize("run", [True, False], ids=["run", "create-start"])
@pytest.mark.parametrize("kind", KINDS)
def test_failure(husk, place, kind, run):
    text = failing(husk, place, kind, shell("echo noise; echo 'bad thing' >&2; echo worse >&2; exit 7"), run)
    assert "' exited with status 7: bad thing; worse" in text and "noise" not in text


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_printed_when_it_was_silent_on_stderr(husk, place, kind):
    assert "' exited with status 1: from stdout" in failing(husk, place, kind, shell("echo from stdout; exit 1"), True)


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_killed_hook(husk, place, kind):
    assert "' was killed by signal 9: last words" in failing(
        husk, place, kind, shell("echo last words >&2; kill -9 $$"), False)


@pytest.mark.husk
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "createContainer"])
def test_missing_hook(husk, place, kind):
    assert "' cannot be run: no such file or directory" in failing(husk, place, kind, {"path": "/no/such/hook"}, True)


@pytest.mark.husk
def test_missing_create_container_hook_is_found_before_anything_is_made(husk, place):
    place.hooks(createContainer=[{"path": "/no/such/hook"}], poststop=[place.say("stopped")])
    result = husk("create", "-b", place.path, unique(), check=False)
    assert ("/hooks/createContainer/0: cannot open the program '/no/such/hook': no such file or directory"
            in result.err)
    assert husk.names() == [] and place.text() == ""


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_hook_that_is_no_program(husk, place, kind):
    path = place.share + "/text"
    with open(path, "w", encoding="utf-8") as file:
        file.write("no program")
    os.chmod(path, 0o755)
    assert "' cannot be run: exec format error" in failing(husk, place, kind, {"path": path}, True)


@pytest.mark.husk
@pytest.mark.parametrize("run", [True, False], ids=["run", "create-start"])
@pytest.mark.parametrize("kind", KINDS)
def test_timeout(husk, place, kind, run):
    marker = f"31337.{os.getpid() % 1000}{KINDS.index(kind)}{int(run)}"
    begin = time.monotonic()
    text = failing(husk, place, kind, shell(f"echo begun >&2; sleep {marker} & sleep {marker}", timeout=1), run)
    assert "' did not end within its timeout of 1 s: begun" in text
    assert 1 <= time.monotonic() - begin < 8
    wait_for(lambda: not alive(marker), "the end of the whole process group")


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_tail_is_told(husk, place, kind):
    text = failing(husk, place, kind, shell("printf BEGIN >&2; n=0; while [ $n -lt 900 ]; do printf 'x%09d' $n >&2; "
                                            "n=$((n + 1)); done; echo THE END >&2; exit 1"), True)
    told = text[text.index("status 1: ") + 10:text.index("THE END") + 7]
    assert "BEGIN" not in text and 4000 <= len(told) <= 4096


@pytest.mark.husk
def test_control_characters_do_not_reach_the_terminal(husk, place):
    text = failing(husk, place, "createRuntime", shell("printf 'a\\033[31mb\\001\\000c\\n' >&2; exit 1"), True)
    assert "status 1: a?[31mb??c" in text


@pytest.mark.husk
def test_hooks_of_a_container_without_a_pid_namespace(husk, place):
    """poststart fails: the process and what it started are killed."""
    marker = f"31338.{os.getpid()}"
    place.hooks({"/linux/namespaces": without("pid"), "/process/args": ["/bin/sh", "-c", f"sleep {marker} & sleep {marker}"]},
                poststart=[shell(f"while ! pgrep -f '^sleep {marker}' > /dev/null; do :; done; exit 1", timeout=5)])
    name = unique()
    husk("create", "-b", place.path, name)
    assert husk("start", name, check=False).rc == 1
    wait_for(lambda: not alive(marker), "the end of all processes")
    husk("delete", name)


@pytest.mark.parametrize("edits", [{"/mounts/-": {"destination": "/x", "type": "bind", "source": "/no/such"}},
                                   {"/process/args": ["/no/such"]}], ids=["mount", "program"])
def test_poststop_runs_after_any_failure_of_create(husk, place, edits):
    place.hooks(edits, poststop=[place.say("stopped")])
    assert husk("create", "-b", place.path, unique(), check=False).rc == 1
    assert place.text() == "stopped\n"


@pytest.mark.husk
def test_poststop_is_not_that_of_another_container(husk, place):
    place.hooks(poststop=[place.say("stopped")])
    name = unique()
    husk("create", "-b", place.path, name)
    assert husk("create", "-b", place.path, name, check=False).rc == 1
    assert place.text() == ""
    husk("delete", name)
    assert place.text() == "stopped\n"


@pytest.mark.husk
def test_bundle_is_gone_at_poststop(husk, place):
    place.hooks(poststop=[shell(f"pwd >> {place.log}")])
    name = unique()
    husk("create", "-b", place.path, name)
    os.rename(place.path, place.path + ".moved")
    husk("delete", name)
    assert place.text() == "/\n"


# --- what a hook does with its stdio

@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_flood_of_output(husk, place, kind):
    big = "dd if=/dev/zero bs=70000 count=1 2>/dev/null"
    place.hooks(**{kind: [shell(f"{big}; {big} >&2; echo done >> {place.log}")]})
    go(husk, place, unique())
    assert place.text() == "done\n"


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_state_that_is_not_read(husk, place, kind):
    """Larger than a pipe: nobody may wait until it is read, nor be hurt when it is not."""
    place.hooks({"/annotations": {"big": "x" * 200000}},
                **{kind: [shell(f"exec <&-; echo closed >> {place.log}"), shell(f"cat | wc -c >> {place.log}")]})
    go(husk, place, unique())
    closed, size = place.text().split()
    assert closed == "closed" and 200000 < int(size) < 201000


@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_hook_leaves_running_does_not_hold_us_up(husk, place, kind):
    """It has the hook's standard output, which is no reason to wait for it; and it is not killed."""
    marker = f"31339.{os.getpid() % 1000}{KINDS.index(kind)}"
    place.hooks(**{kind: [shell(f"sleep {marker} & exit 0")]})
    begin = time.monotonic()
    go(husk, place, unique())
    assert time.monotonic() - begin < 5
    if kind in IN_RUNTIME:
        wait_for(lambda: alive(marker), "what was left running")  # it may still be on its way to its exec
    for pid in alive(marker):
        assert kind in IN_RUNTIME
        os.kill(pid, signal.SIGKILL)


# --- the runtime is killed

@pytest.mark.husk
@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_a_hook_runs(husk, place, kind):
    marker = f"31340.{os.getpid() % 1000}{KINDS.index(kind)}"
    place.hooks(**{kind: [shell(f"exec sleep {marker}")]})
    name = unique()
    command = ["create", "-b", place.path, name]
    if kind not in AT_CREATE:
        husk(*command)
        command = ["start", name]
    if kind == "poststop":
        husk("start", name)
        command = ["delete", "--force", name]
    process = husk.popen(*command)
    wait_for(lambda: alive(marker), "the hook")
    process.kill()
    bounded(process, 5, command)
    if kind != "startContainer":  # there the order to start was given: it is the container's affair
        wait_for(lambda: not alive(marker), "the end of the hook")
    for args in (["list"], ["state", name]):
        husk(*args, check=False, timeout=10)
    husk("delete", "--force", name, timeout=10)
    wait_for(lambda: not alive(marker), "the end of the hook")
    assert husk.names() == []


@pytest.mark.husk
def test_the_container_is_killed_while_a_hook_runs(husk, place):
    """createContainer hooks hang; somebody kills the container's process: create says so and cleans up."""
    marker = f"31341.{os.getpid()}"
    place.hooks(createContainer=[shell(f"sleep {marker}")], poststop=[place.say("stopped")])
    with open(place.share + "/err", "wb") as err:
        process = husk.popen("create", "-b", place.path, unique(), stderr=err)
    wait_for(lambda: alive(marker), "the hook")
    os.kill(harness.children(process.pid)[1], signal.SIGKILL)
    assert bounded(process, 5, ["create"]) == 1
    assert husk.names() == [] and place.text() == "stopped\n" and place.text("err")
    wait_for(lambda: not alive(marker), "the end of the hook")


@pytest.mark.husk
def test_plan_shows_hooks_where_they_run(husk, place):
    place.hooks(**{kind: [{"path": "/bin/hook", "args": ["hook", kind], "timeout": 3}] for kind in KINDS})
    text = husk("plan", "-b", place.path).out
    found = [text.index(f"{kind} /bin/hook {kind} as hook, at most 3 s") for kind in KINDS]
    found[3:3] = [text.index("enter-root"), text.index(" ready ")]
    assert found == sorted(found)
