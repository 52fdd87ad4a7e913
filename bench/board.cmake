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

# The arithmetic alone.
add_executable(bench_kernels EXCLUDE_FROM_ALL "${bench}/board/kernels.c")
picket_pico_program(bench_kernels "${bench}/board/kernels.c")
target_include_directories(bench_kernels PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(bench_kernels picket_core mbedtls)

# The ciphers alone.
add_executable(bench_ciphers EXCLUDE_FROM_ALL "${bench}/board/ciphers.c")
picket_pico_program(bench_ciphers "${bench}/board/ciphers.c")
target_include_directories(bench_ciphers PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(bench_ciphers picket_core mbedtls)

# --- The rival

# Its folder comes before Mbed TLS's: what altcp_tls_mbedtls.c, written for Mbed TLS 2, includes.
set(rival "${bench}/rival")
set(lwip_tls "${PICKET_LWIP_DIR}/src/apps/altcp_tls")
set_source_files_properties("${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c" PROPERTIES
    COMPILE_OPTIONS "-w;-Werror=implicit-function-declaration;-O2;-DMBEDTLS_ALLOW_PRIVATE_ACCESS"
    INCLUDE_DIRECTORIES "${PICKET_MBEDTLS_DIR}/library")

add_subdirectory("${rival}" bench_rival EXCLUDE_FROM_ALL)

# bench_rival(NAME): with the library NAME_mbedtls.
function(bench_rival name)
    bench_program(${name}
        "${rival}/rival.c" "${rival}/rival_memory.c" "${rival}/rival_stack.c"
        "${PROJECT_SOURCE_DIR}/port/pico/clock.c" "${PROJECT_SOURCE_DIR}/port/pico/entropy.c"
        "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.c" "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.S")
    target_sources(${name} PRIVATE "${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c")
    target_include_directories(${name} PRIVATE
        "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/port/pico" "${PROJECT_SOURCE_DIR}/port/cortex_m")
    target_link_libraries(${name} ${name}_mbedtls pico_time hardware_sync hardware_timer)
endfunction()

bench_rival(rival)
bench_rival(rival_o3)
target_compile_options(rival_o3 PRIVATE -O3)
