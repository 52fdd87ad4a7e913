#!/bin/sh
# The one command: ./do help
# It installs what a verb needs (Debian and Ubuntu; elsewhere it says what is missing) and asks nothing.

set -eu

root=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "do: $*"
    exit 1
}

# What each verb needs: the Debian package, and what shows that it is there (a command or
# a file), so that a tool that came from elsewhere is good enough.

needs_build='
build-essential  command=cc
build-essential  command=c++
build-essential  command=make
cmake            command=cmake
ninja-build      command=ninja
libslirp-dev     file=/usr/include/slirp/libslirp.h,/usr/local/include/slirp/libslirp.h
ca-certificates  file=/etc/ssl/certs/ca-certificates.crt
dpkg-dev         command=dpkg-source
git              command=git
python3          command=python3'

needs_test="$needs_build
chrony           command=chronyd
clang-format     command=clang-format
curl             command=curl
valgrind         file=/usr/include/valgrind/memcheck.h
gcc-arm-none-eabi command=arm-none-eabi-gcc
libnewlib-arm-none-eabi file=/usr/lib/arm-none-eabi/newlib/nano.specs,/usr/arm-none-eabi/include/stdint.h
gnutls-bin       command=gnutls-serv
mosquitto        command=mosquitto
nginx            command=nginx
openssl          command=openssl
python3          file=/usr/bin/python3"
if [ "$(uname -m)" = x86_64 ]; then
    # how much memory a 32-bit machine needs is measured with 32-bit code
    needs_test="$needs_test
gcc-multilib     file=/usr/include/gnu/stubs-32.h,/usr/include/x86_64-linux-gnu/gnu/stubs-32.h"
fi

needs_size='
build-essential  command=cc
cmake            command=cmake
ninja-build      command=ninja
dpkg-dev         command=dpkg-source
git              command=git
gcc-multilib     file=/usr/include/gnu/stubs-32.h,/usr/include/x86_64-linux-gnu/gnu/stubs-32.h
openssl          command=openssl
python3          file=/usr/bin/python3'

needs_mps2='
cmake                     command=cmake
ninja-build               command=ninja
dpkg-dev                  command=dpkg-source
git                       command=git
ca-certificates           file=/etc/ssl/certs/ca-certificates.crt
gcc-arm-none-eabi         command=arm-none-eabi-gcc
libnewlib-arm-none-eabi   file=/usr/lib/arm-none-eabi/newlib/nano.specs,/usr/arm-none-eabi/lib/nano.specs
qemu-system-arm           command=qemu-system-arm'

needs_pico='
build-essential           command=c++
cmake                     command=cmake
ninja-build               command=ninja
dpkg-dev                  command=dpkg-source
git                       command=git
ca-certificates           file=/etc/ssl/certs/ca-certificates.crt
python3                   command=python3
gcc-arm-none-eabi         command=arm-none-eabi-gcc
libnewlib-arm-none-eabi   file=/usr/lib/arm-none-eabi/newlib/nano.specs,/usr/arm-none-eabi/lib/nano.specs
libstdc++-arm-none-eabi-newlib file=/usr/lib/arm-none-eabi/newlib/libstdc++_nano.a,/usr/arm-none-eabi/lib/libstdc++_nano.a'

# What boots a program for the Pico: the emulator, and the computer's end of its serial line.
needs_rp2040="$needs_build
nodejs                    command=node
npm                       command=npm"

needs_demo='
nginx                     command=nginx
openssl                   command=openssl
python3                   file=/usr/bin/python3'

needs_roots="$needs_build
openssl                   command=openssl
python3                   file=/usr/bin/python3"

# libFuzzer is clang's, and in a package with the number of its release.
needs_clang='
clang            command=clang'
libfuzzer() {
    printf '%s/libclang_rt.fuzzer-%s.a\n' "$(clang -print-runtime-dir 2>/dev/null)" "$(uname -m)"
}
has_libfuzzer() {
    command -v clang >/dev/null 2>&1 && [ -e "$(libfuzzer)" ]
}

needs_format='
clang-format     command=clang-format'

is_there() {
    case $1 in
        command=*)
            command -v "${1#*=}" >/dev/null 2>&1
            ;;
        file=*)
            for candidate in $(printf '%s' "${1#*=}" | tr , ' '); do
                [ ! -e "$candidate" ] || return 0
            done
            return 1
            ;;
    esac
}

# missing NEEDS: the packages of the list that are not there.
missing() {
    printf '%s\n' "$1" | while read -r package proof; do
        if [ -n "$package" ] && ! is_there "$proof"; then
            printf '%s\n' "$package"
        fi
    done | sort -u | tr '\n' ' ' | sed 's/ *$//'
}

is_debian() {
    command -v apt-get >/dev/null 2>&1 && [ -r /etc/os-release ] &&
        grep -qE '^(ID|ID_LIKE)=.*(debian|ubuntu)' /etc/os-release
}

# need NEEDS: installs what is missing, or ends with what to type.
need() {
    packages=$(missing "$1")
    [ -n "$packages" ] || return 0
    if ! is_debian; then
        fail "something is missing. On Debian or Ubuntu I would install: $packages"
    fi
    become=''
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            become='sudo -n'
        else
            say "do: these packages are missing, and I am not root: $packages"
            say "Type this, then try again:"
            say "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
            exit 1
        fi
    fi
    say "do: installing $packages"
    log=$(mktemp)
    # shellcheck disable=SC2086 # they are lists of words
    if ! {
        $become env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            $become env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
                install --no-install-recommends $packages
    } </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "they cannot be installed: $packages"
    fi
    rm -f "$log"
    packages=$(missing "$1")
    [ -z "$packages" ] || fail "still missing after the installation: $packages"
}

# quietly COMMAND...: shows what it printed only if it fails.
quietly() {
    quiet_log=$(mktemp)
    if "$@" </dev/null >"$quiet_log" 2>&1; then
        rm -f "$quiet_log"
    else
        cat "$quiet_log" >&2
        rm -f "$quiet_log"
        return 1
    fi
}

configure() {
    [ -e "$root/build/$1/build.ninja" ] ||
        (cd "$root" && quietly cmake --preset "$1") || fail "the configuration of build/$1 failed"
}

# build PRESET TARGETS...: brings them up to date.
build() {
    preset=$1
    shift
    configure "$preset"
    quietly cmake --build "$root/build/$preset" -j "$(nproc 2>/dev/null || echo 2)" --target "$@" ||
        fail "the build of build/$preset failed"
}

# build_bench BITS: the memory benchmark as 64-bit or as 32-bit code, in build/sizeBITS.
build_bench() {
    [ -e "$root/build/size$1/build.ninja" ] ||
        quietly cmake -G Ninja -S "$root/bench" -B "$root/build/size$1" -DCMAKE_C_FLAGS="-m$1" -DCMAKE_ASM_FLAGS="-m$1" ||
        fail "the configuration of build/size$1 failed"
    quietly cmake --build "$root/build/size$1" -j "$(nproc 2>/dev/null || echo 2)" --target memory endurance ||
        fail "the build of build/size$1 failed"
}

# needs_32: 32-bit programs run in QEMU where the kernel runs none.
needs_32() {
    /lib/ld-linux.so.2 --version >/dev/null 2>&1 || need 'qemu-user command=qemu-i386'
}

# build_crypto: the programs of ./do bench --crypto, with the libraries beside Picket, if they can be had.
build_crypto() {
    need "$needs_mps2"
    quietly cmake -DPICKET_BENCH_PEERS=ON "$root/build/pico" || fail "the configuration of build/pico failed"
    build pico crypto
}

# wifi_driver PRESET: the driver is in no package and is not fetched.
wifi_driver() {
    if [ -n "${PICO_CYW43_DRIVER_PATH-}" ]; then
        [ -e "$PICO_CYW43_DRIVER_PATH/src/cyw43.h" ] ||
            fail "PICO_CYW43_DRIVER_PATH is $PICO_CYW43_DRIVER_PATH, but there is no src/cyw43.h in it"
        PICO_CYW43_DRIVER_PATH=$(cd "$PICO_CYW43_DRIVER_PATH" && pwd)
        (cd "$root" && quietly cmake --preset "$1" "-DPICO_CYW43_DRIVER_PATH=$PICO_CYW43_DRIVER_PATH") ||
            fail "the configuration of build/$1 failed"
    elif ! grep -q '^PICO_CYW43_DRIVER_PATH:' "$root/build/$1/CMakeCache.txt" 2>/dev/null; then
        say "do: without the Wi-Fi driver only the libraries are built: PICO_CYW43_DRIVER_PATH=... ./do build $1"
    fi
}

# emulator: what tools/rp2040 stands on, as its lock file has it.
emulator() {
    installed=$root/tools/rp2040/node_modules/.package-lock.json
    [ -n "$(find "$installed" -newer "$root/tools/rp2040/package-lock.json" 2>/dev/null)" ] ||
        (cd "$root/tools/rp2040" && quietly npm ci) || fail "the emulator of the RP2040 cannot be installed (npm)"
}

# board_of ARGUMENTS...: the one that --board names, or the default.
board_of() {
    board=pico
    while [ $# -gt 0 ]; do
        case $1 in
            --board) board=${2-} ;;
            --board=*) board=${1#--board=} ;;
        esac
        shift
    done
    printf '%s\n' "$board"
}

# number FILE MACRO
number() {
    sed -n "s/^#[[:space:]]*define[[:space:]]\{1,\}$2[[:space:]]\{1,\}\([0-9]\{1,\}\).*/\1/p" "$1" | head -n 1
}

# dependency_version NAME VARIABLE PREFIX THIRD HEADERS...: from the header of the tree that a build would take.
dependency_version() {
    name=$1 prefix=$3 third=$4
    eval "tree=\${$2-}"
    : "${tree:=$root/build/deps/$name}"
    variable=$2
    shift 4
    for header in "$@"; do
        if [ -e "$tree/$header" ]; then
            version=$(number "$tree/$header" "${prefix}_MAJOR").$(number "$tree/$header" "${prefix}_MINOR")
            version=$version.$(number "$tree/$header" "${prefix}_$third")
            case $tree in
                "$root"/build/deps/*)
                    from=$(sed 's/^[^ ]* //' "$tree.origin" 2>/dev/null || :)
                    printf '%s\n' "$version${from:+ ($from)}"
                    ;;
                *) printf '%s\n' "$version ($variable=$tree)" ;;
            esac
            return 0
        fi
    done
    pin=$(sed -n "s/^set(PICKET_${variable%_DIR}_PIN \(.*\))/\1/p" "$root/cmake/dependencies.cmake")
    printf '%s\n' "not fetched yet (pinned: $pin)"
}

slirp_version() {
    header=/usr/include/slirp/libslirp-version.h
    if [ -e $header ]; then
        echo "$(number $header SLIRP_MAJOR_VERSION).$(number $header SLIRP_MINOR_VERSION).$(number $header SLIRP_MICRO_VERSION)"
    else
        echo "not installed yet"
    fi
}

tool_version() {
    if command -v "$1" >/dev/null 2>&1; then
        "$@" 2>/dev/null | head -n 1 | sed 's/^cmake version //'
    else
        echo "not installed yet"
    fi
}

help() {
    cat <<HELP
Picket: verified HTTPS for small machines.

  ./do demo [URL]          boot an emulated board that fetches a page; ./do demo --help
  ./do get URL [options]   fetch a page with the Linux client; the page goes to stdout
  ./do build PRESET        build host (build/host/picket), host-asan (with the sanitizers), mps2-an385 or
                           mps2-an505 (bare metal, for QEMU), pico, pico2, pico_w or pico2_w
  ./do link DEVICE [...]   be the network of a board at the other end of a serial line; ./do link --help
  ./do test [FILTER]       build and run the tests; only programs whose name contains FILTER
  ./do fuzz [TARGET] [S]   run the fuzz targets of tests/fuzz with libFuzzer, each for S seconds (60)
  ./do torture             let every single allocation fail in turn, not one in 37 as ./do test does (long)
  ./do rounds [N]          the arithmetic on N inputs of each kind (100000) and on 1,000 secrets, not some 100 and 16
                           as ./do test does, and against servers without Mbed TLS's curves (40 minutes)
  ./do size                measure flash and memory, and hold them against their budgets (3 minutes)
  ./do bench [--quick]     count the cycles of handshakes on an emulated Pico, beside lwIP's own TLS (5 minutes)
  ./do bench mps2-an505    count the instructions of the arithmetic on a Cortex-M33, in QEMU (a minute)
  ./do bench --crypto      of handshakes and of each operation, beside Mbed TLS, BearSSL and wolfSSL (5 minutes)
  ./do roots NAME|FILE ... write the smallest trust store for these servers as C, or convert a PEM file; --help
  ./do format              format the C sources
  ./do help                this

What a verb needs is installed or fetched when it is first used. To use your own copy of a
dependency, set LWIP_DIR, MBEDTLS_DIR or LLHTTP_DIR.

  lwIP      $(dependency_version lwip LWIP_DIR LWIP_VERSION REVISION src/include/lwip/init.h)
  Mbed TLS  $(dependency_version mbedtls MBEDTLS_DIR MBEDTLS_VERSION PATCH include/mbedtls/build_info.h)
  llhttp    $(dependency_version llhttp LLHTTP_DIR LLHTTP_VERSION PATCH include/llhttp.h \
    share/include/llhttp/llhttp.h usr/share/include/llhttp/llhttp.h include/llhttp/llhttp.h)
  libslirp  $(slirp_version)
  cmake     $(tool_version cmake --version)
  compiler  $(tool_version "${CC:-cc}" --version)
HELP
}

verb=${1-help}
[ $# -eq 0 ] || shift

case $verb in
    help | -h | --help)
        help
        ;;

    build)
        preset=${1-host}
        case $preset in
            host | host-asan) need "$needs_build" ;;
            mps2-an385 | mps2-an505) need "$needs_mps2" ;;
            pico | pico2) need "$needs_pico" ;;
            pico_w | pico2_w)
                need "$needs_pico"
                wifi_driver "$preset"
                ;;
            *) fail "I can build host, host-asan, mps2-an385, mps2-an505, pico, pico2, pico_w and pico2_w, not $preset" ;;
        esac
        build "$preset" all
        say "built build/$preset"
        ;;

    demo)
        board=$(board_of "$@")
        case $board in
            mps2-an385 | mps2-an505) need "$needs_mps2$needs_demo" ;;
            pico) need "$needs_pico$needs_rp2040$needs_demo" ;;
            *) fail "there is no board '$board': pico, mps2-an385 or mps2-an505" ;;
        esac
        [ -e "$root/build/$board/demo.elf" ] || say "do: building build/$board first (about a minute)"
        build "$board" demo
        if [ "$board" = pico ]; then
            emulator
            build host picket-link
        fi
        exec /usr/bin/python3 "$root/tools/demo" "$@"
        ;;

    get)
        [ $# -gt 0 ] || fail "get what? ./do get URL"
        need "$needs_build"
        [ -x "$root/build/host/picket" ] || say "do: building build/host/picket first (about a minute)"
        build host picket_cli
        exec "$root/build/host/picket" "$@"
        ;;

    link)
        [ $# -gt 0 ] || fail "link what? ./do link DEVICE"
        need "$needs_build"
        [ -x "$root/build/host/picket-link" ] || say "do: building build/host/picket-link first"
        build host picket-link
        exec "$root/build/host/picket-link" "$@"
        ;;

    roots)
        [ $# -gt 0 ] || fail "roots of what? ./do roots HOST...|FILE.pem..."
        need "$needs_roots"
        [ -x "$root/build/host/picket" ] || say "do: building build/host/picket first (about a minute)"
        build host picket_cli
        exec /usr/bin/python3 "$root/tools/roots" "$@"
        ;;

    test)
        need "$needs_test$needs_mps2$needs_pico$needs_rp2040"
        for preset in host host-asan; do
            say "do: building build/$preset"
            build "$preset" all test_variants
        done
        build host-lean picket_cli limbo_client
        build host-tsan test_threads_test test_altcp_threads_test
        if has_libfuzzer; then
            say "do: building build/fuzz"
            build fuzz fuzz
        else
            say "do: without clang and its libFuzzer the fuzz targets only run over their corpus"
        fi
        for preset in mps2-an385 mps2-an505 pico pico2; do
            say "do: building build/$preset"
            build "$preset" all
        done
        if [ "$(uname -m)" = x86_64 ]; then
            needs_32
            for bits in 64 32; do
                build_bench $bits
            done
        fi
        build pico bench bench_kernels bench_ciphers crypto_own
        emulator
        exec /usr/bin/python3 "$root/tests/run.py" "$@"
        ;;

    torture)
        need "$needs_test"
        for preset in host host-asan; do
            say "do: building build/$preset"
            build "$preset" all
        done
        status=0
        for program in torture_test tls_arena_test tls_pause_test tls_identity_test altcp_test; do
            PICKET_TORTURE=1 /usr/bin/python3 "$root/tests/run.py" --timeout 36000 "$program" || status=1
        done
        exit $status
        ;;

    rounds)
        count=${1-100000}
        case $count in
            '' | *[!0-9]*) fail "how many rounds? ./do rounds [N]" ;;
        esac
        need "$needs_test$needs_mps2$needs_rp2040$needs_pico"
        targets=''
        set --
        for name in kernels kernels_rsa cipher hash driver_aead driver_curve driver_key driver_rsa; do
            targets="$targets test_${name}_test"
            set -- "$@" "unit/${name}_test [host]"
        done
        say "do: building build/host, build/host-lean, build/pico and build/mps2-an505"
        # shellcheck disable=SC2086 # a list of targets
        build host picket-link $targets
        build host-lean picket_cli limbo_client example_altcp example_clock example_get example_http_client \
            example_mqtt example_ota
        build pico bench_kernels bench_ciphers
        build mps2-an505 instructions instructions_c
        emulator
        status=0
        PICKET_ROUNDS=$count /usr/bin/python3 "$root/tests/run.py" --timeout 36000 "$@" || status=1
        PICKET_SECRETS=1000 /usr/bin/python3 "$root/tests/board/bench_test.py" --only 'the same *' || status=1
        /usr/bin/python3 "$root/bench/instructions.py" --rounds 1000 || status=1
        /usr/bin/python3 "$root/tests/run.py" --long '[host-lean]' || status=1
        exit $status
        ;;

    fuzz)
        need "$needs_build$needs_clang"
        need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev file=$(libfuzzer)"
        say "do: building build/fuzz"
        build fuzz fuzz
        exec /usr/bin/python3 "$root/tests/fuzz/fuzz.py" "$@"
        ;;

    size)
        [ "$(uname -m)" = x86_64 ] || fail "size compares 64-bit with 32-bit code, which only x86-64 runs both"
        need "$needs_size$needs_pico$needs_mps2"
        needs_32
        boards='pico pico2 mps2-an385 mps2-an505'
        elves=''
        for board in $boards; do
            [ -e "$root/build/$board/build.ninja" ] || say "do: building build/$board first (about a minute)"
            build "$board" all
            for elf in examples/get/get.elf demo.elf; do
                [ ! -e "$root/build/$board/$elf" ] || elves="$elves $root/build/$board/$elf"
            done
        done
        for bits in 64 32; do
            [ -x "$root/build/size$bits/memory" ] || say "do: building build/size$bits first (about a minute)"
            build_bench $bits
        done
        status=0
        # shellcheck disable=SC2086 # a list of files
        /usr/bin/python3 "$root/bench/flash.py" $elves || status=1
        /usr/bin/python3 "$root/bench/memory.py" "$root/build/size64" "$root/build/size32" || status=1
        exit $status
        ;;

    bench)
        if [ "${1-}" = mps2-an505 ]; then
            shift
            need "$needs_mps2"
            build mps2-an505 instructions instructions_c
            exec /usr/bin/python3 "$root/bench/instructions.py" "$@"
        fi
        need "$needs_pico$needs_rp2040$needs_demo"
        [ -e "$root/build/pico/rival.elf" ] || say "do: building build/pico first (two minutes)"
        build pico bench rival rival_o3
        emulator
        build host picket-link
        case " $* " in
            *" --crypto "*) build_crypto ;;
        esac
        exec /usr/bin/python3 "$root/bench/bench.py" "$@"
        ;;

    format)
        need "$needs_format"
        exec "$root/tools/check-format" --fix
        ;;

    *)
        fail "there is no '$verb'; ./do help lists what there is"
        ;;
esac
