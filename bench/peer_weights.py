# SPDX-License-Identifier: MIT
"""Ridge weights with an exactly zero diagonal, J = J_uc - D A with
K = Phi^T Phi/N + M lambda I, J_uc = X K^-1 Phi^T/N, A = I - Phi K^-1 Phi^T/N:
by the definition (two N x N x M products), by one product, and by one product after
keeping only the Fourier coefficients that matter."""
import sys

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from peer_common import serve, take

N, M, LAMBDA = 2500, 500, 1e-8
folder = sys.argv[1]
x, phi = take(folder, "x", N, M), take(folder, "phi", N, M)
J = np.empty((N, N))
diagonal = np.arange(N)


def weights(x, phi, ridge):
    """One product: J = (X + D Phi) K^-1 Phi^T/N - diag(D)."""
    K = phi.T @ phi / N
    K[np.diag_indices_from(K)] += ridge
    Y = cho_solve(cho_factor(K, overwrite_a=True, check_finite=False), phi.T,
                  check_finite=False)
    Y /= N
    d = np.einsum("im,mi->i", x, Y) / (1 - np.einsum("im,mi->i", phi, Y))
    np.matmul(x + d[:, None] * phi, Y, out=J)
    J[diagonal, diagonal] = 0


def one_product():
    weights(x, phi, M * LAMBDA)


def definition():
    K = phi.T @ phi / N
    K[np.diag_indices_from(K)] += M * LAMBDA
    Y = cho_solve(cho_factor(K, check_finite=False), phi.T, check_finite=False) / N
    A = phi @ Y
    np.negative(A, out=A)
    A[diagonal, diagonal] += 1
    np.matmul(x, Y, out=J)
    d = J[diagonal, diagonal] / A[diagonal, diagonal]
    A *= d[:, None]
    np.subtract(J, A, out=J)
    J[diagonal, diagonal] = 0


def banded():
    """What a NumPy user gets who knows that the curves are smooth."""
    cx, cphi = np.fft.rfft(x) / M, np.fft.rfft(phi) / M
    tail = np.cumsum(np.mean(np.abs(cphi[:, ::-1])**2, axis=0))[::-1]
    h = max(1, int(np.argmax(tail < 1e-12 * LAMBDA)) or M // 2)
    real = [np.hstack([c[:, :1].real, np.sqrt(2) * c[:, 1:h].real, np.sqrt(2) * c[:, 1:h].imag])
            for c in (cx, cphi)]
    weights(*real, LAMBDA)


def save():
    J.tofile(f"{folder}/j")


serve({"one_product": one_product, "definition": definition, "banded": banded, "save": save})
