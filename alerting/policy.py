"""What an episode leads to: a pure function from the episode to the actions that must exist."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.episode import Episode
from driftline.action_states import ActionKind
from driftline.ids import ActionId, derived_id
from driftline.outbound import displayed_target
from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class RequiredAction:
    """An action that an episode calls for; its id is the same however often it is derived."""

    episode: Episode
    kind: ActionKind
    event: str
    target: str

    @property
    def action_id(self) -> ActionId:
        """Derived from the episode, what is told or done, and where."""
        return ActionId(derived_id("ac", self.episode.episode_id, self.kind, self.event, self.target))


def required_actions(episode: Episode, settings: Settings) -> list[RequiredAction]:
    """Every action that the episode, in its present state, must have led to.

    One notification a target when it opens, worsens and resolves, and at most one retrain: when
    quality fell (``pipeline_trigger: decay``), or at any drift that is not shown to be harmless.
    """
    events = ["episode.opened"]
    if episode.worsened:
        events.append("episode.worsened")
    if episode.state == "resolved":
        events.append("episode.resolved")
    actions = [
        RequiredAction(episode, "notify", event, displayed_target(url))
        for event in events
        for url in settings.notify_urls
    ]
    wanted = episode.harmful or (settings.pipeline_trigger == "drift" and episode.kind == "drift")
    if settings.pipeline_url and episode.state == "open" and wanted:
        actions.append(
            RequiredAction(episode, "retrain", "retrain.requested", displayed_target(settings.pipeline_url))
        )
    return actions
