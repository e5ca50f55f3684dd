"""Reviews made of others."""

from benchmark.large import made_rows


def test_made_rows_are_halves_of_two_reviews_of_a_class_and_none_is_made_twice() -> None:
    negative, positive = (
        [[f"{label}{number}a", f"{label}{number}b"] for number in range(5)] for label in "np"
    )
    made = list(made_rows([negative, positive], range(30)))
    assert made[:3] == [("n0a n1b", 0), ("p0a p1b", 1), ("n1a n2b", 0)]
    assert len(set(made)) == 30
    for text, label in made:
        one, other = text.split(" ")
        assert one[0] == other[0] == "np"[label]
