"""The run folders that figures are drawn from, by the name of their experiment."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from expressivity.runs.folder import Run, read_run

COMMANDS = {"pretrain": "tiny", "ablate": "tiny", "scaling": "tiny", "audit": "CHECKPOINT"}
"""Commands whose runs are drawn under their own names, with the argument that they need."""


class Runs(Mapping[str, Run]):
    """Runs by experiment; one that is not there is named with the command that makes it.

    >>> Runs.under(Path("/"))["noise"]
    Traceback (most recent call last):
    ValueError: required: a run of noise in /noise; got none: make it with expressivity reproduce --out /
    """  # noqa: E501 (the message is one line)

    def __init__(self, place: Path, runs: Mapping[str, Run], unread: frozenset[str]) -> None:
        self._place = place
        self._runs = dict(runs)
        self._unread = unread

    @classmethod
    def under(cls, folder: Path) -> "Runs":
        """The run folders of a folder, by their names; each is read when first asked for.

        Raises:
            ValueError: it is no folder.
        """
        if not folder.is_dir():
            raise ValueError(
                f"required: a folder of runs; {folder} is none: name another with --runs"
            )
        unread = frozenset(manifest.parent.name for manifest in folder.glob("*/manifest.json"))
        return cls(folder, {}, unread)

    @classmethod
    def of(cls, run: Run) -> "Runs":
        """One run, under the name of its experiment, or of the command that made it.

        A run of ``separate`` is one of the experiment ``separation``, whatever its options.
        """
        configuration = run.manifest["configuration"]
        name = str(configuration.get("experiment", configuration.get("command")))
        name = "separation" if name == "separate" else name
        return cls(run.path.parent, {name: run}, frozenset())

    def __getitem__(self, name: str) -> Run:
        if name in self._unread and name not in self._runs:
            self._runs[name] = read_run(self._place / name)
        if name not in self._runs:
            place = self._place / name
            own = f"{name} {COMMANDS.get(name)} --out {place}"
            command = own if name in COMMANDS else f"reproduce --out {self._place}"
            raise ValueError(
                f"required: a run of {name} in {place}; got none: make it with expressivity "
                f"{command}"
            )
        return self._runs[name]

    def __contains__(self, name: object) -> bool:
        return name in self._runs or name in self._unread

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._runs.keys() | self._unread))

    def __len__(self) -> int:
        return len(self._runs.keys() | self._unread)
