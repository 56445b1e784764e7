"""The panel: the MSB heat map with a bit window on every row, and the controls around it."""
