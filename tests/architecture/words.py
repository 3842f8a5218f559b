# SPDX-License-Identifier: BSL-1.0
"""Words that this project invented or used in a sense of its own, and those of the field: docs/glossary.md."""
import re
from typing import NamedTuple

SUFFIXES = (".hpp", ".cpp", ".h", ".c", ".rs", ".md", ".py", ".txt", ".in", ".cmake")
FOLDERS = ("core", "loop", "net", "notify", "plugins", "layers", "tools", "examples", "tests", "bench", "docs", "cmake", "ci")
PAGES = ("README.md", "CONTRIBUTING.md", "ROADMAP.md", "SECURITY.md")
# Records and frozen headers keep the words of their time, and these files have to name the words.
EXEMPT = ("docs/decisions/", "tests/loader/frozen/", "tests/architecture/words.py", "tests/architecture/selftest.py")


class Word(NamedTuple):
    spelling: str  # a regular expression, between boundaries of words
    instead: str
    except_in: str = ""  # a regular expression of lines in which the word has the field's meaning


WORDS = [
    Word(r"engines?", "backend, or plugin for its shared object"),
    Word(r"(planted|plants?)[ _]faults?|planted_faults", "mutant"),
    Word(r"hears?|heard", "is reported, receives, is delivered"),
    Word(r"whoever|whomever", "the caller, the consumer, a thread that"),
    Word(r"somebody|someone|anybody|anyone", "another thread, a process, a user"),
    Word(r"nobody", "no thread, no caller, no socket", r"--reuid=nobody|as_nobody|\"nobody\"|\buser nobody\b"),
    Word(r"anew", "again"),
    Word(r"also not", "even if not, nor"),
    Word(r"be it", "whether"),
    Word(r"else not", "otherwise not"),
    Word(r"stand-ins?|standins?", "emulation", r"0012-kqueue-is-tested-on-a-stand-in"),
    Word(r"behind (our|his|its|their|a Selector's) back", "closed while registered"),
    Word(r"forgotten", "closed while registered, or lost", r"\[?close\.forgotten|RULE\(close, forgotten\)"),
    Word(r"stor(y|ies)", "diagnostic"),
    Word(r"never waits?|no call waits", "is non-blocking"),
    Word(r"worth_a_look|look_at|a look|looks? at", "recheck, non-blocking poll"),
    Word(r"house rules?", "style rules"),
    Word(r"drawings?", "dependency diagram"),
    Word(r"let_go|lets_go", "unregister, release", r"timer_wheel(\.|, )lets_go"),
    Word(r"told|tells?|telling", "reported, returned, printed"),
    Word(r"says|said", "states, returns, reports"),
    Word(r"agenda", "ready lists"),
    Word(r"bell|ring_bell|rung|doorbells?", "signal pipe, wakeup", r"bell_(posix|windows)\.cpp"),
    Word(r"deaf", "unresponsive, or loses events"),
    Word(r"comes? again|comes? back|came back", "is reported again, is reopened"),
    Word(r"comes? and go(?:es)?", "is added and removed, is opened and closed"),
    Word(r"way_in|way_out", "registrator, selector"),
    Word(r"danger_of|words_of", "unsafe_reason, text_of"),
    Word(r"keepers?", "handle owner"),
    Word(r"inbox", "pending signals"),
    Word(r"insists?|renew(?:s|ed|al)?|settles?|rouses?", "by its meaning: reap, rearm, drain, wake"),
    Word(r"C[ _]faces?", "C interface"),
    Word(r"exhibits?", "test of a reported bug, REPORTED_BUG()"),
    Word(r"visitors?", "CheckedPoll"),
    Word(r"victims?", "workload"),
    Word(r"ghosts?|haunts?", "leftover watch"),
    Word(r"has_news", "has_changed"),
    Word(r"the one (?:that|who) selects", "the thread that calls select()"),
    Word(r"askers?|is_asked_for", "by its meaning: caller, is_selected"),
    Word(r"winners?", "the backend of a Choice", r"winner: "),
]


def pattern(word):
    return re.compile(rf"(?<![A-Za-z0-9-])(?:{word.spelling})(?![A-Za-z0-9])", re.IGNORECASE)


PATTERNS = [(word, pattern(word), re.compile(word.except_in) if word.except_in else None) for word in WORDS]


# Most lines have none of them.
ANY = re.compile("|".join(spelling.pattern for _, spelling, _ in PATTERNS), re.IGNORECASE)


def is_checked(path):
    place = path.as_posix()
    return path.parts[0] in FOLDERS and not place.startswith(EXEMPT) or place in PAGES


def faults_of_line(line):
    for word, spelling, exception in PATTERNS:
        if exception and exception.search(line):
            continue
        if found := spelling.search(line):
            yield f'"{found[0]}": expected {word.instead}'


def check(tree):
    faults = []
    for path in tree.files(*SUFFIXES):
        if not is_checked(path):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if ANY.search(line):
                faults += [f"{path}:{number}: {fault}" for fault in faults_of_line(line)]
    return faults
