# The programs of ./do bench for a Pico: bench (Picket) and rival (lwIP's own altcp_tls over Mbed TLS in its default
# configuration), with the same compiler and options, line, console and counter of cycles; and those of ./do bench --crypto.

include_guard(GLOBAL)

set(bench "${PROJECT_SOURCE_DIR}/bench")

# bench_program(NAME SOURCES...)
function(bench_program name)
    list(APPEND ARGN
        "${bench}/board/cycles.c" "${bench}/board/figures.c" "${bench}/board/phases.c"
        "${PROJECT_SOURCE_DIR}/examples/demo/page.c")
    add_executable(${name} EXCLUDE_FROM_ALL ${ARGN})
    picket_pico_program(${name} ${ARGN})
    target_include_directories(${name} PRIVATE "${bench}/board" "${PROJECT_SOURCE_DIR}/examples/demo")
    target_link_libraries(${name} picket_slip)
endfunction()

# bench_phases_of_mbedtls(NAME): with the functions of phases_mbedtls.c around the steps of a handshake.
function(bench_phases_of_mbedtls name)
    target_sources(${name} PRIVATE "${bench}/board/phases_mbedtls.c")
    set_source_files_properties("${bench}/board/phases_mbedtls.c" PROPERTIES COMPILE_OPTIONS "${warnings}")
    foreach(step mbedtls_ssl_write_client_hello mbedtls_ssl_handshake_client_step mbedtls_ssl_tls13_handshake_client_step)
        target_link_options(${name} PRIVATE "LINKER:--wrap=${step}")
    endforeach()
endfunction()

bench_program(bench "${bench}/board/bench.c")
bench_phases_of_mbedtls(bench)
target_link_libraries(bench picket)

# The arithmetic alone.
add_executable(bench_kernels EXCLUDE_FROM_ALL "${bench}/board/kernels.c" "${bench}/crypto/vectors.c")
picket_pico_program(bench_kernels "${bench}/board/kernels.c")
target_include_directories(bench_kernels PRIVATE "${PROJECT_SOURCE_DIR}/src" "${bench}")
target_link_libraries(bench_kernels picket_core mbedtls)

# The ciphers alone.
add_executable(bench_ciphers EXCLUDE_FROM_ALL "${bench}/board/ciphers.c")
picket_pico_program(bench_ciphers "${bench}/board/ciphers.c")
target_include_directories(bench_ciphers PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(bench_ciphers picket_core mbedtls)

# --- Rivals: what is not Picket's, over lwIP

set(rival "${bench}/rival")

# bench_rival(NAME STACK SOURCES...): with a stack of so many bytes.
function(bench_rival name stack)
    bench_program(${name}
        "${rival}/main.c" "${rival}/rival_memory.c" "${rival}/rival_stack.c" ${ARGN}
        "${PROJECT_SOURCE_DIR}/port/pico/clock.c" "${PROJECT_SOURCE_DIR}/port/pico/entropy.c"
        "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.c" "${PROJECT_SOURCE_DIR}/port/cortex_m/stack.S"
        "${PROJECT_SOURCE_DIR}/src/kernels/armv6m/copy.S") # as lwIP copies for Picket
    target_include_directories(${name} PRIVATE
        "${rival}" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/port/pico" "${PROJECT_SOURCE_DIR}/port/cortex_m")
    target_compile_definitions(${name} PRIVATE RIVAL_STACK=${stack})
    target_link_libraries(${name} pico_time hardware_sync hardware_timer)
endfunction()

# lwIP's own TLS layer. Its folder comes before Mbed TLS's: what altcp_tls_mbedtls.c, written for Mbed TLS 2, includes.
set(lwip_tls "${PICKET_LWIP_DIR}/src/apps/altcp_tls")
set_source_files_properties("${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c" PROPERTIES
    COMPILE_OPTIONS "-w;-Werror=implicit-function-declaration;-O2;-DMBEDTLS_ALLOW_PRIVATE_ACCESS"
    INCLUDE_DIRECTORIES "${PICKET_MBEDTLS_DIR}/library")

add_subdirectory("${rival}" bench_rival EXCLUDE_FROM_ALL)

# bench_altcp(NAME): with the library NAME_mbedtls.
function(bench_altcp name)
    bench_rival(${name} 16384 "${rival}/altcp.c")
    target_sources(${name} PRIVATE "${lwip_tls}/altcp_tls_mbedtls.c" "${lwip_tls}/altcp_tls_mbedtls_mem.c")
    target_compile_definitions(${name} PRIVATE RIVAL_ALTCP)
    bench_phases_of_mbedtls(${name})
    target_link_libraries(${name} ${name}_mbedtls)
endfunction()

bench_altcp(rival)
bench_altcp(rival_o3)
target_compile_options(rival_o3 PRIVATE -O3)

# Each operation alone, of Picket and of others, and whole handshakes of these.
if(PICO_RP2040)
    include("${bench}/crypto/crypto.cmake")
endif()
