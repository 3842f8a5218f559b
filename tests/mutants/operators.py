# SPDX-License-Identifier: BSL-1.0
"""The operators of mechanical mutation testing: each small change that can be made to a C++ source.

It reads tokens, not syntax: the sources are formatted by clang-format, so that a binary operator has a space on each side,
and the "<" of a template and the "&" of a reference have not. A change that does not compile is no mutant.
"""
import re
from typing import NamedTuple

TOKEN = re.compile(
    r"""(?P<ignored>//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<number>\d[\w']*)|'(?:\\.|[^'\\\n])*'"""
    r"""|(?P<operator><=>|<<=|>>=|->\*?|::|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|[<>+\-*/%&|^!=])|\S""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
BINARY = {
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "&": "|", "|": "&",
    "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=",
}  # fmt: skip
STATEMENT = re.compile(
    r"^ +(?!return\b|using\b|const\b|auto\b|static\b|goto\b|case\b|namespace\b|typedef\b|friend\b|delete\b)"
    r"(?:(?:if \([^{}]*\) )?(?:[A-Za-z_~*][\w:.>\-\[\]*]*(?:\(.*\)(?:\.\w+\(.*\))*| [-+|&]?= .*)|throw .*|break|continue|(?:\+\+|--)[\w.>\-]+));$"
)
RETURN = re.compile(r"\breturn (?!\{\};)([^;{}]+);")
ERROR = re.compile(r"\bstd::errc::(\w+)")
CONDITION = re.compile(r"\b(if|while) \(")


class Change(NamedTuple):
    """Replaces the characters from `begin` to `end`."""

    operator: str
    begin: int
    end: int
    instead: str


def closing(text, at):
    """The place behind the parenthesis that closes the one at `at`, or None."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
    return None


def changes_of_tokens(text):
    for token in TOKEN.finditer(text):
        begin, end, piece = token.start(), token.end(), token.group()
        is_binary = text[begin - 1 : begin] == " " and text[end : end + 1] in (" ", "\n")
        if token["operator"]:
            if piece in BINARY and is_binary:
                yield Change("operator", begin, end, BINARY[piece])
            elif piece == "!" and not is_binary:
                yield Change("negation", begin, end, "")
            elif piece in ("++", "--"):
                yield Change("operator", begin, end, "--" if piece == "++" else "++")
        elif token["word"] in ("true", "false"):
            yield Change("constant", begin, end, "false" if piece == "true" else "true")
        elif number := re.fullmatch(r"(\d[\d']*)([a-zA-Z]*)", token["number"] or ""):
            value = int(number[1].replace("'", ""))
            yield Change("constant", begin, end, f"{1 if value == 0 else value + 1}{number[2]}")
            if value > 1:
                yield Change("constant", begin, end, f"{value - 1}{number[2]}")


def is_ignored(text):
    """Returns a function that returns whether a place is in a comment, a string or a directive."""
    ignored = [token.span() for token in TOKEN.finditer(text) if token["ignored"]]
    return lambda place: any(begin <= place < end for begin, end in ignored)


def changes_of_lines(text):
    ignored = is_ignored(text)
    begin = 0
    for line in text.splitlines(keepends=True):
        if STATEMENT.match(line.rstrip("\n")) and line.count("(") == line.count(")") and not ignored(begin + len(line) - 2):
            indent = len(line) - len(line.lstrip())
            yield Change("deletion", begin + indent, begin + len(line.rstrip("\n")), ";")
        begin += len(line)
    for found in RETURN.finditer(text):
        if not ignored(found.start()):
            yield Change("result", found.start(), found.end(), "return {};")
    for found in ERROR.finditer(text):
        if not ignored(found.start()):
            yield Change("error", found.start(1), found.end(1), "invalid_argument" if found[1] == "io_error" else "io_error")
    for found in CONDITION.finditer(text):
        begin, end = found.end(), closing(text, found.end() - 1)
        # A condition that declares a name has to stay.
        if end is None or ignored(found.start()) or re.search(r";| = ", text[begin:end]):
            continue
        yield Change("condition", begin, end, f"!({text[begin:end]})")
        if found[1] == "if":
            yield Change("condition", begin, end, f"false && ({text[begin:end]})")


def changes_of(text):
    """All changes, in the order of their places."""
    return sorted({*changes_of_tokens(text), *changes_of_lines(text)}, key=lambda change: (change.begin, change.operator, change.instead))
