"""Errors with a message for the user."""


class BenchmarkError(Exception):
    """The benchmark cannot continue; the message has the reason and the remedy."""
