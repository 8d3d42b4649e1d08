"""What an episode calls for: a pure function from it and the rules to the actions that must exist."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.episode import Episode
from alerting.rules.document import Severity
from alerting.rules.matching import Wanted
from driftline.action_states import ActionKind
from driftline.ids import ActionId, derived_id


@dataclass(frozen=True, slots=True)
class RequiredAction:
    """An action that an episode calls for; its id is the same however often it is derived.

    Attributes
    ----------
    candidate
        Version that a redeploy brings into service.
    """

    episode: Episode
    kind: ActionKind
    event: str
    target: str
    severity: Severity = "warning"
    rules: tuple[str, ...] = ()
    candidate: str = ""

    @property
    def action_id(self) -> ActionId:
        """Derived from the episode, what is told or done, and where.

        Of a notification: one a target and event. Of all else: one a kind, wherever it goes, so that a
        target that is renamed in the rules does not start a second run. Of a redeploy: one a candidate.
        """
        where = self.target if self.kind == "notify" else self.candidate
        return ActionId(derived_id("ac", self.episode.episode_id, self.kind, self.event, where))


def events_of(episode: Episode) -> tuple[str, ...]:
    """What an episode has been through; the names are those of the notifications."""
    told = ["episode.opened"]
    if episode.worsened:
        told.append("episode.worsened")
    if episode.state == "resolved":
        told.append("episode.resolved")
    return tuple(told)


def required_actions(episode: Episode, wanted: Wanted, candidate: str = "") -> list[RequiredAction]:
    """Every action that the episode, in its present state, must have led to.

    One notification a target when it opens, worsens and resolves, and while it is open at most one action of
    each kind that its rules name. Whether and when an action may start is its policy's concern.

    Parameters
    ----------
    candidate
        Version that was made for the episode; as long as there is none, nothing can be redeployed.
    """
    actions = [
        RequiredAction(episode, "notify", event, target, severity, wanted.rules)
        for event in events_of(episode)
        for target, severity in wanted.notify.items()
    ]
    if episode.state == "open":
        actions += [
            RequiredAction(
                episode,
                kind,
                f"{kind}.requested",
                target,
                wanted.severity or "warning",
                wanted.rules,
                candidate if kind == "redeploy" else "",
            )
            for kind, target in wanted.actions.items()
            if kind != "redeploy" or candidate
        ]
    return actions
