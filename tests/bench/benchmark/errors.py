"""Errors for people."""


class BenchmarkError(Exception):
    """The benchmark cannot go on; the message is a sentence that says why and what to do."""
