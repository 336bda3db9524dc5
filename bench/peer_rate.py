# SPDX-License-Identifier: MIT
"""SciPy's error function over an array."""
import numpy as np
from scipy.special import erf

from peer_common import serve

x = np.random.default_rng(1).uniform(-6, 6, 1 << 18)
y = np.empty_like(x)
serve({"scipy": lambda: erf(x, out=y)})
