# Which Mbed TLS a program for the pico-sdk takes: the one that PICO_MBEDTLS_PATH names; else the pinned one, when
# it has been fetched before; else the SDK's submodule, when it is new enough; else the pinned one is fetched.

include_guard(GLOBAL)

if(NOT MBEDTLS_DIR AND "$ENV{MBEDTLS_DIR}" STREQUAL "")
    set(sdk_mbedtls "${PICO_SDK_PATH}/lib/mbedtls")
    set(path "${PICO_MBEDTLS_PATH}")
    if(NOT path)
        set(path "$ENV{PICO_MBEDTLS_PATH}")
    endif()
    # pico_sdk_init() sets the variable to its submodule when nobody else has.
    if(path AND NOT path STREQUAL sdk_mbedtls)
        set(MBEDTLS_DIR "${path}")
    elseif(EXISTS "${sdk_mbedtls}/include/mbedtls/build_info.h")
        picket_look_mbedtls("${PICKET_DEPS_DIR}/mbedtls")
        set(missing "${WHY}")
        picket_look_mbedtls("${sdk_mbedtls}")
        if(WHY)
            message(STATUS "mbedtls: the SDK's submodule is passed over: ${WHY}")
        elseif(missing)
            set(MBEDTLS_DIR "${sdk_mbedtls}")
        endif()
    endif()
endif()
