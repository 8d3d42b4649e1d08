"""A mail server on loopback that speaks as much SMTP as a client needs, and refuses on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from socketserver import StreamRequestHandler, ThreadingTCPServer


@dataclass
class MailServer:
    """What came, and what to answer to the recipient in place of ``250 ok``."""

    port: int = 0
    refuse: str = ""
    mails: list[Message] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run it until the block ends."""
    state = MailServer()

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            for line in self.rfile:
                word = line.split(b":")[0].strip().upper()
                if word == b"RCPT TO" and state.refuse:
                    self._say(state.refuse)
                elif word == b"DATA":
                    self._say("354 go on")
                    raw = b""
                    while not raw.endswith(b"\r\n.\r\n"):
                        raw += self.rfile.readline()
                    state.mails.append(message_from_bytes(raw[:-3]))
                    self._say("250 ok")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
