"""What the checker imports.

Contract: flint, the standard library and the parser of expressions; nothing circular.
"""

import ast
import graphlib
import sys
from pathlib import Path

from expressivity import checker


def test_the_checker_imports_nothing_but_flint_and_the_parser():
    folder = Path(checker.__file__).parent
    names = sorted(path.stem for path in folder.glob("*.py"))
    assert [path.name for path in folder.rglob("*.py") if path.parent != folder] == []
    own = {f"expressivity.checker.{name}" for name in names}
    graph = {}
    for name in names:
        modules = set()
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                modules.add(node.module)
                assert not [a.name for a in node.names if a.name.startswith("_")]
            assert not (isinstance(node, ast.Name) and node.id in ("eval", "exec", "__import__"))
        others = {m for m in modules if m.split(".")[0] not in sys.stdlib_module_names}
        assert others <= {"flint", "expressivity.symbolic.expressions"} | own
        assert "importlib" not in modules
        graph[name] = {m.rsplit(".", 1)[1] for m in modules & own}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises where imports are circular
