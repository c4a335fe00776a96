# SPDX-License-Identifier: Apache-2.0
"""AppArmor where it is enabled: a profile of the tests' own confines the container's process, and those of exec."""
import os
import shutil

import pytest

from harness import call, namespace, read, unique, wait_for

ENABLED = "/sys/module/apparmor/parameters/enabled"
PROFILE = """
profile {name} flags=(attach_disconnected,mediate_deleted) {{
  file,
  capability,
  network,
  signal,
  ptrace,
  unix,
  deny /etc/{secret} rw,
}}
"""


@pytest.fixture(scope="session", autouse=True)
def enabled():
    if read(ENABLED).strip() != "Y":
        pytest.skip("AppArmor is not enabled on this host")
    if not shutil.which("apparmor_parser"):
        pytest.skip("apparmor_parser is not installed")


@pytest.fixture
def profile(work):
    """profile(secret) loads a profile that forbids /etc/SECRET, and returns its name."""
    files = []

    def load(secret):
        name = unique("p")
        path = os.path.join(work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(PROFILE.format(name=name, secret=secret))
        call(["apparmor_parser", "--replace", "--skip-cache", path])
        files.append(path)
        return name

    yield load
    for path in files:
        call(["apparmor_parser", "--remove", path])


LOOK = "cat /proc/self/attr/current; cat /etc/hosts >/dev/null && echo hosts; cat /etc/group >/dev/null && echo group"


def test_a_process_is_confined(inside, profile):
    name = profile("group")
    assert inside(LOOK, {"/process/apparmorProfile": name}, check=False).splitlines() == [f"{name} (enforce)", "hosts"]
    assert inside(LOOK).splitlines() == ["unconfined", "hosts", "group"]


def test_what_is_confined_is_not_husk(husk, running, profile):
    """The profile forbids nothing that making a container takes, but names what runs: the process, not its makers."""
    name = profile("hosts")
    container = running("sleep 1000", {"/process/apparmorProfile": name, "/linux/namespaces": namespace("cgroup")})
    pid = husk.state(container)["pid"]
    assert read(f"/proc/{pid}/attr/current").strip() == f"{name} (enforce)"
    assert read("/proc/self/attr/current").strip() == "unconfined"


def test_exec_has_the_profile_of_the_container(husk, running, profile):
    name, other = profile("group"), profile("hosts")
    container = running(edits={"/process/apparmorProfile": name})

    def look(*options):
        return husk("exec", *options, container, "sh", "-c", LOOK, check=False).out.splitlines()

    assert look() == [f"{name} (enforce)", "hosts"]
    assert look("--apparmor", other) == [f"{other} (enforce)", "group"]
    assert look("--apparmor", "unconfined")[0] == "unconfined"


def test_without_no_new_privileges_and_as_a_user(inside, profile):
    name = profile("group")
    for edits in ({"/process/noNewPrivileges": False}, {"/process/user": {"uid": 1000, "gid": 1000}}):
        lines = inside(LOOK, {**edits, "/process/apparmorProfile": name}, check=False).splitlines()
        assert lines == [f"{name} (enforce)", "hosts"], edits


def test_a_profile_that_is_not_loaded(refused):
    error = refused("true", {"/process/apparmorProfile": "husk-has-no-such-profile"})
    assert "/process/apparmorProfile: cannot confine the process to 'husk-has-no-such-profile': " in error
    assert "no such file" in error


def test_exec_with_a_profile_that_is_not_loaded(husk, running):
    container = running()
    result = husk("exec", "--apparmor", "husk-has-no-such-profile", container, "true", check=False)
    assert result.rc == 255 and "cannot confine the process to 'husk-has-no-such-profile'" in result.err
    wait_for(lambda: husk.status(container) == "running", "the container, which goes on")
