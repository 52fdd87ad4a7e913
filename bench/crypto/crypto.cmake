# The programs of ./do bench --crypto: each measures one operation of one library, on bare metal, with nothing else in it; as
# crypto/PEER-OPERATION.elf for the emulated RP2040 and crypto/mps2/... for QEMU, of the same objects. And rival_bearssl and
# rival_wolfssl, which make whole handshakes over lwIP (board.cmake). The target is crypto.
#
# Picket and Mbed TLS are as ./do bench has them. BearSSL and wolfSSL are only for comparison: no other target links them. They
# are taken from BEARSSL_DIR and WOLFSSL_DIR (CMake variable or environment) or from build/deps; -DPICKET_BENCH_PEERS=ON asks the
# Debian mirror for them, once. What cannot be had is left out.

include_guard(GLOBAL)

set(crypto "${PROJECT_SOURCE_DIR}/bench/crypto")
set(PICKET_CRYPTO_OPERATIONS
    x25519_public x25519_shared p256_public p256_shared p256_verify p384_verify rsa2048_verify rsa3072_verify rsa4096_verify
    chacha20_poly1305 chacha20_poly1305_aligned aes_128_gcm aes_128_gcm_aligned sha256 sha256_aligned)

# --- The harness

set(strict -O2 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror)
set(own -ffunction-sections -fdata-sections ${strict})

# crypto_library(NAME SOURCES...): of our own code.
function(crypto_library name)
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${ARGN})
    target_include_directories(${name} PRIVATE "${crypto}" "${bench}/rival")
    target_compile_options(${name} PRIVATE ${own})
endfunction()

crypto_library(crypto_harness
    "${crypto}/main.c" "${crypto}/ops.c" "${crypto}/vectors.c" "${crypto}/board.c" "${bench}/rival/rival_memory.c")
crypto_library(crypto_rp2040 "${crypto}/rp2040.c")
# Products of 64 bits as in every program with the pico-sdk: libgcc's take up to twice as long.
add_library(crypto_int64 OBJECT EXCLUDE_FROM_ALL "${PICO_SDK_PATH}/src/rp2_common/pico_int64_ops/pico_int64_ops_aeabi.S")
target_link_libraries(crypto_int64 PRIVATE pico_base_headers pico_platform_headers)
crypto_library(crypto_mps2 "${crypto}/mps2.c")

add_custom_target(crypto)
add_custom_target(crypto_own) # no library but ours: for a test

# crypto_program(PEER OPERATION BOARD LIBRARIES...)
function(crypto_program peer operation board)
    set(name crypto-${peer}-${operation}-${board})
    add_executable(${name} EXCLUDE_FROM_ALL
        $<TARGET_OBJECTS:crypto_harness> $<TARGET_OBJECTS:crypto_${board}> $<TARGET_OBJECTS:crypto_int64>
        $<$<TARGET_EXISTS:crypto_${peer}>:$<TARGET_OBJECTS:crypto_${peer}>>)
    set_target_properties(${name} PROPERTIES
        OUTPUT_NAME ${peer}-${operation} SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/crypto/${board}" LINKER_LANGUAGE C)
    target_link_libraries(${name} PRIVATE ${ARGN})
    # What counts the heap and the C library's are in all programs, the empty one too.
    target_link_options(${name} PRIVATE
        -nostartfiles --specs=nano.specs "-L${crypto}" -T ${board}.ld LINKER:--gc-sections LINKER:--no-warn-rwx-segments
        LINKER:--defsym=bench_op=bench_op_${operation} LINKER:-u,bench_op_${operation} LINKER:-u,rival_calloc LINKER:-u,rival_free
        LINKER:--wrap=__aeabi_lmul
        "LINKER:-Map=$<TARGET_FILE:${name}>.map")
    set_target_properties(${name} PROPERTIES LINK_DEPENDS "${crypto}/${board}.ld;${crypto}/sections.ld")
    add_dependencies(crypto ${name})
    if(peer MATCHES "picket|empty")
        add_dependencies(crypto_own ${name})
    endif()
endfunction()

# crypto_peer(NAME LIBRARIES...): with the object library crypto_NAME.
function(crypto_peer peer)
    foreach(board rp2040 mps2)
        foreach(operation IN LISTS PICKET_CRYPTO_OPERATIONS)
            crypto_program(${peer} ${operation} ${board} ${ARGN})
        endforeach()
    endforeach()
endfunction()

crypto_program(empty nothing rp2040)
crypto_program(empty wrong rp2040)

# --- Picket and Mbed TLS

crypto_library(crypto_picket "${crypto}/picket.c")
target_include_directories(crypto_picket PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(crypto_picket PRIVATE picket_core mbedtls)
crypto_peer(picket picket_core mbedtls)

crypto_library(crypto_mbedtls "${crypto}/mbedtls.c")
target_link_libraries(crypto_mbedtls PRIVATE rival_mbedtls)
crypto_peer(mbedtls rival_mbedtls)

# --- BearSSL and wolfSSL

function(picket_look_bearssl tree)
    set(WHY "")
    if(NOT EXISTS "${tree}/inc/bearssl.h" OR NOT EXISTS "${tree}/src/ec/ec_p256_m15.c")
        set(WHY "there is no inc/bearssl.h or src/ec/ec_p256_m15.c in it (what is wanted is the top of a BearSSL source tree)")
    endif()
    set(WHY "${WHY}" PARENT_SCOPE)
endfunction()

function(picket_look_wolfssl tree)
    set(WHY "")
    if(NOT EXISTS "${tree}/wolfssl/wolfcrypt/settings.h" OR NOT EXISTS "${tree}/wolfcrypt/src/sp_armthumb.c")
        set(WHY "there is no wolfssl/wolfcrypt/settings.h or wolfcrypt/src/sp_armthumb.c in it (what is wanted is the top of a wolfSSL 5 "
            "source tree)")
    endif()
    set(WHY "${WHY}" PARENT_SCOPE)
endfunction()

# crypto_find(NAME NAME_IN_CAPITALS): sets TREE, or nothing and says why.
function(crypto_find name NAME)
    set(tree "${PICKET_DEPS_DIR}/${name}")
    set(given "")
    if(NOT "${${NAME}_DIR}" STREQUAL "")
        set(given "${${NAME}_DIR}")
    elseif(NOT "$ENV{${NAME}_DIR}" STREQUAL "")
        set(given "$ENV{${NAME}_DIR}")
    endif()
    if(given)
        get_filename_component(tree "${given}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        cmake_language(CALL picket_look_${name} "${tree}")
        if(WHY)
            message(FATAL_ERROR "${NAME}_DIR is ${given}, but ${WHY}.")
        endif()
    else()
        file(LOCK "${PICKET_DEPS_DIR}/.lock" TIMEOUT 1200)
        cmake_language(CALL picket_look_${name} "${tree}")
        if(WHY AND PICKET_BENCH_PEERS)
            picket_ask_debian(${name} "${tree}")
            if(failed)
                message(STATUS "${trouble}")
            elseif(WHY)
                message(STATUS "${name}: what was fetched cannot be used: ${WHY}")
            endif()
        endif()
        file(LOCK "${PICKET_DEPS_DIR}/.lock" RELEASE)
    endif()
    set(TREE "" PARENT_SCOPE)
    if(NOT WHY)
        set(from "${NAME}_DIR")
        if(NOT given)
            picket_read_origin(${name} "${tree}")
        endif()
        message(STATUS "${name}, for ./do bench --crypto: ${from}")
        set(PEERS "${PEERS}${name} ${from}\n" PARENT_SCOPE)
        set(TREE "${tree}" PARENT_SCOPE)
    endif()
endfunction()

set(PEERS "picket ${PROJECT_VERSION}\nmbedtls ${PICKET_MBEDTLS_VERSION}, its default configuration, -O2\n")

crypto_find(bearssl BEARSSL)
set(BEARSSL_TREE "${TREE}")
crypto_find(wolfssl WOLFSSL)
set(WOLFSSL_TREE "${TREE}")
unset(PICKET_BENCH_PEERS CACHE) # was asked once
file(WRITE "${CMAKE_BINARY_DIR}/crypto/peers" "${PEERS}") # what there is

if(BEARSSL_TREE)
    file(GLOB_RECURSE sources "${BEARSSL_TREE}/src/*.c")
    add_library(crypto_bearssl_library STATIC EXCLUDE_FROM_ALL ${sources})
    target_include_directories(crypto_bearssl_library SYSTEM PUBLIC "${BEARSSL_TREE}/inc" PRIVATE "${BEARSSL_TREE}/src")
    target_compile_definitions(crypto_bearssl_library PRIVATE BR_ARMEL_CORTEXM_GCC=1 BR_USE_UNIX_TIME=0 BR_USE_URANDOM=0)
    target_compile_options(crypto_bearssl_library PRIVATE -w -O2 -ffunction-sections -fdata-sections)
    crypto_library(crypto_bearssl "${crypto}/bearssl.c")
    target_link_libraries(crypto_bearssl PRIVATE crypto_bearssl_library)
    crypto_peer(bearssl crypto_bearssl_library)

    bench_rival(rival_bearssl 8192 "${rival}/bearssl.c" "${rival}/line.c")
    target_link_libraries(rival_bearssl crypto_bearssl_library)
    add_dependencies(crypto rival_bearssl)
endif()

# crypto_wolfssl_library(NAME OPTION SOURCES...): of SOURCES of its tree, without .c.
function(crypto_wolfssl_library name option)
    list(TRANSFORM ARGN REPLACE "(.+)" "${WOLFSSL_TREE}/\\1.c")
    add_library(${name} STATIC EXCLUDE_FROM_ALL ${ARGN})
    target_include_directories(${name} SYSTEM PUBLIC "${WOLFSSL_TREE}")
    target_include_directories(${name} PUBLIC "${crypto}/wolfssl")
    target_compile_definitions(${name} PUBLIC WOLFSSL_USER_SETTINGS)
    target_compile_options(${name} PRIVATE -w ${option} -ffunction-sections -fdata-sections -fomit-frame-pointer)
endfunction()

if(WOLFSSL_TREE)
    set(arithmetic aes chacha chacha20_poly1305 curve25519 fe_low_mem fe_operations poly1305 sha256 sha512 sp_armthumb sp_c32)
    set(others asn coding ecc hash logging memory random rsa sp_int wc_port wolfmath)
    list(TRANSFORM arithmetic PREPEND wolfcrypt/src/)
    list(TRANSFORM others PREPEND wolfcrypt/src/)
    crypto_wolfssl_library(crypto_wolfssl_library -O2 ${arithmetic} ${others})
    crypto_library(crypto_wolfssl "${crypto}/wolfssl.c")
    target_link_libraries(crypto_wolfssl PRIVATE crypto_wolfssl_library)
    crypto_peer(wolfssl crypto_wolfssl_library)

    # As Picket is compiled: for speed what the cycles are in.
    crypto_wolfssl_library(crypto_wolfssl_arithmetic -O2 ${arithmetic})
    crypto_wolfssl_library(crypto_wolfssl_tls -Os ${others} wolfcrypt/src/error wolfcrypt/src/hmac wolfcrypt/src/kdf
        wolfcrypt/src/signature src/internal src/keys src/ssl src/tls src/tls13 src/wolfio)
    foreach(library crypto_wolfssl_arithmetic crypto_wolfssl_tls)
        target_compile_definitions(${library} PUBLIC BENCH_WOLFSSL_TLS)
        target_include_directories(${library} PRIVATE "${rival}")
    endforeach()
    target_link_libraries(crypto_wolfssl_arithmetic PRIVATE crypto_wolfssl_tls)
    target_link_libraries(crypto_wolfssl_tls PRIVATE crypto_wolfssl_arithmetic)
    bench_rival(rival_wolfssl 40960 "${rival}/wolfssl.c" "${rival}/line.c")
    target_link_libraries(rival_wolfssl crypto_wolfssl_tls)
    add_dependencies(crypto rival_wolfssl)
endif()
