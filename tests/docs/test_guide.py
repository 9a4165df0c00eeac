"""The documentation: what it tells the reader to type exists, and what it shows is what comes.

Kinds: reference (commands against the command line, console examples against their output,
links against files and headings), negative (each check refuses a page that is wrong).
"""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pages import GUIDE, PAGES, PLUG_INS, ROOT, anchors, entry_points_of, fences, spans


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
        for command in (program, *program.commands.values())
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
