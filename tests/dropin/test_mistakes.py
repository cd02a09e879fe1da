"""A mistake in a contract is found before an agent runs, and the sentence says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from mistakes import IN_ONE, TOGETHER, made

from shopbot.prompts import override_prompts
from shopbot.tools import ContractError
from shopbot.tools.agreement import check_contracts


@pytest.mark.parametrize("mistake", IN_ONE)
def test_a_mistake_in_one_contract_is_told(mistake: str) -> None:
    make, sentence = IN_ONE[mistake]
    with pytest.raises(ContractError) as found:
        make()
    assert str(found.value) == sentence


@pytest.mark.parametrize("mistake", TOGETHER)
def test_contracts_that_do_not_fit_together_are_told(mistake: str) -> None:
    make, sentence = TOGETHER[mistake]
    with pytest.raises(ContractError) as found:
        check_contracts(make())
    assert str(found.value) == sentence


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ args.slott }}?", "The question of 'book' refers to 'args.slott': the args are slot."),
        (
            "{{ slot }}?",
            "The question of 'book' refers to 'slot': there are args, facts, again, deed, as in args.slot.",
        ),
        ("{{ facts.visit.day }}?", None),
        ("{% for name, value in args.items() %}{{ name }}{% endfor %}{{ deed }}?", None),
    ],
)
def test_a_template_refers_only_to_what_is_there(template: str, sentence: str | None, tmp_path: Path) -> None:
    (tmp_path / "confirm").mkdir()
    (tmp_path / "confirm" / "book_it.j2").write_text(template)
    undo = override_prompts(tmp_path)
    try:
        found = None
        try:
            check_contracts([made("book", gives=("visit",), confirm="book_it")])
        except ContractError as error:
            found = str(error)
    finally:
        undo()
    assert found == sentence


def test_what_the_state_brings_need_not_be_given_by_an_action() -> None:
    check_contracts([made("book", needs=("patient",))], given=["patient"])
