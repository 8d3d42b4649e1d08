"""An exporter whose names the user tells, as Kunlun's: metric to quantity and factor, label to label."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from collector.node.exposition import MetricSample
from collector.node.reading import Container
from collector.node.tally import Tally
from driftline.node_settings import ExporterMetric, LabelField


class CustomDialect:
    """A mapping from the settings.

    A quantity of the card that names a pod puts that pod on the card, with the card's values copied.

    Parameters
    ----------
    metrics
        Metric name to what it means; of two that mean the same, the first counts.
    labels
        Our label to the exporter's.
    """

    def __init__(self, metrics: Mapping[str, ExporterMetric], labels: Mapping[LabelField, str]) -> None:
        self._metrics = metrics
        self._labels = labels
        self._rank = {name: rank for rank, name in enumerate(metrics)}

    @property
    def metrics(self) -> Collection[str]:
        return self._metrics.keys()

    @property
    def may_be_silent(self) -> bool:
        return False

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        for sample in samples:

            def label(field: LabelField, labels: Mapping[str, str] = sample.labels) -> str:
                return labels.get(self._labels.get(field, ""), "")

            alias = f"card{label('index')}" if label("index") else ""
            device = label("device") or alias
            if not device:
                tally.drop("no_device")
                continue
            meaning, rank = self._metrics[sample.name], self._rank[sample.name]
            pod = label("pod")
            container = Container(label("namespace"), pod, label("container")) if pod else None
            value = sample.value * meaning.factor
            tally.card(device, alias=alias, name=label("name"))
            if meaning.quantity.startswith("card_"):
                tally.of_card(device, meaning.quantity, value, rank)
                if container is not None:
                    tally.on_card(device, container, copied=True)
            elif container is None:
                tally.drop("no_pod")
            else:
                tally.of_user(device, container, meaning.quantity, value, rank=rank)
