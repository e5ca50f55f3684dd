"""Conversion of reviews to integers: tokens, n-gram keys, vocabulary."""
