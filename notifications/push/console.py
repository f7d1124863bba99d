"""Without credentials: pushes are written to the log of whoever sends them."""

import logging
from collections.abc import Sequence

from notifications.push import Push, PushResult, Verdict

logger = logging.getLogger(__name__)


class ConsolePush:
    def send(self, pushes: Sequence[Push]) -> list[PushResult]:
        for push in pushes:
            logger.info(
                "Push to %s… (%ds): %s · %s %s",
                push.token[:8],
                push.ttl.total_seconds(),
                push.title,
                push.body,
                push.link,
            )
        return [PushResult(Verdict.DELIVERED) for _ in pushes]
