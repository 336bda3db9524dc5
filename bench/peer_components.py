# SPDX-License-Identifier: MIT
"""Pieces at all thresholds by scipy.ndimage.label, one threshold after the other; Euler
characteristic by counting points, edges and squares in NumPy.  Maps go round over as many
processes as the other side has threads."""
import multiprocessing
import sys

import numpy as np
from scipy.ndimage import label

from peer_common import serve, take

folder, threads = sys.argv[1].split()
SIDE, LEVELS = 512, 20
maps = np.fromfile(f"{folder}/values").reshape(-1, SIDE, SIDE)
level = take(folder, "level", LEVELS)


def count(k):
    return [label(maps[k] >= u)[1] for u in level]


def chi(k):
    out = []
    for u in level:
        s = maps[k] >= u
        row = s[1:] & s[:-1]
        out.append(np.count_nonzero(s) - np.count_nonzero(row)
                   - np.count_nonzero(s[:, 1:] & s[:, :-1])
                   + np.count_nonzero(row[:, 1:] & row[:, :-1]))
    return out


def both(k):
    return count(k), chi(k)


with multiprocessing.Pool(int(threads)) as pool:
    def run_label():
        np.array(pool.map(count, range(len(maps)), 1), float).tofile(f"{folder}/count")

    def run_both():
        a, b = zip(*pool.map(both, range(len(maps)), 1))
        np.array(a, float).tofile(f"{folder}/count")
        np.array(b, float).tofile(f"{folder}/chi")

    serve({"label": run_label, "both": run_both})
