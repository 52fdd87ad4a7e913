#!/usr/bin/python3
"""What is compiled for the pico-sdk and cannot be run here: the boards with Wi-Fi, in the three ways to run lwIP, against
stand-ins for the driver and FreeRTOS; and what an application may override.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = {
    "pico_w": ("get/get", "get/get_poll", "get_freertos", "post/post", "download/download", "ota/ota", "altcp/altcp",
               "proxy/proxy", "two_at_once/two_at_once",
               "altcp_background", "altcp_freertos",
               "sdk_way/sdk_way_background", "sdk_way/sdk_way_poll", "sdk_way/sdk_way_freertos",
               "sdk_way/sdk_way_plain"),
    "pico2_w": ("get/get", "get/get_poll", "get_freertos"),
}
JOBS = str(os.cpu_count() or 2)
failures = 0


def result(name, why=None):
    global failures  # pylint: disable=global-statement
    print(f"not ok {name}: {' '.join(why.split())[-600:]}" if why else f"ok {name}", flush=True)
    failures += bool(why)


def run(*command, cwd=None):
    """Exit code and output."""
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def configure(source, build, board, *more):
    return run("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DPICO_BOARD={board}",
               "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *more)


def build_examples(board):
    folder = os.path.join(ROOT, "build", f"standin-{board}")
    code, said = configure(f"{ROOT}/tests/standin", folder, board, "-DCMAKE_BUILD_TYPE=MinSizeRel")
    if code == 0:
        code, said = run("cmake", "--build", folder, "-j", JOBS)
    warned = re.search(re.escape(ROOT) + r"/(port|examples|src|tests)/[^\n]*warning:[^\n]*", said) # (lwIP has some)
    for example in EXAMPLES[board]:
        elf = os.path.join(folder, f"{example}.elf")
        why = said if code else f"no {elf}" if not os.path.exists(elf) else warned[0] if warned else None
        result(f"{board}: {os.path.basename(example)} compiles and links", why)


def commands(folder):
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        return json.load(file)


def optimisation(folder, which):
    """The -O options that are in force for the sources whose path matches."""
    found = set()
    for each in commands(folder):
        if re.search(which, each["file"]) and "rival" not in each["command"]: # (bench/rival is compiled its own way)
            found.add([word for word in shlex.split(each["command"]) if word.startswith("-O")][-1])
    return found


def check_stock(folder):
    """Where Mbed TLS's own arithmetic is what is used."""
    which = r"/mbedtls/library/(bignum|bignum_core|ecp_curves|aes|gcm|chacha20|poly1305)\.c"
    _, said = configure(ROOT, folder, "pico", "-DCMAKE_BUILD_TYPE=MinSizeRel", "-DPICKET_STOCK_CRYPTO=ON")
    fast = optimisation(folder, which)
    result("PICKET_STOCK_CRYPTO: Mbed TLS's arithmetic for speed", None if fast == {"-O2"} else f"{fast or said}")
    configure(ROOT, folder, "pico", "-DPICKET_STOCK_CRYPTO=OFF")


def check_optimisation(folder):
    check_stock(folder)
    ours = r"/mbedtls/library/|/llhttp/|" + re.escape(ROOT) + "/src/"
    arithmetic = re.escape(ROOT) + r"/src/(arena|kernels/(curve|divide|ecdh|x25519_public|portable/\w+))\.c"
    protocol = r"/mbedtls/library/ssl_\w+\.c|/llhttp/|" + re.escape(ROOT) + "/src/http"
    for kind in ("Debug", "MinSizeRel", "Release"):
        _, said = configure(ROOT, folder, "pico", f"-DCMAKE_BUILD_TYPE={kind}")
        fast, small = optimisation(folder, arithmetic), optimisation(folder, protocol)
        result(f"{kind}: arithmetic for speed all the same", None if fast == {"-O2"} else f"{fast or said}")
        result(f"{kind}: the rest for size all the same", None if small == {"-Os"} else f"{small or said}")
    _, said = configure(ROOT, folder, "pico", "-DCMAKE_BUILD_TYPE=Debug", "-DPICKET_OPTIMIZE_SIZE=OFF")
    found = optimisation(folder, ours)
    result("PICKET_OPTIMIZE_SIZE=OFF: all for speed", None if found == {"-O2"} else f"{found or said}")
    _, said = configure(ROOT, folder, "pico", "-DCMAKE_BUILD_TYPE=MinSizeRel", "-DPICKET_OPTIMIZE=OFF",
                        "-DPICKET_OPTIMIZE_SIZE=")
    found = optimisation(folder, ours)
    result("MinSizeRel, PICKET_OPTIMIZE=OFF: -Os", None if found == {"-Os"} else f"{found or said}")


def preprocess(folder, which, *more):
    """A source of the build, compiled to nothing but the macros in force: exit code and output."""
    each = next(each for each in commands(folder) if re.search(which, each["file"]))
    words = shlex.split(each["command"])
    del words[words.index("-o"):words.index("-o") + 2]
    words.remove("-c")
    return run(*words[:1], *more, *words[1:], "-E", "-dM", cwd=each["directory"])


def check_refused(folder):
    """A configuration without what makes the arithmetic fast is an error."""
    for missing in ("MBEDTLS_ECP_NIST_OPTIM", "MBEDTLS_HAVE_ASM"):
        own = os.path.join(folder, "own_mbedtls.h")
        with open(own, "w", encoding="ascii") as file:
            file.write(f'#include "picket_mbedtls.h"\n#undef {missing}\n')
        code, said = configure(ROOT, folder, "pico", f"-DMBEDTLS_CONFIG_FILE={own}")
        if code == 0:
            code, said = preprocess(folder, r"/src/tls\.c$")
        right = code != 0 and f"{missing} is missing from the configuration" in said
        result(f"without {missing}: refused", None if right else said or "accepted")
    configure(ROOT, folder, "pico", "-UMBEDTLS_CONFIG_FILE")


APPLICATION = """
cmake_minimum_required(VERSION 3.25)
include({root}/cmake/pico_sdk.cmake)
project(application C CXX ASM)
pico_sdk_init()
add_subdirectory({root} picket)
add_executable(application main.c)
target_include_directories(application PRIVATE ${{CMAKE_CURRENT_LIST_DIR}})
target_link_libraries(application pico_stdlib picket picket_slip)
{more}
"""


def check_overrides(folder):
    """lwIP's options: a lwipopts.h of the application's, or a file that changes some of ours."""
    own = {
        "lwipopts.h": ("", '#define PICKET_TCP_WND_MSS 5\n#include "{root}/config/lwipopts.h"\n'),
        "few.h": ('target_compile_definitions(application PRIVATE PICKET_LWIP_OPTIONS_FILE="few.h")',
                  "#define PICKET_TCP_WND_MSS 5\n"),
    }
    for name, (more, header) in own.items():
        source = os.path.join(folder, name + ".d")
        os.makedirs(source)
        for path, text in (("CMakeLists.txt", APPLICATION.format(root=ROOT, more=more)), ("main.c", "int main(void);\n"),
                           (name, header.format(root=ROOT))):
            with open(os.path.join(source, path), "w", encoding="utf-8") as file:
                file.write(text)
        code, said = configure(source, f"{source}/build", "pico2")
        seen = set()
        for which in (r"/lwip/src/core/tcp\.c$", r"/port/lwip/tcp\.c$"):
            if code == 0:
                code, said = preprocess(f"{source}/build", which)
                seen |= set(re.findall(r"#define PICKET_TCP_WND_MSS (\d+)", said))
        result(f"{name} of the application's", None if code == 0 and seen == {"5"} else f"{seen} {said[-300:]}")


def sdk_with_old_mbedtls(folder):
    """The SDK of the build, with a submodule as old as its release has it."""
    with open(f"{folder}/pico/CMakeCache.txt", encoding="utf-8") as file:
        sdk = re.search(r"^PICO_SDK_PATH:PATH=(.*)", file.read(), re.M)[1]
    fake = os.path.join(folder, "sdk")
    os.makedirs(f"{fake}/lib/mbedtls/include/mbedtls")
    os.makedirs(f"{fake}/lib/mbedtls/library")
    for name in os.listdir(sdk):
        if name != "lib":
            os.symlink(os.path.join(sdk, name), os.path.join(fake, name))
    with open(f"{fake}/lib/mbedtls/include/mbedtls/build_info.h", "w", encoding="ascii") as file:
        file.write("".join(f"#define MBEDTLS_VERSION_{part} {number}\n"
                           for part, number in (("MAJOR", 3), ("MINOR", 6), ("PATCH", 2))))
    for name in ("ssl_tls.c", "error.c"):
        with open(f"{fake}/lib/mbedtls/library/{name}", "w", encoding="ascii"):
            pass
    return fake


def check_old_mbedtls(folder):
    code, said = configure(ROOT, f"{folder}/old", "pico", f"-DPICO_SDK_PATH={sdk_with_old_mbedtls(folder)}")
    passed = re.findall(r"-- mbedtls: the SDK's submodule is passed over: it is Mbed TLS 3\.6\.2", said)
    result("the SDK's Mbed TLS is too old: passed over", None if code == 0 and len(passed) == 1 else said)


def main():
    for board in EXAMPLES:
        build_examples(board)
    with tempfile.TemporaryDirectory(prefix="picket-pico-") as folder:
        check_optimisation(f"{folder}/pico")
        check_refused(f"{folder}/pico")
        check_overrides(folder)
        check_old_mbedtls(folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
