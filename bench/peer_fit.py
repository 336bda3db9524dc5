# SPDX-License-Identifier: MIT
"""Rate covariance of the normalised softplus process: the harmonics that a double can see,
draws and bases prepared, everything in place, the stable softplus in four passes."""
import numpy as np

from peer_common import serve

N, M, HAT, SIGMA, BETA, B = 20000, 96, 20, 1.42, 2.77, 1.73
H = int(np.ceil(2 * SIGMA * np.sqrt(12 * np.log(10))))
n = np.arange(H + 1)
sd = np.sqrt(np.exp(-n**2 / (2 * SIGMA**2)) / (np.sqrt(2 * np.pi) * SIGMA))
theta = 2 * np.pi * np.arange(M) / M
waves = n[1:, None] * theta
synthesis = np.vstack([sd[:1, None] * np.ones(M), np.sqrt(2) * sd[1:, None] * np.cos(waves),
                       np.sqrt(2) * sd[1:, None] * np.sin(waves)])
k = np.arange(HAT)[:, None] * theta
analysis = np.vstack([np.cos(k), np.sin(k[1:])]).T / M
z = np.random.default_rng(1).standard_normal((N, 2 * H + 1))
x, t = np.empty((N, M)), np.empty((N, M))
c = np.empty((N, 2 * HAT - 1))


def rates():
    np.matmul(z, synthesis, out=x)
    np.subtract(x, B, out=x)
    np.multiply(x, BETA, out=x)
    np.abs(x, out=t)
    np.negative(t, out=t)
    np.exp(t, out=t)
    np.log1p(t, out=t)
    np.maximum(x, 0, out=x)
    np.add(x, t, out=x)


def matmul():
    rates()
    np.matmul(x, analysis, out=c)
    p = (c / c[:, :1]) ** 2
    hat = p.mean(0)
    hat[1:HAT] += hat[HAT:]
    return hat[:HAT]


def rfft():
    rates()
    f = np.fft.rfft(x)[:, :HAT] / x.sum(1)[:, None]
    return (f.real**2 + f.imag**2).mean(0)


assert np.allclose(matmul(), rfft())
serve({"matmul": matmul, "rfft": rfft})
