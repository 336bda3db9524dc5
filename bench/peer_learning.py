# SPDX-License-Identifier: MIT
"""Presentations of the delta rule with decay, dense J in place: an outer product per step, and
the same by BLAS; targets of all presentations are made once, by products."""
import sys

import numpy as np
from scipy.linalg.blas import dgemv, dger

from peer_common import serve, take

N, TAU_ETA, DECAY = 1000, 0.1, 1e-3
folder = sys.argv[1]
cx, cphi = take(folder, "x", N, -1), take(folder, "phi", N, -1)
theta = take(folder, "theta", -1)
eta = TAU_ETA / np.sum(cphi**2)


def basis(r):
    k = np.arange(1, (r + 1) // 2)
    b = np.ones((len(theta), r))
    b[:, 1::2] = np.sqrt(2) * np.cos(np.outer(theta, k))
    b[:, 2::2] = np.sqrt(2) * np.sin(np.outer(theta, k))
    return b


J = np.zeros((N, N))
JF = np.zeros((N, N), order="F")


def targets():
    return basis(cx.shape[1]) @ cx.T, basis(cphi.shape[1]) @ cphi.T


def loop():
    xs, ps = targets()
    for x, p in zip(xs, ps):
        e = x - J @ p
        np.multiply(J, 1 - eta * DECAY, out=J)
        J[:] += np.outer(eta * e, p)
        np.fill_diagonal(J, 0)


def blas():
    global JF
    xs, ps = targets()
    for x, p in zip(xs, ps):
        e = x - dgemv(1.0, JF, p)
        JF *= 1 - eta * DECAY
        JF = dger(eta, e, p, a=JF, overwrite_a=1)
        np.fill_diagonal(JF, 0)


def save():
    J.tofile(f"{folder}/j")


serve({"loop": loop, "blas": blas, "save": save})
