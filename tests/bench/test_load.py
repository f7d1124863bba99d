from bench.load import prepared, read_log
from bench.results import Answer


def test_a_prepared_request_is_what_goes_over_the_wire():
    request = prepared(
        "POST", "/api/v1/holds", headers={"X-Session-Token": "t"}, body={"quantity": 2}
    )

    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /api/v1/holds HTTP/1.1"
    assert "X-Session-Token: t" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert body == b'{"quantity":2}'


def test_a_request_without_a_body_names_no_length():
    assert b"Content" not in prepared("GET", "/api/v1/events")


def test_the_log_is_read_in_seconds(tmp_path):
    log = tmp_path / "answers"
    log.write_text("1500000 250000 201 0\n2000000 1000 409 1\n")

    assert read_log(log) == [Answer(1.5, 0.25, 201), Answer(2.0, 0.001, 409, step=1)]
