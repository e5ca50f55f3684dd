"""A small data set of made-up film reviews, for places where no other can be reached."""
