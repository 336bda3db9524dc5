# SPDX-License-Identifier: MIT
"""Euler steps of rate dynamics with dense weights, and with the factors of J; all in
place."""
import sys

import numpy as np
from scipy.special import erf

from peer_common import serve, take

N, STEPS, BETA, A = 2500, 1000, 2.7659, 0.1
folder = sys.argv[1]
start = take(folder, "start", -1, N)
JT = take(folder, "j", N, N).T
right_t = take(folder, "right", -1, N).T
left_t = take(folder, "left", N, -1).T
diagonal = take(folder, "diagonal", N)
gain = BETA * np.sqrt(np.pi) / 2
x, phi, h, v = (np.empty_like(start) for _ in range(4))
u = np.empty((len(start), left_t.shape[0]))


def run(drive):
    x[:] = start
    for _ in range(STEPS):
        np.multiply(x, gain, out=phi)
        erf(phi, out=phi)
        np.add(phi, 1, out=phi)
        drive()
        np.subtract(h, x, out=h)
        np.multiply(h, A, out=h)
        np.add(x, h, out=x)


def dense_drive():
    np.matmul(phi, JT, out=h)


def factored_drive():
    np.matmul(phi, right_t, out=u)
    np.matmul(u, left_t, out=h)
    np.multiply(phi, diagonal, out=v)
    np.subtract(h, v, out=h)


def save():
    x.tofile(f"{folder}/x")


serve({"dense": lambda: run(dense_drive), "factored": lambda: run(factored_drive), "save": save})
