#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""husk-bus against a systemd made up of a few D-Bus messages: check_bus.py HUSK-BUS

One that answers, slowly, with a failed job, with a unit that is there already, with an error, or not at all.
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUS = os.path.abspath(sys.argv.pop(1))
JOB, UNIT = "/org/freedesktop/systemd1/job/7", "husk-c1.scope"
SYSTEMD = "org.freedesktop.systemd1"


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(kind, serial, fields, signature="", body=b""):
    """A little-endian message; fields are (code, type, value)."""
    if signature:
        fields = [*fields, (8, "g", signature)]
    packed = b""
    for code, of, value in fields:
        packed = pad(packed, 8) + bytes([code, 1]) + of.encode() + b"\0"
        if of == "u":
            packed = pad(packed, 4) + struct.pack("<I", value)
        elif of == "g":
            packed += bytes([len(value)]) + value.encode() + b"\0"
        else:
            packed = pad(packed, 4) + text(value)
    head = b"l" + bytes([kind, 0, 1]) + struct.pack("<II", len(body), serial) + struct.pack("<I", len(packed)) + packed
    return pad(head, 8) + body


def take(connection, n):
    data = b""
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def receive(connection):
    """Serial and member of the next call."""
    head = take(connection, 16)
    body, serial, fields = struct.unpack("<III", head[4:16])
    packed = take(connection, fields + -fields % 8)
    take(connection, body)
    member, at = None, 0
    while at < fields:
        at += -at % 8
        code, of = packed[at], chr(packed[at + 2])
        at += 4
        if of == "g":
            at += packed[at] + 2
        elif of == "u":
            at += -at % 4 + 4
        else:
            at += -at % 4
            length = struct.unpack("<I", packed[at:at + 4])[0]
            if code == 3:
                member = packed[at + 4:at + 4 + length].decode()
            at += 4 + length + 1
    return serial, member


class Manager(threading.Thread):
    """Answers one connection. `script` maps a method to what is done: a function of (self, serial)."""

    def __init__(self, path, script):
        super().__init__(daemon=True)
        self.script, self.calls, self.serial = script, [], 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.start()

    def authenticate(self):
        take(self.connection, 1)
        line = b""
        while line != b"BEGIN\r\n":
            line = b""
            while not line.endswith(b"\r\n"):
                line += take(self.connection, 1)
            word = line.split()[0]
            answer = {b"AUTH": b"DATA\r\n" if len(line.split()) < 3 else b"OK " + b"0" * 32 + b"\r\n",
                      b"DATA": b"OK " + b"0" * 32 + b"\r\n", b"NEGOTIATE_UNIX_FD": b"AGREE_UNIX_FD\r\n"}.get(word)
            if answer:
                self.connection.sendall(answer)

    def run(self):
        try:
            self.connection, _ = self.socket.accept()
            if not self.script:
                time.sleep(60)
            self.authenticate()
            while True:
                serial, member = receive(self.connection)
                self.calls.append(member)
                self.script.get(member, Manager.done)(self, serial)
        except (EOFError, OSError):
            pass

    def send(self, kind, fields, signature="", body=b""):
        self.serial += 1
        self.connection.sendall(message(kind, self.serial, fields, signature, body))

    def done(self, serial):
        self.send(2, [(5, "u", serial)])

    def error(self, serial, name, words):
        self.send(3, [(5, "u", serial), (4, "s", name)], "s", text(words))

    def job(self, serial):
        self.send(2, [(5, "u", serial)], "o", text(JOB))

    def removed(self, result, job=JOB, unit=UNIT):
        body = pad(struct.pack("<I", 7) + text(job), 4)
        body = pad(body + text(unit), 4) + text(result)
        self.send(4, [(1, "o", "/org/freedesktop/systemd1"), (2, "s", SYSTEMD + ".Manager"), (3, "s", "JobRemoved")],
                  "uoss", body)


class Test(unittest.TestCase):
    def ask(self, script, verb="start", timeout=2000, properties=()):
        directory = tempfile.TemporaryDirectory(prefix="husk-bus-")
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "private")
        self.manager = Manager(path, script)
        records = ["verb", verb, "unit", UNIT, "timeout", str(timeout), "direct", "unix:path=" + path]
        for name, signature, value in properties:
            records += ["property", name, signature, value]
        start = time.monotonic()
        done = subprocess.run([BUS], input="".join(word + "\0" for word in records).encode(), capture_output=True,
                              timeout=30, check=False)
        self.took = time.monotonic() - start
        return done.stdout.decode()

    def started(self, result, delay=0.0):
        def start(manager, serial):
            manager.job(serial)
            manager.removed("done", job=JOB + "1", unit="other.scope")  # somebody else's
            time.sleep(delay)
            manager.removed(result)
        return {"StartTransientUnit": start}

    def test_start(self):
        self.assertEqual(self.ask(self.started("done"), properties=[("MemoryMax", "t", "uint64 5"), ("PIDs", "au", "[1]"),
                                                                    ("Description", "s", "'x'")])[:1], "+")
        self.assertIn("Subscribe", self.manager.calls)
        self.assertIn("StartTransientUnit", self.manager.calls)

    def test_slow(self):
        self.assertEqual(self.ask(self.started("done", 0.5))[:1], "+")
        self.assertGreater(self.took, 0.45)

    def test_failed_job(self):
        said = self.ask(self.started("failed"))
        self.assertEqual(said[:1], "-")
        self.assertIn("failed", said)

    def test_job_that_never_ends(self):
        said = self.ask({"StartTransientUnit": Manager.job}, timeout=700)
        self.assertEqual(said[:1], "-")
        self.assertIn("Timeout", said)
        self.assertLess(self.took, 5)

    def test_nobody_answers(self):
        said = self.ask({}, timeout=500)
        self.assertEqual(said[:1], "-")
        self.assertLess(self.took, 5)

    def test_refused(self):
        said = self.ask({"StartTransientUnit": lambda m, serial: m.error(
            serial, "org.freedesktop.DBus.Error.InvalidArgs", "Cannot set property X")})
        self.assertTrue(said.startswith("-org.freedesktop.DBus.Error.InvalidArgs\0"), said)
        self.assertIn("Cannot set property X", said)

    def test_there_already(self):
        """A unit that failed and was not forgotten: it is, and then made."""
        def start(manager, serial):
            if "ResetFailedUnit" not in manager.calls:
                manager.error(serial, SYSTEMD + ".UnitExists", "it is there")
            else:
                manager.job(serial)
                manager.removed("done")
        self.assertEqual(self.ask({"StartTransientUnit": start})[:1], "+")
        self.assertEqual(self.manager.calls.count("StartTransientUnit"), 2)

    def test_there_and_alive(self):
        said = self.ask({"StartTransientUnit": lambda m, serial: m.error(serial, SYSTEMD + ".UnitExists", "it is there")})
        self.assertEqual(said[:1], "-")
        self.assertIn("it is there", said)

    def test_stop_of_what_is_not_there(self):
        said = self.ask({"StopUnit": lambda m, serial: m.error(serial, SYSTEMD + ".NoSuchUnit", "no")}, verb="stop")
        self.assertEqual(said[:1], "+")

    def test_set(self):
        self.assertEqual(self.ask({}, verb="set", timeout=300)[:1], "-")
        self.assertEqual(self.ask({"SetUnitProperties": Manager.done}, verb="set",
                                  properties=[("TasksMax", "t", "uint64 5")])[:1], "+")
        self.assertIn("SetUnitProperties", self.manager.calls)

    def test_wrong_requests(self):
        for request in (b"", b"verb", b"verb\0dance\0unit\0u\0timeout\0001\0", b"nonsense\0x\0"):
            done = subprocess.run([BUS], input=request, capture_output=True, timeout=10, check=False)
            self.assertEqual(done.stdout[:1], b"-", request)


unittest.main(warnings="ignore")
