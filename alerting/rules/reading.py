"""Read a file of rules: whole, or not at all with every fault named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from alerting.rules.document import RuleFile
from alerting.rules.marks import Fault, FaultyYaml, Marked, read_marked
from driftline.errors import DriftlineError, InvalidInput

TargetRole = Literal["notifier", "hook"]

TargetKinds = Callable[[str], tuple[TargetRole, type[BaseModel]]]
"""Role and configuration class of a kind of target; :class:`InvalidInput` when there is none such."""

LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A target as configured."""

    name: str
    role: TargetRole
    config: BaseModel


@dataclass(frozen=True, slots=True)
class Rules:
    """A file of rules that was found good, with its targets."""

    file: RuleFile
    targets: Mapping[str, Target]


class InvalidRules(InvalidInput):
    """A file of rules with faults; the rules before it stay in force."""

    code = "invalid_rules"

    def __init__(self, origin: str, faults: list[Fault]) -> None:
        plural = "fault" if len(faults) == 1 else "faults"
        super().__init__(
            "\n  ".join([f"{origin} has {len(faults)} {plural}:", *(str(one) for one in sorted(faults))])
        )
        self.faults = sorted(faults)

    @classmethod
    def unreadable(cls, origin: str, error: Exception) -> InvalidRules:
        """Of a file that could not be read at all."""
        return cls(origin, [Fault(1, 1, "", f"cannot be read: {error}")])


def read_rules_file(path: Path, kinds: TargetKinds) -> Rules:
    """Read the rules in a file; :class:`InvalidRules` when it is not there or has faults."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InvalidRules(str(path), [Fault(1, 1, "", f"larger than {LARGEST_BYTES:,} bytes")])
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRules.unreadable(str(path), error) from error
    return read_rules(text, str(path), kinds)


def read_rules(text: str, origin: str, kinds: TargetKinds) -> Rules:
    """Read rules from text.

    Parameters
    ----------
    origin
        Where the text is from, for messages.
    kinds
        What kinds of targets there are.

    Raises
    ------
    InvalidRules
        With every fault that was found, its line and its column.
    """
    try:
        marked = read_marked(text)
    except FaultyYaml as error:
        raise InvalidRules(origin, error.faults) from None
    if not isinstance(marked.value, dict):
        raise InvalidRules(origin, [marked.fault((), "must be a mapping with `targets` and `rules`")])
    faults: list[Fault] = []
    try:
        file = RuleFile.model_validate(marked.value)
    except ValidationError as error:
        raise InvalidRules(origin, faults_of(marked, (), error)) from None
    targets: dict[str, Target] = {}
    for name, values in file.targets.items():
        found = _target(marked, name, values, kinds)
        if isinstance(found, Target):
            targets[name] = found
        else:
            faults += found
    faults += _dangling(marked, file, targets)
    if faults:
        raise InvalidRules(origin, faults)
    return Rules(file, targets)


def _target(marked: Marked, name: str, values: Mapping[str, Any], kinds: TargetKinds) -> Target | list[Fault]:
    path = ("targets", name)
    kind = values.get("kind")
    if not isinstance(kind, str):
        return [marked.fault(path, "a target needs a `kind`")]
    try:
        role, config = kinds(kind)
    except DriftlineError as error:
        return [marked.fault((*path, "kind"), error.message)]
    try:
        return Target(name, role, config.model_validate(dict(values)))
    except ValidationError as error:
        return faults_of(marked, path, error)


def _dangling(marked: Marked, file: RuleFile, targets: Mapping[str, Target]) -> list[Fault]:
    """Names of targets that there are not, or that cannot do what is asked of them."""
    faults = []

    def check(path: tuple[str | int, ...], name: str, role: TargetRole) -> None:
        if name not in file.targets:
            known = ", ".join(sorted(file.targets)) or "none"
            faults.append(marked.fault(path, f"target {name!r} is not under `targets` (there: {known})"))
        elif name in targets and targets[name].role != role:
            can = "be told only" if role == "hook" else "start pipelines only"
            faults.append(marked.fault(path, f"target {name!r} can {can}"))

    for i, rule in enumerate(file.rules):
        for j, name in enumerate(rule.notify):
            check(("rules", i, "notify", j), name, "notifier")
        for kind, name in rule.actions.items():
            check(("rules", i, "actions", kind), name, "hook")
        if not rule.notify and not rule.actions:
            faults.append(marked.fault(("rules", i), f"rule {rule.name!r} tells nobody and does nothing"))
    return faults


def faults_of(marked: Marked, path: tuple[str | int, ...], error: ValidationError) -> list[Fault]:
    """Faults that a validation found, where they were written; values that may be secret are not shown."""
    faults = []
    for one in error.errors(include_url=False, include_context=False):
        message = one["msg"].removeprefix("Value error, ")
        secret = any(word in str(part) for part in one["loc"] for word in ("url", "token", "secret", "key"))
        plain = isinstance(one["input"], str | int | float | bool)
        if plain and not secret and one["type"] not in ("missing", "extra_forbidden", "value_error"):
            message += f" (got {one['input']!r})"
        faults.append(marked.fault((*path, *one["loc"]), message))
    return faults
