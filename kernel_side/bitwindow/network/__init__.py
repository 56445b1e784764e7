"""The traced network: layers, sites and values, read from a jaxpr."""
