"""Whether the units of a run compile their programs.

Kinds: reference (the rule), property (one answer for all units, in the manifest, part of the key),
negative (no compiler, none that works, none tried where nothing is compiled).
"""

from dataclasses import dataclass, replace

import pytest

from expressivity.output import ExitCode
from expressivity.runs import compiling
from expressivity.runs.compiling import (
    BREAK_EVEN,
    COMPILED,
    Compile,
    CompilingUnit,
    Planned,
    in_one_mode,
    is_compiled,
    wanted,
    worthwhile,
)
from expressivity.runs.manifest import read_manifest, write_manifest
from expressivity.runs.units import OnProgress, Outcome


@dataclass(frozen=True, kw_only=True)
class Work(CompilingUnit):
    name: str = "a"
    steps: float = 1.0
    device: str = "cpu"

    @property
    def planned(self) -> Planned:
        return Planned(program=self.name, device=self.device, steps=self.steps)

    @property
    def identity(self) -> dict[str, object]:
        return {"name": self.name, "compiled": self.compiled}

    @property
    def label(self) -> str:
        return self.name

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        return Outcome(record={})


SMALL, LARGE = [Work()], [Work(steps=BREAK_EVEN)]


@pytest.fixture
def notices(monkeypatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(compiling, "notice", found.append)
    return found


def compiler(monkeypatch, problem: str | None) -> None:
    """A compiler that is there and has this problem."""
    monkeypatch.setattr(compiling, "compiler_problem", lambda: problem)
    monkeypatch.setattr(compiling, "missing_compiler", lambda: None)


def refuse() -> None:
    raise AssertionError("somebody looked for a compiler")


def test_the_rule_counts_work_by_program():
    half = BREAK_EVEN / 2
    assert not worthwhile([])
    assert not worthwhile([Work(steps=half).planned])
    assert worthwhile([Work(steps=half).planned] * 2)
    apart = [Work(steps=half).planned, Work(name="b", steps=half).planned]
    assert not worthwhile(apart)
    assert worthwhile(apart * 2)
    assert worthwhile([Work(device="cuda").planned])


def test_little_work_tries_no_compiler(monkeypatch, notices):
    monkeypatch.setattr(compiling, "compiler_problem", refuse)
    monkeypatch.setattr(compiling, "missing_compiler", lambda: None)
    assert not is_compiled(in_one_mode(SMALL))
    monkeypatch.setattr(compiling, "missing_compiler", refuse)
    assert not is_compiled(in_one_mode(LARGE, Compile.NEVER))
    assert not notices


def test_all_units_have_one_answer_and_keys_of_their_own(monkeypatch):
    compiler(monkeypatch, None)
    units = [Work(name="a", steps=3 * BREAK_EVEN), Work(name="b")]
    found = in_one_mode(units)
    assert [unit.compiled for unit in found] == [True, True]
    assert not {unit.key for unit in found} & {unit.key for unit in units}
    assert not is_compiled(in_one_mode(found, Compile.NEVER))


def test_a_broken_compiler_counts_as_none_and_is_told_once(monkeypatch, notices):
    compiler(monkeypatch, "the C++ compiler x does not run (OSError)")
    assert not is_compiled(in_one_mode(LARGE))
    assert notices == ["the C++ compiler x does not run (OSError): fits run uncompiled"]
    with pytest.raises(
        ValueError, match=r"required: a C\+\+ compiler that works, to compile always"
    ):
        in_one_mode(SMALL, Compile.ALWAYS)
    assert wanted(LARGE)
    with pytest.raises(ValueError, match="choose from auto, always, never"):
        wanted(SMALL, "sometimes")


@pytest.mark.parametrize("began", [False, True])
def test_a_run_goes_on_as_it_began(monkeypatch, tmp_path, notices, began):
    compiler(monkeypatch, None)
    write_manifest(tmp_path, {}, {COMPILED: began})
    for units in (SMALL, LARGE):
        assert is_compiled(in_one_mode(units, folder=tmp_path)) is began
    assert is_compiled(in_one_mode(SMALL, Compile.ALWAYS, folder=tmp_path))
    compiler(monkeypatch, "it does not run")
    if began:
        with pytest.raises(ValueError, match="began compiled; it does not run: choose another"):
            in_one_mode(SMALL, folder=tmp_path)
    else:
        assert not is_compiled(in_one_mode(LARGE, folder=tmp_path))
    assert not notices


def test_a_folder_that_does_not_say_how_it_began_asks_the_rule(monkeypatch, tmp_path):
    compiler(monkeypatch, None)
    write_manifest(tmp_path / "old", {}, {})
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    for name in ("old", "damaged", "new"):
        assert is_compiled(in_one_mode(LARGE, folder=tmp_path / name))
        assert not is_compiled(in_one_mode(SMALL, folder=tmp_path / name))


def test_an_accelerator_needs_no_compiler_for_the_cpu(monkeypatch):
    monkeypatch.setattr(compiling, "compiler_problem", refuse)
    monkeypatch.setattr(compiling, "missing_compiler", refuse)
    assert is_compiled(in_one_mode([replace(SMALL[0], device="cuda")]))


FITS = ("separate", "t1", "--family", "la", "--widths", "1", "--restarts", "1", "--candidates", "1")


def test_always_without_a_compiler_is_refused_before_any_work(call, tmp_path, monkeypatch, untried):
    monkeypatch.setenv("CXX", "/nonexistent")
    answer = call(*FITS, "--compile", "always", "--out", tmp_path / "run")
    assert answer.code == ExitCode.UNUSABLE
    assert answer.err.count("\n") == 1
    assert "/nonexistent is none: use auto or never" in answer.err
    assert not (tmp_path / "run").exists()
    answer = call(*FITS, "--compile", "perhaps", "--out", tmp_path / "run")
    assert (answer.code, answer.err.count("\n")) == (ExitCode.UNUSABLE, 1)


def test_a_run_says_how_it_computes_and_another_way_is_another_run(call, tmp_path, monkeypatch):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("torch.compile", refuse)
        assert call(*FITS, "--json", "--out", run).code == ExitCode.AS_EXPECTED
    manifest = read_manifest(run)
    assert manifest[COMPILED] is False
    assert [unit["compiled"] for unit in manifest["configuration"]["units"]] == [False]
    compiler(monkeypatch, None)
    answer = call(*FITS, "--compile", "always", "--out", run)
    assert answer.code == ExitCode.UNUSABLE
    assert "a run folder of the same configuration" in answer.err
