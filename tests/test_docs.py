"""The documentation: what it tells the reader to type exists, and what it shows is what comes.

Kinds: reference (commands against the command line, console examples against their output,
links against files and headings), property (generated pages of made-up theorems and
experiments), negative (each check refuses a page that is wrong).
"""

import importlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in (ROOT / "README.md", *DOCS.rglob("*.md"))
    if not {"generated", "_build"} & set(path.relative_to(ROOT).parts)
)
PLUG_INS = [
    path
    for path in PAGES
    if path.parent.name == "howto" and "[project.entry-" in path.read_text("utf-8")
]
GUIDE = [DOCS / "quickstart.md", *PLUG_INS]


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A fenced block of a page."""

    language: str
    text: str


def fences(page: str) -> list[Fence]:
    found = re.findall(r"^```([\w-]*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [Fence(language=language, text=text) for language, text in found]


def entry_points_of(page: str) -> dict[str, dict[str, str]]:
    """Entry points, by group, of the package that a page shows."""
    for fence in fences(page):
        if fence.language == "toml" and (package := tomllib.loads(fence.text).get("project")):
            return package["entry-points"]
    return {}


def spans(page: str) -> list[str]:
    """Inline code, blocks excepted."""
    outside = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", outside)]


@pytest.fixture(scope="module")
def generators():
    """The package docs/generators, which Sphinx finds because docs/conf.py says where it is."""
    sys.path.insert(0, str(DOCS))
    names = ("api", "commands", "gallery", "theorems")
    modules = {name: importlib.import_module(f"generators.{name}") for name in names}
    yield SimpleNamespace(**modules, write_pages=importlib.import_module("generators").write_pages)
    sys.path.remove(str(DOCS))


# --- commands exist, with these options -------------------------------------------------------


@pytest.fixture(scope="module")
def program(generators):
    return generators.commands.program()


def command_lines(page: str) -> Iterator[str]:
    """Everything on a page that a reader may type after ``expressivity``."""
    for fence in fences(page):
        if fence.language in ("", "shell", "console"):
            for line in re.sub(r"\\\n", " ", fence.text).splitlines():
                if found := re.match(r"(?:\$ )?expressivity (.*)", line):
                    yield found[1]
    for span in spans(page):
        if (found := re.match(r"expressivity (.*)", span)) and "COMMAND" not in span:
            yield found[1]


def refusal(program, line: str) -> str | None:
    """Why the command line would not take this, or None. Brackets mark what may be left out."""
    name, *arguments = shlex.split(re.sub(r"[][]", "", line), comments=True)
    if name not in program.commands:
        return f"no command {name}"
    if not arguments:
        return None  # the command is named, not called
    try:
        program.commands[name].make_context(name, arguments)
    except typer.TyperException as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_command_lines_parse(path, program):
    page = path.read_text(encoding="utf-8")
    # Commands that the page itself adds are run below.
    own = set(entry_points_of(page).get("expressivity.commands", {}))
    refused = {
        line: why
        for line in command_lines(page)
        if line.split()[0] not in own and (why := refusal(program, line))
    }
    assert refused == {}


def test_pages_hold_command_lines():
    lines = [line for path in PAGES for line in command_lines(path.read_text(encoding="utf-8"))]
    assert len(lines) > 40
    assert {line.split()[0] for line in lines} >= {"separate", "classify", "certify", "prove"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("seperate t1", "no command seperate"),
        ("separate t1 --width 2", "No such option: --width"),
        ("classify --no-bias", "Missing argument"),
        ("certify t2 --width two", "Invalid value"),
    ],
)
def test_a_wrong_command_line_is_found(program, line, why):
    page = f"Type\n\n```\n$ expressivity {line}\n```\n"
    (found,) = command_lines(page)
    assert why in (refusal(program, found) or "")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_options_named_in_the_text_exist(path, program):
    known = {
        option
        for command in program.commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--help", "--nthreads"}  # every command's; Dask's own
    named = {
        word.split("=")[0]
        for span in spans(path.read_text(encoding="utf-8"))
        if span.startswith("--")
        for word in span.split()
        if word.startswith("--")
    }
    assert named <= known


# --- links lead somewhere ---------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: str, path: Path) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", outside):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if re.match(r"https?:", link) or "generated/" in link:
            continue  # Sphinx checks the generated ones, nobody the network
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path):
    assert broken_links(path.read_text(encoding="utf-8"), path) == []


def test_a_broken_link_is_found(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("# One heading\n", encoding="utf-8")
    page = "[a](page.md#one-heading) [b](#two) [c](none.md) [d](page.md)"
    assert broken_links(page, path) == ["#two", "none.md"]


# --- examples run, and print what the page shows ----------------------------------------------

_RUNNER = """
import contextlib, io, json, sys
from expressivity import cli

answers = []
for arguments in json.load(sys.stdin):
    sys.argv = ["expressivity", *arguments]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = cli.main()
    answers.append([code, out.getvalue()])
json.dump(answers, sys.stdout)
"""


def install(page: str, folder: Path) -> None:
    """Lay out the package that a page shows, as an installer would."""
    for fence in fences(page):
        if fence.language == "python" and (name := re.match(r"# (\w+\.py)\n", fence.text)):
            (folder / name[1]).write_text(fence.text, encoding="utf-8")
        if fence.language == "toml":
            project = tomllib.loads(fence.text)["project"]
            name = project["name"].replace("-", "_")
            facts = folder / f"{name}-{project['version']}.dist-info"
            facts.mkdir()
            header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {project['version']}\n"
            (facts / "METADATA").write_text(header, encoding="utf-8")
            points = [
                f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
                for group, entries in project["entry-points"].items()
            ]
            (facts / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")


def examples(page: str) -> list[tuple[str, list[str]]]:
    """Commands of console blocks, each with the lines that the page shows after it."""
    found: list[tuple[str, list[str]]] = []
    for fence in fences(page):
        if fence.language == "console":
            for line in fence.text.splitlines():
                if line.startswith("$ expressivity "):
                    found.append((line.removeprefix("$ expressivity "), []))
                else:
                    found[-1][1].append(line)
    return found


def agrees(shown: list[str], printed: str) -> bool:
    """Line by line; ``...`` stands for any lines.

    Times are not compared, nor digits after the fourth, which depend on the machine's LAPACK.
    """

    def plain(line: str) -> str:
        line = re.sub(r"\d+\.\d{5,}", lambda found: f"{float(found[0]):.4g}", line)
        return re.sub(r"in \d+\.\d s", "in a moment", line.rstrip())

    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(plain(line)) + r"\n" for line in shown
    )
    lines = "".join(f"{plain(line)}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, lines) is not None


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Every console example of the guide, run in one process with all plug-ins installed.

    A process of its own, because what a plug-in has registered stays registered.
    """
    folder = tmp_path_factory.mktemp("plug-ins")
    pages = [path.read_text(encoding="utf-8") for path in GUIDE]
    for page in pages:
        install(page, folder)
    commands = [command for page in pages for command, _ in examples(page)]
    answer = subprocess.run(
        [sys.executable, "-c", _RUNNER],
        input=json.dumps([shlex.split(command) for command in commands]),
        cwd=tmp_path_factory.mktemp("work"),
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(commands, json.loads(answer.stdout), strict=True))


def test_every_kind_of_plug_in_has_a_page():
    groups = {group for path in PLUG_INS for group in entry_points_of(path.read_text("utf-8"))}
    kinds = ("activations", "targets", "gates", "theorems", "commands")
    assert groups >= {f"expressivity.{kind}" for kind in kinds}


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.stem)
def test_examples_print_what_the_page_shows(path, printed):
    shown = examples(path.read_text(encoding="utf-8"))
    assert shown
    for command, lines in shown:
        code, text = printed[command]
        assert code == 0, text
        assert agrees(lines, text), f"{command} prints\n{text}"


def test_other_output_than_shown_is_found():
    assert agrees(["...", "b  1", "done in 0.1 s"], "a\nb  1  \ndone in 2.0 s\n")
    assert not agrees(["...", "b  2", "..."], "a\nb  1\n")
    assert not agrees(["a"], "a\nb\n")
    assert agrees(["at least 0.0593555"], "at least 0.0593556\n")
    assert not agrees(["at least 0.0593555"], "at least 0.0593656\n")


# --- generated pages --------------------------------------------------------------------------


def experiment(**fields):
    return SimpleNamespace(
        **{"title": "t", "claim": "c", "falsified_by": "f", "cost": "1 s"} | fields
    )


def test_each_experiment_has_a_page_with_the_figures_that_need_it(generators, tmp_path):
    rendered, folder = tmp_path / "figures", tmp_path / "docs" / "generated" / "gallery"
    rendered.mkdir()
    (rendered / "drawn.png").write_bytes(b"")
    experiments = {
        "one": experiment(claim="a_1 * b | c", falsified_by="x < y"),
        "two": experiment(cost="2 minutes"),
        "three": experiment(),
    }
    figures = {
        "drawn": SimpleNamespace(title="D", caption="w_1", alt="[lines]", needs=("one", "two")),
        "planned": SimpleNamespace(title="P", caption="later", alt="dots", needs=("two",)),
    }
    pages = generators.gallery.pages(experiments, figures, rendered=rendered, folder=folder)
    assert list(pages) == ["index.md", "one.md", "two.md", "three.md"]
    assert r"![\[lines\]](../../../figures/drawn.png)" in pages["one.md"]
    assert r"a\_1 \* b \| c" in pages["one.md"] and r"x \< y" in pages["one.md"]
    assert "## P" not in pages["one.md"] and r"w\_1" in pages["one.md"]
    assert "## D" in pages["two.md"] and "2 minutes" in pages["two.md"]
    assert "## P\n\nThis figure has not been rendered." in pages["two.md"]
    assert "later" not in pages["two.md"] and ".png" not in pages["three.md"]
    assert "[one](one.md)" in pages["index.md"] and "\nthree\n" in pages["index.md"]


def test_an_empty_gallery_says_so(generators, tmp_path):
    pages = generators.gallery.pages({}, {}, rendered=tmp_path, folder=tmp_path)
    assert list(pages) == ["index.md"] and "No experiment is registered" in pages["index.md"]


def test_theorem_pages_show_the_verdicts_of_the_run(generators):
    from expressivity.symbolic.proof import Mutation, Step, Theorem, mutate, prove

    def steps(answer):
        yield Step(statement="a < b", source="docs/theory.md, section 2, C1", check=lambda: answer)
        yield Step(statement="so it is", source="logic")

    survives = Mutation(
        name="changed",
        setting=True,
        counterexample=Step(statement="1 = 2", source="none", check=lambda: True),
    )
    theorem = Theorem(
        name="A",
        title="title",
        statement="x_1 | y",
        assumptions=("d = 1",),
        setting=False,
        steps=steps,
        mutations=(survives,),
        source="docs/theory.md",
    )
    proof, mutations = prove(theorem), mutate(theorem)
    pages = generators.theorems.pages([(proof, mutations)], {"2": "2-containment"})
    page = pages["A.md"]
    assert (
        "Verdict: **refuted**, 0 of 1 checked steps. Mutations caught: 0 of 1 (0 refuted)." in page
    )
    link = "[Theory, section 2](../../theory.md#2-containment), C1"
    assert rf"| 1 | a \< b | refuted | unknown | {link} |" in page
    assert "| 2 | so it is | stated | unknown | logic |" in page
    assert "| changed | 1 = 2 | SURVIVED |" in page
    assert "| [A](A.md) | title | refuted | 0 of 1 | 0 of 1 (0 refuted) |" in pages["index.md"]


def test_sections_of_the_theory_have_anchors(generators):
    text = (DOCS / "theory.md").read_text(encoding="utf-8")
    found = generators.theorems.theory_anchors(text)
    assert set(found) == {"1", "2", "3", "4", "5", "6"}
    assert set(found.values()) <= anchors(DOCS / "theory.md")


def test_every_public_module_has_a_room(generators):
    modules = list(
        generators.api.public_modules("expressivity", "proofs", "experiments", "figures")
    )
    text = "\n".join(generators.api.pages(modules).values())
    missing = {m for m in modules if f".. automodule:: {m}\n" not in text}
    assert {m.split(".")[1] for m in missing} <= {"cli", "commands", "command"}
    with pytest.raises(ValueError, match=r"a room for expressivity\.new; got none"):
        generators.api.pages(["expressivity.new"])


def test_the_reference_of_commands_is_complete(generators, program):
    page = generators.commands.page(program)
    for name, command in program.commands.items():
        assert f"\n## {name}\n" in page
        for parameter in command.params:
            assert parameter.opts[0] in page or parameter.name.upper() in page


def test_pages_that_are_no_longer_generated_go(generators, tmp_path):
    generators.write_pages(tmp_path, {"a.md": "a", "b/c.md": "c"})
    kept = (tmp_path / "a.md").stat().st_mtime_ns
    generators.write_pages(tmp_path, {"a.md": "a", "d.md": "d"})
    assert sorted(p.name for p in tmp_path.rglob("*.md")) == ["a.md", "d.md"]
    assert (tmp_path / "a.md").stat().st_mtime_ns == kept
