"""Certificates made by float64 quadrature and eigenvalues, without the writer or the checker.

Nothing here is rigorous: each certificate states what it states, and the checker decides.
"""

import hashlib
import itertools
import json
import math

import numpy as np

from expressivity.symbolic.enclosure import binary

ALL = ["id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh"]
TARGET = "tanh(2*x1)*relu(x2)"


def half_plane(x1, x2):
    return np.tanh(2 * x1) * np.maximum(x2, 0)


def seal(document):
    document = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return document | {"digest": hashlib.sha256(text.encode()).hexdigest()}


def to_hex(value):
    if isinstance(value, dict):
        return {name: to_hex(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_hex(entry) for entry in value]
    return binary(float(value))


def polar_grid():
    rule, weights = np.polynomial.legendre.leggauss(60)
    radius, radius_weights = (rule + 1) / 2, weights / 2
    quadrant = (rule + 1) * math.pi / 4
    phi = np.concatenate([quadrant + q * math.pi / 2 for q in range(4)])
    return radius, phi, np.outer(radius_weights * radius, np.tile(weights * math.pi / 4, 4))


def zernike_moments(f, degree):
    radius, phi, weights = polar_grid()
    values = f(np.outer(radius, np.cos(phi)), np.outer(radius, np.sin(phi)))
    moments = {}
    for k in range(-degree, degree + 1):
        angular = (values * weights * np.exp(-1j * k * phi)).sum(1)
        for n in range(abs(k), degree + 1, 2):
            p, q = (n + abs(k)) // 2, (n - abs(k)) // 2
            radial = sum(
                (-1) ** s
                * (math.factorial(n - s) // math.factorial(p - s) // math.factorial(q - s))
                / math.factorial(s)
                * radius ** (n - 2 * s)
                for s in range(q + 1)
            )
            moments[n, k] = (n + 1) / math.pi * (angular * radial).sum()
    return moments, (values**2 * weights).sum()


def gram(moments, degree, rows):
    G = np.zeros((rows, rows), complex)
    for n in range(rows - 1, degree + 1):
        columns = n + 2 - rows
        hankel = np.array(
            [[moments[n, -n + 2 * (i + j)] for j in range(columns)] for i in range(rows)]
        )
        G += math.pi / ((n + 1) * min(rows, columns)) * hankel @ hankel.conj().T
    return G


def claim(value, method):
    return {"l2": {"value": value, "evidence": "certified", "method": method, "relative": True}}


PLAIN = {"constraint": "free", "groups": 1, "outputs": 1}
"""What every family of a certificate says in these fields."""


def family(kind="la", form="type1", width=1, gate=None, dictionary=ALL, bias=True):
    return {
        "kind": kind,
        "form": form,
        "width": width,
        "gate": gate,
        "activation": dictionary[0] if kind == "fixed" else None,
        "dictionary": dictionary,
        "bias": bias,
        **PLAIN,
    }


def certificate(expression, domain, of, *, lower=None, upper=None, schema=2, **data):
    return seal(
        {
            "schema": f"expressivity.certificate/{schema}",
            "target": {"name": "t", "expression": expression},
            "domain": domain,
            "family": of,
            "lower_bound": lower,
            "upper_bound": upper,
            "data": data,
        }
    )


def lower_certificate(expression, f, form="type1", width=1, degree=20):
    """The claim lies below the truth by a few units of its eighth digit."""
    moments, norm2 = zernike_moments(f, degree)
    rank = width * (2 if form == "one_sided" else 1)
    spectra = {p: np.linalg.eigh(gram(moments, degree, p)) for p in range(rank + 1, degree + 2)}
    rows = max(spectra, key=lambda p: spectra[p][0][: p - rank].sum())
    eigenvalues, vectors = spectra[rows][0][::-1], spectra[rows][1][:, ::-1]
    # Both margins keep float64 rounding from spoiling definiteness; they cost 1e-12 of the bound.
    shift = max(eigenvalues[rank], 0) + 1e-13
    factor = vectors[:, :rank] * np.sqrt(np.maximum(eigenvalues[:rank] - shift, 0) + 1e-13)
    tau = eigenvalues.sum() - rank * shift - (abs(factor) ** 2).sum()
    value = math.floor(math.sqrt(tau / norm2) * 1e8 - 2) / 1e8
    return certificate(
        expression,
        "disk",
        family(form=form, width=width),
        lower=claim(f"{value:.8f}", "ridge-rank"),
        ridge_rank={
            "degree": degree,
            "rank": rank,
            "row_weights": [1] * rows,
            "column_weights": [[1] * count for count in range(1, degree + 3 - rows)],
            "shift": to_hex(shift),
            "factor": [[[to_hex(b.real), to_hex(b.imag)] for b in row] for row in factor],
        },
    )


def exact_network(slope=2.0, scale=1.0):
    """A width-1 moa network with tanh gates: scale tanh(slope x1) relu(x2)."""
    u = np.zeros((7, 3))
    u[1] = slope, 0, 0
    one_hot = [0.0, scale, 0, 0, 0, 0, 0]
    return {"w": [[0, 1, 0]], "u0": u, "a": [1], "scale0": one_hot}


TANH_GATE = {"name": "tanh", "scale": True, "bias": True}


def upper_certificate(value, network, expression=TARGET, domain="disk", **of):
    of = {"kind": "moa", "gate": TANH_GATE} | of
    upper = claim(value, "network-error")
    return certificate(expression, domain, family(**of), upper=upper, network=to_hex(network))


def span_distance(moments, degree, angles):
    """Of the moments to sums of ridges in these directions: least squares, degree by degree."""
    total = 0
    for n in range(degree + 1):
        k = np.arange(-n, n + 1, 2)
        f = np.array([moments[n, j] for j in k])
        basis = np.exp(-1j * np.outer(k, angles))
        remainder = f - basis @ np.linalg.lstsq(basis, f, rcond=1e-11)[0]
        total += math.pi / (n + 1) * (abs(remainder) ** 2).sum()
    return total


def search_minimum(f, width, degree):
    """The relative minimum, in float64: the best of a grid, refined by shrinking grids."""
    moments, norm2 = zernike_moments(f, degree)
    best, centre, reach = math.inf, np.zeros(width), math.pi / 2
    for _ in range(7):
        axes = [c + reach * np.linspace(-1, 1, 13) for c in centre]
        for angles in itertools.product(*axes):
            distance = span_distance(moments, degree, np.array(angles))
            if distance < best:
                best, centre = distance, np.array(angles)
        reach /= 3
    return math.sqrt(best / norm2)


def search_certificate(value, width, degree, expression=TARGET, **of):
    return certificate(
        expression,
        "disk",
        family(width=width, **of),
        lower=claim(value, "ridge-search"),
        ridge_search={"degree": degree, "rank": width},
    )
