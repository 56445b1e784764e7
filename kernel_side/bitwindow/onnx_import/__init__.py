"""The ONNX importer: reads a file that nothing vouches for, and gives a model in JAX whose layers are recognizable."""
