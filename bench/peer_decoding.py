# SPDX-License-Identifier: MIT
"""Poisson decoding: one product per 500 bins into a buffer that is kept, then argmax."""
import sys

import numpy as np

from peer_common import serve, take

T, N, SIDE, CHUNK, WINDOW, FLOOR = 100000, 120, 100, 500, 0.25, 1e-3
P = SIDE * SIDE
folder = sys.argv[1]
counts, rate = take(folder, "counts", T, N), take(folder, "rate", N, P)
weight = np.log(WINDOW * (rate + FLOOR))
offset = -WINDOW * rate.sum(0)
score = np.empty((CHUNK, P))
best = np.empty(T, int)


def products():
    for t in range(0, T, CHUNK):
        np.matmul(counts[t:t + CHUNK], weight, out=score)


def decode():
    for t in range(0, T, CHUNK):
        np.matmul(counts[t:t + CHUNK], weight, out=score)
        np.add(score, offset, out=score)
        np.argmax(score, axis=1, out=best[t:t + CHUNK])


def keep():
    decode()
    x = np.stack([best // SIDE, best % SIDE], 1)
    ((x + 0.5) / SIDE).tofile(f"{folder}/positions")


serve({"decode": decode, "products": products, "keep": keep})
