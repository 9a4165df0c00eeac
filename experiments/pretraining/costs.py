"""What the recipes need, as a Markdown table: ``python -m experiments.pretraining.costs``."""

import sys
from collections.abc import Iterator

from experiments.pretraining.recipes import RECIPES, Mixing, Precision

SUSTAINED = 3e14
"""Floating-point operations a second that the hours assume: a third of what one accelerator of
the 2023 generation is sold with in bfloat16, as large language models often reach."""

_STATE_BYTES = 16
"""A parameter, its gradient and the two moments of AdamW, in float32."""


def rows() -> Iterator[str]:
    """The table, line by line. Everything but the counts is an estimate."""
    yield (
        "| recipe | parameters | of them active | steps | bytes of text | 6 N D flops | "
        "weights, gradients, moments | hours at 3e14 flop/s |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name in RECIPES:
        recipe = RECIPES[name](Mixing())
        count, active = recipe.model.parameter_count, recipe.model.active_count
        large = recipe.training.precision is Precision.BFLOAT16
        hours = f"{recipe.flops / SUSTAINED / 3600:.2g}" if large else "a CPU"
        yield (
            f"| {name} | {count:,} | {active:,} | {recipe.training.steps:,} | "
            f"{recipe.tokens:.1e} | {recipe.flops:.1e} | {_STATE_BYTES * count / 2**30:.2g} GiB | "
            f"{hours} |"
        )


if __name__ == "__main__":
    sys.stdout.writelines(f"{row}\n" for row in rows())
