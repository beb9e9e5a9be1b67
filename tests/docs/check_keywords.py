#!/usr/bin/env python3
"""Every keyword of the language is shown by an example of docs/workflow-language.md, and has a row in the index at its end.

Usage: check_keywords.py ROOT. Keywords are the names of properties in workflows/schema/workflow.schema.json. Only good examples count,
which check_examples.py tries. Exit status 1 when a keyword is missing, or when the index has a word that is none.
"""
import json
import pathlib
import re
import sys

from pages import blocks

KEY = re.compile(r"(?:^|[\s{\[,])([a-z_]+):(?=\s|$)", re.MULTILINE)
INDEX = re.compile(r"^## .*Every keyword$", re.MULTILINE)
ROW = re.compile(r"^\| `([a-z_]+)` \| ", re.MULTILINE)
COMMENT = re.compile(r"(?:^|\s)#[^\n]*")
TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def properties_of(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*(properties_of(item) for item in schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(properties_of(value) for value in schema.values()))


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    page = root / "docs" / "workflow-language.md"
    keywords = properties_of(json.loads((root / "workflows/schema/workflow.schema.json").read_text(encoding="utf-8")))
    examples = [b.text for b in blocks(page, root) if b.language == "yaml" and b.text.startswith("language: 1\n") and not b.comment.startswith("problems:")]
    shown = set().union(*(KEY.findall(TEXT.sub('""', COMMENT.sub("", text))) for text in examples)) if examples else set()
    index = INDEX.split(page.read_text(encoding="utf-8"))[-1]
    rows = ROW.findall(index)
    wrong = [f"no example shows {word}" for word in sorted(keywords - shown)]
    wrong += [f"the index lacks {word}" for word in sorted(keywords - set(rows))]
    wrong += [f"the index has {word}, which is no keyword, or has it twice" for word in sorted(word for word in set(rows) if word not in keywords or rows.count(word) > 1)]
    for told in wrong:
        print(f"docs/workflow-language.md: {told}")
    print(f"{len(keywords)} keywords, {len(wrong)} wrong")
    return 1 if wrong or not keywords else 0


if __name__ == "__main__":
    sys.exit(main())
