"""A model: a JAX function, its parameters and an example input, and the front ends that make one."""
