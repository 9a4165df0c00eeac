"""Commands in processes of their own, as a user runs them.

Kinds: reference (one document, one line of refusal), soundness (a killed run continues; slow).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from broken_packages import ROOT
from command_lines import LA, SMALL, TINY, shards

from expressivity.fitting.program import compiler_available

torch.set_num_threads(1)


def start(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "expressivity", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_as_a_process(out, tmp_path):
    (tmp_path / "empty").mkdir()
    # Without a compiler on the path it runs uncompiled, and says so.
    done = start(*LA, "--json", "--out", out, PATH=str(tmp_path / "empty"))
    assert done.returncode == 0
    assert done.stderr == "expressivity: no C++ compiler found: fits run uncompiled\n"
    assert json.loads(done.stdout)["results"][0]["error"]["l2"]["value"] <= 1e-12
    assert len(shards(out)) == 1


def test_a_process_that_refuses(out):
    done = start("separate", "t1", "--restarts", "many", "--out", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert not out.exists()


def test_folders_of_the_user_with_our_names_are_not_ours(tmp_path):
    ours = ("figures", "proofs", "experiments")
    for name in ours:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    done = start("--help", cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("prove", "sweep", "figures", "reproduce", "pretrain"):
        assert f" {command} " in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="needs a C++ compiler")
def test_compiled_output_is_one_document_and_no_warning(tmp_path):
    options = ("t1", "t2", "--dictionary", "id,relu,relu2", *TINY, "--json")
    done = start("separate", *options, "--compile", "always", "--out", tmp_path / "run")
    assert done.returncode == 0
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["compile_seconds"] > 0
    assert [gap["confirmed"] for gap in document["gaps"]] == [
        gap["expected"] for gap in document["gaps"]
    ]


KILLED = """
import os, signal, sys
from expressivity import cli
from expressivity.runs import shards as store
plain, written = store.pq.write_table, []
def write(table, path, **options):
    written.append(path)
    if len(written) == 2:
        path.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    plain(table, path, **options)
store.pq.write_table = write
sys.argv = sys.argv[1:]
sys.exit(cli.main())
"""


@pytest.mark.slow
def test_a_killed_run_continues(call, out, tmp_path):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--json", "--out", str(out))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "expressivity", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": str(tmp_path / "none")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9
    assert len(shards(out)) == 1
    assert len(list((out / "units").iterdir())) == 2
    first = shards(out)[0].read_bytes()
    answer = call(*arguments)
    assert (answer.code, answer.err) == (0, "")
    assert len(answer.document["results"]) == 2
    assert first in [shard.read_bytes() for shard in shards(out)]
