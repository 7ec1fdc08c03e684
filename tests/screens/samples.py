"""Sample pages of every kind, with the words a service would use, in both languages.

The people and numbers are invented.
"""

# ruff: noqa: E501 - a sentence in both languages stands on one line

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from kiosk import prompts as p
from kiosk.prompts import Action, Option, Page, Place, Row, Tone
from kiosk.texts import LANGUAGES, Catalogue, Text, verbatim

_ZH, _EN = LANGUAGES
_sentences: dict[str, dict[str, str]] = {_ZH: {}, _EN: {}}


def _t(zh: str, en: str) -> Text:
    key = f"sample.{len(_sentences[_ZH])}"
    _sentences[_ZH][key] = zh
    _sentences[_EN][key] = en
    return Text(key)


def catalogue(folder: Path) -> Catalogue:
    """Return the catalogue of ``folder`` with the samples' words added."""
    real = Catalogue.load(folder)
    tables = {}
    for language in LANGUAGES:
        ui = {key: real._sentences[language][key] for key in real.keys(language) if key.startswith("ui.")}
        tables[language] = {**ui, **_sentences[language]}
    return Catalogue(tables)


SITE = _t("明州公安出入境自助服务厅", "Mingzhou Police Exit-Entry Self-Service")
SERVICE = _t("港澳签注", "Hong Kong / Macau endorsement")
RETURNS = _t("退出并取回身份证和通行证", "Leave and take back my ID card and permit")
OTHER_WAY = Action("another-way", _t("换一种方式核验", "Verify another way"))

_SERVICES = (
    Option("endorsement", _t("往来港澳签注", "Hong Kong / Macau endorsement"),
           _t("约 3 分钟,15 元起,需带身份证和通行证", "About 3 minutes, from ¥15; bring ID card and permit")),
    Option("progress", _t("办理进度查询", "Progress of an application"),
           _t("约 1 分钟,免费,只需身份证", "About 1 minute, free; bring your ID card")),
    Option("certificate", _t("无犯罪记录证明", "Certificate of no criminal record"),
           _t("约 1 分钟,免费", "About 1 minute, free"),
           refused=_t("打印机缺纸,正在补充", "The printer is out of paper; it is being refilled")),
)  # fmt: skip

_DESTINATIONS = (
    Option("HKG-1", _t("香港 · 一次", "Hong Kong · single entry"),
           _t("三个月有效,每次停留 7 天", "Valid 3 months, stay up to 7 days"), price_fen=1500, chosen=True),
    Option("HKG-2", _t("香港 · 两次", "Hong Kong · two entries"),
           _t("一年有效,每次停留 7 天", "Valid 1 year, stay up to 7 days each"), price_fen=3000),
    Option("MAC-1", _t("澳门 · 一次", "Macau · single entry"),
           _t("三个月有效,每次停留 7 天", "Valid 3 months, stay up to 7 days"), price_fen=1500, chosen=True),
    Option("MAC-2", _t("澳门 · 两次", "Macau · two entries"), price_fen=3000,
           refused=_t("通行证有效期不足一年,不能办理", "The permit expires within a year")),
)  # fmt: skip

_DATA = (
    Row(_t("姓名", "Name"), verbatim("李文静")),
    Row(_t("身份证号", "ID number"), verbatim("330212********0025")),
    Row(_t("通行证", "Permit"), verbatim("C12345678")),
    Row(_t("前往", "Destinations"), _t("香港、澳门,各一次", "Hong Kong and Macau, one entry each"),
        Action("edit-destinations", _t("修改", "Change"))),
    Row(_t("有效期", "Validity"), _t("三个月", "3 months"), Action("edit-validity", _t("修改", "Change"))),
)  # fmt: skip

_STEPS = (
    _t("核对签注资料", "Checking the endorsement"),
    _t("擦除旧签注", "Erasing the old endorsement"),
    _t("打印新签注", "Printing the new endorsement"),
    _t("写入芯片并读回核对", "Writing the chip and reading it back"),
    _t("打印回执", "Printing the receipt"),
)


def picture() -> bytes:
    """Return a PNG as a camera over a road would take it: plain areas, 16 to 10."""
    image = Image.new("RGB", (640, 400), (159, 180, 196))
    image.paste((74, 77, 82), (0, 140, 640, 400))
    image.paste((216, 218, 222), (250, 220, 390, 320))
    image.paste((21, 83, 181), (285, 285, 355, 310))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


_ACTS = (
    _t("违反禁止标线指示", "Disobeyed a prohibitory road marking"),
    _t("超过限速百分之二十以上未达百分之五十", "Exceeded the speed limit by 20 to 50 per cent"),
    _t("违反规定停放，妨碍其他车辆、行人通行", "Parked where it is prohibited, in the way of others"),
)
_WHERE = _t("2026-11-03 08:15  鄞州区中山东路福明路口", "2026-11-03 08:15  Zhongshan East Road, Fuming Road")


def records(count: int) -> tuple[Option, ...]:
    """Return so many records of violations; every seventh is refused."""
    return tuple(
        Option(
            f"R{number}",
            _ACTS[number % 3],
            _WHERE,
            price_fen=10000,
            points=number % 3,
            chosen=number == 0,
            refused=_t(
                "罚款超过 200 元，不适用简易程序，请到窗口（《道路交通安全违法行为处理程序规定》第四十三条）",
                "Fine over ¥200: no summary procedure, go to a window (Art. 43, Provisions on the Handling of Road Traffic Violations)",
            )
            if number % 7 == 3
            else None,
        )
        for number in range(count)
    )


_LOOK_ROWS = (
    Row(_t("拟处罚", "Proposed penalty"),
        _t("罚款 100 元，记 1 分，处理后共 4 分", "Fine ¥100, 1 point, 4 in all afterwards")),
    Row(_t("时间地点", "When, where"), _WHERE),
    Row(_t("车辆", "Vehicle"), _t("浙B·9T101  小型汽车", "浙B·9T101  car")),
    Row(_t("依据", "Legal basis"),
        _t("《道路交通安全法》第三十八条、第九十条", "Road Traffic Safety Law, Arts. 38 and 90")),
    Row(_t("处理机关", "Authority"), _t("宁波市公安局交通警察支队（模拟）", "Ningbo Traffic Police (simulated)")),
)  # fmt: skip
_LOOK_SMALL = (
    _t(
        "按“接受”就是声明：违法时是我开的车。替别人记分、花钱让别人替自己记分都违法：没收违法所得，处违法所得 3 倍以下罚款，最高 50000 元；组织的 5 倍以下，最高 100000 元（《记分管理办法》第三十条）。",
        "By pressing “Accept” I declare that I was driving. Taking points for others, or paying others to take mine, is an offence: the gain is confiscated and fined up to 3 times, at most ¥50000; organisers up to 5 times, at most ¥100000 (Measures on Points, Art. 30).",
    ),
    _t(
        "您可以陈述、申辩。对决定不服，60 日内可以申请行政复议，6 个月内可以起诉。",
        "You may state your case. Against the decision you may ask for a review within 60 days, or sue within 6 months.",
    ),
)
_LOOK_ACTIONS = (
    Action("accept", _t("是我开的，接受处罚", "I was driving, I accept")),
    Action("object", _t("我有异议", "I object")),
    Action("skip", _t("这条先不处理", "Not this one now")),
)

PROMPTS: dict[str, p.Prompt] = {
    "records-few": p.ChooseRecords(
        "choose-violations", _t("选要处理的违法", "Which violations do you want to handle?"),
        _t("本记分周期已记 3 分，到 2027-04-21。", "3 points in this cycle, which ends on 2027-04-21."),
        options=records(4), confirm=_t("下一步", "Next"), points=3, most_points=11,
    ),
    "records-many": p.ChooseRecords(
        "choose-violations", _t("选要处理的违法", "Which violations do you want to handle?"),
        _t("本记分周期已记 10 分，到 2027-04-21。", "10 points in this cycle, which ends on 2027-04-21."),
        options=records(40), confirm=_t("下一步", "Next"), points=10, most_points=11,
    ),
    "look-at-pictures": p.LookAtPictures(
        "look-at-violation",
        _t("第 1 条，共 2 条：违反禁止标线指示", "1 of 2: Disobeyed a prohibitory road marking"),
        pictures=tuple(
            p.Picture(picture(), words, (0.5, 0.74))
            for words in (_t("进入路口前", "Before the junction"), _t("驶离", "Driving on"))
        ),
        rows=_LOOK_ROWS, paragraphs=_LOOK_SMALL, actions=_LOOK_ACTIONS,
    ),
    "look-without-pictures": p.LookAtPictures(
        "look-at-violation",
        _t("第 2 条，共 2 条：驾驶时不按规定使用安全带", "2 of 2: Did not wear a seat belt"),
        rows=_LOOK_ROWS, paragraphs=_LOOK_SMALL, actions=_LOOK_ACTIONS,
    ),
    "attract": p.Attract(
        "attract",
        _t("请触摸屏幕", "Touch to begin"),
        _t("自助办理,不用排队", "Serve yourself, no queue"),
        hours=_t("24 小时开放", "Open 24 hours"),
        services=_SERVICES,
    ),
    "home": p.Home("home", _t("您想办理什么?", "What would you like to do?"), services=_SERVICES),
    "notice-leaflet": p.Notice(
        "leaflet",
        _t("港澳签注:约 3 分钟,15 元起", "Endorsement: about 3 minutes, from ¥15"),
        paragraphs=(
            _t("请带好本人的居民身份证和卡式往来港澳通行证。", "You need your resident ID card and your card-type permit."),
            _t("机器会先保管通行证,办完后连同回执一起交还给您。", "The machine keeps the permit while it works and gives it back at the end."),
        ),
        rows=(
            Row(_t("费用", "Fee"), _t("一次 15 元,两次 30 元", "¥15 for one entry, ¥30 for two")),
            Row(_t("付款", "Payment"), _t("银行卡、微信、支付宝", "Bank card, WeChat Pay, Alipay")),
            Row(_t("时间", "Time"), _t("约 3 分钟", "About 3 minutes")),
        ),
        actions=(Action("begin-service", _t("开始办理", "Start")),),
    ),
    "notice-consent": p.Notice(
        "consent",
        _t("可以用您的脸来核验身份吗?", "May we compare your face with your ID card?"),
        paragraphs=(
            _t("摄像头会拍下您的面部,与身份证照片比对一次,确认是您本人。", "The camera takes pictures of your face and compares them with the photo on your ID card, to make sure it is you."),
            _t("照片只在本机使用,不上传;办完即删除。", "The pictures stay in this machine and are deleted when you finish."),
            _t("您也可以选择按指纹,效果相同。", "You can use your fingerprint instead; it makes no difference to the service."),
        ),
        actions=(Action("agree", _t("同意人脸核验", "I agree to the face comparison")), OTHER_WAY),
    ),
    "notice-trouble": p.Notice(
        "escalated",
        _t("签注没有办成,钱会退给您", "The endorsement failed; your money comes back"),
        tone=Tone.STOPPED,
        paragraphs=(
            _t("打印机中途停下了,通行证上没有新的签注。", "The printer stopped halfway; there is no new endorsement on your permit."),
            _t("30 元将原路退回,最迟三个工作日到账。请记下业务编号,或扫码保存。", "¥30 goes back the way you paid, within three working days. Note the case number or scan the code."),
        ),
        case="330212K01-20261122-0007-4",
        code="https://example.org/c/330212K01-20261122-0007-4",
        actions=(Action("continue", _t("取回证件", "Take back my documents")),),
    ),
    "notice-done": p.Notice(
        "done",
        _t("办好了,祝您旅途愉快", "All done. Have a good trip"),
        _t("新签注已经打印在通行证背面。", "The new endorsement is printed on the back of your permit."),
        tone=Tone.DONE,
        rows=(
            Row(_t("香港", "Hong Kong"), _t("一次,2027 年 2 月 21 日前有效", "One entry, valid until 21 February 2027")),
            Row(_t("澳门", "Macau"), _t("一次,2027 年 2 月 21 日前有效", "One entry, valid until 21 February 2027")),
        ),
        actions=(Action("finish", _t("结束", "Finish")),),
    ),
    "choose-one": p.ChooseOne(
        "pay-how",
        _t("您想怎么付款?", "How would you like to pay?"),
        options=(
            Option("terminal", _t("银行卡或付款码", "Bank card or payment code"), _t("在右侧刷卡机上支付", "At the terminal on the right")),
            Option("wechat", _t("微信扫码", "WeChat Pay"), _t("用手机扫屏幕上的二维码", "Scan the code on the screen")),
            Option("alipay", _t("支付宝扫码", "Alipay"), _t("用手机扫屏幕上的二维码", "Scan the code on the screen")),
        ),
    ),
    "choose-many": p.ChooseMany(
        "wishes",
        _t("您要去哪里?", "Where are you going?"),
        _t("可以选两项,费用分别计算。", "You may choose two; each has its own fee."),
        options=_DESTINATIONS,
        confirm=_t("选好了", "Continue with these"),
    ),
    "check-answers": p.CheckAnswers(
        "check",
        _t("请核对,确认后付款", "Please check before you pay"),
        rows=_DATA,
        total_fen=3000,
        actions=(Action("confirm", _t("确认并支付 30 元", "Confirm and pay ¥30")),),
    ),
    "place-item": p.PlaceItem(
        "place-id-card",
        _t("请把身份证放在读卡区", "Place your ID card on the reader"),
        _t("照片朝上,放平,不要移动。", "Photo side up, flat, and leave it there."),
        place=Place.ID_CARD_READER,
    ),
    "place-item-trouble": p.PlaceItem(
        "insert-permit",
        _t("请插入往来港澳通行证", "Insert your travel permit"),
        place=Place.PERMIT_SLOT,
        trouble=_t("证件没有插到底,请取出后再插一次", "The permit did not go in fully. Please take it out and try again"),
        actions=(Action("another-way", _t("我没有卡式通行证", "I do not have a card-type permit")),),
    ),
    "place-item-finger": p.PlaceItem(
        "place-finger",
        _t("请按右手拇指", "Press your right thumb on the pad"),
        place=Place.FINGERPRINT_PAD,
    ),
    "look-at-camera": p.LookAtCamera(
        "look",
        _t("请看着上方的摄像头", "Please look at the camera above"),
        guidance=_t("请再靠近一点", "Please come a little closer"),
        actions=(OTHER_WAY,),
    ),
    "pay-terminal": p.Pay(
        "pay", _t("请在刷卡机上付款", "Please pay at the terminal"), amount_fen=3000, seconds_left=80,
        actions=(Action("other-payment", _t("换一种付款方式", "Pay another way")),),
    ),
    "pay-code": p.Pay(
        "pay-code", _t("请用微信扫码付款", "Scan with WeChat to pay"), amount_fen=3000, seconds_left=25,
        code="weixin://wxpay/bizpayurl?pr=A1b2C3d4", actions=(Action("other-payment", _t("换一种付款方式", "Pay another way")),),
    ),
    "working": p.Working(
        "endorse", _t("正在写入签注", "Writing your endorsement"), _t("通行证还在机器里,请不要离开。", "Your permit is still in the machine. Please stay here."),
        steps=_STEPS, done=2, seconds_left=12, seconds_total=40,
        if_it_fails=_t("如果没有写成,机器会退款并交还通行证,给您一张带业务编号的凭条。", "If this fails, the machine refunds you, returns the permit and gives you a slip with a case number."),
    ),
    "working-unknown": p.Working(
        "asking", _t("正在核对付款结果", "Checking your payment"), _t("请稍候,不要再次付款。", "Please wait and do not pay again."),
    ),
    "take-item": p.TakeItem(
        "take-permit", _t("请取回通行证", "Take your permit"), _t("它在下方的卡口里。", "It is in the slot below."), tone=Tone.DONE,
        place=Place.PERMIT_SLOT, seconds_left=24,
    ),
    "take-item-recovered": p.TakeItem(
        "take-permit", _t("请取走您的通行证", "Please take your permit"),
        _t("机器刚才中断了，这笔业务由工作人员处理。请记下编号，取走通行证。", "The machine was interrupted. Our staff will settle this case: please note its number."),
        tone=Tone.NEEDS_YOU, place=Place.PERMIT_SLOT, seconds_left=24, case="330212K01-20261122-0001-I",
    ),
    "take-item-receipt": p.TakeItem(
        "take-receipt", _t("请取走回执", "Take your receipt"), tone=Tone.DONE, place=Place.RECEIPT_SLOT, seconds_left=8,
    ),
    "take-item-documents": p.TakeItem(
        "take-documents", _t("请取走证明，一共 2 份", "Take your certificates: 2 copies"),
        _t("证明在下面的出纸口，带好再走。", "They are in the tray below. Please take all of them."), tone=Tone.DONE,
        place=Place.DOCUMENT_TRAY, seconds_left=30, actions=(Action("taken", _t("我拿好了", "I have them")),),
    ),
    "rate": p.Rate(
        "rate", _t("这次办理,您满意吗?", "How was the service today?"),
        levels=tuple(
            Option(str(value), label)
            for value, label in (
                (5, _t("非常满意", "Very satisfied")), (4, _t("满意", "Satisfied")), (3, _t("基本满意", "It was all right")),
                (2, _t("不满意", "Dissatisfied")), (1, _t("非常不满意", "Very dissatisfied")),
            )
        ),
        skip=Action("skip", _t("不评价,直接结束", "Skip and finish")),
    ),
    "still-there": p.StillThere(
        "still-there", _t("您还需要时间吗?", "Do you need more time?"),
        _t("时间到了,机器会交还您的证件并回到首页。", "When the time is up, the machine returns your documents and starts over."),
        tone=Tone.NEEDS_YOU, seconds_left=20, actions=(Action("more-time", _t("我还在,继续办理", "I am still here")),),
    ),
    "starting": p.Working("starting", _t("正在启动，请稍候", "Starting, please wait"), _t("马上就好。", "This takes a moment.")),
    "out-of-service": p.OutOfService(
        "out", _t("本机暂停服务", "This machine is out of service"), _t("通行证模块需要工作人员处理。", "The permit unit needs a member of staff."),
        elsewhere=_t("请到二楼 3 号窗口,或前往鄞州分局自助厅(24 小时)。", "Please go to window 3 on the second floor, or to the Yinzhou hall (24 hours)."),
        staff=(Row(_t("业务编号", "Cases"), verbatim("330212K01-20261122-0007-4")), Row(_t("处理", "Action"), _t("清除卡道后重启", "Clear the card path, then restart"))),
    ),
    "out-of-service-staff": p.OutOfService(
        "staff-wanted", _t("本机正在维护", "This machine is being serviced"), _t("维护结束后恢复服务。", "It will be back as soon as the work is done."),
        elsewhere=_t("请到二楼 3 号窗口,或前往鄞州分局自助厅(24 小时)。", "Please go to window 3 on the second floor, or to the Yinzhou hall (24 hours)."),
        actions=(Action("log-in", _t("工作人员登录", "Staff: log in")),),
    ),
    "enter-number": p.EnterNumber(
        "pin", _t("请输入密码", "Enter your PIN"), _t("输错 5 次后需要等待。", "After five wrong tries you have to wait."), least=6, most=12, masked=True,
    ),
    "enter-text": p.EnterText(
        "case-number", _t("请输入办件编号", "Enter the case number"), _t("编号在回执上，字母、数字和短横都要输入。", "It is on the slip: letters, digits and dashes."), least=4,
        keys=p.LETTERS_AND_DIGITS + "-", actions=(Action("without", _t("没有编号，用身份证", "No number: use my ID card")),),
    ),
    "enter-text-few": p.EnterText(
        "last-four", _t("请输入身份证号的后四位", "Enter the last four of the ID number"), least=4, most=4, keys="1234567890X",
    ),
    "sign": p.Sign(
        "sign-notice", _t("请用手指签名", "Sign with your finger"), _t("签名只表示已告知您需要什么材料。", "You confirm only that you have been told what is needed."),
        actions=(p.Action("without", _t("不签名，直接领取", "Take it without signing")),),
    ),
    "checklist": p.Checklist(
        "remedy", _t("换一卷凭条纸", "Put in a new roll of paper"), _t("做完一步,这里自动打勾。", "Each step ticks itself off when it is done."),
        items=(
            p.Item(_t("打开打印机盖", "Open the printer's cover"), mark=p.Mark.DONE),
            p.Item(_t("放入 80 毫米热敏纸,从上方抽出", "Put in a roll of 80 mm thermal paper; it unrolls from the top"), mark=p.Mark.NOW),
            p.Item(_t("关上机盖", "Close the cover")),
            p.Item(_t("打印机就绪", "The printer is ready"), _t("状态: 缺纸", "Status: out of paper"), p.Mark.WARNING),
            p.Item(_t("打印测试页", "Print a test page"), _t("切刀卡住。打开机盖,清出纸屑。", "The knife is stuck. Open the cover and clear the scraps."), p.Mark.FAILED),
        ),
        actions=(Action("done", _t("返回设备页", "Back to the device")),),
    ),
}  # fmt: skip


def page(name: str, number: int = 1, **changes: object) -> Page:
    """Return the sample page ``name`` as it stands in the middle of a visit, with ``changes``."""
    prompt = PROMPTS[name]
    outside = isinstance(prompt, p.Attract | p.Home | p.OutOfService | p.StillThere) or name == "starting"
    standing: dict[str, object] = {
        "site": SITE,
        "simulated": True,
        "service": None if outside else SERVICE,
        "step": 0 if outside else 3,
        "steps": 0 if outside else 7,
        "can_back": not outside and name in ("choose-one", "choose-many", "check-answers", "notice-consent"),
        "can_cancel": not outside and not isinstance(prompt, p.Working | p.TakeItem | p.Rate),
        "cancel_returns": None if outside else RETURNS,
    }
    if name in ("notice-done", "notice-trouble"):
        standing["can_cancel"] = False
    return Page(number, prompt, **{**standing, **changes})  # type: ignore[arg-type]


def variants() -> Iterator[tuple[str, Page]]:
    """Yield every sample in every language, normal, large and in high contrast."""
    for name in PROMPTS:
        for language in LANGUAGES:
            for look, changes in (
                ("normal", {}),
                ("large", {"large_text": True}),
                ("contrast", {"high_contrast": True}),
            ):
                yield f"{name}-{language}-{look}", page(name, language=language, **changes)
