"""The files of the simulated platform: each says in words and in its name that it is no tax invoice."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from soms.billing.fapiao.model import Format
from soms.billing.fapiao.port import Paper

MARK: Final = "SIMULATED 模拟"
WARNING: Final = "SIMULATED 模拟 - 非税务发票，无任何税务效力 - not a tax invoice"
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)


def file(form: Format, held: Mapping[str, object], paper: Paper) -> bytes:
    """Return the file of what was issued in a format, always the same bytes."""
    number, at = str(held["number"]), str(held["issued_at"])
    makers = {"xml": _xml, "pdf": _pdf, "ofd": _ofd}
    return makers[form](number, at, paper)


def _xml(number: str, at: str, paper: Paper) -> bytes:
    fields = {
        "Mark": WARNING,
        "Number": number,
        "IssuedAt": at,
        "Kind": paper.kind,
        "Type": paper.type,
        "Seller": paper.seller,
        "SellerTaxId": paper.seller_tax_id,
        "Buyer": paper.title,
        "BuyerTaxId": paper.tax_id or "",
        "BlueNumber": paper.blue_number or "",
        "Reference": paper.reference,
        "Net": str(paper.net),
        "Tax": str(paper.tax),
        "Total": str(paper.total),
    }
    head = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    lines = "".join(
        f'<Line code="{line.tax_code}" amount="{line.amount}" rate="{line.rate}" tax="{line.tax}"/>'
        for line in paper.lines
    )
    body = f"<SimulatedInvoice>{head}{lines}</SimulatedInvoice>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def _ofd(number: str, at: str, paper: Paper) -> bytes:
    """Return a package in the form of OFD (GB/T 33190): the entry, a document without pages, the content."""
    entry = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1" DocType="OFD"><ofd:DocBody>'
        f"<ofd:DocInfo><ofd:DocID>{number}</ofd:DocID><ofd:Title>{WARNING}</ofd:Title></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>\n"
    )
    root = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016">'
        "<ofd:CommonData><ofd:MaxUnitID>1</ofd:MaxUnitID></ofd:CommonData><ofd:Pages/></ofd:Document>\n"
    )
    parts = {
        "OFD.xml": entry.encode(),
        "Doc_0/Document.xml": root.encode(),
        "Doc_0/Attachs/invoice.xml": _xml(number, at, paper),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name, EARLIEST), content)
    return held.getvalue()


def _pdf(number: str, at: str, paper: Paper) -> bytes:
    """Return one page whose font readers have: STSong-Light is not embedded."""
    told = (
        WARNING,
        number,
        at[:10],
        f"{paper.seller} {paper.seller_tax_id}",
        f"{paper.title} {paper.tax_id or ''}",
        f"{paper.net} + {paper.tax} = {paper.total} CNY",
        paper.reference,
    )
    shown = " ".join(f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in told)
    page = f"BT /F 11 Tf 18 TL 40 780 Td {shown} ET"
    font = "/BaseFont /STSong-Light"
    collection = "<< /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
    shape = "/Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        f"<< /Type /Font /Subtype /Type0 {font} /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
        f"<< /Type /Font /Subtype /CIDFontType0 {font} /FontDescriptor 7 0 R /CIDSystemInfo {collection} >>",
        f"<< /Type /FontDescriptor /FontName /STSong-Light {shape} /CapHeight 880 /StemV 93 >>",
        f"<< /Title <feff{WARNING.encode('utf-16-be').hex()}> >>",
    )
    return _assembled(objects)


def _assembled(objects: tuple[str, ...]) -> bytes:
    written, places = "%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size, start = len(objects) + 1, len(written)
    written += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    written += f"trailer << /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return written.encode("ascii")
