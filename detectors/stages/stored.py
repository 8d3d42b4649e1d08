"""Stage graphs in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from detectors.stages.graph import StageGraph, parse_graph
from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput, NotFound
from driftline.store import Store, load_sql


class StageGraphs:
    """Registers and reads stage graphs; registering a name again replaces its graph."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, graph: StageGraph) -> StageGraph:
        """Store a graph; :class:`InvalidInput` when it names models that are not registered."""
        known = {contract.model for contract in ContractStore(self._store).latest_of(graph.models)}
        unknown = [stage for stage in graph.stages if stage.model not in known]
        if unknown:
            raise InvalidInput(
                f"stage graph {graph.name!r}: "
                + ", ".join(f"model {stage.model!r} of stage {stage.name!r}" for stage in unknown)
                + f" {'is' if len(unknown) == 1 else 'are'} unknown: register contracts with "
                "`driftline register`, or let a collector infer them from traffic"
            )
        self._store.insert(
            "stage_graphs",
            {
                "name": [graph.name],
                "body": [orjson.dumps(graph.model_dump(mode="json")).decode()],
                "written_at": [datetime.now(UTC)],
            },
        )
        return graph

    def all(self) -> list[StageGraph]:
        """Every graph, by name."""
        return self._read("")

    def required(self, name: str) -> StageGraph:
        """The graph of that name; :class:`NotFound` says which there are."""
        found = self._read(name) if name else []
        if found:
            return found[0]
        names = [graph.name for graph in self.all()]
        there = f"there are {', '.join(names)}" if names else "there is none yet"
        raise NotFound(
            f"stage graph {name!r} is unknown ({there}): register one with `driftline stages register`, "
            "or see what traces show with `driftline stages infer`"
        )

    def _read(self, name: str) -> list[StageGraph]:
        rows = self._store.query(load_sql(__file__, "graphs"), {"name": name})
        return [parse_graph(orjson.loads(row["body"]), "stored stage graph") for row in rows]
