"""Templates of a second style: notes of operators, messages typed on a phone, and speech written down. All invented.

The first style is one plain sentence about one matter. Here fields stand in a row, punctuation is missing, numbers
are grouped as people say them, and addresses of mail are written so that no machine reads them.
"""

from __future__ import annotations

from typing import Final

NOTES_ZH: Final = """
来电人：{name}；电话：{grouped}；诉求：路灯不亮
【来电】{name} {grouped} 反映小区停水
市民{name}（{grouped}）咨询公积金提取
回访记录：{name}，{grouped}，表示满意
工单备注 请联系{name} {grouped} 核实
转办：联系人{name}/{grouped}/下午在家
受理员记：业主{dotted}，{grouped}，称电梯困人
来电人{dotted}反映工资被拖欠
我是{dotted}，住在和平里，楼上漏水
业主{dotted}要求公示维修资金
投诉人：{dotted}，证件{resident_id}
村民{dotted}称水渠被堵
联系人 {dotted} 电话 {grouped}
租客{dotted}，押金不退，手机{grouped}
学生家长{dotted}咨询入学
我叫{dotted}，办居住证被退回
当事人{name}，身份证{resident_id}，未领补贴
实际控制人{name}失联，员工讨薪
实控人{name}名下还有两家店
监护人{name}，{grouped}
股东{name}转移资产
委托人{name}，代理人{name}
原告{name}诉物业一案至今未执行
证人{name}愿意作证，{grouped}
班主任{name}让家长自购校服
姓名{name} 电话{grouped} 房号{house_dashed} 反映漏水
登记人：{name}，{grouped}，代老人咨询
"""

TYPED_ZH: Final = """
你好我家停电了 电话{grouped} 麻烦快点
{house_dashed}漏水了没人管
{house_dashed} 没有暖气 两天了
我住{house_dashed}，楼上装修太吵
地址：{house_dashed}，请师傅上门
房号{house_dashed}，水表不走
阳光花园{house_dashed}下水道堵了
请回电{grouped}，谢谢
打我手机{grouped}，别打座机
号码是{spelt}，请记一下
我手机{spelt} 微信同号
固定电话{landline_dotted}一直占线
单位座机{landline_dotted}转不进人工
车牌{plate_spaced}堵住消防通道
{plate_spaced}天天停在盲道上
黑色轿车 {plate_spaced} 逆行
车牌号{plate_short}，占了残疾人车位
车牌是{plate_abroad}的面包车乱停
资料发到{email_hidden}，收到回复
我的邮箱：{email_hidden}
联系邮箱 {email_hidden} 周末也看
把发票寄到{email_hidden}好吗
抖音号{social}直播卖假药
快手号：{social}，造谣
小红书号{social}虚假宣传
微博账号{social}泄露我的住址
闲鱼号{social}，收钱不发货
支付宝账号{social}，已转账
"""

OFFICIAL_ZH: Final = """
执勤民警警号{badge}态度粗暴
警号{badge}的民警不出示证件
处理人警号为{badge}，请核实
交警（警号：{badge}）开错罚单
话务员工号{badge}挂断电话
工号：{badge}的窗口人员推诿
执法证号{badge}，现场未录像
驾驶证号{licence}被误扣分
驾照{licence}到期，网上换不了
残疾证号{licence}，补贴停发
军官证{licence}，优待没有落实
社保号{licence}查不到缴费
学号{licence}，成绩单开不出来
从业资格证{licence}审验不通过
身份证尾号{tail}，短信验证不过
身份证后四位{tail}，名字对不上
手机尾号{tail}的用户没收到补贴
银行卡尾号{tail}，退款没有到账
本人{name}，驾驶证号{licence}，申请复议
行驶证档案编号{licence}丢失
"""

SPOKEN_EN: Final = """
It's {en_name}, reach me at {us_phone} after six
Write me at {email_hidden_en}, no calls please
Email: {email_hidden_en}
Driver license {licence_en} was never returned
My driver's license number is {licence_en}, they lost it
Officer badge {badge} refused to give a report
Badge number {badge} was rude at the counter
My name is {en_name}; license no. {licence_en}
"""

TRAPS_SECOND_ZH: Final = """
警号和姓名都没有公示
工号牌没戴，态度很差
驾驶证到期怎么换，需要什么材料
驾照分扣完了去哪里学习
12-3号楼之间的路灯坏了
工期是2026-3-15到2026-11-30
会议时间为23-11-2026，地点未定
型号12-3-501的水泵停产了
水管规格15-2-300，市场上买不到
比分3-1-2，打球扰民
价格由13.50涨到15.80元
气温13.5度到18.7度之间
坐标19.9912,110.3478附近
电话打不通，等了138分钟
1380元押金不退，合计13800元
尾号限行政策什么时候取消
尾号5和0今天限行
身份证尾号查询不到是什么原因
邮箱收不到验证码
抖音号被盗了怎么办
小红书号称全网最低价
快手号召大家抵制
微博账号注销不了
支付宝账单查不到缴费记录
石梅湾·九里小区停水
万达·御湖公馆物业不作为
碧桂园·天麓府电梯坏了
业主大会没有召开
业主群里都在说
股东大会决议没有公示
原告席上没有人
证人证言不全
监护人不在场
实际控制人没有露面
委托人和代理人都没到
一三五限行，二四六不限
一二三楼都停水
三十八号公交车不停站
文件号琼府办〔2026〕12号
发票号码12345678，金额13.8元
运单号SF1380000111222，三天没更新
设备编号ABC-1234，已经报修
车牌识别系统坏了，出不了小区
车牌还没有上，临牌过期
版本号1.3.8.0000升级后打不开
2026.11.23 13.30分停电
公告见sanya.gov.cn
网址www.hainan.gov.cn打不开
请拨打12345转2号键
服务热线400-820-8820没人接
"""

TRAPS_SECOND_EN: Final = """
Meet at 5 at the dot com office
Look at the sign at Main Street
The badge reader is broken
Driver license office closed at noon
License plates were stolen on 12-3-2015
Version 1.3.8.0000 of the app crashes
Ratio 3-1-2 on the soccer field
Open 13.30 to 18.70, closed Sunday
"""

SECOND_NOTES_ZH: Final = """
来话：{name}，男，{grouped}，咨询退税
记录：市民{name}电话{grouped}，要求回电
[转派] {name} {grouped} 阳台被占
办理结果已告知{name}，{grouped}
户主：{dotted}，{grouped}，家里断水
反映人{dotted}称补贴少发
孩子家长{dotted}，咨询转学
我是{dotted}，车被误拖
司机{dotted}拒载
当事人{name}身份证号{resident_id}
代理人{name}，电话{grouped}，代办注销
被告{name}名下无财产
请致电{name}（{grouped}）约时间
"""

SECOND_TYPED_ZH: Final = """
急！{house_dashed}冒烟了
{house_dashed}住户反映油烟
我家{house_dashed}，电梯坏了上不去
回我电话吧{grouped}
手机号是{grouped}，随时可以打
联系方式{spelt}
座机{landline_dotted}无人接听
楼下{plate_spaced}报警器响了一夜
车牌{plate_short}，撞了就跑
牌照{plate_abroad}的车停在绿化带
邮箱写的是{email_hidden}，没人回
请发至{email_hidden}，急
"""

SECOND_OFFICIAL_ZH: Final = """
民警{badge}号不在，警号{badge}的在场
警号是{badge}，态度很好，请表扬
工号{badge}的客服骂人
驾驶证号码：{licence}，扣分有误
残疾证{licence}过期补办
抖音账号{social}冒充官方
支付宝账号：{social}，对方不退款
身份证后六位{tail}，系统查无此人
手机尾号{tail}，短信收不到
"""

SECOND_SPOKEN_EN: Final = """
My email is {email_hidden_en}, thanks
License number {licence_en} expired last month
This is {en_name}, call {us_phone}
Badge {badge} helped me, please thank them
"""

SECOND_TRAPS_ZH: Final = """
警号什么时候公开
工号都不肯报，直接挂断
残疾证办理需要哪些材料
驾驶证年审在哪里
学号忘了怎么查
14-15号楼之间堆垃圾
5-8月停水多次
比例为1-2-3，不合理
规格20-15-100的管子漏水
2026-12-1前答复
电话打了138次没人接
每月1580.00元，涨到1690.50元
温度18.5到21.3度
早上6.30到晚上22.00施工
一三四楼没有水
三五八号公交绕行
尾号为奇数的车今天能进吗
发信到市长邮箱没有回复
抖音号营销广告扰民
微博号称官方
支付宝账户怎么实名
快手号被封怎么申诉
佳兆业·东戴河小区物业费太高
恒大·海上帝景交房延期
龙湖·春江悦茗的业主维权
股东身份如何变更
监护人需要带什么证件
证人可以不出庭吗
原告被告都是本村人
车牌号被套牌，在哪里申诉
牌照还没下来
订单号1387654321099
设备号KD123，坏了三次
航班HU7281延误五小时
发票代码046001900111
标准GB13495-2015
第12-3-1号提案没有答复
网站hainan.gov.cn/bm打不开
转1号键，再转3号键
身份证后来补办了
银行卡尾款没有结清
"""

SECOND_TRAPS_EN: Final = """
It's Main Street again, please fix the light
Licensed vendors only on this block
Badge holders park for free
Meet me at noon at the dot on the map
Bus 138 comes at 7.30 and 8.15
Invoice 12-3-5010 is wrong
"""

THIRD_NOTES_ZH: Final = """
热线记录 来电人{name} 号码{grouped} 内容：井盖丢失
{name}，{grouped}，要求匿名转达
已电话联系{name}，{grouped}，无人接
派单说明：业主{name}，房号{house_dashed}，{grouped}
市民{dotted}，来电咨询积分落户
商户{name}（电话{grouped}）称被多收摊位费
申请人：{dotted}，{resident_id}
联系人：{dotted}，手机{grouped}
村民{dotted}反映路被挖断
委托人：{name}，{resident_id}
实际控制人：{name}，电话关机
投诉人{name}，证件尾号{tail}
"""

THIRD_TYPED_ZH: Final = """
在吗 {house_dashed} 又停水了
我是{house_dashed}的住户，水压太低
{house_dashed}，卫生间返味
有事打{grouped}
电话{grouped}（微信同号）
号码：{spelt}
办公室电话{landline_dotted}总是忙音
{plate_spaced}挡住我家车库
前面那辆{plate_spaced}闯红灯
车牌号：{plate_short}，逃逸
车号{plate_abroad}的货车超载
邮箱地址{email_hidden}
材料已发{email_hidden}，请查收
"""

THIRD_OFFICIAL_ZH: Final = """
请核实警号{badge}的执法过程
辅警{badge}收了我的证件
工号{badge}服务热情，提出表扬
驾照号{licence}，记分异常
学生证{licence}，乘车没有优惠
居住证编号{licence}，积分少算
小红书账号{social}晒出我的照片
微博ID：{social}，人身攻击
身份证尾号是{tail}的那位工作人员
银行卡后四位{tail}，被扣了年费
"""

THIRD_SPOKEN_EN: Final = """
Send it to {email_hidden_en} please
Driver's license: {licence_en}, wrong address on it
It's {en_name}, call me back at {us_phone}
"""

THIRD_TRAPS_ZH: Final = """
警号牌被遮挡
辅警招聘什么时候开始
城管来了三次都没管
客服10分钟没人应答
学生证丢了怎么补
居住证要等多久
驾照考试排不上号
小红书上有人卖假票
微博热搜说的是真的吗
邮箱满了收不到信
有人把垃圾丢在12-13栋之间
2026-3-1至2026-5-1暂停服务
尺寸30-20-150的地砖缺货
合同编号12-3-108没有盖章
比分是2-1-100吗
股东分红一直没有
委托人要到现场吗
代理人资格怎么审
监护人同意书在哪里下载
实际控制人变更要什么手续
电话费138元，流量费59.9元
欠费1388.00元，滞纳金13.88元
每天18.30到22.30跳广场舞
下午13点到15点停电
水价从1.38元涨到1.58元
一三五号车厢没有空调
三五八团的路怎么走
二八九路公交改线
尾号三和八今天限行
卡后面的磁条坏了
绿地·海长流小区没有路灯
鲁能·三亚湾的路灯不亮
中海·神州半岛物业乱收费
车号牌损坏怎么补
车牌摇号结果在哪里看
挂号费15元，专家号50元
订单编号D1380000拒绝退款
快递柜编号A12345打不开
文号琼价费管〔2016〕138号
请看hainan.gov.cn的通知
转接3号键之后挂断
单价12.5元，共3.5吨
"""

THIRD_TRAPS_EN: Final = """
Badge readers at the gate do not work
License renewal takes three weeks
It's Saturday again and the trash is here
Look at dot seven on the map
Score 2-1-100 is a joke
The dot com bubble and the at sign
"""

FOURTH_NOTES_ZH: Final = """
来电人{name}，联系电话{grouped}，反映树木倒伏
{name} {grouped} 催办
(紧急){name}，{grouped}，燃气味
市民{name}来电，称公交站牌错了
接电人：{name}；回拨{grouped}
登记：{dotted}，{grouped}
业主{dotted}说电梯又坏了
家长{dotted}投诉校车超员
我是{dotted}，来问公租房
联系人：{dotted}（{grouped}）
患者{dotted}要求退费
监护人：{name}
原告：{name}，被告：{name}
股东：{name}，占股一半
举报人{name}身份证{resident_id}
委托{name}（{resident_id}）代办
联系{name}，手机{grouped}
车主{name} {grouped} 申诉罚单
参保人{name}，社保号{licence}
店主{name}，电话{landline_dotted}
"""

FOURTH_TYPED_ZH: Final = """
{house_dashed} 漏电 快来人
我在{house_dashed}，闻到煤气
楼上{house_dashed}半夜砸墙
送到{house_dashed}的快递丢了
麻烦打{grouped}
我的号{grouped}，谢谢
{grouped}这个电话一直骚扰我
骚扰电话{grouped}
语音留言说的是{spelt}
手机{spelt}停机了
客服座机{landline_dotted}打不进
传真{landline_dotted}
{plate_spaced}违停
{plate_spaced}的车主请挪车
车牌{plate_spaced}，黄色出租车
车牌{plate_short}的网约车绕路
车牌号{plate_abroad}，跨境车
发我邮箱{email_hidden}
{email_hidden}，发票抬头写错了
邮件发到{email_hidden}被退回
"""

FOURTH_OFFICIAL_ZH: Final = """
警号{badge}
出警民警（警号{badge}）拒绝立案
工号{badge}，窗口叫号慢
话务员{badge}号解释不清
驾驶证{licence}被暂扣
残疾证号：{licence}
退役证{licence}，公交不认
准考证号{licence}，查不到成绩
社保卡号{licence}注销
抖音ID{social}骗老人钱
快手账号{social}低俗
闲鱼账号：{social}
身份证后4位{tail}
手机尾号为{tail}
银行卡尾号：{tail}，重复扣款
护照尾号{tail}，签注错误
"""

FOURTH_SPOKEN_EN: Final = """
Contact me: {email_hidden_en}
My driver's license {licence_en} was mailed to a wrong address
Badge #{badge} directed traffic well
I'm {en_name}, {us_phone}
"""

FOURTH_TRAPS_ZH: Final = """
警号公示栏空着
工号没有登记
民警三天没来
残疾证年审怎么办
准考证打印入口在哪
社保卡换新要几天
抖音上的谣言满天飞
快手平台审核太慢
闲鱼上买到假货
邮箱验证失败
身份证后面的照片不清楚
手机尾款还没退
尾号限行取消了吗
12-3-5栋的围墙倒了
2026-1-15开始施工
长宽高是20-30-150
第3-2-101号文件
比分10-2-100？
每斤13.80元，三斤41.40元
气温13.8至21.6度
时间13.30-17.30
138天没有发工资
共计13800000元工程款
一三五单号，二四六双号
一五九医院在哪里
三亚·海棠湾免税城排队
保利·秀英港湾延期交房
融创·观澜湖业主集会
股东名册在哪查
监护人资格认定
原告撤诉了
委托书怎么写
举报人信息要保密
车牌褪色看不清
车牌没装好
货号ABC-1234已下架
合同号2026-12-108
航班CA1380取消
公交138路晚点
编码A12345的井盖松动
见官网hainan.gov.cn第2.3.1条
"""

FOURTH_TRAPS_EN: Final = """
Badges were not visible
My license plate frame broke
It's Friday, call it a day
See you at the dot com cafe
Route 1-3-5 is late
"""

LAST_NOTES_ZH: Final = """
来访人：{name}，{grouped}，反映拆迁补偿
呼入{grouped}，{name}，咨询落户
住户{name}，{grouped}，水管爆裂
转办单 {name}/{grouped}/宠物扰民
今日回访{name}，{grouped}，未接
市民{name}投诉广场噪声
我叫{name}，问医保报销
诉求人：{name}；电话：{grouped}
当事人：{name}，{resident_id}
受害人：{name}，被骗两万元
请将结果告知{name}（{grouped}）
业主{dotted}，投诉物业断电
我是{dotted}，身份证丢了
联系人：{dotted}，{grouped}
申请人{dotted}要求复核
游客{dotted}，包落在大巴上
法定代表人：{name}，拖欠工资
合伙人{name}，手机{grouped}
房主{name}，{grouped}，同意签字
网格员{name}，电话{grouped}
承租人：{name}，续约被拒
"""

LAST_TYPED_ZH: Final = """
{house_dashed}，水漫到楼道了
家里{house_dashed}没网络
{house_dashed}的邻居养鸡
寄到{house_dashed}
回拨{grouped}即可
加我{grouped}
{grouped}，下班后再打
报个电话{spelt}
{spelt}，空号
电话{landline_dotted}，一直没人
{landline_dotted}打不通
{plate_spaced}，请拖走
看到{plate_spaced}撞护栏
车牌：{plate_short}，套牌
车牌{plate_abroad}，闯禁行
{email_hidden} 请回信
投诉邮箱{email_hidden}无效吗
"""

LAST_OFFICIAL_ZH: Final = """
执勤人员警号{badge}，推搡老人
警号：{badge}，谢谢他
窗口工号{badge}
接线员{badge}号态度冷漠
驾驶证号 {licence}
驾照：{licence}，换证
军官证号{licence}，免票被拒
社保号：{licence}，断缴
准考证{licence}，座位重复
抖音号：{social}，引流诈骗
微博号{social}，侵权
小红书ID：{social}
身份证后四位是{tail}
手机尾号是{tail}
卡尾号{tail}，盗刷
"""

LAST_SPOKEN_EN: Final = """
Reply to {email_hidden_en}
Driver's license number: {licence_en}
Officer badge {badge}, very polite
My name is {en_name}, phone {us_phone}
"""

LAST_TRAPS_ZH: Final = """
警号看不清楚
没有工号，也没有姓名
接线员态度好，表扬
军官证怎么换
准考证忘带能进场吗
抖音直播噪音大
微博私信没有回
小红书推荐的店关门了
邮箱登录不上
身份证后天才能拿到
手机尾盘促销扰民
卡尾部断裂
12-13栋之间
2026-5-1起执行
30-20-10的比例
第12-3-102号提案
型号5-2-300缺货
票价13.80元
水位13.5至18.8米
时间为18.30到19.00
施工138天
工程款1380000元
一三五七日营业
二三四五楼都没电
三八五路末班车太早
石梅湾·九里停车难
华润·石梅湾九里没有路灯
富力·红树湾噪音大
雅居乐·清水湾断水
来访人员登记太慢
诉求人众多
受害人家属不满
房主和租户吵架
网格员不上门
合伙人跑了
承租人违约怎么办
法定代表人变更流程
车牌污损罚款多少
车牌掉了怎么补
条码A12345扫不出
快递SF1380012345678丢件
船票号B20261201
学号规则变了吗
政策见haikou.gov.cn
"""

LAST_TRAPS_EN: Final = """
Badge office is closed
License fees went up
It's Monday and the light is out
The dot on the map is at the lake
Mix 3-2-1 concrete on the walk
"""

BLOCKS: Final[dict[str, str]] = {
    "notes_zh": NOTES_ZH + SECOND_NOTES_ZH + THIRD_NOTES_ZH + FOURTH_NOTES_ZH,
    "typed_zh": TYPED_ZH + SECOND_TYPED_ZH + THIRD_TYPED_ZH + FOURTH_TYPED_ZH,
    "official_zh": OFFICIAL_ZH + SECOND_OFFICIAL_ZH + THIRD_OFFICIAL_ZH + FOURTH_OFFICIAL_ZH,
    "spoken_en": SPOKEN_EN + SECOND_SPOKEN_EN + THIRD_SPOKEN_EN + FOURTH_SPOKEN_EN,
    "traps_second_zh": TRAPS_SECOND_ZH + SECOND_TRAPS_ZH + THIRD_TRAPS_ZH + FOURTH_TRAPS_ZH,
    "traps_second_en": TRAPS_SECOND_EN + SECOND_TRAPS_EN + THIRD_TRAPS_EN + FOURTH_TRAPS_EN,
}
"""What the rules were written with; those of SECOND, THIRD and FOURTH were held out until the rules failed on them."""

HELD_OUT: Final[dict[str, str]] = {
    "notes_zh": LAST_NOTES_ZH,
    "typed_zh": LAST_TYPED_ZH,
    "official_zh": LAST_OFFICIAL_ZH,
    "spoken_en": LAST_SPOKEN_EN,
    "traps_second_zh": LAST_TRAPS_ZH,
    "traps_second_en": LAST_TRAPS_EN,
}
"""Written after the rules, and before they were tried on it."""
