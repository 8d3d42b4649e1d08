"""Contracts: what a model takes and gives, and how its fields lie in the event arrays.

A *field* is what people talk about (``amount``, ``image``, ``scores``). A field of a rich kind is
measured by several *columns* (``image.brightness``, ``scores.confidence``); a plain one by one column
of its own name. Every column owns a *slot*: its index in ``inference_events.numeric`` or
``.categorical``. A later revision of a contract keeps the slots of the columns it inherits and only
appends, so that events of every revision can be read with the newest one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from driftline.errors import InvalidContract
from driftline.quality_contract import Quality
from driftline.redaction import Redaction

Role = Literal["input", "output", "segment"]
Kind = Literal[
    "numeric", "categorical", "text", "image", "audio", "embedding", "tensor", "prediction", "sequence"
]
ColumnKind = Literal["numeric", "categorical"]

MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ELEMENT = re.compile(r"(.+)\[(\d{1,6})\]")
FIELD_NAME = re.compile(r"[^\x00-\x1f`]{1,200}")

DERIVED_COLUMNS: Mapping[Kind, tuple[tuple[str, ColumnKind], ...]] = {
    "text": (
        ("characters", "numeric"),
        ("tokens", "numeric"),
        ("script", "categorical"),
        ("script_entropy", "numeric"),
        ("language", "categorical"),
        ("digit_share", "numeric"),
        ("punctuation_share", "numeric"),
        ("emoji_share", "numeric"),
        ("unknown_share", "numeric"),
        ("repetition", "numeric"),
        ("compression_ratio", "numeric"),
    ),
    "image": (
        ("brightness", "numeric"),
        ("contrast", "numeric"),
        ("sharpness", "numeric"),
        ("noise", "numeric"),
        ("width", "numeric"),
        ("height", "numeric"),
        ("aspect", "numeric"),
        ("colourfulness", "numeric"),
        ("entropy", "numeric"),
        ("blank_share", "numeric"),
    ),
    "audio": (
        ("duration_seconds", "numeric"),
        ("sample_rate_hz", "numeric"),
        ("rms", "numeric"),
        ("peak", "numeric"),
        ("clipping_share", "numeric"),
        ("silence_share", "numeric"),
        ("zero_crossing_rate", "numeric"),
        ("spectral_centroid_hz", "numeric"),
        ("snr_db", "numeric"),
    ),
    "embedding": (
        ("norm", "numeric"),
        ("cosine", "numeric"),
        *((f"projection_{index}", "numeric") for index in range(8)),
    ),
    "tensor": (
        ("mean", "numeric"),
        ("std", "numeric"),
        ("min", "numeric"),
        ("max", "numeric"),
        ("skewness", "numeric"),
        ("p05", "numeric"),
        ("p50", "numeric"),
        ("p95", "numeric"),
        ("zero_share", "numeric"),
        ("nan_share", "numeric"),
    ),
    "prediction": (
        ("class", "categorical"),
        ("confidence", "numeric"),
        ("entropy", "numeric"),
        ("margin", "numeric"),
    ),
    "sequence": (
        ("length", "numeric"),
        ("mean_confidence", "numeric"),
        ("min_confidence", "numeric"),
        ("characters", "numeric"),
    ),
}
"""Columns that measure a field of a rich kind; definitions and units are in collector/descriptors."""


_NUMBERS_ONLY: frozenset[Kind] = frozenset({"numeric", "embedding", "tensor"})
"""Kinds whose values are never text."""


class Column(BaseModel):
    """One measured series of a model: a position in the event arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: ColumnKind
    slot: int = Field(ge=0)
    field: str
    role: Role
    descriptor: str = ""
    tolerance: float | None = None


class ContractField(BaseModel):
    """A field as its owner declares it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name people use; unique in the contract.")
    role: Role = Field(default="input", description="input, output or segment.")
    kind: Kind = Field(
        description="numeric, categorical, text, image, audio, embedding, tensor, prediction or sequence."
    )
    source: str = Field(
        default="",
        description="Tensor in the request (input) or response (output), or one element of it as NAME[3]; "
        "the field's name when empty.",
    )
    classes: tuple[str, ...] = Field(
        default=(), description="Class names of a prediction, in the order of its scores."
    )
    tolerance: float | None = Field(
        default=None, ge=0, description="Smallest change that counts as drift, in place of the setting."
    )
    sample_rate_hz: float | None = Field(
        default=None, gt=0, description="Sample rate of an audio field whose values are a waveform."
    )
    redaction: Redaction | None = Field(
        default=None, description="What happens to the values before anything leaves the collector."
    )
    store_raw: bool = Field(
        default=False, description="Also store the values as they came (after redaction) in `payloads`."
    )

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not FIELD_NAME.fullmatch(value):
            raise ValueError("a field name has 1-200 characters, no control character and no backtick")
        return value

    @model_validator(mode="after")
    def _redactable(self) -> Self:
        rule = self.redaction
        if rule is not None and not rule.drop and self.kind in _NUMBERS_ONLY:
            raise ValueError(
                f"field {self.name!r} is {self.kind}: replace, truncate and hash are for text; "
                "numbers can only be dropped"
            )
        return self

    @property
    def tensor(self) -> str:
        """Name of the tensor the field is read from, with the element if it is one."""
        return self.source or self.name

    @property
    def element(self) -> tuple[str, int] | None:
        """Tensor and index (row-major, from 0) when ``source`` names one element, as ``x[3]``."""
        match = _ELEMENT.fullmatch(self.tensor)
        return (match[1], int(match[2])) if match else None


class Lineage(BaseModel):
    """How a version came to be: what a retrain needs to be started again."""

    model_config = ConfigDict(frozen=True, extra="allow")

    dataset: str = ""
    method: str = ""
    hyper_parameters: dict[str, Any] = Field(default_factory=dict)
    image: str = ""
    commit: str = ""


class Contract(BaseModel):
    """One revision of what a model takes and gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Name of the model, as its server knows it.")
    team: str = Field(default="", description="Team that owns it.")
    description: str = Field(default="", description="What the model is for, in a sentence.")
    fields: tuple[ContractField, ...] = Field(description="What goes in and comes out.")
    prediction: str = Field(default="", description="Column that is compared with labels, e.g. scores.class.")
    quality: Quality | None = Field(default=None, description="How labels and metrics measure it.")
    lineage: Lineage = Field(default_factory=Lineage, description="What a retrain needs.")
    revision: int = Field(default=1, ge=1)
    source: Literal["declared", "inferred"] = "declared"
    slots: dict[str, int] = Field(default_factory=dict, description="Column name to slot; kept by the store.")

    @field_validator("model")
    @classmethod
    def _model(cls, value: str) -> str:
        return checked_model_name(value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.fields:
            raise ValueError("a contract needs at least one field")
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"field names must be unique; given twice: {', '.join(twice)}")
        columns = self.columns()
        column_names = [column.name for column in columns]
        clash = sorted({name for name in column_names if column_names.count(name) > 1})
        if clash:
            raise ValueError(f"two fields measure a column of the same name: {', '.join(clash)}")
        if self.prediction and self.prediction not in column_names:
            raise ValueError(
                f"prediction {self.prediction!r} is not a column; columns are {', '.join(column_names)}"
            )
        if self.quality is not None:
            self.quality.check_columns(
                self.prediction,
                {column.name: column.kind for column in columns},
                {field.name for field in self.fields if field.store_raw},
            )
        return self

    def quality_or_default(self) -> Quality | None:
        """How quality is measured: as declared, or classification by the prediction; else ``None``."""
        if self.quality is not None:
            return self.quality
        column = self.column(self.prediction) if self.prediction else None
        return Quality() if column is not None and column.kind == "categorical" else None

    def columns(self) -> tuple[Column, ...]:
        """Every measured column with its slot, in the order of the fields."""
        taken: dict[ColumnKind, set[int]] = {"numeric": set(), "categorical": set()}
        plain = list(self._columns_without_slots())
        for name, kind, _, _ in plain:
            if f"{kind}:{name}" in self.slots:
                taken[kind].add(self.slots[f"{kind}:{name}"])
        for key, slot in self.slots.items():
            kind_text, _, _ = key.partition(":")
            taken["numeric" if kind_text == "numeric" else "categorical"].add(slot)
        columns = []
        for name, kind, field, descriptor in plain:
            slot_or_none = self.slots.get(f"{kind}:{name}")
            if slot_or_none is None:
                slot_or_none = next(i for i in range(len(taken[kind]) + 1) if i not in taken[kind])
                taken[kind].add(slot_or_none)
            columns.append(
                Column(
                    name=name,
                    kind=kind,
                    slot=slot_or_none,
                    field=field.name,
                    role=field.role,
                    descriptor=descriptor,
                    tolerance=field.tolerance,
                )
            )
        return tuple(columns)

    def _columns_without_slots(self) -> Iterable[tuple[str, ColumnKind, ContractField, str]]:
        for field in self.fields:
            if field.kind == "numeric" or field.kind == "categorical":
                yield field.name, field.kind, field, ""
            else:
                for descriptor, kind in DERIVED_COLUMNS[field.kind]:
                    yield f"{field.name}.{descriptor}", kind, field, descriptor

    def column(self, name: str) -> Column | None:
        """The column of that name, or ``None``."""
        return next((column for column in self.columns() if column.name == name), None)

    def width(self, kind: ColumnKind) -> int:
        """Length of the event array of that kind: one more than its highest slot."""
        return 1 + max((column.slot for column in self.columns() if column.kind == kind), default=-1)

    def succeed(self, previous: Contract | None) -> Contract:
        """This contract as the revision after ``previous``, inheriting its slots."""
        slots = dict(previous.all_slots()) if previous else {}
        revision = previous.revision + 1 if previous else 1
        heir = self.model_copy(update={"slots": slots, "revision": revision})
        return heir.model_copy(update={"slots": heir.all_slots()})

    def all_slots(self) -> dict[str, int]:
        """Slots of present and of inherited, no longer declared columns, keyed ``kind:name``."""
        return self.slots | {f"{column.kind}:{column.name}": column.slot for column in self.columns()}


def checked_model_name(value: str) -> str:
    """Return ``value`` if it can name a model, else raise ``ValueError`` saying what can."""
    if not MODEL_NAME.fullmatch(value):
        raise ValueError(
            f"model name {value!r} must be 1-128 letters, digits, '.', '_' or '-', not starting with a sign"
        )
    return value


def parse_contract(values: object, origin: str = "contract") -> Contract:
    """Build a contract from parsed YAML or JSON; :class:`InvalidContract` lists every fault."""
    if not isinstance(values, dict):
        raise InvalidContract(
            f"{origin} must be a mapping with model and fields, got {type(values).__name__}"
        )
    try:
        return Contract.model_validate(values)
    except ValidationError as error:
        faults = [
            f"  {'.'.join(str(part) for part in fault['loc']) or 'contract'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidContract("\n".join([f"{origin} is wrong:", *faults])) from error


def load_contract(path: Path) -> Contract:
    """Read a contract from a YAML (or JSON) file."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidContract(f"contract file {path} does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidContract(f"contract file {path} cannot be read: {error}") from error
    return parse_contract(values, str(path))
