"""Home addresses: a place, and the house, unit or room in it.

What is looked for first is the chain of numbers (12号3单元501室); what stands before it is the
place. A chain down to a room under a unit is a home wherever it is; a shorter one needs a place
that is a road, an estate or a village, or words like 家住 before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.mask.digits import DIGIT

_HAN = r"[\u4e00-\u9fff]"
_COUNT = r"[0-9A-Za-z一二三四五六七八九十百零〇幺两]"
_NUM = rf"{_COUNT}{{1,6}}"
# 东单元, 西户; but 西户口 and 东门街 are none.
_LETTERED = r"(?:[甲乙丙丁戊](?:单元|[号栋幢座])|[东西南北中](?:单元|户(?![口籍型])))"
_FIRST_UNIT = (
    r"(?:号楼|号院|号大院|号门|[#＃]楼?|单元|支弄"
    r"|[号栋幢座室弄舍](?![长员里内外码线得弃不友监]|[一两二]?厅))"
)
_UNIT = rf"(?:{_FIRST_UNIT}|[房组社队区期排巷院楼层门](?![长员里内外]))"
_SUB = r"(?:大?院?之(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2}))?"
_DASHED = (
    r"(?<![0-9A-Za-z\-])(?!(?:0[0-9]{2,3}|[48]00"
    r"|1[3-9][0-9])[\-—])[A-Za-z]?[0-9]{1,3}[\-—][0-9]{1,4}"
    r"(?:[\-—][0-9]{1,4})?(?![0-9A-Za-z\-—])[室号户]?(?!楼)"
)
_FIRST = (
    rf"(?:[第附]?(?<![0-9A-Za-z]){_NUM}{_FIRST_UNIT}{_SUB}|{_LETTERED}|{_DASHED}"
    rf"|{_NUM}门(?=[0-9]{{3,4}}(?![0-9]))|{_NUM}期(?={_NUM}{_FIRST_UNIT})|{_NUM}巷(?={_NUM}号)|[0-9]{{2,3}}楼(?={_NUM}门)"
    rf"|{_NUM}[排组社队](?={_NUM}号)|{_NUM}楼(?=[0-9]{{3,4}}(?![0-9])))"
)
_PART = rf"(?:[第附]?{_NUM}{_UNIT}{_SUB}|{_LETTERED}|{_DASHED})"
_ROOM = (
    rf"(?:[0-9]{{1,2}}[A-Ha-h](?![0-9A-Za-z])|{DIGIT}{{3,4}}(?:户(?![口籍型主]))?)"
    rf"(?!{DIGIT}|[元块点分年月天人次路折斤米平度多余几户])"
)
# Between two numbers the name of an estate or a building may stand: 256号师大教工宿舍11栋.
_PLAIN = r"[^\W0-9A-Za-z的了是在和与及把被让对向说有没不也都还就我你他她它这那从到]"
_BETWEEN = (
    rf"[,，、 \-]{{0,2}}(?:{_PLAIN}{{1,9}}?[,， ]?(?={_NUM}(?:号楼|单元|[号栋幢座室弄排#])))?"
)
_TRAIL = rf"(?:[,， ]?{_PLAIN}{{1,8}}?(?:小区|花园|公寓|[苑庭园城府寓邸湾])(?!{_PLAIN}))?"
_END = r"(?:[东西南北前后][户门]|[东西]头|宿舍)?"
_CHAIN = re.compile(rf"{_FIRST}(?:{_BETWEEN}{_PART})*(?:[,， ]?{_ROOM})?{_END}{_TRAIL}")
_GATE = re.compile(rf"{_COUNT}[号栋幢座室户弄楼层门房组社队区期排单巷舍#\-—]")
_PLACE = re.compile(
    r"(?:[\u4e00-\u9fff0-9A-Za-z]{2}(?:[路街巷苑庭园里城府湾寓邸郡院]|(?<![街知])道|胡同|小区|公馆|居(?![民住])|家属区|新村|家园|半岛)"
    r"|[\u4e00-\u9fff][村屯庄寨]|嘎查|苏木|宿舍|家属[院楼]|新区|社区|平房)"
)
_VILLAGE = re.compile(r"[村屯庄寨湾坪](?!里?的)|嘎查|[组社队](?=[0-9])")
_NAME = re.compile(rf"(?:{_HAN}|[0-9A-Za-z])+[,， ]?$")
# Down to the room: nobody but who lives there is meant.
_ROOM_OF_UNIT = re.compile(
    rf"(?:单元|门)[,， ]?(?:{_NUM}[层楼])?[,， ]?(?:{DIGIT}{{3,4}}|{_NUM}[室房号]|[东西]户)"
    r"|(?:[栋幢座院区期]|号楼|#楼?)[A-Z]?[0-9]{1,2}[\-—][0-9]{3,4}"
)
_HOME_DETAIL = re.compile(
    rf"{_NUM}(?:单元|室)|(?:[0-9]|{_COUNT}{{2}})支?弄|{_COUNT}门(?!口|[外前])"
    rf"|附{_NUM}号|[0-9]号[0-9]+[\-—][0-9]|[0-9]舍[0-9]{{3}}"
    r"|[0-9]+[\-—][0-9]+[\-—][0-9]+|[0-9]号[0-9]{3}|巷[0-9]+号"
    rf"|排{_NUM}号|楼[0-9]{{3,4}}$|[栋幢座楼][0-9]{{1,2}}[A-Ha-h]$|{_NUM}巷{_NUM}号"
    rf"|(?:[栋幢座]|号楼|#楼?)[, ，]?(?:[一二三四五六七八九0-9]层)?(?:{DIGIT}{{3,4}}|{_NUM}[房号])"
)
_TWO_PARTS = re.compile(r"[号栋幢座楼院弄巷元].*(?:号楼|[栋幢座室楼号])")
# xx市xx路xx号: a form to be filled in.
_BLANK = re.compile(r"[xX×某]{2}[省市区县路街号]")
_HOME_CUE = re.compile(
    r"家住|[我们现]住|住在|住址|地址|家在|我家|寄到|送到|送货到|收货|家庭"
    r"|居住|住处|上门|户籍|租[住的了]|住的?是|家是|寄给|门牌|留址|坐落|改派|房号|宿舍|(?<!居)住$"
)
_PARCEL_CUE = re.compile(r"收货|收件|家庭|寄|送|住|我的?地址")
# 公司地址, 地址…办事处: an office gives its address to be found.
_OFFICE_CUE = re.compile(
    r"(?:注册|办公|公司|单位|机构|网点|门店|中心|部门|联系|官方|经营|方|法院|总部|[贵该]司|商家|学校|医院|银行"
    r"|支行)的?地址"
)
_TRIM = re.compile(
    r".*(?:住址|地址|家住|住在|家在|我家|位于|坐落于|坐落在|关于|反映"
    r"|投诉|解决|造成|购买了?|针对|开发的|[0-9]日内?对?|部门对|题|寄到|送到"
    r"|寄给|送货到|收货到|来到|搬到|家是|改成|改为|换成"
    r"|[是在到住为去来给寄送说了我您你他她的有离对约至:：])"
)
_BUSINESS = re.compile(
    r"支行|分行|网点|酒店|宾馆|饭店|商场|营业厅|餐厅|大厅|大厦|医院"
    r"|学校|广场|超市|门店|分店|房间|客房|大学(?!城)|中学|机场|车站|柜台"
    r"|窗口|(?<!号)大院(?![0-9]+[栋幢])|机关|政府|办公|中心(?!村)|公司|大队|[教商]育?局|委员|社区居委"
    r"|派出所|(?:工业|科技|创业|产业|软件)园(?![路区])|写字楼|全体业主|业主代表|架空层|门面|商铺|店铺|铺位|摊位|档口|展位|诊室|会议室"
    r"|教室|考场|病房|航站楼|候机楼|登机口|包间|包厢|影厅|影院|食堂|[公地]交|号线"
)
_RESIDENTIAL = re.compile(r"宿舍|家属|公寓|小区|[0-9]舍|[0-9]{1,2}[楼层][A-H][座室]")
# 我在望江东路金色家园4幢住, 和平路128号院5号楼的住户: what follows says it is a home.
_LIVED_IN = re.compile(r"住(?![院宿店户宅])|(?<![0-9])的?(?:住户|业主|居民|租[户客])")
_I = re.compile(r"我(?!们|[小社]区|[市县区镇局])|本人")
# 锦绣江南八栋九零三: an estate may have any name, a building and a room tell that it is one.
_BUILDING_ROOM = re.compile(
    rf"(?:[栋幢座]|号楼|[0-9]楼[0-9]+门)(?:{DIGIT}{{3,4}}$|{DIGIT}{{3,4}}[室号户])"
)
_FLAT = re.compile(r"[0-9]{1,2}[楼层][A-H][座室]$")
_DASHED_FLAT = re.compile(r"[A-Z]?[0-9]{1,3}[\-—][0-9]{1,3}(?:[\-—][0-9]{1,4})?[室号户]?")
_ESTATE = re.compile(
    r"(?:花园|小区|家属[院区楼]|新村|家园|公寓|[苑庭府邸])(?:[A-Za-z一二三四五六七八九东南西北]区)?$"
)
# 房号A3-2-1401, 楼上1802室: a room is named and nothing else.
_ROOM_ALONE = re.compile(
    r"(?:房号|室号|门牌号?|单元号|楼栋号?)[是为:： ]{0,2}([A-Z]?[0-9]{1,3}(?:[\-—][0-9]{1,4}){2,3}"
    r"|[0-9]{1,3}(?:号楼|[栋幢座#])[0-9\-单元室号]+)"
    rf"|(?:楼[上下]|隔壁|对门|对面|我[在住家]|邻居)的?({DIGIT}{{3,4}}[室户])(?![外内])"
)
# Room 1506, Tower 2, … 88 Weihai Road, Shanghai
_ENGLISH = re.compile(
    r"(?<![A-Za-z])(?:Room|Rm|Flat|Apt|Apartment|Unit|House|Suite)\.? ?#?[0-9]{1,5}[A-Z]?"
    r"(?:, ?(?=[A-Z0-9])[A-Za-z0-9'. \-]+){1,8}"
)
# 住官庄镇界亭驿村老屋组: where there are no numbers, the group of houses says where one lives.
_HAMLET = re.compile(
    rf"(?:住|家[住在是]|老家|户籍(?:所在)?地?址?"
    rf"|[住地]址)[:：是在为]?((?:[\u4e00-\u9fffA-Z0-9]{{2,8}}[县市区])?{_HAN}{{1,6}}(?:[镇乡](?!政府)|街道)"
    rf"(?:{_HAN}{{1,6}}?[村屯寨]{_HAN}{{1,5}}?[组社屯湾庄坪坳冲]|{_HAN}{{1,6}}?{_COUNT}{{1,2}}[组社队]))"
)
# Down to the group of houses, from the county on; or to the village, where a villager is named.
_FULL_HAMLET = re.compile(
    rf"(?:{_HAN}{{2,9}}?[省州区市县旗])?{_HAN}{{1,8}}?[市县区旗]{_HAN}{{1,7}}?(?:[镇乡](?!政府)|街道|苏木)"
    rf"{_HAN}{{1,7}}?[村屯寨](?:{_HAN}{{1,5}}?(?:小?组|社|屯|湾|庄|坪|坳|冲|队)|{_COUNT}{{1,2}}[组社队]"
    r"|(?=村民(?:[\u4e00-\u9fff]{2,3}|\ufffb+)(?:[,，。 ]|$)))"
)
# What is said to lie somewhere is a shop, a school, a building site.
_VENUE_CUE = re.compile(r"位于|坐落|地处|开在|这家|该店|店址")
#: An agent asks where somebody lives.
ASKS_ADDRESS = re.compile(
    r"地址|住址|住(?:哪|在哪|什么)|哪个(?:小区|村|楼盘)|什么小区|几[栋幢号]楼?|几单元|门牌|[送寄]到哪|哪里住"
)
_ANSWER = re.compile(
    rf"(?:{_HAN}{{2,12}} ?)?{_HAN}{{1,12}}"
    r"(?:[路街巷苑庭园里城府湾寓邸郡院村镇乡居]|胡同|小区|公馆|新区|家属区|半岛|宿舍)"
)


def holds_place(text: str) -> bool:
    """Tell at once that there is no address in a text, which is so for most.

    >>> holds_place("住3号楼"), holds_place("住得很远")
    (True, False)
    """
    rural = "村" in text and ("镇" in text or "乡" in text or "街道" in text)
    english = ", " in text and _ENGLISH.search(text) is not None
    return rural or english or _GATE.search(text) is not None


def addresses(text: str, *, asked: bool = False) -> Iterator[tuple[int, int]]:
    """Yield home addresses: a road, an estate or a village with house, unit or room number.

    A road alone, a branch or a shop is none; a road with only 号 needs words like 家住 before it,
    or that an address was ``asked`` for just before.

    >>> list(addresses("家住南京市云杉路12号3单元501室,去中山路支行排队"))
    [(2, 18)]
    """
    done = 0
    for chain in _CHAIN.finditer(text):
        if span := _around(text, done, chain.start(), chain.end(), asked=asked):
            yield span
            done = span[1]
    rural = "镇" in text or "乡" in text or "街道" in text
    for found in _HAMLET.finditer(text) if rural else ():
        yield found.span(1)
    for found in _FULL_HAMLET.finditer(text) if rural else ():
        trimmed = _TRIM.match(found.group())
        start = found.start() + (trimmed.end() if trimmed else 0)
        if not _BUSINESS.search(found.group()) and found.end() - start > 6:
            yield start, found.end()
    for found in _ROOM_ALONE.finditer(text) if any(c in text for c in "室户号") else ():
        yield found.span(found.lastindex or 0)
    for found in _ENGLISH.finditer(text) if ", " in text else ():
        yield found.span()


def answers(text: str) -> tuple[int, int] | None:
    """Return where a short answer to the question for an address names a place.

    >>> answers("紫荆苑")
    (0, 3)
    """
    found = _ANSWER.fullmatch(text.rstrip("。.,， 吧呢啊呀"))
    return found.span() if found and not _BUSINESS.search(text) else None


def _around(text: str, done: int, left: int, right: int, *, asked: bool) -> tuple[int, int] | None:
    """Return the address that the numbers at a place belong to, if somebody's home."""
    name = _NAME.search(text, max(done, left - 24), left)
    start = name.start() if name else left
    if _BLANK.search(text[start:right]):
        return None
    lead = text[max(0, start - 8) : left]
    cue = (
        asked
        or text[start] == "住"
        or (_HOME_CUE.search(lead) is not None and not _OFFICE_CUE.search(lead))
    )
    office = _OFFICE_CUE.search(lead) is not None
    if not cue and not office and (lived := _LIVED_IN.match(text, right)):
        cue = lived.group() == "住" or _I.search(text, max(0, start - 6), left) is not None
    venue = office or _VENUE_CUE.search(text, max(0, start - 8), left) is not None
    if trimmed := _TRIM.match(text[start:left]):
        start += trimmed.end()
    while start < left and text[start] in ",， ":
        start += 1
    place, numbers = text[start:left], text[left:right]
    # 南京大学学生宿舍2栋305 is where a student lives.
    business = _BUSINESS.search(text[start : right + 12]) is not None
    if _RESIDENTIAL.search(text[start:right]):
        business = False
    villa = len(place) > 1 and text.startswith("别墅", right) and numbers.isascii()
    building = _BUILDING_ROOM.search(numbers) is not None
    full = (
        villa
        or _ROOM_OF_UNIT.search(numbers) is not None
        or _FLAT.search(text[start:right]) is not None
        or (building and len(place) >= 2 and not venue)
    )
    placed = len(place) >= 2 and _PLACE.search(place) is not None
    estate = _ESTATE.search(place) is not None and len(place) >= 4
    home = _HOME_DETAIL.search(numbers) is not None or (
        estate and _DASHED_FLAT.fullmatch(numbers) is not None
    )
    rural = _VILLAGE.search(place) is not None and "号" in numbers
    official = business and (asked or ("地址" in lead and not _PARCEL_CUE.search(lead)))
    living = cue and (placed or (building and not business)) and not official
    dashed = numbers.isascii() and "#" not in numbers and not villa
    if dashed and not (placed and (cue or home)):
        return None
    known_home = full or (not venue and ((placed and home) or rural))
    answered = asked and (home or _TWO_PARTS.search(numbers) is not None)
    if not (living or (not business and (known_home or answered))):
        return None
    while right > start and text[right - 1] in ",，、 -":
        right -= 1
    return (start, right) if right - start >= 5 else None
