import asyncio

from ticketapp.asgi import in_threads


def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


async def test_a_body_arrives_from_a_server_that_gives_awaitables_only():
    sent = []

    def receive():
        message = asyncio.get_running_loop().create_future()
        message.set_result({"type": "http.request", "body": b"hello"})
        return message

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-length", b"5")],
        "http_version": "1.1",
        "server": ("127.0.0.1", 80),
    }
    await in_threads(echo, threads=1)(scope, receive, send)

    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent) == b"hello"
