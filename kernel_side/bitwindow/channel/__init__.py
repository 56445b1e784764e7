"""The kernel's end of what JupyterLab knows of quantizers: a comm that lists them and does what its user asks."""
