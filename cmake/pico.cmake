# Picket on the pico-sdk: RP2040 and RP2350.
#
#   target_link_libraries(app picket pico_cyw43_arch_lwip_threadsafe_background)    Wi-Fi; also ..._lwip_poll and
#                                                                                   ..._lwip_sys_freertos
#   target_link_libraries(app picket picket_slip)                                   a serial line
#
# picket brings config/lwipopts.h along. It is overridden by a lwipopts.h on the application's own include path, or
# in parts by a header that PICKET_LWIP_OPTIONS_FILE names. So the sources that depend on lwIP's options
# are compiled within the application, as the SDK's own libraries are; the rest is in static libraries.

include_guard(GLOBAL)

# Only what is called is to be in the image.
foreach(target mbedtls llhttp picket_core)
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endforeach()
# The SDK has functions of these names.
target_compile_definitions(picket_core PRIVATE clock_start=picket_clock_start clock_stop=picket_clock_stop)
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

