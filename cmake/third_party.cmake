# The targets mbedtls and llhttp. lwIP is compiled once per set of options: see stack.cmake.

include_guard(GLOBAL)

# Everything is compiled at -O2 whatever the application's build type: a debug build of the curve arithmetic
# turns one second of handshake into twenty. The sanitizer build brings its own flags.
function(picket_optimize target)
    if(PICKET_OPTIMIZE AND NOT PICKET_SANITIZE)
        target_compile_options(${target} PRIVATE -O2)
    endif()
endfunction()

file(GLOB mbedtls_sources CONFIGURE_DEPENDS "${PICKET_MBEDTLS_DIR}/library/*.c")
add_library(mbedtls STATIC ${mbedtls_sources})
target_include_directories(mbedtls SYSTEM PUBLIC "${PICKET_MBEDTLS_DIR}/include")
target_include_directories(mbedtls
    PUBLIC "${PROJECT_SOURCE_DIR}/config" "${PROJECT_SOURCE_DIR}/include"
    PRIVATE "${PICKET_MBEDTLS_DIR}/library")
# An application's own configuration: -DMBEDTLS_CONFIG_FILE=/its/path. What Picket cannot do without is checked
# (src/tls_checks.h).
if(NOT MBEDTLS_CONFIG_FILE)
    set(MBEDTLS_CONFIG_FILE picket_mbedtls.h)
endif()
target_compile_definitions(mbedtls PUBLIC MBEDTLS_CONFIG_FILE="${MBEDTLS_CONFIG_FILE}")
target_compile_options(mbedtls PRIVATE -w)
picket_optimize(mbedtls)

add_library(llhttp STATIC ${PICKET_LLHTTP_SOURCES})
target_include_directories(llhttp SYSTEM PUBLIC "${PICKET_LLHTTP_INCLUDE}")
if(PICKET_LLHTTP_VERSION VERSION_LESS 9)
    target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1) # 9 has no other mode
endif()
target_compile_options(llhttp PRIVATE -w)
picket_optimize(llhttp)
