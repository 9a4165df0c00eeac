"""JAX and optax: Adam on all restarts at once under vmap and jit.

Shape letters as in common.py.
"""

import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
from common import (
    LEAKY_SLOPE,
    Trajectory,
    load_problem,
    parse_arguments,
    print_result,
    relative_l2,
    sample_iterations,
    split_parameters,
)

LEARNING_RATE = 1e-2


def mixture(vector_P: jax.Array, x_ND: jax.Array) -> jax.Array:
    """The width-1 mixture of activations of common.py, for one restart; shape (N,)."""
    w_D, b, u_KD, e_K, a, scale_K = split_parameters(vector_P)
    z_N = x_ND @ w_D + b
    relu_N = jax.nn.relu(z_N)
    s_NK = jnp.stack(
        [
            z_N,
            relu_N,
            relu_N**2,
            jax.nn.leaky_relu(z_N, LEAKY_SLOPE),
            jax.nn.gelu(z_N, approximate=False),
            jax.nn.silu(z_N),
            jnp.tanh(z_N),
        ],
        axis=-1,
    )
    gates_NK = scale_K * jnp.tanh(x_ND @ u_KD.T + e_K)
    return a * (gates_NK * s_NK).sum(axis=-1)


def main() -> None:
    arguments = parse_arguments(__doc__ or "", steps=3000)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    problem = load_problem(arguments)
    nodes_ND = jnp.asarray(problem.nodes_ND)
    weights_N = jnp.asarray(problem.weights_N / problem.weights_N.sum())
    values_N = jnp.asarray(problem.values_N)
    fine_nodes_FD = jnp.asarray(problem.fine_nodes_FD)
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, arguments.steps))

    def loss(vector_P: jax.Array) -> jax.Array:
        return (weights_N * (mixture(vector_P, nodes_ND) - values_N) ** 2).sum()

    def step(_: int, carry: tuple[jax.Array, Any]) -> tuple[jax.Array, Any]:
        vector_RP, state = carry
        gradient_RP = jax.vmap(jax.grad(loss))(vector_RP)
        # Adam acts entry by entry: one optimizer on (R, P) is R optimizers side by side
        update_RP, state = optimizer.update(gradient_RP, state)
        return vector_RP + update_RP, state

    @jax.jit
    def advance(carry: tuple[jax.Array, Any], count: int) -> tuple[jax.Array, Any]:
        # a loop of traced length, so that chunks of every length share one compilation
        return jax.lax.fori_loop(0, count, step, carry)

    predict = jax.jit(jax.vmap(mixture, in_axes=(0, None)))
    starts_RP = jnp.asarray(problem.starts_RP)
    carry = (starts_RP, optimizer.init(starts_RP))

    begun = time.perf_counter()
    jax.block_until_ready(advance(carry, 1))
    cold_seconds = time.perf_counter() - begun

    trajectory = Trajectory()
    trajectory.resume()
    done = 0
    for iteration in sample_iterations(arguments.steps):
        carry = jax.block_until_ready(advance(carry, iteration - done))
        done = iteration
        vector_RP = carry[0]
        trajectory.sample(
            iteration, lambda p_RP=vector_RP: relative_l2(problem, predict(p_RP, fine_nodes_FD))
        )
    trajectory.pause()
    print_result(
        arguments,
        peer="jax_adam",
        version=f"jax {jax.__version__}, optax {optax.__version__}",
        mode="jit, all restarts under vmap",
        iterations=arguments.steps,
        cold_seconds=cold_seconds,
        together=trajectory,
    )


if __name__ == "__main__":
    main()
