#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a crowd of containers may have left on the host, found by comparing two snapshots.

    before = leaks.Snapshot(root="/run/husk")
    ...
    assert not (found := before.leaks()), "\\n".join(found)

or by hand: `leaks.py take FILE [--root DIR] [--pid PID]`, later `leaks.py compare FILE` (exit status 1: leaks).
Where hoststate.py looks for the names of one test, this sees everything; so it is for tests that have the machine to
themselves, or that say by `only` which names count. A process is told from a later one with the same number by its
start time; kernel threads, the observer and its ancestors are left out, its other descendants are not.
"""
import argparse
import json
import os
import sys
import time

CGROUPS = "/sys/fs/cgroup"


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _stat(pid):
    """(parent, state, start time), or None when it is gone."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[1]), fields[0], fields[19]) if len(fields) > 19 else None


def processes():
    """{"PID START": what it is} of all but kernel threads, ourselves and our ancestors."""
    ours, pid = set(), os.getpid()
    while pid and (stat := _stat(pid)):
        ours.add(pid)
        pid = stat[0]
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        stat = _stat(pid)
        if not stat or pid in ours or pid == 2 or stat[0] == 2:
            continue
        command = _read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() or _read(f"/proc/{pid}/comm").strip()
        cgroups = {line.split(":", 2)[2] for line in _read(f"/proc/{pid}/cgroup").splitlines()} - {"/"}
        found[f"{pid} {stat[2]}"] = f"{pid} ({stat[1]}) {command[:200]} {' '.join(sorted(cgroups))}".rstrip()
    return found


def mounts():
    """Each mount as "POINT TYPE SOURCE #n": several on one point are counted."""
    found = {}
    for line in _read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        name = f"{left.split()[4]} {' '.join(right.split()[:2])}"
        count = sum(key.rpartition(" #")[0] == name for key in found)
        found[f"{name} #{count + 1}"] = name
    return found


def below(top):
    """Everything below a directory, files too, but not the files of cgroups."""
    found = {}
    for path, directories, files in os.walk(top):
        names = directories + ([] if top == CGROUPS else files)
        found.update((os.path.join(path, name),) * 2 for name in names)
    return found


def descriptors(pid):
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd") if os.path.isdir(f"/proc/{pid}/fd") else []:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if not target.startswith(f"/proc/{pid}/fd"):  # the listing itself
            found[f"{fd} {target}"] = f"{fd} -> {target}"
    return found


def names(directory):
    return {name: name for name in os.listdir(directory)} if os.path.isdir(directory) else {}


class Snapshot:
    """root: a state directory; pid: whose descriptors count; only: leaks count if they have one of these words."""

    def __init__(self, root=None, pid=None, only=()):
        self.root, self.pid, self.only = root, pid, tuple(only)
        self.kinds = self._look()

    def _look(self):
        return {
            "process": processes(),
            "mount": mounts(),
            "cgroup": below(CGROUPS),
            "interface": names("/sys/class/net"),
            "shared memory": names("/dev/shm"),
            "state": below(self.root) if self.root else {},
            "descriptor": descriptors(self.pid) if self.pid else {},
        }

    def compare(self):
        """Lines "KIND left: WHAT" and "KIND lost: WHAT", sorted; empty when all is as it was."""
        now, found = self._look(), []
        for kind, before in self.kinds.items():
            for word, some, others in (("left", now[kind], before), ("lost", before, now[kind])):
                if kind == "process" and word == "lost":
                    continue  # processes may end
                found += [f"{kind} {word}: {some[key]}" for key in some.keys() - others.keys()
                          if not self.only or any(name in some[key] for name in self.only)]
        return sorted(found)

    def leaks(self, patience=2.0):
        """compare(), after a little time for what is still going."""
        end = time.monotonic() + patience
        while (found := self.compare()) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"root": self.root, "pid": self.pid, "only": self.only, "kinds": self.kinds}, file)

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        snapshot = cls(data["root"], data["pid"], data["only"])
        snapshot.kinds = data["kinds"]
        return snapshot


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("take", "compare"))
    parser.add_argument("file")
    parser.add_argument("--root", help="state directory to watch")
    parser.add_argument("--pid", type=int, help="process whose descriptors to watch")
    parser.add_argument("--only", action="append", default=[], help="count only what has this word; may be repeated")
    options = parser.parse_args()
    if options.command == "take":
        Snapshot(options.root, options.pid, options.only).save(options.file)
        return 0
    found = Snapshot.load(options.file).leaks()
    print("\n".join(found) or "nothing is left")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
