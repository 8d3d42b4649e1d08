"""Declarative mappings in the settings: what is refused, and that the entry is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftline.errors import InvalidSettings
from driftline.payload_mapping import PayloadMapping, path_pattern
from driftline.settings import load_settings

GOOD = {"path": "/score/{name}", "model": "{name}", "request": {"age": "$.age"}}


def test_mappings_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "driftline.yaml"
    file.write_text(
        "mappings:\n"
        "  - path: /score/{name}\n"
        "    model: '{name}'\n"
        "    request_rows: $.items\n"
        "    request: {price: '@.price', country: $.country}\n"
        "    response: {score: '$.scores[*]'}\n",
        encoding="utf-8",
    )
    (mapping,) = load_settings(file).mappings
    assert mapping.request == {"price": "@.price", "country": "$.country"}
    assert (mapping.method, mapping.request_rows, mapping.response_rows) == ("POST", "$.items", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": "score"}, "path: Value error, a path starts with /"),
        ({"path": "^(/score"}, "path: Value error, not a path: missing )"),
        ({"path": "/{a}/{a}"}, "redefinition of group name 'a'"),
        ({"model": "{other}"}, "model takes {other} from the path"),
        ({"model": "a name"}, "model 'a name' is no model's name"),
        ({"model": ""}, "model '' is no model's name"),
        ({"model": "$.["}, "model: '$.[' is no JSON path"),
        ({"version": "$.a b"}, "version: '$.a b' is no JSON path: unexpected token 'b' at character 5"),
        ({"version": "{v}"}, "version takes {v} from the path"),
        ({"request": {"age": "age"}}, "field 'age': 'age' is no JSON path: it has to start with $"),
        ({"request": {"age": "$.a["}}, "field 'age': '$.a[' is no JSON path"),
        ({"request": {"age": ""}}, "field 'age': '' is no JSON path"),
        ({"request": {"age": "@.age"}}, "field 'age' starts with @, the row, but request_rows is not set"),
        ({"response": {"age": "@.age"}}, "response_rows is not set"),
        ({"request": {"": "$.age"}}, "'' is no field name"),
        ({"request": {}}, "map at least one field"),
        ({"request_rows": "items"}, "request_rows: Value error, 'items' is no JSON path"),
        ({"response_rows": "$.a[?length(1)]"}, "response_rows"),
        ({"rows": "$"}, "rows: Extra inputs are not permitted"),
    ],
)
def test_a_bad_mapping_is_one_clear_error_that_names_the_entry(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(mappings=(GOOD, GOOD | change))
    message = caught.value.message
    assert words in message
    assert "mappings.1" in message
    assert "mappings.0" not in message


@pytest.mark.parametrize(
    ("pattern", "path", "parts"),
    [
        ("/a/*/b", "/a/x/b", {}),
        ("/a/*/b", "/a/x/y/b", None),
        ("/a/**", "/a/x/y", {}),
        ("/a/{m}.json", "/a/x.json", {"m": "x"}),
        ("/a/{m}.json", "/a/xyjson", None),
        ("/a+(b)", "/a+(b)", {}),
        (r"^/v\d/(?P<m>[a-z]+)$", "/v3/films", {"m": "films"}),
        (r"^/v\d", "/v3/films", None),
    ],
)
def test_paths_are_globs_or_regular_expressions(
    pattern: str, path: str, parts: dict[str, str] | None
) -> None:
    match = path_pattern(pattern).fullmatch(path)
    assert (match.groupdict() if match else None) == parts


def test_equal_mappings_are_found_by_their_hash() -> None:
    one, two = PayloadMapping(**GOOD), PayloadMapping(**GOOD)
    assert len({one, two, PayloadMapping(**GOOD | {"version": "2"})}) == 2
