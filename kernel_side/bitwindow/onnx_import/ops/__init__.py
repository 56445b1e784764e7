"""The operators, by family: each is one function over NumPy or JAX arrays."""
