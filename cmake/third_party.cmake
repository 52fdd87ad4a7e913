# The targets mbedtls and llhttp. lwIP is compiled once per set of options: see stack.cmake.

include_guard(GLOBAL)

# How Mbed TLS, llhttp, lwIP and Picket are compiled, whatever the application's build type is: a debug build of the
# curve arithmetic turns one second of handshake into twenty. On a board flash counts as well: there the arithmetic,
# where the cycles are, has -O2, and what only calls it -Os. The sanitizer build brings its own flags.
set(PICKET_ARITHMETIC
    aes bignum bignum_core chacha20 constant_time ecp_curves gcm platform_util poly1305)
if(PICKET_OPTIMIZE_SIZE STREQUAL "")
    set(PICKET_PROTOCOL_FLAG -O2)
    if(PICO_SDK_VERSION_STRING OR CMAKE_SYSTEM_NAME STREQUAL "Generic")
        set(PICKET_PROTOCOL_FLAG -Os)
    endif()
elseif(PICKET_OPTIMIZE_SIZE)
    set(PICKET_PROTOCOL_FLAG -Os)
else()
    set(PICKET_PROTOCOL_FLAG -O2)
endif()

function(picket_optimize target)
    if(PICKET_OPTIMIZE AND NOT PICKET_SANITIZE)
        target_compile_options(${target} PRIVATE ${PICKET_PROTOCOL_FLAG})
    endif()
endfunction()

file(GLOB mbedtls_sources CONFIGURE_DEPENDS "${PICKET_MBEDTLS_DIR}/library/*.c")
add_library(mbedtls STATIC ${mbedtls_sources})
target_include_directories(mbedtls SYSTEM PUBLIC "${PICKET_MBEDTLS_DIR}/include")
target_include_directories(mbedtls
    PUBLIC "${PROJECT_SOURCE_DIR}/config" "${PROJECT_SOURCE_DIR}/include"
    PRIVATE "${PICKET_MBEDTLS_DIR}/library" "${PICKET_TOP}/src/driver")
option(PICKET_STOCK_CRYPTO "no arithmetic of Picket's under Mbed TLS" OFF)
if(PICKET_STOCK_CRYPTO)
    target_compile_definitions(mbedtls PUBLIC PICKET_STOCK_CRYPTO=1)
endif()
set(PICKET_STOCK_CURVES "" CACHE STRING "Mbed TLS's own curves beside Picket's; empty: where something needs them (picket/options.h)")
if(NOT PICKET_STOCK_CURVES STREQUAL "")
    target_compile_definitions(mbedtls PUBLIC PICKET_STOCK_CURVES=$<BOOL:${PICKET_STOCK_CURVES}>)
endif()
# An application's own configuration: -DMBEDTLS_CONFIG_FILE=/its/path. What Picket cannot do without is checked
# (src/tls_checks.h).
if(NOT MBEDTLS_CONFIG_FILE)
    set(MBEDTLS_CONFIG_FILE picket_mbedtls.h)
endif()
target_compile_definitions(mbedtls PUBLIC MBEDTLS_CONFIG_FILE="${MBEDTLS_CONFIG_FILE}")
target_compile_options(mbedtls PRIVATE -w)
set_source_files_properties("${PICKET_MBEDTLS_DIR}/library/ssl_msg.c" PROPERTIES
    COMPILE_OPTIONS "-include;${PICKET_TOP}/src/driver/copy.h")
picket_optimize(mbedtls)
# It compares the empty names of a certificate that it could not read, by memcmp(NULL, NULL, 0).
if(PICKET_SANITIZE)
    target_compile_options(mbedtls PRIVATE -fno-sanitize=nonnull-attribute)
endif()

# Without client certificates nothing is ever signed, but the tables of Mbed TLS's public-key layer name the functions
# that sign, decrypt and read private keys, so that a linker keeps them: these calls are led into src/tls_identity.c, and
# 6 kB of flash are free.
set(PICKET_CLIENT_CERT "" CACHE STRING "client certificates; empty: on machines of 64 bits")
if(PICKET_CLIENT_CERT STREQUAL "")
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(client_cert 1)
    else()
        set(client_cert 0)
    endif()
elseif(PICKET_CLIENT_CERT)
    set(client_cert 1)
else()
    set(client_cert 0)
endif()
target_compile_definitions(mbedtls PUBLIC PICKET_CLIENT_CERT=${client_cert})
if(NOT client_cert)
    target_compile_definitions(mbedtls PUBLIC PICKET_NO_SIGNING=1)
    foreach(name IN ITEMS
            mbedtls_ecdsa_sign mbedtls_pk_psa_rsa_sign_ext mbedtls_pk_sign mbedtls_pk_sign_ext
            mbedtls_pk_sign_restartable mbedtls_psa_ecdsa_sign_hash mbedtls_psa_rsa_sign_hash
            mbedtls_ecdsa_raw_to_der mbedtls_rsa_check_pub_priv mbedtls_rsa_complete mbedtls_rsa_deduce_crt
            mbedtls_rsa_deduce_primes mbedtls_rsa_deduce_private_exponent mbedtls_rsa_parse_key
            mbedtls_rsa_pkcs1_decrypt mbedtls_rsa_pkcs1_encrypt mbedtls_rsa_pkcs1_sign mbedtls_rsa_rsassa_pss_sign
            mbedtls_rsa_write_key psa_asymmetric_decrypt psa_asymmetric_encrypt psa_sign_hash)
        target_link_options(mbedtls INTERFACE "LINKER:--wrap=${name}")
    endforeach()
endif()

# Mbed TLS's curves for tests that compare with them, whether they are in the library or not.
set(mbedtls_curves ecdsa ecp ecp_curves ecp_curves_new)
list(TRANSFORM mbedtls_curves REPLACE "(.+)" "${PICKET_MBEDTLS_DIR}/library/\\1.c")
add_library(mbedtls_curves OBJECT EXCLUDE_FROM_ALL ${mbedtls_curves})
target_include_directories(mbedtls_curves PRIVATE "${PICKET_MBEDTLS_DIR}/library" "${PICKET_TOP}/src/driver")
target_link_libraries(mbedtls_curves PRIVATE mbedtls)
target_compile_options(mbedtls_curves
    PRIVATE -w
    PUBLIC -UPICKET_STOCK_CURVES -DPICKET_STOCK_CURVES=1)
picket_optimize(mbedtls_curves)

# Where Picket's own comes first and Mbed TLS's curves are not there at all, it is hardly ever used.
if(PICKET_OPTIMIZE AND NOT PICKET_SANITIZE AND (PICKET_STOCK_CRYPTO OR PICKET_STOCK_CURVES OR client_cert OR CMAKE_SIZEOF_VOID_P EQUAL 8))
    foreach(name IN LISTS PICKET_ARITHMETIC)
        set_source_files_properties("${PICKET_MBEDTLS_DIR}/library/${name}.c" PROPERTIES COMPILE_OPTIONS -O2)
    endforeach()
endif()

add_library(llhttp STATIC ${PICKET_LLHTTP_SOURCES})
# It calls abort in states that it is never in. newlib's brings signals and the heap along: 4 kB of flash, 1 kB of RAM. A trap is a fault, as
# any other.
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND (PICO_SDK_VERSION_STRING OR CMAKE_SYSTEM_NAME STREQUAL "Generic"))
    target_compile_definitions(llhttp PRIVATE abort=__builtin_trap)
endif()
target_include_directories(llhttp SYSTEM PUBLIC "${PICKET_LLHTTP_INCLUDE}")
if(PICKET_LLHTTP_VERSION VERSION_LESS 9)
    target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1) # 9 has no other mode
endif()
target_compile_options(llhttp PRIVATE -w)
picket_optimize(llhttp)
