"""Alipay and WeChat Pay: bills of persons and merchants, and the logs of merchants' accounts."""

from datetime import date
from decimal import Decimal

import pytest

from tests.unit.billing.statements.samples import BERLIN, money, refused, statement

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
        ("充值,银行,/,余额充值,不计收支,10.00,银行卡,交易关闭", None),
        ("日用,某人,a@b,茶,收入,10.00,余额,交易关闭", None),
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


def test_files_without_rows_are_empty_statements() -> None:
    assert [statement(header).lines for header in (ALIPAY, WECHAT, WECHAT_MERCHANT)] == [()] * 3


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        (ALIPAY, "gestern,日用,某人,a@b,茶,收入,10.00,余额,交易成功,T1,M1,", "bad_date"),
        (ALIPAY, "2026-03-02 10:00:00,日用,某人,a@b,茶,收入,,余额,交易成功,T1,M1,", "no_amount"),
        (ALIPAY_MERCHANT, "T1,SO-1,其他,茶,2026-03-02,2026-03-02,a,100.00,100.00,0,", "no_direction"),
        (WECHAT, "2026-03-02 10:00:00,商户消费,某人,茶,收入,¥x,/,已收钱,1,2,/", "bad_amount"),
        (WECHAT_FUNDS, "2026-03-02,1,F1,交易,交易,内外,1.00,1.00,x,y", "no_direction"),
    ],
)
def test_a_row_that_does_not_say_enough_is_refused_by_its_number(header: str, row: str, code: str) -> None:
    assert refused(header, row) == (code, 2)
