"""n-grams as integers, and a hash table of them.

A token id takes 21 bits, so that up to three of them fit one positive 64-bit integer, first token highest.
Ids start at 1: a key of one token is below 2^21, a key of two is not, so keys of all orders are distinct.

The table is a cuckoo hash (Pagh and Rodler 2004): each key is in one of two slots, so a look-up is the same
few numpy calls for any number of keys. A binary search takes 17 steps for 100,000 keys, mostly cache misses.
"""

import numpy as np
from numpy.typing import NDArray

TOKEN_BITS = 21
UNKNOWN = (1 << TOKEN_BITS) - 1
"""The id of every token outside the vocabulary; no n-gram of a vocabulary contains it."""

MAX_TOKENS = UNKNOWN - 1
MAX_ORDER = 63 // TOKEN_BITS

Keys = NDArray[np.int64]

# Odd 64-bit constants of multiplicative hashing; the high bits of the product are the slot.
_MULTIPLIERS = np.array([[0x9E3779B97F4A7C15], [0xC2B2AE3D27D4EB4F]], np.uint64)
_ROUNDS = 100
"""Building takes about 16 rounds; if it takes more than this the table is too small."""


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


class Lookup:
    """Finds keys in a sorted array of keys; read-only, so safe to share between threads."""

    def __init__(self, keys: Keys) -> None:
        """Build the table: 3 MB and 15 ms for 100,000 keys.

        Args:
            keys: Keys, ascending, each once, at least one, shape (n,).
        """
        bits = max(int(np.ceil(np.log2(2.5 * len(keys)))), 1)
        while not self._fill(keys, bits):
            bits += 1

    def present(self, keys: Keys) -> NDArray[np.int32]:
        """Return the positions of those keys that are there.

        Args:
            keys: Keys to look up, shape (m,).

        Returns:
            Positions in the sorted array, ascending, each once.
        """
        slots = self._slots(keys)
        # `compress` takes half the time of an index of booleans.
        found = slots.compress((self._keys.take(slots) == keys).ravel())
        positions: NDArray[np.int32] = self._positions.take(found)
        positions.sort()
        first = np.empty(len(positions), np.bool_)
        first[:1] = True
        np.not_equal(positions[1:], positions[:-1], out=first[1:])
        present: NDArray[np.int32] = positions.compress(first)
        return present

    def matches(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the places of those keys that are there, and for each its position in the sorted array."""
        slots = self._slots(keys)
        equal = self._keys.take(slots) == keys
        places = equal.any(axis=0).nonzero()[0]
        found = slots[1 - equal[0, places].astype(np.intp), places]
        positions: NDArray[np.int32] = self._positions.take(found)
        return places, positions

    def _slots(self, keys: Keys) -> NDArray[np.int64]:
        """Return both slots of each key, shape (2, m)."""
        slots = keys.view(np.uint64) * _MULTIPLIERS
        slots >>= self._shift
        return slots.view(np.int64)

    def _fill(self, keys: Keys, bits: int) -> bool:
        """Put all keys into a table of 2 ** bits slots, if there is room; free slots show the first key."""
        self._shift = np.uint64(64 - bits)
        numbers = np.arange(len(keys), dtype=np.int32)
        slots = self._slots(keys)
        table = np.zeros(1 << bits, np.int32)
        choice = np.zeros(len(numbers), np.int8)
        homeless = numbers
        for _ in range(_ROUNDS):
            table[slots[choice[homeless], homeless]] = homeless
            homeless = np.flatnonzero(table[slots[choice, numbers]] != numbers).astype(np.int32)
            if not len(homeless):
                self._positions, self._keys = table, keys[table]
                return True
            choice[homeless] ^= 1  # who was pushed out pushes its way into its other slot
        return False
