"""The charts of accounts a company may start from: 小企业会计准则 and a generic one; journals, and fiscal periods.

Codes of `cn_small` follow the Accounting Standards for Small Business Enterprises (财会〔2011〕17号), with sub-accounts
for advances, undelivered orders and VAT awaiting its tax point (待转销项税额, 财会〔2016〕22号).
"""

from __future__ import annotations

from datetime import date, timedelta

from finance.models import AccountKind

A, L, E, I, X = (  # noqa: E741 (columns of a table, read as such)
    AccountKind.ASSET,
    AccountKind.LIABILITY,
    AccountKind.EQUITY,
    AccountKind.INCOME,
    AccountKind.EXPENSE,
)
Row = tuple[str, str, str, AccountKind, str | None]

CN_SMALL: tuple[Row, ...] = (
    ("1001", "Cash", "库存现金", A, "cash"),
    ("1002", "Bank deposits", "银行存款", A, "bank"),
    ("1012", "Other cash funds", "其他货币资金", A, None),
    ("1122", "Accounts receivable", "应收账款", A, "receivable"),
    ("1122.01", "Delivered, not yet billed", "应收账款—已发货未开票", A, "unbilled"),
    ("1123", "Prepayments", "预付账款", A, None),
    ("1221", "Other receivables", "其他应收款", A, None),
    ("1405", "Merchandise inventory", "库存商品", A, "inventory"),
    ("1601", "Fixed assets", "固定资产", A, None),
    ("1901", "Property loss pending", "待处理财产损溢", A, None),
    ("2001", "Short-term loans", "短期借款", L, None),
    ("2202", "Accounts payable", "应付账款", L, "payable"),
    ("2202.01", "Received, not yet billed", "应付账款—暂估", L, "received_not_billed"),
    ("2203.01", "Customer advances", "预收账款—客户预收", L, "advances"),
    ("2203.02", "Undelivered orders", "预收账款—未交付订单", L, "undelivered"),
    ("2211", "Payroll payable", "应付职工薪酬", L, None),
    ("2221.01", "Output VAT", "应交税费—应交增值税（销项税额）", L, "output_vat"),
    ("2221.02", "Input VAT", "应交税费—应交增值税（进项税额）", L, "input_vat"),
    ("2221.09", "VAT awaiting its tax point", "应交税费—待转销项税额", L, "deferred_vat"),
    ("2241", "Other payables", "其他应付款", L, None),
    ("3001", "Paid-in capital", "实收资本", E, None),
    ("3002", "Capital reserve", "资本公积", E, None),
    ("3103", "Profit of the year", "本年利润", E, None),
    ("3104", "Retained earnings", "利润分配", E, "retained_earnings"),
    ("3199", "Opening balances", "期初余额", E, "opening_equity"),
    ("5001", "Sales revenue", "主营业务收入", I, "revenue"),
    ("5051", "Other operating revenue", "其他业务收入", I, None),
    ("5301.01", "Inventory gains", "营业外收入—盘盈利得", I, "stock_gain"),
    ("5401", "Cost of goods sold", "主营业务成本", X, "cost_of_goods"),
    ("5403", "Taxes and surcharges", "税金及附加", X, None),
    ("5601", "Selling expenses", "销售费用", X, None),
    ("5602", "Administrative expenses", "管理费用", X, None),
    ("5603", "Finance costs", "财务费用", X, "bank_fees"),
    ("5711.01", "Inventory losses", "营业外支出—盘亏损失", X, "stock_loss"),
    ("5711.02", "Bad debts", "营业外支出—坏账损失", X, "bad_debts"),
    ("5801", "Income tax", "所得税费用", X, None),
)
GENERIC: tuple[Row, ...] = (
    ("1000", "Cash", "现金", A, "cash"),
    ("1010", "Bank", "银行", A, "bank"),
    ("1100", "Accounts receivable", "应收账款", A, "receivable"),
    ("1110", "Delivered, not yet billed", "已发货未开票", A, "unbilled"),
    ("1200", "Inventory", "存货", A, "inventory"),
    ("1300", "Prepayments", "预付款项", A, None),
    ("1500", "Fixed assets", "固定资产", A, None),
    ("2000", "Accounts payable", "应付账款", L, "payable"),
    ("2010", "Received, not yet billed", "暂估应付", L, "received_not_billed"),
    ("2100", "Customer advances", "预收账款", L, "advances"),
    ("2110", "Undelivered orders", "合同负债", L, "undelivered"),
    ("2200", "Output tax", "销项税", L, "output_vat"),
    ("2210", "Input tax", "进项税", L, "input_vat"),
    ("2290", "Tax awaiting its tax point", "待转销项税", L, "deferred_vat"),
    ("3000", "Share capital", "股本", E, None),
    ("3100", "Retained earnings", "留存收益", E, "retained_earnings"),
    ("3900", "Opening balances", "期初余额", E, "opening_equity"),
    ("4000", "Sales", "销售收入", I, "revenue"),
    ("4900", "Inventory gains", "盘盈", I, "stock_gain"),
    ("5000", "Cost of goods sold", "销售成本", X, "cost_of_goods"),
    ("6000", "Operating expenses", "经营费用", X, None),
    ("6100", "Bank fees", "银行手续费", X, "bank_fees"),
    ("6800", "Inventory losses", "盘亏", X, "stock_loss"),
    ("6900", "Bad debts", "坏账", X, "bad_debts"),
)
CHARTS: dict[str, tuple[Row, ...]] = {"cn_small": CN_SMALL, "generic": GENERIC}
JOURNALS = (
    ("SAL", "Sales journal", "销售日记账"),
    ("STK", "Stock journal", "存货日记账"),
    ("BNK", "Bank and cash journal", "银行现金日记账"),
    ("GEN", "General journal", "普通日记账"),
)


def months_of_fiscal_year(first: date, start_month: int) -> list[tuple[date, date, int]]:
    """The twelve months (start, end, fiscal year) of the fiscal year that `first` lies in; it is named by its last
    day's year."""
    year = first.year if first.month >= start_month else first.year - 1
    months = []
    for offset in range(12):
        month_index = start_month - 1 + offset
        starts_on = date(year + month_index // 12, month_index % 12 + 1, 1)
        following = (starts_on + timedelta(days=32)).replace(day=1)
        months.append((starts_on, following - timedelta(days=1), 0))
    name = months[-1][1].year
    return [(starts_on, ends_on, name) for starts_on, ends_on, _ in months]
