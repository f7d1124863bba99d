from uuid import uuid4

import pytest

from inventory import codes


def test_a_code_says_which_ticket_and_event_it_is_for():
    ticket, event = uuid4(), uuid4()

    read = codes.read(codes.write(ticket_id=ticket, event_id=event))

    assert read.ticket_id == ticket
    assert read.is_for_event(event)
    assert not read.is_for_event(uuid4())


def test_a_code_fits_the_dense_qr_alphabet():
    code = codes.write(ticket_id=uuid4(), event_id=uuid4())

    assert code.isalnum()
    assert code == code.upper()
    assert len(code) == 143


def test_a_scanner_may_change_case_and_add_space():
    ticket = uuid4()
    code = codes.write(ticket_id=ticket, event_id=uuid4())

    assert codes.read(f" {code.lower()}\n").ticket_id == ticket


def test_a_changed_code_is_refused():
    code = codes.write(ticket_id=uuid4(), event_id=uuid4())

    for place in range(0, len(code), 7):
        other = "A" if code[place] != "A" else "B"
        with pytest.raises(codes.InvalidCode):
            codes.read(code[:place] + other + code[place + 1 :])


def test_a_code_of_another_key_is_refused(settings):
    code = codes.write(ticket_id=uuid4(), event_id=uuid4())
    settings.TICKET_SIGNING_KEY = "another key, as long as it needs to be"

    with pytest.raises(codes.InvalidCode):
        codes.read(code)
