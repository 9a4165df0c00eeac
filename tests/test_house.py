"""The house: sizes of files and functions, import layers, and names that lead somewhere.

Kinds: property (every file of the repository), negative (each rule finds what breaks it).
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("expressivity", "proofs", "experiments", "figures", "benchmarks", "tools")
SOURCES = sorted(
    path for name in (*PACKAGES, "docs/generators", "tests") for path in (ROOT / name).rglob("*.py")
)
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md" and not {"_build", "generated"} & set(path.parts)
]
TEXTS = [*SOURCES, *PAGES, ROOT / "Makefile", ROOT / "pyproject.toml"]
MAX_LINES, MAX_FUNCTION, MAX_LAYERS = 400, 59, 17


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- sizes ---------------------------------------------------------------------------------------


def test_no_file_is_long():
    assert len(SOURCES) > 300
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def is_command(function: ast.AST) -> bool:
    """Decorated with ``app.command(...)``: its signature declares options."""
    return any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr == "command"
        for d in getattr(function, "decorator_list", [])
    )


def function_lengths(text: str) -> dict[str, int]:
    """Lines of each function from ``def`` on, of namesakes the longest.

    The signatures of commands are not counted.
    """

    def signatures(function: ast.AST) -> int:
        return sum(
            part.body[0].lineno - part.lineno
            for part in ast.walk(function)
            if isinstance(part, ast.FunctionDef) and is_command(part)
        )

    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1 - signatures(node)
            found[node.name] = max(length, found.get(node.name, 0))
    return found


def test_no_function_is_long():
    long = {
        (shown(path), name): length
        for path in SOURCES
        if not path.is_relative_to(ROOT / "tests")
        for name, length in function_lengths(path.read_text("utf-8")).items()
        if length > MAX_FUNCTION
    }
    assert long == {}


def test_a_long_function_is_found_and_the_options_of_a_command_are_not_counted():
    body = "".join(f"    x = {n}\n" for n in range(59))
    options = "".join(f"    o{n}: int = {n},\n" for n in range(70))
    assert function_lengths(f"def plain():\n{body}") == {"plain": 60}
    assert function_lengths(f"@app.command()\ndef told(\n{options}):\n{body}") == {"told": 59}
    assert function_lengths(f"def untold(\n{options}):\n{body}") == {"untold": 131}


# --- rooms ---------------------------------------------------------------------------------------


def test_the_library_has_few_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (library,) = [c for c in contracts["contracts"] if c["id"] == "library"]
    assert library["exhaustive"]
    assert 0 < len(library["layers"]) <= MAX_LAYERS


def folders(root: Path) -> set[str]:
    return {path.parent.relative_to(root).as_posix() for path in root.rglob("test_*.py")}


def test_every_folder_of_tests_has_its_room():
    without = {name for name in folders(ROOT / "tests") if not (ROOT / name).is_dir()}
    assert without == set()


def test_every_room_of_the_library_has_tests():
    rooms = {
        path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("expressivity/*/__init__.py")
    }
    assert rooms - folders(ROOT / "tests") == set()


def test_the_package_of_the_parser_imports_nothing():
    """The checker imports it, and trusts what it imports."""
    assert (ROOT / "expressivity" / "symbolic" / "__init__.py").read_text() == ""


# --- names lead somewhere ------------------------------------------------------------------------

DOTTED = re.compile(r"\b(?:" + "|".join(PACKAGES) + r")(?:\.[A-Za-z_]\w*)+")
PATH = re.compile(r"(?<![\w/.-])(?:" + "|".join((*PACKAGES, "tests", "docs")) + r")/[\w/-]+\.\w+")
QUOTED = re.compile(r"(?<!`)`{1,2}([\w/]+\.py)`{1,2}(?!`)")


def module_of(dotted: str) -> tuple[Path | None, list[str]]:
    """The file of the longest prefix that is a module, and the names after it."""
    parts = dotted.split(".")
    for count in range(len(parts), 1, -1):
        stem = ROOT.joinpath(*parts[:count])
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.exists():
                return file, parts[count:]
        if stem.is_dir():
            return stem, parts[count:]
    return None, parts


def is_stale(dotted: str) -> bool:
    """Whether a name with dots leads to no module, or to none that knows the name after it."""
    file, rest = module_of(dotted)
    if file is None:
        return True
    return bool(rest) and (file.is_dir() or not re.search(rf"\b{rest[0]}\b", file.read_text()))


def imported_names(text: str) -> Iterator[str]:
    """Modules of this repository in import lines (of code, examples and pages) and references."""
    lines = re.findall(r"^[ \t]*(?:>>> )?(?:from|import) (\S+)", text, re.MULTILINE)
    references = re.findall(r":(?:func|class|mod|meth|data):`~?([\w.]+)`", text)
    runs = re.findall(r"python -m ([\w.]+)", text)
    for name in (*lines, *references, *runs):
        if DOTTED.fullmatch(name):
            yield name


def stale(text: str, written: list[str]) -> list[str]:
    """Modules, paths and files in back quotes that do not exist."""
    made_up = set(re.findall(r"^# (\w+\.py)$", text, re.MULTILINE))  # files that a page shows
    paths = [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    files = [
        name
        for name in QUOTED.findall(text)
        if name not in made_up
        and not (ROOT / name).exists()
        and not any(w.endswith(f"/{name}") for w in written)
    ]
    return [name for name in imported_names(text) if is_stale(name)] + paths + files


@pytest.fixture(scope="module")
def written() -> list[str]:
    return [shown(path) for path in SOURCES]


def test_names_of_modules_and_files_lead_somewhere(written):
    found = {
        shown(path): names
        for path in TEXTS
        if path.name != Path(__file__).name and (names := stale(path.read_text("utf-8"), written))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "from expressivity.store import RunFolder",
        "    >>> from expressivity.classes.nothing import Family",
        "see :func:`expressivity.fitting.driver.no_such_name`",
        "python -m experiments.no_such_module",
        "the file expressivity/families.py holds it",
        "runs on workers (``no_such_file.py``)",
        "see docs/no_such_page.md",
    ],
)
def test_a_stale_name_is_found(text, written):
    assert len(stale(text, written)) == 1


def test_what_exists_is_not_stale(written):
    text = """from expressivity.fitting.driver import fit
    :class:`expressivity.classes.families.Family`, `units.py`, expressivity/runs/folder.py,
    python -m benchmarks.run, docs/theory.md
    """
    assert stale(text, written) == []


def test_nothing_names_the_place_where_it_was_written():
    """Paths of one machine do not exist on another."""
    machine = re.compile(r"(?<![\w.])/(?:work|home|root)/\w|\.{2}/shared")
    assert [shown(path) for path in TEXTS if machine.search(path.read_text("utf-8"))] == []
    assert machine.search("see " + "/home" + "/someone")
