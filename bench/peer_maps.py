# SPDX-License-Identifier: MIT
"""200 maps on 512 x 512 by circulant embedding with the same padding, two real maps per
complex transform, in SciPy's FFT with as many threads: roots of the spectrum prepared,
normals from SFC64 (a generator per thread), drawn in place.  `band`: only the waves that
carry more than 1e-13 of the variance, transformed along one axis after the other."""
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.fft as sf

from peer_common import serve

KERNEL, THREADS = sys.argv[1].split()
THREADS = int(THREADS)
SIDE, LENGTH, MAPS, BATCH = 512, 16, 200, 4
PAD = {"gaussian": 6 * LENGTH, "matern52": 14 * LENGTH}[KERNEL]
P = sf.next_fast_len(SIDE + PAD)
d = np.minimum(np.arange(P), P - np.arange(P)) / LENGTH
q = np.hypot(d[:, None], d[None, :])
if KERNEL == "gaussian":
    r = np.exp(-q * q / 2)
else:
    s = np.sqrt(3) * q
    r = (1 + s + s * s / 3) * np.exp(-s)
root = np.sqrt(np.maximum(sf.fft2(r).real, 0)) * P   # ifft2 divides by P^2
out = np.empty((MAPS, SIDE, SIDE))
rngs = [np.random.Generator(np.random.SFC64(k)) for k in range(THREADS)]
pool = ThreadPoolExecutor(THREADS)
z = np.empty((BATCH, P, P), complex)


def draw(k, part):
    rngs[k].standard_normal(out=part)


def normals(z):
    flat = z.view(float).reshape(-1)
    parts = np.array_split(flat, THREADS)
    list(pool.map(draw, range(THREADS), parts))


def maps():
    for first in range(0, MAPS, 2 * BATCH):
        normals(z)
        np.multiply(z, root, out=z)
        f = sf.ifft2(z, workers=THREADS, overwrite_x=True)
        at = first
        out[at:at + BATCH] = f.real[:, :SIDE, :SIDE]
        out[at + BATCH:at + 2 * BATCH] = f.imag[:, :SIDE, :SIDE]


share = (root * root).sum(axis=0)
share /= share.sum()
top = P // 2
left = 0.0
while top > 0 and left + 2 * share[top] < 1e-13 / 3:
    left += 2 * share[top]
    top -= 1
B = min(2 * top + 1, P)
index = np.r_[0:(B + 1) // 2, P - B // 2:P]
small = root[np.ix_(index, index)]
zb = np.empty((BATCH, B, B), complex)
wide = np.zeros((BATCH, B, P), complex)
tall = np.zeros((BATCH, P, SIDE), complex)


def band():
    for first in range(0, MAPS, 2 * BATCH):
        normals(zb)
        np.multiply(zb, small, out=zb)
        wide[:, :, index] = zb
        tall[:, index] = sf.ifft(wide, workers=THREADS)[:, :, :SIDE]
        f = sf.ifft(tall, axis=1, workers=THREADS)[:, :SIDE]
        at = first
        out[at:at + BATCH] = f.real
        out[at + BATCH:at + 2 * BATCH] = f.imag


serve({"maps": maps, "band": band})
