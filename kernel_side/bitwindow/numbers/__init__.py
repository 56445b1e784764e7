"""Fixed-point numbers: types, modes, and the one cast that rounds, saturates and wraps."""
