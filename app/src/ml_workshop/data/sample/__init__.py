"""A small data set of made-up film reviews, for places where no other can be reached.

Each row was composed of phrases written for it; none is anybody's. The test rows use films, people and a
share of the judgements that no training row uses, and many rows carry praise or blame against their label.
"""
