"""The sentences of the privacy benchmark before their values are filled in, written by hand.

A slot `{kind}` stands for an invented value of that kind; everything outside slots must stay unmasked. Lines without a
slot are traps: numbers and words of real tickets that look like identifiers.
"""

from __future__ import annotations

from typing import Final

STRUCTURED_ZH: Final = """
来电人留下手机{mobile}，请尽快回电。
联系电话：{mobile}，晚上八点以后方便。
我的电话是{mobile}，一直没有人联系我
{mobile}这个号码天天打骚扰电话
打了{mobile}和{mobile}都没人接
请回复到{mobile}，谢谢！
市民手机号码{mobile}反映路灯不亮
电话{mobile}（微信同号）
联系方式{mobile}，反映2023年5月的工资未发放
该维修工电话为{mobile}，收了380元不上门
投诉外卖骑手，其手机号{mobile}，订单号20231123987654
物业前台电话{landline}无人接听
公司座机{landline}，多次拨打均占线
可拨打{landline}核实情况
咨询电话：{landline}，工作日8:30-17:30
传真{landline}发过去三天了没有回音
学校电话{landline}打不通，12345也打了
身份证号{resident_id}，申请公租房
本人身份证{resident_id}被他人冒用注册公司
身份证号码：{resident_id}，请核查社保缴费记录
老人的身份证为{resident_id}，今年尚未领到高龄补贴
证件号{resident_id}，考试报名系统显示已存在
查询{resident_id}的低保审批进度
我身份证号是{resident_id}手机{mobile}麻烦查一下医保
孩子身份证{resident_id}，入学报名提示错误
户口本上的身份证号{resident_id}与实际不符
工资卡号{bank_card}，三个月没有到账
银行卡{bank_card}被冻结，要求解冻
钱打到了{bank_card}这张卡，对方失联
退款请退到建设银行{bank_card}
养老金账号{bank_card}，上月未发放
收款账户{bank_card}，户名不对
对方账号为{bank_card}，转账5000元被骗
车牌{plate}长期占用消防通道
{plate}大货车夜间闯红灯
一辆白色轿车{plate}停在盲道上
举报渣土车{plate}抛洒滴漏，时间为6月3日23时
网约车{plate}绕路，多收了25元
发现{plate}与{plate}两车占道
套牌车{plate}在G98高速出现
请把结果发到邮箱{email}
材料已发送至{email}，请查收
邮箱：{email}，一直收不到验证码
简历投到{email}后被要求交押金300元
中介微信号{account}，加了以后就拉黑我
加微信{account}领补贴，怀疑诈骗
对方QQ{account}，让我转账2000元
客服QQ号：{account}，一直不回复
微信：{account}，电话{mobile}
加V{account}可以代办证件，请查处
护照号{passport}，咨询签证延期
护照{passport}丢失，如何补办
港澳通行证号{passport}过期
投诉人电话{mobile}，身份证{resident_id}，银行卡{bank_card}，请核实是否到账
登记手机号{mobile}收不到健康码短信
打0086开头的{mobile}能联系上我
联系电话{landline}或{mobile}均可
快递员电话{mobile}态度恶劣，单号SF1234567890123
司机手机{mobile}，车牌{plate}，从东站到西站收了80元
邮箱{email}、手机{mobile}均可联系
"""

NAMES_ZH: Final = """
我叫{name}，住在海甸岛
我叫{name}是一名退休教师
本人{name}，今年62岁
姓名：{name}，性别：男
联系人：{name}，电话{mobile}
联系人{name}说下午都在家
投诉人{name}称物业不作为
来电人{name}反映小区停电
申请人{name}于2023年3月提交材料
我是{name}，之前反映过同样的问题
我是{name}。请问社保卡如何补办
市民{name}先生反映路面坑洼
{surname}先生来电反映噪声扰民
{surname}女士称孩子入学被拒
请联系{name}女士核实
{name}先生投诉餐馆油烟
业主{name}反映电梯故障
村民{name}的宅基地被占
房东{name}拒不退还押金
物业经理{name}态度恶劣
村支书{name}侵占补贴款
医生{name}乱开药，花了800元
租客{surname}女士与房东{surname}先生发生纠纷
找到{surname}师傅维修，收费150元
{surname}老师在校外补课
向居委会{surname}主任反映过三次
其丈夫{name}在工地受伤
患者{name}于昨日出院
法定代表人{name}，公司已注销
户主{name}家的低保被取消
被举报人：{name}，涉嫌无证经营
老板{name}拖欠工资12000元
{surname}阿姨摔倒在公交站
她儿子{name}今年读三年级
签名：{name}
包工头{name}失联，欠30人工资
死者{name}的家属要求说法
负责人{name}电话{mobile}
名叫{name}的中介收了定金不退
社区民警{surname}警官处理过此事
司机{name}驾驶公交车时打手机
留言人：{name}，要求回复
邻居{surname}大爷天天烧垃圾
姓名{name}，身份证{resident_id}
"""

HOUSES_ZH: Final = """
住金地小区{house}，楼上漏水
幸福花园{house}装修噪音大
海秀路{street_no}门前有积水
滨海大道{street_no}对面路灯不亮
龙昆南路{street_no}附近的烧烤摊占道
家住阳光城{house}，停水两天了
地址：人民路{street_no}，电话{mobile}
翠湖苑{house}的住户养鸡扰民
碧桂园{house}养狗不牵绳
位于解放西路{street_no}的餐馆无证经营
房号{house}，电表走得太快
万科城{house}业主违规搭建
丽晶公寓{house}存在群租
南沙路{street_no}的网吧接纳未成年人
反映世纪花园{house}高空抛物
春江壹号{house}的窗户掉落砸车
文明东路{street_no}有一处井盖缺失
家在和平里小区{house}，暖气不热
振兴街{street_no}二楼有棋牌室
租住在锦绣家园{house}，押金不退
"""

TRAPS_ZH: Final = """
滨海大道路面破损，积水严重，希望尽快修复
反映3号线地铁早高峰太挤
K12路公交车半小时不来一趟
国道G223线大修，已封路15天
2019年12月25日上午9点30分停水
拖欠工资共计125000元
小区共有12栋楼，只有3部电梯
房屋面积为98.5平方米，单价12000元
三室一厅的房子漏水
拨打12345和110都没解决
请核实工单号2023112309876543
订单号202311230000123456，至今未发货
快递单号SF1029384756123，三天没有更新
该路段从去年5月修到今年11月，至今未完工
学校要求每人交1380元资料费
水表读数004521，比上月多200吨
我是高新区的居民，反映道路扬尘
我是安徽人，来海南打工三年
我是一名退役军人，咨询优待证办理
我是业主，物业不让我进门
我是高中生，学校周末补课
业主张贴通知被物业撕掉
业主高度关注电梯安全
村民常年饮用井水，水质浑浊
村民方便时可到村委会办理
经理说明天来，结果一直没来
有一位老先生摔倒了
居民成立业委会受阻
市民何时能坐上地铁
业主全部签字同意加装电梯
司机任意拐弯，非常危险
老师布置的作业太多
金额3800元，分12期偿还
根据国发〔2019〕第88号文件精神
坐标110.331234,20.031987处有垃圾堆
1月5号晚上10点到凌晨2点一直施工
5月1号到3号放假期间无人值班
一座桥年久失修，桥面开裂
政府修建了5栋安置楼，质量很差
气温35度，停电6小时
股权转让比例为51.5%
每层8户，共33层
第3项目部夜间施工
户外广告牌高15米，随时可能倒塌
400-820-8820是商家的客服热线
拨打95588无人接听，10086也打不通
GB18030标准和ISO9001认证怎么查
公交车从1号站台改到3号门
小区6号门长期关闭，出行不便
明珠广场B口扶梯故障
2号桥下有流浪狗
路边有3座电话亭无人维护
每单元只有一部电梯，一梯八户
QQ群里有人散布谣言
微信公众号上查不到结果
微信支付失败，扣了两次钱
车牌号登记错误，无法缴费
身份证丢失怎么补办
手机号码无法注册，验证码收不到
银行卡被盗刷2000元，怎么报案
邮箱一直收不到验证码
联系人电话一直打不通
姓名和身份证不匹配，无法登录
先生您好，请问落户需要什么材料
女士专用停车位被占
王府井百货门口停车乱
陈旧的管道漏水三个月
许多住户反映电梯异响
马路中间的护栏倒了
黄色的水流出来，不敢喝
高压线离房子太近
何时能通燃气，请答复
江边夜跑没有路灯
车辆长期停放，轮胎没气，已有200多天
家里有80岁老人和3岁小孩
去年收了2300元，今年涨到2800元
1997年建成的老旧小区
申请时间2022-03-15，受理编号4601002203150017
文昌鸡养殖场臭味扰民
万宁到陵水的高速路段有坑
该公司统一社会信用代码查询不到
有20多名工人被欠薪，最多的欠8万
路灯编号LD-0231不亮
共享单车编号865312047，刹车失灵
井盖编号WS20391松动
路口东北角的信号灯不亮，持续了48小时
雨水倒灌进地下车库，淹了30多辆车
小区物业费从1.8元涨到2.6元
希望政府在2025年前修好这条路
反映白沙门公园蚊子多
12路、25路和游1路都改线了
停车费每小时5元，封顶40元
"""

STRUCTURED_EN: Final = """
Please call me at {us_phone} after 5 pm.
My phone number is {us_phone}.
Caller can be reached on {us_phone}, hydrant has been open for 3 days
The contractor's number {us_phone} is disconnected
Phone: {us_phone}; rats behind the dumpster
Text {us_phone} with updates
Super does not answer {us_phone} or {us_phone}
Callback {us_phone} regarding case 4821773
Tenant's SSN {ssn} was exposed in the mail
My social security number is {ssn}
SSN: {ssn}, benefits stopped in March
Email me at {email} with the inspection result
Sent photos to {email} on 10/12/2015
Contact {email} or {us_phone}
My card {bank_card} was charged twice for the permit
Paid with card number {bank_card}, amount $75
Passport {passport} needed for the IDNYC card
Fire hydrant leaking, call {us_phone}
"""

NAMES_EN: Final = """
My name is {en_name} and the street light is out
Hi, I'm {en_name}, I live near the park
This is {en_name} calling about missed trash
Mr. {en_surname} says the heat is off
Mrs. {en_surname} needs a senior parking permit
Ms. {en_surname} called three times about noise
Dr. {en_surname} complained about the sidewalk
Constituent: {en_name}, needs help with Section 8
Contact: {en_name}, {us_phone}
Please speak with {en_name} about the lease
Reported by {en_name}
Tenant name: {en_name}, no hot water since Monday
Owner is {en_name} and he ignores the violation
Ask for {en_name} at the front desk
Sincerely, {en_name}
The landlord, Mr. {en_name}, refuses repairs
"""

HOUSES_EN: Final = """
Pothole in front of {en_no} Beacon Street
Graffiti on the wall at {en_no} East 14th Street
No heat at {en_no} Flatbush Ave for two weeks
Illegal dumping behind {en_no} Washington Blvd
Noise from {en_no} Maple Lane after midnight
Lives in apt {en_apt}, elevator broken
Apartment {en_apt} has mold on the ceiling
Leak from unit {en_apt} into the hallway
Rodents at {en_no} Dorchester Avenue
Tree down at {en_no} W. Cermak Rd
"""

TRAPS_EN: Final = """
Pothole on Beacon Street near the corner of 5th Avenue
Street light 20431 is out on Main Street
Bus 42 has not stopped at Elm Street for 3 weeks
The fine was $1,250.00 and the due date is 12/31/2015
Case 1012839475 has been closed without inspection
Route 9 northbound needs repaving between exits 14 and 16
I am writing about the trash that was not collected
I'm Writing again because nothing happened
Called 311 and 911, nobody came
Built in 1985, renovated in 2003
Noise at 2:30 am every Saturday night
Zip code 02118 is missing from the service list
The 100 block of the street floods when it rains
24 inch pipe burst, water everywhere
Apartment building has 120 units and one elevator
Work order 15-00213342 was cancelled
There are 25 rats living behind the school
Temperature was 95 degrees in the classroom
Dead raccoon in the middle of Blue Hill Avenue
Request for a stop sign at Oak Street and 3rd Avenue
My name was not on the list of voters
Section 8 voucher expired on 2015-06-30
Ticket number 8847291034 is still open
M15 bus is always late, waited 45 minutes
Permit B20150047 expired 2 months ago
I am a senior citizen and need snow removal
Parking meter 1140 does not take coins
Room for improvement: more benches in the park
Unit of measure on the bill is wrong
Call 311 for information about recycling
"""

BLOCKS: Final[dict[str, str]] = {
    "structured_zh": STRUCTURED_ZH,
    "names_zh": NAMES_ZH,
    "houses_zh": HOUSES_ZH,
    "traps_zh": TRAPS_ZH,
    "structured_en": STRUCTURED_EN,
    "names_en": NAMES_EN,
    "houses_en": HOUSES_EN,
    "traps_en": TRAPS_EN,
}
