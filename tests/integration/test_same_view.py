# SPDX-License-Identifier: Apache-2.0
"""The same bundle under husk and under Debian's runc gives the same view from inside.

Each view is normalised (ids, device numbers, names) and compared line by line. DIFFERENCES explains what remains;
a difference without an explanation fails, and so does an explanation that is no longer needed.
"""
import difflib
import os
import re

import pytest

import harness
from harness import namespace, read, unique, userns
from test_cgroup import hierarchies

CGROUPS = hierarchies()
V2 = list(CGROUPS) == [""]
SHARED = any(line.split()[4] == "/tmp" and " shared:" in line for line in read("/proc/self/mountinfo").splitlines())

# (view, line of runc or None, line of husk or None, why). Lines are regular expressions on normalised lines.
DIFFERENCES = [
    ("root", r"l[r-][w-]x.* ([012]) -> pipe:X", r"lrwx.* ([012]) -> (/dev/null|FILE)",
     "without a terminal husk hands its own stdio over; runc copies through pipes"),
    ("dev", r"drwxrwxrwt LINKS 0 65534 (.*) mqueue", r"drwxrwxrwt LINKS 0 0 (.*) mqueue",
     "in a user namespace the queues are made by the container's root; runc's belong to a group without a mapping"),
    *([] if os.path.exists("/proc/kcore") else [
        ("dev", None, r"l.* core -> /proc/kcore",
         "husk always links it; runc looks whether this kernel has the file")]),
    *([
        ("mountinfo", r"ID PARENT 0:MINOR / /sys/fs/cgroup .* - cgroup2 .*",
         r"ID PARENT 0:MINOR /\S*NAME /sys/fs/cgroup .* - cgroup2 .*",
         "without a cgroup namespace husk shows the container's own group, as on v1; runc shows them all"),
    ] if V2 else [
        ("mountinfo", r"ID PARENT 0:MINOR / /sys/fs/cgroup rw,(.*)", r"ID PARENT 0:MINOR / /sys/fs/cgroup ro,(.*)",
         "the config says ro; runc 1.1 leaves the tmpfs above the controllers writable"),
    ]),
    *([
        ("mountinfo", r"ID PARENT \d+:MINOR \S+ / r[ow]\S* - .*", r"ID PARENT \d+:MINOR \S+ / r[ow]\S* master:N - .*",
         "where /tmp is a shared mount of its own, husk's root filesystem is a slave like all others, runc's private"),
    ] if SHARED else []),
    *([
        ("cgroup", r"0::/NAME", r"0::/.+/NAME",
         "of the cgroup2 beside v1 runc 1.1 takes the top; husk stays beside its caller, as everywhere"),
    ] if not V2 and "" in CGROUPS and re.search("^0::/.*/", read("/proc/self/cgroup"), re.M) else []),
    *([
        ("mountinfo", r"(.*) / /sys/fs/cgroup/misc (.*)", r"(.*) /\S*NAME /sys/fs/cgroup/misc (.*)",
         "runc 1.1 does not know this controller"),
        ("cgroup", r"\d+:misc:/", r"\d+:misc:/.*NAME", "runc 1.1 does not know this controller"),
    ] if "misc" in CGROUPS else []),
]

COMMANDS = {
    "status": "cat /proc/self/status",
    "mountinfo": "cat /proc/self/mountinfo",
    "cgroup": "cat /proc/self/cgroup",
    "limits": "cat /proc/self/limits",
    "oom": "cat /proc/self/oom_score_adj /proc/self/coredump_filter /proc/self/timerslack_ns 2>/dev/null",
    "id": "id; umask; id -G",
    "env": "env",
    "dev": "ls -lAn /dev /dev/pts /dev/shm /dev/mqueue 2>&1",
    "root": "ls -lAn / /proc/1/fd /proc/self/fd 2>&1",
    "namespaces": "cd /proc/self/ns; for n in *; do echo $n $(readlink $n); done",
    "maps": "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups",
    "uts": "cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname",
    "net": "ip addr; ip route; cat /proc/net/dev | cut -d: -f1",
    "sysctl": "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ping_group_range",
    "session": "cat /proc/self/sessionid /proc/self/loginuid 2>/dev/null; cut -d' ' -f5-8 /proc/1/stat",
    "masked": "for p in /proc/kcore /proc/keys /proc/acpi /sys/firmware; do stat -c '%n %F %s %a' $p; done 2>&1",
}
LOOSE = r" /sys/fs/cgroup/| /dev/(null|zero|full|random|urandom|tty) "
UNORDERED = ("dev", "env", "cgroup", "mountinfo")
BUNDLES = {
    "plain": {},
    "cgroup namespace": {"/linux/namespaces": namespace("cgroup")},
    "user namespace": userns(),
    "ordinary user": {"/process/user": {"uid": 1000, "gid": 7, "additionalGids": [5, 6], "umask": 0o27},
                      "/process/capabilities": {}, "/process/cwd": "/home/app", "/root/readonly": True},
    "terminal": {"/process/terminal": True},
    "limits and rights": {"/process/oomScoreAdj": 77, "/process/noNewPrivileges": False,
                          "/process/rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
                                               {"type": "RLIMIT_NOFILE", "soft": 77, "hard": 99}],
                          "/process/capabilities": {kind: ["CAP_KILL", "CAP_CHOWN"] for kind in (
                              "bounding", "effective", "permitted", "inheritable", "ambient")}},
}


with open("/proc/self/status", encoding="utf-8") as own_status:
    IGNORED = int(re.search(r"^SigIgn:\s+(\w+)", own_status.read(), re.M)[1], 16)


def normal(line, name, work):
    line = line.replace(name, "NAME").replace(work, "WORK")
    line = re.sub(r"^\d+ \d+ (\d+):\d+ ", r"ID PARENT \1:MINOR ", line)
    line = re.sub(r"\b(master|shared|propagate_from):\d+", r"\1:N", line)
    line = re.sub(r":\[\d+\]", ":[INODE]", line)
    line = re.sub(r"\w{3} +\d+ +(\d\d:\d\d|\d{4}) ", "DATE ", line)
    line = re.sub(r"WORK/\S*b\d+", "BUNDLE", line)
    # Links count processes in /proc; the sizes of directories count nothing.
    line = re.sub(r"^([-a-z]{10}) +\d+ (\d+) +(\d+) +\d+ (?=DATE)", r"\1 LINKS \2 \3 SIZE ", line)
    line = re.sub(r"(socket|pipe|anon_inode):\S+", r"\1:X", line)
    line = re.sub(r"/tmp/#\d+ \(deleted\)", "FILE", line)
    # What this program was started with ignored, runc passes on; husk gives every container the same.
    ignored = re.match(r"SigIgn:\s+(\w+)", line)
    if ignored:
        line = f"SigIgn: {int(ignored[1], 16) & ~IGNORED:016x}"
    # Of a status, what counts memory or switches says nothing about the runtime.
    line = re.sub(r"^(Vm\w+|Rss\w+|\w*ctxt_switches|HugetlbPages|Pid|Tgid|Ngid|PPid|FDSize|NS\w+|Threads"
                  r"|Mems_allowed\w*|Cpus_allowed\w*|CoreDumping|THP_enabled|SigQ|total):?.*", r"\1 ~", line)
    return re.sub(r"\b(inet6 fe80)::\S+", r"\1", line)


def order(line):
    """Mounts stay in their order, but for cgroup v1 controllers and device nodes, which have none."""
    if re.match(r"[-a-z]{10} ", line):
        return line.split("DATE ")[-1]
    if " - " not in line:
        return line
    return re.sub(r".*( /(sys/fs/cgroup|dev)/\S+) .*", r"1\1", line) if re.search(LOOSE, line) else "0"


def views(runtime, made, work):
    """All views of one container: a separator before each, so that one run gives them all."""
    name = unique()
    script = "; ".join(f"echo '=== {key}'; ( {command} )" for key, command in COMMANDS.items())
    made.write({"/process/args": ["/bin/sh", "-c", script]})
    if made.config["process"].get("terminal"):
        from test_pty import Terminal
        shell = Terminal(runtime.argv("run", "-b", made.path, name))
        assert shell.end() == 0
        text = shell.text.decode().replace("\r", "")
        shell.close()
    else:
        text = runtime("run", "-b", made.path, name, check=False).said
    sections = re.split(r"^=== (\w+)\n", text, flags=re.M)
    assert len(sections) == 2 * len(COMMANDS) + 1, text
    found = {}
    for key, body in zip(sections[1::2], sections[2::2]):
        lines = [normal(line, name, work) for line in body.splitlines()]
        found[key] = sorted(lines, key=order) if key in UNORDERED else lines
    return found


def compare(theirs, ours):
    """(view, line of runc or None, line of husk or None) for every difference; lines that changed are paired."""
    for key in COMMANDS:
        matcher = difflib.SequenceMatcher(None, theirs[key], ours[key], autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                continue
            gone, new = theirs[key][a:b], ours[key][c:d]
            for index in range(max(len(gone), len(new))):
                yield key, gone[index] if index < len(gone) else None, new[index] if index < len(new) else None


def explained(difference, explanation):
    return difference[0] == explanation[0] and all(
        (pattern is None) == (line is None) and (line is None or re.fullmatch(pattern, line))
        for line, pattern in zip(difference[1:], explanation[1:3]))


@pytest.fixture(scope="module")
def differences():
    """What each bundle showed, for the last test."""
    return {}


@pytest.mark.parametrize("kind", BUNDLES)
def test_same_view(make_runtime, bundle, work, differences, kind):
    if not os.path.exists(harness.RUNC):
        pytest.skip("runc is not installed")
    found = []
    for path, root in ((harness.RUNC, "runc"), (harness.HUSK, "husk")):
        made = bundle("true", BUNDLES[kind])
        found.append(views(make_runtime(path, root), made, work))
    differences[kind] = list(compare(*found))
    unexplained = [f"{view}\n  runc {one}\n  husk {two}" for view, one, two in differences[kind]
                   if not any(explained((view, one, two), row) for row in DIFFERENCES)]
    assert unexplained == [], "\n" + "\n".join(unexplained)


@pytest.mark.husk
def test_every_explanation_is_needed(differences):
    if set(differences) != set(BUNDLES):
        pytest.skip("needs all views")
    seen = [entry for found in differences.values() for entry in found]
    idle = [row for row in DIFFERENCES if not any(explained(entry, row) for entry in seen)]
    assert idle == []


def test_the_comparison_sees_a_difference(make_runtime, bundle, work):
    """A test that cannot fail is none: a bundle with one change must show it."""
    one, two = bundle("true"), bundle("true", {"/hostname": "other", "/process/noNewPrivileges": False})
    runtime = make_runtime(harness.RUNC if os.path.exists(harness.RUNC) else harness.HUSK, "one")
    keys = {entry[0] for entry in compare(views(runtime, one, work), views(runtime, two, work))}
    assert {"status", "uts"} <= keys
