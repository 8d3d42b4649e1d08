"""Contracts: columns, slots that stay over revisions, and faults that are all named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.contracts import DERIVED_COLUMNS, Contract, ContractField, load_contract, parse_contract
from driftline.errors import InvalidContract


def contract(*fields: tuple[str, str], **more: Any) -> Contract:
    return parse_contract(
        {"model": "m", "fields": [{"name": name, "kind": kind} for name, kind in fields], **more}
    )


def slots(given: Contract) -> dict[str, tuple[str, int]]:
    return {column.name: (column.kind, column.slot) for column in given.columns()}


def test_plain_fields_are_columns_of_their_own_name() -> None:
    given = contract(("a", "numeric"), ("b", "categorical"), ("c", "numeric"))
    assert slots(given) == {"a": ("numeric", 0), "b": ("categorical", 0), "c": ("numeric", 1)}
    assert (given.width("numeric"), given.width("categorical")) == (2, 1)


@pytest.mark.parametrize("kind", sorted(DERIVED_COLUMNS))
def test_rich_fields_are_measured_by_derived_columns(kind: str) -> None:
    given = contract(("f", kind))
    expected = next(columns for name, columns in DERIVED_COLUMNS.items() if name == kind)
    assert [(column.name, column.kind) for column in given.columns()] == [
        (f"f.{descriptor}", column_kind) for descriptor, column_kind in expected
    ]
    assert {column.field for column in given.columns()} == {"f"}
    assert all(column.descriptor for column in given.columns())


def test_a_later_revision_keeps_the_slots_and_appends() -> None:
    first = contract(("a", "numeric"), ("b", "numeric")).succeed(None)
    second = contract(("new", "numeric"), ("b", "numeric"), ("a", "numeric")).succeed(first)
    assert (first.revision, second.revision) == (1, 2)
    assert slots(second) == {"new": ("numeric", 2), "b": ("numeric", 1), "a": ("numeric", 0)}


def test_the_slot_of_a_removed_column_is_never_given_away() -> None:
    first = contract(("a", "numeric"), ("b", "numeric")).succeed(None)
    second = contract(("b", "numeric")).succeed(first)
    third = contract(("b", "numeric"), ("c", "numeric")).succeed(second)
    assert slots(third)["c"] == ("numeric", 2)
    back = contract(("a", "numeric"), ("c", "numeric")).succeed(third)
    assert slots(back) == {"a": ("numeric", 0), "c": ("numeric", 2)}


def test_a_column_that_changes_its_kind_gets_a_slot_of_that_kind() -> None:
    first = contract(("a", "numeric"), ("b", "numeric")).succeed(None)
    second = contract(("a", "categorical"), ("b", "numeric")).succeed(first)
    assert slots(second) == {"a": ("categorical", 0), "b": ("numeric", 1)}
    third = contract(("a", "numeric"), ("b", "numeric")).succeed(second)
    assert slots(third) == slots(first)


NAMES = st.sampled_from(["a", "b", "c:d", "ü", "numeric:a", "e.mean"])
KINDS = st.sampled_from(["numeric", "categorical", *DERIVED_COLUMNS])
FIELDS = st.dictionaries(NAMES, KINDS, min_size=1, max_size=5).filter(
    lambda fields: not ("e" in fields and "e.mean" in fields)
)


@given(st.lists(FIELDS, min_size=1, max_size=6))
def test_slots_are_stable_and_unique_over_any_history(history: list[dict[str, str]]) -> None:
    seen: dict[tuple[str, str], int] = {}
    previous: Contract | None = None
    for fields in history:
        previous = parse_contract(contract(*fields.items()).succeed(previous).model_dump(mode="json"))
        taken = set()
        for column in previous.columns():
            assert seen.setdefault((column.kind, column.name), column.slot) == column.slot
            assert (column.kind, column.slot) not in taken
            taken.add((column.kind, column.slot))
            assert column.slot < previous.width(column.kind)
    assert len({(kind, slot) for (kind, _), slot in seen.items()}) == len(seen)


def test_a_tensor_is_named_by_the_source_or_the_field() -> None:
    given = parse_contract(
        {
            "model": "m",
            "fields": [{"name": "a", "kind": "numeric", "source": "t"}, {"name": "b", "kind": "numeric"}],
        }
    )
    assert [field.tensor for field in given.fields] == ["t", "b"]
    assert given.column("b") is not None
    assert given.column("t") is None


FIELD = {"name": "a", "kind": "numeric"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "must be a mapping with model and fields, got list"),
        (None, "got NoneType"),
        ({}, "model: Field required"),
        ({"model": "m"}, "fields: Field required"),
        ({"model": "m", "fields": []}, "at least one field"),
        ({"model": "-m", "fields": [FIELD]}, "model name '-m' must be 1-128"),
        ({"model": "a b", "fields": [FIELD]}, "must be 1-128 letters"),
        ({"model": "m@x", "fields": [FIELD]}, "must be 1-128 letters"),
        ({"model": "m" * 129, "fields": [FIELD]}, "must be 1-128 letters"),
        ({"model": "m\n", "fields": [FIELD]}, "must be 1-128 letters"),
        ({"model": "m", "fields": [FIELD, FIELD]}, "given twice: a"),
        ({"model": "m", "fields": [{"name": "", "kind": "numeric"}]}, "1-200 characters"),
        ({"model": "m", "fields": [{"name": "a`b", "kind": "numeric"}]}, "no backtick"),
        ({"model": "m", "fields": [{"name": "a\nb", "kind": "numeric"}]}, "no control character"),
        ({"model": "m", "fields": [{"name": "a"}]}, "fields.0.kind: Field required"),
        ({"model": "m", "fields": [{"name": "a", "kind": "video"}]}, "fields.0.kind"),
        ({"model": "m", "fields": [{"name": "a", "kind": "numeric", "role": "x"}]}, "fields.0.role"),
        ({"model": "m", "fields": [{"name": "a", "kind": "numeric", "unit": "m"}]}, "fields.0.unit"),
        ({"model": "m", "fields": [{"name": "a", "kind": "numeric", "tolerance": -1}]}, "tolerance"),
        ({"model": "m", "fields": [FIELD], "prediction": "b"}, "columns are a"),
        ({"model": "m", "fields": [FIELD], "fileds": 1}, "fileds"),
        (
            {
                "model": "m",
                "fields": [{"name": "t", "kind": "tensor"}, {"name": "t.mean", "kind": "numeric"}],
            },
            "two fields measure a column of the same name: t.mean",
        ),
    ],
)
def test_every_fault_is_named(values: object, words: str) -> None:
    with pytest.raises(InvalidContract) as caught:
        parse_contract(values, "my contract")
    assert words in caught.value.message
    assert caught.value.message.startswith("my contract")


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidContract) as caught:
        parse_contract({"model": "?", "fields": [{"name": "`", "kind": "x"}]})
    assert len(caught.value.message.splitlines()) == 4


def test_a_contract_file(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text("model: m\nfields:\n  - {name: å, kind: numeric}\n", encoding="utf-8")
    assert load_contract(path).fields[0].name == "å"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a: [", "cannot be read"), (b"\xff\xfe\x00x", "cannot be read"), (b"7", "got int")],
)
def test_a_contract_file_that_is_none_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidContract, match=words):
        load_contract(path)
    with pytest.raises(InvalidContract, match="does not exist"):
        load_contract(tmp_path / "absent.yaml")


@pytest.mark.parametrize("kind", ["numeric", "embedding", "tensor"])
def test_numbers_can_only_be_dropped(kind: str) -> None:
    field = {"name": "x", "kind": kind, "redaction": {"hash": True}}
    with pytest.raises(InvalidContract, match="numbers can only be dropped"):
        parse_contract({"model": "m", "fields": [field]})
    dropped = parse_contract({"model": "m", "fields": [field | {"redaction": {"drop": True}}]})
    assert dropped.fields[0].redaction is not None


@pytest.mark.parametrize(
    ("source", "element"), [("x[3]", ("x", 3)), ("a[1][2]", ("a[1]", 2)), ("x", None), ("x[-1]", None)]
)
def test_elements(source: str, element: tuple[str, int] | None) -> None:
    assert ContractField(name="f", kind="numeric", source=source).element == element
