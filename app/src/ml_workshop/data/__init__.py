"""Data sets of texts with labels."""
