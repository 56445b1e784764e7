"""Which quantizers live in this process, so that a front end can list them."""
