# The pico-sdk, found and not changed. Include before project(), then call pico_sdk_init() after it:
#
#   include(picket/cmake/pico_sdk.cmake)
#   project(app C CXX ASM)
#   pico_sdk_init()
#   add_subdirectory(picket)
#
# An application that has its own pico_sdk_import.cmake needs this file not. The SDK is looked for in this order:
#   1. PICO_SDK_PATH: a CMake variable or an environment variable
#   2. what an earlier build fetched, in build/deps
#   3. the Debian mirror of this machine, where it has one (tools/debian-source)
#   4. upstream's release, by git
# Debian's package is without lwIP and the Wi-Fi driver: then lwIP is the one that Picket fetches for itself, and
# the driver must be named (PICO_CYW43_DRIVER_PATH).

include_guard(GLOBAL)

set(PICKET_PICO_SDK_PIN 2.2.0)
set(PICKET_PICO_SDK_COMMIT a1438dff1d38bd9c65dbd693f0e5db4b9ae91779)

get_filename_component(picket_top "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(PICKET_DEPS_DIR "${picket_top}/build/deps" CACHE PATH "where fetched dependencies are kept")

# Where the SDK lies in a tree: upstream's top, or within Debian's package.
function(picket_look_pico_sdk tree result)
    set(${result} "" PARENT_SCOPE)
    foreach(folder . usr/src/pico-sdk)
        if(EXISTS "${tree}/${folder}/pico_sdk_init.cmake")
            get_filename_component(path "${tree}/${folder}" ABSOLUTE)
            set(${result} "${path}" PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

function(picket_clone_pico_sdk tree)
    message(STATUS "pico-sdk: fetching upstream's release ${PICKET_PICO_SDK_PIN} (without a way there, set PICO_SDK_PATH)")
    file(REMOVE_RECURSE "${tree}.new")
    execute_process(
        COMMAND git clone -q --depth 1 --branch ${PICKET_PICO_SDK_PIN} https://github.com/raspberrypi/pico-sdk.git
            "${tree}.new"
        RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "pico-sdk: upstream's release cannot be fetched. Set PICO_SDK_PATH.")
    endif()
    execute_process(
        COMMAND git rev-parse HEAD
        WORKING_DIRECTORY "${tree}.new" OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT commit STREQUAL PICKET_PICO_SDK_COMMIT)
        file(REMOVE_RECURSE "${tree}.new")
        message(FATAL_ERROR
            "pico-sdk: upstream's tag now names commit ${commit}, but ${PICKET_PICO_SDK_COMMIT} was expected. "
            "It is not used.")
    endif()
    execute_process(
        COMMAND git submodule -q update --init --depth 1 lib/lwip lib/cyw43-driver
        WORKING_DIRECTORY "${tree}.new")
    file(REMOVE_RECURSE "${tree}")
    file(RENAME "${tree}.new" "${tree}")
    file(WRITE "${tree}.origin" "${PICKET_PICO_SDK_PIN} from upstream\n")
endfunction()

function(picket_fetch_pico_sdk tree)
    execute_process(
        COMMAND sh "${picket_top}/tools/debian-source" pico-sdk "${tree}"
        OUTPUT_VARIABLE from OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_VARIABLE trouble ERROR_STRIP_TRAILING_WHITESPACE
        RESULT_VARIABLE failed)
    if(failed)
        message(STATUS "${trouble}")
        picket_clone_pico_sdk("${tree}")
    else()
        file(WRITE "${tree}.origin" "${from}\n")
    endif()
endfunction()

if(NOT PICO_SDK_PATH AND NOT "$ENV{PICO_SDK_PATH}" STREQUAL "")
    set(PICO_SDK_PATH "$ENV{PICO_SDK_PATH}")
endif()
if(PICO_SDK_PATH)
    get_filename_component(PICO_SDK_PATH "${PICO_SDK_PATH}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
    picket_look_pico_sdk("${PICO_SDK_PATH}" found)
    if(NOT found)
        message(FATAL_ERROR "PICO_SDK_PATH is ${PICO_SDK_PATH}, but there is no pico_sdk_init.cmake in it.")
    endif()
else()
    set(tree "${PICKET_DEPS_DIR}/pico-sdk")
    file(MAKE_DIRECTORY "${PICKET_DEPS_DIR}")
    file(LOCK "${PICKET_DEPS_DIR}/.lock" TIMEOUT 1200)
    picket_look_pico_sdk("${tree}" found)
    if(NOT found)
        picket_fetch_pico_sdk("${tree}")
        picket_look_pico_sdk("${tree}" found)
    endif()
    file(LOCK "${PICKET_DEPS_DIR}/.lock" RELEASE)
    if(NOT found)
        message(FATAL_ERROR "pico-sdk: what was fetched into ${tree} has no pico_sdk_init.cmake.")
    endif()
endif()
set(PICO_SDK_PATH "${found}")

if(NOT PICO_LWIP_PATH AND "$ENV{PICO_LWIP_PATH}" STREQUAL "" AND NOT EXISTS "${PICO_SDK_PATH}/lib/lwip/src/Filelists.cmake")
    include("${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake")
    set(PICO_LWIP_PATH "${PICKET_LWIP_DIR}")
endif()

# What the SDK would build a program of its own for: tools/uf2 makes the file for the board instead.
if(NOT DEFINED PICO_NO_PICOTOOL)
    set(PICO_NO_PICOTOOL 1)
endif()

include("${PICO_SDK_PATH}/pico_sdk_init.cmake")
