"""From a review to integers: tokens, n-gram keys, vocabulary."""
