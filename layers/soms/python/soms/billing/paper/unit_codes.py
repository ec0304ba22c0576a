"""The codes of units (UN/ECE Recommendation 20) that trade uses for the words people write."""

from typing import Final

PIECE: Final = "H87"
UNKNOWN: Final = "C62"

_WORDS: Final = {
    PIECE: "pcs pc piece pieces each ea item items unit units 个 件 只 台 支 张 条 块 根 把 枚 颗",
    "SET": "set sets 套 组",
    "PR": "pair pairs 双 对 副",
    "DZN": "dozen 打",
    "KGM": "kg kilogram kilograms 千克 公斤",
    "GRM": "g gram grams 克",
    "TNE": "t tonne tonnes 吨",
    "MTR": "m metre metres meter meters 米",
    "CMT": "cm 厘米",
    "MMT": "mm 毫米",
    "KMT": "km 千米 公里",
    "MTK": "m2 m² ㎡ sqm 平方米",
    "MTQ": "m3 m³ 立方米",
    "LTR": "l litre litres liter liters 升",
    "MLT": "ml 毫升",
    "HUR": "h hr hour hours 小时 时",
    "MIN": "min minute minutes 分钟",
    "DAY": "d day days 天 日",
    "WEE": "week weeks 周",
    "MON": "month months 月 个月",
    "ANN": "year years 年",
    "KWH": "kwh 千瓦时 度",
    "XBX": "box boxes 盒",
    "XCT": "carton cartons 箱",
    "XPK": "pack packs package packages 包",
    "XBG": "bag bags 袋",
    "XBO": "bottle bottles 瓶",
    "XRO": "roll rolls 卷",
    "XPX": "pallet pallets 托 托盘",
}
_CODES: Final = {word: code for code, words in _WORDS.items() for word in words.split()}


def of(unit: str) -> str:
    """Return the code of a unit, `C62` (one) for a word that is not known."""
    return _CODES.get(unit.strip().lower(), UNKNOWN)
