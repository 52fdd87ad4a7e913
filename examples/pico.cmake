# What the examples for the boards are told, by -DNAME=VALUE or by the environment when they are configured:
#   WIFI_SSID, WIFI_PASSWORD   the network to join
#   URL                        what to fetch
# and, as everywhere, PICKET_ROOTS: whom to believe, if not the roots of the web.

include_guard(GLOBAL)

# picket_setting(NAME DEFAULT)
macro(picket_setting name default)
    if(NOT DEFINED ${name} AND DEFINED ENV{${name}})
        set(${name} "$ENV{${name}}")
    elseif(NOT DEFINED ${name})
        set(${name} "${default}")
    endif()
endmacro()

# picket_example(NAME SOURCE LIBRARIES...)
function(picket_example name source)
    picket_setting(WIFI_SSID "")
    picket_setting(WIFI_PASSWORD "")
    picket_setting(URL "https://letsencrypt.org/")
    add_executable(${name} "${source}")
    target_compile_definitions(${name} PRIVATE
        "WIFI_SSID=\"${WIFI_SSID}\"" "WIFI_PASSWORD=\"${WIFI_PASSWORD}\"" "URL=\"${URL}\""
        PICO_PRINTF_SUPPORT_FLOAT=0 PICO_PRINTF_SUPPORT_EXPONENTIAL=0 # nothing here prints such numbers
        PICO_PRINTF_SUPPORT_LONG_LONG=0 PICO_PRINTF_SUPPORT_PTRDIFF_T=0)
    target_link_libraries(${name} pico_stdlib picket ${ARGN})
    target_link_options(${name} PRIVATE "LINKER:-Map=$<TARGET_FILE:${name}>.map")
    if(TARGET tinyusb_device)
        pico_enable_stdio_usb(${name} 1)
    endif()
    picket_uf2(${name})
endfunction()

# picket_wired_example(NAME SOURCE LIBRARIES...): the network is a serial line on UART0, the console is UART1, pins 4 and 5.
function(picket_wired_example name source)
    picket_example(${name} "${source}" picket_slip ${ARGN})
    target_compile_definitions(${name} PRIVATE
        PICO_DEFAULT_UART=1 PICO_DEFAULT_UART_TX_PIN=4 PICO_DEFAULT_UART_RX_PIN=5)
endfunction()
