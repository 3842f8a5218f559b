# SPDX-License-Identifier: BSL-1.0
"""check.py <allocations|includes|rules|contract|decisions|links|style|words|frozen> <root>, check.py exports <nm> <folder of plugins> [of libraries],
check.py exports_of_c <nm> <readelf> <folder of plugins>,
check.py <throwing|locks> <clang++> <folder of compile_commands.json> <root>: one check."""
import sys

sys.dont_write_bytecode = True
import allocations
import contract
import decisions
import exports
import frozen
import includes
import links
import locks
import rules
import style
import throwing
import words
from tree import Tree

OF_TREE = {"allocations": allocations, "includes": includes, "rules": rules, "contract": contract,
           "decisions": decisions, "links": links, "style": style, "words": words, "frozen": frozen}  # fmt: skip
OF_CLANG = {"throwing": throwing, "locks": locks}


def main(arguments):
    if len(arguments) == 2 and arguments[0] in OF_TREE:
        faults = OF_TREE[arguments[0]].check(Tree(arguments[1]))
    elif len(arguments) in (3, 4) and arguments[0] == "exports":
        nm, plugins, *libraries = arguments[1:]
        faults = exports.check_plugins(nm, plugins)
        for folder in libraries:
            faults += exports.check_libraries(nm, folder)
    elif len(arguments) == 4 and arguments[0] == "exports_of_c":
        nm, readelf, folder = arguments[1:]
        faults = exports.check_plugins(nm, folder) + exports.check_c_plugins(readelf, folder)
    elif len(arguments) == 4 and arguments[0] in OF_CLANG:
        clang, build, root = arguments[1:]
        faults = OF_CLANG[arguments[0]].check(Tree(root), clang, build)
    else:
        sys.exit(__doc__)
    for fault in faults:
        print(fault)
    print(f"{arguments[0]}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
