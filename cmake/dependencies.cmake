# The three libraries Picket stands on, found and not changed: lwIP, Mbed TLS, llhttp.
#
# Each is looked for in this order; the first that is there wins, and a status line says which one it was.
#   1. LWIP_DIR, MBEDTLS_DIR, LLHTTP_DIR: a CMake variable (-DLWIP_DIR=...) or an environment variable
#   2. what an earlier build fetched, in build/deps (shared by all presets)
#   3. the Debian mirror of this machine, where it has one (tools/debian-source)
#   4. upstream's release, by FetchContent
# PICKET_FETCH_FROM=debian or =upstream leaves out the other of 3 and 4.
#
# Sets, for each NAME in LWIP MBEDTLS LLHTTP: PICKET_NAME_DIR (its tree) and PICKET_NAME_VERSION;
# and for llhttp, whose layouts differ, PICKET_LLHTTP_INCLUDE and PICKET_LLHTTP_SOURCES.

include_guard(GLOBAL)
include(FetchContent)

get_filename_component(PICKET_TOP "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY) # there may be no project yet

set(PICKET_LWIP_PIN 2.2.1)
set(PICKET_LWIP_UPSTREAM
    GIT_REPOSITORY https://github.com/lwip-tcpip/lwip.git
    GIT_TAG STABLE-2_2_1_RELEASE
    GIT_SHALLOW TRUE)
set(PICKET_LWIP_COMMIT 77dcd25a72509eb83f72b033d219b1d40cd8eb95)

set(PICKET_MBEDTLS_PIN 3.6.7)
set(PICKET_MBEDTLS_UPSTREAM
    URL https://github.com/Mbed-TLS/mbedtls/releases/download/mbedtls-3.6.7/mbedtls-3.6.7.tar.bz2
    URL_HASH SHA256=a7e8bcbec0e6f761b4af24f25677626b35f762f68eef79c08677a363212d11f6
    DOWNLOAD_EXTRACT_TIMESTAMP TRUE)
set(PICKET_MBEDTLS_COMMIT "")

set(PICKET_LLHTTP_PIN 9.4.2)
set(PICKET_LLHTTP_UPSTREAM
    GIT_REPOSITORY https://github.com/nodejs/llhttp.git
    GIT_TAG release/v9.4.2
    GIT_SHALLOW TRUE)
set(PICKET_LLHTTP_COMMIT f831650b4f693bc1b4a6fe08f1b8ae25196e9f6a)

set(PICKET_DEPS_DIR "${PICKET_TOP}/build/deps" CACHE PATH "where fetched dependencies are kept")
set(PICKET_FETCH_FROM "" CACHE STRING "debian, upstream, or empty for the first of them that works")

# Each picket_look_NAME(tree) sets VERSION, or WHY NOT, in its caller.

function(picket_header_number file macro result)
    set(number "")
    if(EXISTS "${file}")
        file(STRINGS "${file}" lines REGEX "^#[ \t]*define[ \t]+${macro}[ \t]+[0-9]+")
        if(lines MATCHES "${macro}[ \t]+([0-9]+)")
            set(number "${CMAKE_MATCH_1}")
        endif()
    endif()
    set(${result} "${number}" PARENT_SCOPE)
endfunction()

function(picket_header_version file prefix third result)
    picket_header_number("${file}" ${prefix}_MAJOR major)
    picket_header_number("${file}" ${prefix}_MINOR minor)
    picket_header_number("${file}" ${prefix}_${third} patch)
    set(${result} "${major}.${minor}.${patch}" PARENT_SCOPE)
endfunction()

function(picket_look_lwip tree)
    set(WHY "")
    set(VERSION "")
    foreach(file src/Filelists.cmake src/include/lwip/init.h src/core/tcp.c)
        if(NOT EXISTS "${tree}/${file}")
            set(WHY "there is no ${file} in it (what is wanted is the top of an lwIP 2.2 source tree)")
            break()
        endif()
    endforeach()
    if(NOT WHY)
        picket_header_version("${tree}/src/include/lwip/init.h" LWIP_VERSION REVISION VERSION)
        if(VERSION VERSION_LESS 2.2.1 OR VERSION VERSION_GREATER_EQUAL 3)
            set(WHY "it is lwIP ${VERSION}; 2.2.1 or a later 2.x is needed")
        endif()
    endif()
    set(VERSION "${VERSION}" PARENT_SCOPE)
    set(WHY "${WHY}" PARENT_SCOPE)
endfunction()

function(picket_look_mbedtls tree)
    set(WHY "")
    set(VERSION "")
    foreach(file include/mbedtls/build_info.h library/ssl_tls.c library/error.c)
        if(NOT EXISTS "${tree}/${file}")
            set(WHY "there is no ${file} in it (what is wanted is the top of an Mbed TLS 3.6 release, with its generated files)")
            break()
        endif()
    endforeach()
    if(NOT WHY)
        picket_header_version("${tree}/include/mbedtls/build_info.h" MBEDTLS_VERSION PATCH VERSION)
        if(VERSION VERSION_LESS 3.6.7 OR VERSION VERSION_GREATER_EQUAL 4)
            set(WHY "it is Mbed TLS ${VERSION}; 3.6.7 or a later 3.6 is needed (earlier ones accept certificates they should not)")
        endif()
    endif()
    set(VERSION "${VERSION}" PARENT_SCOPE)
    set(WHY "${WHY}" PARENT_SCOPE)
endfunction()

function(picket_look_llhttp tree)
    set(WHY "")
    set(VERSION "")
    set(include "")
    set(sources "")
    foreach(folder include include/llhttp share/include/llhttp usr/share/include/llhttp usr/include/llhttp)
        if(NOT include AND EXISTS "${tree}/${folder}/llhttp.h")
            set(include "${tree}/${folder}")
        endif()
    endforeach()
    foreach(folder src share/llhttp usr/share/llhttp)
        if(NOT sources AND EXISTS "${tree}/${folder}/llhttp.c" AND EXISTS "${tree}/${folder}/api.c"
           AND EXISTS "${tree}/${folder}/http.c")
            set(sources "${tree}/${folder}/llhttp.c" "${tree}/${folder}/api.c" "${tree}/${folder}/http.c")
        endif()
    endforeach()
    if(NOT include)
        set(WHY "there is no include/llhttp.h in it (what is wanted is an llhttp release, with the generated C)")
    elseif(NOT sources)
        set(WHY "there is no src/llhttp.c, api.c and http.c in it (what is wanted is an llhttp release, with the generated C)")
    else()
        picket_header_version("${include}/llhttp.h" LLHTTP_VERSION PATCH VERSION)
        if(VERSION VERSION_LESS 8.1 OR VERSION VERSION_GREATER_EQUAL 10)
            set(WHY "it is llhttp ${VERSION}; 8.1 to 9.x is needed")
        endif()
    endif()
    set(VERSION "${VERSION}" PARENT_SCOPE)
    set(WHY "${WHY}" PARENT_SCOPE)
    set(PICKET_LLHTTP_INCLUDE "${include}" PARENT_SCOPE)
    set(PICKET_LLHTTP_SOURCES "${sources}" PARENT_SCOPE)
endfunction()

# Upstream's release into ${tree}: fetched beside it, moved when it is whole. FetchContent ends the
# configuration itself when it cannot fetch.
macro(picket_fetch_upstream name NAME tree)
    set(fetched "${PICKET_DEPS_DIR}/.upstream/${name}")
    message(STATUS "${name}: fetching upstream's release ${PICKET_${NAME}_PIN} (without a way there, set ${NAME}_DIR)")
    FetchContent_Populate(
        picket_${name}
        QUIET
        ${PICKET_${NAME}_UPSTREAM}
        SOURCE_DIR "${fetched}/source"
        BINARY_DIR "${fetched}/binary"
        SUBBUILD_DIR "${fetched}/subbuild")
    if(PICKET_${NAME}_COMMIT)
        execute_process(
            COMMAND git rev-parse HEAD
            WORKING_DIRECTORY "${fetched}/source"
            OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        if(NOT commit STREQUAL PICKET_${NAME}_COMMIT)
            file(REMOVE_RECURSE "${fetched}")
            message(FATAL_ERROR
                "${name}: upstream's tag now names commit ${commit}, but ${PICKET_${NAME}_COMMIT} was expected. "
                "It is not used.")
        endif()
    endif()
    file(REMOVE_RECURSE "${tree}")
    file(RENAME "${fetched}/source" "${tree}")
    file(REMOVE_RECURSE "${fetched}")
endmacro()

# With the lock: Debian's source into tree, and WHY that cannot be used, if so. failed: why there is none is in trouble.
macro(picket_ask_debian name tree)
    message(STATUS "${name}: asking the Debian mirror")
    execute_process(
        COMMAND sh "${PICKET_TOP}/tools/debian-source" ${name} "${tree}"
        OUTPUT_VARIABLE from OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_VARIABLE trouble ERROR_STRIP_TRAILING_WHITESPACE
        RESULT_VARIABLE failed)
    if(NOT failed)
        file(WRITE "${tree}.origin" "${from}\n")
        cmake_language(CALL picket_look_${name} "${tree}")
    endif()
endmacro()

# from: where the tree, which nobody has named, is from.
macro(picket_read_origin name tree)
    set(from "build/deps/${name}")
    if(EXISTS "${tree}.origin")
        file(READ "${tree}.origin" from)
        string(STRIP "${from}" from)
    endif()
endmacro()

macro(picket_find_dependency name NAME)
    set(given "")
    if(DEFINED ${NAME}_DIR AND NOT "${${NAME}_DIR}" STREQUAL "")
        set(given "${${NAME}_DIR}")
    elseif(NOT "$ENV{${NAME}_DIR}" STREQUAL "")
        set(given "$ENV{${NAME}_DIR}")
    endif()
    if(given)
        get_filename_component(tree "${given}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        set(from "${NAME}_DIR=${given}")
        if(NOT IS_DIRECTORY "${tree}")
            message(FATAL_ERROR "${NAME}_DIR is ${given}, but there is no such folder.")
        endif()
        cmake_language(CALL picket_look_${name} "${tree}")
        if(WHY)
            message(FATAL_ERROR "${NAME}_DIR is ${given}, but ${WHY}.")
        endif()
    else()
        set(tree "${PICKET_DEPS_DIR}/${name}")
        file(MAKE_DIRECTORY "${PICKET_DEPS_DIR}")
        file(LOCK "${PICKET_DEPS_DIR}/.lock" TIMEOUT 1200)
        cmake_language(CALL picket_look_${name} "${tree}")
        if(WHY AND NOT PICKET_FETCH_FROM STREQUAL "upstream")
            picket_ask_debian(${name} "${tree}")
            if(failed AND PICKET_FETCH_FROM STREQUAL "debian")
                message(FATAL_ERROR "${trouble}")
            elseif(failed)
                message(STATUS "${trouble}")
            endif()
        endif()
        if(WHY)
            picket_fetch_upstream(${name} ${NAME} "${tree}")
            file(WRITE "${tree}.origin" "${PICKET_${NAME}_PIN} from upstream\n")
            cmake_language(CALL picket_look_${name} "${tree}")
        endif()
        file(LOCK "${PICKET_DEPS_DIR}/.lock" RELEASE)
        if(WHY)
            message(FATAL_ERROR "${name}: what was fetched cannot be used: ${WHY}.")
        endif()
        picket_read_origin(${name} "${tree}")
    endif()
    set(PICKET_${NAME}_DIR "${tree}")
    set(PICKET_${NAME}_VERSION "${VERSION}")
    message(STATUS "${name} ${VERSION}: ${from}")
endmacro()

picket_find_dependency(lwip LWIP)
if(PICO_SDK_PATH)
    include("${CMAKE_CURRENT_LIST_DIR}/pico_mbedtls.cmake")
endif()
picket_find_dependency(mbedtls MBEDTLS)
picket_find_dependency(llhttp LLHTTP)
