# The test programs and the examples: one .c file each.

include_guard(GLOBAL)

# Every tests/unit/*.c, tests/wire/*.c and tests/port/*.c is one program, build/<preset>/tests/<its name>.
file(GLOB support CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
file(GLOB unit CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/unit/*.c")
if(PICKET_STOCK_CRYPTO)
    list(FILTER unit EXCLUDE REGEX "kernels_rsa_test|driver_.*_test") # of src/driver
endif()
file(GLOB wire CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/wire/*.c")
file(GLOB port CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/port/*.c")

# With the Linux port's switch of stacks, which knows neither lwIP nor the rest of that port.
picket_library(test_support ${support}
    "${PROJECT_SOURCE_DIR}/port/linux/stack.c" "${PROJECT_SOURCE_DIR}/port/linux/stack_switch.S")
# -iquote: src/error.h must not stand in for the system's <error.h>.
target_compile_options(test_support ${SCOPE}
    "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/support\"" "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/src\""
    "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/port/linux\"")
target_link_libraries(test_support ${SCOPE} picket_core llhttp)
if(support)
    set_target_properties(test_support PROPERTIES C_EXTENSIONS ON)
endif()

# The servers alone, for the tests of the port: the ports of test_support would stand in for the real one.
picket_library(test_server "${PROJECT_SOURCE_DIR}/tests/support/tls_server.c")
set_target_properties(test_server PROPERTIES C_EXTENSIONS ON)
target_link_libraries(test_server PUBLIC picket_core)

# The altcp layer with windows of so many segments, and deadlines that a test can wait for.
foreach(mss 2 4 8 16)
    picket_altcp_stack(-altcp-wnd${mss} PICKET_TCP_WND_MSS=${mss} PICKET_CONNECT_MS=2500 PICKET_IDLE_MS=2000)
endforeach()
function(picket_altcp_test test suffix)
    picket_link_stack(${test} ${suffix})
    target_link_libraries(${test} PRIVATE picket_altcp_layer${suffix})
    target_compile_options(${test} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/src\"")
endfunction()

set(names "")
foreach(source IN LISTS unit wire port)
    get_filename_component(name "${source}" NAME_WE)
    if(TARGET test_${name})
        message(FATAL_ERROR "Two folders of tests/ have a ${name}.c: programs need different names.")
    endif()
    list(APPEND names ${name})
    add_executable(test_${name} "${source}")
    picket_our_code(test_${name})
    set_target_properties(test_${name} PROPERTIES
        C_EXTENSIONS ON
        OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    if(source IN_LIST port)
        target_compile_options(test_${name} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/support\"")
        target_link_libraries(test_${name} PRIVATE test_server)
        if(name STREQUAL "altcp_threads_test") # with the deadlines of everybody
            picket_altcp_test(test_${name} -altcp)
            continue()
        elseif(name MATCHES "^altcp")
            picket_altcp_test(test_${name} -altcp-wnd16)
            continue()
        endif()
        picket_link_stack(test_${name} "")
    else()
        target_link_libraries(test_${name} PRIVATE
            test_support picket_core "$<LINK_GROUP:RESCAN,picket_core,picket_trust_web,mbedtls,llhttp>")
    endif()
endforeach()
foreach(name kernels_test driver_key_test)
    if(TARGET test_${name})
        target_link_libraries(test_${name} PRIVATE mbedtls_curves)
    endif()
endforeach()
# The board that runs lwIP in all three ways.
foreach(name threads_test altcp_threads_test)
    target_sources(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/models/models.c")
    target_compile_options(test_${name} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/support/models\"")
endforeach()
foreach(mss 2 4 8)
    set(name altcp_test_wnd${mss})
    list(APPEND names ${name})
    add_executable(test_${name} "${PROJECT_SOURCE_DIR}/tests/port/altcp_test.c")
    picket_our_code(test_${name})
    set_target_properties(test_${name} PROPERTIES
        C_EXTENSIONS ON
        OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_compile_options(test_${name} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/support\"")
    target_link_libraries(test_${name} PRIVATE test_server)
    picket_altcp_test(test_${name} -altcp-wnd${mss})
endforeach()
# The board to copy, on a machine that the test makes up. -idirafter: with the arch/ of Linux, as the lwIP here.
target_sources(test_template_test PRIVATE
    "${PROJECT_SOURCE_DIR}/port/template/template_port.c" "${PROJECT_SOURCE_DIR}/port/template/template_netif.c")
target_compile_options(test_template_test PRIVATE "SHELL:-idirafter \"${PROJECT_SOURCE_DIR}/port/template\"")
target_sources(test_slip_test PRIVATE "${PROJECT_SOURCE_DIR}/link/slip.c" "${PROJECT_SOURCE_DIR}/link/queue.c")
target_compile_options(test_slip_test PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/link\"")
# The secure element, and one that the test makes up.
target_sources(test_optiga_test PRIVATE
    "${PROJECT_SOURCE_DIR}/port/optiga/link.c" "${PROJECT_SOURCE_DIR}/port/optiga/optiga.c"
    "${PROJECT_SOURCE_DIR}/port/optiga/use.c" "${PROJECT_SOURCE_DIR}/tests/support/optiga/optiga_chip.c")
target_include_directories(test_optiga_test PRIVATE
    "${PROJECT_SOURCE_DIR}/port/optiga" "${PROJECT_SOURCE_DIR}/tests/support/optiga")
# The client of tests/interop/limbo_test.py and chain_test.py.
add_executable(limbo_client "${PROJECT_SOURCE_DIR}/tests/interop/limbo_client.c")
picket_our_code(limbo_client)
set_target_properties(limbo_client PROPERTIES C_EXTENSIONS ON RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
target_link_options(limbo_client PRIVATE LINKER:--wrap=psa_verify_hash)
target_link_libraries(limbo_client PRIVATE
    test_support picket_core "$<LINK_GROUP:RESCAN,picket_core,mbedtls,llhttp>")
# What tests/interop/vectors_test.py runs.
if(NOT PICKET_STOCK_CRYPTO)
    add_executable(vectors "${PROJECT_SOURCE_DIR}/tests/board/vectors.c")
    picket_our_code(vectors)
    set_target_properties(vectors PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_link_libraries(vectors PRIVATE
        test_support picket_core "$<LINK_GROUP:RESCAN,picket_core,picket_trust_web,mbedtls,llhttp>")
endif()
# Every tests/fuzz/NAME_fuzz.c is one program, with libFuzzer (PICKET_FUZZ) or with the driver that runs its corpus.
file(GLOB fuzz CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.c")
set(fuzz_names "")
foreach(source IN LISTS fuzz)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" what "${name}")
    list(APPEND fuzz_names ${name})
    add_executable(test_${name} "${source}")
    if(PICKET_FUZZ)
        target_link_options(test_${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/driver.c")
    endif()
    picket_our_code(test_${name})
    target_compile_definitions(test_${name} PRIVATE FUZZ_CORPUS="${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${what}")
    target_compile_options(test_${name} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/tests/fuzz\"")
    set_target_properties(test_${name} PROPERTIES
        C_EXTENSIONS ON
        OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    target_link_libraries(test_${name} PRIVATE
        test_support picket_core "$<LINK_GROUP:RESCAN,picket_core,picket_trust_web,mbedtls,llhttp>")
endforeach()
list(TRANSFORM fuzz_names PREPEND test_ OUTPUT_VARIABLE fuzz_targets)
add_custom_target(fuzz DEPENDS ${fuzz_targets})
list(APPEND names ${fuzz_names})
# The runner takes the names from here, so that the program of a test that was removed is not run.
string(REPLACE ";" "\n" names "${names}")
file(WRITE "${PROJECT_BINARY_DIR}/tests/programs.txt" "${names}\n")

# Every examples/NAME/*.c is the program build/<preset>/examples/example_NAME.
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*/*.c")
list(FILTER sources EXCLUDE REGEX "/examples/demo/|/(pico|wired|slot|notes|flash)\\.c$") # for boards
foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(name "${folder}" NAME)
    if(TARGET example_${name})
        target_sources(example_${name} PRIVATE "${source}")
        continue()
    endif()
    add_executable(example_${name} "${source}")
    picket_our_code(example_${name})
    set_target_properties(example_${name} PROPERTIES
        C_EXTENSIONS ON
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
    if(name MATCHES "^(altcp|mqtt|http_client)$") # written for lwIP's altcp_tls.h
        target_link_libraries(example_${name} PRIVATE lwip_apps-altcp picket_altcp)
    else()
        picket_link_stack(example_${name} "")
    endif()
endforeach()

# The computer's side of a board on a serial line (link/): libslirp and the Linux port's way to it, without lwIP.
add_executable(picket-link
    link/bridge.c link/ether.c link/main.c link/packet.c link/queue.c link/serial.c link/slip.c
    port/linux/nat.c port/linux/trace.c port/linux/nanoseconds.c)
picket_our_code(picket-link)
set_target_properties(picket-link PROPERTIES C_EXTENSIONS ON RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
target_include_directories(picket-link PRIVATE include port/linux)
target_link_libraries(picket-link PRIVATE slirp ${SLIRP_LIBRARY})
