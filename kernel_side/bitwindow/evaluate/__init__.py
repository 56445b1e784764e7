"""From outputs to figures: metrics, intervals and the report."""
