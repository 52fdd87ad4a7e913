# What the examples for the boards are told, by -DNAME=VALUE or by the environment when they are configured:
#   WIFI_SSID, WIFI_PASSWORD   the network to join
#   URL                        what to fetch
#   CA_FILE                    whom to believe: certificates, PEM
#   TIME_SERVER                whom to ask for the time

include_guard(GLOBAL)

# picket_setting(NAME DEFAULT)
macro(picket_setting name default)
    if(NOT DEFINED ${name} AND DEFINED ENV{${name}})
        set(${name} "$ENV{${name}}")
    elseif(NOT DEFINED ${name})
        set(${name} "${default}")
    endif()
endmacro()

# ca.h: the certificates of a file as a C string.
function(picket_write_ca file header)
    if(NOT EXISTS "${file}")
        message(FATAL_ERROR "CA_FILE is ${file}, which is not there. Say whom to believe: -DCA_FILE=FILE (PEM).")
    endif()
    file(STRINGS "${file}" lines REGEX "^[-A-Za-z0-9+/= ]+$")
    set(text "static const char ca_pem[] =")
    foreach(line IN LISTS lines)
        string(APPEND text "\n    \"${line}\\n\"")
    endforeach()
    file(CONFIGURE OUTPUT "${header}" CONTENT "${text};\n" @ONLY)
endfunction()

# picket_example(NAME SOURCE LIBRARIES...)
function(picket_example name source)
    picket_setting(WIFI_SSID "")
    picket_setting(WIFI_PASSWORD "")
    picket_setting(URL "https://letsencrypt.org/")
    picket_setting(CA_FILE "/etc/ssl/certs/ISRG_Root_X1.pem")
    picket_setting(TIME_SERVER "pool.ntp.org")
    picket_write_ca("${CA_FILE}" "${CMAKE_CURRENT_BINARY_DIR}/${name}/ca.h")
    add_executable(${name} "${source}")
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/${name}")
    target_compile_definitions(${name} PRIVATE
        "WIFI_SSID=\"${WIFI_SSID}\"" "WIFI_PASSWORD=\"${WIFI_PASSWORD}\"" "URL=\"${URL}\""
        "TIME_SERVER=\"${TIME_SERVER}\""
        PICO_PRINTF_SUPPORT_FLOAT=0 PICO_PRINTF_SUPPORT_EXPONENTIAL=0 # nothing here prints such numbers
        PICO_PRINTF_SUPPORT_LONG_LONG=0 PICO_PRINTF_SUPPORT_PTRDIFF_T=0)
    target_link_libraries(${name} pico_stdlib picket ${ARGN})
    target_link_options(${name} PRIVATE "LINKER:-Map=$<TARGET_FILE:${name}>.map")
    if(TARGET tinyusb_device)
        pico_enable_stdio_usb(${name} 1)
    endif()
    picket_uf2(${name})
endfunction()
