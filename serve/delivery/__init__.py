"""Delivery: messages from the outbox to the people and systems that act, at least once, each copy under one id."""

from __future__ import annotations

from serve.delivery.attempts import DeadLetter, count_dead_letters, dead_letters, send_again
from serve.delivery.config import signer_of
from serve.delivery.links import LinkSigner, SignedLink
from serve.delivery.worker import DeliverySummary, anything_due, run_once

__all__ = [
    "DeadLetter",
    "DeliverySummary",
    "LinkSigner",
    "SignedLink",
    "anything_due",
    "count_dead_letters",
    "dead_letters",
    "run_once",
    "send_again",
    "signer_of",
]
