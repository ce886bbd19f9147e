"""More templates, written after real messages were read for what masking let through and what it took away too much.

Families, starred names, dates of birth, and buildings: a building number is a person's only where the sentence says
that someone lives there; elsewhere it is the place that the ticket is about.
"""

from __future__ import annotations

from typing import Final

FAMILY_ZH: Final = """
其子{child}就读于第三小学，被同学殴打
其女{child}（7岁）在幼儿园摔伤
其父{name}今年82岁，高龄津贴未发放
其母{name}在医院去世，家属有异议
其妻{name}于去年退休，养老金有误
我儿{child}，高三学生，学籍有问题
孩子叫{child}，今年上二年级
孩子{child}在学校食堂吃坏肚子
小孩{child}，男，5岁，疫苗漏打
小孩名叫{child}，户口一直上不了
女儿{child}被分到离家很远的学校
女儿叫{child}，在实验小学读书
儿子{child}（12岁）遭到校园霸凌
两个孩子{child}和{child}都没有学位
孙子{child}由我们老两口照顾
孙女{child}的入学申请被退回
外孙{child}在游乐场受伤
丈夫（{name}）的工伤认定至今没有结果
丈夫{name}长期家暴，请求帮助
妻子：{name}，在服装厂上班
老伴{name}瘫痪在床，申请护理补贴
老人{name}独居，三天没人见到
独居老人{name}摔倒后无人照料
老人叫{name}，有老年痴呆，走失两天
爷爷{name}是退伍军人，优待证未办
外公叫{name}，左手残疾
我父亲{name}的抚恤金被村里截留
我母亲（{name}）的低保被取消
我爱人{name}是外地户口
弟弟{name}在工地干活，工资被拖欠
姐姐{name}与邻居发生口角
他岳父{name}在村里当会计
婆婆{name}住院报销比例不对
生下一女，取名{child}
育有一子名叫{child}，尚未入户
侄子{child}的奖学金没有到账
学生{child}被老师体罚
患儿{child}在输液时出现过敏
同学{child}的家长一直不出面
本案受害人{name}至今未获赔偿
户主之子{child}不符合低保条件
{child}，男，2岁，走失时穿红色上衣
{name}，女，汉族，现住本市
"""

STARRED_ZH: Final = """
举报人{starred}，要求保密
{starred}先生反映小区停水
业主{starred}称电梯困人
办案人员{starred}等人态度粗暴
法定代表人由{starred}变更为{starred}
联系人：{starred}，电话{mobile}
我儿{starred}，在县一中上学
中奖名单里的{starred}是单位职工
公示的低保户{starred}家里有小车
收款人显示{starred}，钱一直没退
女儿{starred}的成绩单被公开
中介{starred}卷款跑路
被投诉人{starred}无证行医
{starred}，身份证{resident_id}，查询参保记录
"""

BIRTHS_ZH: Final = """
本人出生于{birth}，退休年龄核定有误
我{birth}出生，为什么不能办退休
出生日期{birth}，身份证{resident_id}
出生日期：{birth}，登记错误请更正
孩子的生日是{birth}，差一天不能入学
生日{birth}，系统提示年龄不符
{surname}某，男，{birth}生，汉族
{name}，男，{birth}出生，现住本市
我是{name}，{birth}生，反映工龄问题
我儿子{child}（{birth}）出生在本村
女儿于{birth}在省妇幼出生，出生证丢失
出生年月{birth}，申请高龄补贴
档案里出生时间是{birth}，与户口本不一致
身份证上的出生日期被误写为{birth}
小孩{birth}出生，疫苗本丢了
我父亲生于{birth}，参加过抗美援朝
妻子{birth}顺产一男婴，生育津贴没有到账
老人生于{birth}，应享受八十岁补贴
农历{birth}生，办证时写成了公历
请把我的出生日期由{birth}更正过来
"""

BUILDINGS_ZH: Final = """
本人住在阳光城{building}，楼下烧烤油烟大
家住枫林苑{building}，暖气不热
我家在和平里{building}，楼顶漏水
租住在锦绣家园{building}，房东不退押金
家庭住址：幸福小区{building}
我是江山帝景{building}的住户，反映停电
我是时代年华{building}业主，房屋有裂缝
购买了金科山水洲{building}的联排别墅
举报{building}别墅私自加层，影响邻居
现居住在桂花二村{building}，夜里噪音大
户籍地址为丽景花园{building}
我家住{building}，广场舞太吵
翡翠湾{building}别墅的业主违建
"""

PLACES_ZH: Final = """
3号楼电梯坏了，老人下不了楼
幸福小区3号楼的电梯故障一个多月
谷山庭院16栋3号电梯经常停运
5栋楼下烧烤摊占道经营
丽发新城45栋东侧建了垃圾站
12栋和13栋之间堆满建筑垃圾
9栋架空层被改成养老中心
3栋一楼的麻将馆通宵扰民
金域国际9栋顶层违建
A8栋附近路段没有隔音带
2单元门禁坏了一周没人修
6栋2单元楼道灯不亮
7号楼外墙瓷砖脱落，砸到行人
B座大堂玻璃碎了一地
21栋门前的消防通道被堵
1号楼和2号楼停水两天
商贸城A9栋商家用高音喇叭
14栋的地下车库积水
银杏嘉园9栋全体业主反映电梯老旧
18#楼垃圾站恶臭熏天
4幢有人违规经营家庭旅馆
三栋业主在楼梯间堆放杂物
地铁2#线在南岸增设一个站
建设一座人行天桥，方便学生过马路
10栋至15栋的业主都没有拿到房产证
e区4栋门面喷漆气味刺鼻
请给26栋安装充电桩
8号楼一单元电梯困人两次
小区5号楼正对面的路灯坏了
第6栋是38层的高楼，消防设施损坏
"""

TRAPS_PERSONS_ZH: Final = """
2016年1月1日前出生的孩子不能办理
2019年8月31日之后出生的儿童如何入学
男年满60周岁可以办理，女年满55周岁
孩子成绩下降，压力太大
孩子单独乘电回家不安全
老人公交卡怎么办理
老人安全没有保障
小孩高考期间工地夜间施工
宝宝周岁体检在哪里预约
母亲马上六十岁，社保怎么交
孩子高中毕业想参军
丈夫常年在外打工，留守儿童没人管
妻子公派出国一年
女儿高烧不退，医院没有床位
学生安全无人负责
父亲节那天公园收费
生日蛋糕吃出头发，店家不赔
出生证明丢失怎么补办
出生于农村，没有退休金
5月1日生产的牛奶已经变质
该药品2023年3月2日生产，已过期
政策自2020年1月1日生效
新生儿出生28天内要参保
2015年6月开始施工，至今未完工
尺寸为长*宽*高，单位是米
楼下的**KTV噪音太大
附件见***，密码错误
单价12*3元，多收了
孩子何去何从，请领导答复
老人方便时可到社区办理
小孩游泳课退费难
孩子时常被噪音吵醒
爷爷奶奶接送孩子不方便
外公外婆带孩子，公交不方便
同学关系紧张，老师不管
患者家属要求封存病历
学生周末补课，收费2000元
我儿子在外地，户口怎么迁
儿子明年上小学，学区怎么划
家里小孩常常半夜惊醒
"""

FAMILY_EN: Final = """
My son {en_name} was hit by a scooter
Her daughter, {en_name}, was sent to another school
My husband {en_name} is disabled and needs a ramp
My late father, {en_name}, still gets tax bills
His wife {en_name} called last week
My grandson {en_name} fell in the playground
Our child {en_first} was refused a seat
My mother {en_name} waited two hours
"""

BIRTHS_EN: Final = """
DOB {en_birth}, needs a new library card
My DOB: {en_birth}, SSN {ssn}
Date of birth {en_birth}, name misspelled on the ID
I was born on {en_birth} and qualify for the senior pass
She was born {en_birth} in this city
Her date of birth is {en_birth}
Patient {en_name}, born {en_birth}, was turned away
My birthday is {en_birth}, the card says otherwise
Birth date: {en_birth}
My son, born on {en_birth}, cannot be enrolled
Tenant (DOB {en_birth}) asks for rent relief
Geboren am {de_birth}, Ausweis verloren
Geburtsdatum: {de_birth}
"""

TRAPS_PERSONS_EN: Final = """
The library was born out of a 1902 donation
Children born after 2015 need a new form
Born in 1985, I remember when the bus ran
Birthday party on July 4 blocked the street
Birthday parties in the park every Saturday
The permit dated 03/02/2015 has expired
Trash was not collected on 2 March 2015
Inspected on 10/12/2015 and again on 11/02/2015
Geborgen wurde der Müll am 2.3.2021
The birth certificate office is closed
Newborn ducks need a crossing sign
Airborne dust since March 2, 2015
My son Saturday and Sunday has no bus
Her Mother Hubbard costume was stolen
My husband Called 311 twice
"""

BLOCKS: Final[dict[str, str]] = {
    "family_zh": FAMILY_ZH,
    "starred_zh": STARRED_ZH,
    "births_zh": BIRTHS_ZH,
    "buildings_zh": BUILDINGS_ZH,
    "places_zh": PLACES_ZH,
    "traps_persons_zh": TRAPS_PERSONS_ZH,
    "family_en": FAMILY_EN,
    "births_en": BIRTHS_EN,
    "traps_persons_en": TRAPS_PERSONS_EN,
}
