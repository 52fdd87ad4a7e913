# Picket on bare metal: QEMU's mps2-an385 and mps2-an505 (cmake/toolchain-mps2.cmake).

include_guard(GLOBAL)

set(PICKET_MAIN_STACK 2048 CACHE STRING "bytes of main's stack")

set(LWIP_DIR_GIVEN "${LWIP_DIR}")
set(LWIP_DIR "${PICKET_LWIP_DIR}")
include("${PICKET_LWIP_DIR}/src/Filelists.cmake")
set(LWIP_DIR "${LWIP_DIR_GIVEN}")

add_library(lwip STATIC
    ${lwipcore_SRCS} ${lwipcore4_SRCS} ${lwipcore6_SRCS} "${PICKET_LWIP_DIR}/src/netif/ethernet.c")
target_include_directories(lwip SYSTEM PUBLIC "${PICKET_LWIP_DIR}/src/include")
target_include_directories(lwip
    PUBLIC "${PROJECT_SOURCE_DIR}/config" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/port/mps2")
target_compile_options(lwip PRIVATE -w)
picket_optimize(lwip)

file(GLOB lwip_sources CONFIGURE_DEPENDS port/lwip/*.c)
add_library(picket_lwip STATIC ${lwip_sources})
picket_our_code(picket_lwip)
target_include_directories(picket_lwip PUBLIC "${PROJECT_SOURCE_DIR}/port/lwip")
target_link_libraries(picket_lwip PUBLIC lwip picket_core)

file(GLOB board_sources CONFIGURE_DEPENDS port/mps2/*.c port/cortex_m/*.c port/cortex_m/*.S)
add_library(picket_mps2 STATIC ${board_sources})
picket_our_code(picket_mps2)
target_include_directories(picket_mps2 PUBLIC "${PROJECT_SOURCE_DIR}/port/mps2" "${PROJECT_SOURCE_DIR}/port/cortex_m")
target_link_libraries(picket_mps2 PUBLIC picket_lwip)
string(TOUPPER "${PICKET_BOARD}" board)
string(REPLACE "-" "_" board "${board}")
target_compile_definitions(picket_mps2 PUBLIC PICKET_${board}=1)

# CMake knows this of Linux, but of no machine without a system.
set(CMAKE_C_LINK_GROUP_USING_RESCAN_SUPPORTED TRUE)
set(CMAKE_C_LINK_GROUP_USING_RESCAN "LINKER:--start-group" "LINKER:--end-group")

# What an application links: all of it. The libraries refer to each other both ways, so they are one group.
add_library(picket INTERFACE)
target_link_libraries(picket INTERFACE
    picket_mps2 picket_lwip lwip picket_core
    "$<LINK_GROUP:RESCAN,picket_mps2,picket_lwip,lwip,picket_core,picket_trust_web,mbedtls,llhttp>")
string(REPLACE "mps2-" "" machine "${PICKET_BOARD}")
target_link_options(picket INTERFACE
    "-L${PROJECT_SOURCE_DIR}/port/mps2" -T ${machine}.ld "-Wl,--defsym=picket_main_stack_size=$<IF:$<IN_LIST:$<TARGET_PROPERTY:NAME>,kernels$<SEMICOLON>keys$<SEMICOLON>kernels_rsa$<SEMICOLON>ciphers$<SEMICOLON>vectors$<SEMICOLON>instructions$<SEMICOLON>instructions_c>,16384,${PICKET_MAIN_STACK}>"
    "-Wl,-Map=$<TARGET_FILE:$<TARGET_PROPERTY:NAME>>.map" -Wl,--no-warn-rwx-segments
    -Wl,-u,_write) # newlib.c, which the C library looks for when the group has been read
add_library(picket::picket ALIAS picket)

if(PROJECT_IS_TOP_LEVEL)
    # picket_program(NAME SOURCES...): build/<preset>/NAME.elf
    function(picket_program name)
        add_executable(${name} ${ARGN})
        picket_our_code(${name})
        set_target_properties(${name} PROPERTIES SUFFIX .elf)
        target_link_libraries(${name} PRIVATE picket)
    endfunction()

    picket_program(selftest tests/board/selftest.c tests/board/registers.S)
    # The arithmetic as this processor's machine code, against Mbed TLS's.
    picket_program(kernels tests/unit/kernels_test.c)
    picket_program(keys tests/unit/driver_key_test.c)
    foreach(name kernels keys)
        target_link_libraries(${name} PRIVATE mbedtls_curves)
    endforeach()
    picket_program(kernels_rsa tests/unit/kernels_rsa_test.c)
    picket_program(ciphers tests/unit/cipher_test.c)
    picket_program(vectors tests/board/vectors.c)
    picket_program(copies tests/unit/copy_test.c)
    picket_program(hashes tests/unit/hash_test.c)
    foreach(name kernels keys kernels_rsa ciphers copies hashes vectors)
        target_compile_options(${name} PRIVATE
            "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/support\"" "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/src\"")
    endforeach()
    # The arithmetic's instructions, with the kernels for this processor and with those in C (bench/instructions.py).
    if(PICKET_BOARD STREQUAL "mps2-an505")
        file(GLOB kernels_in_c CONFIGURE_DEPENDS src/kernels/*.c src/kernels/portable/*.c)
        picket_program(instructions bench/mps2/instructions.c)
        picket_program(instructions_c bench/mps2/instructions.c ${kernels_in_c})
        target_compile_definitions(instructions_c PRIVATE PICKET_PORTABLE_KERNELS=1)
        foreach(name instructions instructions_c)
            target_compile_options(${name} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/src\""
                "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/bench\"")
        endforeach()
    endif()
    picket_program(demo examples/demo/demo.c examples/demo/page.c examples/demo/board_mps2.c)
endif()
