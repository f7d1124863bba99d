"""Limits on how fast one account may write. Apart from `api`, see `renderers`."""

import logging
import time

import redis
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from rest_framework import throttling
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

logger = logging.getLogger(__name__)

# In one command, which takes Python half as long as two in a pipeline.
COUNT = """
local count = redis.call("INCR", KEYS[1])
if count == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return count
"""


class WriteThrottle(throttling.BaseThrottle):
    """So many writes a minute for one account, or for one address without one.

    One count in Redis; reads are free here (the proxy limits those per address).
    A request is let through when Redis is away: selling goes on. Rates are
    settings.WRITES_PER_MINUTE and ANONYMOUS_WRITES_PER_MINUTE; 0 is no limit.
    """

    SECONDS = 60

    def allow_request(self, request: Request, view: object) -> bool:
        if request.method in SAFE_METHODS:
            return True
        scope, limit = self._scope(request)
        if not limit:
            return True
        return self._count(scope) <= limit

    def wait(self) -> float:
        return self.SECONDS - time.time() % self.SECONDS

    def _scope(self, request: Request) -> tuple[str, int]:
        if request.user and request.user.is_authenticated:
            return str(request.user.pk), settings.WRITES_PER_MINUTE
        return self.get_ident(request), settings.ANONYMOUS_WRITES_PER_MINUTE

    def _count(self, scope: str) -> int:
        key = f"throttle:{scope}:{int(time.time() // self.SECONDS)}"
        try:
            return get_redis_connection().eval(COUNT, 1, key, self.SECONDS)
        except (redis.RedisError, ConnectionInterrupted):
            logger.warning("Redis is away: writes are not limited.")
            return 0
