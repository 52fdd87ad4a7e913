"""Programs linked as the build links one of its own, with something else in it."""
import os
import re
import subprocess

from . import harness
from .harness import BUILD, Failed, check


def commands(target):
    """The commands that make a target of the build; the last one links it."""
    done = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", target], capture_output=True, check=False)
    lines = done.stdout.decode().rstrip().splitlines() if done.returncode == 0 else [""]
    check(f" -o {target} " in lines[-1], f"how is {target} linked? {done.stderr!r} {lines[-1][-300:]}")
    return lines


def dependency(name):
    """The folder of lwip or mbedtls that the build has taken."""
    below, proof = {"lwip": ("src/include", "lwip/altcp_tls.h"), "mbedtls": ("include", "mbedtls/ssl.h")}[name]
    for folder in set(re.findall(r"-isystem (\S+)", "\n".join(commands("examples/example_altcp")))):
        if folder.endswith(f"/{below}") and os.path.exists(os.path.join(folder, proof)):
            return folder[:-len(below) - 1]
    raise Failed(f"where is {name}?")


def compiler(link):
    return re.search(r"&& (\S+)", link)[1]


def sanitizers():
    return ["-fsanitize=address,undefined"] if harness.is_sanitized() else []


def run(command):
    done = subprocess.run(command, shell=isinstance(command, str), cwd=BUILD, capture_output=True, check=False)
    check(done.returncode == 0, f"{command if isinstance(command, str) else ' '.join(command)}"[-300:] +
          f": {done.stderr[-600:].decode(errors='replace')}")


def made_of(target, program, sources, flags=()):
    """Sources of one's own in the place of the target's objects, compiled with its macros and include folders."""
    *compiles, link = commands(target)
    objects = re.findall(rf"CMakeFiles/{os.path.basename(target)}\.dir/\S+\.o", link)
    words = next(line for line in compiles if f" -o {objects[0]} " in line).replace("\\\"", '"').split()
    seen = [word for i, word in enumerate(words) if re.match(r"-[DI]", word) or words[i - 1] == "-isystem" or word == "-isystem"]
    made = []
    for source in sources:
        made.append(f"{program}.{len(made)}.o")
        run([compiler(link), *sanitizers(), *seen, "-std=gnu11", "-O1", *flags, "-c", source, "-o", made[-1]])
    link = link.replace(objects[0], " ".join(made), 1)
    for name in objects[1:]:
        link = link.replace(name, "", 1)
    run(link.replace(f" -o {target} ", f" -o {program} "))
    return program
