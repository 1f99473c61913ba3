"""numpy, kept to one core: the others belong to the rooms.

Its threads spin while they wait for each other. On a machine of two cores that has something else
to do, two of them need five times as long as one.
"""

from __future__ import annotations

import os

# It looks there when it is loaded, and nowhere else; whoever has set it knows better.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 - it is numpy's setting, not one of ours

import numpy as np  # noqa: E402 - not before that
from numpy.typing import NDArray  # noqa: E402

__all__ = ["NDArray", "np"]
