"""The staff's console: who gets in, what they can do, and what nobody can make them do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import own_agents
import pytest
from browsing import serious_faults
from serving import Running, Visitor, running
from sqlalchemy.orm import Session

from shopbot.apps.serve.accounts import AccountError, Accounts
from shopbot.apps.serve.desk_sessions import SESSION_S, Sessions
from shopbot.shop.database.models import Return, Ticket

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "a long password"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


@pytest.fixture
def staff(served: Running) -> Iterator[httpx.Client]:
    """Somebody who is logged in."""
    served.server.access.accounts.add_staff("sam", PASSWORD)
    client = served.client()
    assert log_in(client, "sam", PASSWORD).headers["location"] == "/desk/"
    yield client
    served.server.access.accounts.remove("sam")


@pytest.fixture(autouse=True)
def many_logins(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests log in more often than people do."""
    from shopbot.apps.serve.limits import RateLimit

    monkeypatch.setattr(served.server, "logins", RateLimit(0))


def log_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/desk/login", data={"name": name, "password": password})


def form(client: httpx.Client, page: str, deed: str, **fields: str) -> httpx.Response:
    """Send a form of that page, as a browser would."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert csrf
    return client.post(deed, data={"csrf": csrf[1], **fields})


def desk_path(visitor: Visitor) -> str:
    return f"/desk/conversations/{visitor.id}"


# Who gets in


@pytest.mark.parametrize("path", ["/desk/", "/desk/returns", "/desk/tickets", "/desk/figures", "/desk/rules"])
def test_nobody_sees_a_page_without_logging_in(served: Running, path: str) -> None:
    assert served.client().get(path).headers["location"] == "/desk/login"


@pytest.mark.parametrize("deed", ["take", "give-back", "say", "decide"])
def test_nobody_does_anything_without_logging_in(served: Running, visitor: Visitor, deed: str) -> None:
    visitor.say("Hello")
    answer = served.client().post(f"{desk_path(visitor)}/{deed}", data={"text": "hi"})
    assert answer.headers["location"] == "/desk/login"
    assert served.server.store.find(visitor.id).held_by is None  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "password"), [("sam", "wrong"), ("nobody", PASSWORD), ("", ""), ("sam", "")])
def test_a_wrong_password_or_name_gets_the_same_answer(
    served: Running, staff: httpx.Client, name: str, password: str
) -> None:
    answer = log_in(served.client(), name, password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert "set-cookie" not in answer.headers


def test_passwords_cannot_be_tried_without_end(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopbot.apps.serve.limits import RateLimit

    monkeypatch.setattr(served.server, "logins", RateLimit(12))
    assert [log_in(served.client(), "x", "y").status_code for _ in range(5)].count(429) >= 1


def test_the_cookie_is_for_the_console_alone_and_for_no_script(served: Running, staff: httpx.Client) -> None:
    cookie = log_in(served.client(), "sam", PASSWORD).headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/desk"))


def test_logging_out_ends_the_session_for_good(served: Running, staff: httpx.Client) -> None:
    kept = dict(staff.cookies)
    form(staff, "/desk/", "/desk/logout")
    again = served.client()
    again.cookies.update(kept)
    assert again.get("/desk/").status_code == 303


def test_a_session_ends_by_itself() -> None:
    now = [0.0]
    sessions = Sessions(clock=lambda: now[0])
    token = sessions.begin("sam")
    assert sessions.find(token)
    now[0] += SESSION_S + 1
    assert sessions.find(token) is None


def test_a_password_is_kept_as_argon2_and_a_short_one_refused(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    with pytest.raises(AccountError, match="at least 10"):
        accounts.add_staff("sam", "short")
    accounts.add_staff("sam", PASSWORD)
    kept = (tmp_path / "accounts.json").read_text()
    assert "$argon2id$" in kept
    assert PASSWORD not in kept
    assert (tmp_path / "accounts.json").stat().st_mode & 0o077 == 0


# What other pages cannot make staff do


@pytest.mark.parametrize("csrf", ["", "wrong"])
def test_a_form_of_another_page_is_refused(staff: httpx.Client, visitor: Visitor, csrf: str) -> None:
    visitor.say("Hello")
    assert staff.post(f"{desk_path(visitor)}/take", data={"csrf": csrf}).status_code == 403


def test_another_site_cannot_log_somebody_in(served: Running, staff: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = served.client().post("/desk/login", data={"name": "sam", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403


def test_no_field_reaches_a_page_as_markup(served: Running, staff: httpx.Client, visitor: Visitor) -> None:
    database = served.server.served.result().desk.shop.database  # type: ignore[union-attr]
    visitor.say(EVIL + " I want a person")
    with Session(database) as session, session.begin():
        session.add(
            Ticket(key=EVIL, conversation=EVIL, reason=EVIL, transcript=EVIL, order_number="<b>", created_at=NOW)
        )
    pages = [
        "/desk/",
        f"/desk/?q={EVIL}&only={EVIL}",
        desk_path(visitor),
        "/desk/tickets",
        "/desk/returns",
        "/desk/figures",
    ]
    for path in pages:
        answer = staff.get(path)
        text = answer.text
        assert answer.status_code == 200
        assert "<img" not in text
        assert "<script>" not in text
        assert "<b>" not in text


# What they do


def test_staff_take_over_speak_and_give_back(staff: httpx.Client, visitor: Visitor) -> None:
    visitor.say("Hello")
    form(staff, desk_path(visitor), f"{desk_path(visitor)}/take")
    assert "taken over" in visitor.messages()[-1]["text"]
    silent = visitor.post("Is anybody there?").json()["seq"]
    form(staff, desk_path(visitor), f"{desk_path(visitor)}/say", text="Sam here.")
    answer = visitor.wait(silent)
    assert (answer["speaker"], answer["text"]) == ("staff", "Sam here.")
    form(staff, desk_path(visitor), f"{desk_path(visitor)}/give-back")
    assert visitor.say("How long do I have to return something?", seen=10**9)["speaker"] == "bot"
    assert [entry["speaker"] for entry in visitor.messages(silent)][:3] == ["staff", "notice", "customer"]


def test_staff_do_not_speak_beside_the_assistant(staff: httpx.Client, visitor: Visitor) -> None:
    visitor.say("Hello")
    assert form(staff, desk_path(visitor), f"{desk_path(visitor)}/say", text="hi").status_code == 409


def test_a_conversation_that_asks_for_a_person_waits_at_the_console(staff: httpx.Client, visitor: Visitor) -> None:
    visitor.say("I want to talk to a person")
    assert visitor.id in staff.get("/desk/?only=waiting").text
    assert visitor.id in staff.get("/desk/tickets").text


def test_conversations_are_found_by_what_was_said(staff: httpx.Client, visitor: Visitor) -> None:
    visitor.say("Do you sell zeppelins?")
    assert visitor.id in staff.get("/desk/?q=ZEPPELIN").text
    assert visitor.id not in staff.get("/desk/?q=submarines").text


def test_a_turn_is_shown_with_its_actions(staff: httpx.Client, visitor: Visitor) -> None:
    visitor.say("How long do I have to return something?")
    page = staff.get(desk_path(visitor)).text
    assert "search_policies(" in page
    assert "Observation" in page


def test_a_failed_return_can_be_tried_again_and_a_good_one_not(served: Running, staff: httpx.Client) -> None:
    database = served.server.served.result().desk.shop.database  # type: ignore[union-attr]
    with Session(database) as session, session.begin():
        failed = Return(key="failed", order_number="123458", status="failed", refund_total=100, created_at=NOW)
        session.add(failed)
        session.flush()
        id = failed.id
    assert f"/desk/returns/{id}/retry" in staff.get("/desk/returns").text
    assert form(staff, "/desk/returns", f"/desk/returns/{id}/retry").status_code == 303
    assert form(staff, "/desk/returns", f"/desk/returns/{id}/retry").status_code == 409


def test_rules_and_policies_are_shown_as_the_assistant_has_them(staff: httpx.Client) -> None:
    page = staff.get("/desk/rules").text
    assert "returns.md" in page
    assert "30" in page


# In the browser


def at_the_desk(context: BrowserContext, served: Running) -> Page:
    """A page at which sam is logged in."""
    desk = context.new_page()
    desk.set_default_timeout(60_000)
    desk.goto(f"{served.url}/desk")
    desk.get_by_label("Name").fill("sam")
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Log in").click()
    desk.get_by_role("heading", name="Conversations").wait_for()
    return desk


def test_taking_over_and_giving_back_with_two_browsers(
    served: Running, staff: httpx.Client, browser: Browser, page: Page
) -> None:
    page.goto(served.url)
    page.get_by_role("textbox").fill("I want to talk to a person")
    page.get_by_role("textbox").press("Enter")
    page.locator(".entry.bot").nth(1).wait_for()
    context = browser.new_context()
    desk = at_the_desk(context, served)
    desk.get_by_role("link", name="I want to talk to a person").first.click()
    desk.get_by_role("button", name="Take over").click()
    page.locator("header p", has_text="taken over").wait_for()
    desk.get_by_label("Your words").fill("Good evening, Sam here.")
    desk.get_by_role("button", name="Send").click()
    page.locator(".entry.staff", has_text="Sam here").wait_for()
    page.get_by_role("textbox").fill("Thank you, Sam")
    page.get_by_role("textbox").press("Enter")
    desk.locator(".customer", has_text="Thank you, Sam").wait_for()
    desk.get_by_role("button", name="Give back").click()
    page.locator("header p", has_text="Usually answers").wait_for()
    context.close()


def test_an_action_is_approved(data_folder: Path, browser: Browser, page: Page) -> None:
    own_agents.paid.clear()
    data_folder.mkdir(exist_ok=True)
    with running(data_folder, agent="own_agents:treasurer") as own:
        own.server.access.accounts.add_staff("sam", PASSWORD)
        page.goto(own.url)
        page.get_by_role("textbox").fill("Please pay 50")
        page.get_by_role("textbox").press("Enter")
        page.get_by_text("A colleague has to agree").wait_for()
        context = browser.new_context()
        desk = at_the_desk(context, own)
        desk.get_by_role("link", name="Please pay 50").click()
        desk.get_by_role("button", name="Approve", exact=True).click()
        page.get_by_text("That is done.").wait_for()
        context.close()
        page.goto("about:blank")
    assert own_agents.paid == [50]


def test_on_a_phone_nothing_sticks_out_and_axe_finds_nothing_serious(
    served: Running, staff: httpx.Client, visitor: Visitor, browser: Browser
) -> None:
    visitor.say("How long do I have to return something?")
    context = browser.new_context(viewport={"width": 360, "height": 740})
    desk = at_the_desk(context, served)
    for path in ("/desk/", desk_path(visitor), "/desk/returns", "/desk/tickets", "/desk/figures", "/desk/rules"):
        desk.goto(served.url + path)
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert serious_faults(desk) == [], path
    context.close()
