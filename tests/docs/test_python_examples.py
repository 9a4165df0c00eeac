"""What the guide and the README show of the library runs, and prints what they show.

Kind: reference (examples against what comes).
"""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("docs/guide.md", "docs/quickstart.md", "docs/howto/family.md")


@pytest.mark.parametrize("page", PAGES)
def test_examples_print_what_the_page_shows(page):
    done = doctest.testfile(str(ROOT / page), module_relative=False)
    assert done.attempted > 0 and done.failed == 0


def test_examples_with_models_of_other_people():
    for package in ("transformers", "peft"):
        pytest.importorskip(package, reason="needs the extra hf")
    done = doctest.testfile(str(ROOT / "docs/howto/models.md"), module_relative=False)
    assert done.attempted > 0 and done.failed == 0


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_example_of_the_readme_is_short_and_runs(capsys):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(
        r"## From Python\n\n```python\n(.*?)```", page, flags=re.DOTALL
    )  # fmt: skip
    assert len([line for line in example.splitlines() if line]) <= 5
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own page, not a user's text
    printed = capsys.readouterr().out
    assert "member (proved)" in printed and "gradient-jump" in printed
