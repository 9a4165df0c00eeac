"""Optimistix: Levenberg-Marquardt under jit, the restarts shared out over the threads.

The solver is stepped by its own init / step / terminate, because `least_squares` returns the end
alone. A step is one trial, accepted or not; a restart that the solver calls finished, or failed,
keeps what it has. Within a thread the restarts are looped over rather than put under vmap, which
runs too but was slower: there every rejected trial pays for a QR factorisation that it throws away.
Shape letters as in common.py.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from common import (
    FloatArray,
    Trajectory,
    load_problem,
    parse_arguments,
    print_result,
    relative_l2,
    sample_iterations,
)
from jax_adam import mixture

TOLERANCE = 1e-14


Residual = Callable[[jax.Array, None], tuple[jax.Array, None]]


def stepper(residual: Residual, starts_RP: jax.Array) -> tuple[Any, Callable[..., Any]]:
    """The solver's states at the starts, and the compiled function that advances them."""
    solver = optimistix.LevenbergMarquardt(rtol=TOLERANCE, atol=TOLERANCE)
    residual_struct_N = jax.eval_shape(lambda y_P: residual(y_P, None)[0], starts_RP[0])
    tags: frozenset[object] = frozenset()

    # The state holds a traced function beside its arrays; loops and jit carry the arrays alone.
    initial = eqx.filter_vmap(
        lambda y_P: solver.init(residual, y_P, None, {}, residual_struct_N, None, tags)
    )(starts_RP)
    arrays, static = eqx.partition(initial, eqx.is_array)

    def unfinished(carry: tuple[jax.Array, Any]) -> jax.Array:
        vector_P, arrays = carry
        state = eqx.combine(arrays, static)
        done, result = solver.terminate(residual, vector_P, None, {}, state, tags)
        return ~done & (result == optimistix.RESULTS.successful)

    def step(carry: tuple[jax.Array, Any]) -> tuple[jax.Array, Any]:
        vector_P, arrays = carry
        state = eqx.combine(arrays, static)
        new_P, new_state, _ = solver.step(residual, vector_P, None, {}, state, tags)
        return new_P, eqx.filter(new_state, eqx.is_array)

    def advance_one(carry: tuple[jax.Array, Any], count: jax.Array) -> tuple[jax.Array, Any]:
        _, carry = jax.lax.while_loop(
            lambda loop: (loop[0] < count) & unfinished(loop[1]),
            lambda loop: (loop[0] + 1, step(loop[1])),
            (0, carry),
        )
        return carry

    @jax.jit
    def advance(carry: tuple[jax.Array, Any], count: int) -> tuple[jax.Array, Any, jax.Array]:
        carry = jax.lax.map(lambda one: advance_one(one, count), carry)
        return *carry, jax.vmap(unfinished)(carry).any()

    return arrays, advance


def main() -> None:
    arguments = parse_arguments(__doc__ or "", steps=200)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    problem = load_problem(arguments)
    nodes_ND = jnp.asarray(problem.nodes_ND)
    root_weights_N = jnp.sqrt(jnp.asarray(problem.weights_N / problem.weights_N.sum()))
    values_N = jnp.asarray(problem.values_N)
    fine_nodes_FD = jnp.asarray(problem.fine_nodes_FD)
    starts_RP = jnp.asarray(problem.starts_RP)

    def residual(vector_P: jax.Array, args: None) -> tuple[jax.Array, None]:
        return root_weights_N * (mixture(vector_P, nodes_ND) - values_N), None

    arrays, advance = stepper(residual, starts_RP)

    def advance_all(parts: list[Any], count: int) -> tuple[list[Any], bool]:
        """Each part of the restarts on a thread of its own; whether any is unfinished."""
        ends = list(pool.map(lambda part: jax.block_until_ready(advance(part, count)), parts))
        return [end[:2] for end in ends], any(bool(end[2]) for end in ends)

    predict = jax.jit(jax.vmap(mixture, in_axes=(0, None)))

    def fine_errors() -> FloatArray:
        vector_RP = jnp.concatenate([vector_RP for vector_RP, _ in parts])
        return relative_l2(problem, predict(vector_RP, fine_nodes_FD))

    splits = np.array_split(np.arange(len(starts_RP)), min(arguments.threads, len(starts_RP)))
    parts = [jax.tree.map(lambda x, i=lanes: x[i], (starts_RP, arrays)) for lanes in splits]

    trajectory = Trajectory()
    done = 0
    with ThreadPoolExecutor(arguments.threads) as pool:
        begun = time.perf_counter()
        advance_all(parts, 1)
        cold_seconds = time.perf_counter() - begun

        trajectory.resume()
        for iteration in sample_iterations(arguments.steps):
            parts, any_unfinished = advance_all(parts, iteration - done)
            done = iteration
            trajectory.sample(iteration, fine_errors)
            if not any_unfinished:
                break
        trajectory.pause()

    print_result(
        arguments,
        peer="optimistix_lm",
        version=f"optimistix {optimistix.__version__}, jax {jax.__version__}",
        mode=f"jit, restarts looped over, {len(parts)} part(s) side by side",
        iterations=done,
        cold_seconds=cold_seconds,
        together=trajectory,
    )


if __name__ == "__main__":
    main()
