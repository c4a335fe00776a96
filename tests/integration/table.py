# SPDX-License-Identifier: Apache-2.0
"""Whether a test that a table names is there: `test_x.py::test_name` (pytest) or `tests/.../test_x.c` and the like."""
import ast
import functools
import os

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


@functools.lru_cache(maxsize=None)
def functions(path):
    """The test functions that pytest would collect from a file."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def missing(test):
    """What is wrong with the name of a test, or None."""
    file, _, name = test.partition("::")
    if not file.endswith(".py"):
        return None if os.path.isfile(os.path.join(ROOT, file)) else f"there is no file '{file}'"
    path = os.path.join(HERE, os.path.basename(file))
    if not os.path.isfile(path):
        return f"there is no file '{file}' in tests/integration"
    if name not in functions(path):
        return f"there is no test '{name}' in {file}"
    return None
