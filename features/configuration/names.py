"""The `[names]` section: what the area of a hotline and its parts are called."""

from __future__ import annotations

from features.configuration.part import ConfigPart, key


class NamesConfig(ConfigPart):
    """What the whole area and one part of it are called on pages, in reports and in messages."""

    whole: str = key("", example="全省")
    """The whole area in Chinese; by the country when empty (全市)."""
    part: str = key("", example="市县")
    """One part of it, a district, in Chinese; by the country when empty (区县)."""
    whole_en: str = key("", example="Whole province")
    """The whole area in English; by the country when empty (Whole city)."""
    part_en: str = key("", example="City or county")
    """One part of it in English; by the country when empty (District)."""
