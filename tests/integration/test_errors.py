# SPDX-License-Identifier: Apache-2.0
"""Every bad config and bad command line of error_table.py gets exactly the text that stands there.

HUSK_ERRORS=show prints the table as it is now, to be read by a person before it is copied anywhere.
"""
import json
import os
import re

import pytest

from error_table import COMMANDS, CONFIGS
from harness import read, unique

pytestmark = pytest.mark.husk
SHOW = os.environ.get("HUSK_ERRORS") == "show"


def message(result, log):
    """The last error record of the log; without a log, the first line of stderr: help follows a usage error."""
    records = [json.loads(line) for line in read(log).splitlines()]
    errors = [record["msg"] for record in records if record["level"] in ("error", "fatal")]
    # The number of a process is no part of the text.
    return re.sub(r"/proc/\d+/", "/proc/PID/", errors[-1] if errors else result.err.split("\n")[0])


def short(value):
    text = json.dumps(value) if not isinstance(value, str) else repr(value)
    return text if len(text) < 60 else text[:57] + "..."


@pytest.mark.parametrize("edits, expected", CONFIGS, ids=[short(row[0]) for row in CONFIGS])
def test_bad_config(husk, bundle, work, edits, expected):
    made = bundle("true", edits if isinstance(edits, dict) else None)
    if not isinstance(edits, dict):
        with open(made.path + "/config.json", "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(edits)
    log = work + "/log"
    result = husk("run", "-b", made.path, unique(), options=["--log", log, "--log-format", "json"], check=False)
    text = message(result, log).replace(made.path, "{b}")
    if SHOW:
        print("\nROW " + json.dumps(["config", edits, result.rc, text]))
        return
    assert result.rc == 1 and result.out == "" and husk.names() == []
    assert text == expected
    # Without a log file a person reads the same on stderr.
    assert text.splitlines()[0][:20] in result.err.replace(made.path, "{b}").replace(r'\"', '"')


@pytest.mark.parametrize("args, status, expected", COMMANDS, ids=[short(row[0]) for row in COMMANDS])
def test_bad_command(husk, bundle, running, work, args, status, expected):
    name = running() if "{running}" in args else ""
    made = bundle("true")
    values = {"b": made.path, "r": husk.root, "id": unique("free"), "running": name}
    log = work + "/log"
    before = husk.names()
    result = husk(*[arg.format(**values) for arg in args], check=False,
                  options=["--log", log, "--log-format", "json"] if "--log" not in args else [])
    text = message(result, log)
    for key, value in values.items():
        if value:
            text = text.replace(value, "{" + key + "}")
    if SHOW:
        print("\nROW " + json.dumps(["command", args, result.rc, text]))
        return
    assert (result.rc, text) == (status, expected)
    assert husk.names() == before
    if name:
        assert husk.status(name) == "running"


def test_the_table_is_large_enough():
    assert len(CONFIGS) >= 60 and len(COMMANDS) >= 30
    assert all(row[-1] for row in CONFIGS)


def test_no_two_texts_for_one_config():
    keys = [json.dumps(row[0], sort_keys=True) for row in CONFIGS]
    assert len(keys) == len(set(keys))
