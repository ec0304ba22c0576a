"""Checks a document with a preprocessed Schematron (XPath 2): the rules become one XSLT, which Saxon runs."""

from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable  # type: ignore[import-not-found] # it has no types

_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_XSLT = "http://www.w3.org/1999/XSL/Transform"


class Finding(NamedTuple):
    """An assertion that does not hold: its rule, how grave it is, where and why."""

    rule: str
    flag: str
    place: str
    text: str


def findings(schema: Path, xml: bytes) -> list[Finding]:
    """Return what the schema finds wrong with a document, in document order per pattern."""
    processor, executable = _compiled(schema)
    result = executable.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode("utf-8-sig")))
    found = etree.fromstring(result.encode()).iter("failed")
    return [
        Finding(one.get("rule", ""), one.get("flag", ""), one.get("place", ""), one.text or "")
        for one in found
    ]


def fatal(schema: Path, xml: bytes) -> list[str]:
    """Return the sorted names of the fatal rules that a document breaks."""
    return sorted({finding.rule for finding in findings(schema, xml) if finding.flag == "fatal"})


def stylesheet(schema: Path) -> str:
    """Write the schema as an XSLT: a mode per pattern, and the first rule that matches a node wins."""
    root = etree.parse(schema).getroot()
    names = " ".join(f'xmlns:{ns.get("prefix")}="{ns.get("uri")}"' for ns in root.iter(f"{_SCH}ns"))
    patterns = list(root.iter(f"{_SCH}pattern"))
    calls = "".join(f'<xsl:apply-templates select="/" mode="m{at}"/>' for at in range(len(patterns)))
    return (
        f'<xsl:stylesheet version="3.0" xmlns:xsl="{_XSLT}" {names}>'
        f'<xsl:template match="/"><findings>{calls}</findings></xsl:template>'
        + "".join(_pattern(pattern, f"m{at}") for at, pattern in enumerate(patterns))
        + "</xsl:stylesheet>"
    )


def _pattern(pattern: "etree._Element", mode: str) -> str:
    onwards = f'<xsl:apply-templates select="@* | node()" mode="{mode}"/>'
    rules = list(pattern.iter(f"{_SCH}rule"))
    return (
        f'<xsl:mode name="{mode}" on-no-match="shallow-skip" on-multiple-match="use-last"/>'
        f'<xsl:template match="/" mode="{mode}" priority="{len(rules) + 1}">{onwards}</xsl:template>'
        + "".join(_rule(rule, mode, len(rules) - at, onwards) for at, rule in enumerate(rules))
    )


def _rule(rule: "etree._Element", mode: str, priority: int, onwards: str) -> str:
    context = quoteattr(rule.get("context", ""))
    body = "".join(_step(step) for step in rule.iterchildren(tag=etree.Element))
    return f'<xsl:template match={context} mode="{mode}" priority="{priority}">{body}{onwards}</xsl:template>'


def _step(step: "etree._Element") -> str:
    if step.tag == f"{_SCH}let":
        name, value = quoteattr(step.get("name", "")), quoteattr(step.get("value", ""))
        return f"<xsl:variable name={name} select={value}/>"
    if step.tag != f"{_SCH}assert":
        message = f"the schema uses {step.tag}, which is not understood here"
        raise ValueError(message)
    about = f"rule={quoteattr(step.get('id', ''))} flag={quoteattr(step.get('flag', ''))}"
    words = escape("".join(map(str, step.itertext())))
    failed = f'<failed {about} place="{{path(.)}}">{words}</failed>'
    broken = quoteattr(f"not({step.get('test', '')})")
    return f"<xsl:if test={broken}>{failed}</xsl:if>"


@cache
def _compiled(schema: Path) -> tuple[PySaxonProcessor, PyXsltExecutable]:
    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    return processor, compiler.compile_stylesheet(stylesheet_text=stylesheet(schema))
