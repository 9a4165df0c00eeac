"""Pages of the documentation, and what is found in them."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
GUIDE = [ROOT / "README.md", DOCS / "quickstart.md", *PLUG_INS]


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


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
