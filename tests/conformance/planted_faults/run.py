#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults in the engines, each in a copy, and demands that the suite catches each by the rule it breaks.

    run.py BUILD-FOLDER [ENGINE] [WORD]     only this engine's; only faults whose description has the word

Beside this file, ENGINE.py lists the faults of plugins/ENGINE as FAULTS: a file, what is broken, a piece of the
source, what is put in its place, and the rule. A piece that is not there exactly once is an error, so the list cannot
fall behind the sources. If the module has them, FLAGS are further arguments of the compiler, in which {source} and
{build} are the folders, COMPILER is that and FILE what it makes, PROGRAM is the conformance program in the build
folder, and RUNNER what starts it. An engine whose program was not built there is left out.

As many are tried at a time as there are processors: most of it is waiting. What is missed then is tried once more
alone, since a thread that spins may look idle beside others that are busy.
"""

import concurrent.futures
import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]


def compile_engine(folder: pathlib.Path, module, build: pathlib.Path) -> pathlib.Path:
    engine = folder / getattr(module, "FILE", f"libpollux-{folder.name}.so")
    flags = [flag.format(source=SOURCE, build=build) for flag in getattr(module, "FLAGS", [])]
    subprocess.run(
        [getattr(module, "COMPILER", "c++"), "-std=c++20", "-g1", "-O1", "-fPIC", "-shared",
         "-I", SOURCE / "core/include", "-o", engine, *sorted(folder.glob("*.cpp")), *flags], check=True)
    return engine


def program_of(module, build: pathlib.Path) -> pathlib.Path:
    return build / getattr(module, "PROGRAM", "bin/pollux-conformance")


def is_caught(program: list, engine: pathlib.Path, rule: str) -> bool:
    # A race that takes 10 ns is not met in each run of a rule; in five it is.
    for _ in range(5):
        # The first failure is enough: each may be the end of five seconds of patience.
        run = subprocess.run([*program, engine, f"--gtest_filter=*/{rule}", "--gtest_throw_on_failure"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
        if run.returncode not in (0, 2):  # 2 is misuse; a crash is caught, too
            return True
    return False


def plant(folder: pathlib.Path, engine: str, fault: tuple, module, build: pathlib.Path) -> bool:
    file, description, piece, instead, rule = fault
    shutil.copytree(SOURCE / "plugins" / engine, folder)
    broken = folder / file
    text = broken.read_text()
    if text.count(piece) != 1:
        print(f"NO PLACE  {engine}/{file}: {description}: the piece is there {text.count(piece)} times, expected once")
        return False
    broken.write_text(text.replace(piece, instead))
    program = [*getattr(module, "RUNNER", []), program_of(module, build)]
    caught = is_caught(program, compile_engine(folder, module, build), rule)
    print(f"{'caught' if caught else 'MISSED'}  {engine}/{file}: {description}: {rule}", flush=True)
    return caught


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    engines = sorted(file.stem for file in HERE.glob("*.py") if file.name != "run.py")
    if len(sys.argv) > 2:
        if sys.argv[2] not in engines:
            sys.exit(f'run.py: no faults are listed for "{sys.argv[2]}"; expected one of: {", ".join(engines)}')
        engines = [sys.argv[2]]
    word = sys.argv[3] if len(sys.argv) > 3 else ""
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tried = []
        for engine in engines:
            module = importlib.import_module(engine)
            if not program_of(module, build).exists():
                print(f"left out: {engine}, as {program_of(module, build)} is not there")
                continue
            # Where even the sound engine fails, nothing is caught.
            sound = pathlib.Path(scratch) / "sound" / engine
            shutil.copytree(SOURCE / "plugins" / engine, sound)
            program = [*getattr(module, "RUNNER", []), program_of(module, build)]
            if is_caught(program, compile_engine(sound, module, build), module.FAULTS[0][4]):
                sys.exit(f"run.py: {engine} breaks {module.FAULTS[0][4]} without a planted fault")
            for number, fault in enumerate(module.FAULTS):
                if word in fault[1]:
                    folder = pathlib.Path(scratch) / engine / str(number)
                    what = (engine, fault, module, build)
                    tried.append((pool.submit(plant, folder / engine, *what), folder / "alone" / engine, what))
        missed = [again for again in tried if not again[0].result()]
        caught = len(tried) - len(missed) + sum(plant(folder, *what) for _, folder, what in missed)
    print(f"{caught} faults caught, {len(tried) - caught} missed")
    return 0 if tried and caught == len(tried) else 1


if __name__ == "__main__":
    sys.exit(main())
