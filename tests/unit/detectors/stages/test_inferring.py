"""Graphs from the order of models within traces."""

from __future__ import annotations

from detectors.stages.inferring import ModelPair, graphs_of


def before(first: str, second: str, together: int = 100) -> ModelPair:
    return ModelPair(first, second, together, together, 0, 0, 0)


def beside(first: str, second: str, together: int = 100) -> ModelPair:
    return ModelPair(first, second, together, together // 2, together // 3, 0, 0)


def edges(pairs: list[ModelPair]) -> list[dict[str, tuple[str, ...]]]:
    return [{stage.name: stage.after for stage in one.graph.stages} for one in graphs_of(pairs)]


def test_models_side_by_side_have_no_edge_and_join_later() -> None:
    pairs = [before("a", "b"), before("a", "c"), beside("b", "c")]
    pairs += [before("a", "d"), before("b", "d"), before("c", "d")]
    assert edges(pairs) == [{"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}]
    assert "Side by side or in no fixed order: b and c" in graphs_of(pairs)[0].words


def test_a_later_name_can_come_first() -> None:
    assert edges([ModelPair("a", "b", 50, 1, 49, 0, 0)]) == [{"b": (), "a": ("b",)}]


def test_models_of_other_traces_make_a_graph_of_their_own() -> None:
    found = edges([before("a", "b"), before("c", "d"), before("d", "e"), before("c", "e")])
    assert found == [{"c": (), "d": ("c",), "e": ("d",)}, {"a": (), "b": ("a",)}]


def test_a_model_around_the_others_is_left_out() -> None:
    found = graphs_of(
        [
            before("a", "b"),
            ModelPair("a", "ensemble", 100, 0, 0, 0, 100),
            ModelPair("b", "ensemble", 100, 0, 0, 0, 99),
        ]
    )
    assert [stage.model for stage in found[0].graph.stages] == ["a", "b"]
    assert "they call them): ensemble" in found[0].words


def test_few_traces_say_nothing_and_circles_give_way() -> None:
    assert graphs_of([before("a", "b", together=19)]) == ()
    circle = [before("a", "b", 90), before("b", "c", 80), ModelPair("a", "c", 70, 0, 70, 0, 0)]
    assert edges(circle) == [{"a": (), "b": ("a",), "c": ("b",)}]
