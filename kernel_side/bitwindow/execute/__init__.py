"""The bit-true execution of a network, layer by layer."""
