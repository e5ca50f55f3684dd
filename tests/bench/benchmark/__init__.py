"""Measures the application against the workshop and against peers, in one run."""
