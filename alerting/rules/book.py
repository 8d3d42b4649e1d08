"""The rules in force: those of a file that may change while the service runs."""

from __future__ import annotations

from pathlib import Path

from alerting.rules.defaults import rules_of_settings
from alerting.rules.reading import InvalidRules, Rules, TargetKinds, read_rules_file
from driftline.logs import get_logger
from driftline.settings import Settings

_log = get_logger(__name__)


class RuleBook:
    """Rules that follow their file; a file with faults changes nothing until it is mended.

    Raises
    ------
    InvalidRules
        When it is made and the file has faults: a service does not start on rules it does not understand.
    """

    def __init__(self, settings: Settings, kinds: TargetKinds) -> None:
        self._path = settings.rules_file
        self._kinds = kinds
        self._stamp = self._newest_stamp()
        self.fault: InvalidRules | None = None
        self._rules = (
            Rules(rules_of_settings(settings), {})
            if self._path is None
            else read_rules_file(self._path, kinds)
        )

    @property
    def from_file(self) -> bool:
        """Whether the rules are those of a file."""
        return self._path is not None

    def current(self) -> Rules:
        """The rules in force, read anew when the file has changed."""
        stamp = self._newest_stamp()
        if self._path is None or stamp == self._stamp:
            return self._rules
        self._stamp = stamp
        try:
            self._rules = read_rules_file(self._path, self._kinds)
        except InvalidRules as error:
            self.fault = error
            _log.error("rules not read, the old ones stay in force", error=error.message)
        else:
            self.fault = None
            _log.info("rules read anew", file=str(self._path), rules=len(self._rules.file.rules))
        return self._rules

    def _newest_stamp(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        # A mounted ConfigMap changes by another file under the same name.
        return found.st_mtime_ns, found.st_size, found.st_ino
