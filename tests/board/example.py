"""The examples of the pico preset as a user builds them with settings of his own, run on the emulated RP2040.

An example is linked as the build links it, with three objects in the place of the build's: its own source with other -D, the roots
(what PICKET_ROOTS makes), and the names of the time servers, since a board that starts does not know the time.
"""
import os
import re
import shlex
import subprocess
import sys

import emulator
from emulator import BOARD
from support import harness
from support.harness import check, unique

BUILD = os.path.dirname(emulator.PROGRAM)


def run(command):
    done = subprocess.run(command, shell=isinstance(command, str), cwd=BUILD, capture_output=True, check=False)
    check(done.returncode == 0, f"{done.stdout[-300:]!r} {done.stderr[-600:]!r}")
    return done.stdout.decode()


def compiled(compile_line, source, **defines):
    """An object of this source, by the command that makes another one of the same kind, with these macros."""
    made = unique("example") + ".o"
    own = " ".join(f"-U{name} " + shlex.quote(f"-D{name}={value}") for name, value in defines.items())
    run(re.sub(r" -MD .*", "", compile_line) + f" {own} -o {made} -c {source}")
    return made


def roots(chain):
    """The C of a store with the root of this chain."""
    made = unique("roots") + ".c"
    run([sys.executable, os.path.join(emulator.ROOT, "tools", "make-roots"), chain.root_path, made])
    return made


def linked(name, chain, time_server, **settings):
    """The program of an examples/NAME/wired.c, by the path of what is linked; settings: its macros."""
    *compiles, link = run(["ninja", "-t", "commands", f"{name}.elf"]).rstrip().splitlines()
    own, wait = (next(line for line in compiles if line.endswith(f"{end}.c")) for end in ("/wired", "/src/clock_wait"))
    defines = {key: f'"{value}"' if isinstance(value, str) else value for key, value in settings.items()}
    objects = [compiled(own, own.rsplit(" ", 1)[1], **defines), compiled(wait, roots(chain)),
               compiled(wait, wait.rsplit(" ", 1)[1], PICKET_TIME_SERVERS=f'"{BOARD.computer}:{time_server.port}"')]
    program = unique(os.path.basename(name)) + ".elf"
    link = link.split(" && cd ")[0]
    link = re.sub(r" \S+/wired\.c\.o ", f" {' '.join(objects)} ", link, count=1)
    link = re.sub(r"-Map=\S+", f"-Map={program}.map", link)
    run(link.replace(f" -o {name}.elf ", f" -o {program} "))
    return program


def output(program, seconds=100):
    """What it prints. Returning from main, where the SDK stops the processor, is the only end."""
    done = subprocess.run([*BOARD.command(program, harness.folder), "--timeout", str(seconds)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 30, check=False)
    out = done.stdout.decode("latin-1").replace("\r\n", "\n")
    check("picket: exit" in out or done.returncode == 70 and "stopped at a breakpoint" in out, f"exit {done.returncode}: {out[-800:]}")
    return out
