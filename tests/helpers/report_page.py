"""A page of a report, read as a browser reads it."""

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import sample_run as sample

from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Run, read_run

LIBRARY = ("verdict", "ladder", "labels", "failures", "provenance", "rerun")
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Tags with their attributes, and text by the tag that holds it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        """Called by the parser."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        """Called by the parser."""
        assert self._open.pop() == tag

    def handle_data(self, data):
        """Called by the parser."""
        self.texts.append((self._open[-1] if self._open else "", data))

    def text(self, *tags: str) -> str:
        """All text, or that of some tags."""
        return " ".join(data for tag, data in self.texts if not tags or tag in tags)

    def headings(self) -> list[str]:
        """Titles of the sections in order."""
        return [data for tag, data in self.texts if tag == "h2"]


def hostile_run(path: Path) -> Run:
    """The payload wherever a user's or a file's text can reach the page."""
    bad = sample.HOSTILE
    unit = sample.unit(Kind.LA)
    membership = dataclasses.replace(sample.result(unit).membership, reason=bad)
    came = sample.result(unit, target=bad, membership=membership, failed_lanes=1)
    run = read_run(
        sample.write_run(
            path,
            [(unit, came)],
            [sample.gap(target=bad, reason=bad)],
            host=bad,
            git={"commit": bad, "changed": True, bad: bad},
            environment={bad: bad, "packages": {bad: bad}, "list": [bad]},
            arguments=["separate", "--expr", bad],
            rules={bad: {bad: bad}},
        )
    )
    identity = {**run.entries[0].identity, "target": bad, "expression": bad, "domain": bad}
    identity["settings"] = {bad: bad}
    return dataclasses.replace(
        run,
        entries=(dataclasses.replace(run.entries[0], identity=identity),),
        damaged=(bad,),
        failures=({"identity": {bad: bad}, "error": bad, "traceback": bad},),
    )
