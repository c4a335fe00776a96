# SPDX-License-Identifier: Apache-2.0
"""What a container's process finds: namespaces, credentials, limits, environment, working directory, exec errors."""
import os
import re
import subprocess

import pytest

from harness import PATH, namespace, read, unique, userns, without

KINDS = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user", "cgroup": "cgroup",
         "time": "time"}


def status_of(text, key):
    return [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(key + ":")][0]


# --- namespaces ---

def time_mark(kind):
    # runc 1.1 knows no time namespace.
    return pytest.param(kind, marks=pytest.mark.husk) if kind == "time" else kind


@pytest.mark.parametrize("kind", map(time_mark, KINDS))
def test_namespace_is_new(inside, kind):
    edits = {"/linux/namespaces": namespace(kind)}
    if kind == "user":
        edits = userns()
    inode = inside(["readlink", "/proc/self/ns/" + KINDS[kind]], edits)
    assert inode.startswith(KINDS[kind] + ":[") and inode != os.readlink("/proc/self/ns/" + KINDS[kind])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mount"])
def test_namespace_is_the_hosts_when_absent(inside, kind):
    edits = {"/linux/namespaces": without(kind)}
    if kind == "uts":
        edits["/hostname"] = None
    if kind == "ipc":
        edits["/mounts/4"] = None
    inode = inside(["readlink", "/proc/self/ns/" + KINDS[kind]], edits)
    assert inode == os.readlink("/proc/self/ns/" + KINDS[kind])


@pytest.mark.parametrize("kind", map(time_mark, [kind for kind in KINDS if kind not in ("user", "mount")]))
def test_namespace_is_joined_by_path(inside, running, husk, kind):
    edits = {"/linux/namespaces": namespace(kind)}
    pid = husk.state(running("while :; do sleep 0.05; done", edits))["pid"]
    path = f"/proc/{pid}/ns/{KINDS[kind]}"
    edits = {"/linux/namespaces": namespace(kind, path)}
    assert inside(["readlink", "/proc/self/ns/" + KINDS[kind]], edits) == os.readlink(path)


@pytest.mark.husk
def test_join_a_user_namespace(inside, running, husk):
    pid = husk.state(running("while :; do sleep 0.05; done", userns()))["pid"]
    kinds = [{"type": kind, "path": f"/proc/{pid}/ns/{KINDS[kind]}"} for kind in ("user", "network", "ipc", "uts")]
    out = inside("readlink /proc/self/ns/user; readlink /proc/self/ns/net; cat /proc/self/uid_map",
                 {"/linux/namespaces": [*kinds, {"type": "pid"}, {"type": "mount"}], "/hostname": None}).split()
    assert out == [os.readlink(f"/proc/{pid}/ns/user"), os.readlink(f"/proc/{pid}/ns/net"), "0", "100000", "65536"]


def test_joined_network_by_a_mounted_file(inside, work):
    """What podman does: a network namespace kept by a bind mount."""
    path = work + "/netns"
    with open(path, "wb"):
        pass
    subprocess.run(["unshare", "--net=" + path, "true"], check=True)
    try:
        inode = os.stat(path).st_ino
        assert inside(["readlink", "/proc/self/ns/net"], {"/linux/namespaces": namespace("network", path)}) \
            == f"net:[{inode}]"
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("path, phrase", [("/no/such/ns", "no such file or directory"),
                                          pytest.param("/etc/passwd", "/etc/passwd", marks=pytest.mark.husk),
                                          pytest.param("/proc/self/ns/uts", "is not a network namespace",
                                                       marks=pytest.mark.husk)])
def test_bad_namespace_path(refused, path, phrase):
    assert phrase in refused("true", {"/linux/namespaces": namespace("network", path)}).lower()


def test_init_is_pid_1_and_alone(inside):
    out = inside("echo $$; ls /proc | grep -c '^[0-9]'").split()
    assert out[0] == "1" and int(out[1]) <= 3


def test_loopback_is_up(inside):
    out = inside("ip addr show lo; ls /sys/class/net; ping -c1 -w2 127.0.0.1 >/dev/null && echo pong",
                 {f"/process/capabilities/{name}/-": "CAP_NET_RAW" for name in ("bounding", "effective", "permitted")})
    assert re.search(r"<LOOPBACK,UP,LOWER_UP>", out) and "127.0.0.1/8" in out and out.split()[-1] == "pong"


def test_user_namespace_with_maps(inside):
    out = inside("cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups; id -u; stat -c %u /bin/busybox",
                 userns({"/linux/uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000},
                                                {"containerID": 1000, "hostID": 0, "size": 1}]}))
    assert out.split() == ["0", "100000", "1000", "1000", "0", "1", "0", "100000", "65536", "allow", "0", "1000"]


@pytest.mark.husk
def test_time_offsets(inside):
    out = inside("cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets", {
        "/linux/namespaces": namespace("time"),
        "/linux/timeOffsets": {"boottime": {"secs": 1000000}, "monotonic": {"secs": 7, "nanosecs": 5}}}).split()
    assert int(out[0]) >= 1000000
    assert out[1:] == ["monotonic", "7", "5", "boottime", "1000000", "0"]


def test_hostname(inside):
    assert inside("hostname; cat /proc/sys/kernel/hostname", {"/hostname": "other.example"}).split() \
        == ["other.example"] * 2


@pytest.mark.husk
def test_domainname(inside):
    assert inside("cat /proc/sys/kernel/domainname", {"/domainname": "dom.example"}) == "dom.example"


def test_hostname_needs_its_namespace(refused):
    before = os.uname().nodename
    assert "hostname" in refused("true", {"/linux/namespaces": without("uts")}).lower()
    assert os.uname().nodename == before


# --- credentials ---

def test_ids_groups_and_umask(inside):
    out = inside("id -u; id -g; id -G; umask; touch /tmp/f; stat -c %a /tmp/f",
                 {"/process/user": {"uid": 1000, "gid": 7, "additionalGids": [5, 4000000], "umask": 0o77}}).split("\n")
    assert out[:2] == ["1000", "7"] and set(out[2].split()) == {"7", "5", "4000000"}
    assert out[3:] == ["0077", "600"]


def test_groups_of_the_runtime_are_dropped(inside):
    assert inside("id -G") == "0"


SETS = {"bounding": "CapBnd", "effective": "CapEff", "permitted": "CapPrm", "inheritable": "CapInh",
        "ambient": "CapAmb"}
BITS = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10, "CAP_SYS_ADMIN": 21, "CAP_SYSLOG": 34, "CAP_BPF": 39}


@pytest.mark.parametrize("user", [0, 1000])
@pytest.mark.parametrize("sets", [
    {},
    {"bounding": list(BITS), "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_KILL"]},
    {"bounding": list(BITS), "permitted": list(BITS), "inheritable": ["CAP_BPF", "CAP_KILL"], "ambient": ["CAP_KILL"],
     "effective": list(BITS)}])
def test_capability_sets(inside, sets, user):
    """What execve(2) makes of the sets asked for: see capabilities(7)."""
    status = inside(["cat", "/proc/self/status"], {"/process/user": {"uid": user, "gid": user},
                                                   "/process/capabilities": sets, "/process/noNewPrivileges": False})
    asked = {name: sum(1 << BITS[cap] for cap in sets.get(name, [])) for name in SETS}
    expected = dict(asked)
    # Root's files have every capability, cut by the bounding set; others keep what is ambient.
    gained = asked["ambient"] if user else asked["bounding"] | asked["inheritable"]
    expected["permitted"] = expected["effective"] = gained
    assert {name: int(status_of(status, key), 16) for name, key in SETS.items()} == expected


def test_no_capabilities_property_means_none(inside):
    status = inside(["cat", "/proc/self/status"], {"/process/capabilities": None})
    assert {int(status_of(status, key), 16) for key in SETS.values()} == {0}


@pytest.mark.parametrize("value, seen", [(True, "1"), (False, "0"), (None, "0")])
def test_no_new_privileges(inside, value, seen):
    status = inside(["cat", "/proc/self/status"], {"/process/noNewPrivileges": value})
    assert status_of(status, "NoNewPrivs") == seen


@pytest.mark.husk
def test_signals_start_clean(inside, husk, bundle):
    made = bundle(["cat", "/proc/self/status"])
    husk.prefix = ["env", "--ignore-signal=USR1,PIPE,INT", "--block-signal=USR2"]
    status = husk("run", "-b", made.path, unique()).out
    assert {status_of(status, key) for key in ("SigBlk", "SigIgn", "ShdPnd")} == {"0" * 16}


# --- limits ---

def test_rlimits(inside):
    out = inside(["cat", "/proc/self/limits"], {"/process/rlimits": [
        {"type": "RLIMIT_NOFILE", "soft": 128, "hard": 256}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
        {"type": "RLIMIT_AS", "soft": 18446744073709551615, "hard": 18446744073709551615},
        {"type": "RLIMIT_STACK", "soft": 4194304, "hard": 18446744073709551615}]})
    limits = {line[:26].strip(): line[26:].split()[:2] for line in out.splitlines()}
    assert limits["Max open files"] == ["128", "256"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max address space"] == ["unlimited", "unlimited"]
    assert limits["Max stack size"] == ["4194304", "unlimited"]


def test_rlimit_that_may_not_be_raised(refused):
    if int(status_of(read("/proc/self/status"), "CapEff"), 16) & 1 << 24:
        pytest.skip("CAP_SYS_RESOURCE may raise any limit")
    said = refused("true", {"/process/rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10 ** 6, "hard": 10 ** 8}]})
    assert "operation not permitted" in said.lower()


def test_oom_score_adj(inside):
    assert inside(["cat", "/proc/self/oom_score_adj"], {"/process/oomScoreAdj": 321}) == "321"


def test_oom_score_adj_is_kept_when_absent(inside):
    assert inside(["cat", "/proc/self/oom_score_adj"]) == read("/proc/self/oom_score_adj").strip()


@pytest.mark.parametrize("key, value, extra", [("net.ipv4.ip_forward", "1", {}), ("kernel.msgmax", "9000", {}),
                                               ("net.ipv4.conf.lo.forwarding", "1", {}),
                                               ("net/ipv4/ip_default_ttl", "77", {}),
                                               ("kernel.shm_rmid_forced", "1", {}), ("fs.mqueue.msg_max", "11", {})])
def test_sysctl(inside, key, value, extra):
    before = read("/proc/sys/" + key.replace(".", "/"))
    out = inside(["cat", "/proc/sys/" + key.replace(".", "/")], {"/linux/sysctl": {key: value}, **extra})
    assert out == value
    assert read("/proc/sys/" + key.replace(".", "/")) == before


@pytest.mark.parametrize("key, spaces", [("kernel.panic", None), ("vm.swappiness", None), ("kernel.core_pattern", None),
                                         ("net.ipv4.ip_forward", without("network")), ("kernel.sem", without("ipc")),
                                         ("net.ipv4/../../kernel/panic", None)])
def test_sysctl_of_the_host_is_refused(refused, key, spaces):
    edits = {"/linux/sysctl": {key: "1"}}
    if spaces:
        edits["/linux/namespaces"] = spaces
    assert key.split(".")[0] in refused("true", edits)


@pytest.mark.husk
def test_personality(inside):
    assert inside("uname -m; cat /proc/self/personality", {"/linux/personality": {"domain": "LINUX32"}}).split() \
        == ["i686", "00000008"]


# --- program, environment, working directory ---

def test_environment_is_the_configs(inside):
    out = inside(["env"], {"/process/env": ["PATH=" + PATH, "A=1", "B=two words", "EMPTY="]}, env={"LEAK": "1"})
    assert sorted(out.splitlines()) == sorted(["PATH=" + PATH, "A=1", "B=two words", "EMPTY=", "HOME=/root"])


@pytest.mark.parametrize("user, home", [(0, "/root"), (1000, "/home/app"), (4321, "/")])
def test_home(inside, user, home):
    assert inside("echo $HOME", {"/process/user": {"uid": user, "gid": 0}}) == home
    assert inside("echo $HOME", {"/process/user": {"uid": user, "gid": 0}, "/process/env/-": "HOME=/x"}) == "/x"


@pytest.mark.husk
def test_last_of_equal_variables_counts(inside):
    assert inside(["env"], {"/process/env": ["A=1", "PATH=" + PATH, "A=2", "HOME=/"]}).splitlines().count("A=1") == 0


@pytest.mark.parametrize("args", [["true"], ["/bin/true"], ["busybox", "true"], ["./bin/true"], ["bin/true"]])
def test_program_is_found(husk, bundle, args):
    husk("run", "-b", bundle(args).path, unique())


def test_path_of_the_container_counts(husk, bundle):
    made = bundle(["only-here"], {"/process/env": ["PATH=/nothing:/opt/x"]})
    made.file("rootfs/opt/x/only-here", "#!/bin/sh\necho found\n", 0o755)
    assert husk("run", "-b", made.path, unique(), env={"PATH": os.environ["PATH"]}).out == "found\n"


@pytest.mark.parametrize("args, phrase", [
    (["nosuchprogram"], 'exec: "nosuchprogram": executable file not found in $PATH'),
    (["/no/such/program"], "/no/such/program"),
    (["/no/such/program"], "no such file or directory"),
    (["/etc/passwd"], "permission denied"),
    pytest.param(["/etc"], "is a directory", marks=pytest.mark.husk),
    (["/etc/passwd/x"], "not a directory")])
def test_program_that_cannot_run(refused, args, phrase):
    assert phrase in refused(args).replace(r'\"', '"')


def test_program_without_interpreter(refused):
    said = refused(["/script"], prepare=lambda made: made.file("rootfs/script", "#!/no/interpreter\n", 0o755))
    assert "/script" in said and "no such file or directory" in said


def test_program_of_no_known_format(refused):
    said = refused(["/text"], prepare=lambda made: made.file("rootfs/text", "just text\n", 0o755))
    assert "exec format error" in said.lower()


def test_cwd_is_made(husk, bundle):
    made = bundle("pwd; stat -c '%a %u' .", {"/process/cwd": "/made/for/you"})
    assert husk("run", "-b", made.path, unique()).out.split() == ["/made/for/you", "755", "0"]


def test_cwd_is_made_before_the_root_is_readonly(inside):
    assert inside("pwd; touch x 2>&1 || echo; ls", {"/process/cwd": "/made",
                                                      "/root/readonly": True}).split()[0] == "/made"


def test_cwd_that_is_a_file(refused):
    assert "not a directory" in refused("pwd", {"/process/cwd": "/etc/passwd"}).lower()


def test_cwd_is_entered_before_the_user_changes(husk, bundle):
    made = bundle("pwd; cat /root/x 2>/dev/null || echo closed",
                  {"/process/cwd": "/root", "/process/user": {"uid": 1000, "gid": 1000}})
    os.chmod(made.rootfs + "/root", 0o700)
    assert husk("run", "-b", made.path, unique()).out.split() == ["/root", "closed"]


@pytest.mark.parametrize("number", range(3, 12))
def test_cwd_through_a_leaked_descriptor(husk, bundle, work, number):
    """CVE-2024-21626: a working directory below /proc/self/fd must not be a way out."""
    with open(work + "/marker", "wb"):
        pass
    ways = " ".join("../" * depth + work[1:] + "/marker" for depth in range(12))
    made = bundle(f"pwd; ls -d {ways} 2>/dev/null", {"/process/cwd": f"/proc/self/fd/{number}"})
    result = husk("run", "-b", made.path, unique(), check=False)
    assert "marker" not in result.out, result


def test_session_keyring_is_new_and_named(husk, bundle):
    made = bundle("cat /proc/keys", {"/linux/maskedPaths": []})
    with_one, without_one = unique(), unique()
    assert with_one in husk("run", "-b", made.path, with_one).out
    assert without_one not in husk("run", "--no-new-keyring", "-b", made.path, without_one).out
