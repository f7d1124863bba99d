"""A socket at the other end, without a server between."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

SECONDS = 5.0
A_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"


class Socket(ApplicationCommunicator):
    """Speaks ASGI to an application as a WebSocket server does."""

    def __init__(self, application, path: str, user_agent: str = A_PHONE) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": [(b"user-agent", user_agent.encode())],
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> tuple[bool, int | None]:
        """Whether it was accepted; if not, the close code."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(SECONDS)
        return answer["type"] == "websocket.accept", answer.get("code")

    async def say(self, *, text: str | None = None, data: bytes | None = None) -> None:
        frame = {"text": text} if data is None else {"bytes": data}
        await self.send_input({"type": "websocket.receive", **frame})

    async def say_json(self, **frame: Any) -> None:
        await self.say(text=json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        answer = await self.receive_output(SECONDS)
        assert answer["type"] == "websocket.send", answer
        return json.loads(answer["text"])

    async def hears_nothing(self, seconds: float = 0.3) -> bool:
        return await self.receive_nothing(timeout=seconds, interval=0.02)

    async def was_closed_with(self) -> int:
        answer = await self.receive_output(SECONDS)
        assert answer["type"] == "websocket.close", answer
        return answer["code"]

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(SECONDS)
