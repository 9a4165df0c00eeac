"""What the checker imports.

Contract: flint, the standard library and the parser of expressions; nothing circular, and no
module beside them in a process that imports the checker alone.
"""

import ast
import graphlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from expressivity import checker

ROOT = Path(checker.__file__).parents[2]
SHARED = {
    f"expressivity.symbolic.{name}"
    for name in ("constants", "expressions", "parser", "refusals", "tokens")
}
"""The parser and its parts: all of the library that the checker and the writer have in common."""
FRESH = """
import json, sys
import expressivity.checker
print(json.dumps(sorted(sys.modules)))
"""


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
        assert others <= {"flint"} | SHARED | own
        assert "importlib" not in modules
        graph[name] = {m.rsplit(".", 1)[1] for m in modules & own}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises where imports are circular


def test_a_fresh_process_loads_no_writer_and_no_library_of_symbols_or_tensors():
    done = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = json.loads(done.stdout)
    assert not {"sympy", "torch", "numpy", "scipy", "pydantic", "typer"} & set(loaded)
    ours = {name for name in loaded if name.split(".")[0] == "expressivity"}
    own = {name for name in ours if name.startswith("expressivity.checker.")}
    assert len(own) > 5
    rooms = {"expressivity", "expressivity.checker", "expressivity.symbolic"}
    assert ours <= own | SHARED | rooms


def test_the_parser_stands_on_the_standard_library():
    for name in SHARED:
        path = ROOT / f"{name.replace('.', '/')}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [node.module] if isinstance(node, ast.ImportFrom) else []
            found += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert all(m in SHARED or m.split(".")[0] in sys.stdlib_module_names for m in found)


def test_the_import_contract_forbids_everything_else():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = [c for c in contracts["contracts"] if c["id"] == "checker"]
    package = ROOT / "expressivity"
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in (package, package / "symbolic")
        for path in folder.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    allowed = SHARED | {"expressivity.checker", "expressivity.symbolic"}
    modules -= {name for name in modules if name.endswith("__init__")}
    assert set(contract["forbidden_modules"]) == modules - allowed
