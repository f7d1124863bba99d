"""Who is signed in, whatever answer comes late."""

from playwright.sync_api import expect


def test_a_late_refusal_of_an_old_session_signs_nobody_else_out(phone):
    held_back = []
    phone.open("/you")
    phone.sign_in()
    expect(phone.button("Sign out")).to_be_visible()
    phone.page.route(
        "**/api/v1/orders**", lambda route: held_back.append(route), times=1
    )
    phone.page.get_by_role("link", name="Tonight").click()
    phone.page.get_by_role("link", name="You").click()
    phone.button("Sign out").click()
    phone.email = f"next-{phone.email}"
    phone.sign_in()
    expect(phone.button("Sign out")).to_be_visible()

    held_back[0].fulfill(status=401, json={"code": "not_authenticated"})
    phone.page.wait_for_timeout(300)

    expect(phone.button("Sign out")).to_be_visible()
    expect(phone.page.get_by_text(phone.email)).to_be_visible()
