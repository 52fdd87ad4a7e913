# The programs of ./do bench for a Pico: bench (Picket) and rival (lwIP's own altcp_tls over Mbed TLS in its default
# configuration), with the same compiler and options, line, console and counter of cycles.

include_guard(GLOBAL)

set(bench "${PROJECT_SOURCE_DIR}/bench")

# bench_program(NAME SOURCES...): with the functions of phases.c around the steps of a handshake.
function(bench_program name)
    list(APPEND ARGN
        "${bench}/board/cycles.c" "${bench}/board/figures.c" "${bench}/board/phases.c"
        "${PROJECT_SOURCE_DIR}/examples/demo/page.c")
    add_executable(${name} EXCLUDE_FROM_ALL ${ARGN})
    picket_pico_program(${name} ${ARGN})
    target_include_directories(${name} PRIVATE "${bench}/board" "${PROJECT_SOURCE_DIR}/examples/demo")
    target_link_libraries(${name} picket_slip)
    foreach(step mbedtls_ssl_write_client_hello mbedtls_ssl_handshake_client_step mbedtls_ssl_tls13_handshake_client_step)
        target_link_options(${name} PRIVATE "LINKER:--wrap=${step}")
    endforeach()
endfunction()

bench_program(bench "${bench}/board/bench.c")
target_link_libraries(bench picket)

# --- The rival

# Its folder comes before Mbed TLS's: what altcp_tls_mbedtls.c, written for Mbed TLS 2, includes.
set(rival "${bench}/rival")
set(lwip_tls "${PICKET_LWIP_DIR}/src/apps/altcp_tls")
set(rival_options -O2 CACHE STRING "how the rival's Mbed TLS, lwIP and TLS layer are optimised")

function(rival_mbedtls_user target scope)
    target_include_directories(${target} ${scope} "${rival}")
    target_include_directories(${target} SYSTEM ${scope} "${PICKET_MBEDTLS_DIR}/include")
    target_compile_definitions(${target} ${scope} MBEDTLS_USER_CONFIG_FILE="rival_mbedtls.h")
endfunction()

add_library(rival_mbedtls STATIC EXCLUDE_FROM_ALL ${mbedtls_sources})
rival_mbedtls_user(rival_mbedtls PUBLIC)
target_include_directories(rival_mbedtls PRIVATE "${PICKET_MBEDTLS_DIR}/library")
target_compile_options(rival_mbedtls PRIVATE -w -ffunction-sections -fdata-sections ${rival_options})

bench_program(rival
    "${rival}/rival.c" "${rival}/rival_memory.c" "${rival}/rival_stack.c"
    "${PROJECT_SOURCE_DIR}/port/pico/clock.c" "${PROJECT_SOURCE_DIR}/port/pico/entropy.c"
    "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.c" "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.S")
target_sources(rival PRIVATE "${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c")
set_source_files_properties("${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c" PROPERTIES
    COMPILE_OPTIONS "-w;-Werror=implicit-function-declaration;-O2;-DMBEDTLS_ALLOW_PRIVATE_ACCESS"
    INCLUDE_DIRECTORIES "${PICKET_MBEDTLS_DIR}/library")
target_include_directories(rival PRIVATE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/port/pico" "${PROJECT_SOURCE_DIR}/port/cortex_m")
target_link_libraries(rival rival_mbedtls pico_time hardware_sync hardware_timer)
