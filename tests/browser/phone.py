"""What a person does with the app, step by step."""

import json
import re
import urllib.request
from itertools import count

from playwright.sync_api import Locator, Page, expect

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
CHALLENGED_CARD = "4000000000003220"
_people = count(1)


class Phone:
    """One person with the app open. They see words, not selectors."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.email = f"person{next(_people)}@example.com"

    @property
    def answer(self) -> Locator:
        """What the door says to a scan."""
        return self.page.get_by_role("region", name="Answer")

    def button(self, name: str | re.Pattern):
        return self.page.get_by_role("button", name=name)

    def heading(self, name: str | re.Pattern):
        return self.page.get_by_role("heading", name=name)

    def open(self, path: str) -> None:
        self.page.goto(path)

    def wait_until(self, condition: str) -> None:
        """Until this JavaScript is true; the page's policy forbids polling by eval."""
        pause = "new Promise((resolve) => setTimeout(resolve, 50))"
        self.page.evaluate(f"async () => {{ while (!({condition})) await {pause}; }}")

    def fits(self) -> None:
        """Nothing sticks out to the side, however wide the screen is."""
        wide = "[document.documentElement.scrollWidth, document.body.clientWidth]"
        needed, given = self.page.evaluate(wide)
        assert needed <= given == self.page.viewport_size["width"]

    def find_near(self, name: str) -> None:
        """Open the app, share the position, and tap on a show."""
        self.open("/")
        self.button("Use my position").click()
        self.page.get_by_role("link", name=re.compile(name)).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)

    def sign_in(self) -> None:
        """With the sign-in form in sight: the address, then the mailed code."""
        self.page.get_by_label("E-mail").fill(self.email)
        self.button("Send me a code").click()
        self.page.get_by_label("Code").fill(self.mailed_code())
        self.button("Go on").click()

    def mailed_code(self) -> str:
        expect(self.page.get_by_text(f"sent a code to {self.email}")).to_be_visible()
        with urllib.request.urlopen(f"{self.url}/dev/mail?to={self.email}") as answer:
            return json.load(answer)["results"][0]["code"]

    def get(self, quantity: int) -> None:
        """From the event's page to the checkout, signing in on the way."""
        expect(self.button(re.compile("^Get 2 "))).to_be_visible()
        for _ in range(abs(quantity - 2)):
            self.button("One more" if quantity > 2 else "One less").click()
        self.button(re.compile(f"^Get {quantity} ")).click()
        self.sign_in()
        self.page.wait_for_url("**/checkout/*")

    def pay_with(self, number: str) -> None:
        self.page.get_by_label("Card number").fill(number)
        self.page.get_by_label("Expiry").fill("1234")
        self.page.get_by_label("Security code").fill("123")
        self.button(re.compile(r"^Pay £")).click()

    def is_in(self) -> None:
        self.page.wait_for_url("**/orders/*")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(
            re.compile("^You.re in$")
        )

    def buy(self, ticket_type, quantity: int = 2) -> None:
        """The whole way for an event, with a card that works."""
        self.open(f"/events/{ticket_type.event_id}")
        self.get(quantity)
        self.pay_with(GOOD_CARD)
        self.is_in()

    def open_door(self, email: str, *, gate: str = "") -> None:
        """As staff of a venue, from signing in to the field for codes."""
        self.email = email
        self.open("/door")
        self.sign_in()
        if gate:
            self.page.get_by_label("Name of this door").fill(gate)

    def scan(self, code: str) -> None:
        """As a scanner does that believes to be a keyboard."""
        self.page.get_by_label("Enter the code").fill(code)
        self.page.keyboard.press("Enter")
