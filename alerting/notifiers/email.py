"""E-mail by SMTP, in plain text."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from pydantic import Field

from alerting.notifiers.specs import NotifierConfig
from alerting.notifiers.texts import body_text, plain_link
from alerting.notifiers.told import Message
from driftline.errors import PermanentDelivery, RetryableDelivery
from driftline.secret_source import SecretSource


class EmailConfig(NotifierConfig):
    """People with a mailbox, and the server that takes mail for them."""

    kind: Literal["email"] = "email"
    server: str = Field(min_length=1, description="Name of the SMTP server.")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="How it is secured.")
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="Address it comes from.")
    to: tuple[str, ...] = Field(min_length=1, description="Addresses it goes to.")
    user: str = ""
    password: SecretSource | None = None

    def connect(self) -> Email:
        return Email(self, self.password.read().get_secret_value() if self.password else "")


class Email:
    """Sends mail; of the same notifications it always has one Message-ID, so most boxes show it once."""

    def __init__(self, config: EmailConfig, password: str) -> None:
        self._config = config
        self._password = password

    def send(self, message: Message) -> None:
        """Hand it to the server."""
        config = self._config
        mail = EmailMessage()
        mail["Subject"] = " ".join(f"[{message.severity}] {message.title}".split())
        mail["From"], mail["To"] = config.sender, ", ".join(config.to)
        mail["Date"] = formatdate()
        domain = config.sender.rpartition("@")[2]
        mail["Message-ID"] = f"<{message.message_id}@{domain}>"
        if not message.digest:
            # Mail programs show what refers to one id as one thread.
            mail["References"] = f"<{message.worst.episode_id}@{domain}>"
        mail.set_content(body_text(message, config.template, link=plain_link, bold=""))
        where = f"{config.server}:{config.port}"
        try:
            with self._session() as session:
                session.send_message(mail)
        except smtplib.SMTPAuthenticationError as error:
            raise PermanentDelivery(f"{where} refuses user and password", "unauthorized") from error
        except smtplib.SMTPResponseException as error:
            said = f"{where} answered {error.smtp_code}: {error.smtp_error!r}"
            kind = PermanentDelivery if error.smtp_code >= 500 else RetryableDelivery
            raise kind(said, "rejected") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            refused = PermanentDelivery if all(code >= 500 for code in codes) else RetryableDelivery
            raise refused(f"{where} refuses {', '.join(error.recipients)}", "rejected") from error
        except smtplib.SMTPNotSupportedError as error:
            raise PermanentDelivery(f"{where} cannot do what is asked: {error}", "misconfigured") from error
        except TimeoutError as error:
            raise RetryableDelivery(f"{where} did not answer in time", "timeout") from error
        except (OSError, smtplib.SMTPException) as error:
            raise RetryableDelivery(f"{where} cannot be reached: {error}", "unreachable") from error

    def close(self) -> None:
        """Nothing is kept open."""

    def _session(self) -> smtplib.SMTP:
        config = self._config
        context = ssl.create_default_context()
        session: smtplib.SMTP
        if config.security == "tls":
            session = smtplib.SMTP_SSL(
                config.server, config.port, timeout=config.timeout_seconds, context=context
            )
        else:
            session = smtplib.SMTP(config.server, config.port, timeout=config.timeout_seconds)
        if config.security == "starttls":
            session.starttls(context=context)
        if config.user:
            session.login(config.user, self._password)
        return session
