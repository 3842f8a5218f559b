# SPDX-License-Identifier: BSL-1.0
"""Reads LLVM's IR as text: the calls of each function that may throw, and where an exception from them goes."""
import re
from dataclasses import dataclass, field

CALLEE = re.compile(r'[@%]("[^"]+"|[\w.$]+)\(')
CAST = re.compile(r'bitcast \([^@]*@("[^"]+"|[\w.$]+) to ')
LABEL = re.compile(r'("[^"]+"|[\w.$-]+):')
TARGET = re.compile(r'label %("[^"]+"|[\w.$-]+)')
SYMBOL = re.compile(r'@("[^"]+"|[\w.$]+)')
GROUP = re.compile(r"#\d+")
TYPE = re.compile(r"@(_ZTI\w+)")
LOCATION = re.compile(r"^!(\d+) = (?:distinct )?!DILocation\(line: (\d+).*?scope: !(\d+)", re.MULTILINE)
SCOPE = re.compile(r"^!(\d+) = (?:distinct )?!(?:DISubprogram|DILexicalBlock|DILexicalBlockFile)\(.*?file: !(\d+)", re.MULTILINE)
FILE = re.compile(r'^!(\d+) = !DIFile\(filename: "([^"]+)", directory: "([^"]*)"', re.MULTILINE)
TERMINATE = "@__clang_call_terminate("


@dataclass
class Block:
    """A basic block: where it continues with or without an exception that it has caught, and whether it ends in unwinding."""

    next: list = field(default_factory=list)
    catches: list = field(default_factory=list)  # the types of a landing pad's clauses
    resumes: bool = False
    rethrows: bool = False
    terminates: bool = False


@dataclass
class Call:
    callee: str  # "" for an indirect call
    pad: str  # the block where an exception goes; "" for out of the function
    arguments: str
    location: tuple  # file and line
    is_nounwind: bool

    @property
    def thrown(self):
        """The type of a throw expression."""
        found = TYPE.search(self.arguments)
        return found.group(1) if found else ""

    @property
    def passed(self):
        """The symbols among the arguments."""
        return [unquoted(each) for each in SYMBOL.findall(self.arguments)]


@dataclass
class Function:
    name: str
    unit: str  # the source that was compiled
    is_internal: bool
    is_nounwind: bool
    is_startup: bool  # initializes an object before main()
    calls: list = field(default_factory=list)
    returned: list = field(default_factory=list)  # symbols, as by the conversion of a lambda to a pointer
    blocks: dict = field(default_factory=dict)

    def unwinding(self, pad):
        """The blocks that an exception which arrives at a landing pad reaches."""
        seen, left = {pad}, [pad]
        while left:
            for after in self.blocks[left.pop()].next:
                if after not in seen:
                    seen.add(after)
                    left.append(after)
        return [self.blocks[label] for label in seen]


@dataclass
class Module:
    functions: list = field(default_factory=list)
    aliases: dict = field(default_factory=dict)


def unquoted(name):
    return name[1:-1] if name.startswith('"') else name


class Reader:
    def __init__(self, text, unit):
        self.unit = unit
        self.lines = text.splitlines()
        self.at = 0
        files = {number: name if name.startswith("/") else f"{folder}/{name}" for number, name, folder in FILE.findall(text)}
        scopes = {number: files[file] for number, file in SCOPE.findall(text)}
        self.locations = {number: (scopes.get(scope, unit), int(line)) for number, line, scope in LOCATION.findall(text)}
        groups = {line.split()[1] for line in self.lines if line.startswith("attributes #") and " nounwind " in line}
        self.nounwind = set(groups)  # of attributes, and of functions
        for line in self.lines:
            if line.startswith(("declare ", "define ")):
                found = CALLEE.search(line)
                if not groups.isdisjoint(GROUP.findall(line[found.end() :])):
                    self.nounwind.add(unquoted(found.group(1)))

    def next_line(self):
        self.at += 1
        return self.lines[self.at - 1]

    def module(self):
        module = Module()
        while self.at < len(self.lines):
            line = self.next_line()
            if line.startswith("define "):
                module.functions.append(self.function(line))
            elif line.startswith("@") and " alias " in line:
                module.aliases[unquoted(SYMBOL.match(line).group(1))] = unquoted(SYMBOL.findall(line)[-1])
        return module

    def function(self, line):
        name = unquoted(CALLEE.search(line).group(1))
        function = Function(name, self.unit, line.startswith(("define internal", "define private")), name in self.nounwind,
                            'section ".text.startup"' in line)  # fmt: skip
        block = function.blocks.setdefault("", Block())
        while (line := self.next_line()) != "}":
            if line.startswith(" "):
                self.instruction(line.strip(), function, block)
            elif label := LABEL.match(line):
                block = function.blocks.setdefault(unquoted(label.group(1)), Block())
        return function

    def instruction(self, code, function, block):
        if code.startswith("%"):
            code = code.partition(" = ")[2]
        word = code.partition(" ")[0]
        if word == "invoke":
            code += " " + self.next_line().strip()
        if word in ("invoke", "call", "tail", "musttail", "notail"):
            targets = [unquoted(label) for label in TARGET.findall(code)] if word == "invoke" else []
            block.next = targets[:1]
            block.terminates = block.terminates or TERMINATE in code
            self.call(code, targets[1] if targets else "", function, block)
        elif word in ("br", "switch", "indirectbr"):
            while word == "switch" and "]" not in code:
                code += self.next_line()
            block.next = [unquoted(label) for label in TARGET.findall(code)]
        elif word == "ret":
            function.returned += [unquoted(each) for each in SYMBOL.findall(code)]
        elif word == "resume":
            block.resumes = True
        elif word == "landingpad":
            while self.lines[self.at].strip().startswith(("cleanup", "catch", "filter")):
                block.catches += TYPE.findall(self.next_line())

    def call(self, text, pad, function, block):
        code, _, location = text.partition(", !dbg !")
        found = CALLEE.search(code) or CAST.search(code)
        if not found or " asm " in code[: found.start()]:
            return
        is_symbol = "bitcast" in found.group() or code[found.start()] == "@"
        callee = unquoted(found.group(1)) if is_symbol else ""
        rest = code[found.end() :]
        if callee == "__cxa_rethrow":  # the exception propagates
            block.rethrows = True
            block.next = [pad] if pad else []
            block.resumes = block.resumes or not pad
        elif not callee.startswith("llvm."):
            arguments, _, attributes = rest.rpartition(")")
            is_nounwind = callee in self.nounwind or not self.nounwind.isdisjoint(GROUP.findall(attributes))
            # Without the operands of invoke and of bundles.
            location = self.locations.get(re.match(r"\d*", location).group(), (self.unit, 0))
            function.calls.append(Call(callee, pad, arguments, location, is_nounwind))


def read(text, unit):
    return Reader(text, unit).module()
