"""The body of a notification: what happened, the figures, and where to look."""

from __future__ import annotations

from typing import Any

from alerting.required import RequiredAction


def links(base_url: str, model: str, episode_id: str) -> dict[str, str]:
    """Where people and programs find the episode."""
    return {
        "page": f"{base_url}/models/{model}",
        "api": f"{base_url}/api/v1/episodes/{episode_id}",
    }


def notification_body(action: RequiredAction, base_url: str) -> dict[str, Any]:
    """Body of a notification webhook."""
    episode = action.episode
    return {
        "type": action.event,
        "timestamp": episode.updated_at.isoformat(),
        "data": {
            "action_id": action.action_id,
            "severity": action.severity,
            "rules": list(action.rules),
            "episode": episode.as_json(),
            "links": links(base_url, episode.model, episode.episode_id),
        },
    }
