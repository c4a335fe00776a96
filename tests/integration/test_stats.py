# SPDX-License-Identifier: Apache-2.0
"""husk stats and husk events: numbers that move and are plausible, events that come in time, output that parses."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

import harness
from harness import RUNC, Runtime, call, read, unique, wait_for
from test_cgroup import hierarchies, places

pytestmark = pytest.mark.husk
V2 = read(hierarchies().get("", "/nowhere") + "/cgroup.controllers").split()
SPLIT = len(hierarchies()) > 1 and "memory" in V2
# Where v1 and cgroup2 share the controllers, a container has those of cgroup2 that it has limits of.
LIMITS = {"/linux/resources": {"memory": {"limit": 1 << 30}, "pids": {"limit": 1000}}}
SMALL = {"/linux/resources": {"memory": {"limit": 20 << 20}}}
HOG = "read x; dd if=/dev/zero of=/dev/null bs=60M count=1 2>/dev/null; exec sleep 100"
BUSY = "while :; do :; done"


def group(husk, name, controller):
    """The directory of a container that has a controller, and whether it is of v2."""
    found = places(husk.state(name)["pid"])
    for names, path in found.items():
        if controller in names.split(","):
            return path, False
    return found[""], True


def stats(husk, name):
    return husk("events", "--stats", name).json["data"]


class Stream:
    """Lines of a command with the time at which each came."""

    def __init__(self, husk, *args):
        self.process = husk.popen(*args, stdout=subprocess.PIPE)
        self.rest = b""

    def line(self, timeout=10.0):
        """(time, text), or (time, None) at the end."""
        end = time.monotonic() + timeout
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))
            assert ready, f"no line within {timeout} s"
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return time.monotonic(), None
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return time.monotonic(), line.decode()

    def end(self):
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def stream(husk):
    made = []

    def start(*args):
        made.append(Stream(husk, *args))
        return made[-1]

    yield start
    for each in made:
        each.end()


@pytest.fixture
def waiting(husk, bundle):
    """waiting(command) runs a container whose standard input is a pipe: (name, its other end)."""
    ends = []

    def start(args, edits=None):
        made, name = bundle(args, edits), unique()
        inside, outside = os.pipe()
        ends.append(outside)
        with open(os.devnull, "w", encoding="ascii") as out:
            process = husk.popen("run", "-d", "--bundle", made.path, name, stdin=inside, stdout=out, stderr=out)
        os.close(inside)
        assert process.wait(30) == 0
        return name, outside

    yield start
    for end in ends:
        os.close(end)


def started(one):
    """Until the command watches: its epoll descriptor has all sources."""
    pid = one.process.pid
    wait_for(lambda: read(f"/proc/{pid}/wchan").startswith(("do_sys_poll", "do_poll", "poll_schedule")) or
             read(f"/proc/{pid}/syscall").split()[:1] in (["7"], ["271"]), "the events to be watched")


# ---- statistics ----

def keys(node, path=""):
    """All paths of an object; lists count as their elements, and what has names of its own as one."""
    found = set()
    if isinstance(node, dict):
        for key, value in node.items():
            found |= {f"{path}/{key}"} | keys(value, f"{path}/{key}")
    elif isinstance(node, list):
        for value in node:
            found |= keys(value, f"{path}/[]")
    return found


@pytest.mark.skipif(not os.access(RUNC, os.X_OK), reason="no runc to compare with")
@pytest.mark.skipif(SPLIT, reason="runc knows v1 or v2, not controllers on both sides")
def test_same_keys_and_close_values_as_runc(husk, running, make_runtime, bundle):
    runc = make_runtime(RUNC, "runc")
    script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/tmp/f bs=64k count=64 2>/dev/null; " \
             "touch /tmp/done; exec sleep 100"
    edits = {"/mounts/-": {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}}
    ours = running(script, edits)
    made, theirs = bundle(script, edits), unique()
    runc("run", "-d", "--bundle", made.path, theirs)
    for runtime, name in ((husk, ours), (runc, theirs)):
        pid = runtime.state(name)["pid"]
        wait_for(lambda p=pid: os.path.exists(f"/proc/{p}/root/tmp/done"), "the work to be done")
    mine, other = husk("events", "--stats", ours).json, runc("events", "--stats", theirs).json
    assert list(mine) == list(other) == ["type", "id", "data"] and mine["type"] == other["type"] == "stats"
    # what runc leaves out because it is 0 may be there, with us or with them
    lost = {key for key in keys(other["data"]) - keys(mine["data"]) if not re.search(
        r"/(cache|max|usage|throttled\w+|periods|value|minor|major|op|\[\]|io\w+Recursive)$", key)}
    assert not lost
    mine, other = mine["data"], other["data"]
    assert list(mine)[:8] == list(other)[:8]
    assert mine["pids"]["current"] == other["pids"]["current"] == 1
    if "cpus" in other["cpuset"]:  # on v2 runc reads what is configured: often nothing
        assert mine["cpuset"]["cpus"] == other["cpuset"]["cpus"]
    assert mine["memory"]["usage"]["limit"] == other["memory"]["usage"]["limit"]
    # 4 MiB on a tmpfs are in both
    for data in (mine, other):
        assert 4 << 20 <= data["memory"]["usage"]["usage"] < 64 << 20
        assert 1_000_000 < data["cpu"]["usage"]["total"] < 60_000_000_000
    assert abs(mine["memory"]["usage"]["usage"] - other["memory"]["usage"]["usage"]) < 4 << 20
    assert set(mine["memory"]["raw"]) == set(other["memory"]["raw"])


def test_cpu_moves(husk, running):
    name = running(BUSY)
    first = stats(husk, name)["cpu"]["usage"]
    start = time.monotonic()
    time.sleep(0.3)
    second = stats(husk, name)["cpu"]["usage"]
    used = second["total"] - first["total"]
    assert 10_000_000 < used < (time.monotonic() - start + 0.1) * 1e9
    if "percpu" in second:
        assert len(second["percpu"]) == os.cpu_count() and abs(sum(second["percpu"]) - second["total"]) < 1e9


def test_memory_and_pids_move(husk, waiting):
    name, pipe = waiting("read x; dd if=/dev/zero of=/dev/shm/f bs=1M count=16 2>/dev/null; sleep 99 & sleep 99 & wait", LIMITS)
    before = stats(husk, name)
    os.write(pipe, b"\n")
    wait_for(lambda: stats(husk, name)["pids"]["current"] >= 3, "three processes")
    after = stats(husk, name)
    grown = after["memory"]["usage"]["usage"] - before["memory"]["usage"]["usage"]
    assert 15 << 20 < grown < 32 << 20
    assert before["pids"]["current"] == 1 and after["pids"]["current"] == 3
    shmem = after["memory"]["raw"]["shmem"] - before["memory"]["raw"]["shmem"]
    assert shmem == 16 << 20
    if "pageUsageByNUMA" in after["memory"]:
        assert after["memory"]["pageUsageByNUMA"]["total"]["total"] >= 4096


def test_network_is_the_container_s_own(husk, waiting):
    name, pipe = waiting("read x; ifconfig lo 127.0.0.1 up; ping -c 3 -i 0.1 127.0.0.1 >/dev/null; exec sleep 100",
                         {"/process/capabilities": {
                             kind: ["CAP_NET_ADMIN", "CAP_NET_RAW"] for kind in ("bounding", "effective", "permitted")}})
    interfaces = stats(husk, name)["network_interfaces"]
    assert [each["Name"] for each in interfaces if each["Name"] == "lo"] and interfaces[0]["RxBytes"] == 0
    os.write(pipe, b"\n")
    wait_for(lambda: [each["RxPackets"] for each in stats(husk, name)["network_interfaces"]
                      if each["Name"] == "lo"][0] >= 6, "packets")


def test_no_network_of_the_host(husk, running):
    name = running(edits={"/linux/namespaces": harness.without("network")})
    assert stats(husk, name)["network_interfaces"] is None


def test_pressure_is_there(husk, running):
    name = running()
    pressure = os.path.exists(places(husk.state(name)["pid"]).get("", "/-") + "/cpu.pressure")
    data = stats(husk, name)
    assert ("psi" in data["cpu"]) == ("psi" in data["memory"]) == pressure
    if pressure:
        assert set(data["cpu"]["psi"]["some"]) == {"avg10", "avg60", "avg300", "total"}


def test_events_of_who_is_not_running(husk, running):
    assert "does not exist" in husk("events", "--stats", "nobody", rc=1).err
    name = running("true")
    wait_for(lambda: husk.status(name) == "stopped", "the end")
    for options in (["--stats"], []):
        assert f"container with id {name} is not running" in husk("events", *options, name, rc=1).err


@pytest.mark.parametrize("text", ["", "5", "5x", "s", "-", ".s", "1s2", "999999999999h"])
def test_intervals_that_are_none(husk, text):
    assert "invalid value" in husk("events", "--interval", text, "nobody", rc=1).err or text == "-"


@pytest.mark.parametrize("text", ["0", "0s", "-5s"])
def test_intervals_of_nothing(husk, text):
    assert "duration interval must be greater than 0" in husk("events", "--interval=" + text, "nobody", rc=1).err


# ---- events ----

def test_stats_come_at_the_interval_and_end_with_the_container(husk, running, stream):
    name = running()
    start = time.monotonic()
    one = stream("events", "--interval", "200ms", name)
    times = []
    for _ in range(3):
        when, line = one.line()
        assert json.loads(line)["type"] == "stats" and json.loads(line)["id"] == name
        times.append(when - start)
    assert 0.15 < times[0] < 1.5 and 0.1 < times[2] - times[1] < 1.0
    husk("kill", name, "KILL")
    killed = time.monotonic()
    while (found := one.line())[1]:
        assert json.loads(found[1])["type"] == "stats"
    assert found[0] - killed < 1.0
    assert one.process.wait(5) == 0


def test_nobody_reads_any_more(husk, running, stream):
    one = stream("events", "--interval", "1h", running())
    started(one)
    one.process.stdout.close()
    one.process.stdout = open(os.devnull, "rb")
    assert one.process.wait(5) == 0


def test_oom_of_a_child(husk, waiting, stream):
    """The container goes on: one event, within 100 ms of the kill, nothing else."""
    name, pipe = waiting(HOG, SMALL)
    one = stream("events", "--interval", "1h", name)
    started(one)
    path, v2 = group(husk, name, "memory")
    count = f"{path}/memory.events" if v2 else f"{path}/memory.oom_control"

    def killed():
        found = re.search(r"^oom_kill (\d+)", read(count), re.M)
        return found and int(found[1])

    os.write(pipe, b"\n")
    wait_for(killed, "the kill")
    seen = time.monotonic()
    when, line = one.line()
    assert json.loads(line) == {"type": "oom", "id": name} and line == f'{{"type":"oom","id":"{name}"}}'
    # the loop above sees the kill at most 5 ms late, and how late it runs itself nobody knows
    assert when - seen < 0.1
    assert stats(husk, name)["memory"]["events"]["oomKill"] == 1
    assert not select.select([one.process.stdout], [], [], 2.5)[0]
    husk("kill", name, "KILL")
    assert one.line()[1] is None and one.process.wait(5) == 0


def test_oom_of_the_container(husk, waiting, stream):
    """Its end and the event come at once: the event is not lost."""
    name, pipe = waiting("read x; exec tail /dev/zero", SMALL)
    one = stream("events", "--interval", "1h", name)
    started(one)
    os.write(pipe, b"\n")
    assert json.loads(one.line()[1]) == {"type": "oom", "id": name}
    assert one.line()[1] is None
    assert one.process.wait(5) == 0


def test_pressure_stall(husk, running, stream):
    name = running(" & ".join([BUSY] * (os.cpu_count() + 2)))
    path = places(husk.state(name)["pid"]).get("")
    if not path or not os.path.exists(path + "/cpu.pressure"):
        pytest.skip("no pressure stall information")
    one = stream("events", "--interval", "1h", "--pressure", "cpu:some:100ms/2s", name)
    event = json.loads(one.line(20)[1])
    assert event == {"type": "pressure", "id": name, "data": {
        "resource": "cpu", "level": "some", "stall_us": 100000, "window_us": 2000000}}
    # again and again, not once
    assert json.loads(one.line(20)[1])["type"] == "pressure"


def test_pressure_level(husk, waiting, stream):
    name, pipe = waiting("read x; head -c 40m /dev/zero > /big; cat /big /big > /dev/null; exec sleep 100", SMALL)
    path, v2 = group(husk, name, "memory")
    if v2:
        result = husk("events", "--pressure", "memory:low", name, rc=1)
        assert "the container has no v1 memory controller" in result.err
        return
    one = stream("events", "--interval", "1h", "--pressure", "memory:low", name)
    started(one)
    os.write(pipe, b"\n")
    assert json.loads(one.line(20)[1]) == {"type": "pressure", "id": name,
                                           "data": {"resource": "memory", "level": "low"}}


@pytest.mark.parametrize("text", ["", "memory", "memory:some", "memory:some:1s", "memory:low:1s/2s", "net:some:1s/2s",
                                  "cpu:much:1s/2s", "cpu:some:0/2s", "cpu:some:x/y"])
def test_triggers_that_are_none(husk, text):
    assert "invalid pressure trigger" in husk("events", "--pressure", text, "nobody", rc=1).err


def test_frozen_and_thawed(husk, running, stream):
    name = running()
    path = places(husk.state(name)["pid"]).get("")
    if not path:
        pytest.skip("no cgroup2")
    one = stream("events", "--interval", "1h", "--freezer", name)
    started(one)
    for value, kind in (("1", "frozen"), ("0", "thawed")):
        with open(path + "/cgroup.freeze", "w", encoding="ascii") as knob:
            knob.write(value)
        assert json.loads(one.line()[1]) == {"type": kind, "id": name}


# ---- husk stats ----

COLUMNS = ["ID", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS", "PSI CPU / MEM / IO"]


def table(text):
    """Rows as {column: cell}."""
    lines = text.splitlines()
    assert re.split(r"\s{3,}", lines[0]) == COLUMNS
    return [dict(zip(COLUMNS, re.split(r"\s{3,}", line), strict=True)) for line in lines[1:]]


def test_table(husk, running):
    name, busy = running("exec sleep 100", LIMITS), running(BUSY)
    time.sleep(0.2)
    dead = running("true")
    wait_for(lambda: husk.status(dead) == "stopped", "the end")
    rows = {row["ID"]: row for row in table(husk("stats", "--no-stream").out)}
    assert set(rows) == {name, busy}
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert rows[name]["MEM USAGE / LIMIT"].endswith(" / 1GiB") and rows[name]["MEM %"].endswith("%")
    if not SPLIT:
        assert rows[busy]["MEM USAGE / LIMIT"].endswith(f" / {total / (1 << 30):.4g}GiB")
    assert rows[name]["PIDS"] == "1" and rows[name]["NET I/O"] == "0B / 0B"
    assert float(rows[busy]["CPU %"][:-1]) > 20 > float(rows[name]["CPU %"][:-1])
    rows = {row["ID"]: row for row in table(husk("stats", "-a", "--no-stream").out)}
    assert set(rows) == {name, busy, dead} and rows[dead]["CPU %"] == "--"
    assert [row["ID"] for row in table(husk("stats", "--no-stream", dead, name).out)] == [dead, name]
    assert "does not exist" in husk("stats", "--no-stream", name, "nobody", rc=1).err
    assert "invalid format option 'x'" in husk("stats", "--format", "x", rc=1).err


def test_cpu_of_the_last_interval(husk, waiting, stream):
    """Of two tables the second is about what happened since the first."""
    name, pipe = waiting("read x; " + BUSY)
    one = stream("stats", "--interval", "500ms", name)
    assert table(one.line()[1] + "\n") == []
    one.line()  # since its process was made
    one.line()
    assert float(re.search(r"([\d.]+)%", one.line()[1])[1]) < 50
    os.write(pipe, b"\n")
    wait_for(lambda: stats(husk, name)["cpu"]["usage"]["total"] > 200_000_000, "work")
    for _ in range(6):
        one.line()
        if float(re.search(r"([\d.]+)%", one.line()[1])[1]) > 50:
            return
    raise AssertionError("a busy loop was never seen")


def test_json(husk, running):
    name = running()
    lines = husk("stats", "--no-stream", "--format", "json").out.splitlines()
    found = [json.loads(line) for line in lines]
    assert [each["id"] for each in found] == [name] and found[0]["status"] == "running"
    assert found[0]["pid"] == husk.state(name)["pid"]
    assert set(keys(found[0]["data"])) == set(keys(stats(husk, name)))


def metrics(text):
    """Reads OpenMetrics strictly: {family: (type, unit, {sample line without value: value})}."""
    lines = text.split("\n")
    assert lines[-1] == "" and lines[-2] == "# EOF", "the text ends with its end mark and a newline"
    families, name = {}, None
    label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
    for line in lines[:-2]:
        meta = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)", line)
        if meta:
            kind, which, value = meta.groups()
            if kind == "TYPE":
                assert which not in families and value in ("gauge", "counter", "unknown", "info", "stateset")
                name = which
                families[name] = [value, "", {}]
            assert which == name and not families[name][2]
            if kind == "UNIT":
                assert name.endswith("_" + value)
                families[name][1] = value
            continue
        found = re.fullmatch(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{{{label}(?:,{label})*\}}) (\S+)", line)
        assert found, f"not a sample: {line!r}"
        sample, labels, value = found.groups()
        assert sample == name + ("_total" if families[name][0] == "counter" else "")
        assert labels not in families[name][2], f"twice: {line!r}"
        number = float(value)
        assert number >= 0 or families[name][0] != "counter"
        families[name][2][labels] = number
    return families


def test_openmetrics(husk, running):
    name, other = running("exec sleep 100", LIMITS), running(edits=LIMITS)
    found = metrics(husk("stats", "--format", "openmetrics").out)
    data = stats(husk, name)
    assert {each for each in found["husk_up"][2]} == {f'{{id="{name}"}}', f'{{id="{other}"}}'}
    assert found["husk_pids"][2][f'{{id="{name}"}}'] == 1
    usage = found["husk_memory_usage_bytes"][2][f'{{id="{name}",of="memory"}}']
    assert abs(usage - data["memory"]["usage"]["usage"]) < 4 << 20
    seconds = found["husk_cpu_usage_seconds"]
    assert seconds[:2] == ["counter", "seconds"] and 0 < seconds[2][f'{{id="{name}"}}'] < 60
    assert len(found["husk_memory_stat"][2]) == 2 * len(data["memory"]["raw"])
    assert list(metrics(husk("stats", "--format", "openmetrics", name).out)["husk_up"][2]) == [f'{{id="{name}"}}']


def on_a_terminal(husk, *args, rows=24, columns=160):
    """Runs husk on a pseudo-terminal: (process, master)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = husk.popen(*args, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    return process, master


def read_until(master, pattern, timeout=10.0):
    text, end = "", time.monotonic() + timeout
    while not re.search(pattern, text, re.S):
        ready, _, _ = select.select([master], [], [], max(end - time.monotonic(), 0))
        assert ready, f"never seen: {pattern} in {text!r}"
        try:
            more = os.read(master, 65536)
        except OSError:
            more = b""
        assert more, f"ended without {pattern}: {text!r}"
        text += more.decode()
    return text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_screen(husk, running, number):
    """Drawn over and over from the top, and put back by a signal."""
    names = [running() for _ in range(3)]
    process, master = on_a_terminal(husk, "stats", "--interval", "100ms", rows=4)
    text = read_until(master, r"(\x1b\[H.*){3}")
    assert text.startswith("\x1b[?25l\x1b[?7l\x1b[2J\x1b[H")
    screen = text.split("\x1b[H")[1]
    assert screen.startswith("ID") and screen.count("\x1b[K\r\n") == 3 and screen.endswith("\x1b[J")
    assert sum(name in screen for name in names) == 2  # there is no room for the third
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    read_until(master, re.escape(sorted(names)[2]))
    process.send_signal(number)
    assert read_until(master, r"\x1b\[\?25h").endswith("\x1b[?7h\x1b[?25h")
    assert process.wait(5) == 128 + number
    os.close(master)


def test_many_in_one_pass(husk, bundle):
    """One pass over all of them, with what each costs printed; bench/stats does it with 200."""
    made = bundle("exec sleep 1000")
    names = [unique() for _ in range(20)]
    for name in names:
        husk("run", "-d", "--bundle", made.path, name)
    for options in (["--format", "json"], []):
        start = time.monotonic()
        out = husk("stats", "--all", "--no-stream", *options).out
        took = time.monotonic() - start
        assert all(name in out for name in names) and len(out.splitlines()) == len(names) + (not options)
        print(f"stats --all {' '.join(options)}: {took * 1000:.1f} ms, {took * 1e6 / len(names):.0f} us a container")
        assert took < 2


def test_events_end_with_the_reader_of_a_socket(husk, running):
    """A socket says POLLHUP where a pipe says POLLERR."""
    reader, out = socket.socketpair()
    process = husk.popen("events", "--interval", "1h", running(), stdout=out)
    out.close()
    time.sleep(0.3)
    assert process.poll() is None
    reader.close()
    assert process.wait(10) == 0


def test_a_slow_reader_loses_nothing(husk, running):
    """The other end of the description may have made it non-blocking."""
    reader, out = os.pipe()
    os.set_blocking(out, False)
    process = husk.popen("events", "--interval", "1ms", running(), stdout=out)
    os.close(out)
    time.sleep(0.5)
    with open(reader, encoding="utf-8") as text:
        lines = [json.loads(text.readline()) for _ in range(100)]
        assert {line["type"] for line in lines} == {"stats"}
        process.terminate()
        text.read()
    process.wait(10)
