"""Which webhooks the pipeline has accepted, and which of its runs are still to finish."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import orjson

from demo.webhooks import Message


class RunLedger:
    """One file a message in a folder: a redelivery is recognised, a crash forgets nothing."""

    def __init__(self, folder: Path) -> None:
        self._open = folder / "open"
        self._done = folder / "done"
        for part in (self._open, self._done):
            part.mkdir(parents=True, exist_ok=True)

    def accept(self, message: Message) -> bool:
        """Note a message durably; ``False`` when it was accepted before."""
        name = _file_name(message.id)
        if (self._done / name).exists():
            return False
        draft = self._open / f".{name}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(orjson.dumps({"id": message.id, "body": message.body}))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._open / name)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def finish(self, message: Message) -> None:
        """Note that nothing is left to do for a message."""
        name = _file_name(message.id)
        (self._open / name).replace(self._done / name)

    def unfinished(self) -> list[Message]:
        """Accepted messages that no run has finished, oldest first."""
        files = [path for path in self._open.iterdir() if not path.name.startswith(".")]
        files.sort(key=lambda path: path.stat().st_mtime_ns)
        return [Message(**orjson.loads(path.read_bytes())) for path in files]


def _file_name(message_id: str) -> str:
    # The id is chosen by the sender: hashed, it cannot name another folder.
    return f"{hashlib.blake2b(message_id.encode(), digest_size=16).hexdigest()}.json"
