"""Builds workbooks by hand, so that tests can say what no program would write."""

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def sheet(*rows: tuple[object, ...]) -> str:
    """Return a sheet; a str becomes an inline text, a number (as Decimal or int) a number."""
    lines = []
    for at, row in enumerate(rows, start=1):
        cells = (
            f"<c r='{chr(65 + place)}{at}' t='inlineStr'><is><t>{escape(cell)}</t></is></c>"
            if isinstance(cell, str)
            else f"<c r='{chr(65 + place)}{at}'><v>{cell}</v></c>"
            for place, cell in enumerate(row)
        )
        lines.append(f"<row r='{at}'>{''.join(cells)}</row>")
    return f"<worksheet xmlns='{MAIN}'><sheetData>{''.join(lines)}</sheetData></worksheet>"


def workbook(*sheets: str, shared: str = "", properties: str = "", **more: str) -> bytes:
    """Return a workbook of these sheets, each given as its XML."""
    book = "".join(
        f"<sheet name='S{at}' sheetId='{at}' r:id='r{at}'/>" for at, _ in enumerate(sheets, start=1)
    )
    relations = "".join(
        f"<Relationship Id='r{at}' Target='worksheets/s{at}.xml'/>" for at, _ in enumerate(sheets, start=1)
    )
    members = {
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{RELATIONS}'>{properties}<sheets>{book}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        **{f"xl/worksheets/s{at}.xml": one for at, one in enumerate(sheets, start=1)},
        **({"xl/sharedStrings.xml": shared} if shared else {}),
        **more,
    }
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target.getvalue()
