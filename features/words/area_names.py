"""What the whole area of a hotline and one part of it are called: a province has other names than a city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from features.vocabulary import EVERYWHERE

if TYPE_CHECKING:
    from features.settings import Settings


@dataclass(frozen=True)
class AreaNames:
    """The names, in both languages; texts of the catalogues have the blanks `whole` and `part` for them."""

    whole_zh: str
    part_zh: str
    whole_en: str
    part_en: str

    @classmethod
    def of(cls, settings: Settings) -> AreaNames:
        """Return the configured names (`[names]`), each by the country where it is not set."""
        usual = _BY_COUNTRY.get(settings.country.partition("-")[0].upper(), _ELSEWHERE)
        names = settings.names
        return cls(
            names.whole or usual.whole_zh,
            names.part or usual.part_zh,
            names.whole_en or usual.whole_en,
            names.part_en or usual.part_en,
        )

    def blanks(self, language: Literal["zh-CN", "en"]) -> Mapping[str, str]:
        """Return what stands for `whole` and `part` in texts of a language.

        >>> AreaNames("全省", "市县", "Whole province", "City or county").blanks("en")["part"]
        'City or county'
        """
        if language == "en":
            return {"whole": self.whole_en, "part": self.part_en}
        return {"whole": self.whole_zh, "part": self.part_zh}

    def place(self, area: str, language: Literal["zh-CN", "en"]) -> str:
        """Return an alert's area as it is said; one that is about no district in particular is about the whole.

        >>> AreaNames("全省", "市县", "Whole province", "City or county").place("全域", "zh-CN")
        '全省'
        """
        return self.blanks(language)["whole"] if area in {"", EVERYWHERE} else area


_ELSEWHERE: Final = AreaNames("全域", "区域", "Whole area", "District")
_BY_COUNTRY: Final = {
    "CN": AreaNames("全市", "区县", "Whole city", "District"),
    "US": AreaNames("全市", "区域", "Citywide", "District"),
    "CA": AreaNames("全市", "区域", "City-wide", "Ward"),
    "GB": AreaNames("全市", "区域", "Citywide", "Ward"),
    "DE": AreaNames("全市", "城区", "Whole city", "District"),
}
"""Country -> what its hotlines, mostly of cities, usually say."""
