"""The spectrum: the small mergeable statistic that answers every window exactly."""
