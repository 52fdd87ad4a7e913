# The altcp layer on a serial line: with lwIP in the program's loop, in an interrupt of the SDK's, and, with FREERTOS_KERNEL_PATH, in a
# task. FreeRTOS is in no package and is not fetched.
set(altcp_test "${PROJECT_SOURCE_DIR}/tests/board/altcp")

function(picket_altcp_program model)
    add_executable(altcp_${model} "${altcp_test}/main.c" "${altcp_test}/echo.c" "${altcp_test}/${model}.c"
        examples/altcp/altcp.c examples/mqtt/mqtt.c "${PICKET_LWIP_DIR}/src/apps/mqtt/mqtt.c")
    picket_pico_program(altcp_${model} "${altcp_test}/main.c" "${altcp_test}/echo.c" "${altcp_test}/${model}.c")
    target_link_libraries(altcp_${model} picket_altcp)
    # What the callbacks print, with lwIP's lock, takes a millisecond and not 30.
    target_compile_definitions(altcp_${model} PRIVATE PICO_DEFAULT_UART_BAUD_RATE=3000000)
endfunction()

# lwIP in an async_context, in the place of the SDK's Wi-Fi library.
function(picket_altcp_context_program model)
    picket_altcp_program(${model})
    target_sources(altcp_${model} PRIVATE "${port}/pico/slip/slip.c" ${lwipcore_SRCS} ${lwipcore4_SRCS})
    target_include_directories(altcp_${model} PRIVATE "${altcp_test}/arch" "${altcp_test}" "${port}/pico/slip"
        "${PICKET_LWIP_DIR}/src/include")
    target_compile_definitions(altcp_${model} PRIVATE LIB_PICO_CYW43_ARCH=1 PICKET_LWIP_OPTIONS_FILE="lwip_few.h")
    target_link_libraries(altcp_${model} hardware_uart hardware_irq hardware_gpio)
endfunction()

picket_altcp_program(poll)
target_link_libraries(altcp_poll picket_slip)

picket_altcp_context_program(background)
target_compile_definitions(altcp_background PRIVATE PICO_CYW43_ARCH_THREADSAFE_BACKGROUND=1)
target_link_libraries(altcp_background pico_async_context_threadsafe_background)

if(FREERTOS_KERNEL_PATH)
    set(FREERTOS_CONFIG_FILE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests/standin/freertos_config")
    include("${FREERTOS_KERNEL_PATH}/portable/ThirdParty/GCC/RP2040/library.cmake")
    foreach(library IN ITEMS FreeRTOS-Kernel FreeRTOS-Kernel-Core) # its headers have warnings of their own
        get_target_property(headers ${library} INTERFACE_INCLUDE_DIRECTORIES)
        set_target_properties(${library} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${headers}")
    endforeach()
    picket_altcp_context_program(freertos)
    target_sources(altcp_freertos PRIVATE "${PICO_SDK_PATH}/src/rp2_common/pico_lwip/lwip_freertos.c"
        "${PICKET_LWIP_DIR}/src/api/tcpip.c" "${PICKET_LWIP_DIR}/contrib/ports/freertos/sys_arch.c")
    target_include_directories(altcp_freertos BEFORE PRIVATE "${PICO_SDK_PATH}/src/rp2_common/pico_lwip/include"
        "${PICKET_LWIP_DIR}/contrib/ports/freertos/include")
    target_compile_definitions(altcp_freertos PRIVATE PICO_CYW43_ARCH_FREERTOS=1 configCHECK_FOR_STACK_OVERFLOW=2)
    target_link_libraries(altcp_freertos pico_async_context_freertos pico_rand_headers FreeRTOS-Kernel-Heap4)
endif()
