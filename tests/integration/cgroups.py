# SPDX-License-Identifier: Apache-2.0
"""Where a container's limits are on this host: the directory that has a controller, and the names of its files."""
import os

from harness import read
from test_cgroup import hierarchies, places

V1_NAMES = {"io": "blkio"}


def owner(controller):
    """"v1", "v2" or None: which kind of hierarchy has the controller here."""
    if any(V1_NAMES.get(controller, controller) in names.split(",") for names in hierarchies()):
        return "v1"
    found = hierarchies().get("")
    return "v2" if found and controller in read(found + "/cgroup.controllers").split() else None


def directory(pid, controller):
    """The cgroup of a process in the hierarchy that has the controller."""
    name = V1_NAMES.get(controller, controller)
    found = places(pid)
    return next((path for names, path in found.items() if name in names.split(",")), found.get(""))


class Group:
    """The cgroups of a running container."""

    def __init__(self, husk, name):
        self.pid = husk.state(name)["pid"]

    def path(self, controller, v1, v2):
        return os.path.join(directory(self.pid, controller), v1 if owner(controller) == "v1" else v2)

    def read(self, controller, v1, v2):
        """What the file says, by its name on v1 and on v2; None where there is no such file."""
        path = self.path(controller, v1, v2) if (v1 if owner(controller) == "v1" else v2) else None
        return read(path).strip() if path and os.path.exists(path) else None

    def write(self, controller, v1, v2, text):
        with open(self.path(controller, v1, v2), "w", encoding="ascii") as file:
            file.write(text)


NO_LIMIT = {"9223372036854771712", "max", "-1", "max 100000"}
