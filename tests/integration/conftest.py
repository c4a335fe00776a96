# SPDX-License-Identifier: Apache-2.0
"""Fixtures: an image of busybox, bundles, a runtime with its own state, and after each test a clean host.

Every test gets a work directory, a state directory and container names that no other test has, so that several
runs of the suite can share a machine. What a machine cannot do is skipped with the reason; nothing else is.
"""
import os
import shutil
import subprocess
import tempfile

import pytest

import harness
import hoststate
from harness import Bundle, Runtime, call, next_test, unique


def pytest_report_header(config):
    return f"runtime under test: {harness.HUSK}"


def pytest_configure(config):
    config.addinivalue_line("markers", "husk: asks more than runc gives; skipped where HUSK is not husk")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


def pytest_collection_modifyitems(config, items):
    if not harness.IS_HUSK:
        for item in items:
            if item.get_closest_marker("husk"):
                item.add_marker(pytest.mark.skip(reason="a promise of husk, not of " + harness.HUSK))


@pytest.fixture(scope="session", autouse=True)
def able():
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if not os.access(harness.HUSK, os.X_OK):
        pytest.exit(f"no runtime: '{harness.HUSK}' is missing (build it, or set HUSK)", 3)


@pytest.fixture(scope="session")
def image():
    """The root filesystem of every bundle: busybox and its links, a few users, a few directories."""
    work = tempfile.mkdtemp(prefix="hk-image-")
    root = os.path.join(work, "rootfs")
    subprocess.run([os.path.join(harness.SOURCE, "tools", "rootfs"), root], check=True)
    with open(os.path.join(root, "etc/passwd"), "a", encoding="utf-8") as file:
        file.write("app:x:1000:1000:app:/home/app:/bin/sh\n")
    with open(os.path.join(root, "etc/group"), "a", encoding="utf-8") as file:
        file.write("app:x:1000:\n")
    os.makedirs(os.path.join(root, "home/app"))
    os.chown(os.path.join(root, "home/app"), 1000, 1000)
    os.chmod(work, 0o755)
    yield root
    shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def work():
    """A short path: sockets live in it, and their names end at 107 characters."""
    path = tempfile.mkdtemp(prefix="hk-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_runtime(work):
    """Runtimes that are cleaned up, with whatever containers a failed test left."""
    made = []
    names = next_test()

    def make(path=None, name="r", **how):
        root = os.path.join(work, name)
        runtime = Runtime(path or harness.HUSK, root, **how)
        made.append(runtime)
        return runtime

    yield make
    kept = []
    for runtime in made:
        for name in runtime.names():
            runtime("delete", "--force", name, check=False)
        kept += runtime.names()
    assert (hoststate.sweep([names, work]), kept) == ([], []), "something is left on the host"


@pytest.fixture
def husk(make_runtime):
    return make_runtime()


@pytest.fixture
def bundle(work, image):
    """bundle(args, {pointer: value}) makes a bundle; args as a string is a shell command."""
    def make(args=None, edits=None, rootfs=image):
        return Bundle(os.path.join(work, unique("b")), rootfs, args, edits)

    return make


@pytest.fixture
def inside(husk, bundle):
    """inside(command, edits) runs it in a new container and returns what it wrote, without the last newline."""
    def run(args, edits=None, **how):
        made = bundle(args, edits)
        return husk("run", "--bundle", made.path, unique(), **how).out.rstrip("\n")

    return run


@pytest.fixture
def refused(husk, bundle):
    """refused(command, edits) is what the runtime says when it will not start it; nothing may be left."""
    def run(args, edits=None, prepare=None):
        made = bundle(args, edits)
        if prepare:
            prepare(made)
        name = unique()
        result = husk("run", "--bundle", made.path, name, check=False)
        assert result.rc != 0, f"ran, but should not: {result!r}"
        assert husk.names() == [], "a refused container left state"
        return result.err

    return run


@pytest.fixture
def running(husk, bundle):
    """A container that waits to be killed; running(command) for another command, name returned."""
    def start(args="trap 'exit 0' TERM; while :; do sleep 0.05; done", edits=None, ready=None, options=()):
        made = bundle(args, edits)
        name = unique()
        husk("run", "-d", *options, "--bundle", made.path, name)
        return name

    return start


@pytest.fixture
def created(husk, bundle):
    def create(args="true", edits=None, options=()):
        made = bundle(args, edits)
        name = unique()
        husk("create", *options, "--bundle", made.path, name)
        return name

    return create


@pytest.fixture(scope="session")
def debian():
    """A Debian root by mmdebstrap, built once and kept: it needs a mirror."""
    cache = os.environ.get("HUSK_TEST_CACHE", "/var/cache/husk-tests")
    root = os.path.join(cache, "debian")
    if not os.path.isdir(root):
        if not shutil.which("mmdebstrap"):
            pytest.skip("mmdebstrap is not installed")
        os.makedirs(cache, exist_ok=True)
        part = root + ".part"
        shutil.rmtree(part, ignore_errors=True)
        release = "bookworm"
        made = call(["mmdebstrap", "--variant=minbase", "--mode=root", "--aptopt=Acquire::Languages \"none\"",
                     release, part], check=False, timeout=900)
        if made.rc != 0:
            shutil.rmtree(part, ignore_errors=True)
            pytest.skip(f"no Debian mirror here: {made.err[-300:]}")
        os.rename(part, root)
    return root
