"""Who hears of compilations.

Kinds: property (torch's own, an end for each beginning), negative (a worker that dies at it).
"""

from multiprocessing import Pipe

import pytest
import torch

from expressivity.fitting import compilation
from expressivity.runs.executors import _answer
from expressivity.runs.units import Failure


def test_torch_says_when_it_compiles_after_a_reset_too():
    heard: list[bool] = []

    def double(x):
        return 2 * x

    with compilation.heard_by(heard.append):
        for _ in range(2):
            torch.compiler.reset()
            compilation.watch()
            compilation.watch()
            compiled = torch.compile(double, backend="eager")
            compiled(torch.ones(3))
            compiled(torch.ones(3))
    assert heard == [True, False] * 2
    compilation.tell(begins=True)
    assert len(heard) == 4


@pytest.mark.parametrize("dies", [False, True])
def test_a_worker_says_it_to_whoever_waits(dies):
    here, there = Pipe()
    heard: list[bool] = []
    there.send(True)
    if dies:
        there.close()
    else:
        there.send(False)
        there.send((Failure(error="why"), b""))
    with compilation.heard_by(heard.append):
        if dies:
            with pytest.raises(EOFError):
                _answer(here)
        else:
            assert _answer(here) == (Failure(error="why"), b"")
    assert heard == [True, False]
