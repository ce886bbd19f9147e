"""Chinese personal names, by what stands around them: a cue before ("我叫", "联系人"), a role, or a title behind.

There is no dictionary of names: a name is a surname plus one or two characters that a given name may hold, where the
sentence announces a person. Names without any announcement are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from features.privacy.identifiers import Identifier, Recogniser
from features.privacy.wordlists import read_words

_COMMON: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟"
    "谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易"
    "乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴"
    "云蒙吉邝洪凡简吕麦岑容羊卓冼"
)
"""Surnames common enough to be believed on weak evidence."""
_RARE: Final = (
    "华喻祁蒲房滕屈饶解牟艾尤阳时穆农司古缪车项连芦褚娄窦戚景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋刁"
    "沙荣巫寇桑郎甄丛仲虞敖巩佘池麻苑迟匡鞠荆冀郁胥储燕楚鄢劳谌奚粟蔺满厉伊仝郜阚强屠豆朴廉禹井漆巴卿平宣晋晁芮阙浦"
    "伏鹿邸雍辜邰赫慕嵇公勾茅居尉冶束檀昝衡闭鲍吾符"
)
_SURNAMES: Final = _COMMON + _RARE
_COMPOUND: Final = "欧阳|上官|司马|诸葛|司徒|皇甫|尉迟|公孙|慕容|令狐|夏侯|端木|宇文|长孙|轩辕|申屠|独孤"

# Characters that given names do not hold: grammar words, counters, places, and what a person does next in a sentence.
_NOT_GIVEN: Final = (
    "的了是在不有这个们人员者区县市镇乡村街道号楼幢户吗呢吧么被把给从向对与跟或但就都也还又很太没已年月日时分点块"
    "说称反诉电话来去到投咨询问打找看见请求表示认为要让想会能可我你您他她它其之于等及因所以何前后左右上下里外内居住址"
    "身份证码现此该各每某些多少几两四六七八百男女岁师傅工机车房厅室门院校厂店局处站卡费钱款物业报警办理咬撞摔伤死过候姓"
)
_GIVEN: Final = rf"(?:(?![{_NOT_GIVEN}])[\u4e00-\u9fff])"
# Characters that given names like; two of them are believed even where the sentence runs on without a known word.
_LIKED: Final = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华红玉梅建国文辉力志永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武"
    "新利清飞彬富顺信子昌成康星光天达岩中茂进林坚彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之翰"
    "朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以家致树炎德行泰盛雄琛钧冠策腾楠榕风航弘慧巧美淑惠珠翠雅芝萍娥玲芬燕彩春菊凤"
    "洁琳素莲真雪荣爱妹香月莺媛瑞佳嘉琼勤珍贞莉娣叶璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉娴瑾颖露瑶怡婵雁蓓仪荷丹蓉眉君琴蕊薇梦岚"
    "馨瑗韵融园艺咏卿聪澜纯毓悦昭冰爽琬茗羽希欣飘育滢馥筠柔竹霭凝晓欢枫芸菲寒伊亚宜姬舒影荔枝涵宇轩梓雨诗佑俊春花小大云根"
    "水娇火土木金银宝财旺喜运昊然皓轩一二三正阳东南西北方远长安定邦甫祖宗耀"
)
_FOLLOWS: Final = (
    r"(?:$|[^\u4e00-\u9fff]|的|称|说|反映|来电|表示|投诉|咨询|希望|要求|诉求|认为|举报|求助|建议|诉|愿|转移|转让|转走|卷款|跑路|逃|名下|在|是|于|到|去|向|"
    r"对|和|与|跟|同|因|已|把|将|被|"
    r"以|从|拒|不|未|没|就|也|都|还|多次|之|家|处|等|及|至|电|手机|身份|住|联系|男|女|先生|本人|曾|又|后|其|有|给|"
    r"让|要|想|告|打|找|现|目前|工|房|"
    r"发|申|办|购|买|租|经|负责|接|回|先|再|提|请|骂|伤|驾|开|停|受|突|承|欠|拖|态|侵|乱|失|涉|出生|现年|今年)"
)
# 院长, but not 医院长期; 镇长, but not 大田镇长乐村
_OFFICE_ENDS: Final = "长(?:$|[^乐安江春沙期久年大城虹兴丰宁流坡达途寿龄效河征椿假时])"
_TITLES: Final = (
    r"先生|女士|小姐|太太|师傅|老师|阿姨|大爷|大妈|大娘|奶奶|爷爷|叔叔|大叔|大伯|大姐|大哥|"
    r"同志|主任|经理|书记|医生|医师|大夫|老板|警官|律师|教练|法官|护士|"
    r"总[，。,.\s说称表承]|某[，。,.\s说称的]|"
    rf"(?:院|校|局|科|处|队|站|所|村|镇){_OFFICE_ENDS}"
)

_MASKED_GIVEN: Final = rf"(?:某(?:[某甲乙丙丁]|{_GIVEN}(?={_FOLLOWS}))?|[*＊xX×]{{1,2}})"

# The same, as whole words: where one of these follows, the name has ended for certain.
_FOLLOWS_SURELY: Final = (
    r"(?:$|[^\u4e00-\u9fff]|来电|来访|来信|来到|反映|表示|投诉|咨询|希望|要求|诉求|认为|举报|求助|建议|发现|发生|发来|长期|一直|一家|正在|多次|联系|手机|身份|"
    r"先生|女士|目前|今年|现年|出生|负责|经常|安排|会同|大概|三次|二人|一人)"
)


def _named(surnames: str) -> str:
    """Return the pattern of a name: the shortest that a known word follows, else two liked characters."""
    surname = rf"(?!.(?:{_TITLES}))[{surnames}]"
    masked = rf"{surname}{_MASKED_GIVEN}"
    ending = rf"(?:(?:{_COMPOUND}){_GIVEN}{{1,2}}?|{surname}{_GIVEN}{{1,2}}?|{masked})(?={_FOLLOWS}|长期)"
    certain = rf"{surname}{_GIVEN}{{1,2}}?(?={_FOLLOWS_SURELY})"
    return rf"(?P<id>{certain}|{surname}[{_LIKED}]{{2}}(?={_FOLLOWS})|{ending}|{surname}[{_LIKED}]{{2}})"


_FORM_CUES: Final = (
    "姓名|联系人|联络人|户主|当事人|投诉人|举报人|反映人|登记人|委托人|代理人|监护人|实际控制人|实控人|控股股东|股东|原告|被告|证人|申请人|来电人|求助人|咨询人|经办人|负责人|法定代表人|法人代表|法人|收件人|签名|落款|名字|"
    "患者|死者|伤者|署名|留言人|名叫|取名|我叫|我名|本人叫|全名|叫做|名为|本人"
)
_AFTER_FORM_CUE: Final = rf"(?:{_FORM_CUES})(?:姓名|电话)?(?:是|叫|为|：|:|\s|，|（|\(){{0,3}}"
_FORM: Final = re.compile(_AFTER_FORM_CUE + _named(_SURNAMES))
# Between a colon and a punctuation mark anything that begins with a surname is a name.
_FIELD: Final = re.compile(
    rf"(?:{_FORM_CUES})(?:是|为)?[：: ]{{1,2}}(?P<id>[{_SURNAMES}谈][\u4e00-\u9fff]{{1,2}})(?=$|[^\u4e00-\u9fff])"
)
# 阿卜杜拉·买买提; estates have such names too, so only in a form
_DOTTED: Final = re.compile(
    _AFTER_FORM_CUE
    + r"(?P<id>[\u4e00-\u9fff]{1,8}(?:[·•・][\u4e00-\u9fff]{1,8}?){1,3}?)(?=$|[^\u4e00-\u9fff·•・]|的|称|说|反映|"
    r"来电|表示|要求|咨询|投诉|希望|建议)"
)
_ROLES: Final = (
    "业主|村民|居民|市民|租客|租户|房东|家长|邻居|同事|朋友|丈夫|妻子|老公|老婆|父亲|母亲|儿子|女儿|爱人|配偶|哥哥|弟弟|姐姐|妹妹|书记|村长|村支书|主任|"
    "经理|老板|队长|组长|站长|所长|局长|院长|校长|店长|镇长|县长|区长|司机|医生|护士|教练|中介|包工头|保安|民警|交警|辅警|法官|律师|老师|员工|工人|学生|叫"
)
# 我是迪丽热巴·迪力木拉提, 业主阿依古丽·买买提: here only a whole name between other signs, or before a title
_DOTTED_SAID: Final = re.compile(
    rf"(?:我是|我就是|这里是|我叫|市民|家长|游客|乘客|患者|联系|{_ROLES})[:：是 ]?"
    rf"(?P<id>(?!市民|家长|游客|乘客|患者|{_ROLES})[\u4e00-\u9fff]{{2,6}}(?:[·•・][\u4e00-\u9fff]{{2,6}}?){{1,3}}?)"
    rf"(?=$|[^\u4e00-\u9fff·•・]|的|称|说|来电|来访|反映|要求|咨询|投诉|表示|希望|建议|{_TITLES})"
)
# 王建国 13800000000, 联系王建国（138...）: a name right before a number that only one person has
_WHO: Final = (
    "联系|致电|委托|授权|转告|答复|回复|通知|告知|询问|找|市民|商户|店主|摊主|店家|会员|考生|参保人|职工|游客|乘客|住户|储户|网友|群众|用户|客户|顾客|本人|"
    "机主|车主|学员|家属|员工|法人|老人|亲属"
)
_BEFORE_NUMBER: Final = re.compile(
    rf"(?:(?:^|[^\u4e00-\u9fff]|{_WHO})(?P<id>(?:{_COMPOUND}){_GIVEN}{{1,2}}|(?!.(?:{_TITLES}))[{_COMMON}]{_GIVEN}{{1,2}})|"
    rf"(?P<liked>[{_COMMON}][{_LIKED}]{{2}}))"
    r"[ ，,、/:：（(]{0,2}(?:联系电话|电话|手机号?|身份证号?)?[ :：]{0,2}"
    r"(?=\+?(?:86)?[ -]?1[3-9][0-9][0-9 .·•—–_-]{8}|[1-8][0-9]{16}[0-9Xx])"
)
# 接电人：王伟；店主陈丽娟，: a word for a person, and a name up to the next sign
_PERSON: Final = "[人者员主户方]"
_LABELLED: Final = re.compile(
    rf"[\u4e00-\u9fff]{_PERSON}[:：] ?(?P<id>(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}})(?=$|"
    rf"[^\u4e00-\u9fff])"
)
_APPOSED: Final = re.compile(
    rf"(?:[店业房户车机货船摊]主|[\u4e00-\u9fff][人者员户生客])(?P<id>(?!.(?:{_TITLES}))"
    rf"[{_COMMON}](?:[{_LIKED}]{_GIVEN}|{_GIVEN}[{_LIKED}]))(?=$|[，,。；;、（(/ ])"
)
# 阿依古丽·买买提，13800000000; estates have such names too, and end otherwise
_DOTTED_BEFORE_NUMBER: Final = re.compile(
    r"(?:^|[^\u4e00-\u9fff·•・])(?P<id>[\u4e00-\u9fff]{2,6}(?:[·•・][\u4e00-\u9fff]{1,6}){1,3})(?<![府园城湾苑里区馆院庭郡邸号路街墅山岛村镇])"
    r"[ ，,、/:：（(]{0,2}(?:联系电话|电话|手机号?|"
    r"身份证号?)?[ :：]{0,2}(?=\+?(?:86)?[ -]?1[3-9][0-9][0-9 .·•—–_-]{8}|[1-8][0-9]{16}[0-9Xx])"
)
# "我是" introduces many other things, so a whole name must stand alone.
_SELF: Final = re.compile(
    rf"(?:我是|我就是|这里是|我)(?P<id>(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{_COMMON}]{_GIVEN}{{1,2}})(?=$|"
    rf"[，。,.！!；;、\s（(：:])"
)
_IN_FORMS: Final = (_DOTTED, _DOTTED_SAID, _FORM, _FIELD)
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_SURNAME_ONLY: Final = re.compile(rf"(?:我|本人|免贵)姓(?P<id>{_COMPOUND}|[{_SURNAMES}])(?![\u4e00-\u9fff])")
_ROLE: Final = re.compile(rf"(?:{_ROLES})[:： ]?" + _named(_COMMON))
# Relatives and others who are mentioned without a title: 其子刘子轩, 老人叫王桂兰, 丈夫（周平）
# Every alternative begins with a character of its own: the search then skips what cannot begin one.
_KIN: Final = (
    "其[子女父母妻夫弟兄姐妹孙]|我[儿女父母崽夫妻]|家[父母]|祖[父母]|孙[子女]?|外孙[子女]?|外甥女?|外公|外婆|侄[子女]|老伴|老人|岳[父母]|公公|"
    "婆婆|爸爸|妈妈|爷爷|奶奶|姥[姥爷]|表[哥弟姐妹]|堂[哥弟姐妹]|之[子女]|一[子女]|男[婴童]|女[婴童]|宝宝|孩子|小孩|患儿|同学|受害人"
)
_FAMILY: Final = "丈夫|妻子|老公|老婆|父亲|母亲|儿子|女儿|爱人|配偶|哥哥|弟弟|姐姐|妹妹"
_RELATIVE: Final = re.compile(
    rf"(?:{_KIN}|{_FAMILY})(?:(?:名?叫做?|取名|[:： ])?(?P<id>"
    rf"(?:{_COMPOUND})(?:{_GIVEN}{{1,2}}(?={_FOLLOWS_SURELY})|[{_LIKED}]{{2}})|(?!.(?:{_TITLES}))[{_COMMON}]"
    rf"(?:{_GIVEN}{{2}}(?={_FOLLOWS_SURELY}|[就由在被于的和与因])|[{_LIKED}]{{2}}))|"
    rf"[（(](?P<bracketed>(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}{{1,2}})(?=[)），,])|"
    rf"叫(?P<given>[{_LIKED}]{{2}})(?=$|[^\u4e00-\u9fff]))"
)
# 刘子轩，男，2岁 / 刘子轩（8岁）
_DESCRIPTION: Final = re.compile(r"[，,、 （(]{1,2}[男女]性?[，,、；;。 ）)]|[（(，,][0-9]{1,2}岁")
_DESCRIBED: Final = re.compile(
    rf"(?:^|[^\u4e00-\u9fff])(?P<id>(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}{{1,2}}|{_GIVEN}{{3}})$"
)
_LONGEST_NAME: Final = 4
# 王*明, 李**, 张子*
_STAR: Final = "[*＊]"
_STARRED: Final = re.compile(
    rf"(?<![*＊×])(?P<id>[{_SURNAMES}]{_STAR}{{1,2}}(?:[{_LIKED}]|{_GIVEN}(?={_FOLLOWS}))?|(?<!主)[{_COMMON}]{_GIVEN}{_STAR}{{1,2}})"
    r"(?![*＊×0-9A-Za-z宽长高深厚]|[路街镇乡村区县市省])"
)
# Surnames that end a word more often than they stand before a star: 公安*, 现金*.
_ENDS_WORDS: Final = frozenset("车管文安公门房时全应平边方金石白路单向宗")
_JOINTS: Final = frozenset("和与及以、")
_AND: Final = re.compile(
    rf"(?:和|与|及|以及|、)(?P<id>(?:{_COMPOUND}){_GIVEN}{{1,2}}?(?={_FOLLOWS})|[{_COMMON}]"
    rf"(?:[{_LIKED}]{{2}}|{_GIVEN}{{1,2}}?(?={_FOLLOWS_SURELY}|[均都的在等和与])))"
)
_TITLED: Final = re.compile(rf"(?<=[\u4e00-\u9fff])(?={_TITLES})")
# Characters that are surnames, and more often the end of another word before a title: 班主任, 门卫大爷, 公司经理.
_NOT_ALONE: Final = frozenset(
    "车管班文安卫党康司公门房时全应平边师强居庄宁易尚盛成童游高单路左向方金石白林包苗简容农满景宗"
)
_BEFORE_NAME: Final = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|市民|业主|村民|居民|租客|房东|家长|邻居|用户|客户|顾客|乘客|旅客|司机|患者|学生|联系人|"
    r"投诉人|来电人|当事人|负责人|人员|物业|"
    r"公司|同事|朋友|是|叫|由|找|和|与|跟|向|对|给|为|让|请|被|到|的|位|名|把|说|问|及|有|将|联系|回复|答复|致电|"
    r"反映|其|在|中介|民警|医生|银行|医院|学校|"
    r"单位|一个|男子|女子)$"
)
_LONGEST_CUE: Final = 3
_WHOLE_NAME: Final = re.compile(rf"(?:{_COMPOUND}){_GIVEN}{{0,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}}")


_DOT: Final = re.compile("[·•・]")
_LONG_NUMBER: Final = re.compile("1[3-9][0-9][0-9 .·•—–_-]{8}|[1-8][0-9]{16}")
_MEANS: Final = frozenset({"身份", "电话", "手机", "联系"})
"""How to reach a person, or who it is: what stands before it in a form is a name."""


def _may_be_name(name: str, after: str, *, form: bool) -> bool:
    """Tell a name from a word: in a form, three characters up to a punctuation mark are a name in any case."""
    ends = not _HAN.match(after) or after in _MEANS
    if form and len(name) > 2 and ends:  # noqa: PLR2004 - surname and two characters
        return True
    return name[:2] not in _not_names() and name[1:] != "家"


def _worth_trying(text: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that can match a text: most texts hold no dotted name, and no number behind one."""
    dotted, numbered = _DOT.search(text) is not None, _LONG_NUMBER.search(text) is not None
    yield from (_DOTTED, _DOTTED_SAID) if dotted else ()
    yield from (_FORM, _FIELD, _SELF, _SURNAME_ONLY, _ROLE)
    yield from (_BEFORE_NUMBER,) if numbered else ()
    yield from (_DOTTED_BEFORE_NUMBER,) if dotted and numbered else ()
    yield from (_LABELLED, _APPOSED)


def find_announced(text: str) -> Iterator[Identifier]:
    """Find names after form fields ("联系人："), self-introductions and roles ("业主", "经理")."""
    for pattern in _worth_trying(text):
        for match in pattern.finditer(text):
            start, end = match.span(match.lastgroup or "id")
            if _may_be_name(text[start:end], text[end : end + 2], form=pattern in _IN_FORMS):
                yield Identifier(start, end, "name")
                yield from _joined(text, end)


def find_mentioned(text: str) -> Iterator[Identifier]:
    """Find names after relatives ("其子", "丈夫（"), before a sex or an age, and names that are partly starred."""
    for match in _STARRED.finditer(text) if "*" in text or "＊" in text else ():
        if not _ends_a_word(text, match.start("id")):
            yield Identifier(match.start("id"), match.end("id"), "name")
    for match in _RELATIVE.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        if _may_be_name(text[start:end], text[end : end + 1], form=False):
            yield Identifier(start, end, "name")
            yield from _joined(text, end)
    for described in _DESCRIPTION.finditer(text):
        name = _DESCRIBED.search(text, max(0, described.start() - _LONGEST_NAME - 1), described.start())
        if name and name["id"][:2] not in _not_names():
            yield Identifier(name.start("id"), name.end("id"), "name")


def _joined(text: str, end: int) -> Iterator[Identifier]:
    """Find the names that follow a name after "和" and the like."""
    while text[end : end + 1] in _JOINTS and (match := _AND.match(text, end)):
        if not _may_be_name(match["id"], text[match.end() : match.end() + 1], form=False):
            return
        yield Identifier(match.start("id"), match.end("id"), "name")
        end = match.end()


def _ends_a_word(text: str, start: int) -> bool:
    """Tell "公安*" and "时间*" from a surname before a star."""
    if text[start : start + 2] in _not_names():
        return True
    after_word = start > 0 and text[start] in _ENDS_WORDS and _HAN.match(text[start - 1]) is not None
    return after_word and _BEFORE_NAME.search(text, max(0, start - _LONGEST_CUE), start) is None


def find_titled(text: str) -> Iterator[Identifier]:
    """Find names before titles ("先生", "师傅", "主任")."""
    for title in _TITLED.finditer(text):
        length = _name_before(text, title.start())
        if length:
            yield Identifier(title.start() - length, title.start(), "name")


def _name_before(text: str, end: int) -> int:
    """Return how many characters before a title are a name: a whole name where one begins, else the surname alone."""
    fitting = [length for length in (4, 3, 2) if length <= end and is_name(text[end - length : end])]
    surname = text[end - 1] in _SURNAMES
    for length in (*fitting, 1) if surname else fitting:
        start = end - length
        if _BEFORE_NAME.search(text, max(0, start - _LONGEST_CUE), start):
            return length
    if surname and text[end - 1] not in _NOT_ALONE and text[end - 2 : end] not in _not_names():
        return 1
    liked = (n for n in fitting if n > 2 and text[end - n] in _COMMON and set(text[end - 2 : end]) <= set(_LIKED))  # noqa: PLR2004
    return next(liked, 0)


def is_name(text: str) -> bool:
    """Tell whether a text is a Chinese name and nothing else."""
    return _WHOLE_NAME.fullmatch(text) is not None and text[:2] not in _not_names()


@cache
def _not_names() -> frozenset[str]:
    return read_words("not_names_zh.txt")


_STARTS: Final = f"[{_SURNAMES}谈欧上司诸皇尉公慕令夏端宇长轩申独]"
RECOGNISERS: Final = (
    Recogniser(
        find_mentioned,
        rf"{_STAR}|(?:{_KIN})(?:名?叫做?|取名|[:： ])?{_STARTS}|(?:{_KIN}|{_FAMILY})[（(叫]|"
        r"[，,、 （(][男女]性?[，,、；;。 ）)]|[（(，,][0-9]{1,2}岁",
    ),
    Recogniser(
        find_announced,
        rf"{_AFTER_FORM_CUE}(?:{_STARTS}|[\x{{4e00}}-\x{{9fff}}]{{1,8}}[·•・])|(?:我是|我就是|这里是|我){_STARTS}|"
        rf"姓{_STARTS}|{_PERSON}[:：] ?{_STARTS}|"
        rf"[人者员主户生客]{_STARTS}[\x{{4e00}}-\x{{9fff}}]{{2}}(?:[，,。；;、（(/ ]|$)|(?:{_ROLES})[:： ]?{_STARTS}|"
        rf"[\x{{4e00}}-\x{{9fff}}]{{2}}[·•・][\x{{4e00}}-\x{{9fff}}]|"
        rf"{_STARTS}[\x{{4e00}}-\x{{9fff}}]{{1,3}}[ ，,、/:：（(]{{0,2}}(?:联系电话|电话|手机号?|身份证号?)?"
        rf"[ :：]{{0,2}}\+?[1-8][0-9]",
    ),
    Recogniser(find_titled, rf"{_STARTS}[\x{{4e00}}-\x{{9fff}}]{{0,3}}(?:{_TITLES})"),
)
