# SPDX-License-Identifier: MIT
"""Diagnosis of a ring network by dense linear algebra: each function is one angle, or one
matrix, of what the whole diagnosis needs many times."""
import sys

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from peer_common import serve, take

N = 2500
folder = sys.argv[1]
J = take(folder, "j", N, N)
slope, tangent, residual = take(folder, "slope", N), take(folder, "tangent", N), take(folder, "residual", N)
found = np.zeros(3)


def jacobian():
    A = J * slope
    A[np.diag_indices(N)] -= 1
    return A


def drift():
    """Left eigenvector of the mode nearest 0 by inverse iteration: drift and diffusion."""
    factors = lu_factor(jacobian(), overwrite_a=True, check_finite=False)
    z = tangent / np.linalg.norm(tangent)
    for _ in range(4):
        z = lu_solve(factors, z, trans=1, check_finite=False)
        z /= np.linalg.norm(z)
    z /= z @ tangent
    found[0], found[1] = -(z @ residual), 0.5 * (z @ z)


def gap():
    """The largest real part but for the mode nearest 0."""
    e = np.linalg.eigvals(jacobian())
    found[2] = np.delete(e, np.argmin(abs(e))).real.max()


def spectrum():
    np.linalg.eigvals(J)


def singular():
    np.linalg.svd(J, compute_uv=False)


def save():
    found.tofile(f"{folder}/found")


serve({"drift": drift, "gap": gap, "spectrum": spectrum, "singular": singular, "save": save})
