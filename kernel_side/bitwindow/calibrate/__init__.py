"""Streaming calibration: from batches of data to one spectrum per site."""
