"""Payment providers: captures, refunds, fees and payouts, each with its sign, its day and its payout."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from soms.billing.statements import moments
from soms.billing.statements.model import Statement, StatementLine
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import SHANGHAI

BERLIN = ZoneInfo("Europe/Berlin")
STRIPE = "id,amount,available_on,created,currency,description,fee,net,source,status,type,payout_id"
REPORT = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,"
    "description,automatic_payout_id"
)
PAYOUT = "id,amount,arrival_date,created,currency,status,balance_transaction_id"
TENDER = "id,amount,currency,order_id,payment_method,processed_at,remote_reference,test"
ALIPAY = (
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注"
)
ALIPAY_MERCHANT = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,对方账户,订单金额（元）,商家实收（元）,服务费（元）,备注"
ALIPAY_LOG = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)
WECHAT = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"
WECHAT_MERCHANT = (
    "交易时间,公众账号ID,商户号,微信订单号,商户订单号,用户标识,交易类型,交易状态,货币种类,应结订单金额,微信退款单号,"
    "退款金额,商品名称,手续费"
)
WECHAT_FUNDS = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),备注,业务凭证号"


def statement(
    header: str, *rows: str, above: str = "", below: str = "", zone: ZoneInfo = SHANGHAI
) -> Statement:
    content = "\n".join([*above.splitlines(), header, *rows, *below.splitlines()])
    (only,) = read(content.encode(), "a.csv", zone=zone)
    return only


def line(header: str, row: str, zone: ZoneInfo = SHANGHAI) -> StatementLine:
    (only,) = statement(header, row, zone=zone).lines
    return only


def money(one: StatementLine) -> tuple[str, str, str, str]:
    return one.kind, str(one.amount), str(one.fee), str(one.net)


def refused(header: str, row: str) -> tuple[str, int | None]:
    with pytest.raises(Unreadable) as refusal:
        statement(header, row)
    return refusal.value.code, refusal.value.row


@pytest.mark.parametrize(
    ("kind", "amount", "fee", "net", "told"),
    [
        ("charge", 1000, 59, 941, ("capture", "10.00", "0.59", "9.41")),
        ("refund", -1000, 0, -1000, ("refund", "-10.00", "0.00", "-10.00")),
        ("stripe_fee", -200, 0, -200, ("fee", "-2.00", "0.00", "-2.00")),
        ("dispute", -1000, 1500, -2500, ("chargeback", "-10.00", "15.00", "-25.00")),
        ("payout", -500, 0, -500, ("payout", "-5.00", "0.00", "-5.00")),
        ("something_new", 100, 0, 100, ("other", "1.00", "0.00", "1.00")),
    ],
)
def test_a_balance_transaction_is_told_by_its_type(
    kind: str, amount: int, fee: int, net: int, told: tuple[str, ...]
) -> None:
    row = f"txn_1,{amount},2026-03-09 00:00:00,2026-03-02 01:00:00,usd,x,{fee},{net},ch_1,pending,{kind},po_1"

    assert money(line(STRIPE, row)) == told


def test_a_net_that_is_not_amount_less_fee_is_refused() -> None:
    row = "txn_1,1000,2026-03-09,2026-03-02,usd,x,59,942,ch_1,pending,charge,po_1"

    assert refused(STRIPE, row) == ("net_is_not_amount_less_fee", 2)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("jpy", "1000"),
        ("usd", "10.00"),
        ("kwd", "1.000"),
        ("isk", "10.00"),
        ("ugx", "10.00"),
        ("mga", "1000"),
    ],
)
def test_minor_units_are_those_that_stripe_counts(currency: str, amount: str) -> None:
    row = f"txn_1,1000,2026-03-09,2026-03-02,{currency},x,0,1000,ch_1,pending,charge,"

    assert str(line(STRIPE, row).amount) == amount


@pytest.mark.parametrize(("zone", "day"), [(SHANGHAI, 3), (BERLIN, 2)])
def test_a_time_falls_on_a_day_of_the_company(zone: ZoneInfo, day: int) -> None:
    row = "txn_1,1000,2026-03-09,2026-03-02 20:00:00,usd,x,0,1000,ch_1,pending,charge,po_1"

    assert line(STRIPE, row, zone).booked_on == date(2026, 3, day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-02", 2),
        ("2026/3/2 15:59", 2),
        ("2026-03-02T16:00:00Z", 3),
        ("2026-03-02T23:30:00+08:00", 2),
        ("2026-03-02 18:00:00.000 UTC", 3),
        ("46083.75", 3),
    ],
)
def test_a_time_may_say_its_offset(text: str, day: int) -> None:
    assert moments.day(text, SHANGHAI) == date(2026, 3, day)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "2026-03-02 10:61", "2026-03-02T10:00:00+99:00", "0000-01-01"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        moments.day(text, SHANGHAI)

    assert refusal.value.code == "bad_date"


def test_files_without_rows_are_empty_statements() -> None:
    assert [
        statement(header).lines for header in (STRIPE, PAYOUT, TENDER, ALIPAY, WECHAT, WECHAT_MERCHANT)
    ] == [()] * 6


def test_a_report_has_amounts_with_a_point_and_the_payout() -> None:
    row = "txn_1,2026-03-02 01:00:00,2026-03-09 00:00:00,usd,10.00,0.59,9.41,charge,ch_1,Order 7,po_1"

    read_line = line(REPORT, row)

    assert money(read_line) == ("capture", "10.00", "0.59", "9.41")
    assert (read_line.payout, read_line.bank_reference, read_line.reference) == ("po_1", "txn_1", "ch_1")
    assert read_line.value_on == date(2026, 3, 9)


def test_a_payout_leaves_the_provider_and_one_that_failed_is_no_line() -> None:
    found = statement(
        PAYOUT,
        "po_1,94100,2026-03-04 00:00:00,2026-03-02 01:00:00,usd,paid,txn_9",
        "po_2,500,2026-03-04 00:00:00,2026-03-02 01:00:00,usd,failed,txn_8",
    )

    (only,) = found.lines
    assert money(only) == ("payout", "-941.00", "0", "-941.00")
    assert (only.payout, only.value_on) == ("po_1", date(2026, 3, 4))


def test_a_tender_is_a_capture_or_a_refund_and_a_test_is_no_line() -> None:
    found = statement(
        TENDER,
        "1,10.50,USD,7,credit_card,2026-03-02 01:00:00,pi_1,false",
        "2,-3.00,USD,7,credit_card,2026-03-02 01:00:00,,false",
        "3,99.00,USD,8,credit_card,2026-03-02 01:00:00,pi_3,true",
    )

    assert [(one.kind, one.amount, one.reference, one.bank_reference) for one in found.lines] == [
        ("capture", Decimal("10.50"), "7", "pi_1"),
        ("refund", Decimal("-3.00"), "7", "2"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("日用,某人,a@b,茶,收入,10.00,余额,交易成功", ("capture", "10.00")),
        ("转账红包,某人,a@b,转账,收入,10.00,余额,交易成功", ("transfer", "10.00")),
        ("日用,某店,a@b,茶,支出,10.00,余额,交易成功", ("other", "-10.00")),
        ("日用,某店,a@b,茶,支出,10.00,余额,交易关闭", ("other", "-10.00")),
        ("退款,某店,a@b,退款-茶,不计收支,10.00,余额,退款成功", ("refund", "10.00")),
        ("提现,银行,/,余额提现,不计收支,10.00,余额,交易成功", ("payout", "-10.00")),
        ("充值,银行,/,余额充值,不计收支,10.00,银行卡,交易成功", ("other", "10.00")),
        ("日用,某店,a@b,茶,支出,10.00,余额,等待确认收货", ("other", "-10.00")),
        ("日用,某店,a@b,茶,支出,10.00,余额,等待付款", None),
        ("转账,某人,a@b,转账,支出,10.00,余额,转账失败", None),
        ("日用,某店,a@b,茶,不计收支,10.00,余额,交易关闭", None),
        ("日用,某人,a@b,茶,收入,10.00,余额,等待确认收货", None),
        ("投资理财,基金,/,卖出至余额宝,不计收支,10.00,余额宝,交易成功", None),
    ],
)
def test_a_person_s_alipay_row_counts_only_where_money_moved(
    words: str, told: tuple[str, str] | None
) -> None:
    found = statement(ALIPAY, f"2026-03-02 23:30:00,{words},T1,M1,", above="支付宝账户：a@b.c\n", zone=BERLIN)

    assert found.account == "a@b.c"
    assert [(one.kind, str(one.amount)) for one in found.lines] == ([told] if told else [])
    assert all(one.booked_on == date(2026, 3, 2) for one in found.lines)


def test_an_older_alipay_bill_says_by_its_funds_whether_money_moved() -> None:
    found = statement(
        "交易号,商家订单号,交易创建时间,付款时间,类型,交易对方,商品名称,金额（元）,收/支,交易状态,服务费（元）,备注,资金状态",
        "T1,M1,2019-08-01 10:00:00,2019-08-01 10:00:05,即时到账交易,某人,茶,10.00,收入,交易成功,0.10,,已收入",
        "T2,M2,2019-08-01 10:00:00,,即时到账交易,某店,茶,9.00,支出,交易关闭,0.00,,",
    )

    assert [(*money(one), one.bank_reference) for one in found.lines] == [
        ("capture", "10.00", "0.10", "9.90", "T1")
    ]


def test_a_merchant_s_alipay_bill_has_fees_and_gives_them_back_with_a_refund() -> None:
    found = statement(
        ALIPAY_MERCHANT,
        "T1,SO-1,交易,茶,2026-03-02 10:00:00,2026-03-02 10:00:05,a***@b,100.00,100.00,-0.60,",
        "T2,SO-1,退款,茶,2026-03-03 10:00:00,2026-03-03 10:00:05,a***@b,-50.00,-50.00,0.30,",
        above="#支付宝业务明细查询\n#账号：[2088]\n",
        below="#-----业务明细列表结束-----\n#交易合计：1笔\n",
    )

    assert [money(one) for one in found.lines] == [
        ("capture", "100.00", "0.60", "99.40"),
        ("refund", "-50.00", "-0.30", "-49.70"),
    ]
    assert [one.reference for one in found.lines] == ["SO-1", "SO-1"]


def test_the_log_of_an_alipay_account_adds_up() -> None:
    found = statement(
        ALIPAY_LOG,
        "1,T1,SO-1,茶,2026-03-02 10:00:00,a@b,100.00,,1100.00,支付宝,在线支付,",
        "2,T1,SO-1,茶,2026-03-02 10:00:01,a@b,,-0.60,1099.40,支付宝,收费,",
        "3,T3,,,2026-03-03 10:00:01,,,-1000.00,99.40,支付宝,提现,",
    )

    assert [(one.kind, str(one.amount)) for one in found.lines] == [
        ("capture", "100.00"),
        ("fee", "-0.60"),
        ("payout", "-1000.00"),
    ]
    assert (found.opening, found.closing, found.adds_up) == (1000, Decimal("99.40"), True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("商户消费,某人,茶,收入,¥10.00,/,已收钱,1,2,/", ("capture", "10.00", "0", "10.00")),
        ("转账,某人,/,收入,¥10.00,/,已存入零钱,1,2,/", ("transfer", "10.00", "0", "10.00")),
        ("商户消费-退款,某店,茶,收入,¥10.00,/,已退款,1,2,/", ("refund", "10.00", "0", "10.00")),
        ("商户消费,某店,茶,支出,¥10.00,零钱,支付成功,1,2,/", ("other", "-10.00", "0", "-10.00")),
        (
            "零钱提现,银行,/,/,¥100.10,银行,提现已到账,1,/,服务费¥0.10",
            ("payout", "-100.00", "0.10", "-100.10"),
        ),
        ("零钱充值,银行,/,/,¥10.00,银行,充值完成,1,/,/", ("other", "10.00", "0", "10.00")),
        ("信用卡还款,银行,/,/,¥10.00,零钱,支付成功,1,2,/", ("other", "-10.00", "0", "-10.00")),
        ("零钱通转出-到零钱,/,/,/,¥10.00,零钱通,支付成功,1,/,/", None),
        ("商户消费,某店,茶,支出,¥10.00,零钱,支付失败,1,2,/", None),
    ],
)
def test_a_person_s_wechat_row_counts_only_where_money_moved(
    words: str, told: tuple[str, ...] | None
) -> None:
    found = statement(WECHAT, f"2026-03-02 10:00:00,{words}", above="微信昵称：[茶店]\n")

    assert found.account == "茶店"
    assert [money(one) for one in found.lines] == ([told] if told else [])


def test_a_merchant_s_wechat_bill_has_fees_and_gives_them_back_with_a_refund() -> None:
    found = statement(
        WECHAT_MERCHANT,
        "`2026-03-02 10:00:00,`wx1,`1900,`420001,`SO-1,`o1,`JSAPI,`SUCCESS,`CNY,`100.00,`0,`0.00,`茶,`0.60",
        "`2026-03-03 10:00:00,`wx1,`1900,`420001,`SO-1,`o1,`JSAPI,`REFUND,`CNY,`0.00,`503,`50.00,`茶,`-0.30",
        "`2026-03-03 11:00:00,`wx1,`1900,`420002,`SO-2,`o1,`JSAPI,`REVOKED,`CNY,`9.00,`0,`0.00,`茶,`0.00",
        below="总交易单数,应结订单总金额,退款总金额\n`3,`100.00,`50.00\n",
    )

    assert found.account == "1900"
    assert [(one.bank_reference, *money(one)) for one in found.lines] == [
        ("420001", "capture", "100.00", "0.60", "99.40"),
        ("503", "refund", "-50.00", "-0.30", "-49.70"),
    ]


def test_the_funds_of_a_wechat_merchant_add_up() -> None:
    found = statement(
        WECHAT_FUNDS,
        "`2026-03-02 10:00:00,`1,`F1,`交易,`交易,`收入,`100.00,`100.00,`x,`SO-1",
        "`2026-03-02 10:00:01,`1,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.60,`99.40,`x,`SO-1",
        "`2026-03-03 10:00:01,`2,`F3,`提现,`提现,`支出,`99.40,`0.00,`x,`W1",
        below="资金流水总笔数,收入笔数\n`3,`1\n",
    )

    assert [(one.kind, str(one.amount)) for one in found.lines] == [
        ("capture", "100.00"),
        ("fee", "-0.60"),
        ("payout", "-99.40"),
    ]
    assert (found.opening, found.closing, found.adds_up) == (0, 0, True)


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        (STRIPE, "txn_1,10.5,2026-03-09,2026-03-02,usd,x,0,10.5,ch_1,pending,charge,", "bad_amount"),
        (STRIPE, "txn_1,,2026-03-09,2026-03-02,usd,x,0,1000,ch_1,pending,charge,", "no_amount"),
        (STRIPE, "txn_1,1000,2026-03-09,soon,usd,x,0,1000,ch_1,pending,charge,", "bad_date"),
        (STRIPE, "txn_1,1000,2026-03-09,2026-03-02 25:00:00,usd,x,0,1000,ch_1,pending,charge,", "bad_date"),
        (STRIPE, "txn_1,1000,2026-03-09,2026-03-02,,x,0,1000,ch_1,pending,charge,", "bad_currency"),
        (TENDER, "1,,USD,7,credit_card,2026-03-02 01:00:00,pi_1,false", "no_amount"),
        (ALIPAY, "gestern,日用,某人,a@b,茶,收入,10.00,余额,交易成功,T1,M1,", "bad_date"),
        (ALIPAY, "2026-03-02 10:00:00,日用,某人,a@b,茶,收入,,余额,交易成功,T1,M1,", "no_amount"),
        (ALIPAY_MERCHANT, "T1,SO-1,其他,茶,2026-03-02,2026-03-02,a,100.00,100.00,0,", "no_direction"),
        (WECHAT, "2026-03-02 10:00:00,商户消费,某人,茶,收入,¥x,/,已收钱,1,2,/", "bad_amount"),
        (WECHAT_FUNDS, "2026-03-02,1,F1,交易,交易,内外,1.00,1.00,x,y", "no_direction"),
    ],
)
def test_a_row_that_does_not_say_enough_is_refused_by_its_number(header: str, row: str, code: str) -> None:
    assert refused(header, row) == (code, 2)
