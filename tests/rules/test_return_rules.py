"""The rules and the shop's profile as files that a shop can edit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shopbot.shop.errors import ShopError
from shopbot.shop.profile import load_profile
from shopbot.shop.rules import load_return_rules

DOCUMENTS = Path(__file__).parents[2] / "shop" / "policies" / "documents"


def test_every_rule_cites_a_passage_that_is_there() -> None:
    rules = load_return_rules()
    cited = {
        rules.not_delivered.policy,
        rules.window.policy,
        *(window.policy for window in rules.window.categories.values()),
        rules.final_sale.policy,
        rules.non_returnable.policy,
        rules.already_returned.policy,
        rules.refund.policy,
    }

    assert cited <= {f"{path.stem}#{slug}" for path in DOCUMENTS.glob("*.md") for slug in _slugs(path)}


def test_the_policies_promise_the_windows_that_the_rules_have() -> None:
    rules = load_return_rules()
    text = (DOCUMENTS / "returns.md").read_text(encoding="utf-8")

    assert f"within {rules.window.days} days of delivery" in text
    assert f"within {rules.window.of('electronics').days} days of delivery" in text


def test_a_shop_brings_its_own_rules(tmp_path: Path) -> None:
    _edit_rules(tmp_path, "days: 30 ", "days: 60 ")

    assert load_return_rules(tmp_path).window.of("clothing").days == 60


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("days: 30 ", "days: soon ", "window.days is 'soon'"),
        ("days: 30 ", "days: -1 ", "window.days is -1"),
        ("returns#refund-amount", "refunds", "refund.policy is 'refunds'"),
        ("already_returned:", "already_back:", "already_returned"),
        ("window:", "window: [", "is not valid YAML"),
    ],
)
def test_a_wrong_rule_is_named_with_its_file_and_value(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = _edit_rules(tmp_path, old, new)

    with pytest.raises(ShopError, match=re.escape(named)) as raised:
        load_return_rules(tmp_path)
    assert str(path) in str(raised.value)


def test_a_missing_rules_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=re.escape(str(tmp_path / "returns.yaml"))):
        load_return_rules(tmp_path)


def test_the_shop_has_a_name_and_a_place_for_returns() -> None:
    profile = load_profile()

    assert profile.name == "Harbor & Pine"
    assert profile.address.country == "US"
    assert "@" in profile.email
    assert profile.support_phone in (DOCUMENTS / "contact.md").read_text(encoding="utf-8")


def test_a_shop_brings_its_own_profile(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "shop" / "shop.yaml"
    own = tmp_path / "own.yaml"
    own.write_text(shipped.read_text(encoding="utf-8").replace("name: Harbor & Pine", "name: Corner Shop", 1))

    assert load_profile(own).name == "Corner Shop"


def _edit_rules(folder: Path, old: str, new: str) -> Path:
    shipped = (Path(__file__).parents[2] / "shop" / "rules" / "returns.yaml").read_text(encoding="utf-8")
    assert old in shipped
    path = folder / "returns.yaml"
    path.write_text(shipped.replace(old, new, 1), encoding="utf-8")
    return path


def _slugs(path: Path) -> list[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings]
