# Picket on the pico-sdk: RP2040 and RP2350.
#
#   target_link_libraries(app picket pico_cyw43_arch_lwip_threadsafe_background)    Wi-Fi; also ..._lwip_poll and
#                                                                                   ..._lwip_sys_freertos
#   target_link_libraries(app picket picket_slip)                                   a serial line
#   target_link_libraries(app ... picket_optiga)                                    a secure element on I2C
#   target_link_libraries(app picket_altcp pico_cyw43_arch_lwip_...)                lwIP's altcp_tls.h, on Picket: in place
#                                                                                   of pico_lwip_mbedtls, pico_mbedtls
#
# picket brings config/lwipopts.h along. It is overridden by a lwipopts.h on the application's own include path, or
# in parts by a header that PICKET_LWIP_OPTIONS_FILE names. So the sources that depend on lwIP's options
# are compiled within the application, as the SDK's own libraries are; the rest is in static libraries.

include_guard(GLOBAL)

# Only what is called is to be in the image.
foreach(target mbedtls llhttp picket_core)
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endforeach()
# The table that AES looks secrets up in: the main memory of RP2040 and RP2350 is striped, so that another master that gets in
# the way does so depending on the word; a small bank is one. A program that needs this bank whole (PICO_CORE1_STACK_SIZE above
# 3 kB) names another section, ".bss.picket" say.
set(PICKET_TABLES_SECTION .scratch_x.picket CACHE STRING "the section of AES's table of 1 kB")
if(PICO_RP2040 OR PICO_RP2350)
    set_source_files_properties(src/kernels/aes.c PROPERTIES COMPILE_DEFINITIONS "PICKET_TABLES_SECTION=\"${PICKET_TABLES_SECTION}\"")
endif()
# The kernels in RAM: 9 kB of it (7 kB on an RP2350), and no instruction of theirs is waited for when the flash cache holds others.
set(PICKET_KERNELS_SECTION "" CACHE STRING "the section of the kernels in assembler, .time_critical for RAM; empty: in flash")
if(PICKET_KERNELS_SECTION)
    file(GLOB kernels src/kernels/armv6m/*.S src/kernels/armv7em/*.S)
    set_source_files_properties(${kernels} PROPERTIES COMPILE_DEFINITIONS "PICKET_KERNELS_SECTION=${PICKET_KERNELS_SECTION}")
endif()
# Mbed TLS allocates from Picket's arena: they refer to each other, and CMake names them often enough.
target_link_libraries(mbedtls PRIVATE picket_core)

set(port "${PROJECT_SOURCE_DIR}/port")
set(PICKET_PICO_SOURCES
    "${port}/pico/clock.c" "${port}/pico/entropy.c" "${port}/pico/port.c" "${port}/pico/stack.c"
    "${port}/cortex_m/stack.c" "${port}/cortex_m/stack.S")
file(GLOB lwip_side CONFIGURE_DEPENDS "${port}/lwip/*.c")
list(APPEND PICKET_PICO_SOURCES ${lwip_side})

add_library(picket INTERFACE)
add_library(picket::picket ALIAS picket)
target_sources(picket INTERFACE ${PICKET_PICO_SOURCES})
target_include_directories(picket INTERFACE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/config" "${port}/lwip" "${port}/pico" "${port}/cortex_m")
target_link_libraries(picket INTERFACE
    picket_core pico_time hardware_sync hardware_timer)
if(TARGET hardware_resets)
    target_link_libraries(picket INTERFACE hardware_resets)
endif()

# The serial line, with lwIP from cmake/dependencies.cmake: of the SDK's lwIP only the Wi-Fi libraries have need.
set(LWIP_DIR_GIVEN "${LWIP_DIR}")
set(LWIP_DIR "${PICKET_LWIP_DIR}")
include("${PICKET_LWIP_DIR}/src/Filelists.cmake")
set(LWIP_DIR "${LWIP_DIR_GIVEN}")

add_library(picket_slip INTERFACE)
target_sources(picket_slip INTERFACE "${port}/pico/slip/slip.c" ${lwipcore_SRCS} ${lwipcore4_SRCS})
target_include_directories(picket_slip SYSTEM INTERFACE "${PICKET_LWIP_DIR}/src/include")
target_include_directories(picket_slip INTERFACE "${port}/pico/slip")
target_compile_definitions(picket_slip INTERFACE PICKET_SLIP=1)
target_link_libraries(picket_slip INTERFACE hardware_uart hardware_irq hardware_gpio)


# An OPTIGA Trust M on I2C.
set(PICKET_OPTIGA_SOURCES
    "${port}/optiga/link.c" "${port}/optiga/optiga.c" "${port}/optiga/use.c" "${port}/pico/optiga/optiga.c")
add_library(picket_optiga INTERFACE)
target_sources(picket_optiga INTERFACE ${PICKET_OPTIGA_SOURCES})
target_include_directories(picket_optiga INTERFACE "${port}/optiga" "${port}/pico/optiga")
target_link_libraries(picket_optiga INTERFACE hardware_i2c hardware_gpio pico_time)

# Picket as lwIP's TLS layer (picket/altcp.h). One program can have one such layer: the property says so.
add_library(picket_altcp INTERFACE)
file(GLOB altcp_side CONFIGURE_DEPENDS "${port}/lwip/altcp/*.c")
list(APPEND altcp_side "${port}/pico/worker.c")
target_sources(picket_altcp INTERFACE ${altcp_side})
# lwIP's interrupt (threadsafe_background) above the worker's, which has the lowest priority. An RP2040 has four.
if(PICO_RP2040)
    set(lwip_priority 0x80)
else()
    set(lwip_priority 0xe0)
endif()
target_compile_definitions(picket_altcp INTERFACE PICKET_ALTCP=1
    ASYNC_CONTEXT_THREADSAFE_BACKGROUND_DEFAULT_LOW_PRIORITY_IRQ_HANDLER_PRIORITY=${lwip_priority})
target_link_libraries(picket_altcp INTERFACE picket)
set_target_properties(picket_altcp PROPERTIES
    COMPATIBLE_INTERFACE_STRING ALTCP_TLS_LAYER__LINK_ONE_OF_picket_altcp_AND_pico_lwip_mbedtls
    INTERFACE_ALTCP_TLS_LAYER__LINK_ONE_OF_picket_altcp_AND_pico_lwip_mbedtls picket_altcp)
if(TARGET pico_lwip_mbedtls)
    set_target_properties(pico_lwip_mbedtls PROPERTIES
        INTERFACE_ALTCP_TLS_LAYER__LINK_ONE_OF_picket_altcp_AND_pico_lwip_mbedtls pico_lwip_mbedtls)
endif()

# The headers alone, under the names that the SDK's pico_mirrored_target_link_libraries asks for.
foreach(library IN ITEMS picket picket_slip picket_optiga picket_altcp)
    add_library(${library}_headers INTERFACE)
    target_include_directories(${library}_headers INTERFACE $<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(${library}_headers INTERFACE $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>)
endforeach()

# picket_uf2(NAME): NAME.uf2 beside the program, to be copied onto the board. (The SDK's pico_add_extra_outputs needs
# picotool for that.)
set_property(GLOBAL PROPERTY PICKET_UF2 "${PROJECT_SOURCE_DIR}/tools/uf2")
function(picket_uf2 name)
    get_property(uf2 GLOBAL PROPERTY PICKET_UF2)
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND python3 "${uf2}" $<TARGET_FILE:${name}> ${name}.uf2
        BYPRODUCTS ${name}.uf2)
endfunction()

if(NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()

# Our own sources within a program: as strict as everywhere.
set(warnings -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror ${PICKET_PROTOCOL_FLAG})
set_source_files_properties(${PICKET_PICO_SOURCES} ${altcp_side} PROPERTIES COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:C>:${warnings}>")
set_source_files_properties(${PICKET_OPTIGA_SOURCES} PROPERTIES COMPILE_OPTIONS "${warnings}")
set_source_files_properties("${port}/pico/slip/slip.c" PROPERTIES COMPILE_OPTIONS "${warnings};-O2") # runs for each byte

# picket_pico_program(NAME SOURCES...): its console is UART1, what it prints is sent as it is, and it asks nothing of the
# boot ROM, of which emulators have none.
function(picket_pico_program name)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:C>:${warnings}>")
    target_compile_definitions(${name} PRIVATE
        PICO_DEFAULT_UART=1 PICO_DEFAULT_UART_TX_PIN=4 PICO_DEFAULT_UART_RX_PIN=5 PICO_STDIO_ENABLE_CRLF_SUPPORT=0
        PICO_PRINTF_SUPPORT_FLOAT=0)
    pico_set_float_implementation(${name} compiler)
    pico_set_double_implementation(${name} compiler)
    pico_set_bit_ops_implementation(${name} compiler)
    pico_set_mem_ops_implementation(${name} compiler)
    target_link_libraries(${name} pico_stdlib)
    target_link_options(${name} PRIVATE "LINKER:-Map=$<TARGET_FILE:${name}>.map")
endfunction()

# picket_program(NAME SOURCES...): build/<preset>/NAME.elf, and NAME.uf2 to be copied onto the board.
function(picket_program name)
    add_executable(${name} ${ARGN})
    picket_pico_program(${name} ${ARGN})
    target_link_libraries(${name} picket)
    picket_uf2(${name})
endfunction()

if(NOT PICO_CYW43_SUPPORTED)
    picket_program(demo examples/demo/demo.c examples/demo/page.c examples/demo/board_pico.c)
    target_link_libraries(demo picket_slip)
    add_subdirectory(examples/element)

    # lwIP's MQTT client, as it is. -DMQTT_BROKER=ADDRESS -DMQTT_PORT=... -DMQTT_HOST=NAME; whom to believe: PICKET_ROOTS
    set(MQTT_BROKER 10.0.2.2 CACHE STRING "the broker's address")
    set(MQTT_PORT 8883 CACHE STRING "and port")
    set(MQTT_HOST example.test CACHE STRING "the name its certificate is for")
    picket_program(mqtt examples/mqtt/mqtt.c examples/mqtt/wired.c)
    target_sources(mqtt PRIVATE "${PICKET_LWIP_DIR}/src/apps/mqtt/mqtt.c")
    target_compile_definitions(mqtt PRIVATE
        "MQTT_BROKER=\"${MQTT_BROKER}\"" "MQTT_BROKER_PORT=${MQTT_PORT}" "MQTT_HOST=\"${MQTT_HOST}\"")
    target_link_libraries(mqtt picket_altcp picket_slip)
    include("${PROJECT_SOURCE_DIR}/tests/board/altcp/altcp.cmake")

    # The copy, where an address that is not a word's is a fault.
    picket_program(copies tests/board/pico/unit.c tests/unit/copy_test.c)
    set_property(SOURCE tests/unit/copy_test.c APPEND PROPERTY COMPILE_OPTIONS -Dmain=unit_main -Wno-missing-prototypes)
    target_include_directories(copies PRIVATE tests/support src)
    target_link_libraries(copies picket_slip)
    picket_program(line tests/board/pico/line.c)
    target_link_libraries(line picket_slip)
    include("${PROJECT_SOURCE_DIR}/bench/board.cmake")
endif()

if(PICO_CYW43_SUPPORTED AND NOT TARGET pico_cyw43_arch_lwip_poll)
    message(STATUS "${PICO_BOARD}: without the Wi-Fi driver only the libraries are built: -DPICO_CYW43_DRIVER_PATH=...")
else()
    add_subdirectory(examples/get)
    add_subdirectory(examples/post)
    add_subdirectory(examples/download)
    add_subdirectory(examples/proxy)
    add_subdirectory(examples/two_at_once)
    add_subdirectory(examples/ota)
    add_subdirectory(examples/altcp)
endif()
