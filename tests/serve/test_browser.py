"""The chat in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import own_agents
import pytest
from browsing import ForeignPage, serious_faults
from serving import Running, running

from benchmarks.serve.process import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Page

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
    with page.context.expect_event("response", lambda response: "/files/labels/" in response.url) as preview:
        page.get_by_role("button", name="View").click()
    assert preview.value.headers["content-disposition"].startswith("inline")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert page.get_by_role("button", name="Yes").count() == 0
    style = "e => [getComputedStyle(e).fontSize, getComputedStyle(e).color]"
    assert page.locator("h1").evaluate(style) == ["40px", "rgb(255, 0, 0)"]
    assert page.locator(".panel h2").evaluate(style) == ["16px", "rgb(21, 32, 43)"]


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


def test_the_server_stops_in_mid_answer_and_comes_back(data_folder: Path, page: Page) -> None:
    data_folder.mkdir(exist_ok=True)
    with running(data_folder, agent="own_agents:misled") as first:
        page.goto(first.url)
        say(page, "Hello")
        page.locator(".entry.bot").nth(1).wait_for()
        port = int(first.url.rpartition(":")[2])
    say(page, "Are you there?")
    page.get_by_text("The connection is interrupted").wait_for()
    with running(data_folder, agent="own_agents:misled", port=port):
        page.locator(".entry.bot").nth(2).wait_for()
        assert len(bubbles(page, "customer")) == 2
        assert page.get_by_text("The connection is interrupted").is_hidden()
        page.goto("about:blank")


def test_the_server_is_killed_in_mid_answer_and_started_again(
    data_folder: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    program = ServerProcess(data_folder, "--agent", "own_agents:misled")
    program.start()
    page.goto(f"http://127.0.0.1:{program.port}")
    with page.expect_response(lambda response: "/events" in response.url):
        say(page, "Are you there?")
    program.kill()
    page.get_by_text("The connection is interrupted").wait_for()
    program.start()
    page.locator(".entry.bot").nth(1).wait_for()
    assert (len(bubbles(page, "customer")), len(bubbles(page, "bot"))) == (1, 1)
    page.goto("about:blank")
    program.stop()


def test_the_first_page_is_small(served: Running, page: Page) -> None:
    loaded: list[int] = []
    page.on("response", lambda response: loaded.append(len(response.body())))
    page.goto(served.url)
    page.get_by_role("textbox").wait_for()
    assert len(loaded) >= 3
    assert sum(loaded) < 100_000


def test_what_an_engine_says_is_shown_as_words(data_folder: Path, page: Page) -> None:
    data_folder.mkdir(exist_ok=True)
    with running(data_folder, agent="own_agents:misled") as misled:
        page.goto(misled.url)
        say(page, "Hello")
        page.locator(".entry.bot").nth(1).wait_for()
        assert bubbles(page, "bot") == [own_agents.EVIL]
        assert page.locator(".log img, .log a, .log script, .log iframe").count() == 0
        page.goto("about:blank")


def test_the_transcript_goes_to_the_address_on_the_order(served: Running, page: Page) -> None:
    page.goto(served.url)
    say(page, f"Where is my {ORDER}?")
    page.locator(".entry.bot").nth(1).wait_for()
    page.get_by_role("button", name="Save transcript").click()
    page.get_by_role("button", name="Send by e-mail").click()
    page.get_by_text("on its way to j…@example.com").wait_for()


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
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(served.url)
    say(page, "I want to return the jeans from order 234567, maria.lopes@example.org")
    page.get_by_role("checkbox").first.wait_for()
    assert serious_faults(page) == []
