"""Stage graphs: what is accepted, what is refused and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.stages import load_graph_file, parse_graph
from driftline.errors import InvalidInput


def stages(*pairs: tuple[str, list[str]]) -> dict[str, object]:
    return {
        "name": "g",
        "stages": [{"name": name, "model": f"m-{name}", "after": after} for name, after in pairs],
    }


def test_a_graph_lists_every_stage_after_those_before_it(tmp_path: Path) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(
        "name: ocr\nstages:\n"
        "  - {name: format, model: formatter, after: [read, crop]}\n"
        "  - {name: read, model: reader, after: [crop]}\n"
        "  - {name: crop, model: cropper}\n"
    )
    graph = load_graph_file(file)
    assert [stage.name for stage in graph.stages] == ["crop", "read", "format"]
    assert graph.models == ("cropper", "reader", "formatter")
    assert [stage.name for stage in graph.first] == ["crop"]
    assert graph.ancestors("format") == {"crop", "read"}
    assert graph.ancestors("crop") == frozenset()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (stages(("a", ["b"]), ("b", ["a"])), "go round in a circle: "),
        (stages(("a", ["a"])), "go round in a circle: a -> a"),
        (stages(("a", []), ("b", ["c"])), "comes after 'c', which is no stage of the graph; stages are a, b"),
        (stages(("a", []), ("a", [])), "stage names must be unique; given twice: a"),
        (stages(("a", []), ("b", ["a", "a"])), "'b' names what it comes after more than once"),
        (stages(), "1 to 32 stages, got 0"),
        (
            {"name": "g", "stages": [{"name": "a", "model": "m"}, {"name": "b", "model": "m"}]},
            "own; given twice",
        ),
        ({"name": "a b", "stages": [{"name": "a", "model": "m"}]}, "'a b' must be 1-128 letters"),
        ({"name": "g", "stages": [{"name": "a", "model": "m", "before": []}]}, "before"),
        ({"name": "g"}, "stages: Field required"),
        ([1], "must be a mapping with name and stages, got list"),
    ],
)
def test_a_wrong_graph_is_refused_with_what_is_wrong(values: object, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_graph(values)
    assert said in error.value.message


def test_an_unreadable_file_is_one_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [")
    for file, said in ((broken, "cannot be read"), (tmp_path / "none.yaml", "does not exist")):
        with pytest.raises(InvalidInput, match=said):
            load_graph_file(file)
