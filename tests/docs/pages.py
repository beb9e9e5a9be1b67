"""The fenced blocks of our Markdown pages, and what a page's commands print."""
import dataclasses
import pathlib
import re

FENCE = re.compile(r"^```(\w*)\s*$")
COMMENT = re.compile(r"^<!--\s*(.*?)\s*-->\s*$")


@dataclasses.dataclass(frozen=True)
class Block:
    page: str
    line: int  # of the first line inside, from 1
    language: str  # "" when the fence names none
    comment: str  # of the HTML comment on the line before the fence, or ""
    text: str


def blocks(path: pathlib.Path, root: pathlib.Path) -> list[Block]:
    """In the order of the page. Raises ValueError for a fence that is never closed."""
    found, begun, comment = [], None, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.match(line)
        if begun is not None:
            if line.rstrip() == "```":
                found.append(Block(str(path.relative_to(root)), begun[0], begun[1], begun[2], "".join(begun[3])))
                begun, comment = None, ""
            else:
                begun[3].append(line + "\n")
        elif fence:
            begun = (number + 1, fence.group(1), comment, [])
        elif line.strip():
            told = COMMENT.match(line)
            comment = told.group(1) if told else ""
    if begun is not None:
        raise ValueError(f"{path}:{begun[0] - 1}: this fence is never closed")
    return found


def pattern_of(text: str) -> re.Pattern[str]:
    """What is printed, where … stands for anything within a line."""
    return re.compile(".*".join(re.escape(part) for part in text.split("…")))


def commands_of(page: list[Block]) -> list[tuple[Block, str]]:
    """Each block to run (the line before it is `<!-- run -->`) with what it prints: the fenced block that follows it at once, bare or a picture."""
    pairs = []
    for at, block in enumerate(page):
        if block.comment != "run":
            continue
        following = page[at + 1] if at + 1 < len(page) else None
        printed = following is not None and following.language in ("", "mermaid") and not following.comment
        pairs.append((block, following.text if printed else ""))
    return pairs
