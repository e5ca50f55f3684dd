"""Tokens, n-gram keys, vocabulary."""

import random
from pathlib import Path

import numpy as np
import pytest
from ml_workshop.data.dataset import Split
from ml_workshop.text.ngrams import MAX_TOKENS, UNKNOWN, Lookup, key_tokens, ngram_keys, ngrams_up_to
from ml_workshop.text.tokens import NEGATORS, shown, tokenize
from ml_workshop.text.vocabulary import Vocabulary
from ml_workshop.training.corpus import NONE, read_corpus
from plain_tokens import marked_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't MISS it!", ["don't", "miss", "it", "!"]),
        ("Don\u2019t", ["don't"]),
        ("Bad.<br /><br />Really bad", ["bad", ".", "really", "bad"]),
        ("7/10 (barely)", ["7", "10", "(", "barely", ")"]),
        ("Café société, très émouvant", ["café", "société", ",", "très", "émouvant"]),
        ("плохой фильм", ["плохой", "фильм"]),
        ("rock 'n' roll_over", ["rock", "n", "roll", "over"]),
        ("''Good'' rock'n'roll's 'fun'", ["good", "rock'n", "roll's", "fun"]),
        ("", []),
        ("\0 @#$%^&_", []),
        ("\ud800 alone", ["alone"]),
        ("很好看 film", ["很", "好", "看", "film"]),
        ("좋은 영화 😍😍", ["좋은", "영화", "😍", "😍"]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_ascii_and_unicode_tokenization_agree() -> None:
    drawn = random.Random(0)  # noqa: S311
    for _ in range(2000):
        text = "".join(drawn.choices("abYZ09'_-.,!?\"* \n<>", k=30))
        assert tokenize(text + " é") == [*tokenize(text), "é"]


def test_keys_of_all_orders_are_distinct_positive_and_reversible() -> None:
    ids = np.array([1, 2, 3, MAX_TOKENS, 2, 1, 1, 1], np.int64)
    seen: dict[int, list[int]] = {}
    for order in (1, 2, 3):
        for start, key in enumerate(ngram_keys(ids, order)):
            ngram = ids[start : start + order].tolist()
            assert key > 0
            assert key_tokens(int(key)) == ngram
            assert seen.setdefault(int(key), ngram) == ngram


def test_a_text_shorter_than_the_order_has_no_ngram() -> None:
    assert len(ngram_keys(np.array([5], np.int64), 3)) == 0
    assert len(ngram_keys(np.empty(0, np.int64), 1)) == 0


@pytest.mark.parametrize("size", [0, 1, 2, 3, 50])
def test_keys_up_to_an_order_are_those_of_each(size: int) -> None:
    ids = np.arange(1, size + 1)
    each = [key for order in (1, 2, 3) for key in ngram_keys(ids, order).tolist()]
    assert ngrams_up_to(ids, 3).tolist() == each


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 200_000])
def test_a_lookup_finds_every_key_and_no_other(size: int) -> None:
    drawn = np.random.default_rng(size)
    keys = np.unique(drawn.integers(1, 2**63 - 1, size, np.int64))
    lookup = Lookup(keys)
    assert lookup.present(drawn.permutation(keys)).tolist() == list(range(len(keys)))
    shuffled = drawn.permutation(keys)
    places, positions = lookup.matches(np.concatenate((keys + 1, shuffled))[len(keys) // 2 :])
    known = np.isin(np.concatenate((keys + 1, shuffled))[len(keys) // 2 :], keys)
    assert places.tolist() == np.flatnonzero(known).tolist()
    assert positions.tolist()[-len(keys) :] == np.searchsorted(keys, shuffled).tolist()
    unknown = np.setdiff1d(np.concatenate((keys + 1, keys ^ (1 << 40), [np.int64(0)])), keys)
    assert lookup.present(unknown).tolist() == []
    some = drawn.choice(keys, 300)
    assert (
        lookup.present(np.concatenate((unknown, some))).tolist()
        == np.searchsorted(keys, np.unique(some)).tolist()
    )


def test_vocabulary_finds_each_known_ngram_once_and_no_other() -> None:
    tokens = ["bad", "not", "film"]
    not_bad = ngram_keys(np.array([2, 1], np.int64), 2)
    bad = np.array([1], np.int64)
    keys = np.sort(np.concatenate([bad, not_bad]))
    vocabulary = Vocabulary(tokens, keys, max_order=3, marks_negation=False)  # as in models of format 1
    ids = vocabulary.token_ids("Not bad, not bad: a strange film")
    assert ids.tolist() == [2, 1, UNKNOWN, 2, 1, UNKNOWN, UNKNOWN, UNKNOWN, 3]
    assert vocabulary.features(ids).tolist() == [0, 1]
    assert vocabulary.features(vocabulary.token_ids("bad xyzzy not")).tolist() == [0]
    assert vocabulary.features(vocabulary.token_ids("")).tolist() == []


def test_unknown_tokens_do_not_grow_the_vocabulary() -> None:
    vocabulary = Vocabulary(["a"], np.array([1], np.int64), max_order=1)
    vocabulary.token_ids("b c d e f")
    assert vocabulary.token_ids("b").tolist() == [UNKNOWN]
    assert "b" not in vocabulary._rows


def drawn_reviews() -> list[str]:
    drawn = random.Random(0)  # noqa: S311
    words = [*NEGATORS[:3], "don't", "isn't", *"abcdefgh", *"abcdefgh", *'.,;:!?()"*-']
    return [" ".join(drawn.choices(words, k=drawn.randrange(25))) for _ in range(500)]


def test_negation_is_marked_in_training_and_in_serving(tmp_path: Path) -> None:
    reviews = drawn_reviews()
    corpus = read_corpus([Split(reviews, [])], tmp_path)
    tokens = sorted({token for review in reviews for token in marked_tokens(review)})
    vocabulary = Vocabulary(tokens, np.array([1], np.int64), max_order=1)
    for number, review in enumerate(reviews):
        *trained, end = corpus.ids.read(*corpus.starts[number : number + 2].tolist()).tolist()
        assert [corpus.text(token_id) for token_id in trained] == marked_tokens(review)
        assert end == NONE
        assert [tokens[token_id - 1] for token_id in vocabulary.token_ids(review)] == marked_tokens(review)


def test_negators_mark_without_being_in_the_vocabulary() -> None:
    vocabulary = Vocabulary(["good", "not_bad", "film"], np.array([1], np.int64), max_order=1)
    for text, ids in (
        ("good, bad film", [1, UNKNOWN, UNKNOWN, 3]),
        ("not bad", [UNKNOWN, 2]),
        ("not good film", [UNKNOWN, UNKNOWN, UNKNOWN]),  # known only unmarked
        ("not bad. good film", [UNKNOWN, 2, UNKNOWN, 1, 3]),
    ):
        assert vocabulary.token_ids(text).tolist() == ids, text


@pytest.mark.parametrize(
    ("ngram", "text"),
    [
        (["not", "not_very", "not_good"], "not very good"),
        (["not_very", "not_good"], "not ... very good"),
        (["good", "."], "good ."),
    ],
)
def test_ngrams_as_people_read_them(ngram: list[str], text: str) -> None:
    assert shown(ngram) == text
