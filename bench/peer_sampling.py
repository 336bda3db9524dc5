# SPDX-License-Identifier: MIT
"""Gaussian-process currents and erf rates: only the harmonics that a double can see,
outputs and constants prepared beforehand, everything in place."""
import sys

import numpy as np
from scipy.special import erf

from peer_common import serve

N, M, SIGMA, BETA = 2500, 500, 1.4211, 2.7659
H = int(sys.argv[1])
n = np.arange(H + 1)
sd = np.sqrt(np.exp(-n**2 / (2 * SIGMA**2)) / (np.sqrt(2 * np.pi) * SIGMA))
theta = 2 * np.pi * np.arange(M) / M
basis = np.vstack([sd[:1, None] * np.ones(M),
                   np.sqrt(2) * sd[1:, None] * np.cos(n[1:, None] * theta),
                   np.sqrt(2) * sd[1:, None] * np.sin(n[1:, None] * theta)])
gain = BETA * np.sqrt(np.pi) / 2
rng = np.random.Generator(np.random.SFC64(1))
c = np.empty((N, 2 * H + 1))
half = np.zeros((N, M // 2 + 1), complex)
scale = np.concatenate([M * sd[:1], M / np.sqrt(2) * np.repeat(sd[1:], 2)])
current, rate = np.empty((N, M)), np.empty((N, M))


def rates(x):
    np.multiply(x, gain, out=rate)
    erf(rate, out=rate)
    np.add(rate, 1, out=rate)


def matmul():
    rng.standard_normal(out=c)
    np.matmul(c, basis, out=current)
    rates(current)


def irfft():
    rng.standard_normal(out=c)
    np.multiply(c, scale, out=c)
    half[:, 0] = c[:, 0]
    half.real[:, 1:H + 1] = c[:, 1::2]
    half.imag[:, 1:H + 1] = c[:, 2::2]
    rates(np.fft.irfft(half, M))


serve({"matmul": matmul, "irfft": irfft})
