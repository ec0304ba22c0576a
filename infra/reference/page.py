"""What the pages are put together from: words of one language, and tables in Markdown."""

from collections.abc import Iterable, Sequence

from soms.kit.problems import Words, in_language

LANGUAGES = ("en", "zh")
MADE: Words = (
    "Made from the code by `make docs`; change the code, not this page.",
    "本页由 `make docs` 根据代码生成；请修改代码，不要修改本页。",
)
OTHER: Words = ("中文", "English")


def name_of(topic: str, language: str) -> str:
    """Return the file of a topic in a language."""
    return f"{topic}.zh.md" if language == "zh" else f"{topic}.md"


def page(topic: str, title: Words, blocks: Iterable[str], language: str) -> str:
    """Return a page: its title, where it is in the other language, that it is made, and its blocks."""
    other = name_of(topic, "en" if language == "zh" else "zh")
    head = [f"# {in_language(title, language)}", f"[{in_language(OTHER, language)}]({other})"]
    return "\n\n".join([*head, in_language(MADE, language), *blocks]) + "\n"


def table(head: Sequence[Words], rows: Iterable[Sequence[str]], language: str) -> str:
    """Return a table in Markdown."""
    lines = [[in_language(words, language) for words in head], ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def section(title: Words, language: str) -> str:
    """Return the heading of a section."""
    return f"## {in_language(title, language)}"


def coded(names: Iterable[str]) -> str:
    """Return names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)
