"""What a server tells Prometheus."""

from collections.abc import Callable, Iterator
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigit.serving.pool import Pool

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)

Name = Callable[[str], str]
"""From a path to what it is counted as."""


class Metrics:
    """ASGI middleware that counts and times."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, name: Name) -> None:
        """Wraps an application.

        Args:
            app: the application.
            registry: where the counts are kept.
            name: from a path to what it is counted as: strangers' paths must not each become a counter.
        """
        self._app, self._name = app, name
        self._requests = Counter("inkdigit_requests", "Answers to requests.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "inkdigit_request_seconds", "From header to answer.", ["route"], registry=registry, buckets=SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 0, perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = self._name(scope["path"])
            self._requests.labels(route, status or "none").inc()
            self._seconds.labels(route).observe(perf_counter() - begun)


class PoolMetrics(Collector):
    """Metrics of a pool, read when they are scraped."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """Yields the current values."""
        pool = self._pool
        yield GaugeMetricFamily("inkdigit_queue_length", "Jobs that wait for a process.", pool.waiting)
        yield GaugeMetricFamily("inkdigit_ready", "Processes that are ready to read.", pool.ready)
        yield CounterMetricFamily("inkdigit_reads", "Jobs that processes answered.", value=pool.answered)
        yield CounterMetricFamily("inkdigit_refused", "Jobs that found the line full.", value=pool.refused)
        yield CounterMetricFamily("inkdigit_killed", "Processes that were killed, or died.", value=pool.killed)


def render(registry: CollectorRegistry) -> bytes:
    """Prometheus's text."""
    return generate_latest(registry)
