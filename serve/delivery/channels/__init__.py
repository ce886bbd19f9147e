"""Every channel by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from serve.delivery.channels.alertmanager import Alertmanager
from serve.delivery.channels.cap import CapPush
from serve.delivery.channels.channel import Channel, Target
from serve.delivery.channels.dingtalk import DingTalk
from serve.delivery.channels.feishu import Feishu
from serve.delivery.channels.long_tail import LongTail
from serve.delivery.channels.mail import Mail
from serve.delivery.channels.webhook import Webhook
from serve.delivery.channels.wecom import WeCom

__all__ = ["CHANNELS", "Channel", "Target"]

CHANNELS: Final[Mapping[str, Channel]] = {
    channel.name: channel
    for channel in (WeCom(), DingTalk(), Feishu(), Mail(), Webhook(), CapPush(), Alertmanager(), LongTail())
}
"""Channel name -> channel, as a subscription names it."""
