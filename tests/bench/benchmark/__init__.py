"""Measures the application against the workshop's way and against peers, in one run."""
