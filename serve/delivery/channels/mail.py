"""E-mail over SMTP: plain text beside a small self-contained HTML, one Message-ID on every copy of a message."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from html import escape
from typing import Final

from features.vocabulary import AlertLevel
from serve.delivery.channels.channel import Target
from serve.delivery.failures import Cause, Failure
from serve.delivery.limits import Limits
from serve.delivery.notice import Message, Notice
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster
from serve.delivery.wording import colon, subject_of, words_of

_COLOURS: Final = {
    AlertLevel.RED: "#b3261e",
    AlertLevel.ORANGE: "#b04a00",
    AlertLevel.YELLOW: "#7a5c00",
    AlertLevel.BLUE: "#1a56a8",
}
_PERMANENT: Final = 500


class Mail:
    """One SMTP server; `target.to` holds the recipients, `target.options` the server.

    Options: `host`, `port`, `from`, `user`, `tls` (`starttls`, `ssl` or `none`); the secret is the password.
    """

    name = "email"
    limits = Limits(digest=True)

    def send(self, message: Message, target: Target, poster: Poster) -> DeliveryOutcome:
        """Send one mail to all recipients."""
        try:
            self._deliver(self.render(message, target), target, timeout=poster.deadline_s)
        except smtplib.SMTPResponseException as error:
            said = Failure(Cause.MAIL_ANSWERED, {"code": error.smtp_code})
            permanent = error.smtp_code >= _PERMANENT
            return (DeliveryOutcome.refused if permanent else DeliveryOutcome.retry)(said, error.smtp_code)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            refused = bool(codes) and min(codes) >= _PERMANENT
            return (DeliveryOutcome.refused if refused else DeliveryOutcome.retry)(
                Failure(Cause.MAIL_NO_RECIPIENT), max(codes, default=None)
            )
        except (smtplib.SMTPException, OSError) as error:
            return DeliveryOutcome.retry(Failure(Cause.MAIL_UNREACHABLE, {"error": type(error).__name__}))
        return DeliveryOutcome.sent(250)

    def render(self, message: Message, target: Target) -> EmailMessage:
        """Return the mail with its text and HTML parts."""
        sender = str(target.options.get("from", "weisu@localhost"))
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["Subject"] = " ".join(subject_of(message).split())
        mail["From"] = sender
        mail["To"] = ", ".join(target.to)
        mail["Date"] = format_datetime(message.sent_at)
        mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].strip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(plain_text(message), cte="base64")
        mail.add_alternative(_html(message), subtype="html", cte="base64")
        return mail

    def _deliver(self, mail: EmailMessage, target: Target, *, timeout: float) -> None:
        options = target.options
        host, port = str(options.get("host", "localhost")), int(options.get("port", 587))
        tls = str(options.get("tls", "starttls"))
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
            if tls == "ssl"
            else smtplib.SMTP(host, port, timeout=timeout) as server
        ):
            if tls == "starttls":
                server.starttls(context=context)
            if options.get("user"):
                server.login(str(options["user"]), target.secret)
            server.send_message(mail)


def plain_text(message: Message) -> str:
    """Return the whole message as plain text, one block per notice."""
    blocks, mark = [], colon(message.language)
    for notice in message.notices:
        words = words_of(notice, message)
        lines = [words.title, *(f"{label}{mark}{value}" for label, value in words.lines)]
        blocks.append("\n".join([*lines, f"{words.action}{mark}{message.link(notice)}", f"#{words.reference}"]))
    return "\n\n".join(blocks) + "\n"


def _html(message: Message) -> str:
    cards = "".join(_card(notice, message) for notice in message.notices)
    language = "en" if message.language == "en" else "zh-CN"
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<body style="margin:0;padding:16px;background:#f4f5f7;color:#1b1f24;'
        f'font:16px/1.6 system-ui,sans-serif">{cards}</body></html>'
    )


def _card(notice: Notice, message: Message) -> str:
    words = words_of(notice, message)
    colour = _COLOURS[notice.level]
    rows = "".join(
        f'<tr><th style="text-align:left;padding:2px 12px 2px 0;font-weight:600;vertical-align:top;white-space:nowrap">'
        f"{escape(label)}</th><td>{escape(value)}</td></tr>"
        for label, value in words.lines
    )
    return (
        f'<div style="max-width:36em;margin:0 auto 16px;padding:16px;background:#fff;border-left:6px solid {colour}">'
        f'<h1 style="margin:0 0 8px;font-size:18px;color:{colour}">{escape(words.title)}</h1><table>{rows}</table>'
        f'<p style="margin:16px 0 4px"><a href="{escape(message.link(notice))}" style="display:inline-block;'
        f'padding:10px 20px;background:{colour};color:#fff;text-decoration:none;border-radius:6px">'
        f"{escape(words.action)}</a></p>"
        f'<p style="margin:0;color:#5c6670;font-size:13px">#{escape(words.reference)}</p></div>'
    )
