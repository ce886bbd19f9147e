"""House, building, unit and room numbers; the road itself stays, because a ticket is useless without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser

_ZH: Final = "一二三四五六七八九十百零〇"
_NUMBER: Final = rf"(?:[0-9]{{1,4}}|[{_ZH}]{{1,4}})"
_BLOCK: Final = rf"(?:第?[A-Za-z]{{0,2}}-?{_NUMBER}(?:[A-Za-z](?![A-Za-z]))?|(?<![A-Za-z])[A-Za-z])"
_BUILDING: Final = (
    rf"(?:{_BLOCK} ?(?:栋|幢|号楼|#楼?|座)|[0-9]{{1,3}}楼(?=[0-9]{{3,4}}|{_NUMBER}单元))(?!楼房|建筑|高楼)"
)
_UNIT: Final = rf"第?(?:{_NUMBER}|[A-Za-z]) ?(?:单元|梯|门洞)"
_FLOOR: Final = rf"第?{_NUMBER}(?:楼|层)"
_GROUND: Final = re.compile(r"[ ，,、-]?第?[一1](?:楼|层)")
_ROOM: Final = (
    r"(?:(?:[A-Za-z]?-?[0-9]{2,4}[A-Za-z]?(?:-[0-9]{1,2})?|[0-9]{1,2}-[0-9]{2,4})"
    r"(?![0-9年月日元米块万平㎡%％.栋幢座吨]|-0|多|户|余|个|人|套|号线|号楼|单元|路))(?:号?房间?|室|户|号)?"
)
_GAP: Final = r"[ ，,、-]?"

# 3栋2单元501室, 12幢1203, G2栋320, 5号楼, 二单元402
_CHAIN: Final = re.compile(
    rf"(?P<id>(?:{_BUILDING}(?:{_GAP}{_UNIT})?|{_UNIT})(?P<home>(?:{_GAP}{_FLOOR})?(?:{_GAP}{_ROOM})?))"
)
# A building is a person's only where the clause says that someone lives there, or that it is a villa.
_LIVED_IN: Final = re.compile(
    r"(?:(?:家住|住在|居住在?|租住在?|租住|现住|入住|暂住|我住|人住|住的是|家在|我家[是位]|房号|住址|住所|户籍|家庭地址|购买了?)"
    r"|(?:^|[，。,；;\s])住)[^，。；,;！!？?\s]{0,20}$"
)
_SELF: Final = re.compile(r"(?:我|本人)[是系为][^，。；,;！!？?\s]{0,20}$")
_DWELLER: Final = re.compile(r"的?(?:一?[名位个]?)?(?:业主|住户|居民|租户|租客|房东)")
_VILLA: Final = re.compile(r"[^，。；,;！!？?\s]{0,4}(?:别墅|联排|独栋|叠墅)")
_CLAUSE: Final = 30
# "共3栋", "一座桥", "每单元": how many, not which.
_COUNTED: Final = re.compile(r"(?:[有共计建拆了这那整某每各几近约数多]|只有|存在|其中|修建|新建|盖了?|[0-9])$")
_CLASSIFIED: Final = re.compile(rf"(?:{_NUMBER})(?:栋|幢|座)$")
_CLASSIFIED_NEXT: Final = re.compile(r"(?:小?区?楼|房|桥|山|大|建|别|高|商|居|危|旧|庙|坟|城|塔|厂|老|住|公|的?楼)")
# 501室, 1203房 on their own; not 三室一厅
_ROOM_ALONE: Final = re.compile(
    r"(?<![0-9A-Za-z.])(?P<id>[A-Za-z]?[0-9]{3,4}[A-Za-z]?(?:-[0-9]{1,2})?(?:室|号房|"
    r"房(?![产价贷屋租地改款])))(?![0-9一二两三]厅)"
)
# 小区12-3-501
_PLACES: Final = "[区苑园城府湾庭居里村期墅庄寓厦院号舍邸郡阁轩]"
_DASHED: Final = re.compile(
    rf"(?<={_PLACES})(?<![型编批文单货案序]号)(?P<id>[A-Za-z]?[0-9]{{1,2}}[-—–][0-9]{{1,2}}[-—–][0-9]{{3,4}}|"
    rf"[A-Za-z]?[0-9]{{1,2}}[-—–][0-9]{{3,4}})"
    r"(?![0-9-]|[年月日米元号])"
)
# 12-3-501 on its own: building, unit, room. No date, no size, no score.
_DASHED_ALONE: Final = re.compile(
    r"(?<![0-9A-Za-z./-])(?<![0-9]:)(?P<id>[0-9]{1,2}[-—–](?:1?[0-9])[-—–](?!20(?:1[5-9]|2[0-9]|3[0-5]))[0-9]{3,4})(?![0-9A-Za-z.:/-]|[年月日号]|的?[水电]?泵)"
)
_NO_ROOM: Final = re.compile(
    r"(?:型号|规格|编号|版本|批号|文号|单号|发票|提案|议案|合同|尺寸|大小|长|宽|高|厚|货号|序号|代码|比分|第)[^，。,;；\s]{0,4}$"
)
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_STREETS: Final = "[路街道巷弄里村组胡坊庄屯寨坡园区苑同院队条湾]"
# b18-7-301 in a list of households
_LETTERED: Final = re.compile(r"(?<![0-9A-Za-z-])(?P<id>[A-Za-z][0-9]{1,2}-[0-9]{1,2}-[0-9]{3,4})(?![0-9A-Za-z-])")
# 滨海大道88号, 人民路15号之二, 解放街3-1号, 三里河一巷5号; not 3号线, not 88号文件
_STREET: Final = re.compile(
    rf"(?<={_STREETS})(?:门牌号?)?(?P<id>(?:[0-9]{{1,4}}(?:[-—][0-9]{{1,3}})?|[{_ZH}]{{1,4}})"
    rf"号(?:之[一二三四五0-9]{{1,2}}|附[0-9]{{1,3}}号?|院)?(?:{_GAP}{_ROOM})?)"
    r"(?!线|楼(?!盘)|文|令|公告|公路|桥|口|门(?!前|口|面|店|市)|出|站|台|井|路灯|灯|杆|车|晚|早|上午|下午|凌晨|中午|到|至|"
    r"左右|开始|[0-9](?![0-9]?(?:单元|栋|幢|号楼))|地块|项目|机|矿|坑|泵|闸|展|馆|航|码头|标|段|隧)"
)
_MONTH_BEFORE: Final = re.compile(r"月[0-9一二三四五六七八九十]{0,3}$")
_DOOR: Final = re.compile(r"门牌号?码?(?:是|为|：|:)?(?P<id>[A-Za-z]?[0-9]{1,5}(?:-[0-9]{1,4}){0,2}号?)(?![0-9])")
# Cheap signs that a pattern can match at all: the patterns themselves are slow to fail.
_CHAIN_WORD: Final = re.compile("[栋幢楼座#元梯洞]")
_BY_WORD: Final = (
    ("室", _ROOM_ALONE),
    ("房", _ROOM_ALONE),
    ("-", _DASHED),
    ("-", _LETTERED),
    ("—", _DASHED),
    ("–", _DASHED),
    ("门牌", _DOOR),
)

_SUFFIX: Final = (
    r"(?:St|Street|Ave|Avenue|Av|Rd|Road|Blvd|Boulevard|Ln|Lane|Dr|Drive|Ct|Court|Pl|Place|Ter|Terrace|Way|Pkwy|"
    r"Parkway|Cir|Circle|Sq|"
    r"Square|Hwy|Row|Concourse|Expressway|Turnpike|Alley|Crescent|Close|Gardens|Mews)"
)
_HOUSE_EN: Final = re.compile(
    r"(?<![0-9A-Za-z#$.,/-])(?P<id>[0-9]{1,5}(?:-[0-9]{1,4})?(?:[A-Za-z](?= ))?(?: 1/2)?) "
    rf"(?=(?:(?:[NSEW]|North|South|East|West)\.? )?(?:[A-Z][A-Za-z.'’]+ |[0-9]{{1,3}}(?:st|nd|rd|"
    rf"th) ){{1,3}}{_SUFFIX}(?![0-9A-Za-z]))"
)
_APARTMENT: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:[Aa]pt|APT|[Uu]nit|[Ss]uite|[Ss]te|[Rr]oom|[Rr]m|[Ff]lat)\.? ?#? ?|"
    r"[Aa]partment(?: number| no\.?)? ?#? ?)"
    r"(?P<id>[0-9]{1,5}-?[A-Za-z]?|[A-Z]-?[0-9]{0,4})(?![0-9A-Za-z]|-[a-z]| (?:building|complex|units|months|years|"
    r"people|of))"
)
_APARTMENT_HASH: Final = re.compile(rf"(?<![0-9A-Za-z]){_SUFFIX}\.?,? (?P<id>#[0-9]{{1,4}}[A-Z]?)(?![0-9A-Za-z])")
_HOUSE_DE: Final = re.compile(
    r"(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|Straße|Str\.|Weg|Platz|"
    r"Allee) (?P<id>[0-9]{1,4} ?[a-z]?)(?![0-9A-Za-z.:,]?[0-9A-Za-z])"
)


def find_house_numbers_zh(text: str) -> Iterator[Identifier]:
    """Find Chinese building, unit, room and street numbers."""
    for match in _CHAIN.finditer(text) if _CHAIN_WORD.search(text) else ():
        start, end = match.span("id")
        if _names_a_home(text, match):
            yield Identifier(start, end, "house")
    for match in _DASHED_ALONE.finditer(text) if _HAN.search(text) else ():
        if not _NO_ROOM.search(text, max(0, match.start() - 8), match.start()):
            yield Identifier(match.start("id"), match.end("id"), "house")
    for word, pattern in _BY_WORD:
        for match in pattern.finditer(text) if word in text else ():
            yield Identifier(match.start("id"), match.end("id"), "house")
    for match in _STREET.finditer(text) if "号" in text else ():
        if not _MONTH_BEFORE.search(text, max(0, match.start("id") - 4), match.start("id")):
            yield Identifier(match.start("id"), match.end("id"), "house")


def _names_a_home(text: str, chain: re.Match[str]) -> bool:
    """Tell "3栋501" and "家住3栋" from "3栋电梯坏了": a building without a room is the place of the ticket."""
    start, end = chain.span("id")
    if _VILLA.match(text, end) and any(map(str.isdigit, chain["id"])):
        return not _COUNTED.search(text, max(0, start - 3), start)
    if _is_quantity(text, start, end):
        return False
    if chain["home"] and not _GROUND.fullmatch(chain["home"]):
        return True
    clause = max(0, start - _CLAUSE)
    return bool(
        _LIVED_IN.search(text, clause, start) or (_DWELLER.match(text, end) and _SELF.search(text, clause, start))
    )


def _is_quantity(text: str, start: int, end: int) -> bool:
    """Tell "3栋楼" and "共有3栋" (how many) from "3栋" (which)."""
    if _COUNTED.search(text, max(0, start - 3), start):
        return _CLASSIFIED.fullmatch(text, start, end) is not None or text[start:end].endswith(("单元", "层", "楼"))
    return bool(_CLASSIFIED.fullmatch(text, start, end) and _CLASSIFIED_NEXT.match(text, end))


def find_house_numbers_abroad(text: str) -> Iterator[Identifier]:
    """Find English and German house numbers and apartments."""
    for pattern in (_HOUSE_EN, _APARTMENT, _APARTMENT_HASH, _HOUSE_DE):
        for match in pattern.finditer(text):
            yield Identifier(match.start("id"), match.end("id"), "house")


# The gates are the patterns above without what RE2 cannot do (lookaround).
RECOGNISERS: Final = (
    Recogniser(
        find_house_numbers_zh,
        rf"(?:{_NUMBER}|[A-Za-z])(?:[A-Za-z]? ?(?:栋|幢|号楼|#|座)|楼[0-9{_ZH}]| ?(?:单元|梯|门洞))|"
        rf"[0-9][A-Za-z]?(?:-[0-9]{{1,2}})?(?:室|号房|房)|"
        rf"[A-Za-z]?[0-9]{{1,2}}[-—–][0-9]{{1,2}}[-—–][0-9]{{3}}|{_PLACES}[A-Za-z]?[0-9]{{1,2}}[-—–][0-9]|"
        rf"{_STREETS}(?:门牌号?)?(?:[0-9]{{1,4}}(?:[-—][0-9]{{1,3}})?|"
        rf"[{_ZH}]{{1,4}})号|门牌",
    ),
    Recogniser(
        find_house_numbers_abroad,
        rf"[0-9][A-Za-z]?(?: 1/2)? (?:(?:[NSEW]|North|South|East|West)\.? )?(?:[A-Z][A-Za-z.'’]+ |[0-9]{{1,3}}(?:st|"
        rf"nd|rd|th) ){{1,3}}{_SUFFIX}|"
        rf"{_SUFFIX}\.?,? #[0-9]|(?i:apt|unit|suite|ste|room|rm|flat|apartment)[a-z. ]{{0,8}}#? ?[0-9A-Z]|"
        r"(?:(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm)|(?:Straße|Str\.|Weg|Platz|Allee)) [0-9]",
        rare=True,
    ),
)
