"""Number words, dictated order numbers and dictated addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbot.engines.spoken.addresses import normalise_email
from shopbot.engines.spoken.numerals import cardinal, number_in, order_number_in, spell_in_digits

_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("one two three four five six", "123456"),
        ("#123 456", "123456"),
        ("ORD-123456", "123456"),
        ("order no 123.456", "123456"),
        ("nine oh two double one seven", "902117"),
        ("twelve thirty four fifty six", "123456"),
        ("one hundred twenty three thousand four hundred fifty six", "123456"),
        ("triple seven 123", "777123"),
    ],
)
def test_an_order_number_is_understood_in_any_spelling(said: str, number: str) -> None:
    assert order_number_in(said) == number


@pytest.mark.parametrize("said", ["", "abc", "no number here", "#"])
def test_no_order_number_is_made_up(said: str) -> None:
    assert order_number_in(said) is None


@given(st.text(alphabet="0123456789", min_size=1, max_size=12))
def test_digits_read_aloud_come_back(digits: str) -> None:
    assert order_number_in(" ".join(_NAMES[int(digit)] for digit in digits)) == digits


@given(st.text(alphabet="0123456789", min_size=2, max_size=12), st.sampled_from(" -./"))
def test_grouping_does_not_matter(digits: str, mark: str) -> None:
    assert order_number_in(f"#{digits[:2]}{mark}{digits[2:]}") == digits


@pytest.mark.parametrize(
    ("said", "number"),
    [("twenty three", 23), ("one hundred and five", 105), ("five thousand and two", 5002), ("3", 3), ("foo", None)],
)
def test_cardinals(said: str, number: int | None) -> None:
    assert cardinal(said) == number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("two", 2), ("2x", 2), ("x 3", 3), ("one pair", 1), ("two pairs", 2), ("both", 2), ("a couple", 2),
        ("a dozen", 12), ("half a dozen", 6), ("some", None), ("", None),
    ],
)  # fmt: skip
def test_quantities(said: str, number: int | None) -> None:
    assert number_in(said) == number


def test_number_words_inside_a_text_become_digits() -> None:
    assert spell_in_digits("twenty five times three point five") == "25 times 3.5"
    assert spell_in_digits("two and three") == "2 and 3"
    assert spell_in_digits("two hundred and three") == "203"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("jane dot doe at example dot com", "jane.doe@example.com"),
        ("jane.doe @ example . com", "jane.doe@example.com"),
        ("Jane_Doe@Example.COM.", "jane_doe@example.com"),
        ("mia underscore klein at web dot de", "mia_klein@web.de"),
        ("jane(at)example.com", "jane@example.com"),
        ("jane-doe [at] example [dot] co dot uk", "jane-doe@example.co.uk"),
        ("tom two three at gmail dot com", "tom23@gmail.com"),
        ("<jane@example.com>", "jane@example.com"),
    ],
)
def test_an_address_is_understood_typed_or_dictated(written: str, address: str) -> None:
    assert normalise_email(written) == address


@pytest.mark.parametrize("written", ["", "jane doe", "jane@", "a@b", "@example.com", "a..b@example.com", "x@y@z.com"])
def test_no_address_is_made_up(written: str) -> None:
    assert normalise_email(written) is None


@given(st.from_regex(r"[a-z]{2,8}(\.[a-z]{2,8})?@[a-z]{2,8}\.(com|org|de)", fullmatch=True))
def test_a_written_address_stays_and_a_dictated_one_comes_back(address: str) -> None:
    assert normalise_email(address.upper()) == address
    assert normalise_email(address.replace(".", " dot ").replace("@", " at ")) == address


@given(st.text(max_size=80))
def test_no_text_makes_the_readers_of_numbers_fail(text: str) -> None:
    number = order_number_in(text)
    assert number is None or number.isdecimal()
    address = normalise_email(text)
    assert address is None or "@" in address
    number_in(text)
    spell_in_digits(text)
