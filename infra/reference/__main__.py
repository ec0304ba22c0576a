"""`make docs`: writes the reference pages from the code."""

from infra.reference.pages import FOLDER, pages


def main() -> None:
    """Write every page, and say which."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
