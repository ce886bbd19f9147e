from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.delivery import LinkSigner
from serve.errors import UnauthorizedError

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


@pytest.fixture
def signer() -> LinkSigner:
    return LinkSigner(b"key-of-links", base_url="https://weisu.example/", lifetime=timedelta(days=7))


def test_a_link_opens_its_alert_for_its_recipient_until_it_expires(signer):
    link = signer.link("al_1", "sub_1", now=NOW)
    assert link.startswith("https://weisu.example/go/")
    token = link.rpartition("/")[2]
    read = signer.read(token, now=NOW + timedelta(days=6))
    assert (read.alert_id, read.recipient) == ("al_1", "sub_1")
    with pytest.raises(UnauthorizedError, match="expired"):
        signer.read(token, now=NOW + timedelta(days=7))


@given(st.text(max_size=80))
def test_made_up_tokens_are_refused(text):
    with pytest.raises(UnauthorizedError, match=r"damaged|not made by us"):
        LinkSigner(b"key-of-links", base_url="http://x").read(text, now=NOW)


def test_a_changed_link_is_refused(signer):
    mine = signer.token("al_1", "sub_1", expires_at=NOW + timedelta(days=1))
    other = signer.token("al_2", "sub_1", expires_at=NOW + timedelta(days=1))
    forged = f"{other.partition('.')[0]}.{mine.partition('.')[2]}"
    with pytest.raises(UnauthorizedError, match="not made by us"):
        signer.read(forged, now=NOW)


def test_another_installations_link_is_refused(signer):
    token = LinkSigner(b"another-key", base_url="http://x").token("al_1", "s", expires_at=NOW + timedelta(days=1))
    with pytest.raises(UnauthorizedError, match="not made by us"):
        signer.read(token, now=NOW)
