"""n-grams as integers.

A token id takes 21 bits, so that up to three of them fit one positive 64-bit integer, first token highest.
Ids start at 1: a key of one token is below 2^21, a key of two is not, so keys of all orders are distinct.
"""

import numpy as np
from numpy.typing import NDArray

TOKEN_BITS = 21
UNKNOWN = (1 << TOKEN_BITS) - 1
"""The id of every token outside the vocabulary; no n-gram of a vocabulary contains it."""

MAX_TOKENS = UNKNOWN - 1
MAX_ORDER = 63 // TOKEN_BITS

Keys = NDArray[np.int64]


def ngram_keys(token_ids: Keys, order: int) -> Keys:
    """Return the keys of all n-grams of one order.

    Args:
        token_ids: Token ids of one text, shape (n,), each in 1..UNKNOWN.
        order: Number of tokens per n-gram, 1 to MAX_ORDER.

    Returns:
        Keys in order of appearance, shape (max(n - order + 1, 0),).
    """
    count = max(len(token_ids) - order + 1, 0)
    keys = token_ids[:count]
    for offset in range(1, order):
        keys = (keys << TOKEN_BITS) | token_ids[offset : offset + count]
    return keys


def ngrams_up_to(token_ids: Keys, max_order: int) -> Keys:
    """Return the keys of all n-grams of orders 1 to `max_order`, one order after the other."""
    keys = [token_ids]
    for order in range(2, max_order + 1):
        keys.append((keys[-1][:-1] << TOKEN_BITS) | token_ids[order - 1 :])
    return np.concatenate(keys)


def key_tokens(key: int) -> list[int]:
    """Return the token ids of a key, first token first."""
    tokens: list[int] = []
    while key:
        tokens.append(key & UNKNOWN)
        key >>= TOKEN_BITS
    return tokens[::-1]
