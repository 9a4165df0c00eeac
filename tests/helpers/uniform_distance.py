"""The uniform distance of values to a linear space, in floats."""

import numpy as np
from scipy.optimize import linprog


def distance(value_U, columns_UC):
    """On the points, by a linear program."""
    basis_UC = np.linalg.qr(columns_UC)[0]
    ones_U1 = -np.ones((len(value_U), 1))
    rows = np.vstack([np.hstack([basis_UC, ones_U1]), np.hstack([-basis_UC, ones_U1])])
    goal = np.append(np.zeros(basis_UC.shape[1]), 1.0)
    free = [(None, None)] * len(goal)
    return linprog(goal, A_ub=rows, b_ub=np.append(value_U, -value_U), bounds=free).fun
