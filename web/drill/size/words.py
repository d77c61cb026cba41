"""Of what the names of a large company's customers are made: places, telling words, trades, legal forms."""

from __future__ import annotations

# Region and its cities.
PLACES = tuple(
    (region, city)
    for region, cities in (
        ("北京", "北京"),
        ("上海", "上海"),
        ("天津", "天津"),
        ("重庆", "重庆"),
        ("广东", "广州 深圳 东莞 佛山 珠海 中山 惠州 汕头 江门 湛江"),
        ("浙江", "杭州 宁波 温州 绍兴 嘉兴 金华 台州 义乌 湖州"),
        ("江苏", "南京 苏州 无锡 常州 南通 徐州 扬州 镇江 昆山 盐城"),
        ("山东", "济南 青岛 烟台 潍坊 临沂 淄博 威海 济宁"),
        ("福建", "福州 厦门 泉州 漳州 莆田"),
        ("四川", "成都 绵阳 德阳 宜宾"),
        ("湖北", "武汉 宜昌 襄阳 荆州"),
        ("湖南", "长沙 株洲 岳阳 衡阳"),
        ("河南", "郑州 洛阳 开封 新乡"),
        ("河北", "石家庄 唐山 保定 廊坊"),
        ("安徽", "合肥 芜湖 蚌埠"),
        ("辽宁", "沈阳 大连 鞍山"),
        ("陕西", "西安 宝鸡 咸阳"),
        ("江西", "南昌 九江 赣州"),
        ("广西", "南宁 柳州 桂林"),
        ("云南", "昆明 大理 曲靖"),
        ("山西", "太原 大同"),
        ("吉林", "吉林"),
        ("黑龙江", "哈尔滨 大庆"),
        ("贵州", "贵阳 遵义"),
        ("海南", "海口 三亚"),
        ("新疆", "乌鲁木齐"),
        ("甘肃", "兰州"),
        ("宁夏", "银川"),
        ("内蒙古", "包头"),
    )
    for city in cities.split()
)
# Characters with one reading each, so that two or three of them read the same in any company.
TELLING = (
    "瑞丰华盛鑫恒泰隆昌荣福禄祥庆嘉康宁安平和谐永信诚义达通顺利发旺富裕宏伟腾飞鹏程万里"
    "东南西北中天海江河湖山峰岭云雨雪霞星辰明光辉耀晨旭日月春夏秋冬金银铜铁玉珠宝翠晶莹"
    "龙凤麒麟虎豹鹰雁鹤梅兰竹菊松栋桂枫林森杨柳桃源清泉溪波涛润泽沐禾穗谷丰田园地方圆"
    "新创智慧联合众友煜邦国家民族建设立业振兴盈胜凯捷迅速优佳美好雅致精诚卓越超群领先"
)
TRADES = tuple(
    """食品 进出口 贸易 商贸 科技 电子 机械 精密机械 五金 建材 装饰材料 化工 塑胶 橡胶 纺织 服饰 服装 鞋业 皮革
    家具 家居用品 灯饰 照明 电器 电气 电线电缆 自动化设备 仪器仪表 医疗器械 生物科技 医药 保健品 茶叶 酒业 饮料
    粮油 水产 海鲜 果蔬 农业发展 农产品 冷链物流 物流 国际货运 供应链管理 包装制品 印刷 纸业 文化用品 文化传媒
    广告 网络科技 信息技术 软件 通信设备 智能装备 新能源 光伏科技 环保设备 汽车配件 汽车服务 摩托车配件 船舶设备
    钢铁 金属制品 有色金属 模具 轴承 阀门 泵业 玻璃 陶瓷 石材 园林工程 建筑工程 房地产开发 物业管理 酒店用品
    餐饮管理 百货 超市 母婴用品 玩具 礼品 珠宝首饰 化妆品 日用品 体育用品 办公设备 教育咨询 企业管理 投资 实业
    工贸""".split()  # noqa: SIM905
)
# Legal forms, each as often as it is listed.
FORMS = (
    *("有限公司",) * 14,
    *("股份有限公司",) * 2,
    *("商行",) * 3,
    "有限责任公司",
    "集团有限公司",
    "经营部",
    "门市部",
)

ENGLISH_FIRST = tuple(
    """Alder Amber Anchor Apex Arbor Argent Ashford Atlas Aurora Avon Baltic Beacon Birch Blackwood Bluebird
    Bolton Boreal Bradford Bridgeport Bright Bristol Cairn Caldwell Cambrian Canyon Cardinal Carlton Cascade
    Cedar Chatham Chester Clifton Coastal Cobalt Compass Coral Crestwood Crown Dalton Delta Devon Dorset
    Dover Eastgate Eden Elmwood Ember Evergreen Fairfield Falcon Fenwick Foxglove Frontier Garnet Glenmore
    Granite Greenfield Grove Halcyon Hampton Harbour Hartley Hawthorn Hazel Heron Highland Holloway Horizon
    Hudson Ironwood Ivory Jasper Juniper Kendal Kestrel Kingsley Lakeside Lancaster Langley Laurel Lexington
    Linden Lisbon Lochside Lyndon Magnolia Maple Marlow Meadow Mercer Meridian Midland Milford Monarch
    Morgan Nautica Newport Norfolk Northfield Oakridge Oceanic Olympia Onyx Orchard Orion Oxford Pacific
    Palmer Pearl Pemberton Pinecrest Pioneer Polaris Preston Prospect Quarry Quayside Radley Ravenswood
    Redwood Regent Richmond Ridgeway Riverbend Rockford Rosewood Rutland Sable Salisbury Sapphire Selby
    Severn Shelby Sierra Silverlake Somerset Southport Sterling Stonebridge Summit Sutton Thornton Tidewater
    Trafalgar Trident Tudor Union Upland Vale Vanguard Verdant Victoria Vista Wakefield Walnut Wellington
    Westbrook Whitby Willow Winchester Windsor Woodland York Zenith""".split()  # noqa: SIM905
)
ENGLISH_SECOND = tuple(
    """Allen Baker Barnes Bennett Brooks Burton Carter Clark Cole Collins Cooper Cross Davies Dixon Edwards
    Ellis Fisher Fletcher Foster Fraser Gibson Gordon Grant Gray Hayes Henderson Hill Howard Hughes Hunter
    Jackson James Jenkins Kelly Kennedy Knight Lawson Lloyd Marshall Mason Mitchell Moore Murray Nelson
    Newman Palmer Parker Pearce Porter Quinn Reed Reynolds Roberts Rose Russell Scott Shaw Simpson Spencer
    Stewart Stone Taylor Turner Walker Ward Watson Webb West Wheeler Wilson Wright Young""".split()  # noqa: SIM905
)
# fmt: off
ENGLISH_TRADES = (
    "Foods", "Trading", "Imports", "Exports", "Logistics", "Industries", "Electronics", "Components",
    "Instruments", "Machinery", "Engineering", "Textiles", "Apparel", "Furniture", "Interiors", "Lighting",
    "Chemicals", "Plastics", "Packaging", "Printing", "Paper", "Media", "Software", "Systems", "Networks",
    "Energy", "Solar", "Motors", "Marine", "Steel", "Metals", "Tools", "Glass", "Ceramics", "Stone",
    "Gardens", "Construction", "Hotels", "Catering", "Markets", "Toys", "Gifts", "Jewellery", "Cosmetics",
    "Sports", "Office Supplies", "Medical", "Pharma", "Tea Merchants", "Wine Merchants", "Seafood", "Farms",
    "Dairy", "Bakeries", "Wholesale", "Distribution", "Supply",
)
# fmt: on
ENGLISH_FORMS = ("Ltd", "Ltd", "Ltd.", "Inc.", "Inc.", "LLC", "Co., Ltd.", "Corp.", "GmbH", "")
# Country, city, what every phone there begins with: seven digits follow.
ENGLISH_PLACES = (
    ("US", "New York", "+1 212 "),
    ("US", "Chicago", "+1 312 "),
    ("US", "Seattle", "+1 206 "),
    ("US", "Houston", "+1 713 "),
    ("GB", "London", "+44 771 "),
    ("GB", "Manchester", "+44 798 "),
    ("SG", "Singapore", "+65 8"),
    ("AU", "Sydney", "+61 43"),
    ("DE", "Hamburg", "+49 1511 "),
)
MOBILE = tuple(
    """134 135 136 137 138 139 150 151 152 157 158 159 182 183 187 188 130 131 132 155 156 185 186 133 153 180 181
    189""".split()  # noqa: SIM905
)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰慧建国文斌波辉宇鹏飞雪梅琳"
INDUSTRIES = ("制造业", "批发零售", "餐饮", "物流", "信息技术", "建筑", "医药", "农业")
SOURCES = ("网站", "展会", "老客户介绍", "电话", "广告", None)
SIZES = ("1-49", "50-249", "250-999", None)
