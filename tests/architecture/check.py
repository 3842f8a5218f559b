# SPDX-License-Identifier: BSL-1.0
"""check.py <includes|rules|contract|house> <root>, check.py exports <folder of plugins> [nm]: one check."""
import sys

sys.dont_write_bytecode = True
import contract
import exports
import house
import includes
import rules
from tree import Tree

OF_TREE = {"includes": includes, "rules": rules, "contract": contract, "house": house}


def main(arguments):
    if len(arguments) == 2 and arguments[0] in OF_TREE:
        faults = OF_TREE[arguments[0]].check(Tree(arguments[1]))
    elif len(arguments) in (2, 3) and arguments[0] == "exports":
        faults = exports.check(*arguments[1:])
    else:
        sys.exit(__doc__)
    for fault in faults:
        print(fault)
    print(f"{arguments[0]}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
