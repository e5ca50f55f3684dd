"""Servers to compare with: a fast way to serve the same predictor, and the least that a server can do."""
