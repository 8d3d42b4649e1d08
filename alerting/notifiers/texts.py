"""Messages as text: the house's own, or an owner's template in a sandbox; cut to what a target takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerting.notifiers.told import MOST_LISTED, Message, Told
from driftline.errors import PermanentDelivery

LONGEST_TEMPLATE: Final = 20_000
MORE: Final = "… (more on the page)"

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)

Link = Callable[[str, str], str]
"""How a target writes a link: words and address."""


def markdown_link(words: str, address: str) -> str:
    """A link as most chat services write it.

    >>> markdown_link("open", "http://x")
    '[open](http://x)'
    """
    return f"[{words}]({address})" if address else words


def plain_link(words: str, address: str) -> str:
    """A link where nothing is marked up."""
    return f"{words}: {address}" if address else words


def body_text(message: Message, template: str = "", *, link: Link = markdown_link, bold: str = "**") -> str:
    """The text below the title.

    Parameters
    ----------
    template
        An owner's; ``message``, ``told`` (the worst) and ``title`` are there. The house's own when empty.

    Raises
    ------
    PermanentDelivery
        The template cannot be filled.
    """
    if template:
        return _filled(template, message)
    if not message.digest:
        return "\n".join(_single(message.worst, link, bold))
    lines = [_line(one, link, bold) for one in message.by_severity()[:MOST_LISTED]]
    left = len(message.told) - MOST_LISTED
    return "\n".join([*lines, *([f"and {left} more"] if left > 0 else [])])


def cut(text: str, most: int, *, measure: Callable[[str], int] = len) -> str:
    """Text of at most so many characters (or bytes, by ``measure``), with a word that there is more.

    >>> cut("abcdefghij" * 5, 30)
    'abcdefghij… (more on the page)'
    """
    if measure(text) <= most:
        return text
    kept = text
    while kept and measure(kept) > most - measure(MORE):
        over = measure(kept) - (most - measure(MORE))
        # A character is at most four bytes, so a quarter never cuts off too much.
        kept = kept[: -max(1, over // 4)]
    return kept + MORE


def utf8(text: str) -> int:
    """Length in bytes."""
    return len(text.encode())


def checked_template(text: str) -> str:
    """A template that can be read; ``ValueError`` says where it cannot."""
    if len(text) > LONGEST_TEMPLATE:
        raise ValueError(f"a template has at most {LONGEST_TEMPLATE:,} characters, got {len(text):,}")
    try:
        _compiled(text)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise ValueError(f"the template is wrong{f' in its line {line}' if line else ''}: {error}") from None
    return text


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def _filled(template: str, message: Message) -> str:
    values: dict[str, Any] = {"message": message, "told": message.worst, "title": message.title}
    try:
        return _compiled(template).render(values)
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise PermanentDelivery(f"the template cannot be filled: {error}", "misconfigured") from error


def _single(one: Told, link: Link, bold: str) -> list[str]:
    facts = [f"{bold}{name}{bold}: {value}" for name, value in one.facts]
    return [*filter(None, [one.summary]), *facts, *filter(None, [link("Open in Driftline", one.page)])]


def _line(one: Told, link: Link, bold: str) -> str:
    head = link(one.title, one.page) if link is markdown_link else f"{bold}{one.title}{bold}"
    return f"- {one.severity} {head}: {one.summary}"
