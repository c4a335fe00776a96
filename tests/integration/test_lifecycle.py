# SPDX-License-Identifier: Apache-2.0
"""create, start, run, state, list, ps, kill, delete, spec, features: flags, shapes, exit codes, exact phrases."""
import json
import os
import re
import signal

import pytest

from harness import ended, read, unique, wait_for, without

# --- spec, features, version ---

def test_version_lines(husk):
    out = husk("--version").out
    lines = out.splitlines()
    assert re.match(r"^\w+ version \S+$", lines[0]), out
    assert re.search(r"^spec: \d+\.\d+\.\d+\S*$", out, re.M), out
    # moby's regular expression: anything before "version", then commit, then spec.
    assert re.search(r"^commit: ?\S*$", out, re.M), out
    assert husk("-v").out == out


def test_help_names_the_commands(husk):
    out = husk("--help").out
    for name in ("create", "start", "run", "exec", "state", "list", "ps", "kill", "delete", "spec"):
        assert re.search(rf"^\s+{name}\b", out, re.M), f"{name} is not in:\n{out}"
    for name in ("create", "exec", "delete"):
        assert name in husk(name, "--help").out


def test_spec_is_a_config_that_runs(husk, bundle):
    made = bundle()
    os.unlink(made.path + "/config.json")
    husk("spec", cwd=made.path)
    with open(made.path + "/config.json", encoding="utf-8") as file:
        text = file.read()
    config = json.loads(text)
    assert config["process"]["args"] == ["sh"] and config["process"]["terminal"] is True
    assert config["root"] == {"path": "rootfs", "readonly": True}
    assert {"pid", "network", "ipc", "uts", "mount"} <= {entry["type"] for entry in config["linux"]["namespaces"]}
    config["process"].update(terminal=False, args=["sh", "-c", "hostname; touch /x 2>/dev/null || echo read-only"])
    made.config = config
    made.write()
    assert husk("run", "-b", made.path, unique()).out.split()[-1] == "read-only"


def test_spec_does_not_overwrite(husk, bundle):
    made = bundle()
    before = read(made.path + "/config.json")
    result = husk("spec", "--bundle", made.path, check=False)
    assert result.rc == 1 and "exist" in result.err
    assert read(made.path + "/config.json") == before


def test_spec_rootless(husk, work):
    os.mkdir(work + "/new")
    husk("spec", "--rootless", "-b", work + "/new")
    config = json.loads(read(work + "/new/config.json"))
    kinds = {entry["type"] for entry in config["linux"]["namespaces"]}
    assert "user" in kinds and "network" not in kinds
    assert config["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 0, "size": 1}]
    system = [mount for mount in config["mounts"] if mount["destination"] == "/sys"][0]
    assert "rbind" in system["options"]
    assert not any(option.startswith(("gid=", "uid=")) for mount in config["mounts"]
                   for option in mount.get("options", []))
    assert "resources" not in config["linux"]


@pytest.mark.husk
def test_features(husk):
    features = husk("features").json
    assert features["ociVersionMin"] == "1.0.0" and features["ociVersionMax"].startswith("1.")
    assert {"rro", "tmpcopyup", "rslave", "nosymfollow"} <= set(features["mountOptions"])
    linux = features["linux"]
    assert {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"} == set(linux["namespaces"])
    assert "CAP_CHECKPOINT_RESTORE" in linux["capabilities"] and len(linux["capabilities"]) == 41
    assert linux["cgroup"]["v1"] is True and linux["cgroup"]["v2"] is True
    assert features["hooks"] == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart",
                                 "poststop"]


# --- create, start, state ---

def test_create_start_state_delete(husk, bundle):
    made = bundle("echo hello; sleep 0.1; exit 3", {"/annotations": {"a.b": "c"}})
    name = unique()
    husk("create", "--bundle", made.path, "--pid-file", made.path + "/pid", name)
    state = husk.state(name)
    pid = int(read(made.path + "/pid"))
    assert state["id"] == name and state["status"] == "created" and state["pid"] == pid
    assert state["bundle"] == made.path and state["annotations"] == {"a.b": "c"}
    assert re.match(r"^1\.\d+\.\d+", state["ociVersion"])
    assert state["rootfs"] == made.rootfs
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*Z$", state["created"])
    assert state["owner"] == ""
    started = husk("start", name)
    assert started.out == "" and started.err == ""
    wait_for(lambda: husk.status(name) == "stopped", "the end of the container")
    state = husk.state(name)
    assert state.get("pid", 0) == 0
    husk("delete", name)
    gone = husk("state", name, check=False)
    assert gone.rc == 1 and "does not exist" in gone.err
    assert husk.names() == []


def test_create_says_nothing_and_holds_the_output(husk, bundle, work):
    made = bundle("echo one; echo two >&2")
    name = unique()
    with open(work + "/out", "wb") as out, open(work + "/err", "wb") as err:
        assert husk.popen("create", "-b", made.path, name, stdout=out, stderr=err).wait(20) == 0
    assert read(work + "/out") == "" and read(work + "/err") == ""
    husk("start", name)
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    assert (read(work + "/out"), read(work + "/err")) == ("one\n", "two\n")


def test_bundle_defaults_to_the_working_directory(husk, bundle):
    made = bundle("echo here")
    assert husk("run", unique(), cwd=made.path).out == "here\n"


def test_pid_file_is_complete_when_it_appears(husk, bundle):
    made = bundle("sleep 1")
    name = unique()
    husk("create", "-b", made.path, "--pid-file=" + made.path + "/pid", name)
    assert re.fullmatch(r"\d+", read(made.path + "/pid"))
    assert sorted(entry for entry in os.listdir(made.path) if "pid" in entry) == ["pid"]
    assert read(f"/proc/{read(made.path + '/pid')}/cgroup").count(name) >= 1


def test_start_of_the_started(husk, running, created):
    name = running()
    result = husk("start", name, check=False)
    assert result.rc == 1 and "running" in result.err
    assert husk.status(name) == "running"
    missing = husk("start", unique(), check=False)
    assert missing.rc == 1 and "does not exist" in missing.err


def test_same_id_twice(husk, created, bundle):
    name = created()
    result = husk("create", "-b", bundle("true").path, name, check=False)
    assert result.rc == 1 and "exist" in result.err
    assert husk.status(name) == "created"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a\nb", "ä", "x" * 1025])
def test_bad_ids(husk, bundle, name):
    result = husk("create", "-b", bundle("true").path, name, check=False)
    assert result.rc == 1 and result.err
    assert husk.names() == []


def test_good_ids(husk, bundle):
    made = bundle("true")
    for name in (unique() + "_.+-Z9", "-" + unique()):
        husk("run", "-b", made.path, "--", name)


# --- kill, delete ---

@pytest.mark.parametrize("how", ["TERM", "SIGTERM", "15", "sigterm", "Term", None])
def test_kill_by_name_and_number(husk, running, work, how):
    name = running("trap 'exit 7' TERM; echo > /ready; while :; do sleep 0.02; done")
    wait_for(lambda: os.path.exists(husk.state(name)["rootfs"] + "/ready"), "the trap")
    husk("kill", name, *([how] if how else []))
    wait_for(lambda: husk.status(name) == "stopped", "the end")


def test_kill_all_flag_is_taken(husk, running):
    name = running()
    husk("kill", "--all", name, "KILL")
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    husk("kill", "-a", name, "KILL", check=False)


def test_kill_of_the_dead(husk, running):
    name = running("true")
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    result = husk("kill", name, "TERM", check=False)
    assert result.rc == 1
    assert "container not running" in result.err or "process already finished" in result.err
    missing = husk("kill", unique(), "TERM", check=False)
    assert missing.rc == 1 and "does not exist" in missing.err


@pytest.mark.parametrize("signal_name", ["NOSUCH", "SIGNOSUCH", "-3", "99999", "1x"])
def test_kill_with_no_such_signal(husk, running, signal_name):
    name = running()
    result = husk("kill", "--", name, signal_name, check=False)
    assert result.rc == 1 and "signal" in result.err
    assert husk.status(name) == "running"


def test_kill_of_the_created(husk, created):
    name = created("sleep 100")
    husk("kill", name, "KILL")
    wait_for(lambda: husk.status(name) == "stopped", "the end")


def test_delete_running_needs_force(husk, running):
    name = running()
    result = husk("delete", name, check=False)
    assert result.rc == 1 and "not stopped" in result.err, result
    assert husk.status(name) == "running"
    husk("delete", "--force", name)
    assert husk.status(name) == "gone"


def test_delete_created_needs_no_force(husk, created):
    name = created()
    pid = husk.state(name)["pid"]
    husk("delete", name)
    assert husk.names() == []
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the end of its process")


def test_delete_missing(husk):
    result = husk("delete", unique(), check=False)
    assert result.rc == 1 and "does not exist" in result.err
    forced = husk("delete", "--force", unique())
    assert forced.out == ""
    husk("delete", "-f", unique())


@pytest.mark.husk
def test_kill_without_a_pid_namespace_reaches_all(husk, running):
    name = running("sleep 1000 & sleep 1000 & wait", {"/linux/namespaces": without("pid")})
    pids = wait_for(lambda: three(husk("ps", "-f", "json", name).json), "3 processes")
    husk("kill", name, "KILL")
    for pid in pids:
        wait_for(lambda pid=pid: ended(pid), f"the end of {pid}")


# --- list, ps ---

def three(pids):
    return pids if len(pids) == 3 else None


def test_list_of_nothing(husk):
    assert husk("list", "-f", "json").out.strip() == "null"
    assert husk("list", "-q").out == ""
    assert husk("list").out.split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]


def test_list(husk, running, created):
    names = sorted([running(), created()])
    table = husk("list").out.splitlines()
    assert [line.split()[0] for line in table[1:]] == names
    assert {line.split()[2] for line in table[1:]} == {"running", "created"}
    assert all(line.split()[-1] == "root" for line in table[1:])
    entries = husk("list", "--format=json").json
    assert [entry["id"] for entry in entries] == names
    for entry in entries:
        assert {"ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"} <= set(entry)
        assert entry["owner"] == "root" and entry["pid"] > 0
    assert husk("list", "-q").out.split() == names
    bad = husk("list", "-f", "xml", check=False)
    assert bad.rc == 1 and "format" in bad.err


def test_ps(husk, running):
    name = running("sleep 1000 & sleep 1000 & wait")
    pids = wait_for(lambda: three(husk("ps", "--format", "json", name).json), "3 processes")
    assert husk.state(name)["pid"] in pids
    table = husk("ps", name).out.splitlines()
    assert table[0].split()[:3] == ["UID", "PID", "PPID"] and len(table) == 4
    chosen = husk("ps", name, "-o", "pid,comm").out.splitlines()
    assert sorted(int(line.split()[0]) for line in chosen[1:]) == sorted(pids)
    missing = husk("ps", unique(), check=False)
    assert missing.rc == 1 and "does not exist" in missing.err


# --- run ---

@pytest.mark.parametrize("command, status", [("exit 0", 0), ("exit 42", 42), ("exit 255", 255), ("kill -9 $$", None),
                                             ("sh -c 'kill -9 $$'; exit $?", 137)])
def test_run_passes_the_exit_status(husk, bundle, command, status):
    made = bundle(command)
    name = unique()
    result = husk("run", "-b", made.path, name, check=False)
    # An init process cannot kill itself: the kernel drops the signal.
    assert result.rc == (0 if status is None else status), result
    assert husk.names() == []


def test_run_of_a_signalled_init(husk, bundle):
    made = bundle("kill -TERM $$", {"/linux/namespaces": without("pid")})
    assert husk("run", "-b", made.path, unique(), check=False).rc == 128 + signal.SIGTERM


def test_run_forwards_signals(husk, bundle, work):
    made = bundle("trap 'echo usr1; exit 5' USR1; echo > /ready; while :; do sleep 0.02; done")
    with open(work + "/out", "wb") as out:
        process = husk.popen("run", "-b", made.path, unique(), stdout=out)
        wait_for(lambda: os.path.exists(made.rootfs + "/ready"), "the trap")
        process.send_signal(signal.SIGUSR1)
        assert process.wait(10) == 5
    assert read(work + "/out") == "usr1\n"


def test_run_detached(husk, bundle):
    made = bundle("trap 'exit 0' TERM; while :; do sleep 0.05; done")
    name = unique()
    result = husk("run", "--detach", "--pid-file", made.path + "/pid", "-b", made.path, name)
    assert result.out == "" and result.err == ""
    assert husk.state(name)["pid"] == int(read(made.path + "/pid"))
    # The container is nobody's child: an engine, or init, inherits it.
    assert husk.status(name) == "running"


def test_run_keep(husk, bundle):
    made = bundle("exit 4")
    name = unique()
    assert husk("run", "--keep", "-b", made.path, name, check=False).rc == 4
    assert husk.status(name) == "stopped"
    husk("delete", name)


def test_stdin_reaches_the_container(husk, bundle):
    made = bundle("cat")
    text = "line\n" * 5000
    assert husk("run", "-b", made.path, unique(), stdin=text).out == text


def test_a_killed_run_leaves_a_container_that_can_be_deleted(husk, bundle):
    made = bundle("sleep 1000")
    name = unique()
    process = husk.popen("run", "-b", made.path, name)
    wait_for(lambda: husk.status(name) == "running", "the container")
    process.kill()
    process.wait()
    husk("delete", "--force", name)
    assert husk.names() == []


def test_changed_config_changes_nothing_after_create(husk, bundle, work):
    made = bundle("echo old")
    name = unique()
    with open(work + "/out", "wb") as out:
        assert husk.popen("create", "-b", made.path, name, stdout=out).wait(20) == 0
    made.write({"/process/args": ["/bin/echo", "new"], "/hostname": "other"})
    husk("start", name)
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    assert read(work + "/out") == "old\n"


def test_stale_state_after_the_process_is_gone(husk, created):
    name = created("sleep 100")
    os.kill(husk.state(name)["pid"], signal.SIGKILL)
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    result = husk("start", name, check=False)
    assert result.rc == 1 and "stopped" in result.err
    husk("delete", name)
