"""The chat in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import ForeignPage
from serving import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
ORDER = "order 654321, james.carter@example.com"


def say(page: Page, words: str) -> None:
    box = page.get_by_role("textbox")
    box.fill(words)
    box.press("Enter")


def bubbles(page: Page, kind: str) -> list[str]:
    """The words of the entries of that speaker, without the greeting."""
    return page.locator(f".entry.{kind} .bubble").all_inner_texts()[1 if kind == "bot" else 0 :]


def test_a_return_in_the_widget_on_a_foreign_page(served: Running, foreign: ForeignPage, page: Page) -> None:
    page.goto(foreign.origin)
    page.get_by_role("button", name="Chat with us").click()
    say(page, f"I want to return something from {ORDER}")
    page.get_by_label("Slim Jeans, blue").check()
    page.get_by_role("button", name="Choose these").click()
    say(page, "How long do I have to return it?")
    page.get_by_role("button", name="Open the passage").click()
    assert page.get_by_text("The clock starts on the day").is_visible()
    page.get_by_role("button", name="Yes").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert page.get_by_role("button", name="Yes").count() == 0
    assert page.locator("h1").evaluate("e => getComputedStyle(e).fontSize") == "40px"


def test_a_reload_in_mid_answer_loses_and_doubles_nothing(served: Running, page: Page) -> None:
    page.goto(served.url)
    say(page, "How long do I have to return something?")
    page.locator(".entry.customer").wait_for()
    page.reload()
    page.get_by_text("30 days of delivery").first.wait_for()
    page.reload()
    page.get_by_text("30 days of delivery").first.wait_for()
    assert bubbles(page, "customer") == ["How long do I have to return something?"]
    assert len(bubbles(page, "bot")) == 1


def test_the_server_stops_in_mid_answer_and_comes_back(shop_folder: Path, page: Page) -> None:
    with running(shop_folder) as first:
        page.goto(first.url)
        say(page, "Hello")
        page.locator(".entry.bot").nth(1).wait_for()
        port = int(first.url.rpartition(":")[2])
    say(page, "How long do I have to return something?")
    page.get_by_text("The connection is interrupted").wait_for()
    with running(shop_folder, port=port):
        page.get_by_text("30 days of delivery").first.wait_for()
        assert len(bubbles(page, "customer")) == 2
        assert page.get_by_text("The connection is interrupted").is_hidden()
        page.goto("about:blank")


def test_with_the_keyboard_alone(served: Running, foreign: ForeignPage, page: Page) -> None:
    page.goto(foreign.origin)
    page.get_by_role("button", name="Chat with us").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("I want to return the shirts from order 123456, maria.lopez@example.com")
    page.keyboard.press("Enter")
    yes = page.get_by_role("button", name="Yes")
    yes.wait_for()
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
        if yes.evaluate("e => e.getRootNode().activeElement === e"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Download PDF").wait_for()
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="Chat with us").evaluate("e => e.getRootNode().activeElement === e")


def test_on_a_phone_the_chat_fills_the_screen_and_nothing_sticks_out(
    served: Running, foreign: ForeignPage, page: Page
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(foreign.origin)
    page.get_by_role("button", name="Chat with us").click()
    say(page, f"I want to return something from {ORDER} " + "x" * 300)
    page.get_by_role("checkbox").first.wait_for()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    assert page.locator(".log").evaluate("e => e.scrollWidth <= e.clientWidth")
    small = page.locator("button:visible").evaluate_all(
        "all => all.filter(e => !e.matches('.state button') && e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0


def test_markup_in_words_is_shown_as_words(served: Running, page: Page) -> None:
    page.goto(served.url)
    evil = "<img src=x onerror=alert(1)> [x](javascript:alert(2)) ![y](https://evil.example/p.png) https://evil.example"
    say(page, evil)
    page.locator(".entry.bot").nth(1).wait_for()
    assert bubbles(page, "customer") == [evil]
    assert page.locator(".log img, .log a, .log script, .log iframe").count() == 0


def test_start_over_begins_a_new_conversation(served: Running, page: Page) -> None:
    page.goto(served.url)
    say(page, "Hello")
    page.locator(".entry.bot").nth(1).wait_for()
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Start over").click()
    assert bubbles(page, "customer") == []
    page.reload()
    page.get_by_role("textbox").wait_for()
    assert bubbles(page, "customer") == []


def test_nothing_is_asked_of_another_server(served: Running, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    say(page, "How long do I have to return something?")
    page.get_by_text("30 days of delivery").first.wait_for()
    assert [url for url in asked if not url.startswith(served.url)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(served: Running, page: Page, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make browser")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(served.url)
    say(page, "I want to return the jeans from order 234567, maria.lopes@example.org")
    page.get_by_role("checkbox").first.wait_for()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)[:3000]
