"""What every test shares: a repeatable Hypothesis and a JAX that runs on the CPU."""

from __future__ import annotations

import os

# JAX reads its settings when it is first imported, and every worker imports this file first. Tests take the CPU, also
# where there is a GPU: `bitwindow doctor` is what checks a device.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

from hypothesis import HealthCheck, settings

# Derandomized: a run that passes passes again, and a failure is the same for everyone. No deadline: a slow machine or a
# first compilation is no failure.
settings.register_profile(
    "bitwindow", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bitwindow")
