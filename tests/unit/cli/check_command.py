#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command husk over a libhusk that makes no containers (fake_husk.c): arguments, outputs, exit codes, the log,
signals, the terminal. Run: check_command.py HUSK-FAKE"""
import errno
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

HUSK = os.path.abspath(sys.argv.pop(1))


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="husk-cli-")
        self.addCleanup(self.tmp.cleanup)
        self.dir = self.tmp.name
        self.calls_file = os.path.join(self.dir, "calls")
        self.env = {"PATH": os.environ["PATH"], "FAKE_CALLS": self.calls_file,
                    "FAKE_IDS": "c1 noted foreign stopped broken", "ASAN_OPTIONS": "detect_leaks=1"}
        self.bundle = os.path.join(self.dir, "bundle")
        os.mkdir(self.bundle)

    def command(self, *words, terminal=False):
        """What the bundle's container runs."""
        with open(os.path.join(self.bundle, "args"), "w") as f:
            f.write("\n".join(words))
        if terminal:
            open(os.path.join(self.bundle, "terminal"), "w").close()

    def husk(self, *args, status=0, env={}, **more):
        program = HUSK
        if "user" in more:  # who may not be allowed into the directory of the build
            os.chmod(self.dir, 0o777)
            program = shutil.copy(HUSK, self.dir)
        done = subprocess.run([program, *args], env={**self.env, **env}, capture_output=True, text=True, timeout=30,
                              cwd=self.dir, **more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def calls(self):
        try:
            with open(self.calls_file) as f:
                lines = f.read().splitlines()
            os.unlink(self.calls_file)
        except FileNotFoundError:
            lines = []
        return [line for line in lines if not line.startswith(("factory", "config"))]


class Arguments(Case):
    def test_create_as_engines_call_it(self):
        self.command("true")
        self.husk("--root=" + self.dir, "--log", self.dir + "/log", "--log-format", "json", "--systemd-cgroup",
                  "create", "--bundle", self.bundle, "--pid-file=/p", "--no-pivot", "--no-new-keyring",
                  "--pidfd-socket", "/f", "--detach", "c9")
        self.assertEqual(self.calls(), ["create id=c9 notify=- pivot=0 keyring=0 console=- pidfd=/f pidfile=/p "
                                        "preserve=0 listen=0"])
        self.assertEqual(read(self.dir + "/log"), "")

    def test_global_options_reach_the_factory(self):
        self.husk("--root", "/r", "--debug", "-rootless=true", "--cgroup-manager=systemd", "list", "-q")
        self.assertEqual(read(self.calls_file), "factory root=/r level=3 rootless=2 manager=1\n")

    def test_default_root(self):
        self.husk("list", "-q", env={"XDG_RUNTIME_DIR": "/x"})
        root = "/run/husk" if os.geteuid() == 0 else "/x/husk"
        self.assertIn(f"root={root} ", read(self.calls_file))

    @unittest.skipIf(os.geteuid(), "needs root to become somebody")
    def test_default_root_of_a_user(self):
        os.chmod(self.dir, 0o777)
        self.husk("list", "-q", env={"XDG_RUNTIME_DIR": "/x"}, user=65534)
        self.assertIn("root=/x/husk ", read(self.calls_file))
        os.unlink(self.calls_file)
        self.husk("list", "-q", user=65534)
        self.assertIn("root=/run/user/65534/husk ", read(self.calls_file))

    def test_root_must_not_be_the_root(self):
        self.assertIn("'--root' must not be '//'", self.husk("--root=//", "list", status=1).stderr)

    def test_cgroup_managers(self):
        for words, number in ([], 0), (["--cgroup-manager=cgroupfs"], 0), (["--systemd-cgroup"], 1), \
                (["--cgroup-manager=systemd"], 1), (["--cgroup-manager", "disabled"], 2):
            self.husk(*words, "list")
            factories = [line for line in read(self.calls_file).splitlines() if line.startswith("factory ")]
            self.assertTrue(factories[-1].endswith(f" manager={number}"), factories[-1])
        self.assertIn("invalid cgroup-manager", self.husk("--cgroup-manager=x", "list", status=1).stderr)

    def test_bundle_defaults_and_config_file(self):
        self.husk("create", "-f", "x.json", "c9")
        self.assertIn("config bundle=. file=x.json\n", read(self.calls_file))

    def test_environment(self):
        self.command("true")
        self.husk("run", "-d", "-b", self.bundle, "c9", env={"NOTIFY_SOCKET": "/n", "LISTEN_FDS": "1",
                                                             "LISTEN_PID": "1"})
        self.assertIn("notify=/n", self.calls()[0])

    def test_socket_activation(self):
        self.command("true")
        shell = f'LISTEN_PID=$$ LISTEN_FDS=1 exec {HUSK} run -d -b {self.bundle} --preserve-fds 1 c9 3<&0 4<&0'
        subprocess.run(["sh", "-c", shell], env=self.env, check=True, stdin=subprocess.DEVNULL)
        self.assertIn("preserve=2 listen=1", self.calls()[0])

    def test_preserved_descriptors_must_exist(self):
        self.command("true")
        # Also not by accident: the log is open at 3.
        done = self.husk("--log", self.dir + "/log", "run", "-b", self.bundle, "--preserve-fds=1", "c9", status=1)
        self.assertEqual(done.stderr, "please check that preserved-fd 0 (of 1) is present\n")

    def test_exec(self):
        self.husk("exec", "-e", "A=1,2", "--env", "B=", "-u", "1:2", "-g", "3", "--additional-gids=4", "--cwd", "/d",
                  "-c", "CAP_CHOWN", "--cgroup", "cpu:/x", "--no-new-privs", "--ignore-paused", "--apparmor", "p",
                  "--process-label=l", "c1", "true", "-l", "--env")
        self.assertEqual(self.calls(), [
            "exec id=c1 json=- cwd=/d user=1:2 apparmor=p label=l terminal=0 nnp=1 paused=1 args=[true][-l][--env] "
            "env=[A=1,2][B=] caps=[CAP_CHOWN] cgroups=[cpu:/x] gid=3 gid=4 console=- pidfd=- pidfile=- preserve=0 "
            "listen=0", "ended status=0"])

    def test_exec_of_a_process_file(self):
        with open(self.dir + "/p.json", "w") as f:
            f.write('{"x":1}')
        self.husk("exec", "--process", "p.json", "--detach", "--pid-file", self.dir + "/pid", "c1")
        self.assertIn('json={"x":1} ', self.calls()[0])
        self.assertTrue(os.path.exists(self.dir + "/pid"))

    def test_a_terminal_nobody_holds_is_not_left(self):
        with open(self.dir + "/p.json", "w") as f:
            f.write('{"terminal":true}')
        done = self.husk("exec", "-p", "p.json", "-d", "--pid-file", self.dir + "/pid", "c1", status=255)
        self.assertIn("cannot allocate tty if husk will detach without setting console socket", done.stderr)
        self.assertEqual(self.calls()[1], "ended status=137")
        self.assertFalse(os.path.exists(self.dir + "/pid"))

    def test_dashes_between_id_and_command(self):
        self.husk("exec", "c1", "--", "true")
        self.assertIn("args=[true]", self.calls()[0])

    def test_kill(self):
        self.husk("kill", "c1")
        self.husk("kill", "--all", "c1", "9")
        self.husk("kill", "c1", "sigusr1")
        self.husk("kill", "-r", "^c|^n", "KILL")
        self.assertEqual(self.calls(), ["kill id=c1 signal=15 all=0", "kill id=c1 signal=9 all=1",
                                        "kill id=c1 signal=10 all=0", "kill id=c1 signal=9 all=0",
                                        "kill id=noted signal=9 all=0"])
        self.assertIn("unknown signal 'BOGUS'", self.husk("kill", "c1", "BOGUS", status=1).stderr)
        self.assertIn("container not running", self.husk("kill", "stopped", status=1).stderr)
        self.husk("kill", "-a", "stopped", "9")

    def test_pause_resume(self):
        self.husk("pause", "c1")
        self.husk("resume", "c1")
        self.assertEqual(self.calls(), ["pause id=c1", "resume id=c1"])
        self.assertIn("container not running", self.husk("pause", "stopped", status=1).stderr)
        self.husk("pause", status=1)

    def test_update(self):
        self.husk("update", "--memory", "512m", "--pids-limit=-1", "--memory-swap", "-1", "--cpu-quota", "unset",
                  "--unified", "memory.high=a=b", "--unified", "a~/b=unset", "--device", "allow c 1:3 rwm", "c1")
        self.husk("update", "--l3-cache-schema", "L3:0=f", "--mem-bw-schema", "MB:0=5", "c1")
        self.assertEqual(self.calls(), [
            "update id=c1 json=- settings=[/cpu/quota][/memory/limit=536870912][/memory/swap=-1][/pids/limit=-1]"
            "[/unified/memory.high=a=b][/unified/a~0~1b] devices=[allow c 1:3 rwm] l3=- mb=-",
            "update id=c1 json=- settings= devices= l3=L3:0=f mb=MB:0=5"])
        path = os.path.join(self.dir, "resources")
        with open(path, "w") as f:
            f.write('{"cpu": {}}')
        self.husk("update", "-r", path, "c1")
        self.assertIn('json={"cpu": {}}', self.calls()[-1])
        self.assertIn("cannot read resources", self.husk("update", "-r", path + "x", "c1", status=1).stderr)
        self.assertIn("must be a size", self.husk("update", "--memory", "12q", "c1", status=1).stderr)
        self.assertIn("must be FILE=VALUE", self.husk("update", "--unified", "memory.high", "c1", status=1).stderr)

    def test_delete(self):
        self.husk("delete", "--force", "c1")
        self.assertEqual(self.calls(), ["delete id=c1 force=1"])
        self.husk("delete", "-f", "missing")
        done = self.husk("delete", "missing", status=1)
        self.assertRegex(done.stderr, r'^time="\S+" level=error msg="container \\"missing\\" does not exist"\n$')
        self.husk("delete", "-r", "o", status=1)
        self.assertEqual([c.split()[1] for c in self.calls()], ["id=noted", "id=foreign", "id=stopped", "id=broken"])
        self.assertIn("invalid regular expression", self.husk("delete", "-r", "(", status=1).stderr)

    def test_start(self):
        self.husk("start", "c1")
        self.assertEqual(self.calls(), ["start id=c1"])


class Terminals(Case):
    detach = "cannot allocate tty if husk will detach without setting console socket"
    socket = "cannot use console socket if husk will not detach or allocate tty"

    def refused(self, message, *args, status=1):
        self.assertIn(message, self.husk(*args, status=status).stderr)
        self.assertEqual(self.calls(), [])

    def test_rules(self):
        self.command("true", terminal=True)
        self.refused(self.detach, "create", "-b", self.bundle, "c9")
        self.refused(self.detach, "run", "-d", "-b", self.bundle, "c9")
        self.refused(self.socket, "run", "--console-socket=/s", "-b", self.bundle, "c9")
        self.refused(self.detach, "exec", "-d", "-t", "c1", "true", status=255)
        self.refused(self.socket, "exec", "-d", "--console-socket=/s", "c1", "true", status=255)
        self.refused(self.socket, "exec", "-t", "--console-socket=/s", "c1", "true", status=255)
        os.unlink(self.bundle + "/terminal")
        self.refused(self.socket, "create", "--console-socket=/s", "-b", self.bundle, "c9")


class Outputs(Case):
    def test_version(self):
        for words in (["--version"], ["-v"], ["version"]):
            lines = self.husk(*words).stdout.splitlines()
            self.assertEqual(lines[0], "husk version 0.1.0")
            self.assertEqual(lines[-1], "spec: 1.3.0")

    def test_state(self):
        self.assertEqual(self.husk("state", "noted").stdout, """{
  "ociVersion": "1.3.0",
  "id": "noted",
  "pid": 1,
  "status": "running",
  "bundle": "/bundle",
  "rootfs": "/bundle/rootfs",
  "created": "2026-11-22T00:51:35.000000001Z",
  "annotations": {
    "name": "va\\"lue"
  },
  "owner": ""
}
""")

    def test_list(self):
        env = {"FAKE_IDS": "c1 foreign"}
        self.assertEqual(self.husk("list", env=env).stdout, """\
ID          PID         STATUS      BUNDLE      CREATED                          OWNER
c1          1           running     /bundle     2026-11-22T00:51:35.000000001Z   root
foreign     1           running     /bundle     2026-11-22T00:51:35.000000001Z   #3999999999
""")
        found = json.loads(self.husk("list", "--format=json", env=env).stdout)
        self.assertEqual([(c["id"], c["owner"]) for c in found], [("c1", "root"), ("foreign", "#3999999999")])
        self.assertEqual(list(found[0]), ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"])
        self.assertEqual(self.husk("list", "-q", env=env).stdout, "c1\nforeign\n")

    def test_empty_list(self):
        env = {"FAKE_IDS": ""}
        self.assertEqual(self.husk("list", "-f", "json", env=env).stdout, "null\n")
        self.assertEqual(self.husk("list", "-q", env=env).stdout, "")
        self.assertEqual(self.husk("list", env=env).stdout,
                         "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n")
        self.assertIn("invalid format option 'x'", self.husk("list", "-f", "x", status=1).stderr)

    def test_a_broken_container_does_not_hide_the_others(self):
        done = self.husk("list", "-f", "json", env={"FAKE_IDS": "broken c1"})
        self.assertEqual([c["id"] for c in json.loads(done.stdout)], ["c1"])
        self.assertIn("load container broken: state is damaged", done.stderr)

    def test_ps(self):
        pids = json.loads(self.husk("ps", "--format", "json", "c1").stdout)
        self.assertEqual(pids[1], os.getpid())
        lines = self.husk("ps", "c1").stdout.splitlines()
        self.assertIn("PID", lines[0].split())
        column = lines[0].split().index("PID")
        self.assertEqual({line.split()[column] for line in lines[1:]} & {str(os.getpid())}, {str(os.getpid())})
        self.assertEqual(len(lines), 3)
        lines = self.husk("ps", "c1", "-o", "comm,pid").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["COMMAND", "PID"])
        self.assertEqual(self.husk("ps", "-f", "json", "stopped").stdout, "null\n")
        self.assertIn("couldn't find PID field", self.husk("ps", "c1", "-o", "comm", status=1).stderr)
        self.assertIn("cannot run 'ps': no such file", self.husk("ps", "c1", env={"PATH": "/x"}, status=1).stderr)

    def test_spec(self):
        self.husk("spec")
        self.assertEqual(read(self.dir + "/config.json"), '{"rootless":false}\n')
        self.assertIn("file config.json exists. Remove it first", self.husk("spec", status=1).stderr)
        self.husk("spec", "--rootless", "-b", self.bundle)
        self.assertEqual(read(self.bundle + "/config.json"), '{"rootless":true}\n')
        self.assertIn("cannot open bundle 'nowhere': no such file or directory",
                      self.husk("spec", "-b", "nowhere", status=1).stderr)

    def test_plan_and_features(self):
        self.assertEqual(self.husk("plan", "bundle").stdout, "plan of container in bundle\n")
        self.assertEqual(self.husk("plan", "-b", "bundle", "--id", "x").stdout, "plan of x in bundle\n")
        self.husk("plan", "-b", "bundle", "bundle", status=1)
        self.assertEqual(self.husk("features").stdout, "{}\n")

    def test_validate(self):
        def write(name, text):
            with open(os.path.join(self.dir, name), "w") as f:
                f.write(text)
        write("bundle/config.json", "w.")
        line = "{}:1:2: warning: /there: is \"wrong\", did you mean 'here'?\n"
        self.assertEqual(self.husk("validate", "bundle").stdout, line.format("bundle/config.json"))
        self.assertEqual(self.husk("validate", "bundle/config.json").stdout, line.format("bundle/config.json"))
        self.assertEqual(self.calls(), ["validate bundle=bundle host=0", "validate bundle=bundle/ host=0"])
        write("config.json", "")
        self.assertEqual(self.husk("validate").stdout, "")
        self.assertEqual(self.husk("validate", "--host").stdout, "")
        self.assertEqual(self.calls(), ["validate bundle=. host=0", "validate bundle=. host=1"])
        write("bad", "xs")
        self.assertEqual(self.husk("validate", "bad", status=1).stdout,
                         'bad:1:2: error: /there: is "wrong"\nbad:2:2: error: is "wrong"\n')
        self.assertEqual(json.loads(self.husk("validate", "--json", "bad", status=1).stdout),
                         [{"severity": "error", "pointer": "/there", "line": 1, "column": 2, "message": 'is "wrong"'},
                          {"severity": "error", "line": 2, "column": 2, "message": 'is "wrong"'}])
        self.assertEqual(json.loads(self.husk("validate", "--json", "bundle").stdout)[0]["suggestion"], "here")
        self.assertEqual(json.loads(self.husk("validate", "--json").stdout), [])
        self.assertEqual(self.husk("validate", "-", input="w", status=0).stdout, line.format("(standard input)"))
        write("refused", "!")
        for arguments in (["refused"], ["missing"], ["--nonsense"], ["a", "b"]):
            self.assertEqual(self.husk("validate", *arguments, status=2).stdout, "")

    def test_full_standard_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([HUSK, "features"], env=self.env, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output: no space left on device", done.stderr)

    def test_help(self):
        text = self.husk().stdout
        self.assertEqual(text, self.husk("--help").stdout)
        for line in self.husk("help", "--dump-options").stdout.splitlines():
            kind, name = line.split("\t")[:2]
            if kind == "command":
                self.assertRegex(text, rf"(?m)^  {name} +\S")
                self.assertEqual(self.husk(name, "--help").stdout, self.husk("help", name).stdout)
        self.assertNotIn("--criu", text)


class Statistics(Case):
    def test_events_once(self):
        line = self.husk("events", "--stats", "c1").stdout
        self.assertTrue(line.startswith('{"type":"stats","id":"c1","data":{"cpu":{"usage":{"total":3000000000,'
                                        '"percpu":[1000000000,2000000000],"kernel":1000000000,"user":2000000000},'
                                        '"throttling":{"periods":10},'), line)
        data = json.loads(line)["data"]
        self.assertEqual(list(data), ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt",
                                      "network_interfaces", "rdma", "misc"])
        self.assertEqual(data["cpu"]["psi"], {"some": {"avg10": 1.5, "avg60": 0.2, "avg300": 0.03, "total": 1234567}})
        self.assertEqual(data["cpu"]["burst"], {"burstsPeriods": 0})
        self.assertEqual(data["cpuset"], {})
        self.assertEqual(data["memory"], {
            "usage": {"limit": 2**64 - 1, "usage": 3 << 20, "failcnt": 0}, "swap": {"limit": 8 << 20, "failcnt": 0},
            "kernel": {"limit": 0, "failcnt": 0}, "kernelTCP": {"limit": 0, "failcnt": 0}, "raw": {"inactive_file": 1 << 20}, "events": {"oomKill": 0}})
        self.assertEqual(data["pids"], {"current": 7})
        self.assertEqual(data["blkio"], {
            "ioServiceBytesRecursive": [{"major": 8, "op": "Read", "value": 1500},
                                        {"major": 8, "op": "Write", "value": 2500000}],
            "ioCostUsage": [{"major": 8, "value": 17}]})
        self.assertEqual(data["hugetlb"], {"2MB": {"usage": 2 << 20, "failcnt": 0}})
        self.assertEqual(data["rdma"], {"current": [], "limit": [{"device": "mlx4_0", "hcaHandles": 2,
                                                                  "hcaObjects": 2**64 - 1}]})
        self.assertEqual(data["misc"], {"res_a": {"usage": 3, "limit": 2**64 - 1, "events": 1}})
        self.assertEqual(data["intel_rdt"], {
            "l3_cache_info": {"cbm_mask": "fff", "num_closids": 4},
            "mbm_stats": [{"mbm_total_bytes": 8192, "mbm_local_bytes": 1024}], "cmt_stats": [{"llc_occupancy": 4096}]})
        self.assertEqual([(each["Name"], each["RxBytes"], each["TxBytes"]) for each in data["network_interfaces"]],
                         [("lo", 1 << 20, 0), ('e"\x1b\ufffd', 1000, 2000000), ("n\x9bm", 0, 0)])
        self.assertIn("container with id stopped is not running", self.husk("events", "--stats", "stopped", status=1).stderr)

    def test_events_as_they_come(self):
        done = self.husk("events", "--pressure", "io:full:0.1s/1s", "--pressure=memory:critical", "c1",
                         env={"FAKE_EVENTS": "01234"})
        self.assertEqual(done.stdout, '{"type":"oom","id":"c1"}\n{"type":"pressure","id":"c1","data":{"resource":"io",'
                                      '"level":"full","stall_us":100000,"window_us":1000000}}\n')
        self.assertEqual(self.calls(), ["events id=c1 triggers=2", "trigger 2 1 100000/1000000", "trigger 0 4 0/0"])
        done = self.husk("events", "--freezer", "c1", env={"FAKE_EVENTS": "234"})
        self.assertEqual(done.stdout, '{"type":"frozen","id":"c1"}\n{"type":"thawed","id":"c1"}\n')
        self.assertIn("cannot look for events", self.husk("events", "c1", env={"FAKE_EVENTS": "!"}, status=1).stderr)

    def test_events_at_an_interval(self):
        process = subprocess.Popen([HUSK, "events", "--interval", "20ms", "c1"], env=self.env, stdout=subprocess.PIPE)
        for _ in range(3):
            self.assertEqual(json.loads(process.stdout.readline())["type"], "stats")
        process.stdout.close()  # nobody reads any more: it ends by itself, or of SIGPIPE
        self.assertIn(process.wait(10), (0, -signal.SIGPIPE))

    def test_table(self):
        rows = self.husk("stats", "--no-stream", "c1", "stopped").stdout.splitlines()
        self.assertEqual(re.split(" {3,}", rows[0]), ["ID", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O",
                                                      "BLOCK I/O", "PIDS", "PSI CPU / MEM / IO"])
        cells = re.split(" {3,}", rows[1])
        self.assertEqual(cells[:2] + cells[4:], ["c1", "50.00%", "1kB / 2MB", "1.5kB / 2.5MB", "7", "1.50 / -- / --"])
        self.assertRegex(cells[2], r"^2MiB / [\d.]+GiB$")
        self.assertEqual(re.split(" {3,}", rows[2]), ["stopped", "--", "-- / --", "--", "-- / --", "-- / --", "--",
                                                      "-- / -- / --"])

    def test_who_is_shown(self):
        env = {"FAKE_IDS": "c1 stopped broken"}
        done = self.husk("stats", "--no-stream", "--format=json", env=env)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], ["c1"])
        self.assertIn("container broken: state is damaged", done.stderr)
        done = self.husk("stats", "-a", "--no-stream", "--format=json", env=env)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(each["id"], each["status"], each["pid"]) for each in found],
                         [("c1", "running", 4711), ("stopped", "stopped", 0)])
        self.assertIn("state is damaged", self.husk("stats", "--no-stream", "broken", env=env, status=1).stderr)
        self.assertEqual(self.husk("stats", "--no-stream", "--format", "json", env={"FAKE_IDS": ""}).stdout, "")

    def test_openmetrics(self):
        text = self.husk("stats", "--format", "openmetrics", "c1", "stopped").stdout
        self.assertTrue(text.endswith("\n# EOF\n"))
        for line in ('husk_up{id="c1"} 1', 'husk_up{id="stopped"} 0', 'husk_cpu_usage_seconds_total{id="c1"} 3.000000000',
                     'husk_memory_limit_bytes{id="c1",of="memory"} +Inf', 'husk_pids_limit{id="c1"} +Inf',
                     'husk_cpu_stall_seconds_total{id="c1",level="some"} 1.234567',
                     'husk_cpu_pressure_ratio{id="c1",level="some",window="10s"} 0.0150',
                     'husk_io_bytes_total{id="c1",device="8:0",operation="Write"} 2500000',
                     'husk_io_cost_seconds_total{id="c1",device="8:0",kind="usage"} 0.000017',
                     'husk_rdt_llc_occupancy_bytes{id="c1",domain="0"} 4096',
                     'husk_rdt_memory_bandwidth_bytes_total{id="c1",domain="0"} 8192',
                     'husk_rdt_local_memory_bandwidth_bytes_total{id="c1",domain="0"} 1024',
                     'husk_network_bytes_total{id="c1",interface="e\\"\ufffd\ufffd",direction="sent"} 2000000',
                     'husk_network_bytes_total{id="c1",interface="n\ufffdm",direction="sent"} 0'):
            self.assertIn(line + "\n", text)
        self.assertNotIn('memory_usage_bytes{id="c1",of="memory_swap"}', text)  # absent is not 0

    def test_rounds_that_go_on(self):
        process = subprocess.Popen([HUSK, "stats", "--interval=20ms", "c1"], env=self.env, stdout=subprocess.PIPE)
        rows = [process.stdout.readline().decode() for _ in range(6)]
        self.assertTrue(rows[0] == rows[2] == rows[4] and rows[0].startswith("ID"))
        # in the first since the start, then since the last: nothing has been used
        self.assertEqual([re.split(" {3,}", row)[1] for row in rows[1::2]], ["50.00%", "0.00%", "0.00%"])
        process.stdout.close()
        self.assertIn(process.wait(10), (0, -signal.SIGPIPE))


class Faults(Case):
    def test_usage(self):
        for args, message in (
                (["--bogus"], "flag provided but not defined: -bogus"),
                (["stat", "x"], "unknown command 'stat' (did you mean 'start'?)"),
                (["state"], 'husk: "state" requires exactly 1 argument(s)'),
                (["state", "a", "b"], 'husk: "state" requires exactly 1 argument(s)'),
                (["exec"], 'husk: "exec" requires a minimum of 1 argument(s)'),
                (["kill", "a", "9", "x"], 'husk: "kill" requires a maximum of 2 argument(s)'),
                (["run", "--preserve-fds=3x", "a"], 'invalid value "3x" for flag -preserve-fds: parse error'),
                (["--log-format=x", "list"], "invalid log-format: 'x'"),
                (["--log", "/nowhere/x", "list"], "cannot open log file '/nowhere/x': no such file or directory"),
        ):
            done = self.husk(*args, status=1)
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr.splitlines()[0], "Incorrect Usage: " + message)

    def test_exec_fails_with_255(self):
        for args in (["missing", "ls"], ["c1"], ["-g", "-1", "c1", "ls"], ["-p", "/nowhere", "c1"],
                     ["c1", "nonesuch"], ["--preserve-fds", "9999999", "c1", "ls"]):
            self.husk("exec", *args, status=255)

    def test_error_goes_to_the_log_and_to_standard_error(self):
        log = self.dir + "/log"
        done = self.husk("--log", log, "--log-format=json", "exec", "c1", "nonesuch", status=255,
                         env={"FAKE_WARNING": "careful"})
        text = 'exec: "nonesuch": executable file not found in $PATH'
        self.assertEqual(done.stderr, text + "\n")
        records = [json.loads(line) for line in read(log).splitlines()]
        self.assertEqual([r["level"] for r in records], ["warning", "error"])
        self.assertEqual(records[1]["msg"], text)
        self.assertRegex(records[1]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(sorted(records[1]), ["level", "msg", "time"])

    def test_json_on_standard_error(self):
        record = json.loads(self.husk("--log-format", "json", "state", "missing", status=1).stderr)
        self.assertEqual(record["msg"], 'container "missing" does not exist')

    def test_closed_descriptors(self):
        # The log must not become standard error or the container's output.
        log = self.dir + "/log"
        subprocess.run(["sh", "-c", f"{HUSK} --log {log} --log-format=json state missing <&- >&- 2>&-"], env=self.env)
        self.assertEqual(len(read(log).splitlines()), 1)


class Foreground(Case):
    def start(self, *args):
        return subprocess.Popen([HUSK, *args], env=self.env, cwd=self.dir, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_exit_status_and_deletion(self):
        self.command("sh", "-c", "cat; exit 7")
        done = self.husk("run", "-b", self.bundle, "c9", status=7, input="through")
        self.assertEqual(done.stdout, "through")
        self.assertEqual(self.calls()[1:], ["ended status=7", "delete id=c9 force=0"])
        self.husk("run", "--keep", "-b", self.bundle, "c9", status=7, input="")
        self.assertEqual(self.calls()[1:], ["ended status=7"])
        self.husk("run", "-d", "-b", self.bundle, "c9", input="")
        self.assertEqual(len(self.calls()), 1)
        self.husk("exec", "c1", "sh", "-c", "kill -9 $$", status=137)

    def test_failed_deletion_keeps_the_status(self):
        self.command("sh", "-c", "exit 7")
        done = self.husk("run", "-b", self.bundle, "broken", status=7)
        self.assertIn('container \\"broken\\" is in use', done.stderr)

    def test_signals_are_forwarded(self):
        script = 'for s in HUP INT TERM USR1 QUIT 40; do trap "echo $s" $s; done; echo ready; while :; do sleep .05; done'
        self.command("bash", "-c", script)
        p = self.start("run", "-b", self.bundle, "c9")
        self.assertEqual(p.stdout.readline(), b"ready\n")
        for name, number in (("HUP", 1), ("INT", 2), ("TERM", 15), ("USR1", 10), ("QUIT", 3), ("40", 40)):
            p.send_signal(number)
            self.assertEqual(p.stdout.readline(), name.encode() + b"\n")
        os.kill(p.pid, signal.SIGPIPE)
        os.kill(p.pid, signal.SIGURG)
        self.assertIsNone(p.poll())
        pid = int(subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True, text=True).stdout.split()[0])
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(p.wait(10), 137)
        p.communicate()

    def children_of(self, process):
        return len(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split())

    def test_orphans_are_reaped(self):
        # The grandchild outlives its parent, ends before the container: with a subreaper it must not stay a zombie.
        for option, adopted in ((["--no-subreaper"], False), ([], True)):
            end = os.path.join(self.dir, f"end-{adopted}")
            self.command("bash", "-c", f"(until [ -e {end} ]; do sleep .02; done & ); echo away; sleep 1000")
            p = self.start("run", *option, "-b", self.bundle, "c9")
            self.assertEqual(p.stdout.readline(), b"away\n")
            self.assertEqual(self.children_of(p), 2 if adopted else 1)
            with open(end, "w", encoding="ascii"):
                pass
            limit = time.monotonic() + 10
            while self.children_of(p) != 1:
                self.assertLess(time.monotonic(), limit, "a zombie is left")
                time.sleep(.01)
            p.terminate()
            self.assertEqual(p.wait(10), 143)
            p.communicate()


class Pty(Case):
    """husk on a real terminal."""

    def start(self, *args, rows=24, columns=80):
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(HUSK, [HUSK, *args], self.env)
        self.pid, self.master = pid, master
        self.addCleanup(os.close, master)
        self.resize(rows, columns)
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, pattern, timeout=10):
        """What the terminal shows, until the pattern appears."""
        end = time.monotonic() + timeout
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, f"no {pattern} in {self.seen}")
            try:
                self.seen += os.read(self.master, 65536)
            except OSError as e:
                self.assertEqual(e.errno, errno.EIO)
                self.fail(f"ended without {pattern}: {self.seen}")
        self.seen = self.seen[match.end():]
        return match

    def send(self, text):
        os.write(self.master, text)

    def mode(self):
        return termios.tcgetattr(self.master)

    def end(self):
        """Reads to the end and returns the exit status."""
        while True:
            ready, _, _ = select.select([self.master], [], [], 10)
            self.assertTrue(ready, "does not end")
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.seen += data

    def test_shell_with_job_control_and_resize(self):
        self.command("bash", "--norc", "--noediting", "-i", terminal=True)
        self.env["PS1"] = "P> "
        self.start("run", "-b", self.bundle, "c9", rows=33, columns=99)
        self.expect(rb"P> ")
        self.assertFalse(self.mode()[3] & (termios.ECHO | termios.ICANON | termios.ISIG))
        self.send(b"stty size\n")
        self.expect(rb"33 99\r\n")
        self.resize(11, 55)
        self.send(b"sleep .2; stty size\n")
        self.expect(rb"11 55\r\n")
        self.send(b"sleep 60\n")
        time.sleep(.3)
        self.send(b"\x1a")
        self.expect(rb"Stopped")
        self.send(b"fg\n")
        time.sleep(.3)
        self.send(b"\x03")
        self.expect(rb"P> ")
        self.send(b"exit 5\n")
        self.expect(rb"exit")
        self.assertEqual(self.end(), 5)

    def test_mode_is_restored(self):
        # sh stays as the session leader, so that the terminal outlives husk.
        self.command("sleep", "60", terminal=True)
        pid, master = pty.fork()
        if pid == 0:
            os.execve("/bin/sh", ["sh", "-c", f"echo go; {HUSK} run -b {self.bundle} c9; echo status $?; read x"],
                      self.env)
        self.pid, self.master, self.seen = pid, master, b""
        self.addCleanup(os.close, master)
        before = self.mode()
        self.expect(b"go")
        for _ in range(200):
            if self.mode() != before:
                break
            time.sleep(.02)
        self.assertNotEqual(self.mode(), before)
        child = int(subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()[0])
        os.kill(child, signal.SIGTERM)
        self.expect(rb"status 143")
        self.assertEqual(self.mode(), before)
        self.send(b"\n")
        self.end()

    def test_no_byte_is_lost(self):
        self.command("bash", "-c", "stty -opost; seq 1 200000; exit 3", terminal=True)
        self.start("run", "-b", self.bundle, "c9")
        self.assertEqual(self.end(), 3)
        self.assertEqual(self.seen, b"".join(b"%d\n" % n for n in range(1, 200001)))

    def test_input_from_a_pipe_ends(self):
        self.command("cat", terminal=True)
        done = subprocess.run([HUSK, "run", "-b", self.bundle, "c9"], env=self.env, input=b"hello\n",
                              capture_output=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"hello\r\n"), 2)  # the echo and cat's
        done = subprocess.run([HUSK, "run", "-b", self.bundle, "c9"], env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0)

    def test_exec_with_a_terminal(self):
        self.start("exec", "-t", "c1", "sh", "-c", "tty && exit 4")
        self.expect(rb"/dev/pts/\d+\r\n")
        self.assertEqual(self.end(), 4)

    def test_closed_terminal_ends_it(self):
        self.command("sleep", "60", terminal=True)
        pid, master = pty.fork()
        if pid == 0:
            os.execve(HUSK, [HUSK, "run", "-b", self.bundle, "c9"], self.env)
        time.sleep(.5)
        os.close(master)
        for _ in range(100):
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(.1)
        os.kill(pid, signal.SIGKILL)
        self.fail("husk outlives its terminal")


if __name__ == "__main__":
    # nohup and `&` of a shell leave signals ignored, and no shell can trap what was ignored when it began
    for caught in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(caught) == signal.SIG_IGN:
            signal.signal(caught, signal.SIG_DFL)
    unittest.main(verbosity=1)
