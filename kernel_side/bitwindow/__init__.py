"""bitwindow: see what fixed point does to a neural network, and change it by hand."""
