"""The tally as Prometheus reads it; labels name characters and platforms, never people or rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest

from core.flow.tally import BUCKETS, Tally


class Metrics:
    """A collector over the running numbers; elizaOS' names where it has some (DE-04)."""

    def __init__(self, tally: Tally, gauges: Callable[[], dict[str, float]]) -> None:
        self._tally = tally
        self._gauges = gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def page(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        tally = self._tally
        messages = CounterMetricFamily(
            "elizaos_messages",
            "Messages by how they ended.",
            labels=["agent_id", "platform", "status"],
        )
        for labels, count in tally.messages.items():
            messages.add_metric(labels, count)
        yield messages

        deliveries = CounterMetricFamily(
            "troupe_deliveries", "What went out, by its last state.", labels=["platform", "status"]
        )
        for (platform, status), count in tally.deliveries.items():
            deliveries.add_metric([platform, status], count)
        yield deliveries

        calls = CounterMetricFamily(
            "troupe_model_calls", "Calls of chat models.", labels=["agent_id", "model"]
        )
        for (character, model), count in tally.model_calls.items():
            calls.add_metric([character, model], count)
        yield calls

        tokens = CounterMetricFamily(
            "troupe_tokens", "Tokens as the providers count them.", labels=["agent_id", "kind"]
        )
        for (character, kind), count in tally.tokens.items():
            tokens.add_metric([character, kind], count)
        yield tokens

        dollars = CounterMetricFamily(
            "troupe_model_cost_dollars",
            "What model calls have cost, as far as their prices are known.",
            labels=["agent_id", "model"],
        )
        for (character, model), cost in tally.dollars.items():
            dollars.add_metric([character, model], cost)
        yield dollars

        unpriced = CounterMetricFamily(
            "troupe_model_calls_unpriced",
            "Calls whose price is not known: they are missing in the dollars.",
            labels=["agent_id", "model"],
        )
        for (character, model), count in tally.unpriced.items():
            unpriced.add_metric([character, model], count)
        yield unpriced

        times = HistogramMetricFamily(
            "elizaos_response_time_seconds",
            "From the start of a turn to its commit.",
            labels=["agent_id"],
        )
        for character, spread in tally.response_time.items():
            running, buckets = 0, []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), spread.counts, strict=True):
                running += count
                buckets.append((bound, running))
            times.add_metric([character], buckets, sum_value=spread.total)
        yield times

        for name, value in self._gauges().items():
            yield GaugeMetricFamily(name, name.replace("_", " "), value=value)
